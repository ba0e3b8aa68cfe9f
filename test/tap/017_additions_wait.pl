# What is added in flight waits for the locks that it needs, and is carried over when it
# has them, also by the next worker where one dies while it waits.

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
max_prepared_transactions = 2
});
$node->start;

# A partition comes to a table that gets a foreign key, while a transaction writes to the
# table which that references.
sub attached
{
	my $db = new_database($node, 10);

	$node->safe_psql($db, q{
		CREATE TABLE cities (id int PRIMARY KEY);
		INSERT INTO cities SELECT generate_series(1, 10);
		CREATE TABLE trips (id int, city int) PARTITION BY LIST (id);
		CREATE TABLE trips_1 PARTITION OF trips FOR VALUES IN (1);
		INSERT INTO trips VALUES (1, 1);
		SELECT pgroll_c.baseline('01');
		SELECT pgroll_c.start_migration('02', '{"operations": [{"create_constraint": {
			"table": "trips", "name": "trip_city", "type": "foreign_key", "columns": ["city"],
			"references": {"table": "cities", "columns": ["id"]}, "up": {"city": "city"}, "down": {"city": "city"}}}]}')});
	$node->safe_psql($db, 'CALL pgroll_c.wait_for_migration()');

	my $writer = $node->background_psql($db);

	$writer->query_safe('BEGIN; UPDATE cities SET id = 11 WHERE id = 10');
	$node->safe_psql($db, q{
		CREATE TABLE trips_2 (id int, city int);
		ALTER TABLE trips ATTACH PARTITION trips_2 FOR VALUES IN (2)});
	poll($node, $db, q{SELECT count(*) = 1 FROM pgroll_c.progress WHERE task = 'supplement' AND waiting_for <> ''},
		'it says that it waits');
	is($node->safe_psql($db, q{SELECT state FROM pgroll_c.status()}), 'started', 'the migration is started again');
	is($node->safe_psql($db, 'SELECT pgroll_c.latest_version()'), 'public_02', 'the version stays the newest');
	return ($db, $writer);
}

sub completed
{
	my ($db, $how) = @_;

	$node->safe_psql($db, 'CALL pgroll_c.wait_for_migration()');
	$node->safe_psql($db, 'SELECT pgroll_c.complete_migration()');
	is( $node->safe_psql($db, q{
			SELECT string_agg(conrelid::regclass || ' ' || conname || ' ' || convalidated, ', ' ORDER BY conrelid::regclass::text)
			FROM pg_constraint WHERE conname = 'trip_city'}),
		'trips trip_city true, trips_1 trip_city true, trips_2 trip_city true', "$how: the partition has the foreign key");
}

# the other transaction ends
{
	my ($db, $writer) = attached();

	$writer->query_safe('COMMIT');
	$writer->quit;
	completed($db, 'waited');
}

# the worker dies, and the server with it
{
	my ($db, $writer) = attached();
	my $worker = $node->safe_psql($db, q{SELECT pid FROM pg_stat_activity
		WHERE backend_type = 'pgroll_c worker' AND datname = current_database()});

	kill 9, $worker;
	eval { $writer->quit };
	$node->poll_query_until('postgres', 'SELECT true');
	completed($db, 'killed');
}

# a transaction that adds something may be prepared
{
	my $db = new_database($node, 10);

	$node->safe_psql($db, q{
		SELECT pgroll_c.baseline('01');
		SELECT pgroll_c.start_migration('02', '{"operations": [
			{"alter_column": {"table": "people", "column": "id", "type": "bigint", "up": "id", "down": "id::int"}}]}')});
	$node->safe_psql($db, 'CALL pgroll_c.wait_for_migration()');
	$node->safe_psql($db, q{BEGIN; CREATE INDEX added ON people (id); PREPARE TRANSACTION 'added'});
	$node->safe_psql($db, q{COMMIT PREPARED 'added'});
	is($node->safe_psql($db, q{SELECT state FROM pgroll_c.migrations WHERE name = '02'}), 'started',
		'prepared: the migration is started again');
	$node->safe_psql($db, 'CALL pgroll_c.wait_for_migration()');
	$node->safe_psql($db, 'SELECT pgroll_c.complete_migration()');
	like($node->safe_psql($db, q{SELECT pg_get_indexdef('added'::regclass)}), qr/\(id\)$/,
		'prepared: the index is there');
}

$node->stop;
done_testing();
