# A worker that dies while it fills a materialized view leaves what the next one does
# again, or a rollback clears away; nobody waits for it; and a REFRESH, also one that
# ends while the completion waits for it, is in what the completion puts in place.

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

# A materialized view over another one and a view.  A worker that fills it stops for
# lock 61.
sub materialized
{
	my $db = new_database($node, 1000);

	$node->safe_psql($db, q{
		CREATE FUNCTION stops(bigint) RETURNS bigint LANGUAGE plpgsql AS $$
		BEGIN
			IF $1 = 10 AND EXISTS (SELECT FROM pg_stat_activity WHERE pid = pg_backend_pid()
					AND backend_type = 'pgroll_c worker') THEN
				PERFORM pg_advisory_xact_lock_shared(61);
			END IF;
			RETURN $1;
		END $$;
		CREATE VIEW aged AS SELECT id, age FROM people;
		CREATE MATERIALIZED VIEW names AS SELECT id, name FROM people;
		CREATE UNIQUE INDEX names_id ON names (id);
		CREATE MATERIALIZED VIEW slow AS
			SELECT id, public.stops(id) AS same, name, age FROM names JOIN aged USING (id);
		CREATE INDEX slow_name ON slow (name, id);
		SELECT pgroll_c.baseline('01');
	});
	return $db;
}

sub start_id
{
	my ($db) = @_;

	$node->safe_psql($db, q{
		SELECT pgroll_c.start_migration('02_id', '{"operations": [
			{"alter_column": {"table": "people", "column": "id", "type": "bigint",
				"up": "id * 10", "down": "(id / 10)::int"}}]}')});
}

sub hold
{
	my ($db) = @_;
	my $session = $node->background_psql($db);

	$session->query_safe('SELECT pg_advisory_lock(61)');
	return $session;
}

sub waits
{
	my ($db, $test) = @_;

	poll($node, $db, q{SELECT count(*) = 1 FROM pg_locks WHERE locktype = 'advisory'
		AND objid = 61 AND NOT granted}, "$test: the view is being filled");
}

my $ours = q{SELECT count(*) FROM pg_class WHERE relname LIKE '\_pgroll%'};
my $left = q{
	SELECT string_agg(relname || ' ' || pg_get_indexdef(oid), E'\n' ORDER BY relname)
	FROM pg_class WHERE relkind = 'i' AND relname ~ '^(names|slow)'};
my $kept = 'names_id CREATE UNIQUE INDEX names_id ON public.names USING btree (id)
slow_name CREATE INDEX slow_name ON public.slow USING btree (name, id)';

sub completed
{
	my ($db, $how) = @_;

	$node->safe_psql($db, 'CALL pgroll_c.wait_for_migration(); SELECT pgroll_c.complete_migration()');
	is($node->safe_psql($db, $ours), '0', "$how: nothing of ours is left");
	is($node->safe_psql($db, $left), $kept, "$how: the indexes have their names");
	is( $node->safe_psql($db, q{
			SELECT count(*), pg_typeof(max(id)), count(*) FILTER (WHERE same = id AND id % 10 = 0) FROM slow}),
		'1001|bigint|1001', "$how: it has the rows of the new columns, and the last");
	is( $node->safe_psql($db, q{
			REFRESH MATERIALIZED VIEW CONCURRENTLY names;
			REFRESH MATERIALIZED VIEW slow;
			SELECT count(*) FROM slow}), '1001', "$how: it can be refreshed");
}

# killed, with a REFRESH and writers meanwhile
{
	my $db = materialized();
	my $holder = hold($db);

	start_id($db);
	waits($db, 'killed');
	is( $node->safe_psql($db, q{
			SELECT count(*) FROM pg_locks WHERE pid <> pg_backend_pid()
				AND relation IN ('names'::regclass, 'slow'::regclass, 'aged'::regclass)}),
		'0', 'killed: nothing that is there is locked');
	is( $node->safe_psql($db, q{
			SET statement_timeout = '10s';
			INSERT INTO people VALUES (1001, 'new', '1');
			REFRESH MATERIALIZED VIEW names;
			REFRESH MATERIALIZED VIEW slow;
			SELECT count(*) FROM public_02_id.slow;}),
		'1001', 'killed: others write, refresh and read');
	is( $node->safe_psql($db, q{
			SELECT string_agg(relation::text, ' ' ORDER BY task_id) FROM pgroll_c.progress WHERE task = 'matview'}),
		'slow names slow', 'killed: tasks follow the REFRESH');
	kill 9, $node->safe_psql($db, q{SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND objid = 61 AND NOT granted});
	eval { $holder->quit };
	$node->poll_query_until('postgres', 'SELECT true');
	completed($db, 'killed');
}

# rolled back
{
	my $db = materialized();
	my $holder = hold($db);

	start_id($db);
	waits($db, 'rolled back');
	$node->safe_psql($db, 'SELECT pgroll_c.rollback_migration()');
	is($node->safe_psql($db, $ours), '0', 'rolled back: nothing of ours is left');
	is($node->safe_psql($db, 'SELECT count(*), pg_typeof(max(id)) FROM slow'), '1000|integer',
		'rolled back: it is as before');
	$holder->quit;
}

# a REFRESH that has not ended when the completion comes
{
	my $db = materialized();
	my $refresher = $node->background_psql($db);
	my $completer = $node->background_psql($db, on_error_stop => 0);

	start_id($db);
	$node->safe_psql($db, 'CALL pgroll_c.wait_for_migration()');
	$node->safe_psql($db, q{INSERT INTO people VALUES (1001, 'new', '1')});
	$refresher->query_safe('BEGIN; REFRESH MATERIALIZED VIEW names; REFRESH MATERIALIZED VIEW slow');
	$completer->query_until(qr/begun/, "\\echo begun\nSELECT pgroll_c.complete_migration();\n\\echo over\n");
	poll($node, $db, q{SELECT count(*) > 0 FROM pg_locks WHERE NOT granted AND pid IN
		(SELECT pid FROM pg_stat_activity WHERE query LIKE '%complete_migration%' AND pid <> pg_backend_pid())},
		'refreshed: the completion waits');
	$refresher->query_safe('COMMIT');
	$refresher->quit;
	$completer->query_until(qr/over/, '');
	like($completer->{stderr}, qr/is not (carried over yet|ready)/, 'refreshed: the completion says what is missing');
	$completer->quit;
	completed($db, 'refreshed');
}

# a table that it reads is locked
{
	my $db = materialized();
	my $locker = $node->background_psql($db);

	start_id($db);
	$node->safe_psql($db, 'CALL pgroll_c.wait_for_migration()');
	$locker->query_safe('BEGIN; LOCK TABLE people');
	$node->safe_psql($db, 'REFRESH MATERIALIZED VIEW names WITH NO DATA');
	poll($node, $db, q{SELECT count(*) = 1 FROM pgroll_c.progress WHERE task = 'matview' AND waiting_for <> ''},
		'locked: it says that it waits');
	$locker->query_safe(q{INSERT INTO people VALUES (1001, 'new', '1'); COMMIT});
	$locker->quit;
	$node->safe_psql($db, 'REFRESH MATERIALIZED VIEW names; REFRESH MATERIALIZED VIEW slow');
	completed($db, 'locked');
}

# a dump fills it from a query that reads nothing; the REFRESH of the restore adds a task,
# for whoever works on it there first
{
	my $db = materialized();
	my $file = "$PostgreSQL::Test::Utils::tmp_check/matviews.dump";

	start_id($db);
	$node->safe_psql($db, q{
		INSERT INTO people VALUES (1001, 'new', '1');
		REFRESH MATERIALIZED VIEW names;
		REFRESH MATERIALIZED VIEW slow;
		CALL pgroll_c.wait_for_migration()});
	$node->command_ok([ 'pg_dump', '-f', $file, $node->connstr($db) ], 'restored: dumped');
	$node->safe_psql('postgres', 'CREATE DATABASE restored');
	$node->command_ok([ 'psql', '-qX', '-v', 'ON_ERROR_STOP=1', '-f', $file, $node->connstr('restored') ],
		'restored: restored');
	$node->safe_psql('restored', 'SELECT pgroll_c.retry_migration()');
	completed('restored', 'restored');
}

$node->stop;
done_testing();
