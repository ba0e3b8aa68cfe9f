# The pgroll tool's example migrations, which are not part of this repository:
# each starts, rolls back, starts again and completes, in the order of their
# names, with rows in the tables and applications of both versions that write.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;
use File::Basename qw(basename);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

eval { require DBD::Pg } or plan skip_all => 'needs perl\'s DBD::Pg';
require Session;

use Catalogs qw(dumped_schemas catalog_lines difference);

my @files = sort glob("$FindBin::RealBin/../../../shared/pgroll-examples/[0-9]*.yaml");

plan skip_all => 'the pgroll tool\'s examples are not beside the repository' if !@files;

# File -> what applications do while it is active, and after it is completed
# ("rows", for later files).  Each is done twice: # stands for 1 in the first
# round, 2 in the second.
my %plays = plays();

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->append_conf('postgresql.conf', 'autovacuum = off');
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION pgroll_c');

my $session = Session->new($node, 'postgres');
my $previous;
my $run = 0;

$previous = $session->text(q{SELECT pgroll_c.baseline('00_nothing')});
foreach my $file (@files)
{
	my ($number) = basename($file) =~ /^(\d+)/;
	my $text = slurp_file($file);

	ok(defined $plays{$number}, basename($file) . ' is written to');
	if ($number eq '35')
	{
		# names a column in "down" that there is not
		like(start_error($file, $text), qr/^42703 .*"event_name" does not exist/, basename($file) . ' is refused as it is');
		$text =~ s/down: event_name/down: name/;
	}
	play($file, $text, $plays{$number} // {});
	$run++;
}
is($run, 56, 'all of them are run');
is($session->text(q{SELECT count(*) FROM pgroll_c.migrations WHERE state = 'completed'}), $run + 1, 'and are completed');
$session->search_path;
$session->run('DROP EXTENSION pgroll_c');
$node->stop;
done_testing();

sub play
{
	my ($file, $text, $play) = @_;
	my $name = basename($file, '.yaml');
	my $start = "SELECT pgroll_c.start_migration('$name', pgroll_c.from_yaml(" . $session->quote($text) . '))';
	my $before = state();
	my $version;

	my $done = eval {
		$session->search_path;
		$version = $session->text($start);
		applications($play, 1, $version);
		$session->run('SELECT pgroll_c.rollback_migration()');
		# it has no "down"
		$session->run('DROP TYPE public.fruit_size') if $name =~ /^40/;
		is(difference(state(), $before), '', "$name: rolled back");
		$version = $session->text($start);
		applications($play, 2, $version);
		$previous = $session->text('SELECT pgroll_c.complete_migration()');
		see($play->{sees_new}, 2, $previous);
		$session->search_path($previous, 'public');
		$session->run($_) foreach @{ $play->{rows} // [] };
		1;
	};
	ok($done, "$name: completed") or diag($@);
	# the others are to be run, too
	eval { $session->search_path; $session->run('SELECT pgroll_c.rollback_migration()') } if !$done;
}

# Both versions of the application write and read until all is backfilled.
sub applications
{
	my ($play, $round, $version) = @_;

	foreach my $who ([ old => $previous ], [ new => $version ])
	{
		$session->search_path($who->[1], 'public');
		$session->run(s/#/$round/gr) foreach @{ $play->{ $who->[0] } // [] };
	}
	$session->search_path;
	$session->run('CALL pgroll_c.wait_for_migration()');
	see($play->{sees_old}, $round, $previous);
	see($play->{sees_new}, $round, $version);
	$session->search_path;
}

sub see
{
	my ($queries, $round, $version) = @_;

	$session->search_path($version, 'public');
	foreach my $query (sort keys %{ $queries // {} })
	{
		my $rows = $session->text($query =~ s/#/$round/gr);
		my $expected = $queries->{$query} =~ s/#/$round/gr;

		die "$version shows $rows instead of $expected [$query]\n" if $rows ne $expected;
	}
	$session->search_path;
}

sub start_error
{
	my ($file, $text) = @_;

	$session->search_path;
	return '' if eval {
		$session->run("SELECT pgroll_c.start_migration('" . basename($file, '.yaml') . "', pgroll_c.from_yaml(" .
			$session->quote($text) . '))');
		1 };
	return $@;
}

# What a rollback must leave as it is.
sub state
{
	$session->search_path;
	return [ @{ dumped_schemas($node, 'postgres')->{public} // [] }, catalog_lines($session, 'public', files => 1),
		map { $_->[0] } $session->rows(q{SELECT 'schema ' || nspname FROM pg_namespace}) ];
}

sub plays
{
	return (
	'01' => {
		new => [ q{INSERT INTO customers VALUES (#, 'customer #')}, q{UPDATE customers SET credit_card = 'card'},
			q{INSERT INTO bills VALUES (#, '12:00+0', 3)}, q{INSERT INTO sellers VALUES ('alice', #), ('bob', #)} ],
		sees_new => { 'SELECT * FROM customers' => '#|customer #|card', 'SELECT * FROM sellers' => 'alice|#|- bob|#|-' },
	},
	'02' => {
		new => [ q{INSERT INTO products (name, price) VALUES ('hammer', 10), ('nail', 0.01)}, 'UPDATE products SET price = price + #' ],
		sees_new => { 'SELECT * FROM products ORDER BY id' => '1|hammer|1#.00 2|nail|#.01' },
	},
	'03' => {
		old => [ q{INSERT INTO products (name, price) VALUES ('old #', #)}, q{UPDATE products SET name = 'pliers #' WHERE id = 1} ],
		new => [ q{INSERT INTO products (name, price, category) VALUES ('new #', #, 'mine')},
			q{UPDATE products SET stock = #, description = 'small' WHERE id = 2} ],
		sees_old => { q{SELECT name, price FROM products WHERE name ~ ' #' ORDER BY 1} => 'new #|#.00 old #|#.00 pliers #|12.00' },
		sees_new => { q{SELECT name, description, stock, category FROM products WHERE name ~ ' #' OR id = 2 ORDER BY 1} =>
			'nail|small|#|nail-category new #|-|100|mine old #|OLD #|100|old #-category pliers #|PLIERS #|100|pliers #-category' },
	},
	'04' => {
		old => [ q{INSERT INTO customers VALUES (10 + #, 'old #')} ],
		new => [ q{INSERT INTO clients VALUES (20 + #, 'new #')}, q{UPDATE clients SET credit_card = '#' WHERE id = 10 + #} ],
		sees_old => { 'SELECT * FROM customers WHERE id > 2 AND id % 10 = # ORDER BY id' => '1#|old #|# 2#|new #|-' },
		sees_new => { 'SELECT * FROM clients WHERE id > 2 AND id % 10 = # ORDER BY id' => '1#|old #|# 2#|new #|-' },
	},
	'05' => {
		new => [ q{INSERT INTO users VALUES (1, 'alice'), (2, 'bob')}, q{UPDATE users SET name = 'carol #' WHERE id = 2} ],
		sees_new => { 'SELECT * FROM users ORDER BY id' => '1|alice 2|carol #' },
	},
	'06' => {
		old => [ q{INSERT INTO users VALUES (10 + #, 'old #')}, q{UPDATE users SET name = 'al #' WHERE id = 1} ],
		new => [ q{INSERT INTO users VALUES (20 + #, 'new #', 'mine')}, q{UPDATE users SET description = 'hers' WHERE id = 2} ],
		sees_old => { 'SELECT * FROM users WHERE id < 3 OR id % 10 = # ORDER BY id' => '1|al # 2|carol 2 1#|old # 2#|new #' },
		sees_new => { 'SELECT * FROM users WHERE id < 3 OR id % 10 = # ORDER BY id' =>
			'1|al #|AL # 2|carol 2|hers 1#|old #|OLD # 2#|new #|mine' },
	},
	'07' => {
		old => [ q{INSERT INTO products (name, price, category) VALUES ('last #', #, 'c')}, q{UPDATE products SET price = 0 WHERE name = 'last #'} ],
		new => [ q{UPDATE users SET description = '#' WHERE id = 2} ],
		sees_old => { q{SELECT name, price FROM products WHERE name = 'last #'} => 'last #|0.00' },
	},
	'08' => {
		new => [ q{INSERT INTO fruits (name, price) VALUES ('apple', 1), ('banana', 2)}, q{INSERT INTO fruits VALUES (11, 'cherry', 3)},
			'UPDATE fruits SET price = # WHERE id = 1' ],
		sees_new => { 'SELECT * FROM fruits ORDER BY id' => '1|apple|#.00 2|banana|2.00 11|cherry|3.00' },
	},
	'09' => {
		old => [ q{INSERT INTO fruits VALUES (20 + #, 'old #', 7)}, q{UPDATE fruits SET price = 5 WHERE id = 1} ],
		new => [ q{INSERT INTO fruits VALUES (30 + #, 'new #')}, q{UPDATE fruits SET name = 'pear #' WHERE id = 2} ],
		sees_old => { 'SELECT * FROM fruits WHERE id < 3 OR id > 20 AND id % 10 = # ORDER BY id' => '1|apple|5.00 2|pear #|2.00 2#|old #|7.00 3#|new #|0.00' },
		sees_new => { 'SELECT * FROM fruits WHERE id < 3 OR id > 20 AND id % 10 = # ORDER BY id' => '1|apple 2|pear # 2#|old # 3#|new #' },
	},
	'10' => fruits('40'),
	'11' => fruits('50'),
	'12' => {
		new => [ q{INSERT INTO employees (role) VALUES ('boss'), ('clerk')}, q{UPDATE employees SET role = 'cook #' WHERE id = 2} ],
		sees_new => { 'SELECT * FROM employees ORDER BY id' => '1|boss 2|cook #' },
	},
	'13' => {
		old => [ q{INSERT INTO employees VALUES (10 + #, 'old #')}, q{UPDATE employees SET role = 'chief #' WHERE id = 1} ],
		new => [ q{INSERT INTO employees VALUES (20 + #, 'new #')}, q{UPDATE employees SET job_title = 'waiter #' WHERE id = 2} ],
		sees_old => { 'SELECT role FROM employees WHERE id < 3 OR id % 10 = # ORDER BY id' => 'chief # waiter # old # new #' },
		sees_new => { 'SELECT job_title FROM employees WHERE id < 3 OR id % 10 = # ORDER BY id' => 'chief # waiter # old # new #' },
	},
	'14' => {
		new => [ q{INSERT INTO reviews (username, product, review) VALUES ('alice', 'apple', 'good'), ('bob', 'pear', 'bad'), ('carol', 'plum', NULL)},
			q{UPDATE reviews SET review = 'fine #' WHERE id = 1} ],
		sees_new => { 'SELECT * FROM reviews ORDER BY id' => '1|alice|apple|fine # 2|bob|pear|bad 3|carol|plum|-' },
	},
	'15' => {
		old => [ q{INSERT INTO reviews VALUES (10 + #, 'dave', 'fig', 'old #')}, q{UPDATE reviews SET review = 'worse #' WHERE id = 2} ],
		new => [ q{INSERT INTO reviews VALUES (20 + #, 'eve', 'fig', 'new #')}, q{UPDATE reviews SET review = 'better #' WHERE id = 1} ],
		sees_old => { 'SELECT review FROM reviews WHERE id < 4 OR id % 10 = # ORDER BY id' => 'better # worse # - old # new #' },
		sees_new => { q{SELECT review ~ '^(better #|worse #-\d+|old #-\d+|new #)$' FROM reviews WHERE id < 4 OR id % 10 = # ORDER BY id} => '1 1 - 1 1' },
	},
	'16' => {
		old => [ q{INSERT INTO reviews VALUES (30 + #, 'dave', 'kiwi #', NULL)}, q{UPDATE reviews SET review = NULL WHERE id = 2} ],
		new => [ q{INSERT INTO reviews VALUES (40 + #, 'eve', 'fig', 'this #')}, q{UPDATE reviews SET review = 'best #' WHERE id = 1} ],
		sees_old => { 'SELECT review FROM reviews WHERE id < 4 OR id > 30 AND id % 10 = # ORDER BY id' => 'best # - - - this #' },
		sees_new => { q{SELECT review FROM reviews WHERE id < 4 OR id > 30 AND id % 10 = # ORDER BY id} => 'best # pear is good plum is good kiwi # is good this #' },
	},
	'17' => {
		old => [ q{INSERT INTO reviews VALUES (50 + #, 'dave', 'lime', 'sour #')} ],
		new => [ q{INSERT INTO reviews VALUES (60 + #, 'eve', 'lemon', 'yellow #', '5')}, q{UPDATE reviews SET rating = '3' WHERE id = 50 + #} ],
		sees_old => { 'SELECT id, review FROM reviews WHERE id > 50 AND id % 10 = # ORDER BY id' => '5#|sour # 6#|yellow #' },
		sees_new => { q{SELECT id, rating FROM reviews WHERE id = 1 OR id > 50 AND id % 10 = # ORDER BY id} => '1|0 5#|3 6#|5' },
	},
	'18' => {
		old => [ q{INSERT INTO reviews VALUES (70 + #, 'dave', 'date', 'dry #', '07')}, q{UPDATE reviews SET rating = '2' WHERE id = 1} ],
		new => [ q{INSERT INTO reviews VALUES (80 + #, 'eve', 'nut', 'hard #', 8)}, q{UPDATE reviews SET rating = # WHERE id = 2} ],
		sees_old => { 'SELECT rating FROM reviews WHERE id < 4 OR id > 70 AND id % 10 = # ORDER BY id' => '2 # 0 07 8' },
		sees_new => { 'SELECT rating FROM reviews WHERE id < 4 OR id > 70 AND id % 10 = # ORDER BY id' => '2 # 0 7 8' },
	},
	'19' => {
		new => [ 'INSERT INTO orders (user_id, quantity) VALUES (1, 5), (2, #)', 'UPDATE orders SET quantity = 6 WHERE id = 1' ],
		sees_new => { 'SELECT * FROM orders ORDER BY id' => '1|1|6 2|2|#' },
	},
	'20' => {
		new => [ q{INSERT INTO posts (title, user_id) VALUES ('first', 1), ('two', 2), ('third', NULL), ('lost', 999)},
			q{UPDATE posts SET title = 'first #' WHERE id = 1} ],
		sees_new => { 'SELECT * FROM posts ORDER BY id' => '1|first #|1 2|two|2 3|third|- 4|lost|999' },
	},
	'21' => {
		old => [ q{INSERT INTO posts VALUES (10 + #, 'old #', 888)}, 'UPDATE posts SET user_id = 777 WHERE id = 2' ],
		new => [ q{INSERT INTO posts VALUES (20 + #, 'new #', 2)}, 'UPDATE posts SET user_id = 2 WHERE id = 1' ],
		sees_old => { 'SELECT user_id FROM posts WHERE id < 5 OR id % 10 = # ORDER BY id' => '2 777 - 999 888 2' },
		sees_new => { 'SELECT user_id FROM posts WHERE id < 5 OR id % 10 = # ORDER BY id' => '2 - - - - 2' },
	},
	'22' => {
		old => [ q{INSERT INTO posts VALUES (30 + #, 'o#', 1)}, q{UPDATE posts SET title = 'y' WHERE id = 3} ],
		new => [ q{INSERT INTO posts VALUES (40 + #, 'long #', 2)}, q{UPDATE posts SET title = 'right' WHERE id = 1} ],
		sees_old => { 'SELECT title FROM posts WHERE id < 4 OR id > 30 AND id % 10 = # ORDER BY id' => 'right two y o# long #' },
		sees_new => { 'SELECT title FROM posts WHERE id < 4 OR id > 30 AND id % 10 = # ORDER BY id' => 'right -two ---y --o# long #' },
	},
	'23' => {
		old => [ q{INSERT INTO posts VALUES (50 + #, 'long #', 1)}, q{UPDATE posts SET title = 'wrong' WHERE id = 1} ],
		new => [ q{INSERT INTO posts VALUES (60 + #, 'x#', 2)}, q{UPDATE posts SET title = 'z' WHERE id = 3} ],
		sees_old => { 'SELECT title FROM posts WHERE id < 4 OR id > 50 AND id % 10 = # ORDER BY id' => 'wrong -two ---z long # --x#' },
		sees_new => { 'SELECT title FROM posts WHERE id < 4 OR id > 50 AND id % 10 = # ORDER BY id' => 'wrong -two z long # x#' },
	},
	'24' => {
		old => [ q{INSERT INTO posts VALUES (70 + #, 'old #', 1)}, q{UPDATE posts SET user_id = 1 WHERE id = 2} ],
		new => [ q{INSERT INTO posts VALUES (80 + #, 'new #', 555)}, q{UPDATE posts SET user_id = 444 WHERE id = 3} ],
		sees_old => { 'SELECT user_id FROM posts WHERE id < 4 OR id > 70 AND id % 10 = # ORDER BY id' => '2 1 - 1 -' },
		sees_new => { 'SELECT user_id FROM posts WHERE id < 4 OR id > 70 AND id % 10 = # ORDER BY id' => '2 1 444 1 555' },
	},
	'25' => {
		new => [ q{INSERT INTO people VALUES (1, 'alice'), (2, 'carol')}, q{UPDATE people SET name = 'dave #' WHERE id = 2} ],
		sees_new => { 'SELECT * FROM people ORDER BY id' => '1|alice 2|dave #' },
	},
	'26' => {
		old => [ q{INSERT INTO people VALUES (10 + #, 'old #')}, q{UPDATE people SET name = 'alba #' WHERE id = 1} ],
		new => [ q{INSERT INTO people VALUES (20 + #, 'new #', 20)}, q{UPDATE people SET age = 30 + # WHERE id = 2} ],
		sees_old => { 'SELECT * FROM people WHERE id < 3 OR id % 10 = # ORDER BY id' => '1|alba # 2|dave 2 1#|old # 2#|new #' },
		sees_new => { 'SELECT * FROM people WHERE id < 3 OR id % 10 = # ORDER BY id' => '1|alba #|18 2|dave 2|3# 1#|old #|18 2#|new #|20' },
	},
	'27' => {
		old => [ q{INSERT INTO reviews VALUES (90 + #, 'dave', 'date', 'unique #')}, q{UPDATE reviews SET review = 'other' WHERE id = 1} ],
		new => [ q{INSERT INTO reviews VALUES (100 + #, 'eve', 'nut', 'unique #')}, q{UPDATE reviews SET review = 'other' WHERE id = 2} ],
		sees_old => { q{SELECT review ~ '^(other|unique #)(-\d+)?$' FROM reviews WHERE id < 3 OR id > 90 AND id % 10 = # ORDER BY id} => '1 1 1 1' },
		sees_new => { 'SELECT review FROM reviews WHERE id < 3 OR id > 90 AND id % 10 = # ORDER BY id' => 'other other unique # unique #' },
	},
	'28' => {
		new => [ 'INSERT INTO items (price) VALUES (#), (DEFAULT)', q{UPDATE items SET name = 'x' WHERE id = 2} ],
		sees_new => { 'SELECT id, name, price, created_at IS NULL FROM items ORDER BY id' => '1|unnamed|#.00|0 2|x|0.00|0' },
	},
	'29' => fruits('60'),
	'30' => {
		old => [ q{INSERT INTO people (id, name) VALUES (30 + #, 'old #')} ],
		new => [ q{INSERT INTO people (id, name, description) VALUES (40 + #, 'new #', 'mine')}, q{UPDATE people SET description = '#' WHERE id = 2} ],
		sees_old => { 'SELECT id, name FROM people WHERE id > 30 AND id % 10 = # ORDER BY id' => '3#|old # 4#|new #' },
		sees_new => { 'SELECT id, description FROM people WHERE id < 3 OR id > 30 AND id % 10 = # ORDER BY id' =>
			'1|temporary-description 2|# 3#|temporary-description 4#|mine' },
	},
	'31' => {
		old => [ q{INSERT INTO posts VALUES (90 + #, 'old #', 1)}, q{UPDATE posts SET title = 'mine' WHERE id = 1} ],
		new => [ q{INSERT INTO posts VALUES (100 + #, NULL, 1)}, q{UPDATE posts SET title = NULL WHERE id = 2} ],
		sees_old => { 'SELECT title FROM posts WHERE id < 3 OR id > 90 AND id % 10 = # ORDER BY id' => 'mine placeholder title old # placeholder title' },
		sees_new => { 'SELECT title FROM posts WHERE id < 3 OR id > 90 AND id % 10 = # ORDER BY id' => 'mine - old # -' },
	},
	'32' => {
		old => [ q{INSERT INTO people (id, name, description) VALUES (50 + #, 'old #', '')} ],
		new => [ q{INSERT INTO people (id, name, description) VALUES (60 + #, 'new #', '')}, q{UPDATE people SET description = '#' WHERE id = 1} ],
		sees_old => { 'SELECT id, name FROM people WHERE id > 50 AND id % 10 = # ORDER BY id' => '5#|old # 6#|new #' },
		sees_new => { 'SELECT id, name FROM people WHERE id > 50 AND id % 10 = # ORDER BY id' => '5#|old # 6#|new #' },
		rows => [ q{UPDATE people SET birth_date = '2001-02-03' WHERE id = 1} ],
	},
	'33' => {
		old => [ q{INSERT INTO people (id, name, description) VALUES (70 + #, 'old #', '')} ],
		new => [ q{INSERT INTO people (id, name, description) VALUES (80 + #, 'new #', '')}, q{UPDATE people SET name = 'other #' WHERE id = 1} ],
		sees_old => { 'SELECT id, name FROM people WHERE id < 2 OR id > 70 AND id % 10 = # ORDER BY id' => '1|other # 7#|old # 8#|new #' },
		sees_new => { 'SELECT id, name FROM people WHERE id < 2 OR id > 70 AND id % 10 = # ORDER BY id' => '1|other # 7#|old # 8#|new #' },
	},
	'34' => {
		new => [ q{INSERT INTO events (name) VALUES (DEFAULT), (NULL), ('opening'), ('x')}, q{UPDATE events SET name = 'begin #' WHERE id = 1} ],
		sees_new => { 'SELECT * FROM events ORDER BY id' => '1|begin # 2|- 3|opening 4|x' },
		# one name for all that are too short, and it must be unique
		rows => [ 'DELETE FROM events WHERE id = 4' ],
	},
	'35' => {
		old => [ q{INSERT INTO events VALUES (10 + #, 'old #')}, q{UPDATE events SET name = 'closing #' WHERE id = 3} ],
		new => [ q{INSERT INTO events VALUES (20 + #, 'new #')}, q{UPDATE events SET name = 'start #' WHERE id = 1} ],
		sees_old => { 'SELECT name FROM events WHERE id < 4 OR id % 10 = # ORDER BY id' => 'start # - closing # old # new #' },
		sees_new => { 'SELECT name FROM events WHERE id < 4 OR id % 10 = # ORDER BY id' => 'start # placeholder closing # old # new #' },
	},
	'36' => {
		old => [ q{INSERT INTO events VALUES (30 + #, 'older #')}, q{UPDATE events SET name = 'closed #' WHERE id = 3} ],
		new => [ q{INSERT INTO events VALUES (40 + #, 'newer #')}, q{UPDATE events SET name = 'started #' WHERE id = 1} ],
		sees_old => { 'SELECT name FROM events WHERE id IN (1, 3) OR id > 30 AND id % 10 = # ORDER BY id' => 'started # closed # older # newer #' },
		sees_new => { 'SELECT name FROM events WHERE id IN (1, 3) OR id > 30 AND id % 10 = # ORDER BY id' => 'started # closed # older # newer #' },
	},
	'37' => fruits('70'),
	'38' => fruits('80'),
	'39' => {
		old => [ q{INSERT INTO sellers VALUES ('old', #)}, q{UPDATE sellers SET description = '#' WHERE name = 'bob'} ],
		new => [ q{INSERT INTO sellers VALUES ('new', #, 'd', 5)}, q{UPDATE sellers SET rating = # WHERE name = 'bob'} ],
		sees_old => { q{SELECT name, description FROM sellers WHERE name IN ('new', 'old') AND zip = # OR name = 'bob' ORDER BY name} => 'bob|# new|d old|-',
			q{SELECT count(*) FROM sellers WHERE name = 'alice'} => '1' },
		sees_new => { q{SELECT name, rating FROM sellers WHERE name IN ('new', 'old') AND zip = # OR name = 'bob' ORDER BY name} => 'bob|# new|5 old|10' },
	},
	'40' => {
		old => [ q{UPDATE people SET description = 'old #' WHERE id = 1} ],
		new => [ q{UPDATE people SET description = description || '!' WHERE id = 1} ],
		sees_old => { 'SELECT description FROM people WHERE id = 1' => 'old #!' },
		sees_new => { 'SELECT description, enum_last(NULL::fruit_size) FROM people WHERE id = 1' => 'old #!|large' },
	},
	'41' => {
		old => [ q{INSERT INTO fruits VALUES (90 + #, 'old 9#')} ],
		new => [ q{INSERT INTO fruits VALUES (110 + #, 'new 9#', 'large')}, q{UPDATE fruits SET size = 'medium' WHERE id = 1} ],
		sees_old => { 'SELECT id, name FROM fruits WHERE id > 90 AND id % 10 = # ORDER BY id' => '9#|old 9# 11#|new 9#' },
		sees_new => { 'SELECT id, size FROM fruits WHERE id < 3 OR id > 90 AND id % 10 = # ORDER BY id' => '1|medium 2|small 9#|small 11#|large' },
	},
	'42' => fruits('120'),
	'43' => {
		new => [ q{INSERT INTO tickets (sellers_name, sellers_zip) VALUES ('alice', 2), ('bob', 2)}, q{UPDATE tickets SET ticket_type = '#' WHERE ticket_id = 1} ],
		sees_new => { 'SELECT * FROM tickets ORDER BY ticket_id' => '1|alice|2|# 2|bob|2|paper' },
		rows => [ q{INSERT INTO sellers (name, zip) VALUES ('zoe', -5), ('zoe', 123), ('bob', 7), ('yan', 8)},
			q{INSERT INTO tickets VALUES (3, 'zoe', -5, 'x')} ],
	},
	'44' => {
		old => [ q{INSERT INTO tickets VALUES (10 + #, 'old', #)}, q{UPDATE tickets SET sellers_name = 'bob' WHERE ticket_id = 2} ],
		new => [ q{INSERT INTO tickets VALUES (20 + #, 'new', #)}, q{UPDATE tickets SET sellers_zip = 7 WHERE ticket_id = 2} ],
		sees_old => { 'SELECT sellers_name, sellers_zip FROM tickets WHERE ticket_id < 4 OR ticket_id % 10 = # ORDER BY ticket_id' =>
			'alice|2 bob|7 zoe|-5 old|# new|#' },
		sees_new => { 'SELECT sellers_name, sellers_zip FROM tickets WHERE ticket_id < 4 OR ticket_id % 10 = # ORDER BY ticket_id' =>
			'alice|2 bob|7 zoe|-5 old|# new|#' },
	},
	'45' => {
		old => [ q{INSERT INTO tickets VALUES (30 + #, 'older', -#)}, q{UPDATE tickets SET ticket_type = '#' WHERE ticket_id = 1},
			q{DELETE FROM tickets WHERE ticket_id = 30 + #} ],
		new => [ q{INSERT INTO tickets VALUES (40 + #, 'newer', #)}, q{UPDATE tickets SET sellers_zip = 8, sellers_name = 'yan' WHERE ticket_id = 2} ],
		sees_old => { 'SELECT sellers_name, sellers_zip FROM tickets WHERE ticket_id < 4 OR ticket_id > 30 AND ticket_id % 10 = # ORDER BY ticket_id' =>
			'alice|2 yan|8 zoe|-5 newer|#' },
		sees_new => { 'SELECT sellers_name, sellers_zip FROM tickets WHERE ticket_id < 4 OR ticket_id > 30 AND ticket_id % 10 = # ORDER BY ticket_id' =>
			'alice|2 yan|8 zoe|123 newer|#' },
	},
	'46' => {
		old => [ q{INSERT INTO tickets VALUES (50 + #, 'oldest', #)} ],
		new => [ q{INSERT INTO tickets VALUES (60 + #, 'newest', #, 'given')}, q{UPDATE tickets SET ticket_type = '#' WHERE ticket_id = 2} ],
		sees_old => { 'SELECT ticket_type FROM tickets WHERE ticket_id = 2 OR ticket_id > 50 AND ticket_id % 10 = # ORDER BY ticket_id' => '# paper given' },
		sees_new => { 'SELECT ticket_type FROM tickets WHERE ticket_id = 2 OR ticket_id > 50 AND ticket_id % 10 = # ORDER BY ticket_id' => '# paper given' },
		rows => [ q{DELETE FROM tickets WHERE NOT EXISTS (SELECT FROM sellers WHERE name = sellers_name AND zip = sellers_zip)} ],
	},
	'47' => {
		old => [ q{DELETE FROM tickets WHERE sellers_name = 'bob'}, q{INSERT INTO tickets VALUES (70 + #, 'bob', 7, 't')} ],
		new => [ q{UPDATE tickets SET ticket_type = '#' WHERE ticket_id = 1}, q{DELETE FROM tickets WHERE ticket_id = 80},
			q{INSERT INTO sellers (name, zip) VALUES ('tom', #)}, q{INSERT INTO tickets VALUES (80 + #, 'tom', #, 't')} ],
		sees_old => { 'SELECT sellers_name, sellers_zip FROM tickets WHERE ticket_id > 70 AND ticket_id % 10 = # ORDER BY ticket_id' => 'bob|7 tom|#' },
		sees_new => { 'SELECT sellers_name, sellers_zip FROM tickets WHERE ticket_id > 70 AND ticket_id % 10 = # ORDER BY ticket_id' => 'bob|7 tom|#' },
	},
	'48' => {
		old => [ q{INSERT INTO sellers (name, zip) VALUES ('una', #)}, q{INSERT INTO tickets VALUES (90 + #, 'una', #, 't')} ],
		new => [ q{INSERT INTO sellers (name, zip) VALUES ('alice', -#)}, q{INSERT INTO tickets VALUES (100 + #, 'alice', -#, 't')},
			q{UPDATE tickets SET ticket_type = '#' WHERE ticket_id = 1} ],
		sees_old => { 'SELECT sellers_name, sellers_zip FROM tickets WHERE ticket_id > 90 AND ticket_id % 10 = # ORDER BY ticket_id' => 'una|# alice|-#' },
		sees_new => { 'SELECT sellers_name, sellers_zip FROM tickets WHERE ticket_id > 90 AND ticket_id % 10 = # ORDER BY ticket_id' => 'una|# alice|-#' },
	},
	'49' => {
		old => [ q{INSERT INTO fruits VALUES (130 + #, 'old 13#')}, q{UPDATE fruits SET name = 'plum 13#' WHERE id = 2} ],
		new => [ q{DELETE FROM fruits WHERE name IS NULL}, q{INSERT INTO fruits VALUES (140 + #, 'new 13#')}, q{UPDATE fruits SET name = 'fig 13#' WHERE id = 1} ],
		sees_old => { 'SELECT name FROM fruits WHERE id < 3 OR id > 130 AND id % 10 = # ORDER BY id' => 'fig 13# plum 13# old 13# new 13#' },
		sees_new => { 'SELECT name FROM fruits WHERE id < 3 OR id > 130 AND id % 10 = # ORDER BY id' => 'fig 13# plum 13# old 13# new 13#' },
		rows => [ 'INSERT INTO fruits VALUES (150, NULL), (151, NULL)' ],
	},
	'50' => {
		new => [ q{INSERT INTO telephone_providers (name, tax_id, headquarters) VALUES ('a', '1', 'x'), ('b', '2', 'y')},
			q{UPDATE telephone_providers SET name = '#' WHERE id = 1} ],
		sees_new => { 'SELECT * FROM telephone_providers ORDER BY id' => '1|#|1|x 2|b|2|y' },
	},
	'51' => {
		old => [ q{UPDATE telephone_providers SET name = 'c #' WHERE id > 1} ],
		new => [ q{INSERT INTO phonebook (provider_id, name, city, phone) VALUES (1, 'alice', 'x', '11'), ((SELECT max(id) FROM telephone_providers), 'bob', 'y', '22')},
			q{UPDATE telephone_providers SET id = 10 + # WHERE id IN (2, 11)} ],
		sees_old => { 'SELECT id, name FROM telephone_providers ORDER BY id' => '1|2 1#|c #' },
		sees_new => { 'SELECT name, provider_id FROM phonebook ORDER BY id' => 'alice|1 bob|1#' },
		rows => [ 'UPDATE telephone_providers SET id = 2 WHERE id = 12' ],
	},
	'52' => {
		new => [ q{INSERT INTO library (returned, title, summary) VALUES ('2001-02-03', 'a', 's'), ('2001-02-03', 'b', 's')},
			q{UPDATE library SET title = '#' WHERE id = 1} ],
		sees_new => { 'SELECT id, title FROM library ORDER BY id' => '1|# 2|b' },
	},
	'53' => {
		old => [ q{INSERT INTO library VALUES (10 + #, '2001-02-03', 'old #', 's')}, q{UPDATE library SET title = 'c #' WHERE id = 1} ],
		new => [ q{INSERT INTO library VALUES (20 + #, '2001-02-03', 'new #', 's', #)}, 'UPDATE library SET value = -# WHERE id = 2' ],
		sees_old => { 'SELECT title FROM library WHERE id < 3 OR id % 10 = # ORDER BY id' => 'c # b old # new #' },
		sees_new => { 'SELECT CASE WHEN value BETWEEN 0 AND 1000 AND id < 20 THEN id ELSE value END FROM library WHERE id < 3 OR id % 10 = # ORDER BY id' =>
			'1 -# 1# #' },
	},
	'54' => fruits('160'),
	'55' => {
		new => [ q{INSERT INTO tasks (title, description, deadline) VALUES ('a', 'b', '12:00+0')}, q{UPDATE tasks SET title = '#'} ],
		sees_new => { 'SELECT id, title FROM tasks' => '1|#' },
	},
	'56' => {
		old => [ q{UPDATE people SET description = 'last #' WHERE id = 1} ],
		new => [ q{INSERT INTO products (name) VALUES ('x')}, q{UPDATE products SET name = '#'} ],
		sees_new => { 'SELECT * FROM products' => '1|#', 'SELECT description FROM people WHERE id = 1' => 'last #' },
	});
}

# Nothing of a fruit changes.
sub fruits
{
	my ($first) = @_;
	my $next = $first + 5;

	return {
		old => [ "INSERT INTO fruits (id, name) VALUES ($first + #, 'old $first #')" ],
		new => [ "INSERT INTO fruits (id, name) VALUES ($next + #, 'new $next #')",
			"UPDATE fruits SET name = 'same $first #' WHERE id = 1" ],
		sees_old => { "SELECT count(*), min(name), max(name) FROM fruits WHERE name ~ '$first #|$next #'" => "3|new $next #|same $first #" },
		sees_new => { "SELECT count(*), min(name), max(name) FROM fruits WHERE name ~ '$first #|$next #'" => "3|new $next #|same $first #" },
	};
}
