# A streaming standby shows both versions, and goes on with the migration when it
# is promoted.

use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $primary = PostgreSQL::Test::Cluster->new('primary');
$primary->init(allows_streaming => 1);
$primary->append_conf('postgresql.conf', q{
shared_preload_libraries = 'pgroll_c'
pgroll_c.backfill_batch_time = 1ms
});
$primary->start;
$primary->backup('backup');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($primary, 'backup', has_streaming => 1);
$standby->start;

$primary->safe_psql('postgres', q{
	CREATE EXTENSION pgroll_c;
	CREATE TABLE people (id int PRIMARY KEY, age int);
	INSERT INTO people SELECT i, i FROM generate_series(1, 20000) i;
	CREATE FUNCTION slow_up(age int) RETURNS bigint LANGUAGE plpgsql AS $$
	BEGIN
		IF age = 10000 THEN
			PERFORM pg_advisory_xact_lock_shared(42);
		END IF;
		RETURN age * 2;
	END $$;
	SELECT pgroll_c.baseline('01');
});
# The backfill stops in the middle while this lock is held.
my $holder = $primary->background_psql('postgres');
$holder->query_safe('SELECT pg_advisory_lock(42)');
$primary->safe_psql('postgres', q{
	SELECT pgroll_c.start_migration('02', '{"operations": [{"alter_column":
		{"table": "people", "column": "age", "type": "bigint",
			"up": "slow_up(age)", "down": "(age / 2)::int"}}]}');
});
$primary->safe_psql('postgres', 'UPDATE public_02.people SET age = 7 WHERE id = 20000');
$primary->wait_for_catchup($standby);
is($standby->safe_psql('postgres', 'SELECT age FROM public_02.people WHERE id = 20000'),
	'7', 'the standby shows the new version');
is($standby->safe_psql('postgres', 'SELECT age FROM public_01.people WHERE id = 20000'),
	'3', 'and the old one');
my ($rc, $out, $err) = $standby->psql('postgres',
	'UPDATE public_02.people SET age = 8 WHERE id = 20000');
like($err, qr/read-only transaction/, 'it takes no writes');

$primary->stop('immediate');
$holder->{run}->finish if defined $holder->{run};
$standby->promote;
$standby->poll_query_until('postgres', q{SELECT state = 'ready' FROM pgroll_c.status()})
  or die 'the promoted standby does not finish the migration';
is( $standby->safe_psql('postgres', q{
		SELECT count(*) FROM public_02.people WHERE age <> id * 2 AND id <> 20000}),
	'0', 'the promoted standby has backfilled every row');
$standby->safe_psql('postgres', 'SELECT pgroll_c.complete_migration()');
is($standby->safe_psql('postgres', 'SELECT count(*) FROM public_02.people'), '20000',
	'and completes the migration');
$standby->stop;
done_testing();
