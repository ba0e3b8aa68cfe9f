# A worker may die between any two lines: the work goes on from its cursor.

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
pgroll_c.backfill_batch_time = 1ms
});
$node->append_conf('postgresql.conf', q{shared_preload_libraries = 'pgroll_c'});
$node->start;

# A migration whose backfill stops in the middle of the table.
sub held_migration
{
	my $db = new_database($node, $rows);
	my $holder = hold_backfill($node, $db);

	start_migration($node, $db);
	poll($node, $db,
		q{SELECT rows_done > 0 AND blocks_done > 0 FROM pgroll_c.progress WHERE task = 'backfill'},
		'the backfill is on its way');
	return ($db, $holder);
}

# What is done once is not done again, and nothing is left out.
sub finished
{
	my ($db, $how) = @_;

	poll_state($node, $db, 'ready', "$how: the migration becomes ready");
	backfilled($node, $db, "$how: every row is backfilled");
	is( $node->safe_psql($db, q{SELECT rows_done FROM pgroll_c.task WHERE kind = 'backfill'}),
		$rows, "$how: each row was backfilled once");
}

my ($db, $holder) = held_migration();
my $pid = worker_pid($node, $db);
kill 9, $pid;
$node->poll_query_until('postgres', 'SELECT true');
finished($db, 'worker killed');
eval { $holder->quit };

($db, $holder) = held_migration();
$node->stop('immediate');
eval { $holder->quit };
$node->start;
finished($db, 'immediate shutdown, preloaded');

# without preloading, whoever looks starts the worker
$node->adjust_conf('postgresql.conf', 'shared_preload_libraries', "''");
$node->restart;
($db, $holder) = held_migration();
$node->stop('immediate');
eval { $holder->quit };
$node->start;
is(worker_pid($node, $db), '', 'nobody works after the restart');
$node->safe_psql($db, 'SELECT pgroll_c.status()');
finished($db, 'immediate shutdown, status()');

($db, $holder) = held_migration();
$node->safe_psql($db, 'SELECT pg_terminate_backend(' . worker_pid($node, $db) . ', 10000)');
is( $node->safe_psql($db, q{SELECT state FROM pgroll_c.migrations}),
	'started', 'the migration of a terminated worker is still started');
$holder->quit;
$node->safe_psql($db, 'CALL pgroll_c.wait_for_migration()');
finished($db, 'worker terminated');

($db, $holder) = held_migration();
$pid = worker_pid($node, $db);
# again and again: a lock timeout at the same moment swallows the request
poll($node, $db, "SELECT count(pg_cancel_backend(pid)) = 0 FROM pg_stat_activity WHERE pid = $pid",
	'a cancelled worker goes');
$holder->quit;
$node->safe_psql($db, 'CALL pgroll_c.run_tasks()');
finished($db, 'worker cancelled, run_tasks()');

# a row that the backfill passed over is behind the cursor when the worker dies
($db, $holder) = held_migration();
my $locker = $node->background_psql($db);
$locker->query_safe("BEGIN; SELECT FROM people WHERE id = $rows FOR UPDATE");
$holder->quit;
poll($node, $db, "SELECT rows_done = $rows - 1 FROM pgroll_c.progress WHERE task = 'backfill'",
	'all rows but one are backfilled');
$pid = worker_pid($node, $db);
$node->safe_psql($db, "SELECT pg_terminate_backend($pid, 10000)");
$locker->quit;
$node->safe_psql($db, 'CALL pgroll_c.wait_for_migration()');
finished($db, 'worker terminated beyond a held row');

$node->stop;
done_testing();
