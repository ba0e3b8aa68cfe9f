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

# between what makes the whole of a unique index and what attaches the parts: that of
# a partition which has a key of its own waits for the session that is returned
sub half_attached
{
	my $db = new_database($node, 10);

	$node->safe_psql($db, q{
		CREATE TABLE part (a int, b int) PARTITION BY LIST (a);
		CREATE TABLE part_1 PARTITION OF part (CONSTRAINT own UNIQUE (a, b)) FOR VALUES IN (1);
		CREATE TABLE part_2 PARTITION OF part FOR VALUES IN (2);
		INSERT INTO part SELECT i % 2 + 1, i FROM generate_series(1, 1000) i});
	my $before = $node->safe_psql($db, $indexes);
	my $holder = $node->background_psql($db);
	$holder->query_safe('BEGIN; SELECT a FROM part_1 WHERE a = 1 AND b = 2');
	$node->safe_psql($db, q{SELECT pgroll_c.start_migration('02', '{"operations": [{"create_constraint":
		{"table": "part", "name": "part_key", "type": "unique", "columns": ["a", "b"],
			"up": {"a": "a", "b": "b"}, "down": {"a": "a", "b": "b"}}}]}')});
	poll($node, $db, q{SELECT waiting_for IS NOT NULL FROM pgroll_c.progress WHERE task = 'attach'}, 'a part is to be attached');
	is( $node->safe_psql($db, q{SELECT string_agg(concat_ws(' ', relkind, indisvalid, relispartition), ', ' ORDER BY relkind, relispartition)
			FROM pg_index JOIN pg_class ON oid = indexrelid WHERE indrelid::regclass::text ~ '^part'}),
		'I f f, i t f, i t t', 'the whole is there, with one of its parts');
	return ($db, $holder, $before);
}

($db, $holder, $before) = half_attached();
kill 9, worker_pid($node, $db);
$node->poll_query_until('postgres', 'SELECT true');
eval { $holder->quit };
poll_state($node, $db, 'ready', 'killed between: the migration becomes ready');
is( $node->safe_psql($db, q{INSERT INTO public_02.part VALUES (1, 2), (2, 2), (1, 3) ON CONFLICT (a, b) DO NOTHING RETURNING a || ' ' || b}),
	"2 2\n1 3", 'killed between: ON CONFLICT finds the whole');
$node->safe_psql($db, 'SELECT pgroll_c.complete_migration()');
is( $node->safe_psql($db, $indexes =~ s/, 'people'::regclass|'people'::regclass, //r . q{ AND indisunique}), join("\n",
		'CREATE UNIQUE INDEX own ON public.part_1 USING btree (a, b) t t part_key',
		'CREATE UNIQUE INDEX part_2_a_b_key ON public.part_2 USING btree (a, b) t t part_key',
		'CREATE UNIQUE INDEX part_key ON ONLY public.part USING btree (a, b) t t'),
	'killed between: all indexes are there');

($db, $holder, $before) = half_attached();
$holder->quit;
poll_state($node, $db, 'ready', 'attached: the migration becomes ready');
$node->safe_psql('postgres', 'DROP DATABASE restored');
$node->safe_psql('postgres', 'CREATE DATABASE restored');
$node->command_ok([ 'pg_dump', '-Fc', '-f', $node->basedir . '/dump', $node->connstr($db) ], 'attached: dumped');
$node->command_ok([ 'pg_restore', '--exit-on-error', '-d', $node->connstr('restored'), $node->basedir . '/dump' ], 'attached: restored');
foreach my $where ($db, 'restored')
{
	$node->safe_psql($where, 'SELECT pgroll_c.rollback_migration()');
	is($node->safe_psql($where, $indexes), $before, 'attached, rolled back: the indexes are as they were');
}
# before the task tries again, or after it
($db, $holder, $before) = half_attached();
$holder->quit;
$node->safe_psql($db, 'SELECT pgroll_c.rollback_migration()');
is($node->safe_psql($db, $indexes), $before, 'half attached, rolled back: the indexes are as they were');

# what is left of the whole is valid where the partition without a part goes
($db, $holder, $before) = half_attached();
$holder->query_safe('ALTER TABLE part DETACH PARTITION part_1; COMMIT');
$holder->quit;
poll_state($node, $db, 'ready', 'detached: the migration becomes ready');
is( $node->safe_psql($db, q{INSERT INTO public_02.part VALUES (2, 2), (2, 2) ON CONFLICT (a, b) DO NOTHING RETURNING a || ' ' || b}),
	'2 2', 'detached: ON CONFLICT finds the whole');
$node->safe_psql($db, 'SELECT pgroll_c.complete_migration()');
is( $node->safe_psql($db, $indexes =~ s/, 'people'::regclass|'people'::regclass, //r . q{ AND indisunique}), join("\n",
		'CREATE UNIQUE INDEX own ON public.part_1 USING btree (a, b) t t',
		'CREATE UNIQUE INDEX part_2_a_b_key ON public.part_2 USING btree (a, b) t t part_key',
		'CREATE UNIQUE INDEX part_key ON ONLY public.part USING btree (a, b) t t'),
	'detached: all indexes are there');

$node->stop;
done_testing();
