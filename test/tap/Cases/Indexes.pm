# Cases of create_index, drop_index and set_replica_identity.

package Cases::Indexes;

use strict;
use warnings;

use Exporter 'import';

use Cases::Default qw($rows);

our @EXPORT_OK = qw(index_cases);

sub index_cases
{
	my @writes = (
		old => [ q{INSERT INTO t VALUES (0, 0, 'zero')}, q{UPDATE t SET b = 'o2' WHERE id = 2} ],
		new => [ q{INSERT INTO t VALUES (-1, -1, 'one')}, q{UPDATE t SET b = 'n3' WHERE id = 3} ],
		sees_old => { 'SELECT id, b FROM t WHERE id < 4 ORDER BY id' => '-1|one 0|zero 1|b1 2|o2 3|n3' },
		sees_new => { 'SELECT id, b FROM t WHERE id < 4 ORDER BY id' => '-1|one 0|zero 1|b1 2|o2 3|n3' });

	return (
	{
		name => 'create_index',
		operations => '- create_index: {table: t, name: t_b, columns: [{column: b}]}',
		ddl => 'CREATE INDEX t_b ON t (b)',
		@writes,
	},
	{
		name => 'create_index: every field',
		operations => q[
- create_index:
    table: t
    name: t_ba
    unique: true
    method: btree
    columns:
    - {column: b, collate: C, sort: DESC, nulls: LAST, opclass: {name: text_pattern_ops}}
    - {column: a, sort: ASC, nulls: FIRST}
    predicate: a > 3 AND b <> 'x'
    storage_parameters: fillfactor = 70, deduplicate_items = off],
		ddl => q{CREATE UNIQUE INDEX t_ba ON t (b COLLATE "C" text_pattern_ops DESC NULLS LAST, a NULLS FIRST)
			WITH (fillfactor = 70, deduplicate_items = off) WHERE a > 3 AND b <> 'x'},
		@writes,
	},
	{
		name => 'create_index: every method',
		setup => 'CREATE TABLE t (id int PRIMARY KEY, a int, b text, c int[], d int4range, e point, f tsvector)',
		rows => "INSERT INTO t SELECT i, i, 'b' || i, ARRAY[i], int4range(i, i + 1), point(i * 7919::bigint % 99991, i * 104729::bigint % 99991), to_tsvector('b' || i) FROM generate_series(1, ROWS) i",
		operations => q[
- create_index: {table: t, name: t_hash, method: hash, columns: [{column: b}], storage_parameters: fillfactor = 70}
- create_index: {table: t, name: t_gist, method: gist, columns: [{column: d}]}
- create_index: {table: t, name: t_spgist, method: spgist, columns: [{column: e}]}
- create_index: {table: t, name: t_gin, method: gin, columns: [{column: c}]}
- create_index: {table: t, name: t_brin, method: brin, columns: [{column: a}], storage_parameters: pages_per_range = 4}
- create_index: {table: t, name: t_params, method: gist, columns: [{column: f, opclass: {name: tsvector_ops, params: ["siglen = 32"]}}]}],
		ddl => q{
			CREATE INDEX t_hash ON t USING hash (b) WITH (fillfactor = 70);
			CREATE INDEX t_gist ON t USING gist (d);
			CREATE INDEX t_spgist ON t USING spgist (e);
			CREATE INDEX t_gin ON t USING gin (c);
			CREATE INDEX t_brin ON t USING brin (a) WITH (pages_per_range = 4);
			CREATE INDEX t_params ON t USING gist (f tsvector_ops (siglen = 32))},
		@writes,
	},
	{
		name => 'create_index: on a column that changes, and one that comes',
		operations => q[
- add_column: {table: t, column: {name: c, type: text}, up: "b || a"}
- alter_column: {table: t, column: a, type: bigint, up: a, down: "a::int"}
- rename_column: {table: t, from: a, to: n}
- create_index: {table: t, name: t_nc, columns: [{column: n}, {column: c}], predicate: n > 3}],
		ddl => q{
			ALTER TABLE t ADD c text;
			UPDATE t SET c = b || a;
			ALTER TABLE t ALTER c SET NOT NULL, ALTER a TYPE bigint;
			ALTER TABLE t RENAME a TO n;
			CREATE INDEX t_nc ON t (n, c) WHERE n > 3},
		old => [ q{INSERT INTO t VALUES (0, 0, 'zero')} ],
		new => [ q{INSERT INTO t VALUES (-1, -1, 'one', 'c')} ],
		sees_old => { 'SELECT * FROM t WHERE id < 2 ORDER BY id' => '-1|-1|one 0|0|zero 1|1|b1' },
		sees_new => { 'SELECT * FROM t WHERE id < 2 ORDER BY id' => '-1|-1|one|c 0|0|zero|zero0 1|1|b1|b11' },
	},
	{
		name => 'create_index: on a table that the migration makes',
		operations => q[
- create_table: {name: n, columns: [{name: id, type: int, pk: true}, {name: a, type: int}]}
- create_index: {table: n, name: n_a, unique: true, columns: [{column: a, sort: DESC}]}],
		ddl => 'CREATE TABLE n (id int PRIMARY KEY, a int NOT NULL); CREATE UNIQUE INDEX n_a ON n (a DESC)',
		new => [ 'INSERT INTO n VALUES (1, 1)', [ 'INSERT INTO n VALUES (2, 1)', '23505' ] ],
		sees_new => { 'SELECT * FROM n' => '1|1' },
	},
	{
		name => 'drop_index',
		setup => 'CREATE TABLE t (id int PRIMARY KEY, a int, b text); CREATE INDEX t_b ON t (b); CREATE UNIQUE INDEX t_a ON t (a)',
		rows => $rows,
		operations => '- drop_index: {name: t_b}',
		ddl => 'DROP INDEX t_b',
		@writes,
	},
	{
		name => 'drop_index and create_index of one name',
		setup => 'CREATE TABLE t (id int PRIMARY KEY, a int, b text); CREATE INDEX t_i ON t (b)',
		rows => $rows,
		operations => q[
- drop_index: {name: t_i}
- create_index: {table: t, name: t_i, columns: [{column: a}]}],
		ddl => 'DROP INDEX t_i; CREATE INDEX t_i ON t (a)',
		@writes,
	},
	{
		name => 'create_index: on a partitioned table',
		setup => q{
			CREATE TABLE t (id int, a int, b text) PARTITION BY RANGE (id);
			CREATE TABLE t_1 PARTITION OF t FOR VALUES FROM (MINVALUE) TO (10);
			CREATE TABLE t_2 PARTITION OF t FOR VALUES FROM (10) TO (MAXVALUE) PARTITION BY HASH (b);
			CREATE TABLE t_2_0 PARTITION OF t_2 FOR VALUES WITH (MODULUS 2, REMAINDER 0);
			CREATE TABLE t_2_1 PARTITION OF t_2 FOR VALUES WITH (MODULUS 2, REMAINDER 1)},
		rows => $rows,
		operations => '- create_index: {table: t, name: t_b, columns: [{column: b}]}',
		ddl => 'CREATE INDEX t_b ON t (b)',
		@writes,
	});
}

1;
