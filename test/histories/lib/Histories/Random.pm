# Random choices.  All of them come from perl's own generator, which gives the
# same sequence for the same seed everywhere.

package Histories::Random;

use strict;
use warnings;

use Exporter 'import';

our @EXPORT = qw(chance number pick some shuffled weighted);

# True in that fraction of the cases.
sub chance { return rand() < $_[0]; }

# A whole number between the two, both included.
sub number
{
	my ($from, $to) = @_;

	return $from + int(rand($to - $from + 1));
}

sub pick { return $_[int(rand(@_))]; }

sub shuffled
{
	my @items = @_;

	for (my $i = $#items; $i > 0; $i--)
	{
		my $j = int(rand($i + 1));
		@items[$i, $j] = @items[$j, $i];
	}
	return @items;
}

# So many of the items, in their order; at most all of them.
sub some
{
	my ($count, @items) = @_;
	my @order = shuffled(0 .. $#items);

	$#order = $count - 1 if $count < @order;
	return map { $items[$_] } sort { $a <=> $b } @order;
}

# One of the keys, each as often as its weight says: weighted(a => 3, b => 1).
sub weighted
{
	my @pairs = @_;
	my $total = 0;
	my $place;

	$total += $pairs[ 2 * $_ + 1 ] for 0 .. $#pairs / 2;
	$place = rand($total);
	for (my $i = 0; $i < @pairs; $i += 2)
	{
		$place -= $pairs[ $i + 1 ];
		return $pairs[$i] if $place < 0;
	}
	return $pairs[0];
}

1;
