# Indexes that a migration makes: a build that is killed is done again, one that is
# rolled back leaves nothing; and what a rollback needs survives crash and dump.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use Pgroll;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->append_conf('postgresql.conf', q{
restart_after_crash = on
shared_preload_libraries = 'pgroll_c'
});
$node->start;

my $indexes = q{
	SELECT string_agg(concat_ws(' ', pg_get_indexdef(indexrelid), indisvalid, indisready, inhparent::regclass), E'\n'
		ORDER BY indexrelid::regclass::text)
	FROM pg_index LEFT JOIN pg_inherits ON inhrelid = indexrelid
	WHERE indrelid IN ('people'::regclass, 'part'::regclass, 'part_1'::regclass, 'part_2'::regclass)};
my $under_way = q{
	SELECT count(*) = 1 FROM pg_stat_progress_create_index WHERE phase = 'waiting for old snapshots'};
my $migration = q{'{"operations": [
	{"create_index": {"table": "part", "name": "part_b", "columns": ["b"]}},
	{"create_index": {"table": "people", "name": "people_name", "columns": ["name"], "unique": true}},
	{"set_replica_identity": {"table": "people", "identity": {"type": "full"}}}]}'};

# Tables whose indexes can't be finished while the session that is returned lives.
sub held_migration
{
	my $db = new_database($node, 1000);
	my $before;

	$node->safe_psql($db, q{
		CREATE TABLE part (a int, b int) PARTITION BY LIST (a);
		CREATE TABLE part_1 PARTITION OF part FOR VALUES IN (1);
		CREATE TABLE part_2 PARTITION OF part FOR VALUES IN (2);
		INSERT INTO part SELECT i % 2 + 1, i FROM generate_series(1, 1000) i;
		ALTER TABLE people REPLICA IDENTITY USING INDEX people_pkey});
	$before = $node->safe_psql($db, $indexes);
	my $holder = $node->background_psql($db);
	$holder->query_safe('BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM pg_class');
	$node->safe_psql($db, "SELECT pgroll_c.start_migration('02', $migration)");
	poll($node, $db, $under_way, 'an index is being built');
	return ($db, $holder, $before);
}

# All are there, each once, as plain statements make them.
sub finished
{
	my ($db, $how) = @_;

	poll_state($node, $db, 'ready', "$how: the migration becomes ready");
	$node->safe_psql($db, 'SELECT pgroll_c.complete_migration()');
	is( $node->safe_psql($db, $indexes), join("\n",
			'CREATE INDEX part_1_b_idx ON public.part_1 USING btree (b) t t part_b',
			'CREATE INDEX part_2_b_idx ON public.part_2 USING btree (b) t t part_b',
			'CREATE INDEX part_b ON ONLY public.part USING btree (b) t t',
			'CREATE UNIQUE INDEX people_name ON public.people USING btree (name) t t',
			'CREATE UNIQUE INDEX people_pkey ON public.people USING btree (id) t t'),
		"$how: all indexes are there");
	is( $node->safe_psql($db, q{SELECT count(*) FROM pg_class WHERE relname ~ '_pgroll|ccnew|ccold'}),
		'0', "$how: and nothing else");
}

my ($db, $holder, $before) = held_migration();
kill 9, worker_pid($node, $db);
$node->poll_query_until('postgres', 'SELECT true');
eval { $holder->quit };
finished($db, 'worker killed');

($db, $holder) = held_migration();
$node->stop('immediate');
eval { $holder->quit };
$node->start;
finished($db, 'immediate shutdown');

# a rollback in the middle of a build
($db, $holder, $before) = held_migration();
is( $node->safe_psql($db, q{SELECT relreplident FROM pg_class WHERE oid = 'people'::regclass}),
	'f', 'rolled back: the identity was another');
$node->safe_psql($db, q{
	SET statement_timeout = '60s';
	SELECT pgroll_c.rollback_migration()});
is($node->safe_psql($db, $indexes), $before, 'rolled back: the indexes are as they were');
is( $node->safe_psql($db, q{SELECT relreplident, indisreplident FROM pg_class, pg_index
	WHERE pg_class.oid = 'people'::regclass AND indexrelid = 'people_pkey'::regclass}),
	'i|t', 'rolled back: the identity, too');
$holder->quit;

# a rollback after a crash, and in a dump that was restored
($db, $holder, $before) = held_migration();
$node->stop('immediate');
eval { $holder->quit };
$node->start;
$node->safe_psql('postgres', 'CREATE DATABASE restored');
poll_state($node, $db, 'ready', 'dumped: the migration becomes ready');
$node->command_ok([ 'pg_dump', '-Fc', '-f', $node->basedir . '/dump', $node->connstr($db) ], 'dumped');
$node->command_ok([ 'pg_restore', '--exit-on-error', '-d', $node->connstr('restored'), $node->basedir . '/dump' ], 'restored');
foreach my $where ([ $db, 'after a crash' ], [ 'restored', 'in the restored database' ])
{
	$node->safe_psql($where->[0], 'SELECT pgroll_c.rollback_migration()');
	is($node->safe_psql($where->[0], $indexes), $before, "$where->[1]: the indexes are as they were");
	is( $node->safe_psql($where->[0], q{SELECT relreplident, indisreplident FROM pg_class, pg_index
		WHERE pg_class.oid = 'people'::regclass AND indexrelid = 'people_pkey'::regclass}),
		'i|t', "$where->[1]: the identity, too");
}

# one that somebody has built by half does not count
($db, $holder) = held_migration();
$node->safe_psql($db, 'SELECT pg_terminate_backend(' . worker_pid($node, $db) . ', 10000)');
$holder->quit;
is($node->safe_psql($db, $indexes . q{ AND NOT indisvalid}) =~ /part_1_b_idx/ ? 1 : 0, 1, 'terminated: an invalid index is left');
$node->safe_psql($db, 'CALL pgroll_c.wait_for_migration()');
finished($db, 'worker terminated');

$node->stop;
done_testing();
