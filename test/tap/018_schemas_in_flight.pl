# Two base schemas with a migration in flight each, and a foreign key between their
# tables: a crash stops neither for good, and each can end whatever the other does.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use Pgroll;

my $rows = 20000;
my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->append_conf('postgresql.conf', q{
restart_after_crash = on
shared_preload_libraries = 'pgroll_c'
pgroll_c.backfill_batch_time = 1ms
max_prepared_transactions = 5
});
$node->start;

my $states = q{SELECT string_agg(schema || ' ' || state, ', ' ORDER BY schema) FROM pgroll_c.migrations
	WHERE state NOT IN ('completed', 'rolled_back')};
my $keys = q{SELECT string_agg(conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(oid) || ' '
	|| convalidated, E'\n' ORDER BY conrelid::regclass::text, conname) FROM pg_constraint
	WHERE contype IN ('p', 'f') AND connamespace IN ('a'::regnamespace, 'b'::regnamespace)};
my $kept = 'a.t t_pkey PRIMARY KEY (id) true
b.u u_pkey PRIMARY KEY (id) true
b.u u_t FOREIGN KEY (t) REFERENCES a.t(id) ON DELETE CASCADE true';
my $databases = 0;

# A database with both.  In the middle of a table the backfill stops while somebody
# holds lock 41, of schema a, or 42.
sub two_schemas
{
	my $db = 'two' . ++$databases;

	$node->safe_psql('postgres', "CREATE DATABASE $db");
	$node->safe_psql($db, qq{
		CREATE EXTENSION pgroll_c;
		CREATE SCHEMA a;
		CREATE SCHEMA b;
		CREATE TABLE a.t (id int PRIMARY KEY, x int);
		CREATE TABLE b.u (id int PRIMARY KEY, t int CONSTRAINT u_t REFERENCES a.t ON DELETE CASCADE, y int);
		INSERT INTO a.t SELECT i, i FROM generate_series(1, $rows) i;
		INSERT INTO b.u SELECT i, i, i FROM generate_series(1, $rows) i;
		CREATE FUNCTION hold(value int, key int) RETURNS bigint LANGUAGE plpgsql AS \$\$
		BEGIN
			IF value = $rows / 2 THEN
				PERFORM pg_advisory_xact_lock_shared(key);
			END IF;
			RETURN value;
		END \$\$;
		SELECT pgroll_c.baseline('01', 'a'), pgroll_c.baseline('01', 'b')});
	return $db;
}

sub start_both
{
	my ($db) = @_;

	$node->safe_psql($db, q{
		SELECT pgroll_c.start_migration('02', '{"operations": [{"alter_column": {"table": "t", "column": "id",
			"type": "bigint", "up": "public.hold(id, 41)", "down": "id::int"}}]}', 'a');
		SELECT pgroll_c.start_migration('02', '{"operations": [{"alter_column": {"table": "u", "column": "y",
			"type": "bigint", "up": "public.hold(y, 42)", "down": "y::int"}}]}', 'b')});
}

# Sessions that hold the backfills of these schemas; end them to let go.
sub hold
{
	my ($db, @locks) = @_;

	return map {
		my $session = $node->background_psql($db);

		$session->query_safe("SELECT pg_advisory_lock($_)");
		$session
	} @locks;
}

sub on_their_way
{
	my ($db, $expected) = @_;

	poll($node, $db, qq{SELECT count(*) = $expected FROM pgroll_c.progress WHERE task = 'backfill' AND rows_done > 0},
		"$db: $expected backfills are on their way");
}

sub both_ready
{
	my ($db, $how) = @_;

	poll($node, $db, "SELECT ($states) = 'a ready, b ready'", "$how: both become ready");
	is( $node->safe_psql($db, q{SELECT count(*) FROM a_02.t JOIN b_02.u ON u.t = t.id AND y = x}),
		$rows, "$how: all rows are backfilled");
}

sub complete_both
{
	my ($db, $how, @schemas) = @_;

	$node->safe_psql($db, "SELECT pgroll_c.complete_migration('$_')") foreach @schemas;
	is($node->safe_psql($db, $keys), $kept, "$how: the keys are there");
	is( $node->safe_psql($db, q{SELECT string_agg(format_type(atttypid, NULL), ' ' ORDER BY attrelid::regclass::text, attname)
			FROM pg_attribute WHERE attrelid IN ('a.t'::regclass, 'b.u'::regclass) AND attnum > 0 AND NOT attisdropped}),
		'bigint integer integer integer bigint', "$how: the columns are changed");
}

# a crash of everything
my $db = two_schemas();
my @holders = hold($db, 41, 42);
start_both($db);
on_their_way($db, 2);
my @pids = split /\n/, worker_pid($node, $db);
is(scalar @pids, 2, 'each has a worker');
kill 9, $pids[1];
$node->poll_query_until('postgres', 'SELECT true');
eval { $_->quit } foreach @holders;
both_ready($db, 'a worker killed');
complete_both($db, 'a worker killed', 'b', 'a');

# one is undone while the other's backfill is held
$db = two_schemas();
@holders = hold($db, 42);
start_both($db);
on_their_way($db, 1);
poll($node, $db, "SELECT ($states) = 'a ready, b started'", 'one is ready while the other is held');
$node->safe_psql($db, "SELECT pgroll_c.rollback_migration('a')");
is($node->safe_psql($db, $states), 'b started', 'it is rolled back, and the other goes on');
$node->safe_psql($db, q{SELECT pgroll_c.start_migration('02', '{"operations": [{"alter_column": {"table": "t", "column": "id",
	"type": "bigint", "up": "id", "down": "id::int"}}]}', 'a')});
poll($node, $db, "SELECT ($states) = 'a ready, b started'", 'it becomes ready once more');
$node->safe_psql($db, "SELECT pgroll_c.complete_migration('a')");
$holders[0]->quit;
poll($node, $db, "SELECT ($states) = 'b ready'", 'the other becomes ready');
complete_both($db, 'one after the other', 'b');

# the other way round, with a crash between
$db = two_schemas();
@holders = hold($db, 41);
start_both($db);
on_their_way($db, 1);
poll($node, $db, "SELECT ($states) = 'a started, b ready'", 'the referencing one is ready first');
$node->safe_psql($db, "SELECT pgroll_c.complete_migration('b')");
$node->stop('immediate');
eval { $holders[0]->quit };
$node->start;
poll($node, $db, "SELECT ($states) = 'a ready'", 'the other becomes ready after a crash');
complete_both($db, 'a crash between', 'a');

# what is written through both at once while both are held is kept by both
$db = two_schemas();
@holders = hold($db, 41, 42);
start_both($db);
on_their_way($db, 2);
$node->safe_psql($db, q{
	WITH w AS (INSERT INTO a_02.t VALUES (-1, -1) RETURNING id) SELECT * FROM w;
	WITH w AS (UPDATE a_01.t SET x = -2 WHERE id = 2 RETURNING id, x), v AS (INSERT INTO b_02.u VALUES (-1, -1, -1))
	UPDATE b_01.u SET y = w.x FROM w WHERE u.id = w.id;
	WITH w AS (UPDATE b_02.u SET y = -3 WHERE id = 3 RETURNING id, y), v AS (DELETE FROM a_01.t WHERE id = 4)
	UPDATE a_01.t SET x = w.y FROM w WHERE t.id = w.id;
	BEGIN;
	UPDATE b_01.u SET y = -5 WHERE id = 5;
	UPDATE a_02.t SET x = -5 WHERE x = 5;
	PREPARE TRANSACTION 'two';
});
$_->quit foreach @holders;
poll($node, $db, "SELECT ($states) = 'a started, b ready'", 'the index waits for a prepared transaction');
$node->safe_psql($db, "COMMIT PREPARED 'two'");
poll($node, $db, "SELECT ($states) = 'a ready, b ready'", 'both become ready with it');
complete_both($db, 'written through both', 'a', 'b');
is( $node->safe_psql($db, q{SELECT string_agg(format('%s %s %s', t.id, x, y), ', ' ORDER BY t.id)
		FROM a_02.t FULL JOIN b_02.u USING (id) WHERE id < 6}),
	'-1 -1 -1, 1 1 1, 2 -2 -2, 3 -3 -3, 5 -5 -5', 'written through both: nothing is lost');

# one slot for workers
$node->append_conf('postgresql.conf', "max_worker_processes = 2\nmax_logical_replication_workers = 0\nmax_parallel_workers = 0");
$node->restart;
$db = two_schemas();
start_both($db);
$node->safe_psql($db, "CALL pgroll_c.wait_for_migration('a')");
$node->safe_psql($db, "CALL pgroll_c.wait_for_migration('b')");
both_ready($db, 'few workers');
complete_both($db, 'few workers', 'a', 'b');

$node->stop;
my $log = slurp_file($node->logfile);
unlike($log, qr/deadlock detected|PANIC|TRAP|signal 11/, 'no deadlock, no crash of ours');
done_testing();
