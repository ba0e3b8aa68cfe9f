# A rollback ends a long VALIDATE CONSTRAINT or CREATE INDEX CONCURRENTLY of the
# migration, wherever it runs, waits for nothing, and leaves nothing behind.

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
$node->start;

# What a table consists of, as text.
my $shape = q{
	SELECT string_agg(line, E'\n' ORDER BY line) FROM (
		SELECT attname || ' ' || format_type(atttypid, atttypmod) FROM pg_attribute
		WHERE attrelid = 'people'::regclass AND attnum > 0 AND NOT attisdropped
		UNION ALL SELECT conname || ' ' || pg_get_constraintdef(oid) || convalidated
		FROM pg_constraint WHERE conrelid = 'people'::regclass
		UNION ALL SELECT pg_get_indexdef(indexrelid) || indisvalid
		FROM pg_index WHERE indrelid = 'people'::regclass
		UNION ALL SELECT pg_get_triggerdef(oid)
		FROM pg_trigger WHERE tgrelid = 'people'::regclass) AS lines (line)};

# A table with a check whose validation waits for lock 43, or with an index.
sub table_with
{
	my ($what) = @_;
	my $db = new_database($node, 1000);

	$node->safe_psql($db, q{
		CREATE FUNCTION held(age anyelement) RETURNS boolean IMMUTABLE LANGUAGE plpgsql AS $$
		BEGIN
			IF (SELECT query LIKE '%VALIDATE CONSTRAINT%' FROM pg_stat_activity
				WHERE pid = pg_backend_pid()) THEN
				PERFORM pg_advisory_xact_lock_shared(43);
			END IF;
			RETURN true;
		END $$});
	$node->safe_psql($db, $what eq 'validate' ?
		'ALTER TABLE people ADD CHECK (held(age))' :
		'CREATE INDEX ON people (age)');
	return $db;
}

# A session for which the task waits, without a lock on the table.
sub hold
{
	my ($db, $what) = @_;
	my $session = $node->background_psql($db);

	$session->query_safe($what eq 'validate' ? 'SELECT pg_advisory_lock(43)' :
		'BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM pg_class');
	return $session;
}

# Roll back while somebody is in the middle of the task.
sub rolled_back
{
	my ($db, $what, $before, $how) = @_;

	poll($node, $db, $what eq 'validate' ?
		q{SELECT count(*) = 1 FROM pg_locks WHERE locktype = 'advisory'
			AND objid = 43 AND NOT granted} :
		q{SELECT count(*) = 1 FROM pg_stat_progress_create_index
			WHERE phase = 'waiting for old snapshots'},
		"$how: the task is under way");
	my ($code, $stdout, $stderr) = $node->psql($db, q{
		SET statement_timeout = '60s';
		SET pgroll_c.lock_retry_timeout = '20s';
		SELECT pgroll_c.rollback_migration() IS NULL});
	is("$code $stdout $stderr", '0 t ', "$how: the rollback succeeds");
	is($node->safe_psql($db, $shape), $before, "$how: the table is as it was");
	is( $node->safe_psql($db, q{SELECT count(*) FROM pg_class WHERE relname LIKE '\_pgroll%'}),
		'0', "$how: no index is left");
	poll($node, $db, q{
		SELECT count(*) = 0 FROM pg_stat_activity
		WHERE datname = current_database() AND backend_type = 'pgroll_c worker'},
		"$how: nobody works on it any more");
	is( $node->safe_psql($db, q{UPDATE people SET age = '7' WHERE id = 1 RETURNING age}),
		'7', "$how: the table can be written");
}

foreach my $what ('validate', 'index')
{
	my $db = table_with($what);
	my $before = $node->safe_psql($db, $shape);
	my $holder = hold($db, $what);

	start_migration($node, $db);
	rolled_back($db, $what, $before, "$what by a worker");
	$holder->quit;
}

# a rollback that is itself undone has the worker come back
{
	my $db = table_with('validate');
	my $holder = hold($db, 'validate');

	start_migration($node, $db);
	poll($node, $db, q{SELECT count(*) = 1 FROM pg_locks WHERE locktype = 'advisory'
		AND objid = 43 AND NOT granted}, 'undone: the task is under way');
	$node->safe_psql($db, q{
		BEGIN;
		SAVEPOINT s;
		SELECT pgroll_c.rollback_migration();
		ROLLBACK TO s;
		COMMIT});
	$holder->quit;
	poll($node, $db, q{SELECT state = 'ready' FROM pgroll_c.migrations WHERE name = '02_age'},
		'undone: the migration becomes ready by itself');
}

# the same in a session that does the work itself
$node->append_conf('postgresql.conf', 'max_worker_processes = 0');
$node->restart;
foreach my $what ('validate', 'index')
{
	my $db = table_with($what);
	my $before = $node->safe_psql($db, $shape);
	my $holder = hold($db, $what);
	my $worker = $node->background_psql($db, on_error_stop => 0);

	$node->psql($db, q{
		SELECT pgroll_c.start_migration('02_age', '{"operations": [
			{"alter_column": {"table": "people", "column": "age", "type": "integer",
				"up": "age_up(age)", "down": "age::text"}}]}')});
	$worker->query_until(qr/^/, "CALL pgroll_c.run_tasks();\n");
	rolled_back($db, $what, $before, "$what by a session");
	$worker->quit;
	$holder->quit;
}

$node->stop;
done_testing();
