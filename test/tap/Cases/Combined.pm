# Cases of fields and operations together, as far as no other cases have them.

package Cases::Combined;

use strict;
use warnings;

use Exporter 'import';

our @EXPORT_OK = qw(combined_cases);

sub combined_cases
{
	return (every_field('stricter'), every_field('looser'), wide_cases(), several_cases());
}

# One table with a column for each combination of alter_column's fields: types, NOT
# NULL and the rest of a nullable column, or of one that is not.
sub every_field
{
	my ($kind) = @_;
	my $looser = $kind eq 'looser';
	my @fields = qw(type nullable default check unique references);
	# a comment hangs on nothing else: every second combination has one
	my @numbers = 1 .. 2**@fields - 1;
	my @commented = grep { ($_ ^ $_ >> 1 ^ $_ >> 2 ^ $_ >> 3 ^ $_ >> 4 ^ $_ >> 5) & 1 } @numbers;
	my (@columns, @operations, @ddl, @given, @comments);

	foreach my $number (@numbers)
	{
		my %has = map { $fields[$_] => $number & (1 << $_) } 0 .. $#fields;
		my $c = "c$number";
		my @parts = ("table: t, column: $c");
		my $up = $has{nullable} && !$looser ? "coalesce($c, id)" : $c;
		my $down = $has{nullable} && $looser ? "coalesce($c, id::int)" : $c;

		push @columns, $looser ? "$c int NOT NULL DEFAULT 0" : "$c int";
		push @comments, "COMMENT ON COLUMN t.$c IS 'was'" if $looser;
		push @parts, 'type: bigint' if $has{type};
		push @parts, 'nullable: ' . ($looser ? 'true' : 'false') if $has{nullable};
		push @parts, 'default: ' . ($looser ? 'null' : '"-1"') if $has{default};
		push @parts, 'comment: ' . ($looser ? 'null' : 'is new') if grep { $_ == $number } @commented;
		push @parts, "check: {name: ${c}_c, constraint: $c <> 77}" if $has{check};
		push @parts, "unique: {name: ${c}_u}" if $has{unique};
		push @parts, "references: {name: ${c}_r, table: u, column: id, on_delete: CASCADE}" if $has{references};
		push @parts, qq(up: "$up") if $has{type} || $has{check} || $has{references} || $has{unique} || ($has{nullable} && !$looser);
		push @parts, qq(down: "$down) . ($has{type} ? '::int"' : '"')
		  if $has{type} || $has{check} || $has{references} || ($has{nullable} && $looser);
		push @operations, '- alter_column: {' . join(', ', @parts) . '}';
		push @ddl, "ALTER $c TYPE bigint" if $has{type};
		push @ddl, "ALTER $c " . ($looser ? 'DROP' : 'SET') . ' NOT NULL' if $has{nullable};
		push @ddl, "ALTER $c " . ($looser ? 'DROP DEFAULT' : 'SET DEFAULT -1') if $has{default};
		push @ddl, "ADD CONSTRAINT ${c}_c CHECK ($c <> 77)" if $has{check};
		push @ddl, "ADD CONSTRAINT ${c}_u UNIQUE ($c)" if $has{unique};
		push @ddl, "ADD CONSTRAINT ${c}_r FOREIGN KEY ($c) REFERENCES u ON DELETE CASCADE" if $has{references};
		push @given, $c if ($has{nullable} && !$looser && !$has{default}) || ($looser && !$has{nullable} && $has{default});
	}
	my @all = map { "c$_" } @numbers;
	my $new_values = join ', ', map { -3 } @given;
	# both versions have NULL only where both may
	my $old = $looser ? 'INSERT INTO t SELECT -5' . ', -5' x @all : 'INSERT INTO t (id) VALUES (-5)';

	return {
		name => "alter_column: every combination of its fields, $kind",
		setup => 'CREATE TABLE u (id int PRIMARY KEY); CREATE TABLE t (id int PRIMARY KEY, ' . join(', ', @columns) . ');' . join(';', @comments),
		rows => 'INSERT INTO u SELECT generate_series(-10, least(ROWS, 50)); INSERT INTO t SELECT i' . ', i' x @all . ' FROM generate_series(1, least(ROWS, 50)) i',
		operations => join("\n", @operations),
		ddl => 'ALTER TABLE t ' . join(', ', @ddl) . ';' .
		  join(';', map { "COMMENT ON COLUMN t.c$_ IS " . ($looser ? 'NULL' : "'is new'") } @commented),
		# which kept the table's own away until it was gone
		view_ddl => $looser ? 'ALTER VIEW t ' . join(', ', map { "ALTER c$_ SET DEFAULT COALESCE(NULL::int)" } grep { ($_ & 7) == 4 } @numbers) : undef,
		old => [ $old, [ 'UPDATE t SET c63 = 77 WHERE id = 1', '23514' ] ],
		new => [ 'INSERT INTO t (id, ' . join(', ', @given) . ") VALUES (-3, $new_values)",
			[ 'UPDATE t SET c63 = 77 WHERE id = 1', '23514' ], [ 'UPDATE t SET c48 = -1000 WHERE id = 1', '23503' ],
			[ 'UPDATE t SET c3 = 1000000000000 WHERE id = 1', '22003' ] ],
		sees_old => $looser ? { 'SELECT c1, c2, c3, c63 FROM t WHERE id = -5' => '-5|-5|-5|-5' } : { 'SELECT c1, c2, c3, c63 FROM t WHERE id = -5' => '-|-|-|-' },
		sees_new => $looser ? { 'SELECT c1, c2, c3, c63 FROM t WHERE id = -5' => '-5|-5|-5|-5' } : { 'SELECT c1, c2, c3, c63 FROM t WHERE id = -5' => '-|-5|-5|-5' },
	};
}

# Tables with many columns, or many that are gone.
sub wide_cases
{
	my @wide = map { "c$_ int" } 1 .. 1500;
	my @gone = map { "g$_ int" } 1 .. 1400;
	my @drops = map { "DROP g$_" } 1 .. 1400;

	return (
	{
		name => 'wide: a table with 1,500 columns',
		setup => 'CREATE TABLE t (id int PRIMARY KEY, ' . join(', ', @wide) . '); CREATE INDEX t_c ON t (c1499, c3) WHERE c700 IS NULL;
			ALTER TABLE t ADD CONSTRAINT t_c CHECK (c1500 <> c7)',
		rows => 'INSERT INTO t (id, c3, c700, c1499, c1500) SELECT i, i, i, i, i FROM generate_series(1, ROWS) i',
		operations => q[
- alter_column: {table: t, column: c1499, type: bigint, up: c1499, down: "c1499::int"}
- alter_column: {table: t, column: c3, nullable: false, up: "coalesce(c3, 0)"}
- drop_column: {table: t, column: c5, down: c1500}
- rename_column: {table: t, from: c1500, to: last}
- add_column: {table: t, column: {name: more, type: text, check: {name: t_more, constraint: more <> ''}}, up: "last::text || 'x'"}],
		ddl => q{ALTER TABLE t ALTER c1499 TYPE bigint, ALTER c3 SET NOT NULL, DROP c5; ALTER TABLE t RENAME c1500 TO last;
			ALTER TABLE t ADD more text; UPDATE t SET more = last::text || 'x'; ALTER TABLE t ALTER more SET NOT NULL, ADD CONSTRAINT t_more CHECK (more <> '')},
		old => [ 'INSERT INTO t (id, c1499, c1500) VALUES (-1, 1, 2)', 'UPDATE t SET c1499 = 5, c700 = NULL WHERE id = 2' ],
		new => [ q{INSERT INTO t (id, c1499, last, c3, more) VALUES (-2, 1, 3, 4, 'n')}, 'UPDATE t SET last = 9 WHERE id = 3' ],
		sees_old => { 'SELECT id, c1499, c3, c5, c1500 FROM t WHERE id < 4 ORDER BY id' => '-2|1|4|3|3 -1|1|-|-|2 1|1|1|-|1 2|5|2|-|2 3|3|3|9|9' },
		sees_new => { 'SELECT id, c1499, c3, last, more FROM t WHERE id < 4 ORDER BY id' => '-2|1|4|3|n -1|1|0|2|2x 1|1|1|1|1x 2|5|2|2|2x 3|3|3|9|3x' },
	},
	{
		name => 'wide: a table with 1,400 dropped columns, and values that were added without a rewrite',
		setup => 'CREATE TABLE t (' . join(', ', @gone) . ', id int PRIMARY KEY, a int); ALTER TABLE t ' . join(', ', @drops),
		rows => q{INSERT INTO t (id, a) SELECT i, i FROM generate_series(1, ROWS) i;
			ALTER TABLE t ADD IF NOT EXISTS d text DEFAULT 'given', ADD IF NOT EXISTS e int NOT NULL DEFAULT 7},
		operations => q[
- alter_column: {table: t, column: a, type: bigint, up: a, down: "a::int"}
- alter_column: {table: t, column: d, type: varchar(40), up: "d || e", down: "d::text"}
- alter_column: {table: t, column: e, nullable: true, down: "coalesce(e, -1)"}],
		ddl => 'ALTER TABLE t ALTER a TYPE bigint, ALTER d TYPE varchar(40), ALTER e DROP NOT NULL',
		old => [ 'INSERT INTO t (id, a) VALUES (-1, 1)', 'UPDATE t SET a = 5 WHERE id = 2' ],
		new => [ q{INSERT INTO t (id, a, e) VALUES (-2, 1, NULL)}, 'UPDATE t SET e = NULL WHERE id = 3' ],
		sees_old => { 'SELECT id, a, d, e FROM t WHERE id < 4 ORDER BY id' => '-2|1|given|-1 -1|1|given|7 1|1|given|7 2|5|given|7 3|3|given|-1' },
		sees_new => { 'SELECT id, a, e FROM t WHERE id < 4 ORDER BY id' => '-2|1|- -1|1|7 1|1|7 2|5|7 3|3|-' },
	});
}

# Several operations on what hangs together.
sub several_cases
{
	my $pairs = q{CREATE TABLE t (id int PRIMARY KEY, a int, b int, c text); CREATE TABLE u (x int, y int, z text, UNIQUE (x, y), UNIQUE (z, x))};
	my $filled = q{INSERT INTO u SELECT i, i, 'z' || i FROM generate_series(-10, ROWS) i; INSERT INTO t SELECT i, i, i, 'z' || i FROM generate_series(1, ROWS) i};

	return (
	{
		name => 'several: create_constraint over columns of which each has its own up and down',
		setup => $pairs,
		rows => $filled,
		operations => q[
- create_constraint: {table: t, name: t_u, type: unique, columns: [a, b], up: {a: a, b: "coalesce(b, -id)"}, down: {a: a, b: "nullif(b, -id)"}}
- create_constraint: {table: t, name: t_c, type: check, columns: [a, b, c], check: a + b <> 0 OR c = 'zero', up: {a: "coalesce(a, 1)", b: b, c: "coalesce(c, 'zero')"}, down: {a: a, b: b, c: c}}
- create_constraint: {table: t, name: t_f, type: foreign_key, columns: [c, a], references: {table: u, columns: [z, x], on_delete: CASCADE}, up: {c: "CASE WHEN c LIKE 'z%' AND c <> 'zero' THEN c END", a: a}, down: {c: c, a: a}}],
		ddl => q{ALTER TABLE t ADD CONSTRAINT t_u UNIQUE (a, b), ADD CONSTRAINT t_c CHECK (a + b <> 0 OR c = 'zero'),
			ADD CONSTRAINT t_f FOREIGN KEY (c, a) REFERENCES u (z, x) ON DELETE CASCADE},
		old => [ q{INSERT INTO t VALUES (-9999999)}, q{INSERT INTO t VALUES (-2, 1, NULL, 'other')}, [ q{INSERT INTO t VALUES (-9, 1, -1, 'z1')}, '23514' ],
			[ q{INSERT INTO t VALUES (-9, 2, 3, 'z1')}, '23503' ] ],
		new => [ q{INSERT INTO t VALUES (-3, 3, 4, 'z3')}, q{UPDATE t SET b = 12 WHERE id = 2} ],
		ready => [ q{DELETE FROM u WHERE z = 'z5'}, [ q{UPDATE t SET a = 4, b = 4, c = 'z4' WHERE id = 3}, '23505' ] ],
		sees_old => { 'SELECT * FROM t WHERE id < 4 OR id = 5 ORDER BY id' => '-9999999|-|-|- -3|3|4|z3 -2|1|-|other 1|1|1|z1 2|2|12|z2 3|3|3|z3' },
		sees_new => { 'SELECT * FROM t WHERE id < 4 OR id = 5 ORDER BY id' => '-9999999|1|9999999|- -3|3|4|z3 -2|1|2|- 1|1|1|z1 2|2|12|z2 3|3|3|z3' },
	},
	{
		name => 'several: a primary key over two columns, of which one changes its type and one its name',
		setup => q{CREATE TABLE t (id int, a int, b int, c text); CREATE UNIQUE INDEX t_i ON t (a, id)},
		rows => q{INSERT INTO t SELECT i, i, i, 'z' || i FROM generate_series(1, ROWS) i},
		operations => q[
- rename_column: {table: t, from: a, to: n}
- alter_column: {table: t, column: id, type: bigint, nullable: false, up: "coalesce(id, 0)", down: "id::int"}
- create_constraint: {table: t, name: t_pk, type: primary_key, columns: [n, id], up: {n: "coalesce(n, -1)", id: id}, down: {n: n, id: id}}
- alter_column: {table: t, column: c, type: text, unique: {name: t_c_u}, up: "c || 'c'", down: "c"}],
		ddl => q{ALTER TABLE t ALTER id TYPE bigint; ALTER TABLE t RENAME a TO n; ALTER TABLE t ADD CONSTRAINT t_pk PRIMARY KEY (n, id), ADD CONSTRAINT t_c_u UNIQUE (c)},
		old => [ 'INSERT INTO t VALUES (NULL, NULL, 5)' ],
		new => [ q{INSERT INTO t VALUES (-2, 1, 1, 'new')}, [ q{INSERT INTO t VALUES (-3, NULL, 1)}, '23502' ] ],
		ready => [ [ 'INSERT INTO t VALUES (0, -1, 6)', '23505' ], [ q{INSERT INTO t VALUES (-3, 1, 6, 'new')}, '23505' ] ],
		sees_old => { 'SELECT * FROM t WHERE b IN (1, 5) ORDER BY c' => '-2|1|1|new 1|1|1|z1 5|5|5|z5 -|-|5|-' },
		sees_new => { 'SELECT * FROM t WHERE b IN (1, 5) ORDER BY c' => '-2|1|1|new 1|1|1|z1c 5|5|5|z5c 0|-1|5|-' },
	},
	{
		name => 'several: set_replica_identity to an index whose column changes',
		setup => q{CREATE TABLE t (id int PRIMARY KEY, a int NOT NULL, b text NOT NULL); CREATE UNIQUE INDEX t_a ON t (a);
			CREATE UNIQUE INDEX t_b ON t (b, a); ALTER TABLE t REPLICA IDENTITY USING INDEX t_b},
		rows => q{INSERT INTO t SELECT i, i, 'b' || i FROM generate_series(1, ROWS) i},
		operations => q[
- alter_column: {table: t, column: a, type: bigint, up: a, down: "a::int"}
- set_replica_identity: {table: t, identity: {type: index, index: t_a}}],
		ddl => 'ALTER TABLE t ALTER a TYPE bigint; ALTER TABLE t REPLICA IDENTITY USING INDEX t_a',
		old => [ q{INSERT INTO t VALUES (-1, -1, 'x')} ],
		new => [ q{UPDATE t SET a = -2 WHERE id = 2} ],
		sees_old => { 'SELECT id, a FROM t WHERE id < 3 ORDER BY id' => '-1|-1 1|1 2|-2' },
		sees_new => { 'SELECT id, a FROM t WHERE id < 3 ORDER BY id' => '-1|-1 1|1 2|-2' },
	},
	{
		name => 'several: long values, some of which are in no version changed',
		setup => q{CREATE TABLE t (id int PRIMARY KEY, a text STORAGE EXTERNAL, b jsonb, c bytea, d text[]) PARTITION BY RANGE (id);
			CREATE TABLE t_1 PARTITION OF t FOR VALUES FROM (MINVALUE) TO (5);
			CREATE TABLE t_2 (gone text, d text[], c bytea, b jsonb, a text, id int NOT NULL);
			ALTER TABLE t_2 DROP gone;
			ALTER TABLE t ATTACH PARTITION t_2 FOR VALUES FROM (5) TO (MAXVALUE)} =~ s/ STORAGE EXTERNAL//r,
		rows => q{INSERT INTO t SELECT i, string_agg(md5((i * j)::text), ''), jsonb_agg(md5((i + j)::text)), decode(string_agg(md5(j::text), ''), 'hex'), array_agg(md5(j::text))
			FROM generate_series(1, least(ROWS, 200)) i, generate_series(1, 300) j GROUP BY i},
		operations => q[
- alter_column: {table: t, column: a, type: varchar(20000), nullable: false, up: "coalesce(a, repeat('?', 9000))", down: "a"}
- alter_column: {table: t, column: b, type: text, up: "b::text", down: "b::jsonb"}
- add_column: {table: t, column: {name: e, type: bytea, nullable: true}, up: "c || c"}
- drop_column: {table: t, column: c, down: "substr(e, 1, length(e) / 2)"}],
		ddl => q{ALTER TABLE t ALTER a TYPE varchar(20000), ALTER a SET NOT NULL, ALTER b TYPE text, DROP c, ADD e bytea},
		old => [ q{INSERT INTO t (id, b) SELECT -1, b FROM t WHERE id = 3}, q{UPDATE t SET id = 1000000 WHERE id = 2}, q{UPDATE t SET d = d || d WHERE id = 3} ],
		new => [ q{UPDATE t SET a = repeat('x', 10000) WHERE id = 4}, q{UPDATE t SET id = 1000001 WHERE id = 1} ],
		sees_old => { 'SELECT id, length(a), jsonb_array_length(b), length(c), cardinality(d) FROM t WHERE id < 6 OR id >= 1000000 ORDER BY id' =>
			  '-1|-|300|-|- 3|9600|300|4800|600 4|10000|300|4800|300 5|9600|300|4800|300 1000000|9600|300|4800|300 1000001|9600|300|4800|300',
			q{SELECT count(*) FROM t WHERE c <> (SELECT decode(string_agg(md5(j::text), ''), 'hex') FROM generate_series(1, 300) j)} => '0' },
		sees_new => { 'SELECT id, length(a), length(b), length(e), cardinality(d) FROM t WHERE id < 6 OR id >= 1000000 ORDER BY id' =>
			  '-1|9000|10800|-|- 3|9600|10800|9600|600 4|10000|10800|9600|300 5|9600|10800|9600|300 1000000|9600|10800|9600|300 1000001|9600|10800|9600|300' },
	});
}

1;
