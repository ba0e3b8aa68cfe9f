# Cases of constraints: in columns, on their own, and those of alter_column.

package Cases::Constraints;

use strict;
use warnings;

use Exporter 'import';

use Cases::Default qw($rows);

our @EXPORT_OK = qw(constraint_cases column_constraint_cases);

# Constraints as operations of their own.
sub constraint_cases
{
	my @two = (
		setup => 'CREATE TABLE t (id int PRIMARY KEY, a int, b int); CREATE TABLE u (x int, y int, PRIMARY KEY (x, y))',
		rows => q{INSERT INTO u SELECT i, -i FROM generate_series(-9, ROWS) i; INSERT INTO t SELECT i, i, -i FROM generate_series(1, ROWS) i});
	my @same = (
		old => [ 'INSERT INTO t VALUES (0, 0, 0)', 'UPDATE t SET a = 9 WHERE id = 3' ],
		new => [ 'INSERT INTO t VALUES (-1, -1, 1)', 'UPDATE t SET b = 7 WHERE id = 2' ],
		sees_old => { 'SELECT * FROM t WHERE id < 4 ORDER BY id' => '-1|-1|1 0|0|0 1|1|-1 2|2|7 3|9|-3' },
		sees_new => { 'SELECT * FROM t WHERE id < 4 ORDER BY id' => '-1|-1|1 0|0|0 1|1|-1 2|2|7 3|9|-3' });

	return (
	{
		name => 'create_constraint: unique, nothing to repair',
		@two,
		operations => q[
- create_constraint: {table: t, name: t_u, type: unique, columns: [a, b], up: {a: a, b: b}, down: {a: a, b: b}, index_parameters: {include_columns: [id]}}],
		ddl => 'ALTER TABLE t ADD CONSTRAINT t_u UNIQUE (a, b) INCLUDE (id)',
		@same,
	},
	{
		name => 'create_constraint: unique, with an up',
		@two,
		rows => q{INSERT INTO u SELECT i, -i FROM generate_series(-9, ROWS) i; INSERT INTO t SELECT i, 1, 2 FROM generate_series(1, ROWS) i},
		operations => q[
- create_constraint: {table: t, name: t_u, type: unique, columns: [a, b], up: {a: id, b: b}, down: {a: a, b: b}}],
		ddl => 'UPDATE t SET a = id; ALTER TABLE t ADD CONSTRAINT t_u UNIQUE (a, b)',
		old => [ 'INSERT INTO t VALUES (0, 1, 2)' ],
		new => [ 'INSERT INTO t VALUES (-1, -1, 2)' ],
		ready => [ [ 'INSERT INTO t VALUES (-2, -1, 2)', '23505' ], 'UPDATE t SET a = -2 WHERE id = 2' ],
		sees_old => { 'SELECT * FROM t WHERE id < 4 ORDER BY id' => '-1|-1|2 0|1|2 1|1|2 2|-2|2 3|1|2' },
		sees_new => { 'SELECT * FROM t WHERE id < 4 ORDER BY id' => '-1|-1|2 0|0|2 1|1|2 2|-2|2 3|3|2' },
	},
	{
		name => 'create_constraint: check, nothing to repair',
		@two,
		operations => q[
- create_constraint: {table: t, name: t_c, type: check, columns: [a, b], check: a + b < 100, no_inherit: true, up: {a: a, b: b}, down: {a: a, b: b}}],
		ddl => 'ALTER TABLE t ADD CONSTRAINT t_c CHECK (a + b < 100) NO INHERIT',
		@same,
	},
	{
		name => 'create_constraint: check, with an up',
		@two,
		operations => q[
- create_constraint: {table: t, name: t_c, type: check, columns: [a, b], check: a >= 0 AND b <= 0, up: {a: abs(a), b: "-abs(b)"}, down: {a: a, b: b}}],
		ddl => 'ALTER TABLE t ADD CONSTRAINT t_c CHECK (a >= 0 AND b <= 0)',
		old => [ 'INSERT INTO t VALUES (0, -5, 5)' ],
		new => [ 'INSERT INTO t VALUES (-1, 6, -6)', [ 'INSERT INTO t VALUES (-2, -1, 2)', '23514' ] ],
		sees_old => { 'SELECT * FROM t WHERE id < 2 ORDER BY id' => '-1|6|-6 0|-5|5 1|1|-1' },
		sees_new => { 'SELECT * FROM t WHERE id < 2 ORDER BY id' => '-1|6|-6 0|5|-5 1|1|-1' },
	},
	{
		name => 'create_constraint: foreign key, nothing to repair',
		@two,
		operations => q[
- create_constraint:
    table: t
    name: t_f
    type: foreign_key
    columns: [a, b]
    references: {table: u, columns: [x, y], match_type: FULL, on_delete: SET NULL, on_update: cascade}
    up: {a: a, b: b}
    down: {a: a, b: b}],
		ddl => 'ALTER TABLE t ADD CONSTRAINT t_f FOREIGN KEY (a, b) REFERENCES u (x, y) MATCH FULL ON DELETE SET NULL ON UPDATE CASCADE',
		old => [ 'INSERT INTO t VALUES (0, 0, 0)', [ 'INSERT INTO t VALUES (-9, 9, 9)', '23503' ] ],
		new => [ 'INSERT INTO t VALUES (-1, -1, 1)', [ 'INSERT INTO t VALUES (-9, 9, 9)', '23503' ], 'DELETE FROM u WHERE x = 1' ],
		sees_old => { 'SELECT * FROM t WHERE id < 2 ORDER BY id' => '-1|-1|1 0|0|0 1|-|-' },
		sees_new => { 'SELECT * FROM t WHERE id < 2 ORDER BY id' => '-1|-1|1 0|0|0 1|-|-' },
	},
	{
		name => 'create_constraint: foreign key, with an up',
		@two,
		rows => q{INSERT INTO u SELECT i, -i FROM generate_series(-9, ROWS) i; INSERT INTO t SELECT i, i, i FROM generate_series(1, ROWS) i},
		operations => q[
- create_constraint:
    table: t
    name: t_f
    type: foreign_key
    columns: [a, b]
    references: {table: u, columns: [x, y], on_delete: cascade}
    up: {a: a, b: "-abs(b)"}
    down: {a: a, b: b}],
		ddl => 'UPDATE t SET b = -abs(b); ALTER TABLE t ADD CONSTRAINT t_f FOREIGN KEY (a, b) REFERENCES u (x, y) ON DELETE CASCADE',
		old => [ 'INSERT INTO t VALUES (0, 5, 5)' ],
		new => [ 'INSERT INTO t VALUES (-1, -1, 1)', [ 'INSERT INTO t VALUES (-9, 9, 9)', '23503' ] ],
		ready => [ 'DELETE FROM u WHERE x = 1' ],
		sees_old => { 'SELECT * FROM t WHERE id < 3 ORDER BY id' => '-1|-1|1 0|5|5 2|2|2' },
		sees_new => { 'SELECT * FROM t WHERE id < 3 ORDER BY id' => '-1|-1|1 0|5|-5 2|2|-2' },
	},
	{
		name => 'create_constraint: primary key',
		setup => 'CREATE TABLE t (id int NOT NULL, a int NOT NULL, b text)',
		rows => $rows,
		operations => '- create_constraint: {table: t, name: t_pk, type: primary_key, columns: [id, a], up: {id: id, a: a}, down: {id: id, a: a}}',
		ddl => 'ALTER TABLE t ADD CONSTRAINT t_pk PRIMARY KEY (id, a)',
		old => [ 'INSERT INTO t VALUES (0, 0)' ],
		new => [ 'INSERT INTO t VALUES (-1, -1)' ],
		ready => [ [ 'INSERT INTO t VALUES (-1, -1)', '23505' ] ],
		sees_old => { 'SELECT * FROM t WHERE id < 1 ORDER BY id' => '-1|-1|- 0|0|-' },
		sees_new => { 'SELECT * FROM t WHERE id < 1 ORDER BY id' => '-1|-1|- 0|0|-' },
	},
	{
		name => 'create_constraint: primary key of a nullable column',
		setup => 'CREATE TABLE t (id int, a int, b text)',
		rows => $rows,
		operations => '- create_constraint: {table: t, name: t_pk, type: primary_key, columns: [id], up: {id: "coalesce(id, -a)"}, down: {id: id}}',
		ddl => 'ALTER TABLE t ADD CONSTRAINT t_pk PRIMARY KEY (id)',
		old => [ 'INSERT INTO t VALUES (0, 0)', 'INSERT INTO t VALUES (NULL, 5)' ],
		new => [ 'INSERT INTO t VALUES (-1, -1)', [ 'INSERT INTO t VALUES (NULL, -1)', '23502' ] ],
		ready => [ [ 'INSERT INTO t VALUES (-1, -1)', '23505' ] ],
		sees_old => { 'SELECT * FROM t WHERE id < 1 OR id IS NULL ORDER BY id' => '-1|-1|- 0|0|- -|5|-' },
		sees_new => { 'SELECT * FROM t WHERE id < 1 ORDER BY id' => '-5|5|- -1|-1|- 0|0|-' },
	},
	{
		name => 'create_constraint: on a table that the migration makes',
		operations => q[
- create_table: {name: n, columns: [{name: id, type: serial}, {name: a, type: int}]}
- create_constraint: {table: n, name: n_pk, type: primary_key, columns: [id], up: {id: id}, down: {id: id}}
- create_constraint: {table: n, name: n_c, type: check, columns: [a], check: a > 0, up: {a: a}, down: {a: a}}
- create_constraint: {table: n, name: n_t, type: foreign_key, columns: [a], references: {table: t, columns: [id]}, up: {a: a}, down: {a: a}}],
		ddl => q{CREATE TABLE n (id serial CONSTRAINT n_pk PRIMARY KEY, a int NOT NULL CONSTRAINT n_c CHECK (a > 0)
			CONSTRAINT n_t REFERENCES t (id))},
		new => [ 'INSERT INTO n (a) VALUES (1)', [ 'INSERT INTO n (a) VALUES (0)', '23514' ] ],
		sees_new => { 'SELECT a FROM n' => '1' },
	},
	{
		name => 'drop_constraint: check, unique and foreign key, in the catalog alone',
		setup => q{
			CREATE TABLE u (id int PRIMARY KEY);
			CREATE TABLE t (id int PRIMARY KEY, a int CONSTRAINT t_c CHECK (a > 0), b text CONSTRAINT t_u UNIQUE,
				c int CONSTRAINT t_f REFERENCES u)},
		rows => q{INSERT INTO u SELECT generate_series(1, ROWS); INSERT INTO t SELECT id, id, 'b' || id, id FROM u},
		operations => q[
- drop_constraint: {table: t, name: t_c, down: a}
- drop_constraint: {table: t, name: t_u, up: b, down: b}
- drop_constraint: {table: t, name: t_f}],
		ddl => 'ALTER TABLE t DROP CONSTRAINT t_c, DROP CONSTRAINT t_u, DROP CONSTRAINT t_f',
		old => [ 'INSERT INTO t VALUES (0, 1)', [ 'INSERT INTO t VALUES (-1, 0)', '23514' ] ],
		new => [ 'INSERT INTO t VALUES (-1, 1)', [ 'INSERT INTO t VALUES (-2, 0)', '23514' ] ],
		sees_old => { 'SELECT id, a FROM t WHERE id < 2 ORDER BY id' => '-1|1 0|1 1|1' },
		sees_new => { 'SELECT id, a FROM t WHERE id < 2 ORDER BY id' => '-1|1 0|1 1|1' },
	},
	{
		name => 'drop_constraint: check, with a down',
		setup => 'CREATE TABLE t (id int PRIMARY KEY, a int DEFAULT 3 CONSTRAINT t_c CHECK (a > 0), b text); CREATE INDEX t_a ON t (a)',
		rows => $rows,
		operations => '- drop_constraint: {table: t, name: t_c, up: a, down: "greatest(a, 1)"}',
		ddl => 'ALTER TABLE t DROP CONSTRAINT t_c',
		old => [ 'INSERT INTO t VALUES (0, 1)', [ 'INSERT INTO t VALUES (-1, 0)', '23514' ] ],
		new => [ 'INSERT INTO t VALUES (-1, -7)' ],
		ready => [ 'UPDATE t SET a = -1 WHERE id = 2' ],
		sees_old => { 'SELECT id, a FROM t WHERE id < 3 ORDER BY id' => '-1|1 0|1 1|1 2|1' },
		sees_new => { 'SELECT id, a FROM t WHERE id < 3 ORDER BY id' => '-1|-7 0|1 1|1 2|-1' },
	},
	{
		name => 'drop_constraint: unique and a foreign key, with a down',
		setup => q{
			CREATE TABLE u (id int PRIMARY KEY);
			CREATE TABLE t (id int PRIMARY KEY, a int CONSTRAINT t_f REFERENCES u ON DELETE CASCADE, b text CONSTRAINT t_u UNIQUE)},
		rows => q{INSERT INTO u SELECT generate_series(1, ROWS); INSERT INTO t SELECT id, id, 'b' || id FROM u},
		operations => q[
- drop_constraint: {table: t, name: t_f, up: a, down: "CASE WHEN EXISTS (SELECT FROM u WHERE u.id = a) THEN a END"}
- drop_constraint: {table: t, name: t_u, up: b, down: "b || id"}],
		ddl => 'ALTER TABLE t DROP CONSTRAINT t_f, DROP CONSTRAINT t_u',
		old => [ q{INSERT INTO t VALUES (0, 1, 'x')}, [ q{INSERT INTO t VALUES (-1, 0, 'y')}, '23503' ] ],
		new => [ q{INSERT INTO t VALUES (-1, -7, 'x'), (-2, 2, 'x')} ],
		sees_old => { 'SELECT id, a, b FROM t WHERE id < 1 ORDER BY id' => '-2|2|x-2 -1|-|x-1 0|1|x' },
		sees_new => { 'SELECT id, a, b FROM t WHERE id < 1 ORDER BY id' => '-2|2|x -1|-7|x 0|1|x' },
	},
	{
		name => 'drop_multicolumn_constraint: in the catalog alone',
		setup => 'CREATE TABLE t (id int PRIMARY KEY, a int, b text, CONSTRAINT t_u UNIQUE (a, b))',
		rows => $rows,
		operations => '- drop_multicolumn_constraint: {table: t, name: t_u, up: {a: a, b: b}, down: {a: a, b: b}}',
		ddl => 'ALTER TABLE t DROP CONSTRAINT t_u',
		old => [ q{INSERT INTO t VALUES (0, 1, 'x')} ],
		new => [ [ q{INSERT INTO t VALUES (-1, 1, 'x')}, '23505' ], q{INSERT INTO t VALUES (-1, 2, 'x')} ],
		sees_old => { 'SELECT id, a, b FROM t WHERE id < 1 ORDER BY id' => '-1|2|x 0|1|x' },
	},
	{
		name => 'drop_multicolumn_constraint: with a down',
		setup => 'CREATE TABLE t (id int PRIMARY KEY, a int, b int, CONSTRAINT t_c CHECK (a < b), CONSTRAINT t_other CHECK (a <> b))',
		rows => 'INSERT INTO t SELECT i, i, i + 1 FROM generate_series(1, ROWS) i',
		operations => '- drop_multicolumn_constraint: {table: t, name: t_c, up: {a: a, b: b}, down: {a: "least(a, b)", b: "greatest(a, b)"}}',
		ddl => 'ALTER TABLE t DROP CONSTRAINT t_c',
		old => [ 'INSERT INTO t VALUES (0, 1, 2)', [ 'INSERT INTO t VALUES (-1, 2, 1)', '23514' ] ],
		new => [ 'INSERT INTO t VALUES (-1, 5, 4)', [ 'INSERT INTO t VALUES (-2, 5, 5)', '23514' ] ],
		sees_old => { 'SELECT * FROM t WHERE id < 2 ORDER BY id' => '-1|4|5 0|1|2 1|1|2' },
		sees_new => { 'SELECT * FROM t WHERE id < 2 ORDER BY id' => '-1|5|4 0|1|2 1|1|2' },
	},
	{
		name => 'rename_constraint: every kind',
		setup => q{
			CREATE TABLE u (id int CONSTRAINT u_key PRIMARY KEY);
			CREATE TABLE t (id int CONSTRAINT t_key PRIMARY KEY, a int CONSTRAINT t_c CHECK (a > 0), b text CONSTRAINT t_u UNIQUE,
				c int CONSTRAINT t_f REFERENCES u);
			COMMENT ON CONSTRAINT t_c ON t IS 'a check'},
		rows => q{INSERT INTO u SELECT generate_series(1, ROWS); INSERT INTO t SELECT id, id, 'b' || id, id FROM u},
		operations => q[
- rename_constraint: {table: t, from: t_key, to: t_pk}
- rename_constraint: {table: t, from: t_c, to: t_check}
- rename_constraint: {table: t, from: t_u, to: t_unique}
- rename_constraint: {table: t, from: t_f, to: t_foreign}],
		ddl => q{ALTER TABLE t RENAME CONSTRAINT t_key TO t_pk; ALTER TABLE t RENAME CONSTRAINT t_c TO t_check;
			ALTER TABLE t RENAME CONSTRAINT t_u TO t_unique; ALTER TABLE t RENAME CONSTRAINT t_f TO t_foreign},
		old => [ 'INSERT INTO t VALUES (0, 1)', [ 'INSERT INTO t VALUES (-1, 0)', '23514' ] ],
		new => [ 'INSERT INTO t VALUES (-1, 1)', [ 'INSERT INTO t VALUES (-2, 0)', '23514' ] ],
		sees_new => { 'SELECT id, a FROM t WHERE id < 2 ORDER BY id' => '-1|1 0|1 1|1' },
	},
	{
		name => 'rename_constraint: of a column that changes',
		setup => 'CREATE TABLE t (id int PRIMARY KEY, a int CONSTRAINT t_c CHECK (a > 0) CONSTRAINT t_u UNIQUE, b text)',
		rows => $rows,
		operations => q[
- alter_column: {table: t, column: a, type: bigint, up: a, down: "a::int"}
- rename_constraint: {table: t, from: t_c, to: t_check}
- rename_constraint: {table: t, from: t_u, to: t_c}],
		ddl => q{ALTER TABLE t ALTER a TYPE bigint; ALTER TABLE t RENAME CONSTRAINT t_c TO t_check; ALTER TABLE t RENAME CONSTRAINT t_u TO t_c},
		old => [ 'INSERT INTO t VALUES (0, 1000000)' ],
		new => [ 'INSERT INTO t VALUES (-1, 1000001)', [ 'INSERT INTO t VALUES (-2, 0)', '23514' ] ],
		sees_new => { 'SELECT id, a FROM t WHERE id < 2 ORDER BY id' => '-1|1000001 0|1000000 1|1' },
	},
	{
		name => 'rename_constraint: keys of columns that change to one that changes, whose names others get',
		setup => q{CREATE TABLE u (id int PRIMARY KEY);
			CREATE TABLE t (id int PRIMARY KEY, a int CONSTRAINT t_k REFERENCES u, b int CONSTRAINT t_l REFERENCES u,
				p int CONSTRAINT t_m REFERENCES t);
			COMMENT ON CONSTRAINT t_k ON t IS 'of a'; COMMENT ON CONSTRAINT t_m ON t IS 'of p'},
		rows => q{INSERT INTO u SELECT generate_series(1, ROWS); INSERT INTO t SELECT id, id, id, id FROM u},
		operations => q[
- rename_constraint: {table: t, from: t_k, to: t_other}
- rename_constraint: {table: t, from: t_l, to: t_k}
- rename_constraint: {table: t, from: t_other, to: t_l}
- rename_constraint: {table: t, from: t_m, to: t_n}
- alter_column: {table: u, column: id, type: bigint, up: id, down: "id::int"}
- alter_column: {table: t, column: id, type: bigint, up: id, down: "id::int"}
- alter_column: {table: t, column: a, type: bigint, up: a, down: "a::int"}
- alter_column: {table: t, column: b, type: bigint, up: b, down: "b::int"}
- alter_column: {table: t, column: p, type: bigint, check: {name: t_m, constraint: p > 0}, up: p, down: "p::int"}],
		ddl => q{ALTER TABLE u ALTER id TYPE bigint;
			ALTER TABLE t ALTER id TYPE bigint, ALTER a TYPE bigint, ALTER b TYPE bigint, ALTER p TYPE bigint;
			ALTER TABLE t RENAME CONSTRAINT t_k TO t_other; ALTER TABLE t RENAME CONSTRAINT t_l TO t_k;
			ALTER TABLE t RENAME CONSTRAINT t_other TO t_l; ALTER TABLE t RENAME CONSTRAINT t_m TO t_n;
			ALTER TABLE t ADD CONSTRAINT t_m CHECK (p > 0)},
		old => [ 'INSERT INTO t VALUES (0, 1, 1, 1)', [ 'INSERT INTO t VALUES (-1, 0, 1, 1)', '23503' ] ],
		new => [ 'INSERT INTO t VALUES (-1, 1, 1, 1)', [ 'INSERT INTO t VALUES (-2, 1, 1, 0)', '23514' ] ],
		sees_new => { 'SELECT * FROM t WHERE id < 2 ORDER BY id' => '-1|1|1|1 0|1|1|1 1|1|1|1' },
	},
	{
		name => 'set_replica_identity: full, nothing and default',
		setup => q{CREATE TABLE t (id int PRIMARY KEY, a int); CREATE TABLE u (id int PRIMARY KEY, a int);
			CREATE TABLE v (id int PRIMARY KEY, a int); ALTER TABLE v REPLICA IDENTITY FULL},
		rows => 'INSERT INTO t SELECT i, i FROM generate_series(1, ROWS) i',
		operations => q[
- set_replica_identity: {table: t, identity: {type: full}}
- set_replica_identity: {table: u, identity: {type: NOTHING}}
- set_replica_identity: {table: v, identity: {type: Default}}],
		ddl => 'ALTER TABLE t REPLICA IDENTITY FULL; ALTER TABLE u REPLICA IDENTITY NOTHING; ALTER TABLE v REPLICA IDENTITY DEFAULT',
		old => [ 'INSERT INTO t VALUES (0, 1)' ],
		new => [ 'UPDATE t SET a = 2 WHERE id = 0' ],
		sees_new => { 'SELECT * FROM t WHERE id < 1' => '0|2' },
	},
	{
		name => 'set_replica_identity: index',
		setup => 'CREATE TABLE t (id int PRIMARY KEY, a int NOT NULL); CREATE UNIQUE INDEX t_a ON t (a); ALTER TABLE t REPLICA IDENTITY FULL',
		rows => 'INSERT INTO t SELECT i, i FROM generate_series(1, ROWS) i',
		operations => '- set_replica_identity: {table: t, identity: {type: index, index: t_a}}',
		ddl => 'ALTER TABLE t REPLICA IDENTITY USING INDEX t_a',
		old => [ 'INSERT INTO t VALUES (0, -1)' ],
		new => [ 'UPDATE t SET a = -2 WHERE id = 0' ],
		sees_new => { 'SELECT * FROM t WHERE id < 1' => '0|-2' },
	});
}

# Constraints that come with a column or with its change.
sub column_constraint_cases
{
	return (
	{
		name => 'add_column: check',
		operations => '- add_column: {table: t, column: {name: c, type: int, default: "18", check: {name: t_c, constraint: c >= 18}}}',
		ddl => 'ALTER TABLE t ADD c int NOT NULL DEFAULT 18 CONSTRAINT t_c CHECK (c >= 18)',
		old => [ 'INSERT INTO t VALUES (0, 1)' ],
		new => [ q{INSERT INTO t VALUES (-1, 1, 'b', 20)}, [ q{INSERT INTO t VALUES (-2, 1, 'b', 2)}, '23514' ] ],
		sees_new => { 'SELECT id, c FROM t WHERE id < 2 ORDER BY id' => '-1|20 0|18 1|18' },
	},
	{
		name => 'add_column: unique and check, with an up',
		operations => q[
- add_column: {table: t, column: {name: c, type: text, unique: true, comment: a code,
   check: {name: t_c, constraint: length(c) > 1, no_inherit: true}}, up: "'c' || id"}],
		ddl => q{ALTER TABLE t ADD c text; UPDATE t SET c = 'c' || id; ALTER TABLE t ALTER c SET NOT NULL, ADD UNIQUE (c),
			ADD CONSTRAINT t_c CHECK (length(c) > 1) NO INHERIT; COMMENT ON COLUMN t.c IS 'a code'},
		old => [ 'INSERT INTO t VALUES (0, 1)' ],
		new => [ q{INSERT INTO t VALUES (-1, 1, 'b', 'cc')}, [ q{INSERT INTO t VALUES (-2, 1, 'b', 'c')}, '23514' ] ],
		ready => [ [ q{INSERT INTO t VALUES (-2, 1, 'b', 'cc')}, '23505' ] ],
		sees_new => { 'SELECT id, c FROM t WHERE id < 2 ORDER BY id' => '-1|cc 0|c0 1|c1' },
	},
	{
		name => 'add_column: references',
		setup => 'CREATE TABLE u (id int PRIMARY KEY); CREATE TABLE t (id int PRIMARY KEY, a int, b text)',
		rows => "INSERT INTO u SELECT generate_series(1, ROWS); $rows",
		operations => q[
- add_column: {table: t, column: {name: c, type: int, nullable: true, references: {name: t_u, table: u, column: id,
   on_delete: SET NULL, on_update: CASCADE, match_type: SIMPLE, deferrable: true, initially_deferred: true}}, up: "nullif(a, 1)"}],
		ddl => q{ALTER TABLE t ADD c int CONSTRAINT t_u REFERENCES u (id) ON DELETE SET NULL ON UPDATE CASCADE DEFERRABLE INITIALLY DEFERRED},
		old => [ 'INSERT INTO t VALUES (0, 3)' ],
		new => [ q{INSERT INTO t VALUES (-1, 1, 'b', 1)}, [ q{INSERT INTO t VALUES (-2, 1, 'b', -2)}, '23503' ] ],
		ready => [ 'DELETE FROM u WHERE id = 2' ],
		sees_new => { 'SELECT id, c FROM t WHERE id < 4 ORDER BY id' => '-1|1 0|3 1|- 2|- 3|3' },
	},
	{
		name => 'add_column: a primary key',
		setup => 'CREATE TABLE t (id int, a int, b text)',
		rows => $rows,
		operations => '- add_column: {table: t, column: {name: c, type: int, pk: true}, up: id * 10}',
		ddl => 'ALTER TABLE t ADD c int; UPDATE t SET c = id * 10; ALTER TABLE t ADD PRIMARY KEY (c)',
		old => [ 'INSERT INTO t VALUES (0, 1)' ],
		new => [ q{INSERT INTO t VALUES (-1, 1, 'b', 1)}, [ q{INSERT INTO t VALUES (-2, 1, 'b')}, '23502' ] ],
		ready => [ [ q{INSERT INTO t VALUES (-2, 1, 'b', 1)}, '23505' ] ],
		sees_new => { 'SELECT id, c FROM t WHERE id < 2 ORDER BY id' => '-1|1 0|0 1|10' },
	},
	{
		name => 'add_column: serial',
		operations => '- add_column: {table: t, column: {name: c, type: bigserial, unique: true}}',
		ddl => 'ALTER TABLE t ADD c bigserial UNIQUE',
		old => [ 'INSERT INTO t VALUES (0, 1)' ],
		new => [ q{INSERT INTO t VALUES (-1, 1, 'b')} ],
		sees_new => { 'SELECT count(c) = count(*), count(DISTINCT c) = count(*), min(c) FROM t' => '1|1|1' },
	},
	{
		name => 'add_column: identity',
		operations => q[
- add_column: {table: t, column: {name: c, type: int, generated: {identity: {user_specified_values: BY DEFAULT, sequence_options: START WITH 100}}}}],
		ddl => 'ALTER TABLE t ADD c int NOT NULL GENERATED BY DEFAULT AS IDENTITY (START WITH 100)',
		old => [ 'INSERT INTO t VALUES (0, 1)' ],
		new => [ q{INSERT INTO t VALUES (-1, 1, 'b')}, q{INSERT INTO t VALUES (-2, 1, 'b', 5)} ],
		sees_new => { 'SELECT count(c) = count(*), count(DISTINCT c) = count(*), min(c) FROM t' => '1|1|5' },
	},
	{
		name => 'alter_column: unique',
		rows => q{INSERT INTO t SELECT i, i, 'b' FROM generate_series(1, ROWS) i},
		operations => q[
- alter_column: {table: t, column: b, unique: {name: t_u}, up: "b || '-' || id", down: "split_part(b, '-', 1)"}],
		ddl => q{UPDATE t SET b = b || '-' || id; ALTER TABLE t ADD CONSTRAINT t_u UNIQUE (b)},
		old => [ q{INSERT INTO t VALUES (0, 1, 'b')} ],
		new => [ q{INSERT INTO t VALUES (-1, 1, 'c-1')} ],
		ready => [ [ q{INSERT INTO t VALUES (-2, 1, 'c-1')}, '23505' ] ],
		sees_old => { 'SELECT id, b FROM t WHERE id < 2 ORDER BY id' => '-1|c 0|b 1|b' },
		sees_new => { 'SELECT id, b FROM t WHERE id < 2 ORDER BY id' => '-1|c-1 0|b-0 1|b-1' },
	},
	{
		name => 'alter_column: check',
		operations => q[
- alter_column: {table: t, column: b, check: {name: t_c, constraint: length(b) > 3}, up: "CASE WHEN length(b) <= 3 THEN lpad(b, 4, '-') ELSE b END", down: b}],
		ddl => q{UPDATE t SET b = lpad(b, 4, '-') WHERE length(b) <= 3; ALTER TABLE t ADD CONSTRAINT t_c CHECK (length(b) > 3)},
		old => [ q{INSERT INTO t VALUES (0, 1, 'b')} ],
		new => [ q{INSERT INTO t VALUES (-1, 1, 'long')}, [ q{INSERT INTO t VALUES (-2, 1, 'b')}, '23514' ] ],
		sees_old => { 'SELECT id, b FROM t WHERE id < 2 ORDER BY id' => '-1|long 0|b 1|b1' },
		sees_new => { 'SELECT id, b FROM t WHERE id < 2 ORDER BY id' => '-1|long 0|---b 1|--b1' },
	},
	{
		name => 'alter_column: references',
		setup => 'CREATE TABLE u (id int PRIMARY KEY); CREATE TABLE t (id int PRIMARY KEY, a int, b text)',
		rows => "INSERT INTO u SELECT generate_series(1, ROWS, 2); $rows",
		operations => q[
- alter_column: {table: t, column: a, references: {name: t_u, table: u, column: id, on_delete: CASCADE},
   up: "(SELECT u.id FROM u WHERE u.id = a)", down: a}],
		ddl => q{UPDATE t SET a = NULL WHERE a % 2 = 0; ALTER TABLE t ADD CONSTRAINT t_u FOREIGN KEY (a) REFERENCES u (id) ON DELETE CASCADE},
		old => [ 'INSERT INTO t VALUES (0, 8), (-3, 3)' ],
		new => [ q{INSERT INTO t VALUES (-1, 1, 'long')}, [ q{INSERT INTO t VALUES (-2, 2, 'b')}, '23503' ] ],
		ready => [ 'DELETE FROM u WHERE id = 3' ],
		sees_old => { 'SELECT id, a FROM t WHERE id < 5 ORDER BY id' => '-1|1 0|8 1|1 2|2 4|4' },
		sees_new => { 'SELECT id, a FROM t WHERE id < 5 ORDER BY id' => '-1|1 0|- 1|1 2|- 4|-' },
	},
	{
		name => 'alter_column: all of its fields',
		setup => 'CREATE TABLE u (id bigint PRIMARY KEY); CREATE TABLE t (id int PRIMARY KEY, a int, b text); CREATE SEQUENCE t_a_new',
		rows => "INSERT INTO u SELECT generate_series(1, 2 * ROWS); $rows",
		operations => q[
- alter_column:
    table: t
    column: a
    type: bigint
    nullable: false
    default: "nextval('t_a_new')"
    comment: all of it
    unique: {name: t_a_u}
    check: {name: t_a_c, constraint: a > 0}
    references: {name: t_a_f, table: u, column: id, on_update: CASCADE}
    up: coalesce(a, id + 1000)
    down: a::int],
		ddl => q{ALTER TABLE t ALTER a TYPE bigint, ALTER a SET NOT NULL, ALTER a SET DEFAULT nextval('t_a_new'), ADD CONSTRAINT t_a_u UNIQUE (a),
			ADD CONSTRAINT t_a_c CHECK (a > 0), ADD CONSTRAINT t_a_f FOREIGN KEY (a) REFERENCES u (id) ON UPDATE CASCADE;
			COMMENT ON COLUMN t.a IS 'all of it'},
		old => [ 'INSERT INTO u VALUES (1000)', 'INSERT INTO t VALUES (0)' ],
		new => [ 'INSERT INTO u VALUES (1001)', 'INSERT INTO t VALUES (-1, 1001)', [ 'INSERT INTO t VALUES (-2, NULL)', '23502' ],
			[ 'INSERT INTO t VALUES (-2, -5)', '23514' ], [ 'INSERT INTO t VALUES (-2, 9999999)', '23503' ] ],
		ready => [ [ 'INSERT INTO t VALUES (-2, 1001)', '23505' ] ],
		sees_old => { 'SELECT id, a FROM t WHERE id < 2 ORDER BY id' => '-1|1001 0|- 1|1' },
		sees_new => { 'SELECT id, a FROM t WHERE id < 2 ORDER BY id' => '-1|1001 0|1000 1|1' },
	});
}

1;
