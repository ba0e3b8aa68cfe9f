# Where no background worker can be had, run_tasks() does the work, and a
# migration is rolled back while its work is under way.

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
$node->append_conf('postgresql.conf', 'max_worker_processes = 0');
$node->start;
my ($db, $stdout, $stderr, $holder, $runner);

$db = new_database($node, 1000);
$node->safe_psql($db, 'CREATE INDEX people_age ON people (age)');
$node->psql($db, q{SELECT pgroll_c.start_migration('02_age', '{"operations": [
		{"alter_column": {"table": "people", "column": "age", "type": "integer",
			"up": "age_up(age)", "down": "age::text"}}]}')}, stderr => \$stderr);
like($stderr, qr/WARNING:  no slot is free for the background worker.*run_tasks/s,
	'the start says that nobody works');
is($node->safe_psql($db, 'SELECT state FROM pgroll_c.migrations'), 'started',
	'it is started all the same');
$node->psql($db, q{DO $$ BEGIN CALL pgroll_c.run_tasks(); END $$}, stderr => \$stderr);
like($stderr, qr/run_tasks\(\) cannot build an index inside DO or another procedure/,
	'no index is built inside DO');
is($node->safe_psql($db, 'SELECT state FROM pgroll_c.migrations'), 'started',
	'that is no failure of the task');
$node->safe_psql($db, q{
	SET default_transaction_isolation = 'repeatable read';
	SET default_transaction_read_only = on;
	SET lock_timeout = 1;
	CALL pgroll_c.run_tasks()});
is($node->safe_psql($db, 'SELECT state FROM pgroll_c.migrations'), 'ready',
	'run_tasks() makes it ready, whatever the session has set');
backfilled($node, $db, 'every row is backfilled');
$node->safe_psql($db, 'SELECT pgroll_c.complete_migration()');
is($node->safe_psql($db, q{SELECT indexdef FROM pg_indexes WHERE indexname = 'people_age'}),
	'CREATE INDEX people_age ON public.people USING btree (age)', 'the index is there');

# whoever works in the foreground is cancelled by a rollback
$db = new_database($node, 1000);
$holder = hold_backfill($node, $db);
$node->psql($db, q{SELECT pgroll_c.start_migration('02_age', '{"operations": [
		{"alter_column": {"table": "people", "column": "age", "type": "integer",
			"up": "age_up(age)", "down": "age::text"}}]}')});
$runner = $node->background_psql($db, on_error_stop => 0);
$runner->query_until(qr/at work/, "\\echo at work\nCALL pgroll_c.run_tasks();\n\\echo over\n");
poll($node, $db, q{SELECT rows_done > 0 FROM pgroll_c.progress WHERE task = 'backfill'},
	'the backfill is on its way');
$node->safe_psql($db, 'SELECT pgroll_c.rollback_migration()');
$runner->query_until(qr/over/, '');
$runner->quit;
$holder->quit;
is($node->safe_psql($db, 'SELECT state FROM pgroll_c.migrations'), 'rolled_back',
	'a rollback cancels who works');
is($node->safe_psql($db, q{SELECT string_agg(attname, ' ' ORDER BY attnum) FROM pg_attribute
		WHERE attrelid = 'people'::regclass AND attnum > 0 AND NOT attisdropped}),
	'id name age', 'and leaves nothing');

# so is a worker, and it goes on where the rollback is rolled back itself
$node->adjust_conf('postgresql.conf', 'max_worker_processes', '8');
$node->restart;
$db = new_database($node, 1000);
$holder = hold_backfill($node, $db);
start_migration($node, $db);
poll($node, $db, q{SELECT rows_done > 0 FROM pgroll_c.progress WHERE task = 'backfill'},
	'the backfill is on its way');
my $pid = worker_pid($node, $db);
$node->safe_psql($db, 'BEGIN; SELECT pgroll_c.rollback_migration(); ROLLBACK');
poll($node, $db, "SELECT count(*) = 0 FROM pg_stat_activity WHERE pid = $pid",
	'the worker was cancelled');
$holder->quit;
poll_state($node, $db, 'ready', 'another has taken its place');
backfilled($node, $db, 'every row is backfilled');
$node->safe_psql($db, 'SELECT pgroll_c.rollback_migration()');

$holder = hold_backfill($node, $db);
start_migration($node, $db) if $node->safe_psql($db, 'SELECT 1');
$node->safe_psql($db, 'SELECT pgroll_c.rollback_migration()');
is($node->safe_psql($db, 'SELECT state FROM pgroll_c.migrations ORDER BY id DESC LIMIT 1'), 'rolled_back',
	'a rollback cancels the worker');
$holder->quit;
poll($node, $db, q{SELECT count(*) = 0 FROM pg_stat_activity WHERE backend_type = 'pgroll_c worker'},
	'no worker stays');

$node->stop;
done_testing();
