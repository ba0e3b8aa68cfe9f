# Random migrations: operations on columns and tables.

package Histories::Migrate;

use strict;
use warnings;
use utf8;

use Exporter 'import';

use Histories::Constrain;
use Histories::Draft;
use Histories::Expr;
use Histories::Original;
use Histories::Random;

our @EXPORT = qw(random_table random_migration);

# A migration of the table: the document, and its effect as Table::start() takes
# it.
sub random_migration
{
	my ($table, $name, %options) = @_;
	my $draft = new_draft($table, $name, %options);
	my %make = (
		type => \&alter_type, null => \&alter_null, default => \&alter_default, add => \&add_column,
		drop => \&drop_column, rename => \&rename_column, table => \&rename_table,
		merge => \&merge_columns, check => \&alter_check, constrain => \&create_constraint,
		unconstrain => \&drop_constraint, constraint => \&rename_constraint,
		unique => \&alter_unique, identity => \&set_replica_identity, index => \&create_index, unindex => \&drop_index, pets => \&alter_pets, other => \&other_operation);

	for (1 .. number(1, 4))
	{
		my $kind = weighted(
			type => 8, null => 4, default => 1, add => 4, drop => 2, rename => 3, table => 1,
			merge => 2, check => 1.5, constrain => 3, unconstrain => 3, constraint => 1.5, unique => 1, identity => 0.5, index => 2, unindex => 1, pets => $table->{pets} ? 4 : 0, other => 1);

		$make{$kind}->($draft);
	}
	# one at least; names for columns may have run out
	add_column($draft) unless @{ $draft->{operations} };
	rename_table($draft) unless @{ $draft->{operations} };
	return finish_plan($table, $draft);
}

sub alter_type
{
	my ($draft) = @_;
	my ($column, $old) = changeable($draft, sub { 1 }) or return;
	my $type = chance(0.3) ? $old->{type} : pick(allowed_types($draft, $column));
	my $not_null = $old->{not_null};
	my %fields = (table => $draft->{table}, column => $column->{name}, type => $type);
	my $new;
	my $up;

	if (chance(0.2) && !nature($draft, $column))
	{
		$not_null = !$not_null;
		$fields{nullable} = $not_null ? \0 : \1;
	}
	$up = half($draft, $column, $type, $old, $not_null);
	$fields{up} = text_of($draft, $up);
	$new = new_generation($draft, type => $type, up => $up, previous => $old->{number},
		not_null => $not_null, kept => $old->{kept}, short => $old->{short}, numbered => $old->{numbered}, default => $old->{default});
	if ($old->{default} || !$old->{numbered} && chance(0.1) && may_have_default($draft, $column))
	{
		set_default(\%fields, $new);
	}
	$column->{generation} = $new->{number};
	$old->{down} = half($draft, $column, $old->{type}, $new, $old->{not_null});
	$fields{down} = text_of($draft, $old->{down});
	add_constraints($draft, $column, \%fields) if !$old->{kept} && chance(0.3);
	operation($draft, alter_column => \%fields);
}

sub alter_null
{
	my ($draft) = @_;
	my ($column, $old) = changeable($draft, sub { nature($draft, $_[1]) !~ /primary|foreign|self/ }) or return;
	my $not_null = !$old->{not_null};
	my %fields = (
		table => $draft->{table}, column => $column->{name},
		nullable => $not_null ? \0 : \1);
	my $new;
	my $up;

	if (!$not_null && chance(0.3))
	{
		# in the catalog alone, at completion
		$old->{not_null} = 0;
		operation($draft, alter_column => \%fields);
		return;
	}
	$up = col($old->{number}, $old->{type});
	if ($not_null || chance(0.3))
	{
		$up = half($draft, $column, $old->{type}, $old, $not_null);
		$fields{up} = text_of($draft, $up);
	}
	$new = new_generation($draft, %$old, stored_default => undef, number => $draft->{next}, stored => 0, up => $up,
		previous => $old->{number}, not_null => $not_null);
	$column->{generation} = $new->{number};
	$old->{down} = col($new->{number}, $new->{type});
	if (!$not_null || chance(0.5))
	{
		$old->{down} = no_bare_column(half($draft, $column, $old->{type}, $new, 1));
		$fields{down} = text_of($draft, $old->{down});
	}
	operation($draft, alter_column => \%fields);
}

sub alter_default
{
	my ($draft) = @_;
	my ($column, $generation) = changeable($draft, sub { !nature($draft, $_[1]) }) or return;
	my %fields = (table => $draft->{table}, column => $column->{name});

	set_default(\%fields, $generation);
	operation($draft, alter_column => \%fields);
}

sub add_column
{
	my ($draft) = @_;
	my $name = shift @{ $draft->{names} } or return;
	my $type = pick(@types);
	my $column = { name => $name, type => $type };
	my %fields = (table => $draft->{table}, column => $column);
	my %generation = (type => $type);

	$generation{not_null} = chance(0.4);
	$column->{nullable} = \1 unless $generation{not_null};
	if ($generation{not_null} ? chance(0.7) : chance(0.8))
	{
		$generation{up} = random_expr($type, [ readable($draft) ], total => $generation{not_null},
			risky => chance($draft->{risk}));
		$fields{up} = text_of($draft, $generation{up});
	}
	if ($generation{not_null} && !$generation{up} || chance(0.3))
	{
		$generation{default} = const(random_default($type), $type);
		$column->{default} = expr_sql($generation{default});
		$generation{stored_default} = $generation{default} unless $generation{up};
	}
	push @{ $draft->{columns} },
	  { name => $name, generation => new_generation($draft, %generation)->{number} };
	add_constraints($draft, $draft->{columns}[-1], $column, 1) if chance(0.3);
	operation($draft, add_column => \%fields);
}

sub drop_column
{
	my ($draft) = @_;
	my ($column, $generation) = changeable($draft, sub { !$_[0]{kept} && !is_key($draft, $_[1]) }) or return;
	my %fields = (table => $draft->{table}, column => $column->{name});
	my @columns;

	return if @{ $draft->{columns} } < 4;
	@{ $draft->{columns} } = grep { $_ != $column } @{ $draft->{columns} };
	if ($generation->{not_null} && !$generation->{default} || !nature($draft, $column) && chance(0.7))
	{
		$generation->{down} = random_expr($generation->{type}, [ readable($draft) ],
			total => $generation->{not_null}, risky => chance($draft->{risk}));
		$fields{down} = text_of($draft, $generation->{down});
	}
	operation($draft, drop_column => \%fields);
}

# The textbook case: two columns become one.
sub merge_columns
{
	my ($draft) = @_;
	my ($one) = changeable($draft, sub { !$_[0]{kept} && $_[0]{type} eq 'text' && !nature($draft, $_[1]) }) or return;
	my ($two) = changeable($draft, sub { !$_[0]{kept} && $_[0]{type} eq 'text' && !nature($draft, $_[1]) }) or return;
	my $name = shift @{ $draft->{names} } or return;
	my $up;
	my $new;
	my @parts = ([ $one, 'first' ], [ $two, 'second' ]);

	return if $one == $two;
	$up = fn(pick('join', 'slash'),
		map { col($_->{generation}, 'text') } $one, $two);
	$new = new_generation($draft, type => 'text', up => $up);
	operation($draft, add_column => {
		table => $draft->{table}, up => text_of($draft, $up),
		column => { name => $name, type => 'text', nullable => \1 } });
	push @{ $draft->{columns} }, { name => $name, generation => $new->{number} };
	for my $part (@parts)
	{
		my ($column, $function) = @$part;
		my $generation = $draft->{generations}{ $column->{generation} };

		$generation->{down} = fn($function, col($new->{number}, 'text'));
		$generation->{down} = fn(none => $generation->{down}) if $generation->{not_null};
		@{ $draft->{columns} } = grep { $_ != $column } @{ $draft->{columns} };
		operation($draft, drop_column => {
			table => $draft->{table}, column => $column->{name},
			down => text_of($draft, $generation->{down}) });
	}
}

sub rename_column
{
	my ($draft) = @_;
	my @candidates = grep {
		my $generation = $draft->{generations}{ $_->{generation} };
		!$generation->{kept}
	} @{ $draft->{columns} };
	my $column = @candidates ? pick(@candidates) : return;
	my $name = shift @{ $draft->{names} } or return;

	operation($draft, rename_column => {
		table => $draft->{table}, from => $column->{name}, to => $name });
	$column->{name} = $name;
}

sub rename_table
{
	my ($draft) = @_;
	my $name = pick(grep { $_ ne $draft->{table} } qw(people persons humans), @hostile);

	return if $draft->{renamed}++;
	operation($draft, rename_table => { from => $draft->{table}, to => $name });
	$draft->{table} = $name;
}

# The column that references the table's key, along with it or alone.
sub alter_pets
{
	my ($draft) = @_;
	my $from = $draft->{pets};
	my $type = $from eq 'integer' ? 'bigint' : 'integer';

	return if $draft->{pets_altered}++;
	$draft->{pets} = $type;
	operation($draft, alter_column => {
		table => 'pets', column => 'owner', type => $type, up => "owner::$type", down => "owner::$from" });
}

sub other_operation
{
	my ($draft) = @_;

	return if $draft->{other}++;
	operation($draft, create_table => {
		name => "extra$draft->{name}",
		columns => [ { name => 'id', type => 'integer', pk => \1 } ] });
}

1;
