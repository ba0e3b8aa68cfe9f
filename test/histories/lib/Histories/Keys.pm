# Part of the model: keys and foreign keys.

package Histories::Keys;

use strict;
use warnings;

use Exporter 'import';

use Histories::Objects;

our @EXPORT = qw(skip held same_key duplicates orphans check_unique check_others_keys check_foreign_keys foreign_keys);

sub skip { die { skip => $_[0] }; }

# Does another session hold the row?
sub held
{
	my ($work, $number) = @_;

	return scalar grep { exists $_->{rows}{$number} } other_transactions($work);
}

sub other_transactions
{
	my ($work) = @_;

	return grep { $_ != ($work->{transaction} // 0) } values %{ $work->{model}{transactions} };
}

# Of rows by number, those with the same key as another row.
sub same_key
{
	my ($rows, $number, $row, $key) = @_;
	my $value = key_of($key, $row->{values});

	return () unless defined $value;
	return grep {
		$_ ne $number && $rows->{$_} && ($rows->{$_}{member} ne 'child')
		  && (key_of($key, $rows->{$_}{values}) // 'none') eq $value
	} keys %$rows;
}

# The numbers of rows that a key of the table would have twice.
sub duplicates
{
	my ($table, $rows) = @_;
	my %twice;

	for my $key ($table->uniques)
	{
		my %first;

		for my $number (sort keys %$rows)
		{
			my $value = $rows->{$number}{member} eq 'child' ? undef : key_of($key, $rows->{$number}{values});

			$twice{$number} = 1 if defined $value && $first{$value}++;
		}
	}
	return sort keys %twice;
}

sub check_unique
{
	my ($work, $number, $old, $new) = @_;
	my $table = $work->{table};

	return if $new->{member} eq 'child';
	for my $key ($table->uniques)
	{
		my $built = $table->built($key);

		next if $built eq 'none';
		next if $old && (key_of($key, $old->{values}) // 'none') eq (key_of($key, $new->{values}) // 'none');
		check_others_keys($work, $number, $new);
		next unless same_key($work->{latest}, $number, $new, $key);
		skip('the index may not be built') if $built ne 'all';
		$work->{errors}{23505} = 1;
	}
}

# Whoever writes a key that an open transaction writes or frees waits for it; it
# may have been both.
sub check_others_keys
{
	my ($work, $number, $row) = @_;
	my $model = $work->{model};

	for my $transaction (other_transactions($work))
	{
		my %before = map { $_ => $model->{rows}{$_} } grep { $model->{rows}{$_} } keys %{ $transaction->{rows} };

		for my $key ($work->{table}->uniques)
		{
			skip('another session holds the key')
			  if same_key($transaction->{written}, $number, $row, $key) ||
			  same_key(\%before, $number, $row, $key);
		}
	}
}

# The numbers of rows that reference what is not there.
sub orphans
{
	my ($table, $rows, $parents) = @_;
	my @slots = map { $_->{slots}[0] } foreign_keys($table);

	return sort grep {
		my $values = $rows->{$_}{values};
		grep { defined $values->{$_} && !$parents->{ $values->{$_} } } @slots
	} keys %$rows;
}

sub foreign_keys { return $_[0]->objects(qr/foreign/); }

sub check_foreign_keys
{
	my ($work, $statement, $old, $new) = @_;

	check_foreign_key($work, $statement, $old, $new, $_->{slots}[0]) for foreign_keys($work->{table});
}

sub check_foreign_key
{
	my ($work, $statement, $old, $new, $slot) = @_;
	my $value = $new->{values}{$slot};
	my $transaction = $work->{transaction};

	return if !defined $value;
	# a row that moves to another partition is inserted there
	return if $old && $old->{member} eq $new->{member} && ($old->{values}{$slot} // '') eq $value;
	skip('another session writes parents') if grep { %{ $_->{parents} } } other_transactions($work);
	skip('the parents are not those of the snapshot')
	  if $transaction && $transaction->{snapshot} &&
	  join(' ', sort keys %{ $transaction->{snapshot}{parents} }) ne
	  join(' ', sort keys %{ $work->{model}{parents} });
	return if $work->{latest_parents}{$value};
	skip('a replica does not check') if $statement->{replica};
	$work->{errors}{23503} = 1;
}

1;
