# A dump taken in the middle of a migration, restored elsewhere, goes on there:
# both versions work, the backfill starts again, completion is correct.

use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $source = PostgreSQL::Test::Cluster->new('source');
$source->init;
# Nobody works on the tasks: the dump holds rows of both kinds.
$source->append_conf('postgresql.conf', 'max_worker_processes = 0');
$source->start;

my $target = PostgreSQL::Test::Cluster->new('target');
$target->init;
$target->start;

$source->safe_psql('postgres', q{
	CREATE EXTENSION pgroll_c;
	CREATE TABLE people (id int PRIMARY KEY, age int NOT NULL);
	INSERT INTO people SELECT i, i FROM generate_series(1, 1000) i;
	SELECT pgroll_c.baseline('01_today');
	SELECT pgroll_c.start_migration('02_age', '{"operations": [
		{"alter_column": {"table": "people", "column": "age", "type": "text",
			"up": "(age * 2)::text", "down": "age::int / 2"}},
		{"rename_column": {"table": "people", "from": "id", "to": "number"}}]}');
	UPDATE public_02_age.people SET age = '71' WHERE number = 7;
	INSERT INTO public_02_age.people VALUES (2001, '5');
});
is( $source->safe_psql('postgres', 'SELECT count(*) FROM people WHERE _pgroll_c_2_pending'),
	999, 'most rows await backfill when the dump is taken');

my $dump = PostgreSQL::Test::Utils::tempdir() . '/dump.sql';
$source->command_ok([ 'pg_dump', '-f', $dump, $source->connstr('postgres') ], 'dump');
$target->safe_psql('postgres', 'CREATE DATABASE restored');
$target->command_ok(
	[ 'psql', '-X', '-v', 'ON_ERROR_STOP=1', '-f', $dump, $target->connstr('restored') ],
	'restore');

my $triggers = q{SELECT tgname, tgenabled FROM pg_trigger
	WHERE tgrelid = 'people'::regclass AND NOT tgisinternal};
is( $target->safe_psql('restored', $triggers), $source->safe_psql('postgres', $triggers),
	'the dual-write trigger is there and always enabled');
my $agreement = q{SELECT count(*) FROM people
	WHERE _pgroll_c_2_pending AND _pgroll_c_2_1_age IS NOT NULL};
is($target->safe_psql('restored', $agreement), '0', 'no row was written on the way');
is( $target->safe_psql('restored', q{SELECT age FROM public_02_age.people WHERE number = 7}),
	'71', 'what the new version wrote is kept');
is( $target->safe_psql('restored', q{SELECT age FROM public_01_today.people WHERE id = 2001}),
	'2', 'and what it means to the old one');
is( $target->safe_psql('restored', q{SELECT state FROM pgroll_c.status()}),
	'started', 'the migration is in progress');

# whoever restores it
$target->safe_psql('postgres', 'CREATE ROLE restorer SUPERUSER LOGIN');
$target->safe_psql('postgres', 'CREATE DATABASE restored_too');
$target->command_ok(
	[
		'psql', '-X', '-v', 'ON_ERROR_STOP=1', '-f', $dump,
		$target->connstr('restored_too') . ' user=restorer'
	],
	'restore as another superuser');

$target->safe_psql('restored', 'CALL pgroll_c.wait_for_migration()');
$target->safe_psql('restored', 'SELECT pgroll_c.complete_migration()');
is( $target->safe_psql('restored', q{
		SELECT count(*), count(*) FILTER (WHERE age = (number * 2)::text)
		FROM public_02_age.people}),
	'1001|999', 'every row is right after completion');
is( $target->safe_psql('restored', q{
		SELECT string_agg(attname, ' ' ORDER BY attname) FROM pg_attribute
		WHERE attrelid = 'people'::regclass AND attnum > 0 AND NOT attisdropped}),
	'age number', 'nothing of ours is left in the table');
$target->safe_psql('restored', 'DROP EXTENSION pgroll_c');
is( $target->safe_psql('restored', 'SELECT count(*) FROM public_02_age.people'),
	'1001', 'the version schema stays when the extension goes');

# What is added where a dump was just restored has nobody begin work: it might be the
# dump's.  From the first call on it has.
$target->safe_psql('restored_too', 'CALL pgroll_c.wait_for_migration()');
$target->safe_psql('restored_too', 'ALTER TABLE people ADD CONSTRAINT old_enough CHECK (age IS NOT NULL OR id > 0)');
$target->safe_psql('restored_too', 'CALL pgroll_c.wait_for_migration()');
is( $target->safe_psql('restored_too', q{
		SELECT count(*) FROM pg_constraint WHERE conrelid = 'people'::regclass AND conname ~ 'old_enough'}),
	'2', 'what is added after the first call is carried over');
$target->command_ok([ 'pg_dump', '-Fc', '-f', "$dump.ready", $target->connstr('restored_too') ], 'dump of a ready one');
$target->safe_psql('postgres', 'CREATE DATABASE restored_ready');
# the tables of an extension are copied in any order
$target->command_ok([ 'pg_restore', '-j2', '-d', $target->connstr('restored_ready'), "$dump.ready" ], 'restore it');
my $supplements = q{SELECT count(*) FROM pgroll_c.task WHERE kind = 'supplement'};
my $before = $target->safe_psql('restored_ready', $supplements);
$target->safe_psql('restored_ready', 'ALTER TABLE people ADD CONSTRAINT too_old CHECK (age IS NOT NULL OR id > 1)');
is($target->safe_psql('restored_ready', $supplements), $before, 'nobody begins work on it');
$target->safe_psql('restored_ready', 'CALL pgroll_c.wait_for_migration()');
is( $target->safe_psql('restored_ready', q{SELECT count(*) FROM pg_constraint WHERE conrelid = 'people'::regclass AND conname ~ 'too_old'}),
	'2', 'who waits for it has it seen to');
$target->safe_psql('restored_ready', 'ALTER TABLE people ADD CONSTRAINT older CHECK (age IS NOT NULL OR id > 2)');
cmp_ok($target->safe_psql('restored_ready', $supplements), '>', $before + 1, 'but when somebody has called');
$target->safe_psql('restored_ready', q{
	CALL pgroll_c.wait_for_migration();
	SELECT pgroll_c.complete_migration()});
is( $target->safe_psql('restored_ready', q{
		SELECT string_agg(conname, ' ' ORDER BY conname) FROM pg_constraint WHERE conrelid = 'people'::regclass AND contype = 'c';
		SELECT count(*) FROM people WHERE age <> (number * 2)::text}),
	"old_enough older too_old\n2", 'and it is completed with all of it');

# The source goes on as well, in the foreground since it has no worker.
$source->safe_psql('postgres', 'CALL pgroll_c.run_tasks()');
is($source->safe_psql('postgres', q{SELECT state FROM pgroll_c.status()}), 'ready',
	'the source goes on');
is($source->safe_psql('postgres', 'SELECT pgroll_c.rollback_migration()'), 'public_01_today',
	'and can be rolled back');

$source->stop;
$target->stop;
done_testing();
