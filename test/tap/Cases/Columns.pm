# Cases of add_column, rename_column, drop_column and of alter_column without constraints.

package Cases::Columns;

use strict;
use warnings;

use Exporter 'import';

use Cases::Default qw($rows);

our @EXPORT_OK = qw(column_cases type_cases null_cases metadata_cases);

sub column_cases
{
	my @writes = (
		old => [ q{INSERT INTO t VALUES (0, 7, 'zero')}, q{UPDATE t SET a = 70 WHERE id = 2} ]);

	return (
	{
		name => 'add_column: nullable',
		operations => '- add_column: {table: t, column: {name: c, type: varchar(9), nullable: true, comment: a note}}',
		ddl => q{ALTER TABLE t ADD c varchar(9); COMMENT ON COLUMN t.c IS 'a note'},
		@writes,
		new => [ q{INSERT INTO t VALUES (-1, 1, 'b', 'c')}, q{UPDATE t SET c = 'x' WHERE id = 2} ],
		sees_old => { 'SELECT * FROM t WHERE id < 3 ORDER BY id' => '-1|1|b 0|7|zero 1|1|b1 2|70|b2' },
		sees_new => { 'SELECT * FROM t WHERE id < 3 ORDER BY id' => '-1|1|b|c 0|7|zero|- 1|1|b1|- 2|70|b2|x' },
	},
	{
		name => 'add_column: a constant default',
		operations => '- add_column: {table: t, column: {name: c, type: int, default: "100"}}',
		ddl => 'ALTER TABLE t ADD c int NOT NULL DEFAULT 100',
		@writes,
		new => [ q{INSERT INTO t (id) VALUES (-1)}, q{UPDATE t SET c = 1 WHERE id = 2},
			[ 'UPDATE t SET c = NULL WHERE id = 1', '23502' ] ],
		sees_new => { 'SELECT id, c FROM t WHERE id < 3 ORDER BY id' => '-1|100 0|100 1|100 2|1' },
	},
	{
		name => 'add_column: a volatile default',
		operations => '- add_column: {table: t, column: {name: c, type: uuid, default: gen_random_uuid()}}',
		ddl => 'ALTER TABLE t ADD c uuid NOT NULL DEFAULT gen_random_uuid()',
		@writes,
		new => [ q{INSERT INTO t (id) VALUES (-1)} ],
		sees_new => { 'SELECT count(c) = count(*), count(DISTINCT c) = count(*) FROM t' => '1|1' },
	},
	{
		name => 'add_column: up',
		operations => '- add_column: {table: t, column: {name: c, type: text, nullable: true}, up: upper(b)}',
		ddl => 'ALTER TABLE t ADD c text',
		@writes,
		new => [ q{INSERT INTO t VALUES (-1, 1, 'b', 'c')}, q{UPDATE t SET c = 'x' WHERE id = 2} ],
		sees_new => { 'SELECT id, c FROM t WHERE id < 4 ORDER BY id' => '-1|c 0|ZERO 1|B1 2|x 3|B3' },
	},
	{
		name => 'add_column: up, NOT NULL and a default',
		operations => '- add_column: {table: t, column: {name: c, type: bigint, default: "9"}, up: a * 2}',
		ddl => 'ALTER TABLE t ADD c bigint NOT NULL DEFAULT 9',
		@writes,
		new => [ q{INSERT INTO t (id) VALUES (-1)}, [ q{INSERT INTO t VALUES (-2, 1, 'b', NULL)}, '23502' ] ],
		sees_new => { 'SELECT id, c FROM t WHERE id < 4 ORDER BY id' => '-1|9 0|14 1|2 2|140 3|6' },
	},
	{
		name => 'add_column: a domain with a constraint',
		setup => q{CREATE DOMAIN small AS int CHECK (value < 100); CREATE TABLE t (id int PRIMARY KEY, a int, b text)},
		rows => $rows,
		operations => '- add_column: {table: t, column: {name: c, type: small, default: "5"}}',
		ddl => 'ALTER TABLE t ADD c small NOT NULL DEFAULT 5',
		@writes,
		new => [ q{INSERT INTO t (id) VALUES (-1)}, [ q{INSERT INTO t (id, c) VALUES (-2, 100)}, '23514' ] ],
		sees_new => { 'SELECT id, c FROM t WHERE id < 2 ORDER BY id' => '-1|5 0|5 1|5' },
	},
	{
		name => 'add_column: a domain, an enum and an array',
		setup => q{CREATE DOMAIN small AS int; CREATE TYPE mood AS ENUM ('sad', 'glad');
			CREATE TABLE t (id int PRIMARY KEY, a int, b text)},
		rows => $rows,
		operations => q[
- add_column: {table: t, column: {name: c, type: small, default: "5"}}
- add_column: {table: t, column: {name: d, type: mood, default: "'glad'"}}
- add_column: {table: t, column: {name: e, type: "mood[]", nullable: true}, up: "ARRAY['sad'::mood]"}],
		ddl => q{ALTER TABLE t ADD c small NOT NULL DEFAULT 5, ADD d mood NOT NULL DEFAULT 'glad', ADD e mood[]},
		@writes,
		new => [ q{INSERT INTO t (id) VALUES (-1)} ],
		sees_new => { 'SELECT id, c, d, e::text FROM t WHERE id < 2 ORDER BY id' => '-1|5|glad|- 0|5|glad|{sad} 1|5|glad|{sad}' },
	},
	{
		name => 'drop_column',
		operations => '- drop_column: {table: t, column: a}',
		ddl => 'ALTER TABLE t DROP a',
		@writes,
		new => [ q{INSERT INTO t VALUES (-1, 'b')}, q{UPDATE t SET b = 'x' WHERE id = 2} ],
		sees_old => { 'SELECT * FROM t WHERE id < 3 ORDER BY id' => '-1|-|b 0|7|zero 1|1|b1 2|70|x' },
		sees_new => { 'SELECT * FROM t WHERE id < 3 ORDER BY id' => '-1|b 0|zero 1|b1 2|x' },
	},
	{
		name => 'drop_column: down, with an index, a check and a comment',
		setup => q{CREATE TABLE t (id int PRIMARY KEY, a int NOT NULL CHECK (a < 1000000000), b text);
			CREATE INDEX t_a ON t (a); COMMENT ON COLUMN t.a IS 'a number'},
		rows => $rows,
		operations => '- drop_column: {table: t, column: a, down: length(b)}',
		ddl => 'ALTER TABLE t DROP a',
		@writes,
		new => [ q{INSERT INTO t VALUES (-1, 'long')}, q{UPDATE t SET b = 'x' WHERE id = 2},
			[ 'INSERT INTO t VALUES (-2, NULL)', '23502' ] ],
		sees_old => { 'SELECT * FROM t WHERE id < 3 ORDER BY id' => '-1|4|long 0|7|zero 1|1|b1 2|1|x' },
	},
	{
		name => 'rename_column: with all that names it',
		setup => q{
			CREATE TABLE u (id int PRIMARY KEY);
			CREATE TABLE t (id int PRIMARY KEY, a int REFERENCES u CONSTRAINT positive CHECK (a > 0), b text,
				d int GENERATED ALWAYS AS (a * 2) STORED);
			CREATE INDEX t_a ON t (a) WHERE a > 3;
			CREATE INDEX t_ab ON t ((a + 1), b);
			CREATE STATISTICS t_s ON a, b FROM t;
			COMMENT ON COLUMN t.a IS 'a number'},
		rows => q{INSERT INTO u SELECT generate_series(1, ROWS); INSERT INTO t SELECT id, id, 'b' || id FROM u},
		operations => '- rename_column: {table: t, from: a, to: n}',
		ddl => 'ALTER TABLE t RENAME a TO n',
		old => [ q{INSERT INTO t VALUES (0, 7, 'zero')}, q{UPDATE t SET a = 3 WHERE id = 2} ],
		new => [ q{INSERT INTO t (id, n) VALUES (-1, 1)}, q{UPDATE t SET n = n + 1 WHERE id = 2},
			[ 'UPDATE t SET n = 0 WHERE id = 1', '23514' ] ],
		sees_old => { 'SELECT id, a, d FROM t WHERE id < 3 ORDER BY id' => '-1|1|2 0|7|14 1|1|2 2|4|8' },
		sees_new => { 'SELECT id, n, d FROM t WHERE id < 3 ORDER BY id' => '-1|1|2 0|7|14 1|1|2 2|4|8' },
	},
	{
		name => 'rename_column: two that change places',
		setup => 'CREATE TABLE t (id int PRIMARY KEY, a int, b int)',
		rows => 'INSERT INTO t SELECT i, i, -i FROM generate_series(1, ROWS) i',
		operations => q[
- rename_column: {table: t, from: a, to: c}
- rename_column: {table: t, from: b, to: a}
- rename_column: {table: t, from: c, to: b}],
		ddl => 'ALTER TABLE t RENAME a TO c; ALTER TABLE t RENAME b TO a; ALTER TABLE t RENAME c TO b',
		old => [ 'INSERT INTO t VALUES (0, 1, 2)' ],
		new => [ 'UPDATE t SET a = 4 WHERE id = 0' ],
		sees_old => { 'SELECT id, a, b FROM t WHERE id < 2 ORDER BY id' => '0|1|4 1|1|-1' },
		sees_new => { 'SELECT * FROM t WHERE id < 2 ORDER BY id' => '0|1|4 1|1|-1' },
	});
}

sub type_cases
{
	my @int_to_text = (
		old => [ q{INSERT INTO t VALUES (0, 7, 'zero')}, q{UPDATE t SET a = 70 WHERE id = 2} ],
		new => [ q{INSERT INTO t VALUES (-1, '8', 'b')}, q{UPDATE t SET a = '90' WHERE id = 3},
			[ q{UPDATE t SET a = 'x' WHERE id = 3}, '22P02' ] ],
		sees_old => { 'SELECT id, a FROM t WHERE id < 4 ORDER BY id' => '-1|8 0|7 1|1 2|70 3|90' },
		sees_new => { 'SELECT id, a, pg_typeof(a) FROM t WHERE id < 1 ORDER BY id' => '-1|8|text 0|7|text' });

	return (
	{
		name => 'alter_column: type',
		operations => '- alter_column: {table: t, column: a, type: text, up: "a::text", down: "a::int"}',
		ddl => 'ALTER TABLE t ALTER a TYPE text',
		@int_to_text,
	},
	{
		name => 'alter_column: type, default and comment, nullable',
		operations => q[
- alter_column: {table: t, column: a, type: text, nullable: false, default: "'5'", comment: text now,
   up: "coalesce(a::text, '?')", down: "nullif(a, '?')::int"}],
		ddl => q{ALTER TABLE t ALTER a TYPE text, ALTER a SET DEFAULT '5', ALTER a SET NOT NULL;
			COMMENT ON COLUMN t.a IS 'text now'},
		old => [ q{INSERT INTO t VALUES (0)}, q{UPDATE t SET a = NULL WHERE id = 2} ],
		new => [ q{INSERT INTO t (id) VALUES (-1)}, [ 'UPDATE t SET a = NULL WHERE id = 3', '23502' ] ],
		sees_old => { 'SELECT id, a FROM t WHERE id < 4 ORDER BY id' => '-1|5 0|- 1|1 2|- 3|3' },
		sees_new => { 'SELECT id, a FROM t WHERE id < 4 ORDER BY id' => '-1|5 0|? 1|1 2|? 3|3' },
	},
	{
		name => 'alter_column: a wider type, in the catalog alone',
		setup => q{CREATE TABLE t (id int PRIMARY KEY, a varchar(10) NOT NULL DEFAULT 'x', b text); CREATE INDEX t_a ON t (a)},
		rows => $rows,
		operations => '- alter_column: {table: t, column: a, type: varchar(50)}',
		ddl => 'ALTER TABLE t ALTER a TYPE varchar(50)',
		kept => [ 'character varying(10)', 'character varying(50)' ],
		old => [ q{INSERT INTO t VALUES (0, repeat('a', 10))} ],
		new => [ q{INSERT INTO t VALUES (-1, repeat('a', 20))} ],
		sees_old => { 'SELECT id, length(a) FROM t WHERE id < 1 ORDER BY id' => '-1|20 0|10' },
		sees_new => { 'SELECT id, length(a) FROM t WHERE id < 1 ORDER BY id' => '-1|20 0|10' },
	},
	{
		name => 'alter_column: the type of a serial primary key',
		setup => 'CREATE TABLE t (id serial PRIMARY KEY, a int, b text)',
		rows => q{INSERT INTO t (a, b) SELECT i, 'b' || i FROM generate_series(1, ROWS) i},
		operations => '- alter_column: {table: t, column: id, type: bigint, up: id, down: "id::int"}',
		# a sequence that cannot give such numbers would be of no use
		ddl => 'ALTER TABLE t ALTER id TYPE bigint; ALTER SEQUENCE t_id_seq AS bigint',
		old => [ 'INSERT INTO t (id, a) VALUES (0, 7)', [ 'INSERT INTO t (id) VALUES (1)', '23505' ], 'INSERT INTO t (a) VALUES (-1)' ],
		new => [ 'INSERT INTO t (id, a) VALUES (-1, 8)', [ 'INSERT INTO t (id) VALUES (1)', '23505' ], 'INSERT INTO t (a) VALUES (-2)',
			[ 'INSERT INTO t (id) VALUES (10000000000)', '22003' ] ],
		sees_old => { 'SELECT id, a FROM t WHERE id < 2 ORDER BY id' => '-1|8 0|7 1|1' },
		sees_new => { 'SELECT id, a FROM t WHERE id < 2 ORDER BY id' => '-1|8 0|7 1|1',
			'SELECT count(*) FROM t WHERE a < 0 AND id > 0' => '2' },
	},
	{
		name => 'alter_column: a table without a key',
		setup => 'CREATE TABLE t (id int, a int, b text)',
		rows => $rows,
		operations => '- alter_column: {table: t, column: a, type: text, up: "a::text", down: "a::int"}',
		ddl => 'ALTER TABLE t ALTER a TYPE text',
		@int_to_text,
	},
	{
		name => 'alter_column: an unlogged table with settings',
		setup => 'CREATE UNLOGGED TABLE t (id int PRIMARY KEY, a int, b text) WITH (fillfactor = 80, autovacuum_enabled = off)',
		rows => $rows,
		operations => '- alter_column: {table: t, column: a, type: text, up: "a::text", down: "a::int"}',
		ddl => 'ALTER TABLE t ALTER a TYPE text',
		@int_to_text,
	},
	{
		name => 'alter_column: a table with dropped columns and a generated one',
		setup => q{
			CREATE TABLE t (x int, id int PRIMARY KEY, y text, a int, b text, g text GENERATED ALWAYS AS (b || '!') STORED);
			ALTER TABLE t DROP x, DROP y},
		rows => $rows,
		operations => '- alter_column: {table: t, column: a, type: text, up: "a::text || length(g)", down: "left(a, -1)::int"}',
		ddl => 'ALTER TABLE t ALTER a TYPE text',
		old => [ q{INSERT INTO t VALUES (0, 7, 'zero')} ],
		new => [ q{INSERT INTO t VALUES (-1, '85', 'zero')}, q{UPDATE t SET b = 'three' WHERE id = 3} ],
		sees_old => { 'SELECT id, a, b, g FROM t WHERE id < 2 ORDER BY id' => '-1|8|zero|zero! 0|7|zero|zero! 1|1|b1|b1!' },
		sees_new => { 'SELECT id, a FROM t WHERE id < 4 ORDER BY id' => '-1|85 0|75 1|13 2|23 3|33' },
	},
	{
		name => 'alter_column: a partitioned table',
		setup => q{
			CREATE TABLE t (id int, a int, b text) PARTITION BY RANGE (id);
			CREATE TABLE t_1 PARTITION OF t FOR VALUES FROM (MINVALUE) TO (10);
			CREATE TABLE t_2 PARTITION OF t FOR VALUES FROM (10) TO (MAXVALUE) PARTITION BY HASH (b);
			CREATE TABLE t_2_0 PARTITION OF t_2 FOR VALUES WITH (MODULUS 2, REMAINDER 0);
			CREATE TABLE t_2_1 PARTITION OF t_2 FOR VALUES WITH (MODULUS 2, REMAINDER 1)},
		rows => $rows,
		operations => '- alter_column: {table: t, column: a, type: text, up: "a::text", down: "a::int"}',
		ddl => 'ALTER TABLE t ALTER a TYPE text',
		@int_to_text,
	},
	{
		name => 'alter_column: a table with a child',
		setup => 'CREATE TABLE t (id int, a int, b text); CREATE TABLE u (c int) INHERITS (t)',
		rows => "$rows; INSERT INTO u SELECT 1000 + i, i, 'u', i FROM generate_series(1, ROWS) i",
		operations => '- alter_column: {table: t, column: a, type: text, up: "a::text", down: "a::int"}',
		ddl => 'ALTER TABLE t ALTER a TYPE text',
		@int_to_text,
	},
	{
		name => 'alter_column: two operations on one column, and a rename',
		operations => q[
- alter_column: {table: t, column: a, type: bigint, up: "a * 10", down: "a / 10"}
- rename_column: {table: t, from: a, to: n}
- alter_column: {table: t, column: n, type: text, up: "n || '!'", down: "left(n, -1)::bigint"}],
		ddl => q{ALTER TABLE t ALTER a TYPE text; ALTER TABLE t RENAME a TO n},
		old => [ q{INSERT INTO t VALUES (0, 7, 'zero')} ],
		new => [ q{INSERT INTO t VALUES (-1, '80!', 'zero')} ],
		sees_old => { 'SELECT id, a FROM t WHERE id < 2 ORDER BY id' => '-1|8 0|7 1|1' },
		sees_new => { 'SELECT id, n FROM t WHERE id < 2 ORDER BY id' => '-1|80! 0|70! 1|10!' },
	});
}

sub null_cases
{
	return (
	{
		name => 'alter_column: not nullable',
		rows => q{INSERT INTO t SELECT i, nullif(i, 2), 'b' || i FROM generate_series(1, ROWS) i},
		operations => '- alter_column: {table: t, column: a, nullable: false, up: "coalesce(a, 0)"}',
		ddl => 'UPDATE t SET a = coalesce(a, 0); ALTER TABLE t ALTER a SET NOT NULL',
		old => [ 'INSERT INTO t VALUES (0)' ],
		new => [ 'INSERT INTO t VALUES (-1, 5)', [ 'INSERT INTO t VALUES (-2)', '23502' ] ],
		sees_old => { 'SELECT id, a FROM t WHERE id < 3 ORDER BY id' => '-1|5 0|- 1|1 2|-' },
		sees_new => { 'SELECT id, a FROM t WHERE id < 3 ORDER BY id' => '-1|5 0|0 1|1 2|0' },
	},
	{
		name => 'alter_column: nullable, in the views',
		setup => 'CREATE TABLE t (id int PRIMARY KEY, a int NOT NULL, b text)',
		rows => $rows,
		operations => '- alter_column: {table: t, column: a, nullable: true}',
		ddl => 'ALTER TABLE t ALTER a DROP NOT NULL',
		old => [ 'INSERT INTO t VALUES (0, 7)', [ 'INSERT INTO t VALUES (-2)', '23502' ] ],
		new => [ 'INSERT INTO t VALUES (-1, 5)', [ 'INSERT INTO t VALUES (-2)', '23502' ] ],
		sees_new => { 'SELECT id, a FROM t WHERE id < 1 ORDER BY id' => '-1|5 0|7' },
	},
	{
		name => 'alter_column: nullable, with a down',
		setup => 'CREATE TABLE t (id int PRIMARY KEY, a int NOT NULL, b text); CREATE INDEX t_a ON t (a)',
		rows => $rows,
		operations => '- alter_column: {table: t, column: a, nullable: true, down: "coalesce(a, 99)"}',
		ddl => 'ALTER TABLE t ALTER a DROP NOT NULL',
		old => [ 'INSERT INTO t VALUES (0, 7)', [ 'INSERT INTO t VALUES (-2)', '23502' ] ],
		new => [ 'INSERT INTO t VALUES (-1, 5)', 'INSERT INTO t VALUES (-2)' ],
		sees_old => { 'SELECT id, a FROM t WHERE id < 1 ORDER BY id' => '-2|99 -1|5 0|7' },
		sees_new => { 'SELECT id, a FROM t WHERE id < 1 ORDER BY id' => '-2|- -1|5 0|7' },
	});
}

sub metadata_cases
{
	my @writes = (
		old => [ 'INSERT INTO t (id) VALUES (0)' ],
		new => [ 'INSERT INTO t (id) VALUES (-1)' ]);

	return (
	{
		name => 'alter_column: default',
		operations => '- alter_column: {table: t, column: a, default: "5"}',
		ddl => 'ALTER TABLE t ALTER a SET DEFAULT 5',
		@writes,
		sees_new => { 'SELECT id, a FROM t WHERE id < 1 ORDER BY id' => '-1|5 0|-' },
	},
	{
		name => 'alter_column: no default',
		setup => q{CREATE TABLE t (id int PRIMARY KEY, a int DEFAULT 5, b text DEFAULT 'b')},
		rows => $rows,
		operations => '- alter_column: {table: t, column: a, default: null}',
		ddl => 'ALTER TABLE t ALTER a DROP DEFAULT',
		# which kept the table's own away until it was gone
		view_ddl => 'ALTER VIEW t ALTER a SET DEFAULT COALESCE(NULL::int)',
		@writes,
		sees_new => { 'SELECT * FROM t WHERE id < 1 ORDER BY id' => '-1|-|b 0|5|b' },
	},
	{
		name => 'alter_column: comment',
		operations => q{- alter_column: {table: t, column: a, comment: "a 'number'"}},
		ddl => q{COMMENT ON COLUMN t.a IS 'a ''number'''},
		@writes,
	},
	{
		name => 'alter_column: no comment',
		setup => q{CREATE TABLE t (id int PRIMARY KEY, a int, b text); COMMENT ON COLUMN t.a IS 'a number';
			COMMENT ON COLUMN t.b IS 'a text'},
		rows => $rows,
		operations => '- alter_column: {table: t, column: a, comment: null, up: a, down: a}',
		ddl => 'COMMENT ON COLUMN t.a IS NULL',
		@writes,
	});
}

1;
