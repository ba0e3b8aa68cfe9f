# Cases of tables with partitions or children.

package Cases::Partitions;

use strict;
use warnings;

use Exporter 'import';

use Cases::Default qw($rows);

our @EXPORT_OK = qw(partition_cases);

# The operations on tables with partitions or children.
sub partition_cases
{
	my $partitioned = q{
		CREATE TABLE t (id int, a int, b text, PRIMARY KEY (id)) PARTITION BY RANGE (id);
		CREATE TABLE t_1 PARTITION OF t FOR VALUES FROM (MINVALUE) TO (10);
		CREATE TABLE t_2 PARTITION OF t FOR VALUES FROM (10) TO (MAXVALUE) PARTITION BY HASH (id);
		CREATE TABLE t_2_0 PARTITION OF t_2 FOR VALUES WITH (MODULUS 2, REMAINDER 0);
		CREATE TABLE t_2_1 (b text, x int, id int NOT NULL, a int);
		ALTER TABLE t_2_1 DROP x;
		ALTER TABLE t_2 ATTACH PARTITION t_2_1 FOR VALUES WITH (MODULUS 2, REMAINDER 1);
		CREATE TABLE u (id int PRIMARY KEY)};
	my $filled = "$rows; INSERT INTO u SELECT generate_series(-10, ROWS)";
	my @partitioned = (
		setup => $partitioned,
		rows => $filled,
		old => [ q{INSERT INTO t VALUES (0, 7, 'zero')}, 'UPDATE t SET id = 10000002 WHERE id = 2' ],
		new => [ q{UPDATE t SET b = 'x' WHERE id = 3} ],
		ready => [ 'UPDATE t SET id = 10000004 WHERE id = 4' ],
		sees_old => { 'SELECT id, b FROM t WHERE id < 5 OR id > 10000000 ORDER BY id' => '0|zero 1|b1 3|x 10000002|b2 10000004|b4' },
		sees_new => { 'SELECT id, b FROM t WHERE id < 5 OR id > 10000000 ORDER BY id' => '0|zero 1|b1 3|x 10000002|b2 10000004|b4' });

	my $triggers = q{
		CREATE TRIGGER of_a BEFORE UPDATE OF b, a ON t FOR EACH ROW WHEN (new.a > 7) EXECUTE FUNCTION nothing('x');
		CREATE TRIGGER statement AFTER UPDATE OF a ON t EXECUTE FUNCTION nothing();
		CREATE CONSTRAINT TRIGGER deferred AFTER UPDATE OF a ON t DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION nothing();
		ALTER TABLE t ENABLE ALWAYS TRIGGER of_a;
		ALTER TABLE t_2 DISABLE TRIGGER of_a;
		ALTER TABLE t_2_1 ENABLE REPLICA TRIGGER of_a, ENABLE ALWAYS TRIGGER deferred;
		ALTER TABLE ONLY t DISABLE TRIGGER deferred;
		COMMENT ON TRIGGER of_a ON t_2_0 IS 'of t_2_0';
		COMMENT ON TRIGGER deferred ON t_1 IS 'of t_1'};
	my $own_triggers = q{
		CREATE CONSTRAINT TRIGGER own_1 AFTER UPDATE OF a ON t_1 DEFERRABLE FOR EACH ROW WHEN (new.a > 7) EXECUTE FUNCTION nothing();
		CREATE TRIGGER own_2 BEFORE UPDATE OF a ON t_2 FOR EACH ROW EXECUTE FUNCTION nothing();
		ALTER TABLE t_2_1 DISABLE TRIGGER own_2};

	return (
	{
		name => 'partitions: add_column, with an up and a check',
		@partitioned,
		operations => '- add_column: {table: t, column: {name: c, type: int, check: {name: t_c, constraint: c > 0}}, up: a + 1}',
		ddl => 'ALTER TABLE t ADD c int; UPDATE t SET c = a + 1; ALTER TABLE t ALTER c SET NOT NULL, ADD CONSTRAINT t_c CHECK (c > 0)',
	},
	{
		name => 'partitions: drop_column and rename_column',
		@partitioned,
		operations => q[
- drop_column: {table: t, column: a, down: length(b)}
- rename_column: {table: t, from: b, to: n}],
		ddl => 'ALTER TABLE t DROP a; ALTER TABLE t RENAME b TO n',
		new => [ q{UPDATE t SET n = 'x' WHERE id = 3} ],
		sees_new => { 'SELECT id, n FROM t WHERE id < 2 ORDER BY id' => '0|zero 1|b1' },
	},
	{
		name => 'partitions: alter_column, with indexes and keys',
		@partitioned,
		setup => "$partitioned; CREATE INDEX t_a ON t (a); CREATE UNIQUE INDEX t_ia ON t (id, a) INCLUDE (b);
			ALTER TABLE t ADD CONSTRAINT t_f FOREIGN KEY (a) REFERENCES u; COMMENT ON CONSTRAINT t_f ON t_2_0 IS 'of a part';
			COMMENT ON CONSTRAINT t_f ON t_2 IS 'of parts'; ALTER INDEX t_a DEPENDS ON EXTENSION plpgsql;
			ALTER INDEX t_1_a_idx DEPENDS ON EXTENSION plpgsql",
		rows => 'INSERT INTO u SELECT generate_series(-10, ROWS); INSERT INTO t SELECT i, i, \'b\' || i FROM generate_series(1, ROWS) i',
		operations => '- alter_column: {table: t, column: a, type: bigint, up: a, down: "a::int"}',
		# changing the type in place forgets what the indexes depend on
		ddl => 'ALTER TABLE t ALTER a TYPE bigint; ALTER INDEX t_a DEPENDS ON EXTENSION plpgsql; ALTER INDEX t_1_a_idx DEPENDS ON EXTENSION plpgsql',
	},
	{
		name => 'partitions: alter_column, with a foreign key whose part has another name',
		@partitioned,
		setup => "$partitioned; ALTER TABLE t ADD CONSTRAINT t_f FOREIGN KEY (a) REFERENCES u;
			ALTER TABLE t_2 RENAME CONSTRAINT t_f TO t_g; ALTER TABLE t_2 ADD CONSTRAINT t_f UNIQUE (id, b);
			COMMENT ON CONSTRAINT t_g ON t_2 IS 'of a part'; COMMENT ON CONSTRAINT t_f ON t_2 IS 'own'",
		rows => 'INSERT INTO u SELECT generate_series(-10, ROWS); INSERT INTO t SELECT i, i, \'b\' || i FROM generate_series(1, ROWS) i',
		operations => '- alter_column: {table: t, column: a, type: bigint, up: a, down: "a::int"}',
		# which name the server chooses depends on its release
		ddl => "ALTER TABLE t ALTER a TYPE bigint; DO \$\$ BEGIN EXECUTE format('ALTER TABLE t_2 RENAME CONSTRAINT %I TO t_g',
				(SELECT conname FROM pg_constraint WHERE conrelid = 't_2'::regclass AND contype = 'f')); END \$\$;
			COMMENT ON CONSTRAINT t_g ON t_2 IS 'of a part'",
	},
	{
		name => 'partitions: alter_column, with triggers',
		@partitioned,
		setup => "$partitioned; CREATE FUNCTION nothing() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN new; END'; $triggers",
		operations => '- alter_column: {table: t, column: a, type: bigint, up: a, down: "a::int"}',
		ddl => "DROP TRIGGER of_a ON t; DROP TRIGGER statement ON t; DROP TRIGGER deferred ON t; ALTER TABLE t ALTER a TYPE bigint; $triggers",
	},
	{
		name => 'partitions: alter_column, with what a partition has alone',
		@partitioned,
		setup => "$partitioned; CREATE FUNCTION nothing() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN new; END';
			ALTER TABLE t_1 ALTER a SET NOT NULL, ALTER a SET DEFAULT 7, ADD CONSTRAINT c_1 CHECK (a > 0) NOT VALID,
				ADD CONSTRAINT f_1 FOREIGN KEY (a) REFERENCES u ON DELETE SET NULL NOT VALID, ADD CONSTRAINT u_1 UNIQUE (a, id);
			ALTER TABLE t_2 ALTER a SET NOT NULL, ADD CONSTRAINT c_2 CHECK (a < 100000000), ADD CONSTRAINT f_2 FOREIGN KEY (a) REFERENCES u;
			ALTER TABLE t_2_0 ADD CONSTRAINT c_2_0 CHECK (a <> -5);
			CREATE UNIQUE INDEX t_2_0_own ON t_2_0 (id, a) WHERE a > 3;
			COMMENT ON CONSTRAINT c_2 ON t_2 IS 'own'; COMMENT ON CONSTRAINT c_2 ON t_2_1 IS 'of a part';
			$own_triggers",
		rows => 'INSERT INTO u SELECT generate_series(-10, ROWS); INSERT INTO t SELECT i, i, \'b\' || i FROM generate_series(1, ROWS) i',
		operations => '- alter_column: {table: t, column: a, type: bigint, up: a, down: "a::int"}',
		ddl => "DROP TRIGGER own_1 ON t_1; DROP TRIGGER own_2 ON t_2; ALTER TABLE t ALTER a TYPE bigint; $own_triggers",
	},
	{
		name => 'partitions: create_constraint',
		@partitioned,
		operations => '- create_constraint: {table: t, name: t_c, type: check, columns: [a], check: a > 0, up: {a: a}, down: {a: a}}',
		ddl => 'ALTER TABLE t ADD CONSTRAINT t_c CHECK (a > 0)',
	},
	{
		name => 'partitions: create_constraint, a primary key of nullable columns and unique ones',
		@partitioned,
		setup => $partitioned =~ s/, PRIMARY KEY \(id\)//r =~ s/id int NOT NULL/id int/r,
		operations => q[
- create_constraint: {table: t, name: t_k, type: primary_key, columns: [id, a], up: {id: id, a: a}, down: {id: id, a: a}}
- create_constraint: {table: t, name: t_u, type: unique, columns: [b, id], index_parameters: {include_columns: [a]}, up: {id: id, b: lower(b)}, down: {id: id, b: b}}
- create_constraint: {table: t, name: t_v, type: unique, columns: [id], up: {id: id}, down: {id: id}}],
		ddl => q{ALTER TABLE t ADD CONSTRAINT t_k PRIMARY KEY (id, a); ALTER TABLE t ADD CONSTRAINT t_u UNIQUE (b, id) INCLUDE (a);
			ALTER TABLE t ADD CONSTRAINT t_v UNIQUE (id)},
		ready => [ 'UPDATE t SET id = 10000004 WHERE id = 4', [ 'INSERT INTO t VALUES (5, 5)', '23505' ], [ 'INSERT INTO t VALUES (-5)', '23502' ] ],
	},
	{
		name => 'partitions: create_index and create_constraint, unique, for ON CONFLICT',
		@partitioned,
		setup => "$partitioned; ALTER TABLE t_1 ADD CONSTRAINT own UNIQUE (id, a); CREATE UNIQUE INDEX t_2_own ON t_2 (b, id)",
		operations => q[
- rename_column: {table: t, from: b, to: n}
- add_column: {table: t, column: {name: c, type: bigint, nullable: true}, up: id * 2}
- create_index: {table: t, name: t_n, unique: true, columns: [{column: n}, {column: id, sort: DESC}], predicate: a > 0}
- create_constraint: {table: t, name: t_c, type: unique, columns: [c, id], up: {c: c, id: id}, down: {c: c, id: id}}
- create_constraint: {table: t, name: t_a, type: unique, columns: [id, a], up: {id: id, a: a}, down: {id: id, a: a}}],
		ddl => q{ALTER TABLE t RENAME b TO n; ALTER TABLE t ADD c bigint; UPDATE t SET c = id * 2;
			CREATE UNIQUE INDEX t_n ON t (n, id DESC) WHERE a > 0; ALTER TABLE t ADD CONSTRAINT t_c UNIQUE (c, id);
			ALTER TABLE t ADD CONSTRAINT t_a UNIQUE (id, a)},
		new => [ q{UPDATE t SET n = 'x' WHERE id = 3} ],
		ready => [ 'UPDATE t SET id = 10000004 WHERE id = 4', q{INSERT INTO t VALUES (3, 3, 'x', 7) ON CONFLICT (n, id) WHERE a > 0 DO UPDATE SET c = 6},
			'INSERT INTO t (id, a, c) VALUES (5, 5, 10) ON CONFLICT (id, c) DO NOTHING', 'INSERT INTO t (id, a, c) VALUES (6, 6, 0) ON CONFLICT (id, a) DO NOTHING' ],
		sees_new => { 'SELECT id, n FROM t WHERE id < 5 OR id > 10000000 ORDER BY id' => '0|zero 1|b1 3|x 10000002|b2 10000004|b4' },
	},
	{
		name => 'partitions: create_constraint, of partitions that have such a key already',
		@partitioned,
		setup => $partitioned =~ s/, PRIMARY KEY \(id\)//r . '; ALTER TABLE t_1 ADD PRIMARY KEY (id); ALTER TABLE t_2 ADD CONSTRAINT own PRIMARY KEY (id)',
		operations => '- create_constraint: {table: t, name: t_k, type: primary_key, columns: [id], up: {id: id}, down: {id: id}}',
		ddl => 'ALTER TABLE t ADD CONSTRAINT t_k PRIMARY KEY (id)',
	},
	{
		name => 'partitions: alter_column, of a key that foreign keys of all kinds of tables reference',
		setup => q{
			CREATE TABLE t (d int, id int, b text, pd int, pid int) PARTITION BY RANGE (d);
			CREATE TABLE t_1 PARTITION OF t FOR VALUES FROM (MINVALUE) TO (3);
			CREATE TABLE t_2 PARTITION OF t FOR VALUES FROM (3) TO (MAXVALUE) PARTITION BY HASH (d);
			CREATE TABLE t_2_0 PARTITION OF t_2 FOR VALUES WITH (MODULUS 2, REMAINDER 0);
			CREATE TABLE t_2_1 (b text, x int, pid int, d int, pd int, id int);
			ALTER TABLE t_2_1 DROP x;
			ALTER TABLE t_2 ATTACH PARTITION t_2_1 FOR VALUES WITH (MODULUS 2, REMAINDER 1);
			ALTER TABLE t ADD PRIMARY KEY (d, id);
			ALTER TABLE t ADD CONSTRAINT t_f FOREIGN KEY (pd, pid) REFERENCES t;
			CREATE TABLE u (d int, id int, CONSTRAINT u_f FOREIGN KEY (d, id) REFERENCES t ON DELETE CASCADE ON UPDATE CASCADE);
			CREATE TABLE v (d int, id int, CONSTRAINT v_f FOREIGN KEY (d, id) REFERENCES t DEFERRABLE INITIALLY DEFERRED) PARTITION BY RANGE (id);
			CREATE TABLE v_1 PARTITION OF v FOR VALUES FROM (MINVALUE) TO (10);
			CREATE TABLE v_2 PARTITION OF v FOR VALUES FROM (10) TO (MAXVALUE);
			COMMENT ON CONSTRAINT u_f ON u IS 'of u'; COMMENT ON CONSTRAINT v_f ON v_2 IS 'of v_2'; COMMENT ON CONSTRAINT t_f ON t_2 IS 'of t_2'},
		rows => q{INSERT INTO t SELECT i % 7, i, 'b' || i FROM generate_series(1, ROWS) i; UPDATE t SET pd = d, pid = id;
			INSERT INTO u SELECT d, id FROM t; INSERT INTO v SELECT d, id FROM t},
		operations => '- alter_column: {table: t, column: id, type: bigint, up: id, down: "id::int"}',
		ddl => 'ALTER TABLE t ALTER id TYPE bigint',
		old => [ q{INSERT INTO t VALUES (0, 0, 'zero', 1, 1)}, 'INSERT INTO u VALUES (0, 0)', [ 'INSERT INTO u VALUES (1, 2)', '23503' ] ],
		new => [ q{INSERT INTO t VALUES (6, -1, 'new', 6, -1)}, 'INSERT INTO v VALUES (6, -1)', [ 'INSERT INTO v VALUES (6, -2)', '23503' ] ],
		ready => [ 'DELETE FROM v WHERE id = 0', 'UPDATE t SET id = -3 WHERE id = 0', [ 'DELETE FROM t WHERE id = -1', '23503' ], [ 'INSERT INTO u VALUES (1, 2)', '23503' ],
			[ 'UPDATE t SET pid = 77 WHERE id = 1', '23503' ] ],
		sees_old => { 'SELECT * FROM u WHERE id < 2 ORDER BY id' => '0|-3 1|1' },
		sees_new => { 'SELECT * FROM t WHERE id < 2 ORDER BY id' => '0|-3|zero|1|1 6|-1|new|6|-1 1|1|b1|1|1' },
	},
	{
		name => 'partitions: alter_column and create_constraint, of foreign keys that reference a partitioned table',
		setup => q{
			CREATE TABLE t (d int, id int, b text, PRIMARY KEY (d, id)) PARTITION BY RANGE (d);
			CREATE TABLE t_1 PARTITION OF t FOR VALUES FROM (MINVALUE) TO (3);
			CREATE TABLE t_2 PARTITION OF t FOR VALUES FROM (3) TO (MAXVALUE) PARTITION BY HASH (d);
			CREATE TABLE t_2_0 PARTITION OF t_2 FOR VALUES WITH (MODULUS 2, REMAINDER 0);
			CREATE TABLE t_2_1 PARTITION OF t_2 FOR VALUES WITH (MODULUS 2, REMAINDER 1);
			CREATE TABLE u (d int, t int, x int, CONSTRAINT u_f FOREIGN KEY (d, t) REFERENCES t ON DELETE CASCADE)},
		rows => q{INSERT INTO t SELECT i % 7, i, 'b' || i FROM generate_series(1, ROWS) i;
			INSERT INTO u SELECT d, id, id FROM t},
		operations => q[
- alter_column: {table: u, column: t, type: bigint, up: t, down: "t::int"}
- create_constraint: {table: u, name: u_g, type: foreign_key, columns: [d, x], references: {table: t, columns: [d, id]}, up: {d: d, x: x}, down: {d: d, x: x}}],
		ddl => 'ALTER TABLE u ALTER t TYPE bigint; ALTER TABLE u ADD CONSTRAINT u_g FOREIGN KEY (d, x) REFERENCES t (d, id)',
		old => [ [ 'INSERT INTO u VALUES (1, 2, 1)', '23503' ], [ 'INSERT INTO u VALUES (1, 1, 2)', '23503' ], 'UPDATE u SET t = 8 WHERE t = 1' ],
		new => [ [ 'INSERT INTO u VALUES (1, 2, 1)', '23503' ], [ 'INSERT INTO u VALUES (1, 1, 2)', '23503' ], 'INSERT INTO u VALUES (3, 3, 10)' ],
		ready => [ [ 'DELETE FROM t WHERE id = 10', '23503' ] ],
		sees_old => { 'SELECT * FROM u WHERE x < 3 OR t = 3 ORDER BY x' => '1|8|1 2|2|2 3|3|3 3|3|10' },
		sees_new => { 'SELECT * FROM u WHERE x < 3 OR t = 3 ORDER BY x' => '1|8|1 2|2|2 3|3|3 3|3|10' },
	},
	{
		name => 'partitions: create_constraint, of a foreign key to a key that changes',
		setup => q{
			CREATE TABLE t (d int, id int, b text, PRIMARY KEY (d, id)) PARTITION BY LIST (d);
			CREATE TABLE t_1 PARTITION OF t FOR VALUES IN (0, 1, 2);
			CREATE TABLE t_2 PARTITION OF t DEFAULT;
			CREATE TABLE u (d int, t int)},
		rows => q{INSERT INTO t SELECT i % 7, i, 'b' || i FROM generate_series(1, ROWS) i; INSERT INTO u SELECT d, id FROM t},
		operations => q[
- alter_column: {table: t, column: id, type: bigint, up: id, down: "id::int"}
- create_constraint: {table: u, name: u_f, type: foreign_key, columns: [d, t], references: {table: t, columns: [d, id]}, up: {d: d, t: t}, down: {d: d, t: t}}],
		ddl => 'ALTER TABLE t ALTER id TYPE bigint; ALTER TABLE u ADD CONSTRAINT u_f FOREIGN KEY (d, t) REFERENCES t',
		old => [ 'UPDATE u SET t = 8 WHERE t = 1', q{INSERT INTO t VALUES (0, -7, 'old')} ],
		new => [ 'INSERT INTO u VALUES (3, 3)', q{INSERT INTO t VALUES (0, -14, 'new')}, 'INSERT INTO u VALUES (0, -14)' ],
		ready => [ [ 'INSERT INTO u VALUES (1, 2)', '23503' ], [ 'DELETE FROM t WHERE id = 8', '23503' ],
			q{INSERT INTO t VALUES (0, -7, 'again') ON CONFLICT (d, id) DO UPDATE SET b = excluded.b} ],
		sees_old => { 'SELECT * FROM t WHERE id < 2 ORDER BY id' => '0|-14|new 0|-7|again 1|1|b1' },
		sees_new => { 'SELECT * FROM u WHERE t < 4 ORDER BY t' => '0|-14 2|2 3|3 3|3' },
	},
	{
		name => 'partitions: drop_constraint and rename_constraint',
		@partitioned,
		setup => "$partitioned; ALTER TABLE t ADD CONSTRAINT t_c CHECK (a > 0), ADD CONSTRAINT t_d CHECK (a < 10000000)",
		operations => q[
- drop_constraint: {table: t, name: t_c}
- rename_constraint: {table: t, from: t_d, to: t_c}],
		ddl => 'ALTER TABLE t DROP CONSTRAINT t_c; ALTER TABLE t RENAME CONSTRAINT t_d TO t_c',
	},
	{
		name => 'partitions: drop_table and rename_table',
		@partitioned,
		operations => q[
- drop_table: {name: u}
- rename_table: {from: t, to: n}],
		ddl => 'DROP TABLE u; ALTER TABLE t RENAME TO n',
		new => [ q{UPDATE n SET b = 'x' WHERE id = 3} ],
		ready => [ 'UPDATE n SET id = 10000004 WHERE id = 4' ],
		sees_new => { 'SELECT id, b FROM n WHERE id < 2 ORDER BY id' => '0|zero 1|b1' },
	},
	{
		name => 'children: alter_column, with what a child has alone',
		setup => q{CREATE TABLE t (id int, a int, b text); CREATE TABLE u (c int) INHERITS (t); CREATE TABLE v () INHERITS (u);
			CREATE TABLE w (id int PRIMARY KEY);
			ALTER TABLE u ALTER a SET NOT NULL, ADD CONSTRAINT c_u CHECK (a > 0);
			ALTER TABLE v ADD CONSTRAINT f_v FOREIGN KEY (a) REFERENCES w, ADD CONSTRAINT u_v UNIQUE (a, id);
			CREATE SEQUENCE numbers OWNED BY v.a},
		rows => "$rows; INSERT INTO w SELECT generate_series(1, ROWS);
			INSERT INTO u SELECT 10000000 + i, i, 'u', i FROM generate_series(1, ROWS) i; INSERT INTO v SELECT 20000000 + i, i, 'v', i FROM generate_series(1, ROWS) i",
		operations => '- alter_column: {table: t, column: a, type: bigint, up: a, down: "a::int"}',
		# a sequence that is merely owned grows with its column, unlike with plain DDL
		ddl => q{ALTER TABLE t ALTER a TYPE bigint; ALTER SEQUENCE numbers AS bigint},
		old => [ q{INSERT INTO t VALUES (0, 7, 'zero')}, q{UPDATE t SET a = 3 WHERE id = 20000001}, [ q{UPDATE t SET a = -1 WHERE id = 20000002}, '23514' ] ],
		new => [ q{UPDATE t SET a = 4 WHERE id = 10000001}, [ q{UPDATE t SET a = NULL WHERE id = 20000002}, '23502' ] ],
		sees_old => { 'SELECT id, a, b FROM t WHERE id IN (0, 10000001, 20000001) ORDER BY id' => '0|7|zero 10000001|4|u 20000001|3|v' },
		sees_new => { 'SELECT id, a, b FROM t WHERE id IN (0, 10000001, 20000001) ORDER BY id' => '0|7|zero 10000001|4|u 20000001|3|v' },
	},
	{
		name => 'children: NOT NULL, which some of them, and a partition, have of their own',
		setup => q{CREATE TABLE t (id int, a int, b text); CREATE TABLE u (c int, b text NOT NULL) INHERITS (t); CREATE TABLE v () INHERITS (u);
			CREATE TABLE w (b text CONSTRAINT mine NOT NULL) INHERITS (t);
			CREATE TABLE p (id int, a int) PARTITION BY RANGE (id); CREATE TABLE p_1 PARTITION OF p FOR VALUES FROM (0) TO (10);
			CREATE TABLE p_2 PARTITION OF p FOR VALUES FROM (10) TO (20); ALTER TABLE p_1 ALTER a SET NOT NULL},
		rows => "$rows; INSERT INTO w SELECT 10000000 + i, i, 'w' FROM generate_series(1, ROWS) i; INSERT INTO p VALUES (1, 1), (11, NULL)",
		operations => q[
- alter_column: {table: t, column: b, nullable: false, up: "coalesce(b, 'none')", down: b}
- alter_column: {table: p, column: a, type: bigint, nullable: false, up: "coalesce(a, 0)", down: "a::int"}],
		ddl => q{UPDATE t SET b = 'none' WHERE b IS NULL; ALTER TABLE t ALTER b SET NOT NULL; UPDATE p SET a = 0 WHERE a IS NULL;
			ALTER TABLE p ALTER a TYPE bigint, ALTER a SET NOT NULL},
		old => [ 'INSERT INTO t VALUES (0, 7, NULL)', [ 'INSERT INTO w VALUES (-5, 7, NULL)', '23502' ] ],
		new => [ q{INSERT INTO w VALUES (-1, 1, 'new')}, [ 'INSERT INTO t VALUES (-2, 7, NULL)', '23502' ] ],
		sees_old => { 'SELECT * FROM t WHERE id < 1 ORDER BY id' => '-1|1|new 0|7|-' },
		sees_new => { 'SELECT * FROM t WHERE id < 1 ORDER BY id' => '-1|1|new 0|7|none', 'SELECT * FROM p ORDER BY id' => '1|1 11|0' },
	},
	{
		name => 'children: add_column, drop_column and create_constraint',
		setup => 'CREATE TABLE t (id int, a int, b text); CREATE TABLE u (c int) INHERITS (t); CREATE TABLE v () INHERITS (u)',
		rows => "$rows; INSERT INTO u SELECT 10000000 + i, i, 'u', i FROM generate_series(1, ROWS) i; INSERT INTO v SELECT 20000000 + i, i, 'v', i FROM generate_series(1, ROWS) i",
		operations => q[
- add_column: {table: t, column: {name: d, type: text}, up: "b || a"}
- drop_column: {table: t, column: a, down: "0"}
- create_constraint: {table: t, name: t_c, type: check, columns: [b], check: b <> '', up: {b: b}, down: {b: b}}],
		ddl => q{ALTER TABLE t ADD d text; UPDATE t SET d = b || a; ALTER TABLE t ALTER d SET NOT NULL; ALTER TABLE t DROP a;
			ALTER TABLE t ADD CONSTRAINT t_c CHECK (b <> '')},
		old => [ q{INSERT INTO t VALUES (0, 7, 'zero')}, q{UPDATE t SET b = 'o' WHERE id = 20000001} ],
		new => [ q{INSERT INTO t VALUES (-1, 'new', 'd')} ],
		sees_old => { 'SELECT id, a, b FROM t WHERE id < 1 OR id = 20000001 ORDER BY id' => '-1|0|new 0|7|zero 20000001|1|o' },
		sees_new => { 'SELECT id, b, d FROM t WHERE id < 1 OR id IN (10000001, 20000001) ORDER BY id' => '-1|new|d 0|zero|zero7 10000001|u|u1 20000001|o|o1' },
	});
}

1;
