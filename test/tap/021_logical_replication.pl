# Rows that an apply worker writes are carried to the new version, and a
# published table is refused unless the subscriber can take what it is sent.

use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $publisher = PostgreSQL::Test::Cluster->new('publisher');
$publisher->init(allows_streaming => 'logical');
$publisher->start;
my $subscriber = PostgreSQL::Test::Cluster->new('subscriber');
$subscriber->init;
$subscriber->start;

my $migration = q{'{"operations": [
	{"alter_column": {"table": "people", "column": "name", "nullable": false,
		"up": "upper(coalesce(name, ''nobody''))", "down": "lower(name)"}}]}'};

$_->safe_psql('postgres', q{
	CREATE EXTENSION pgroll_c;
	CREATE TABLE people (id int PRIMARY KEY, name text, age int);
	SELECT pgroll_c.baseline('01');
}) for $publisher, $subscriber;
$publisher->safe_psql('postgres', q{
	INSERT INTO people SELECT i, 'n' || i, i FROM generate_series(1, 100) i;
	CREATE PUBLICATION pub FOR TABLE people;
});
my $connection = $publisher->connstr . ' dbname=postgres';
$subscriber->safe_psql('postgres',
	"CREATE SUBSCRIPTION sub CONNECTION '$connection' PUBLICATION pub");
$subscriber->wait_for_subscription_sync($publisher, 'sub');

# On the subscriber the table is not published: it migrates, in the middle of
# the stream.
$subscriber->safe_psql('postgres', "SELECT pgroll_c.start_migration('02', $migration)");
$subscriber->safe_psql('postgres', q{
	UPDATE public_02.people SET name = 'McNew' WHERE id = 3;
});
$publisher->safe_psql('postgres', q{
	UPDATE people SET name = 'zoe' WHERE id = 1;
	UPDATE people SET age = 4711 WHERE id = 2;
	UPDATE people SET age = 4712 WHERE id = 3;
	INSERT INTO people VALUES (200, NULL, 1);
	DELETE FROM people WHERE id = 4;
});
$publisher->wait_for_catchup('sub');
is( $subscriber->safe_psql('postgres',
		'SELECT id, name, age FROM public_02.people WHERE id IN (1, 2, 4, 200) ORDER BY id'),
	"1|ZOE|1\n2|N2|4711\n200|NOBODY|1", 'what is applied is there in the new version');
is( $subscriber->safe_psql('postgres', 'SELECT id, name FROM public_01.people WHERE id IN (1, 200)'),
	"1|zoe\n200|", 'and in the old one as it was sent');
$subscriber->safe_psql('postgres', 'CALL pgroll_c.wait_for_migration()');
$publisher->safe_psql('postgres', q{UPDATE people SET name = 'late' WHERE id = 5});
$publisher->wait_for_catchup('sub');
is($subscriber->safe_psql('postgres', 'SELECT name FROM public_02.people WHERE id = 5'),
	'LATE', 'so it is when the migration is ready');
is( $subscriber->safe_psql('postgres', q{
		SELECT count(*) FROM public_02.people p JOIN public_01.people o USING (id)
		WHERE p.name IS DISTINCT FROM upper(coalesce(o.name, 'nobody')) AND id <> 3}),
	'0', 'both versions agree');

# A published table gets no column that a subscriber does not know.
my ($rc, $out, $err) = $publisher->psql('postgres',
	"SELECT pgroll_c.start_migration('02', $migration)");
isnt($rc, 0, 'a table that is published whole is refused');
like($err, qr/table "people" is published by "pub" without a column list/, 'with the reason');
$publisher->safe_psql('postgres', q{
	ALTER PUBLICATION pub SET TABLE people (id, name, age);
});
$publisher->safe_psql('postgres', "SELECT pgroll_c.start_migration('03', '{\"operations\": [
	{\"add_column\": {\"table\": \"people\", \"column\": {\"name\": \"twice\", \"type\": \"int\",
		\"nullable\": true}, \"up\": \"age * 2\"}}]}')");
$publisher->safe_psql('postgres', q{
	CALL pgroll_c.wait_for_migration();
	INSERT INTO public_03.people VALUES (300, 'x', 5, 10);
});
$publisher->wait_for_catchup('sub');
is($subscriber->safe_psql('postgres', 'SELECT age FROM public_01.people WHERE id = 300'), '5',
	'with a column list the stream goes on');

# The columns of the list are changed, the key that identifies rows among them: the
# publication names the new ones from the completion on.
$publisher->safe_psql('postgres', q{
	SELECT pgroll_c.complete_migration();
	ALTER PUBLICATION pub SET TABLE people (id, name, age) WHERE (id > 0);
	SELECT pgroll_c.start_migration('04', '{"operations": [
		{"alter_column": {"table": "people", "column": "id", "type": "bigint", "up": "id", "down": "id::int"}},
		{"alter_column": {"table": "people", "column": "name", "nullable": false,
			"up": "coalesce(name, ''nobody'')", "down": "name"}}]}')});
$publisher->safe_psql('postgres', q{
	UPDATE public_03.people SET name = 'old' WHERE id = 7;
	INSERT INTO public_04.people (id, name) VALUES (-1, 'unseen'), (400, 'more');
	CALL pgroll_c.wait_for_migration()});
$publisher->safe_psql('postgres', q{
	UPDATE public_04.people SET name = 'new' WHERE id = 6;	-- found by then
	UPDATE public_04.people SET name = 'ready' WHERE id = 8;
	SELECT pgroll_c.complete_migration()});
$publisher->safe_psql('postgres', q{
	UPDATE public_04.people SET name = 'completed' WHERE id = 9;
	UPDATE public_04.people SET id = 1010 WHERE id = 10;
	DELETE FROM public_04.people WHERE id = 400;
	INSERT INTO public_04.people (id, name) VALUES (-2, 'unseen'), (401, 'even more')});
$publisher->wait_for_catchup('sub');
is( $subscriber->safe_psql('postgres', q{
		SELECT id, name FROM public_01.people WHERE id BETWEEN 6 AND 10 OR id < 0 OR id >= 400 ORDER BY id}),
	"6|new\n7|old\n8|ready\n9|completed\n401|even more\n1010|n10", 'the stream goes on when its columns are changed');
is( $publisher->safe_psql('postgres', q{
		SELECT attnames, rowfilter FROM pg_publication_tables WHERE pubname = 'pub'}),
	'{age,id,name}|(id > 0)', 'the publication has its list and filter');

$subscriber->stop;
$publisher->stop;
done_testing();
