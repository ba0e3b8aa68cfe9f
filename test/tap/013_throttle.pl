# A backfill is held back while others suffer from it.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use Pgroll;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init(allows_streaming => 1);
$node->append_conf('postgresql.conf', 'pgroll_c.backfill_batch_time = 1ms');
$node->start;
$node->backup('base');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($node, 'base', has_streaming => 1);
$standby->append_conf('postgresql.conf', 'wal_receiver_status_interval = 1s');
$standby->start;
my $db;

sub set_option
{
	my ($name, $value) = @_;

	$node->append_conf('postgresql.conf', "$name = $value");
	$node->reload;
}

# a snapshot that keeps dead rows alive
$db = new_database($node, 20000);
set_option('pgroll_c.backfill_max_snapshot_age', '100ms');
my $reader = $node->background_psql($db);
$reader->query_safe('BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM pg_class');
my $pid = $reader->query_safe('SELECT pg_backend_pid()');
poll($node, $db, qq{SELECT clock_timestamp() - xact_start > interval '200 ms'
	FROM pg_stat_activity WHERE pid = $pid}, 'the snapshot has grown old');
start_migration($node, $db);
poll($node, $db, qq{SELECT waiting_for LIKE 'session $pid of role %, whose snapshot is older than %'
	FROM pgroll_c.progress WHERE task = 'backfill'}, 'an old snapshot makes it pause');
cmp_ok($node->safe_psql($db, q{SELECT rows_done FROM pgroll_c.task WHERE kind = 'backfill'}),
	'<', 20000, 'before it is done');
$reader->query_safe('COMMIT');
$reader->quit;
$node->safe_psql($db, 'CALL pgroll_c.wait_for_migration()');
backfilled($node, $db, 'then it goes on');
set_option('pgroll_c.backfill_max_snapshot_age', '0');

# a standby that lags
$db = new_database($node, 20000);
my $holder = hold_backfill($node, $db);
set_option('pgroll_c.backfill_max_replica_lag', '100ms');
$node->wait_for_catchup($standby);
start_migration($node, $db);
$standby->safe_psql('postgres', 'SELECT pg_wal_replay_pause()');
poll($standby, 'postgres', q{SELECT pg_get_wal_replay_pause_state() = 'paused'},
	'the standby stands still');
poll($node, $db, q{SELECT waiting_for LIKE 'standby standby, which lags by %'
	FROM pgroll_c.progress WHERE task = 'backfill'}, 'a standby that lags makes it pause');
$standby->safe_psql('postgres', 'SELECT pg_wal_replay_resume()');
$holder->quit;
$node->safe_psql($db, 'CALL pgroll_c.wait_for_migration()');
backfilled($node, $db, 'then it goes on');
set_option('pgroll_c.backfill_max_replica_lag', '0');

# so much WAL and no more: 20,000 rows are more than 1 MB of it
$db = new_database($node, 20000);
set_option('pgroll_c.backfill_max_wal_rate', '1MB');
start_migration($node, $db);
$node->safe_psql($db, 'CALL pgroll_c.wait_for_migration()');
backfilled($node, $db, 'a rate of WAL: every row is backfilled');
is( $node->safe_psql($db, q{SELECT finished_at - started_at > interval '1 second'
		FROM pgroll_c.task WHERE kind = 'backfill'}),
	't', 'and not at once');

$standby->stop;
$node->stop;
done_testing();
