# What a backfill meets: rewritten tables, rows that fail or are held, the
# user's triggers, old snapshots, large tables.

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
pgroll_c.backfill_batch_time = 1ms
max_prepared_transactions = 2
});
$node->start;
my ($db, $holder, $stdout, $stderr);

# the table is rewritten in the middle: the cursor means nothing any more
$db = new_database($node, 20000);
$holder = hold_backfill($node, $db);
start_migration($node, $db);
poll($node, $db, q{SELECT blocks_done > 0 FROM pgroll_c.progress WHERE task = 'backfill'},
	'the backfill is on its way');
my $storage = $node->safe_psql($db, q{SELECT storage FROM pgroll_c.task WHERE kind = 'backfill'});
# not VACUUM, which in the middle of the file would change nothing
$node->safe_psql($db, 'VACUUM FULL people');
$holder->quit;
$node->safe_psql($db, 'CALL pgroll_c.wait_for_migration()');
isnt($node->safe_psql($db, q{SELECT storage FROM pgroll_c.task WHERE kind = 'backfill'}),
	$storage, 'VACUUM FULL: the cursor is of the new file');
backfilled($node, $db, 'VACUUM FULL: every row is backfilled');

# TRUNCATE leaves nothing to do
$db = new_database($node, 20000);
$holder = hold_backfill($node, $db);
start_migration($node, $db);
$node->safe_psql($db, 'TRUNCATE people');
$holder->quit;
$node->safe_psql($db, 'CALL pgroll_c.wait_for_migration()');
poll_state($node, $db, 'ready', 'TRUNCATE: the migration becomes ready');

# a row that fails is named; mended, the work goes on
$db = new_database($node, 20000);
$node->safe_psql($db, q{UPDATE people SET age = '0' WHERE id = 12345});
start_migration($node, $db);
poll_state($node, $db, 'failed', 'a row that fails: the migration is failed');
is( $node->safe_psql($db, 'SELECT task, state, last_error FROM pgroll_c.progress ORDER BY task_id LIMIT 1'),
	'backfill|failed|row (id)=(12345): division by zero', 'the error names the row');
is( $node->safe_psql($db, 'SELECT state, tasks_open, tasks_failed, last_error FROM pgroll_c.status()'),
	'failed|3|1|row (id)=(12345): division by zero', 'status() tells it');
($stdout, $stderr) = ('', '');
is($node->psql($db, "\\set VERBOSITY verbose\nCALL pgroll_c.wait_for_migration()",
		stderr => \$stderr, on_error_stop => 1), 3, 'wait_for_migration() is an error');
like($stderr, qr/PR004: migration "02_age" failed\s+DETAIL:.*row \(id\)=\(12345\): division by zero\s+HINT:.*retry_migration/,
	'the error says what failed and what to do');
$node->safe_psql($db, q{UPDATE people SET name = 'other' WHERE id = 1});
is( $node->safe_psql($db, 'SELECT _pgroll_c_1_1_age FROM people WHERE id = 1'),
	'50', 'dual writes go on');
is($node->safe_psql($db, 'SELECT pgroll_c.retry_migration()'), '1', 'retry opens the task');
poll_state($node, $db, 'failed', 'unmended, it fails again');
$node->safe_psql($db, q{
	UPDATE people SET age = '5' WHERE id = 12345;
	SELECT pgroll_c.retry_migration()});
$node->safe_psql($db, 'CALL pgroll_c.wait_for_migration()');
backfilled($node, $db, 'mended, every row is backfilled');

# an expression that raises what a conflict would is not tried for ever, and tells
$db = new_database($node, 1000);
$node->safe_psql($db, q{
	CREATE OR REPLACE FUNCTION age_up(age text) RETURNS int LANGUAGE plpgsql AS $$
	BEGIN
		IF age = 'x' THEN
			RAISE serialization_failure USING MESSAGE = 'no luck';
		END IF;
		RETURN 100 / age::int;
	END $$;
	UPDATE people SET age = 'x' WHERE id = 7});
start_migration($node, $db);
poll($node, $db, q{SELECT state = 'open' AND waiting_for = 'another transaction'
		AND last_error = 'row (id)=(7): no luck' FROM pgroll_c.progress WHERE task = 'backfill'},
	'an error that may go away is shown while it is tried again');
poll_state($node, $db, 'failed', 'it does not: the migration is failed');
is( $node->safe_psql($db, q{SELECT last_error FROM pgroll_c.progress WHERE state = 'failed'}),
	'row (id)=(7): no luck', 'the error names the row');
$node->safe_psql($db, q{
	UPDATE people SET age = '5' WHERE id = 7;
	SELECT pgroll_c.retry_migration()});
$node->safe_psql($db, 'CALL pgroll_c.wait_for_migration()');
backfilled($node, $db, 'mended, every row is backfilled');
is( $node->safe_psql($db, 'SELECT count(*) FROM pgroll_c.task WHERE last_error IS NOT NULL'),
	'0', 'and the error is forgotten');

# the same where the table has no key
$db = new_database($node, 1000);
$node->safe_psql($db, q{ALTER TABLE people DROP CONSTRAINT people_pkey;
	UPDATE people SET age = 'x' WHERE id = 7});
start_migration($node, $db);
poll_state($node, $db, 'failed', 'a row without a key fails');
like($node->safe_psql($db, 'SELECT last_error FROM pgroll_c.progress WHERE state = \'failed\''),
	qr/^row \(ctid\)=\(\(\d+,\d+\)\): invalid input syntax for type integer: "x"$/,
	'the error names its place');

# a row that somebody holds is passed over, the others are done meanwhile
my ($writer, $writer_pid, $locker);
$db = new_database($node, 20000);
$holder = hold_backfill($node, $db);
start_migration($node, $db);
$writer = $node->background_psql($db);
$locker = $node->background_psql($db);
# these rows are behind the one that is held
$writer->query_safe(q{
	BEGIN;
	UPDATE people SET name = 'changed' WHERE id = 15000;
	DELETE FROM people WHERE id = 15001;
	SELECT FROM people WHERE id = 16001 FOR UPDATE;
	SELECT FROM people WHERE id = 16002 FOR SHARE});
$locker->query_safe('BEGIN; SELECT FROM people WHERE id IN (16002, 16003) FOR KEY SHARE');
$node->safe_psql($db, q{
	BEGIN;
	UPDATE people SET name = 'prepared' WHERE id = 17000;
	PREPARE TRANSACTION 'waiting'});
$holder->quit;
$writer_pid = $writer->query_safe('SELECT pg_backend_pid()');
poll($node, $db, qq{SELECT waiting_for LIKE 'rows locked by session $writer_pid %'
		OR waiting_for = 'rows locked by prepared transaction ''waiting'''
	FROM pgroll_c.progress WHERE task = 'backfill'}, 'the task says whom it waits for');
is( $node->safe_psql($db, 'SELECT string_agg(id::text, \' \' ORDER BY id) FROM people WHERE _pgroll_c_1_pending'),
	'15000 15001 16001 16002 17000', 'only the held rows are left, but not the one held FOR KEY SHARE');
is( $writer->query_safe(q{SELECT count(*) FROM pg_locks WHERE NOT granted}), '0',
	'nobody waits for a lock');
$writer->query_safe('ROLLBACK');
$locker->query_safe('ROLLBACK');
poll($node, $db, qq{SELECT waiting_for = 'rows locked by prepared transaction ''waiting'''
	FROM pgroll_c.progress WHERE task = 'backfill'}, 'the prepared transaction is left');
$node->safe_psql($db, q{COMMIT PREPARED 'waiting'});
$node->safe_psql($db, 'CALL pgroll_c.wait_for_migration()');
backfilled($node, $db, 'held rows: every row is backfilled');
$_->quit foreach $writer, $locker;

# a lock on the table makes it wait, and nobody queues behind it
$db = new_database($node, 1000);
$node->safe_psql($db, 'CREATE ROLE locker LOGIN; GRANT ALL ON people TO locker');
$writer = $node->background_psql($db, extra_params => [ '-U', 'locker' ]);
$holder = hold_backfill($node, $db);
start_migration($node, $db);
$writer->query_safe('BEGIN; LOCK TABLE people IN SHARE MODE');
$holder->quit;
poll($node, $db, qq{SELECT waiting_for LIKE 'It is locked by process %'
	FROM pgroll_c.progress WHERE task = 'backfill'}, 'a table lock is waited for');
is( $node->safe_psql($db, 'SELECT count(*) FROM pg_locks WHERE NOT granted'),
	'0', 'without standing in a queue');
# whose query it is looks up again when a role has changed
$node->safe_psql($db, 'CREATE ROLE somebody');
$writer->query_safe('SELECT 2');
poll($node, $db, qq{SELECT waiting_for LIKE '%last query: SELECT 2%'
	FROM pgroll_c.progress WHERE task = 'backfill'}, 'it is still waited for when a role was made');
$writer->query_safe('COMMIT');
$node->safe_psql($db, 'CALL pgroll_c.wait_for_migration()');
backfilled($node, $db, 'table lock: every row is backfilled');
$writer->quit;

# a snapshot from before the last batch is waited for, a newer one is not
$db = new_database($node, 1000);
$writer = $node->background_psql($db);
$holder = hold_backfill($node, $db);
start_migration($node, $db);
$writer->query_safe('BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM people');
$writer_pid = $writer->query_safe('SELECT pg_backend_pid()');
$holder->quit;
poll($node, $db, qq{SELECT waiting_for LIKE 'a snapshot from before the last batch, held by session $writer_pid %'
	FROM pgroll_c.progress WHERE task = 'old_snapshots'}, 'an old snapshot is waited for');
$locker = $node->background_psql($db);
$locker->query_safe('BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM people');
is( $node->safe_psql($db, 'SELECT state FROM pgroll_c.migrations'), 'started',
	'the migration is not ready before');
$writer->query_safe('COMMIT');
poll_state($node, $db, 'ready', 'a newer snapshot is not waited for');
$_->quit foreach $writer, $locker;

# the user's triggers do not fire, constraints and indexes are kept
$db = new_database($node, 1000);
$node->safe_psql($db, q{
	CREATE TABLE audit (id int);
	CREATE FUNCTION audit() RETURNS trigger LANGUAGE plpgsql AS
		$$ BEGIN INSERT INTO audit VALUES (NEW.id); RETURN NEW; END $$;
	CREATE TRIGGER audit AFTER UPDATE ON people FOR EACH ROW EXECUTE FUNCTION audit();
	ALTER TABLE people ADD COLUMN upper_name text GENERATED ALWAYS AS (upper(name)) STORED;
	CREATE INDEX ON people (name);
	ALTER TABLE people ADD UNIQUE (name, age) DEFERRABLE INITIALLY DEFERRED;
	VACUUM FULL people});
start_migration($node, $db);
$node->safe_psql($db, 'CALL pgroll_c.wait_for_migration()');
backfilled($node, $db, 'generated column, indexes: every row is backfilled');
is($node->safe_psql($db, 'SELECT count(*) FROM audit'), '0', 'no trigger of the user fired');
is( $node->safe_psql($db, q{SELECT count(*) FROM people WHERE upper_name = upper(name)}),
	'1000', 'generated columns are kept');
is( $node->safe_psql($db, q{
		SET enable_seqscan = off;
		SELECT count(*), count(_pgroll_c_1_1_age) FROM people WHERE name > ''}),
	'1000|1000', 'the index finds the new row versions');

# the last pass finds a row that came in without the trigger; its new value breaks a
# constraint
$db = new_database($node, 1000);
start_migration($node, $db);
$node->safe_psql($db, 'CALL pgroll_c.wait_for_migration()');
$node->safe_psql($db, 'ALTER TABLE people ADD CONSTRAINT adult CHECK (_pgroll_c_1_1_age < 90) NOT VALID');
$node->safe_psql($db, 'CALL pgroll_c.wait_for_migration()');
$node->safe_psql($db, q{
	UPDATE pg_trigger SET tgenabled = 'D' WHERE tgrelid = 'people'::regclass});
$node->safe_psql($db, q{
	UPDATE people SET _pgroll_c_1_pending = true, _pgroll_c_1_1_age = NULL WHERE id = 100;
	UPDATE pg_trigger SET tgenabled = 'A' WHERE tgrelid = 'people'::regclass;
	UPDATE pgroll_c.migration SET state = 'started';
	UPDATE pgroll_c.task SET state = 'open', storage = NULL WHERE kind = 'last_pass'});
$node->psql($db, 'CALL pgroll_c.run_tasks()', stderr => \$stderr);
like($stderr, qr/row \(id\)=\(100\): new row for relation "people" violates check constraint "adult"\n/,
	'the last pass finds a row that awaits, and a constraint that it breaks');

# one row awaits after the backfill: the last pass does it
$node->safe_psql($db, q{ALTER TABLE people DROP CONSTRAINT adult; SELECT pgroll_c.retry_migration()});
$node->safe_psql($db, 'CALL pgroll_c.wait_for_migration()');
backfilled($node, $db, 'the last pass leaves no row behind');

# what is not a heap goes through SQL
$db = new_database($node, 3000);
$node->safe_psql($db, q{
	CREATE ACCESS METHOD heap_too TYPE TABLE HANDLER heap_tableam_handler;
	ALTER TABLE people SET ACCESS METHOD heap_too;
	CREATE TABLE audit (id int);
	CREATE FUNCTION audit() RETURNS trigger LANGUAGE plpgsql AS
		$$ BEGIN INSERT INTO audit VALUES (NEW.id); RETURN NEW; END $$;
	CREATE TRIGGER audit AFTER UPDATE ON people FOR EACH ROW EXECUTE FUNCTION audit()});
start_migration($node, $db);
$node->safe_psql($db, 'CALL pgroll_c.wait_for_migration()');
backfilled($node, $db, 'another access method: every row is backfilled');
is($node->safe_psql($db, 'SELECT count(*) FROM audit'), '0', 'no trigger of the user fired');

# Ask the worker to log its memory, and wait until it begins; what the log has since
# $offset.
sub ask_for_memory
{
	my ($node, $db, $offset) = @_;
	my $asked = -s $node->logfile;

	$node->safe_psql($db, 'SELECT pg_log_backend_memory_contexts(' . worker_pid($node, $db) . ')');
	$node->wait_for_log(qr/logging memory contexts of PID/, $asked);
	return slurp_file($node->logfile, $offset);
}

# what is asked of the worker in the moment of a lock timeout is not forgotten
$db = new_database($node, 2000);
$holder = hold_backfill($node, $db);
start_migration($node, $db);
poll($node, $db, q{SELECT waiting_for IS NOT NULL FROM pgroll_c.progress WHERE task = 'backfill'},
	'the backfill waits');
my $requests = 100;
my $asked = -s $node->logfile;
ask_for_memory($node, $db, $asked) for 1 .. $requests;
my $answers = () = slurp_file($node->logfile, $asked) =~ /logging memory contexts of PID/g;
is($answers, $requests, 'the worker answers each request');
$holder->quit;

# the worker's memory does not grow with the table
sub memory_near_the_end
{
	my ($rows) = @_;
	my $db = new_database($node, $rows);
	my $holder = hold_backfill($node, $db);

	start_migration($node, $db);
	# the batch that meets the held row does none of its own
	poll($node, $db, q{SELECT rows_done > 0 AND waiting_for IS NOT NULL
			FROM pgroll_c.progress WHERE task = 'backfill'},
		"the backfill of $rows rows waits in the middle");
	# a lock timeout ends an answer before its last line
	my $offset = -s $node->logfile;
	my $total;
	for (1 .. 100)
	{
		($total) = ask_for_memory($node, $db, $offset) =~ /Grand total: (\d+) bytes/;
		last if defined $total;
	}
	ok(defined $total, "$rows rows: an answer is whole");
	$holder->quit;
	$node->safe_psql($db, 'CALL pgroll_c.wait_for_migration()');
	return $total;
}
my $small = memory_near_the_end(2000);
my $large = memory_near_the_end(200000);
cmp_ok($large, '<', $small * 1.1 + 65536, 'as much memory for 200,000 rows as for 2,000')
  or diag("$small bytes, then $large bytes");

$node->stop;
done_testing();
