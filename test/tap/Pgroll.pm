# Pgroll: a migration to test background work with, and looks at it.

package Pgroll;

use strict;
use warnings;

use Exporter 'import';
use PostgreSQL::Test::Utils;
use Test::More;

our @EXPORT = qw(new_database start_migration backfilled poll_state poll worker_pid
  hold_backfill);

my $databases = 0;

# A database with the extension and a table people (id, name, age text) of so
# many rows.
sub new_database
{
	my ($node, $rows) = @_;
	my $db = 'test' . ++$databases;

	$node->safe_psql('postgres', "CREATE DATABASE $db");
	$node->safe_psql($db, qq{
		CREATE EXTENSION pgroll_c;
		CREATE TABLE people (id int PRIMARY KEY, name text, age text);
		INSERT INTO people SELECT i, 'name ' || i, (i % 100 + 1)::text
			FROM generate_series(1, $rows) i;
		-- up: stops at the row with id $rows / 2 while somebody holds lock 42
		CREATE FUNCTION age_up(age text) RETURNS int LANGUAGE plpgsql AS \$\$
		BEGIN
			IF age = 'hold' THEN
				PERFORM pg_advisory_xact_lock_shared(42);
				RETURN 1000;
			END IF;
			RETURN 100 / age::int;
		END \$\$;
	});
	return $db;
}

# Migration 02_age: age becomes an integer, age_up(age).  It is the first of its
# database, so the shadow column is called _pgroll_c_1_1_age.
sub start_migration
{
	my ($node, $db) = @_;

	$node->safe_psql($db, q{
		SELECT pgroll_c.start_migration('02_age', '{"operations": [
			{"alter_column": {"table": "people", "column": "age", "type": "integer",
				"up": "age_up(age)", "down": "age::text"}}]}')});
}

# Does every row hold what the backfill leaves, and await nothing?
sub backfilled
{
	my ($node, $db, $test) = @_;

	is( $node->safe_psql($db, q{
			SELECT count(*) FROM people
			WHERE _pgroll_c_1_pending OR _pgroll_c_1_1_age IS DISTINCT FROM
				CASE age WHEN 'hold' THEN 1000 ELSE 100 / age::int END}),
		'0', $test);
}

# A session that holds the backfill in the middle of the table; end it to let go.
sub hold_backfill
{
	my ($node, $db) = @_;
	my $session = $node->background_psql($db);

	$session->query_safe('SELECT pg_advisory_lock(42)');
	$node->safe_psql($db, q{
		UPDATE people SET age = 'hold'
		WHERE id = (SELECT max(id) / 2 FROM people)});
	# the row goes to the end of the table otherwise
	$node->safe_psql($db, 'CLUSTER people USING people_pkey');
	return $session;
}

sub poll
{
	my ($node, $db, $query, $test) = @_;

	ok($node->poll_query_until($db, $query), $test);
}

sub poll_state
{
	my ($node, $db, $state, $test) = @_;

	poll($node, $db, "SELECT state = '$state' FROM pgroll_c.migrations", $test);
}

sub worker_pid
{
	my ($node, $db) = @_;

	return $node->safe_psql($db, q{
		SELECT pid FROM pg_stat_activity
		WHERE backend_type = 'pgroll_c worker' AND datname = current_database()});
}

1;
