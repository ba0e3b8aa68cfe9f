# Random tables and random migrations of them.

package Histories::Migrate;

use strict;
use warnings;
use utf8;

use Exporter 'import';

use Histories::Expr;
use Histories::Random;
use Histories::Table;

our @EXPORT = qw(random_table random_migration);

my @types = qw(text text text integer integer bigint boolean);
my @names = qw(name note age size kind flag city tone rank mood);
my @hostile = ('a b', 'Select', 'ü', 'new', q{x"y}, '$1', 'n' x 63);

# A table with a key, some columns, and at times one of the things that make
# trouble: partitions, a child, a foreign key, a generated column, a trigger.
sub random_table
{
	my $kind = weighted(plain => 7, partitioned => 2, inherited => 1);
	my $table = Histories::Table->new(
		kind => $kind,
		physical => chance(0.1) ? pick(@hostile) : 'people',
		next_slot => 1,
		names => [ chance(0.15) ? shuffled(@hostile, @names) : shuffled(@names) ],
		slots => {});
	my @key = (add_slot($table, 'id', 'integer', not_null => 1));

	push @key, add_slot($table, 'region', 'integer', not_null => 1) if $kind eq 'partitioned';
	$table->{unique} = [ [@key] ];
	add_slot($table, undef, pick(@types), random_attributes()) for 1 .. number(2, 5);
	add_special($table);
	$table->{version} = {
		table => $table->{physical},
		columns => [ map { my $slot = $table->{slots}{$_}; +{ %$slot, name => $slot->{physical}, slot => $_ } }
			  sort { $a <=> $b } keys %{ $table->{slots} } ]
	};
	return $table;
}

sub add_slot
{
	my ($table, $name, $type, %attributes) = @_;
	my $number = $table->{next_slot}++;

	$name //= shift @{ $table->{names} };
	$table->{slots}{$number} = { physical => $name, type => $type, %attributes };
	return $number;
}

sub random_attributes
{
	my %attributes;

	$attributes{wants_default} = 1 if chance(0.3);
	$attributes{not_null} = 1 if chance(0.25);
	return %attributes;
}

sub add_special
{
	my ($table) = @_;
	my $slots = $table->{slots};
	my @free = grep { $slots->{$_}{physical} !~ /^(id|region)$/ } sort { $a <=> $b } keys %$slots;

	for (@free)
	{
		$slots->{$_}{default} = const(random_value($slots->{$_}{type}), $slots->{$_}{type})
		  if delete $slots->{$_}{wants_default};
	}
	if ($table->{kind} ne 'inherited' && chance(0.25))
	{
		my $slot = add_slot($table, 'ref', 'integer');

		$table->{foreign_key} = {
			slot => $slot,
			on_delete => pick('CASCADE', 'SET NULL', 'SET DEFAULT'),
			on_update => 'CASCADE'
		};
		$slots->{$slot}{fixed} = 1;
	}
	if (chance(0.15))
	{
		my $source = pick(@free);
		my $expr = random_expr('text', [ [ $source, $slots->{$source}{type} ] ], depth => 1);

		# what a generated column calls must be immutable
		if (expr_sql($expr, sub { '' }) !~ /SELECT|twist/)
		{
			my $slot = add_slot($table, 'made', 'text', generated => $expr);

			$slots->{$_}{fixed} = 1 for $slot, $source;
		}
	}
	if ($table->{kind} eq 'plain' && chance(0.15))
	{
		my $slot = add_slot($table, 'code', 'text');

		$slots->{$slot}{fixed} = 1;
		push @{ $table->{unique} }, [$slot];
	}
	$slots->{$_}{fixed} = 1 for @{ $table->{unique}[0] };
	$table->{trigger} = random_trigger($table, @free) if chance(0.25);
}

# The user's own BEFORE trigger: where the condition holds, one column gets
# another value, or the row is passed over.
sub random_trigger
{
	my ($table, @free) = @_;
	my @columns = map { [ $_, $table->{slots}{$_}{type} ] } @free;
	my $slot = pick(grep { !$table->{slots}{$_}{generated} } @free);
	my $trigger = {
		slot => $slot,
		expr => random_expr($table->{slots}{$slot}{type}, \@columns, total => 1),
		when => weighted(always => 4, changed => 3, insert => 1, skip => 1)
	};

	$trigger->{changed} = pick(@free) if $trigger->{when} eq 'changed';
	$trigger->{if} = random_expr('boolean', \@columns, depth => 1)
	  if $trigger->{when} eq 'skip';
	$trigger->{when} = 'always'
	  if $trigger->{when} eq 'skip' && ($table->{foreign_key} || $table->{kind} ne 'plain');
	# its text names these columns, so they keep name and type
	$table->{slots}{$_}{kept} = 1
	  for grep { defined } $slot, $trigger->{changed}, expr_columns($trigger->{expr}),
	  $trigger->{if} ? expr_columns($trigger->{if}) : ();
	return $trigger;
}

# A migration of the table: the document, and its effect as Table::start() takes
# it.  Each column that an operation leaves is a generation; up and down read
# generations and are put into each other in the end.
sub random_migration
{
	my ($table, $name, %options) = @_;
	my $draft = {
		name => $name,
		table => $table->{version}{table},
		renamed => 0,
		operations => [],
		generations => {},
		columns => [],
		next => $table->{next_slot},
		names => [ @{ $table->{names} } ],
		risk => $options{safe} ? 0 : 0.03
	};
	my %make = (
		type => \&alter_type, null => \&alter_null, default => \&alter_default, add => \&add_column,
		drop => \&drop_column, rename => \&rename_column, table => \&rename_table,
		merge => \&merge_columns, check => \&alter_check, constrain => \&create_constraint,
		unconstrain => \&drop_constraint, constraint => \&rename_constraint, other => \&other_operation);

	for my $column (@{ $table->{version}{columns} })
	{
		my $slot = $table->{slots}{ $column->{slot} };

		$draft->{generations}{ $column->{slot} } = {
			number => $column->{slot}, type => $column->{type}, stored => 1,
			default => $slot->{default}, not_null => $column->{not_null},
			generated => $slot->{generated}, fixed => $slot->{fixed}, kept => $slot->{kept}
		};
		push @{ $draft->{columns} }, { name => $column->{name}, generation => $column->{slot} };
	}
	# its columns are those of now, whatever they will be called and made of
	for my $check (@{ $table->{checks} // [] })
	{
		my %has = map { $_ => 1 } @{ $check->{slots} };

		push @{ $draft->{checks} },
		  { name => $check->{name}, columns => [ grep { $has{ $_->{generation} } } @{ $draft->{columns} } ] };
	}
	for (1 .. number(1, 4))
	{
		my $checks = @{ $draft->{checks} // [] };
		my $kind = weighted(
			type => 8, null => 4, default => 1, add => 4, drop => 2, rename => 3, table => 1,
			merge => 2, check => 1.5, constrain => 2, unconstrain => $checks ? 8 : 0, constraint => $checks ? 2 : 0, other => 1);

		$make{$kind}->($draft);
	}
	# one at least; names for columns may have run out
	add_column($draft) unless @{ $draft->{operations} };
	rename_table($draft) unless @{ $draft->{operations} };
	return finish_plan($table, $draft);
}

sub operation
{
	my ($draft, $kind, $fields) = @_;

	push @{ $draft->{operations} }, { $kind => $fields };
}

# The columns that expressions may read now, by generation.
sub readable
{
	my ($draft) = @_;

	return map { [ $_->{generation}, $draft->{generations}{ $_->{generation} }{type} ] }
	  @{ $draft->{columns} };
}

# SQL of an expression over the columns of now.
sub text_of
{
	my ($draft, $expr) = @_;
	my %name = map { $_->{generation} => $_->{name} } @{ $draft->{columns} };

	return expr_sql($expr, sub { quote_name($name{ $_[0] }) });
}

# A column to be changed, with its generation.
sub changeable
{
	my ($draft, $test) = @_;
	my @candidates = grep {
		my $generation = $draft->{generations}{ $_->{generation} };
		!$generation->{fixed} && !$generation->{generated} && $test->($generation)
	} @{ $draft->{columns} };

	return unless @candidates;
	my $column = pick(@candidates);
	return ($column, $draft->{generations}{ $column->{generation} });
}

sub new_generation
{
	my ($draft, %generation) = @_;
	my $number = $draft->{next}++;

	$draft->{generations}{$number} = { number => $number, %generation };
	return $draft->{generations}{$number};
}

# Half of the time over the column itself alone.
sub half
{
	my ($draft, $type, $own, $total) = @_;
	my @columns = ([ $own->{number}, $own->{type} ]);

	@columns = (@columns, @columns, readable($draft)) if chance(0.3);
	return random_expr($type, \@columns, total => $total, risky => chance($draft->{risk}));
}

sub alter_type
{
	my ($draft) = @_;
	my ($column, $old) = changeable($draft, sub { 1 }) or return;
	my $type = $old->{kept} || chance(0.3) ? $old->{type} : pick(@types);
	my $not_null = $old->{not_null};
	my %fields = (table => $draft->{table}, column => $column->{name}, type => $type);
	my $new;
	my $up;

	if (chance(0.2))
	{
		$not_null = !$not_null;
		$fields{nullable} = $not_null ? \0 : \1;
	}
	$up = half($draft, $type, $old, $not_null);
	$fields{up} = text_of($draft, $up);
	$new = new_generation($draft, type => $type, up => $up, previous => $old->{number},
		not_null => $not_null, kept => $old->{kept}, default => $old->{default});
	if ($old->{default} || chance(0.1))
	{
		set_default(\%fields, $new);
	}
	$column->{generation} = $new->{number};
	$old->{down} = half($draft, $old->{type}, $new, $old->{not_null});
	$fields{down} = text_of($draft, $old->{down});
	operation($draft, alter_column => \%fields);
}

sub set_default
{
	my ($fields, $generation) = @_;

	if (chance(0.2))
	{
		$generation->{default} = undef;
		$fields->{default} = undef;
	}
	else
	{
		$generation->{default} = const(random_value($generation->{type}), $generation->{type});
		$fields->{default} = expr_sql($generation->{default});
	}
}

sub alter_null
{
	my ($draft) = @_;
	my ($column, $old) = changeable($draft, sub { 1 }) or return;
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
		$up = half($draft, $old->{type}, $old, $not_null);
		$fields{up} = text_of($draft, $up);
	}
	$new = new_generation($draft, %$old, stored_default => undef, number => $draft->{next}, stored => 0, up => $up,
		previous => $old->{number}, not_null => $not_null);
	$column->{generation} = $new->{number};
	$old->{down} = col($new->{number}, $new->{type});
	if (!$not_null || chance(0.5))
	{
		$old->{down} = half($draft, $old->{type}, $new, 1);
		# the bare column would make no shadow
		$old->{down} = fn(reverse => fn(reverse => $old->{down})) if $old->{down}[0] eq 'col' && $old->{type} eq 'text';
		$old->{down} = const(random_value($old->{type}), $old->{type}) if $old->{down}[0] eq 'col';
		$fields{down} = text_of($draft, $old->{down});
	}
	operation($draft, alter_column => \%fields);
}

sub alter_default
{
	my ($draft) = @_;
	my ($column, $generation) = changeable($draft, sub { 1 }) or return;
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
		$generation{default} = const(random_value($type), $type);
		$column->{default} = expr_sql($generation{default});
		$generation{stored_default} = $generation{default} unless $generation{up};
	}
	push @{ $draft->{columns} },
	  { name => $name, generation => new_generation($draft, %generation)->{number} };
	operation($draft, add_column => \%fields);
}

sub drop_column
{
	my ($draft) = @_;
	my ($column, $generation) = changeable($draft, sub { !$_[0]{kept} }) or return;
	my %fields = (table => $draft->{table}, column => $column->{name});
	my @columns;

	return if @{ $draft->{columns} } < 4;
	@{ $draft->{columns} } = grep { $_ != $column } @{ $draft->{columns} };
	if ($generation->{not_null} && !$generation->{default} || chance(0.7))
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
	my ($one) = changeable($draft, sub { !$_[0]{kept} && $_[0]{type} eq 'text' }) or return;
	my ($two) = changeable($draft, sub { !$_[0]{kept} && $_[0]{type} eq 'text' }) or return;
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

# New generations of the same types for columns: what operations on constraints
# leave.  Their up and down, by the columns' names.
sub new_forms
{
	my ($draft, @columns) = @_;
	my @old = map { $draft->{generations}{ $_->{generation} } } @columns;
	my @ups = map { no_bare_column(half($draft, $_->{type}, $_, $_->{not_null})) } @old;
	my %up = map { $columns[$_]{name} => text_of($draft, $ups[$_]) } 0 .. $#columns;
	my @new = map {
		new_generation($draft, %{ $old[$_] }, stored_default => undef, down => undef, number => $draft->{next}, stored => 0,
			up => $ups[$_], previous => $old[$_]{number})
	} 0 .. $#columns;
	my %down;

	$columns[$_]{generation} = $new[$_]{number} for 0 .. $#columns;
	for (0 .. $#columns)
	{
		$old[$_]{down} = no_bare_column(half($draft, $old[$_]{type}, $new[$_], $old[$_]{not_null}));
		$down{ $columns[$_]{name} } = text_of($draft, $old[$_]{down});
	}
	return (\%up, \%down);
}

# The bare column in both directions would make no shadow.
sub no_bare_column
{
	my ($expr) = @_;

	return $expr if $expr->[0] ne 'col';
	return $expr->[2] eq 'text' ? fn(reverse => fn(reverse => $expr)) : const(random_value($expr->[2]), $expr->[2]);
}

# A check that holds for every row: the law has nothing to say of others.
sub vacuous
{
	my (@columns) = @_;

	return join(' OR ', map { quote_name($_->{name}) . ' IS NULL' } @columns) . ' OR 1 = 1';
}

sub check_name
{
	my ($draft) = @_;

	return sprintf '%s_check_%d', $draft->{name}, ++$draft->{checks_made};
}

sub alter_check
{
	my ($draft) = @_;
	my ($column) = changeable($draft, sub { 1 }) or return;
	my $check = { name => check_name($draft), constraint => vacuous($column) };
	my $name = $column->{name};
	my ($up, $down) = new_forms($draft, $column);

	push @{ $draft->{checks} }, { name => $check->{name}, columns => [$column], made => 1 };
	operation($draft, alter_column => {
		table => $draft->{table}, column => $name, check => $check,
		up => $up->{$name}, down => $down->{$name} });
}

sub create_constraint
{
	my ($draft) = @_;
	my ($one) = changeable($draft, sub { 1 }) or return;
	my ($two) = changeable($draft, sub { 1 });
	my @columns = $one == $two ? $one : ($one, $two);
	my $name = check_name($draft);
	my $check = vacuous(@columns);
	my ($up, $down) = new_forms($draft, @columns);

	push @{ $draft->{checks} }, { name => $name, columns => \@columns, made => 1 };
	operation($draft, create_constraint => {
		table => $draft->{table}, name => $name, type => 'check', check => $check,
		columns => [ map { $_->{name} } @columns ], up => $up, down => $down });
}

# One that an earlier migration made.
sub drop_constraint
{
	my ($draft) = @_;
	my @candidates = grep { !$_->{made} && is_whole($draft, $_) } @{ $draft->{checks} // [] };
	my $check = @candidates ? pick(@candidates) : return;
	my @columns = @{ $check->{columns} };
	my %fields = (table => $draft->{table}, name => $check->{name});
	my ($up, $down) = new_forms($draft, @columns);

	@{ $draft->{checks} } = grep { $_ != $check } @{ $draft->{checks} };
	operation($draft, @columns == 1 ?
		(drop_constraint => { %fields, up => values %$up, down => values %$down }) :
		(drop_multicolumn_constraint => { %fields, up => $up, down => $down }));
}

sub rename_constraint
{
	my ($draft) = @_;
	my @candidates = grep { is_whole($draft, $_) } @{ $draft->{checks} // [] };
	my $check = @candidates ? pick(@candidates) : return;
	my $name = check_name($draft);

	operation($draft, rename_constraint => { table => $draft->{table}, from => $check->{name}, to => $name });
	$check->{name} = $name;
}

# Are all columns of a check still there?  It goes with the first that is dropped.
sub is_whole
{
	my ($draft, $check) = @_;
	my %there = map { $_ => 1 } @{ $draft->{columns} };

	return @{ $check->{columns} } > 0 && !grep { !$there{$_} } @{ $check->{columns} };
}

sub rename_column
{
	my ($draft) = @_;
	my @candidates = grep {
		my $generation = $draft->{generations}{ $_->{generation} };
		!$generation->{kept} && $_->{name} ne 'id'
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

sub other_operation
{
	my ($draft) = @_;

	return if $draft->{other}++;
	operation($draft, create_table => {
		name => "extra$draft->{name}",
		columns => [ { name => 'id', type => 'integer', pk => \1 } ] });
}

# What the migration stores, and the halves of its edges.
sub finish_plan
{
	my ($table, $draft) = @_;
	my $generations = $draft->{generations};
	my %current = map { $_->{generation} => 1 } @{ $draft->{columns} };
	my (@ups, @downs, %slots);

	for my $number (sort { $a <=> $b } keys %$generations)
	{
		my $generation = $generations->{$number};

		if ($generation->{stored})
		{
			push @downs, { slot => $number, expr => downwards($generation->{down}, $generations, \%current) }
			  if !$current{$number} && $generation->{down};
			next;
		}
		next unless $current{$number};
		$slots{$number} = {
			type => $generation->{type}, not_null => $generation->{not_null},
			default => $generation->{stored_default},
			kept => $generation->{kept}
		};
		push @ups, { slot => $number, expr => upwards($generation->{up}, $generations) }
		  if $generation->{up};
	}
	return {
		document => { operations => $draft->{operations} },
		version => {
			table => $draft->{table},
			columns => [ map { my $generation = $generations->{ $_->{generation} };
				+{
					name => $_->{name}, slot => $_->{generation}, type => $generation->{type},
					default => $generation->{default}, not_null => $generation->{not_null},
					generated => $generation->{generated}
				} } @{ $draft->{columns} } ]
		},
		slots => \%slots, ups => \@ups, downs => \@downs,
		next_slot => $draft->{next}, names => $draft->{names},
		checks => [ map { { name => $_->{name}, slots => [ map { $_->{generation} } @{ $_->{columns} } ] } }
			  grep { is_whole($draft, $_) } @{ $draft->{checks} // [] } ]
	};
}

# up reads what the old version shows: what is stored, what earlier operations
# make of it, the default of a column that has no up.
sub upwards
{
	my ($expr, $generations) = @_;

	return expr_replace($expr, sub {
		my $generation = $generations->{ $_[0] };

		return $generation->{generated} if $generation->{generated};
		return undef if $generation->{stored};
		return upwards($generation->{up}, $generations) if $generation->{up};
		return $generation->{stored_default} // const(undef, $generation->{type});
	});
}

# down reads what the new version shows; of a column that is gone there, what
# its own down makes, or what is stored.
sub downwards
{
	my ($expr, $generations, $current) = @_;

	return expr_replace($expr, sub {
		my $generation = $generations->{ $_[0] };

		return $generation->{generated} if $generation->{generated} && $current->{ $_[0] };
		return undef if $current->{ $_[0] };
		return downwards($generation->{down}, $generations, $current) if $generation->{down};
		return undef if $generation->{stored};
		return const(undef, $generation->{type});
	});
}

1;
