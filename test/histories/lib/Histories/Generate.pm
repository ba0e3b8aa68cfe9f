# A random history: a table, some rows, and the steps that clients and
# migrations take.  It is data, made from the seed alone; that a step makes
# sense where it stands is seen to by the runner, which passes over those that
# do not.  So any selection of the steps is a history as well.

package Histories::Generate;

use strict;
use warnings;

use Exporter 'import';
use Storable 'dclone';

use Histories::Expr;
use Histories::Migrate;
use Histories::Random;

our @EXPORT = qw(random_history random_statement random_insert);

my $sessions = 3;

# Options: ids, the keys that clients write; parents, the keys of the parent
# table; alone, where the rows of other clients are not to be touched.
sub random_history
{
	my ($seed) = @_;
	my $table;
	my $history;

	srand($seed);
	$table = random_table();
	$history = {
		seed => $seed, table => $table->copy, baseline => chance(0.75), steps => [],
		ids => [ 1 .. 12 ], parents => [ 1 .. 5 ]
	};
	$history->{rows} = initial_rows($history, $table);
	for my $number (2 .. weighted(2 => 5, 3 => 4, 4 => 2))
	{
		add_migration($history, $table, sprintf('%02d', $number));
	}
	add_steps($history, $table, number(2, 6));
	add($history, step => 'end_all');
	add($history, step => 'check');
	return $history;
}

sub add
{
	my ($history, %step) = @_;

	push @{ $history->{steps} }, \%step;
}

sub initial_rows
{
	my ($history, $table) = @_;
	my @ids = some(number(0, 8), @{ $history->{ids} });

	return [
		map {
			my $insert = random_insert($history, $table, 'base', ids => [$_], rows => 1, plain => 1);

			delete $insert->{conflict};
			$insert
		} @ids
	];
}

sub add_migration
{
	my ($history, $table, $name) = @_;
	my $plan = random_migration($table, $name);
	my $outcome = weighted(complete => 7, roll_back => 3);

	add_steps($history, $table, number(0, 6));
	add($history, step => 'end_touching');
	add($history, step => 'straddle', session => number(0, $sessions - 1), level => random_level())
	  if chance(0.3);
	add($history, step => 'start', name => $name, plan => $plan,
		mode => weighted(plain => 6, transaction => 2, undone => 2),
		writes => [ map { random_statement($history, $table) } 1 .. 2 ]);
	@{$table}{qw(next_slot names)} = @{$plan}{qw(next_slot names)};
	$table->start(dclone($plan));
	add_steps($history, $table, number(2, 8));
	for (1 .. number(0, 2))
	{
		add($history, step => 'backfill', held => [ some(number(1, 5), @{ $history->{ids} }) ]);
		add($history, step => 'rewrite') if chance(0.1);
		add_steps($history, $table, number(1, 6));
	}
	if ($outcome eq 'complete' || chance(0.4))
	{
		add($history, step => 'end_snapshots');
		add($history, step => 'ready');
		add_steps($history, $table, number(1, 8));
	}
	add($history, step => 'end_touching');
	add($history, step => 'straddle', session => number(0, $sessions - 1), level => random_level())
	  if chance(0.3);
	add($history, step => $outcome, mode => weighted(plain => 8, undone => 2));
	$outcome eq 'complete' ? $table->complete : $table->roll_back;
}

sub random_level { return pick('REPEATABLE READ', 'REPEATABLE READ', 'SERIALIZABLE'); }

sub add_steps
{
	my ($history, $table, $count) = @_;

	for (1 .. $count)
	{
		my $session = number(0, $sessions - 1);
		my $kind = weighted(
			statement => 14, begin => 2, commit => 2, rollback => 0.7, savepoint => 0.8,
			rollback_to => 0.6, read => 1.5, check => 3);

		add($history,
			step => $kind, session => $session,
			$kind eq 'statement' ? (statement => random_statement($history, $table)) : (),
			$kind eq 'begin' ? (level => chance(0.35) ? random_level() : 'READ COMMITTED') : (),
			$kind eq 'read' ? (via => random_via($table)) : ());
	}
}

# Through which version: "base" is the physical table.
sub random_via
{
	my ($table) = @_;

	return weighted(old => 3, base => 2) unless $table->{active};
	return weighted(old => 4, new => 4, base => 2.5);
}

sub random_statement
{
	my ($history, $table) = @_;
	my $via = random_via($table);
	my %make = (
		insert => \&random_insert, update => \&random_update, delete => \&random_delete,
		merge => \&random_merge, cte => \&random_cte, parent => \&random_parent, pet => \&random_pet);
	my $kind = weighted(
		insert => 5, update => 9, delete => 1, merge => 1.3, cte => 1.5,
		parent => $table->objects(qr/foreign/) ? 2 : 0, pet => $table->{pets} ? 3 : 0);
	my $statement = $make{$kind}->($history, $table, $via);

	$statement->{replica} = 1 if chance(0.06);
	$statement->{wrap} = random_wrap($history, $table, $statement)
	  unless ($statement->{how} // '') eq 'copy';
	$statement->{returning} = 1 if chance(0.3) && $kind =~ /insert|update|delete/;
	return $statement;
}

# How the statement gets to the server.
sub random_wrap
{
	my ($history, $table, $statement) = @_;
	my $kind = weighted(plain => 10, do => 1.5, function => 1.5, nested => 1.5, prepared => 2.5, bound => 1,
		view => 1, path => 2, fresh => 1.5);
	my $wrap = { kind => $kind };

	if ($kind eq 'nested')
	{
		# a statement of another version runs inside of this one
		$wrap->{outer} = random_update($history, $table, random_via($table));
		$wrap->{outer}{where} = [ ids => pick(@{ $history->{ids} }) ];
	}
	return $wrap;
}

# The columns that a statement through a version may write.
sub writable
{
	my ($table, $via) = @_;
	my %key = map { $_ => 1 } map { @{ $table->key($_) } } $via, $via eq 'base' && $table->{active} ? 'new' : ();

	return grep { !$key{ $_->{slot} } && !$table->{slots}{ $_->{slot} }{generated} } @{ $table->columns($via) };
}

sub is_own { return $_[0]{physical} eq 'ref'; }

sub random_assigned
{
	my ($history, $table, $via, $column) = @_;
	my $type = $column->{type};

	return const(chance(0.3) ? undef : pick(@{ $history->{ids} }), $type) if is_self_reference($table, $column->{slot});
	return const(chance(0.3) ? undef : pick(@{ $history->{parents} }), $type)
	  if $table->single($via, $column->{slot}, 'foreign');
	return const($type eq 'text' ? random_code($history) : ($history->{own} // 0) + number(1, 30), $type)
	  if is_special($table, $via, $column);
	return const(random_value($column->{type}, $column->{not_null} ? 0.03 : 0.12), $column->{type});
}

# Is it a column of few values?
sub is_special
{
	my ($table, $via, $column) = @_;

	return 1 if $table->{slots}{ $column->{slot} }{short} || is_self_reference($table, $column->{slot});
	return $column->{type} ne 'boolean' && grep { $table->single($via, $column->{slot}, $_) } qw(primary unique foreign);
}

sub is_self_reference
{
	my ($table, $slot) = @_;

	return scalar grep { $_->{slots}[0] == $slot } $table->objects(qr/self/);
}

sub random_code
{
	my ($history) = @_;

	return ($history->{prefix} // '') . number(1, 30);
}

# What an UPDATE sets a column to: mostly a constant.
sub random_new_value
{
	my ($history, $table, $via, $column) = @_;
	my @readable = map { [ $_->{slot}, $_->{type} ] } @{ $table->columns($via) };

	return random_assigned($history, $table, $via, $column) if is_special($table, $via, $column) || chance(0.66);
	return 'DEFAULT' if chance(0.2);
	return col($column->{slot}, $column->{type}) if chance(0.3);
	return random_expr($column->{type}, \@readable, risky => chance(0.1));
}

sub random_set
{
	my ($history, $table, $via, $where) = @_;
	my @columns = some(weighted(1 => 5, 2 => 4, 3 => 2), writable($table, $via));
	my @set = map { [ $_->{slot}, random_new_value($history, $table, $via, $_) ] } @columns;

	# a row that moves to another partition
	push @set, [ $table->key($via)->[1], const(number(0, 3), 'integer') ]
	  if $table->{kind} eq 'partitioned' && chance(0.25);
	# and one that gets another key
	push @set, [ $table->key($via)->[0], const(pick(@{ $history->{ids} }), $table->{slots}{ $table->key($via)->[0] }{type}) ]
	  if $where->[0] eq 'ids' && @$where == 2 && chance(0.08);
	return \@set;
}

sub random_where
{
	my ($history, $table, $via) = @_;
	my $columns = $table->columns($via);
	my $column = pick(@$columns);
	my $kind = $history->{alone} ? 'ids' : weighted(ids => 8, all => 1, mod => 1, null => 0.7, is => 1.5);

	return [ ids => some(weighted(1 => 6, 2 => 2, 4 => 1), @{ $history->{ids} }) ] if $kind eq 'ids';
	return [ mod => number(2, 3), number(0, 1) ] if $kind eq 'mod';
	return [ null => $column->{slot} ] if $kind eq 'null';
	return [ is => $column->{slot}, random_value($column->{type}) ] if $kind eq 'is';
	return ['all'];
}

sub random_update
{
	my ($history, $table, $via) = @_;

	my $where = random_where($history, $table, $via);

	return {
		kind => 'update', via => $via, set => random_set($history, $table, $via, $where), where => $where, row => chance(0.15), from => chance(0.15),
		part($table, $via)
	};
}

sub random_delete
{
	my ($history, $table, $via) = @_;

	return {
		kind => 'delete', via => $via, where => [ ids => pick(@{ $history->{ids} }) ],
		part($table, $via)
	};
}

# A write to the base table may name a partition or a child.
sub part
{
	my ($table, $via) = @_;

	return () unless $via eq 'base' && chance(0.3);
	return (part => number(0, 2)) if $table->{kind} eq 'partitioned';
	return (part => 'child') if $table->{kind} eq 'inherited';
	return ();
}

sub random_insert
{
	my ($history, $table, $via, %options) = @_;
	my @ids = shuffled(@{ $options{ids} // $history->{ids} });
	my @key = @{ $table->key($via) };
	my $numbered;
	my %part = $options{plain} ? () : part($table, $via);
	my @columns = writable($table, $via);
	my @named;
	my @rows;

	@named = grep { $table->is_newer($_->{slot}) && $via eq 'base' ? chance(0.15) :
		$options{all} || chance($_->{not_null} && !$_->{default} ? 0.97 : 0.75) } @columns;
	@named = grep { !$table->is_newer($_->{slot}) } @named if $options{plain};
	@named = shuffled(@named) if chance(0.2);
	$numbered = @named && !$options{plain} && !$options{keyed} && $table->{slots}{ $key[0] }{numbered} && !$history->{alone} && chance(0.2);
	for (1 .. $options{rows} // weighted(1 => 7, 2 => 2, 3 => 1))
	{
		my $region = const(defined $part{part} ? $part{part} : number(0, 3), 'integer');
		push @rows, [
			$numbered ? () : const(shift @ids, 'integer'), @key > 1 ? $region : (),
			map { !$options{plain} && chance(0.04) ? 'DEFAULT' : random_assigned($history, $table, $via, $_) } @named
		];
		last unless @ids;
	}
	return {
		kind => 'insert', via => $via, numbered => $numbered, slots => [ $numbered ? () : @key, map { $_->{slot} } @named ], rows => \@rows, %part,
		how => weighted(values => 6, select => 1.5, copy => $via eq 'base' ? 4 : 0),
		$numbered ? () : random_conflict($history, $table, $via, \@key, \@named, \%part)
	};
}

sub random_conflict
{
	my ($history, $table, $via, $key, $named, $part) = @_;
	my $conflict = { target => $key };

	return () if chance(0.6) || $table->{kind} eq 'inherited' || defined $part->{part};
	if (my @others = others_keys($table, $via))
	{
		$conflict->{target} = pick(@others)->{slots} if chance(0.4);
	}
	if (chance(0.3))
	{
		$conflict->{target} = undef if chance(0.5);
		return (conflict => $conflict);
	}
	$conflict->{set} = [
		map {
			my $column = $_;
			[
				$column->{slot},
				chance(0.6) ? col("excluded $column->{slot}", $column->{type}) :
				  random_new_value($history, $table, $via, $column)
			]
		} some(number(1, 2), writable($table, $via))
	];
	return (conflict => $conflict);
}

# The unique constraints, beside the key, on columns that the version has.
sub others_keys
{
	my ($table, $via) = @_;
	my %has = map { $_->{slot} => 1 } @{ $table->columns($via) };

	return grep { $_->{kind} eq 'unique' && !grep { !$has{$_} } @{ $_->{slots} } } $table->uniques;
}

sub random_merge
{
	my ($history, $table, $via) = @_;
	my $insert = random_insert($history, $table, $via, plain => $via ne 'base', keyed => 1);
	my $count = number(1, 3);
	my @ids = some($count, @{ $history->{ids} });

	return {
		kind => 'merge', via => $via,
		source => [ map { [ $_, chance(0.5) ? 'true' : 'false' ] } @ids ],
		first => random_set($history, $table, $via, ['']),
		second => weighted(update => 3, delete => 1, nothing => 1),
		set => random_set($history, $table, $via, ['']),
		insert => chance(0.7) ? { slots => $insert->{slots}, row => $insert->{rows}[0] } : undef
	};
}

# Data-modifying CTEs through several versions, each with rows of its own.
sub random_cte
{
	my ($history, $table, $via) = @_;
	my @ids = shuffled(@{ $history->{ids} });
	my @parts;

	for (1 .. number(2, 3))
	{
		my @own = splice(@ids, 0, 3);
		my $part;

		$part = chance(0.4) ?
		  random_insert($history, $table, $via, ids => \@own, plain => 1) :
		  random_update($history, $table, $via);
		$part->{how} = 'values' if $part->{kind} eq 'insert';
		delete $part->{conflict};
		if ($part->{kind} eq 'update')
		{
			my $key = $table->key($via)->[0];

			$part->{where} = [ ids => @own ];
			@{ $part->{set} } = grep { $_->[0] != $key } @{ $part->{set} };
		}
		# a code may not be taken twice by the parts
		push @parts, $part;
		$via = random_via($table);
	}
	return { kind => 'cte', via => $parts[0]{via}, parts => \@parts, main => chance(0.5) };
}

# A table that references the key.
sub random_pet
{
	my ($history, $table, $via) = @_;

	return {
		kind => 'pet', via => $via, do => weighted(insert => 3, update => 2, delete => 1), id => number(1, 6),
		owner => chance(0.2) ? undef : pick(@{ $history->{ids} })
	};
}

# The table that a foreign key references.
sub random_parent
{
	my ($history, $table, $via) = @_;

	return {
		kind => 'parent', via => $via, do => weighted(insert => 2, update => 3, delete => 2),
		code => pick(@{ $history->{parents} }), to => pick(@{ $history->{parents} })
	};
}

1;
