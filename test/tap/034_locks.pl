# What the phases of every operation lock, and what they read: each takes the
# locks that plan_migration() says and no others, leaves the tables' files where
# they are and reads none of their blocks but a few, however many rows there are.
#
# PGROLL_ROWS is the number of rows.  How long each phase took is written to a file
# in PGROLL_OUT, which `make locks ROWS=1000000` shows.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;
use List::Util qw(max);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(time);

eval { require DBD::Pg } or plan skip_all => 'needs perl\'s DBD::Pg';
require Session;

use Cases qw(cases set_up fill migration beside schemas);

my @modes = qw(AccessShareLock RowShareLock RowExclusiveLock ShareUpdateExclusiveLock ShareLock
  ShareRowExclusiveLock ExclusiveLock AccessExclusiveLock);
my %strength = map { $modes[$_] => $_ } 0 .. $#modes;
# weaker ones hinder neither readers nor writers nor other DDL
my $weakest = $strength{ShareUpdateExclusiveLock};
my $rows = $ENV{PGROLL_ROWS} || 5000;
my $only = $ENV{PGROLL_CASE};
# a table of 5000 rows has thrice as many
my $few_blocks = 10;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->append_conf('postgresql.conf', q{
autovacuum = off
max_wal_size = '4GB'
shared_buffers = '256MB'
jit = off
});
$node->start;
$node->safe_psql('postgres', 'CREATE ROLE regress_reader; CREATE EXTENSION pgroll_c');

my $session = Session->new($node, 'postgres');
my $number = 0;
my $table;
our $TODO;

open($table, '>', "$ENV{PGROLL_OUT}/locks.txt") or die "locks.txt: $!" if $ENV{PGROLL_OUT};

$session->search_path;
foreach my $case (cases())
{
	next if ($only && $case->{name} !~ /$only/) || ($case->{since} // 0) > $session->version;
	local $TODO = $case->{unlocked};
	my $schema = sprintf 'l%03d', ++$number;
	my @faults = eval { phases($case, $schema) };

	push @faults, $@ if $@;
	ok(!@faults, $case->{name}) or diag(join "\n", @faults);
	# where it did not come to its end
	$session->error($_) foreach 'ROLLBACK', map { "SELECT pgroll_c.rollback_migration('$_')" } schemas($case, $schema);
	$session->error("DROP SCHEMA $_->[0] CASCADE")
	  foreach $session->rows("SELECT nspname FROM pg_namespace WHERE nspname ~ '^$schema' ORDER BY nspname DESC");
}
is($session->error('DROP EXTENSION pgroll_c'), '', 'it can be dropped');
$node->stop;
done_testing();

# A migration's phases; returns what is wrong with them.
sub phases
{
	my ($case, $schema) = @_;
	my $migration = migration($session, $case, $schema);
	my $beside = beside($session, $case, $schema);
	my @faults;

	set_up($session, $case, $schema);
	fill($session, $case, $schema, $rows);
	$session->run("SELECT pgroll_c.baseline('01', '$_')") foreach schemas($case, $schema);
	$session->run("SELECT pgroll_c.start_migration($beside)") if $beside;
	$session->run("CALL pgroll_c.wait_for_migration('${schema}x')") if $beside;
	push @faults, phase($case, $schema, 'start', $migration, "SELECT pgroll_c.start_migration($migration)", 'COMMIT');
	$session->run("CALL pgroll_c.wait_for_migration('$schema')");
	push @faults, phase($case, $schema, 'rollback', $migration, "SELECT pgroll_c.rollback_migration('$schema')", 'ROLLBACK');
	push @faults, phase($case, $schema, 'complete', $migration, "SELECT pgroll_c.complete_migration('$schema')", 'COMMIT');
	return @faults;
}

sub phase
{
	my ($case, $schema, $phase, $migration, $statement, $end) = @_;
	my %known = known_relations($schema);
	my %planned = planned_locks($phase, $migration);
	my %files = files($schema);
	my ($begin, %blocks, %taken, %files_after, @faults);

	$session->run('BEGIN');
	%blocks = blocks(\%known);
	$begin = time;
	$session->run($statement);
	my $duration = (time - $begin) * 1000;
	%taken = taken_locks(\%known);
	my %blocks_after = blocks(\%known);
	%files_after = files($schema);
	# some have other names now
	$known{ $_->[0] }{later} = $_->[1] foreach $session->rows('SELECT oid, oid::regclass FROM pg_class WHERE oid IN (' . join(',', keys %known) . ')');
	$session->run($end);
	put_row($duration, $phase, $case->{name}, $taken{$_}, $known{$_}{name}) foreach grep { !$known{$_}{table} } sort keys %taken;

	push @faults, map { "$phase: $_" } wrong_locks(\%known, \%planned, \%taken) if !$case->{own_locks};
	foreach my $oid (sort keys %blocks)
	{
		my $read = ($blocks_after{$oid} // 0) - $blocks{$oid};
		push @faults, "$phase: reads $read blocks of $known{$oid}{name}" if $read > $few_blocks;
	}
	foreach my $oid (sort keys %files)
	{
		push @faults, "$phase: writes a new file for $known{$oid}{name}"
		  if defined $files_after{$oid} && $files_after{$oid} ne $files{$oid};
	}
	return @faults;
}

# A lock is held from some moment of the phase to its end.
sub put_row
{
	my ($duration, $phase, $name, $mode, $relation) = @_;

	$relation =~ s/^l\d+(_\d+)?\./$1 ? 'version.' : ''/e;
	printf $table "%8.1f ms  %-8s  %-24s  %-12s  %s\n", $duration, $phase, $modes[$mode], $relation, $name if $table;
}

# OID -> the relations of the schema and of its version schemas that are there.
# A lock on a table stands for those on its indexes and on sequences that it owns.
sub known_relations
{
	my ($schema) = @_;

	return map { $_->[0] => { name => $_->[1], table => $_->[2] } } $session->rows(qq{
		SELECT c.oid, c.oid::regclass, coalesce(i.indrelid, d.refobjid)::regclass
		FROM pg_class c LEFT JOIN pg_index i ON indexrelid = c.oid
			LEFT JOIN pg_depend d ON c.relkind = 'S' AND d.classid = 'pg_class'::regclass AND d.objid = c.oid
				AND d.refclassid = d.classid AND d.refobjsubid > 0
		WHERE c.relnamespace IN (SELECT oid FROM pg_namespace WHERE nspname ~ '^$schema')
			AND c.relkind IN ('r', 'p', 'v', 'm', 'S', 'i', 'I', 'f')});
}

sub planned_locks
{
	my ($phase, $migration) = @_;
	my %planned;

	foreach my $step ($session->rows(qq{
		SELECT relation, lock_mode FROM pgroll_c.plan_migration($migration)
		WHERE phase = '$phase' AND NOT background AND relation IS NOT NULL}))
	{
		my ($relation, $mode) = ($step->[0], $strength{ $step->[1] // '' });

		$planned{$relation} = $mode if defined $mode && $mode >= $weakest && $mode > ($planned{$relation} // 0);
	}
	return %planned;
}

# Relation -> the strongest lock that this transaction holds on it.
sub taken_locks
{
	my ($known) = @_;
	my %taken;

	foreach my $lock ($session->rows(q{
		SELECT relation, mode FROM pg_locks WHERE pid = pg_backend_pid() AND locktype = 'relation' AND granted}))
	{
		my ($oid, $mode) = ($lock->[0], $strength{ $lock->[1] });

		$taken{$oid} = $mode if $known->{$oid} && $mode >= $weakest && $mode > ($taken{$oid} // 0);
	}
	return %taken;
}

sub wrong_locks
{
	my ($known, $planned, $taken) = @_;
	my @faults;

	foreach my $oid (sort keys %$known)
	{
		my ($name, $later, $table) = @{ $known->{$oid} }{qw(name later table)};
		my ($is, $said) = map { $_ // 0 } $taken->{$oid}, $planned->{$name};
		my $most = max($said, map { $planned->{ $_ // '' } // 0 } $later, $table);

		push @faults, "locks $name in $modes[$is], the plan says $modes[$most]" if $is > $most;
		# an index may have another's name later
		push @faults, "does not lock $name in $modes[$said], as the plan says" if $is < $said && !$table;
	}
	return @faults;
}

# Blocks that this transaction has asked for, of each relation that is there.
sub blocks
{
	my ($known) = @_;
	my $oids = join ',', keys %$known;

	return map { @$_ } $session->rows("SELECT oid, pg_stat_get_xact_blocks_fetched(oid) FROM unnest('{$oids}'::oid[]) oid");
}

sub files
{
	my ($schema) = @_;

	return map { @$_ } $session->rows(qq{
		SELECT oid, pg_relation_filenode(oid) FROM pg_class
		WHERE relnamespace IN (SELECT oid FROM pg_namespace WHERE nspname ~ '^${schema}x?\$') AND relkind IN ('r', 'm', 'i')});
}
