# Random tables, as they are before the first migration.

package Histories::Original;

use strict;
use warnings;
use utf8;

use Exporter 'import';

use Histories::Expr;
use Histories::Objects;
use Histories::Random;
use Histories::Table;

our @EXPORT = qw(random_table random_index random_actions @types @hostile);

our @types = qw(text text text integer integer bigint boolean);
our @hostile = ('a b', 'Select', 'ü', 'new', q{x"y}, '$1', 'n' x 63);
my @names = qw(name note age size kind flag city tone rank mood);

# A table with a key, some columns, and at times one of the things that make
# trouble: partitions, a child, constraints, indexes, a generated column, a
# trigger.  Options: alone, without what needs a look at all rows.
sub random_table
{
	my (%options) = @_;
	my $kind = weighted(plain => 7, partitioned => 2, inherited => 1);
	my $table = Histories::Table->new(
		kind => $kind,
		alone => $options{alone},
		physical => chance(0.1) ? pick(@hostile) : 'people',
		next_slot => 1,
		names => [ chance(0.15) ? shuffled(@hostile, @names) : shuffled(@names) ],
		slots => {});
	my @key = (add_slot($table, 'id', 'integer', not_null => 1,
		numbered => $kind eq 'plain' && chance(0.35) ? pick('identity', 'serial') : undef));

	push @key, add_slot($table, 'region', 'integer', not_null => 1, fixed => 1) if $kind eq 'partitioned';
	add_object($table, chance(0.2) ? 'unique' : 'primary', [@key]);
	add_slot($table, undef, pick(@types), random_attributes()) for 1 .. number(2, 5);
	add_special($table);
	$table->{version} = {
		name => '01', pets => 'integer',
		table => $table->{physical}, key => \@key, objects => delete $table->{objects},
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

sub add_object
{
	my ($table, $kind, $slots, %object) = @_;
	my $number = $table->{next_slot}++;

	push @{ $table->{objects} },
	  { number => $number, kind => $kind, name => object_name($number, $kind), slots => $slots, %object };
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
		$slots->{$_}{default} = const(random_default($slots->{$_}{type}), $slots->{$_}{type})
		  if delete $slots->{$_}{wants_default};
	}
	add_object($table, 'foreign', [ add_slot($table, 'ref', 'integer') ], random_actions())
	  if $table->{kind} ne 'inherited' && chance(0.25);
	add_object($table, 'self', [ add_slot($table, 'boss', 'integer'), 1 ],
		on_delete => pick('CASCADE', 'SET NULL', 'NO ACTION'), on_update => pick('CASCADE', 'NO ACTION'))
	  if $table->{kind} eq 'plain' && !$table->{alone} && chance(0.15);
	$table->{pets} = {
		on_delete => pick('CASCADE', 'SET NULL', 'NO ACTION'), on_update => pick('CASCADE', 'NO ACTION') }
	  if $table->{kind} eq 'plain' && !$table->{alone} && chance(0.2);
	add_generated($table, @free) if chance(0.15);
	add_object($table, 'unique', [ add_slot($table, 'code', 'text', short => 1) ])
	  if $table->{kind} eq 'plain' && chance(0.2);
	for (1 .. weighted(0 => 4, 1 => 2, 2 => 1))
	{
		my @columns = some(number(1, 2), @free);

		add_object($table, 'check', \@columns, test => random_test(map { $slots->{$_}{type} } @columns));
	}
	for (1 .. weighted(0 => 4, 1 => 2, 2 => 1))
	{
		my @columns = some(number(1, 2), @free);

		add_object($table, 'index', \@columns, random_index(map { $slots->{$_}{type} } @columns));
	}
	$table->{trigger} = random_trigger($table, @free) if chance(0.25);
}

# A column's default is not its shadow's, so it cannot be set.
sub random_actions
{
	my ($default) = @_;

	return (on_delete => pick('CASCADE', 'SET NULL', 'NO ACTION', $default ? () : 'SET DEFAULT'),
		on_update => weighted(CASCADE => 4, 'SET NULL' => 1, 'NO ACTION' => 1));
}

sub add_generated
{
	my ($table, @free) = @_;
	my $slots = $table->{slots};
	my $source = pick(@free);
	my $expr = random_expr('text', [ [ $source, $slots->{$source}{type} ] ], depth => 1);

	# what a generated column calls must be immutable
	return if expr_sql($expr, sub { '' }) =~ /SELECT|twist/;
	$slots->{$_}{fixed} = 1 for $source, add_slot($table, 'made', 'text', generated => $expr);
}

# An index of columns of these types.  A text may be too long for a btree.
sub random_index
{
	my (@types) = @_;
	my @columns = map { col($_, $types[$_]) } 0 .. $#types;
	my %index = (method => 'btree', chance(0.3) ? (where => random_test(@types)) : ());

	if (@types == 1 && chance(0.3))
	{
		$index{method} = 'hash' if $types[0] ne 'boolean';
		return (%index, keys => \@columns);
	}
	return (%index, keys => [ map { $types[$_] eq 'text' ? fn(pick('left', 'md5'), $columns[$_]) : $columns[$_] } 0 .. $#types ]);
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
	  if $trigger->{when} eq 'skip' && (has_foreign_key($table) || $table->{kind} ne 'plain');
	# its text names these columns, so they keep name and type
	$table->{slots}{$_}{kept} = 1
	  for grep { defined } $slot, $trigger->{changed}, expr_columns($trigger->{expr}),
	  $trigger->{if} ? expr_columns($trigger->{if}) : ();
	return $trigger;
}

sub has_foreign_key { return scalar grep { $_->{kind} =~ /foreign|self/ } @{ $_[0]{objects} }; }

1;
