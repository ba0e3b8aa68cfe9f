# A worker that dies at any step of carrying a foreign key over leaves what the next
# one goes on with, or a rollback clears away; and it keeps no writer waiting.

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

# Two tables that reference people, one of them in another schema.  A worker stops
# for lock 51 when it has added a foreign key, for 52 before it validates one.
sub referenced
{
	my $db = new_database($node, 1000);

	$node->safe_psql($db, q{
		CREATE SCHEMA away;
		CREATE TABLE pets (id int PRIMARY KEY, owner int REFERENCES people ON DELETE CASCADE);
		CREATE TABLE away.visits (person int NOT NULL REFERENCES people DEFERRABLE, at int);
		INSERT INTO pets SELECT i, i FROM generate_series(1, 1000) i;
		INSERT INTO away.visits SELECT i, i FROM generate_series(1, 1000) i;
		CREATE FUNCTION hold() RETURNS event_trigger LANGUAGE plpgsql AS $$
		DECLARE
			query text := (SELECT a.query FROM pg_stat_activity a WHERE pid = pg_backend_pid()
				AND backend_type = 'pgroll_c worker');
		BEGIN
			IF tg_event = 'ddl_command_end' AND query LIKE '%ADD CONSTRAINT%FOREIGN KEY%' THEN
				PERFORM pg_advisory_xact_lock_shared(51);
			ELSIF tg_event = 'ddl_command_start' AND query LIKE '%VALIDATE CONSTRAINT%fkey' THEN
				PERFORM pg_advisory_xact_lock_shared(52);
			END IF;
		END $$;
		CREATE EVENT TRIGGER hold_start ON ddl_command_start EXECUTE FUNCTION hold();
		CREATE EVENT TRIGGER hold_end ON ddl_command_end EXECUTE FUNCTION hold();
	});
	return $db;
}

sub start_id
{
	my ($db) = @_;

	$node->safe_psql($db, q{
		SELECT pgroll_c.start_migration('02_id', '{"operations": [
			{"alter_column": {"table": "people", "column": "id", "type": "bigint",
				"up": "id", "down": "id::int"}},
			{"alter_column": {"table": "pets", "column": "owner", "type": "bigint",
				"up": "owner", "down": "owner::int"}}]}')});
}

my $keys = q{
	SELECT string_agg(conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(oid), E'\n'
		ORDER BY conrelid::regclass::text, conname)
	FROM pg_constraint WHERE contype IN ('p', 'f') AND connamespace IN ('public'::regnamespace, 'away'::regnamespace)};
my $kept = 'away.visits visits_person_fkey FOREIGN KEY (person) REFERENCES people(id) DEFERRABLE
people people_pkey PRIMARY KEY (id)
pets pets_owner_fkey FOREIGN KEY (owner) REFERENCES people(id) ON DELETE CASCADE
pets pets_pkey PRIMARY KEY (id)';

sub hold
{
	my ($db, $lock) = @_;
	my $session = $node->background_psql($db);

	$session->query_safe("SELECT pg_advisory_lock($lock)");
	return $session;
}

sub waits_for
{
	my ($db, $lock, $test) = @_;

	poll($node, $db, qq{SELECT count(*) = 1 FROM pg_locks WHERE locktype = 'advisory'
		AND objid = $lock AND NOT granted}, $test);
}

# The server ends all sessions and starts again; so the holder's lock goes, too.
sub crash
{
	my ($db, $holder) = @_;

	kill 9, worker_pid($node, $db);
	eval { $holder->quit };
	$node->poll_query_until('postgres', 'SELECT true');
}

sub finished
{
	my ($db, $how) = @_;

	poll_state($node, $db, 'ready', "$how: the migration becomes ready");
	is( $node->safe_psql($db, q{
			SELECT count(*) || ' ' || bool_and(convalidated) FROM pg_constraint
			WHERE contype = 'f' AND conname LIKE '\_pgroll%'}),
		'2 true', "$how: the foreign keys are carried over");
	$node->safe_psql($db, 'SELECT pgroll_c.complete_migration()');
	is($node->safe_psql($db, $keys), $kept, "$how: the keys are as before");
	is( $node->safe_psql($db, q{SELECT count(*) FROM pg_attribute WHERE attname LIKE '\_pgroll%'}),
		'0', "$how: nothing of ours is left");
	is( $node->safe_psql($db, q{
			INSERT INTO people (id) VALUES (3000000000);
			INSERT INTO pets (id, owner) VALUES (1001, 3000000000) RETURNING owner}),
		'3000000000', "$how: the new type holds more");
}

foreach my $at ([51, 'killed while it adds a key'], [52, 'killed between adding and validating'])
{
	my ($lock, $how) = @$at;
	my $db = referenced();
	my $holder = hold($db, $lock);

	start_id($db);
	waits_for($db, $lock, "$how: the task is under way");
	is( $node->safe_psql($db, q{SELECT count(*) FROM pg_constraint WHERE conname LIKE '\_pgroll%fkey'}),
		$lock == 51 ? '0' : '2', "$how: what others see of it");
	crash($db, $holder);
	finished($db, $how);

	# the same, rolled back
	$db = referenced();
	$holder = hold($db, $lock);
	start_id($db);
	waits_for($db, $lock, "$how, rolled back: the task is under way");
	$node->safe_psql($db, 'SELECT pgroll_c.rollback_migration()');
	is($node->safe_psql($db, $keys), $kept, "$how, rolled back: the keys are as before");
	$holder->quit;
}

# somebody writes to a referencing table and does not end: the task waits, and
# others write all the while
{
	my $db = referenced();
	my $writer = $node->background_psql($db);
	my $pid;

	$writer->query_safe('BEGIN; UPDATE away.visits SET at = 0 WHERE person = 1');
	start_id($db);
	poll($node, $db, q{SELECT waiting_for IS NOT NULL FROM pgroll_c.progress WHERE task = 'constraint'
		AND relation = 'away.visits'}, 'blocked: the task says that it waits');
	is( $node->safe_psql($db, q{
			SET statement_timeout = '5s';
			INSERT INTO away.visits SELECT 2, 2;
			INSERT INTO people VALUES (2000);
			INSERT INTO away.visits VALUES (2000, 3) RETURNING at}),
		'3', 'blocked: others write');
	$pid = worker_pid($node, $db);
	$node->safe_psql($db, "SELECT pg_terminate_backend($pid, 10000)");
	$writer->query_safe('COMMIT');
	$writer->quit;
	$node->safe_psql($db, 'CALL pgroll_c.wait_for_migration()');
	finished($db, 'blocked');
}

# the table is dropped while the task waits for it
{
	my $db = referenced();
	my $writer = $node->background_psql($db);

	$writer->query_safe('BEGIN; UPDATE away.visits SET at = 0 WHERE person = 1');
	start_id($db);
	poll($node, $db, q{SELECT waiting_for IS NOT NULL FROM pgroll_c.progress WHERE task = 'constraint'
		AND relation = 'away.visits'}, 'dropped: the task waits');
	$writer->query_safe('DROP TABLE away.visits; COMMIT');
	$writer->quit;
	poll_state($node, $db, 'ready', 'dropped: the migration becomes ready');
	$node->safe_psql($db, 'SELECT pgroll_c.complete_migration()');
}

$node->stop;
done_testing();
