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

our @EXPORT = qw(add_constraints alter_check alter_unique create_constraint drop_constraint rename_constraint create_index drop_index
  set_replica_identity);

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

		if ($old->{fixed} || chance(0.25))
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

# What alter_column and add_column can give a column beside its type.
sub add_constraints
{
	my ($draft, $column, $fields, $added) = @_;
	my $type = type_of($draft, $column);

	if (chance(0.5))
	{
		my ($check, $text) = add_check($draft, $column);

		$fields->{check} = { name => $check->{name}, constraint => $text };
	}
	if (may_be_unique($draft, $column) && chance(0.4))
	{
		# add_column leaves the name to the server
		my $unique = add_object($draft, 'unique', [$column], $added ? (name => undef) : ());

		$fields->{unique} = $added ? \1 : { name => $unique->{name} };
	}
	elsif (may_reference($draft, $column) && chance(0.4))
	{
		my $key = add_object($draft, 'foreign', [$column], random_actions(generation_of($draft, $column)->{default}));

		$fields->{references} = {
			name => $key->{name}, table => 'parents', column => 'code',
			on_delete => $key->{on_delete}, on_update => $key->{on_update} };
	}
}

# Texts may be too long, or too often the same.
sub may_be_unique
{
	my ($draft, $column) = @_;

	return $draft->{kind} ne 'partitioned' && !$draft->{safe} && type_of($draft, $column) =~ /integer|bigint/ && nature($draft, $column) eq '';
}

sub may_reference
{
	my ($draft, $column) = @_;

	return $draft->{kind} ne 'inherited' && !$draft->{safe} && type_of($draft, $column) =~ /integer|bigint/ &&
	  nature($draft, $column) eq '';
}

sub alter_unique
{
	my ($draft) = @_;
	my ($column) = changeable($draft, sub { may_be_unique($draft, $_[1]) }) or return;
	my $name = $column->{name};
	my $unique = add_object($draft, 'unique', [$column]);
	my ($up, $down) = new_forms($draft, $column);

	operation($draft, alter_column => {
		table => $draft->{table}, column => $name, unique => { name => $unique->{name} },
		up => $up->{$name}, down => $down->{$name} });
}

sub create_constraint
{
	my ($draft) = @_;
	my $make = { check => \&create_check, unique => \&create_unique, foreign => \&create_foreign, primary => \&create_primary };
	my $has_key = grep { $_->{kind} eq 'primary' } whole_objects($draft);

	$make->{ weighted(check => 4, unique => 2, foreign => 2, primary => $has_key || $draft->{safe} ? 0 : 4) }->($draft);
}

sub create_check
{
	my ($draft) = @_;
	my ($one) = changeable($draft, sub { 1 }) or return;
	my ($two) = changeable($draft, sub { 1 });
	my @columns = $one == $two ? $one : ($one, $two);
	my ($check, $text) = add_check($draft, @columns);

	constrain($draft, $check, new_forms($draft, @columns), type => 'check', check => $text);
}

sub create_unique
{
	my ($draft) = @_;
	# with the column by which the table is partitioned
	my @region = $draft->{kind} eq 'partitioned' ? $draft->{key}[1] : ();
	my $test = sub { may_be_unique({ %$draft, kind => 'plain' }, $_[1]) };
	my ($one) = changeable($draft, $test) or return;
	my ($two) = changeable($draft, $test);
	my @columns = shuffled($one == $two || chance(0.5) ? $one : ($one, $two), @region);
	my $unique = add_object($draft, 'unique', \@columns);

	constrain($draft, $unique, new_forms($draft, @columns), type => 'unique');
}

# The key of the rows, which has a unique constraint so far.
sub create_primary
{
	my ($draft) = @_;
	my @columns = shuffled(@{ $draft->{key} });
	my $key = add_object($draft, 'primary', \@columns);

	constrain($draft, $key, new_forms($draft, @columns), type => 'primary_key');
}

sub create_foreign
{
	my ($draft) = @_;
	my ($column, $old) = changeable($draft, sub { may_reference($draft, $_[1]) }) or return;
	my $type = $old->{type};
	my $known = converted($type, 'integer', fn(known => converted('integer', $type, col($old->{number}, $type))));
	my $key = add_object($draft, 'foreign', [$column], random_actions($old->{default}));
	my ($up, $down) = new_forms($draft, $column);

	# the old values may reference nothing
	if ($column->{generation} != $old->{number})
	{
		my $new = generation_of($draft, $column);
		my $shown = $column->{generation};

		$new->{up} = $known;
		$column->{generation} = $old->{number};
		$up->{ $column->{name} } = text_of($draft, $known);
		$column->{generation} = $shown;
	}
	constrain($draft, $key, $up, $down, type => 'foreign_key', references => {
		table => 'parents', columns => ['code'], on_delete => $key->{on_delete}, on_update => $key->{on_update} });
}

sub constrain
{
	my ($draft, $object, $up, $down, %fields) = @_;

	operation($draft, create_constraint => {
		table => $draft->{table}, name => $object->{name}, %fields,
		columns => [ map { $_->{name} } @{ $object->{columns} } ], up => $up, down => $down });
}

sub set_replica_identity
{
	my ($draft) = @_;
	my $type = pick(qw(nothing full default index));
	my ($key) = grep { $_->{kind} =~ /primary|unique/ && !$_->{made} && !grep { !is_key($draft, $_) } @{ $_->{columns} } } @{ $draft->{objects} };

	$draft->{identity} = { type => $type, number => $key->{number} };
	operation($draft, set_replica_identity => {
		table => $draft->{table}, identity => { type => $type, $type eq 'index' ? (index => $key->{name}) : () } });
}

# One that an earlier migration made.
sub drop_constraint
{
	my ($draft) = @_;
	my $object = pick_object($draft, qr/check|unique|foreign|self/, 1) or return;
	my @columns = $object->{kind} eq 'self' ? $object->{columns}[0] : @{ $object->{columns} };
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
	my @candidates = grep { defined $_->{name} && $_->{kind} =~ $kinds && !($old && $_->{made}) && can_change($draft, $_) } whole_objects($draft);

	return @candidates ? pick(@candidates) : undef;
}

# May all of its columns be changed?
sub can_change
{
	my ($draft, $object) = @_;

	return 0 if $object->{kind} eq 'unique' && grep { is_key($draft, $_) } @{ $object->{columns} };
	return $object->{kind} =~ /primary|index/ ||
	  !grep { my $generation = generation_of($draft, $_); $generation->{fixed} || $generation->{generated} } @{ $object->{columns} };
}

sub rename_constraint
{
	my ($draft) = @_;
	my $object = pick_object($draft, qr/primary|check|unique|foreign|self/) or return;
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
	$index{unique} = 1 if $draft->{plain} && !$draft->{safe} && $index{method} eq 'btree' && chance(0.25);
	$index{keys} = [ map { col($_, type_of($draft, $columns[$_])) } 0 .. $#columns ];
	my $index = add_object($draft, 'index', \@columns, %index);
	operation($draft, create_index => {
		table => $draft->{table}, name => $index->{name}, method => $index{method},
		columns => [ map { { column => $_->{name} } } @columns ],
		$index{unique} ? (unique => \1) : (),
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
