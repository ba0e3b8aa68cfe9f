# Publisher and subscriber are both in the middle of the same migration: the apply
# worker leaves both sides of a row as they were sent.  up and down lose
# something both ways, so that a value that is carried once too often shows.

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

# The oldest version has first, last and age; the new one full and age as a number.
$_->safe_psql('postgres', <<'SQL') for $publisher, $subscriber;
CREATE EXTENSION pgroll_c;
CREATE TABLE people (id int PRIMARY KEY, first text, last text, age text,
	_pgroll_c_1_1_full text, _pgroll_c_1_2_age integer,
	_pgroll_c_1_pending boolean DEFAULT pgroll_c.awaits_backfill());
CREATE TRIGGER _pgroll_c_1 BEFORE INSERT OR UPDATE ON people
	FOR EACH ROW EXECUTE FUNCTION pgroll_c.dual_write('only', '{
		"base": "public", "migration": "02_full", "version": "public_02_full",
		"marker": "_pgroll_c_1_pending",
		"edges": [
			{"up": {"column": "_pgroll_c_1_1_full", "logical": "full", "not_null": false,
				"expression": "(($1 || '' ''::text) || upper($2))", "inputs": ["first", "last"]}},
			{"down": {"column": "first", "logical": "first", "not_null": false,
				"expression": "split_part($1, '' '', 1)", "inputs": ["_pgroll_c_1_1_full"]}},
			{"down": {"column": "last", "logical": "last", "not_null": false,
				"expression": "split_part($1, '' '', 2)", "inputs": ["_pgroll_c_1_1_full"]}},
			{"up": {"column": "_pgroll_c_1_2_age", "logical": "age", "not_null": false,
				"expression": "(split_part($1, '' '', 1))::integer / 10 * 10", "inputs": ["age"]},
			"down": {"column": "age", "logical": "age", "not_null": false,
				"expression": "(($1)::text || '' years'')", "inputs": ["_pgroll_c_1_2_age"]}}]}');
ALTER TABLE people ENABLE ALWAYS TRIGGER _pgroll_c_1;
CREATE SCHEMA public_02_full;
CREATE VIEW public_02_full.people WITH (security_invoker = true) AS
	SELECT id, _pgroll_c_1_1_full AS "full", _pgroll_c_1_2_age AS age FROM public.people;
SQL

# One row that awaits the backfill, and some of either version, before the copy.
$publisher->safe_psql('postgres', <<'SQL');
ALTER TABLE people DISABLE TRIGGER _pgroll_c_1;
INSERT INTO people VALUES (1, 'ann', 'ash', '31 y');
ALTER TABLE people ENABLE ALWAYS TRIGGER _pgroll_c_1;
INSERT INTO people VALUES (2, 'bob', 'box', '42 y');
INSERT INTO public_02_full.people VALUES (3, 'cyd cow', 57);
CREATE PUBLICATION pub FOR TABLE people;
SQL
my $connection = $publisher->connstr . ' dbname=postgres';
$subscriber->safe_psql('postgres', "CREATE SUBSCRIPTION sub CONNECTION '$connection' PUBLICATION pub");
$subscriber->wait_for_subscription_sync($publisher, 'sub');

sub rows
{
	my ($node) = @_;
	return $node->safe_psql('postgres', 'SELECT * FROM people ORDER BY id');
}

is(rows($subscriber), "1|ann|ash|31 y|ann ASH|30|f\n2|bob|box|42 y|bob BOX|40|f\n3|cyd|cow|57 years|cyd cow|57|f",
	'copied rows stay as they are, and one that awaited is done');

$publisher->safe_psql('postgres', <<'SQL');
INSERT INTO people VALUES (4, 'dee', 'doe', '68 y');
INSERT INTO public_02_full.people VALUES (5, 'eve elk', 79);
UPDATE people SET first = 'ben' WHERE id = 2;
UPDATE people SET age = '49 y' WHERE id = 3;
UPDATE public_02_full.people SET age = 61, "full" = 'Dee doe' WHERE id = 4;
UPDATE public_02_full.people SET "full" = 'eve elk jr' WHERE id = 5;
UPDATE people SET id = id + 10, last = last || '!' WHERE id IN (2, 3);
UPDATE people SET id = 11 WHERE id = 1;
DELETE FROM people WHERE id = 4;
INSERT INTO public_02_full.people VALUES (4, 'fay fox', 8);
SQL
$publisher->wait_for_catchup('sub');
is(rows($subscriber), rows($publisher), 'both sides of all rows are the publisher\'s');
unlike(rows($publisher), qr/\|t$/m, 'and none awaits');

# What the publisher does not send is carried.
$publisher->safe_psql('postgres', 'ALTER PUBLICATION pub SET TABLE people (id, first, last, age)');
$publisher->safe_psql('postgres', <<'SQL');
INSERT INTO people VALUES (6, 'gil', 'gnu', '15 y');
UPDATE people SET first = 'hal' WHERE id = 5;
SQL
$publisher->wait_for_catchup('sub');
is($subscriber->safe_psql('postgres', 'SELECT * FROM people WHERE id IN (5, 6) ORDER BY id'),
	"5|hal|elk|79 years|hal ELK|79|f\n6|gil|gnu|15 y|gil GNU|10|f", 'old columns alone are carried');

$subscriber->stop;
$publisher->stop;
done_testing();
