# Random operations on constraints and indexes.

package Histories::Constrain;

use strict;
use warnings;

use Exporter 'import';

use Histories::Draft;
use Histories::Expr;
use Histories::Objects;
use Histories::Original;
use Histories::Random;

our @EXPORT = qw(alter_check create_constraint drop_constraint rename_constraint create_index drop_index);

# New generations of the same types for columns: what operations on constraints
# leave.  Their up and down, by the columns' names.  A column whose up and down
# are the column itself stays as it is.
sub new_forms
{
	my ($draft, @columns) = @_;
	my (%up, %down);
	my @changed;

	for my $column (@columns)
	{
		my $old = generation_of($draft, $column);

		if (chance(0.25))
		{
			$up{ $column->{name} } = $down{ $column->{name} } = quote_name($column->{name});
			next;
		}
		my $up = no_bare_column(half($draft, $column, $old->{type}, $old, $old->{not_null}));
		my $new = new_generation($draft, %$old, stored_default => undef, down => undef, number => $draft->{next},
			stored => 0, up => $up, previous => $old->{number});

		$up{ $column->{name} } = text_of($draft, $up);
		push @changed, [ $column, $old, $new ];
	}
	$_->[0]{generation} = $_->[2]{number} for @changed;
	for (@changed)
	{
		my ($column, $old, $new) = @$_;

		$old->{down} = no_bare_column(half($draft, $column, $old->{type}, $new, $old->{not_null}));
		$down{ $column->{name} } = text_of($draft, $old->{down});
	}
	return (\%up, \%down);
}

sub type_of { return generation_of(@_)->{type}; }

# A check on the columns; some have nothing to refuse.
sub add_check
{
	my ($draft, @columns) = @_;
	my $test = chance(0.7) ? random_test(map { type_of($draft, $_) } @columns) : undef;
	my $check = add_object($draft, 'check', \@columns, test => $test);

	return ($check, $test ? place_text($test, @columns) : vacuous(map { quote_name($_->{name}) } @columns));
}

sub alter_check
{
	my ($draft) = @_;
	my ($column) = changeable($draft, sub { 1 }) or return;
	my ($check, $text) = add_check($draft, $column);
	my $name = $column->{name};
	my ($up, $down) = new_forms($draft, $column);

	operation($draft, alter_column => {
		table => $draft->{table}, column => $name, check => { name => $check->{name}, constraint => $text },
		up => $up->{$name}, down => $down->{$name} });
}

sub create_constraint
{
	my ($draft) = @_;
	my ($one) = changeable($draft, sub { 1 }) or return;
	my ($two) = changeable($draft, sub { 1 });
	my @columns = $one == $two ? $one : ($one, $two);
	my ($check, $text) = add_check($draft, @columns);
	my ($up, $down) = new_forms($draft, @columns);

	operation($draft, create_constraint => {
		table => $draft->{table}, name => $check->{name}, type => 'check', check => $text,
		columns => [ map { $_->{name} } @columns ], up => $up, down => $down });
}

# One that an earlier migration made.
sub drop_constraint
{
	my ($draft) = @_;
	my $object = pick_object($draft, qr/check|unique|foreign/, 1) or return;
	my @columns = @{ $object->{columns} };
	my %fields = (table => $draft->{table}, name => $object->{name});
	my ($up, $down) = new_forms($draft, @columns);

	@{ $draft->{objects} } = grep { $_ != $object } @{ $draft->{objects} };
	operation($draft, @columns == 1 ?
		(drop_constraint => { %fields, up => values %$up, down => values %$down }) :
		(drop_multicolumn_constraint => { %fields, up => $up, down => $down }));
}

sub pick_object
{
	my ($draft, $kinds, $old) = @_;
	my @candidates = grep { $_->{kind} =~ $kinds && !($old && $_->{made}) && can_change($draft, $_) } whole_objects($draft);

	return @candidates ? pick(@candidates) : undef;
}

# May all of its columns be changed?
sub can_change
{
	my ($draft, $object) = @_;

	return $object->{kind} =~ /primary|index/ ||
	  !grep { my $generation = generation_of($draft, $_); $generation->{fixed} || $generation->{generated} } @{ $object->{columns} };
}

sub rename_constraint
{
	my ($draft) = @_;
	my $object = pick_object($draft, qr/primary|check|unique|foreign/) or return;
	my $name = object_name($draft->{next}++, 'renamed');

	operation($draft, rename_constraint => { table => $draft->{table}, from => $object->{name}, to => $name });
	$object->{name} = $name;
}

sub create_index
{
	my ($draft) = @_;
	my @columns = some(number(1, 2), grep { type_of($draft, $_) ne 'text' } @{ $draft->{columns} });
	my @text = grep { type_of($draft, $_) eq 'text' } @{ $draft->{columns} };
	my %index = (method => 'btree');

	if (@text && chance(0.4))
	{
		# whose values may be too long for a btree
		@columns = pick(@text);
		$index{method} = 'hash';
	}
	return unless @columns;
	$index{where} = random_test(map { type_of($draft, $_) } @columns) if chance(0.3);
	$index{keys} = [ map { col($_, type_of($draft, $columns[$_])) } 0 .. $#columns ];
	my $index = add_object($draft, 'index', \@columns, %index);
	operation($draft, create_index => {
		table => $draft->{table}, name => $index->{name}, method => $index{method},
		columns => [ map { { column => $_->{name} } } @columns ],
		$index{where} ? (predicate => place_text($index{where}, @columns)) : () });
}

sub drop_index
{
	my ($draft) = @_;
	my $index = pick_object($draft, qr/index/, 1) or return;

	@{ $draft->{objects} } = grep { $_ != $index } @{ $draft->{objects} };
	operation($draft, drop_index => { name => $index->{name} });
}

1;
