# Cases: migrations, each with the tables that it needs, the plain DDL that does
# the same, and what applications of both versions write and see.
#
#   name        what the case is about
#   setup       statements that make its tables; by default t (id, a int, b text)
#   rows        statements that fill them; ROWS stands for their number
#   operations  the operations, in YAML
#   version     the version schema's name, where the document gives one
#   ddl         what leaves the same tables without a migration
#   view_ddl    what the views of the version have besides those of plain DDL
#   old, new    statements of the old and then of the new version's application while
#               rows await backfill; one that must fail is [ statement, SQLSTATE ]
#   ready       statements of the new version's when they do not any more
#   sees_old,   query => rows, as each version reads them when all rows are
#   sees_new    backfilled
#   kept        what a rollback leaves changed: a text of the catalogs before and after
#   since       the first major release that has what the case needs
#   own_locks   the migration has statements whose locks nobody knows
#   unlocked    what is wrong with the locks that it takes yet
#   todo        what is not as it should be yet: the case may fail
#
# Unqualified names are those of the base schema's, or of the version's views.

package Cases;

use strict;
use warnings;

use Exporter 'import';

our @EXPORT_OK = qw(cases set_up fill migration);

my $setup = 'CREATE TABLE t (id int PRIMARY KEY, a int, b text)';
my $rows = q{INSERT INTO t SELECT i, i, 'b' || i FROM generate_series(1, ROWS) i};

sub cases
{
	my @cases = (table_cases(), column_cases(), type_cases(), null_cases(), metadata_cases(), constraint_cases(),
		column_constraint_cases(), index_cases(),		carried_cases(), dependent_cases(), partition_cases(), sql_cases());

	foreach my $case (@cases)
	{
		$case->{rows} //= $case->{setup} ? '' : $rows;
		$case->{setup} //= $setup;
		$case->{$_} //= [] foreach qw(old new ready);
		$case->{$_} //= {} foreach qw(sees_old sees_new);
	}
	return @cases;
}

# Make the tables of a case in a schema of its own.
sub set_up
{
	my ($session, $case, $schema) = @_;

	$session->search_path;
	$session->run("CREATE SCHEMA $schema");
	$session->search_path($schema);
	$session->run($case->{setup});
	$session->search_path;
}

# Fill them with so many rows.
sub fill
{
	my ($session, $case, $schema, $count) = @_;

	$session->search_path($schema);
	$session->run($case->{rows} =~ s/\bROWS\b/$count/gr) if $case->{rows};
	$session->search_path;
}

# The arguments of start_migration() and plan_migration().
sub migration
{
	my ($session, $case, $schema) = @_;
	my $document = ($case->{version} ? "version_schema: $case->{version}\n" : '') . "operations:\n$case->{operations}\n";

	return "'02', pgroll_c.from_yaml(" . $session->quote($document) . "), '$schema'";
}

sub table_cases
{
	return (
	{
		name => 'create_table: columns',
		operations => q[
- create_table:
    name: n
    comment: a table
    columns:
    - {name: id, type: int, pk: true}
    - {name: note, type: text, nullable: true, default: "'none'", comment: a column}
    - {name: code, type: varchar(20), unique: true}
    - {name: size, type: "numeric(10, 2)", check: {name: positive, constraint: size > 0}}
    - {name: 'odd "name', type: "int[]", nullable: true}],
		ddl => q{
			CREATE TABLE n (id int PRIMARY KEY, note text DEFAULT 'none', code varchar(20) NOT NULL UNIQUE,
				size numeric(10, 2) NOT NULL CONSTRAINT positive CHECK (size > 0), "odd ""name" int[]);
			COMMENT ON TABLE n IS 'a table';
			COMMENT ON COLUMN n.note IS 'a column'},
		new => [ q{INSERT INTO n (id, code, size) VALUES (1, 'one', 1)}, [ q{INSERT INTO n VALUES (2, '', 'two', 0)}, '23514' ],
			q{UPDATE n SET size = 2} ],
		old => [ q{UPDATE t SET b = 'x' WHERE id = 1} ],
		sees_new => { 'SELECT * FROM n' => '1|none|one|2.00|-' },
	},
	{
		name => 'create_table: a key of two columns, a foreign key, serial types',
		setup => 'CREATE TABLE t (id bigint PRIMARY KEY, a int, b text)',
		rows => $rows,
		operations => q[
- create_table:
    name: n
    columns:
    - {name: a, type: bigserial, pk: true}
    - {name: b, type: smallserial, pk: true}
    - {name: c, type: serial}
    - {name: t, type: bigint, nullable: true, references: {name: n_t, table: t, column: id, on_delete: cascade,
       on_update: SET NULL, match_type: FULL, deferrable: true, initially_deferred: true}}],
		ddl => q{
			CREATE TABLE n (a bigserial, b smallserial, c serial, t bigint CONSTRAINT n_t REFERENCES t (id) MATCH FULL
				ON DELETE CASCADE ON UPDATE SET NULL DEFERRABLE INITIALLY DEFERRED, PRIMARY KEY (a, b))},
		new => [ 'INSERT INTO n (t) VALUES (2), (3)', [ 'INSERT INTO n (t) VALUES (0)', '23503' ] ],
		old => [ 'DELETE FROM t WHERE id = 1' ],
		sees_new => { 'SELECT * FROM n' => '1|1|1|2 2|2|2|3' },
	},
	{
		name => 'create_table: generated and identity columns',
		operations => q[
- create_table:
    name: n
    columns:
    - {name: a, type: int, pk: true, generated: {identity: {}}}
    - {name: b, type: bigint, generated: {identity: {user_specified_values: BY DEFAULT, sequence_options: START WITH 5 INCREMENT BY 5}}}
    - {name: c, type: int, nullable: true, generated: {expression: a * 2}}],
		ddl => q{CREATE TABLE n (a int PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
			b bigint NOT NULL GENERATED BY DEFAULT AS IDENTITY (START WITH 5 INCREMENT BY 5), c int GENERATED ALWAYS AS (a * 2) STORED)},
		new => [ 'INSERT INTO n DEFAULT VALUES', 'INSERT INTO n (b) VALUES (7), (DEFAULT)', [ 'INSERT INTO n (a) VALUES (7)', '428C9' ],
			'UPDATE n SET b = 8 WHERE b = 7' ],
		sees_new => { 'SELECT * FROM n ORDER BY a' => '1|5|2 2|8|4 3|10|6' },
	},
	{
		name => 'create_table: constraints',
		setup => 'CREATE TABLE t (a int, b int, PRIMARY KEY (b, a), UNIQUE (a))',
		rows => 'INSERT INTO t SELECT i, i FROM generate_series(1, ROWS) i',
		operations => q[
- create_table:
    name: n
    columns: [{name: id, type: int}, {name: a, type: int, nullable: true}, {name: b, type: int, nullable: true}, {name: c, type: text}]
    constraints:
    - {name: n_pk, type: primary_key, columns: [id, c], index_parameters: {storage_parameters: "fillfactor = 70", include_columns: [a]}}
    - {name: n_u, type: unique, columns: [a, b], nulls_not_distinct: true, index_parameters: {include_columns: [c]}}
    - {name: n_d, type: unique, columns: [b], deferrable: true, initially_deferred: true}
    - {name: n_check, type: check, check: a < b}
    - {name: n_here, type: check, check: c <> '', no_inherit: true}
    - name: n_t
      type: foreign_key
      columns: [a, b]
      references: {table: t, columns: [a, b], match_type: FULL, on_delete: cascade, on_update: SET DEFAULT}
      deferrable: true
    - {name: n_set, type: foreign_key, columns: [id, a], references: {table: t, columns: [a, b], on_delete: SET NULL, on_delete_set_columns: [a]}}
    - {name: n_a, type: foreign_key, columns: [a], references: {table: t, columns: [a]}}
    - {name: n_x, type: exclude, exclude: {index_method: btree, elements: "c WITH =, b WITH =", predicate: "b > 5"}}],
		ddl => q{
			CREATE TABLE n (id int NOT NULL, a int, b int, c text NOT NULL,
				CONSTRAINT n_pk PRIMARY KEY (id, c) INCLUDE (a) WITH (fillfactor = 70),
				CONSTRAINT n_u UNIQUE NULLS NOT DISTINCT (a, b) INCLUDE (c),
				CONSTRAINT n_d UNIQUE (b) DEFERRABLE INITIALLY DEFERRED,
				CONSTRAINT n_check CHECK (a < b), CONSTRAINT n_here CHECK (c <> '') NO INHERIT,
				CONSTRAINT n_t FOREIGN KEY (a, b) REFERENCES t (a, b) MATCH FULL ON DELETE CASCADE ON UPDATE SET DEFAULT DEFERRABLE,
				CONSTRAINT n_set FOREIGN KEY (id, a) REFERENCES t (a, b) ON DELETE SET NULL (a),
				CONSTRAINT n_a FOREIGN KEY (a) REFERENCES t (a),
				CONSTRAINT n_x EXCLUDE USING btree (c WITH =, b WITH =) WHERE (b > 5))},
		new => [ q{INSERT INTO n VALUES (1, NULL, NULL, 'c')}, [ q{INSERT INTO n VALUES (2, NULL, NULL, 'c')}, '23505' ],
			[ q{INSERT INTO n VALUES (2, 3, 2, 'c')}, '23514' ], [ q{INSERT INTO n VALUES (2, -3, 2, 'c')}, '23503' ],
			[ q{INSERT INTO n VALUES (2, NULL, NULL, '')}, '23514' ] ],
		sees_new => { 'SELECT * FROM n' => '1|-|-|c' },
	},
	{
		name => 'create_table: changed by later operations',
		operations => q[
- create_table: {name: n, columns: [{name: id, type: int, pk: true}, {name: a, type: int, nullable: true}, {name: b, type: text}]}
- rename_column: {table: n, from: a, to: c}
- alter_column: {table: n, column: c, type: bigint, nullable: false, default: "7", up: c, down: c}
- drop_column: {table: n, column: b}
- add_column: {table: n, column: {name: b, type: int, nullable: true}}
- rename_table: {from: n, to: m}],
		ddl => q{
			CREATE TABLE n (id int PRIMARY KEY, a int);
			ALTER TABLE n RENAME a TO c;
			ALTER TABLE n ALTER c TYPE bigint, ALTER c SET NOT NULL, ALTER c SET DEFAULT 7, ADD b int;
			ALTER TABLE n RENAME TO m},
		new => [ 'INSERT INTO m (id) VALUES (1)' ],
		sees_new => { 'SELECT * FROM m' => '1|7|-' },
	},
	{
		name => 'rename_table',
		setup => q{
			CREATE TABLE t (id int PRIMARY KEY, a int CHECK (a > 0), b text);
			CREATE TABLE u (id serial PRIMARY KEY, t int REFERENCES t);
			CREATE INDEX ON t (a)},
		rows => q{INSERT INTO t SELECT i, i, 'b' || i FROM generate_series(1, ROWS) i; INSERT INTO u (t) SELECT id FROM t},
		operations => '- rename_table: {from: t, to: n}',
		ddl => 'ALTER TABLE t RENAME TO n',
		old => [ 'INSERT INTO t VALUES (0, 7)', 'UPDATE t SET a = 8 WHERE id = 1' ],
		new => [ 'UPDATE n SET a = a + 1 WHERE id IN (0, 2)', [ 'UPDATE n SET a = 0 WHERE id = 1', '23514' ] ],
		sees_old => { 'SELECT id, a FROM t WHERE id < 3 ORDER BY id' => '0|8 1|8 2|3' },
		sees_new => { 'SELECT id, a FROM n WHERE id < 3 ORDER BY id' => '0|8 1|8 2|3' },
	},
	{
		name => 'drop_table',
		setup => 'CREATE TABLE t (id serial PRIMARY KEY, a int, b text); CREATE TABLE u (t int REFERENCES t)',
		rows => "$rows; INSERT INTO u SELECT id FROM t",
		operations => '- drop_table: {name: u}',
		ddl => 'DROP TABLE u',
		old => [ 'DELETE FROM u WHERE t = 1', 'INSERT INTO t VALUES (0, 0)' ],
		new => [ 'UPDATE t SET a = 1 WHERE id = 0', 'DELETE FROM t WHERE id = 1' ],
		sees_old => { 'SELECT count(*) FROM u WHERE t < 4' => '2' },
		sees_new => { 'SELECT id, a FROM t WHERE id < 2' => '0|1' },
	},
	{
		name => 'drop_table and create_table of one name',
		operations => q[
- drop_table: {name: t}
- create_table: {name: t, columns: [{name: id, type: bigint, pk: true}]}],
		# the names of the other's constraints are taken when the table is made
		ddl => 'ALTER TABLE t RENAME TO old; CREATE TABLE t (id bigint PRIMARY KEY); DROP TABLE old',
		old => [ 'INSERT INTO t VALUES (0, 0)' ],
		new => [ 'INSERT INTO t VALUES (0)' ],
		sees_old => { 'SELECT * FROM t WHERE id = 0' => '0|0|-' },
		sees_new => { 'SELECT * FROM t' => '0' },
	});
}

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
		rows => "INSERT INTO t SELECT i, i, 'b' || i, ARRAY[i], int4range(i, i + 1), point(i, i), to_tsvector('b' || i) FROM generate_series(1, ROWS) i",
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

# What hangs on a column and is to be there after its change, too.
sub carried_cases
{
	my @case = (
		rows => $rows,
		operations => '- alter_column: {table: t, column: a, type: bigint, up: a, down: "a::int"}',
		ddl => 'ALTER TABLE t ALTER a TYPE bigint',
		old => [ q{INSERT INTO t VALUES (-10, -7, 'zero')}, q{UPDATE t SET a = -70 WHERE id = 2} ],
		new => [ q{INSERT INTO t VALUES (-11, -8, 'b')}, q{UPDATE t SET a = -90 WHERE id = 3} ],
		sees_old => { 'SELECT id, a FROM t WHERE id < 4 ORDER BY id' => '-11|-8 -10|-7 1|1 2|-70 3|-90' },
		sees_new => { 'SELECT id, a, pg_typeof(a) FROM t WHERE id < 0 ORDER BY id' => '-11|-8|bigint -10|-7|bigint' });
	my $text_case = sub {
		my ($type) = @_;
		return (
			rows => $rows,
			operations => "- alter_column: {table: t, column: b, type: $type, up: 'left(b, 9)', down: b}",
			ddl => "ALTER TABLE t ALTER b TYPE $type",
			old => [ q{INSERT INTO t VALUES (0, 0, 'zero')}, q{UPDATE t SET b = 'o2' WHERE id = 2} ],
			new => [ q{INSERT INTO t VALUES (-1, 0, 'one')}, q{UPDATE t SET b = 'n3' WHERE id = 3} ],
			sees_old => { 'SELECT id, b FROM t WHERE id < 4 ORDER BY id' => '-1|one 0|zero 1|b1 2|o2 3|n3' },
			sees_new => { 'SELECT id, b FROM t WHERE id < 4 ORDER BY id' => '-1|one 0|zero 1|b1 2|o2 3|n3' });
	};

	return (
	{
		name => 'carried: NOT NULL, a default, a comment, a statistics target',
		setup => q{CREATE TABLE t (id int PRIMARY KEY, a int NOT NULL DEFAULT 7, b text);
			ALTER TABLE t ALTER a SET STATISTICS 77, ALTER a SET (n_distinct = 9);
			COMMENT ON COLUMN t.a IS 'a number'},
		@case,
	},
	{
		name => 'carried: indexes',
		setup => q{
			CREATE TABLE t (id int PRIMARY KEY, a int, b text);
			CREATE INDEX t_a ON t (a);
			CREATE INDEX t_desc ON t (b, a DESC NULLS LAST) WITH (fillfactor = 50);
			CREATE UNIQUE INDEX t_unique ON t (a, b) INCLUDE (id);
			CREATE INDEX t_partial ON t (b) WHERE a > 5;
			CREATE INDEX t_expression ON t ((a % 10), (a + id));
			CREATE INDEX t_include ON t (id) INCLUDE (a);
			CREATE INDEX t_hash ON t USING hash (a);
			CREATE INDEX t_brin ON t USING brin (a);
			ALTER INDEX t_expression ALTER COLUMN 1 SET STATISTICS 55;
			COMMENT ON INDEX t_a IS 'of a'},
		@case,
		# changing the type in place forgets this
		ddl => 'ALTER TABLE t ALTER a TYPE bigint; ALTER INDEX t_expression ALTER COLUMN 1 SET STATISTICS 55',
	},
	{
		name => 'carried: a unique index with nulls that are alike',
		setup => q{CREATE TABLE t (id int PRIMARY KEY, a int, b text); CREATE UNIQUE INDEX t_a ON t (a) NULLS NOT DISTINCT},
		@case,
	},
	{
		name => 'carried: unique constraints, replica identity, CLUSTER',
		setup => q{
			CREATE TABLE t (id int, a int NOT NULL, b text, CONSTRAINT alone UNIQUE (a),
				UNIQUE (b, a) DEFERRABLE INITIALLY DEFERRED, UNIQUE (id) INCLUDE (a));
			ALTER TABLE t REPLICA IDENTITY USING INDEX alone, CLUSTER ON t_b_a_key;
			COMMENT ON CONSTRAINT alone ON t IS 'it is';
			CREATE UNIQUE INDEX t_a ON t (a)},
		@case,
	},
	{
		name => 'carried: indexes of a partitioned table',
		@case,
		setup => q{
			CREATE TABLE t (id int, a int NOT NULL, b text) PARTITION BY RANGE (id);
			CREATE TABLE t_1 PARTITION OF t FOR VALUES FROM (MINVALUE) TO (10);
			CREATE TABLE t_2 PARTITION OF t FOR VALUES FROM (10) TO (MAXVALUE) PARTITION BY HASH (id);
			CREATE TABLE t_2_0 PARTITION OF t_2 FOR VALUES WITH (MODULUS 2, REMAINDER 0);
			CREATE TABLE t_2_1 PARTITION OF t_2 FOR VALUES WITH (MODULUS 2, REMAINDER 1);
			CREATE INDEX t_1_own ON t_1 (a DESC);
			CREATE INDEX t_ab ON t (a, lower(b)) INCLUDE (id) WITH (fillfactor = 70) WHERE a <> 3;
			CREATE UNIQUE INDEX t_u ON t (id, a)},
	},
	{
		name => 'carried: checks',
		setup => q{
			CREATE TABLE t (id int PRIMARY KEY, a int CONSTRAINT not_0 CHECK (a <> 0), b text,
				CONSTRAINT of_two CHECK (a < 10 OR b IS NOT NULL) NO INHERIT,
				CONSTRAINT not_1234567 CHECK (a <> -1234567) NOT VALID);
			COMMENT ON CONSTRAINT not_0 ON t IS 'zero is nothing'},
		@case,
	},
	{
		name => 'carried: foreign keys to other tables',
		setup => q{
			CREATE TABLE u (id int PRIMARY KEY, n int, UNIQUE (n, id));
			CREATE TABLE t (id int PRIMARY KEY, a int CONSTRAINT t_u REFERENCES u ON DELETE SET NULL ON UPDATE CASCADE, b text,
				FOREIGN KEY (a, id) REFERENCES u (n, id) DEFERRABLE INITIALLY DEFERRED NOT VALID);
			CREATE TABLE v (id int PRIMARY KEY)},
		@case,
		rows => q{INSERT INTO u SELECT i, i FROM generate_series(1, ROWS) i;
			INSERT INTO t SELECT i, i, 'b' || i FROM generate_series(1, ROWS) i},
		old => [ 'UPDATE t SET a = NULL WHERE id = 2', [ 'UPDATE t SET a = 0 WHERE id = 1', '23503' ] ],
		new => [ 'INSERT INTO t VALUES (0, NULL)', [ 'UPDATE t SET a = 0 WHERE id = 1', '23503' ] ],
		sees_old => { 'SELECT id, a FROM t WHERE id < 3 ORDER BY id' => '0|- 1|1 2|-' },
		sees_new => { 'SELECT id, a FROM t WHERE id < 3 ORDER BY id' => '0|- 1|1 2|-' },
	},
	{
		name => 'carried: an identity key, keys that reference it, replica identity',
		setup => q{
			CREATE TABLE t (id int GENERATED BY DEFAULT AS IDENTITY (CACHE 7) PRIMARY KEY, a int REFERENCES t DEFERRABLE, b text);
			CREATE TABLE u (t int CONSTRAINT "of u" REFERENCES t ON DELETE CASCADE, n int GENERATED ALWAYS AS IDENTITY);
			CREATE TABLE v (t int REFERENCES t ON UPDATE CASCADE, id int PRIMARY KEY);
			ALTER TABLE v ADD CONSTRAINT not_valid FOREIGN KEY (id) REFERENCES t NOT VALID;
			ALTER TABLE t REPLICA IDENTITY USING INDEX t_pkey;
			CREATE TABLE w (kind int, t int CONSTRAINT of_w REFERENCES t ON DELETE CASCADE) PARTITION BY LIST (kind);
			CREATE TABLE w_1 PARTITION OF w FOR VALUES IN (1);
			CREATE TABLE w_2 PARTITION OF w FOR VALUES IN (2) PARTITION BY LIST (kind);
			CREATE TABLE w_2_2 PARTITION OF w_2 FOR VALUES IN (2);
			COMMENT ON CONSTRAINT "of u" ON u IS 'of t';
			COMMENT ON SEQUENCE t_id_seq IS 'numbers';
			GRANT USAGE ON t_id_seq TO regress_reader},
		rows => q{INSERT INTO t (a, b) SELECT nullif(i / 2, 0), 'b' || i FROM generate_series(1, ROWS) i;
			INSERT INTO u SELECT i FROM generate_series(1, ROWS) i;
			INSERT INTO w SELECT i % 2 + 1, i FROM generate_series(1, ROWS) i;
			INSERT INTO v SELECT i, i FROM generate_series(1, ROWS) i},
		operations => q[
- alter_column: {table: t, column: id, type: bigint, up: id, down: "id::int"}
- alter_column: {table: v, column: t, type: bigint, up: t, down: "t::int"}
- alter_column: {table: u, column: n, type: bigint, up: n, down: "n::int"}],
		ddl => 'ALTER TABLE t ALTER id TYPE bigint; ALTER TABLE v ALTER t TYPE bigint; ALTER TABLE u ALTER n TYPE bigint',
		old => [ q{INSERT INTO t (b) VALUES ('old')}, [ 'INSERT INTO u VALUES (0)', '23503' ], [ 'INSERT INTO v VALUES (0, 1)', '23505' ],
			[ 'DELETE FROM t WHERE id = 1', '23503' ] ],
		new => [ q{INSERT INTO t (b) VALUES ('new')}, q{INSERT INTO t VALUES (-1, 1, 'given')}, 'INSERT INTO u VALUES (-1)',
			[ 'INSERT INTO u VALUES (0)', '23503' ], [ 'INSERT INTO v VALUES (0, 0)', '23503' ] ],
		sees_old => { q{SELECT b, id > 0 FROM t WHERE b NOT LIKE 'b%' ORDER BY b} => 'given|0 new|1 old|1' },
		sees_new => { q{SELECT b, id > 0 FROM t WHERE b NOT LIKE 'b%' ORDER BY b} => 'given|0 new|1 old|1' },
	},
	{
		name => 'carried: grants on the column',
		setup => q{CREATE TABLE t (id int PRIMARY KEY, a int, b text);
			GRANT SELECT (id, a), UPDATE (a) ON t TO regress_reader WITH GRANT OPTION; GRANT INSERT ON t TO regress_reader},
		@case,
	},
	{
		name => 'carried: triggers that name the column, and their states',
		setup => q{
			CREATE TABLE t (id int PRIMARY KEY, a int, b text);
			CREATE FUNCTION nothing() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN new; END';
			CREATE TRIGGER of_a BEFORE UPDATE OF a, b ON t FOR EACH ROW WHEN (new.a > 0) EXECUTE FUNCTION nothing('x');
			CREATE TRIGGER disabled AFTER UPDATE OF a ON t FOR EACH ROW EXECUTE FUNCTION nothing();
			CREATE TRIGGER always AFTER UPDATE OF a ON t FOR EACH ROW EXECUTE FUNCTION nothing();
			CREATE TRIGGER statement AFTER UPDATE OF a ON t EXECUTE FUNCTION nothing();
			ALTER TABLE t DISABLE TRIGGER disabled, ENABLE ALWAYS TRIGGER always;
			COMMENT ON TRIGGER of_a ON t IS 'nothing'},
		@case,
		operations => '- alter_column: {table: t, column: a, nullable: false, up: "coalesce(a, 0)"}',
		ddl => 'ALTER TABLE t ALTER a SET NOT NULL',
		sees_new => { 'SELECT id, a FROM t WHERE id < 0 ORDER BY id' => '-11|-8 -10|-7' },
	},
	{
		name => 'carried: storage and compression of long texts',
		setup => q{CREATE TABLE t (id int PRIMARY KEY, a int, b text COMPRESSION pglz COLLATE "C");
			ALTER TABLE t ALTER b SET STORAGE EXTERNAL;
			CREATE INDEX t_b ON t (left(b, 5) text_pattern_ops, left(b, 9) COLLATE "POSIX" DESC)},
		rows => $rows,
		operations => '- alter_column: {table: t, column: b, nullable: false, up: "coalesce(b, repeat(id::text, 10000))"}',
		ddl => 'ALTER TABLE t ALTER b SET NOT NULL',
		old => [ q{INSERT INTO t VALUES (0, 0)}, q{UPDATE t SET b = repeat('long', 20000) WHERE id = 2} ],
		new => [ q{UPDATE t SET b = repeat('new', 20000) WHERE id = 3} ],
		sees_old => { 'SELECT id, length(b) FROM t WHERE id < 4 ORDER BY id' => '0|- 1|2 2|80000 3|60000' },
		sees_new => { 'SELECT id, length(b) FROM t WHERE id < 4 ORDER BY id' => '0|10000 1|2 2|80000 3|60000' },
	},
	{
		name => 'carried: an opclass and a collation',
		setup => q{CREATE TABLE t (id int PRIMARY KEY, a int, b varchar(20));
			CREATE INDEX t_b ON t (b varchar_pattern_ops, lower(b) COLLATE "C" DESC)},
		$text_case->('varchar(50)'),
	});
}

# What hangs on a column of a table, but is not the table's own.
sub dependent_cases
{
	my @case = (
		rows => $rows,
		operations => '- alter_column: {table: t, column: a, type: bigint, up: a, down: "a::int"}',
		ddl => 'ALTER TABLE t ALTER a TYPE bigint',
		old => [ q{INSERT INTO t VALUES (-10, -7, 'zero')}, q{UPDATE t SET a = -70 WHERE id = 2} ],
		new => [ q{INSERT INTO t VALUES (-11, -8, 'b')}, q{UPDATE t SET a = -90 WHERE id = 3} ],
		sees_old => { 'SELECT id, a FROM t WHERE id < 4 ORDER BY id' => '-11|-8 -10|-7 1|1 2|-70 3|-90' },
		sees_new => { 'SELECT id, a, pg_typeof(a) FROM t WHERE id < 0 ORDER BY id' => '-11|-8|bigint -10|-7|bigint' });

	return (
	{
		name => 'carried: an identity column and foreign keys to it',
		setup => q{
			CREATE TABLE t (id int PRIMARY KEY GENERATED ALWAYS AS IDENTITY (INCREMENT BY 2), a int UNIQUE, b text, boss int REFERENCES t);
			CREATE TABLE u (id int PRIMARY KEY, t int CONSTRAINT u_t REFERENCES t ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED);
			CREATE TABLE v (t int, FOREIGN KEY (t) REFERENCES t ON UPDATE CASCADE);
			COMMENT ON CONSTRAINT u_t ON u IS 'of t'},
		rows => q{INSERT INTO t (a, b) SELECT i, 'b' || i FROM generate_series(1, ROWS) i;
			INSERT INTO u SELECT id, id FROM t; INSERT INTO v SELECT id FROM t WHERE id % 3 = 0},
		operations => '- alter_column: {table: t, column: id, type: bigint, up: id, down: "id::int"}',
		ddl => 'ALTER TABLE t ALTER id TYPE bigint; ALTER SEQUENCE t_id_seq AS bigint',
		old => [ q{INSERT INTO t (a) VALUES (-1)}, [ 'INSERT INTO u VALUES (0, 2)', '23503' ], 'UPDATE t SET boss = 1 WHERE id = 3' ],
		new => [ q{INSERT INTO t (a) VALUES (-2)}, [ 'INSERT INTO v VALUES (2)', '23503' ], 'INSERT INTO u VALUES (0, 1)' ],
		ready => [ 'DELETE FROM t WHERE id = 5' ],
		sees_old => { 'SELECT id, boss FROM t WHERE id < 8 ORDER BY id' => '1|- 3|1 7|-', 'SELECT * FROM u WHERE t < 8 ORDER BY id' => '0|1 1|1 3|3 7|7' },
		sees_new => { 'SELECT id, boss FROM t WHERE id < 8 ORDER BY id' => '1|- 3|1 7|-', 'SELECT count(*) FROM t WHERE a < 0 AND id > 0' => '2' },
	},
	{
		name => 'carried: both columns of foreign keys',
		setup => q{
			CREATE TABLE t (id int PRIMARY KEY, a int, b text);
			CREATE TABLE u (id int PRIMARY KEY, t int NOT NULL REFERENCES t ON DELETE CASCADE);
			CREATE INDEX u_t ON u (t)},
		rows => "$rows; INSERT INTO u SELECT id, id FROM t",
		operations => q[
- alter_column: {table: t, column: id, type: bigint, up: id, down: "id::int"}
- alter_column: {table: u, column: t, type: bigint, up: t, down: "t::int"}],
		ddl => 'ALTER TABLE t ALTER id TYPE bigint; ALTER TABLE u ALTER t TYPE bigint',
		old => [ 'INSERT INTO t VALUES (0); INSERT INTO u VALUES (0, 0)', [ 'INSERT INTO u VALUES (-5, -5)', '23503' ] ],
		new => [ 'INSERT INTO t VALUES (-1); INSERT INTO u VALUES (-1, -1)', [ 'INSERT INTO u VALUES (-5, -5)', '23503' ] ],
		ready => [ 'DELETE FROM t WHERE id = 1' ],
		sees_old => { 'SELECT * FROM u WHERE id < 3 ORDER BY id' => '-1|-1 0|0 2|2' },
		sees_new => { 'SELECT * FROM u WHERE id < 3 ORDER BY id' => '-1|-1 0|0 2|2' },
	},
	{
		name => 'carried: extended statistics',
		setup => q{
			CREATE TABLE t (id int PRIMARY KEY, a int, b text);
			CREATE STATISTICS t_s (ndistinct, dependencies) ON id, a FROM t;
			CREATE STATISTICS t_e ON (a + 1), id FROM t;
			ALTER STATISTICS t_s SET STATISTICS 55;
			COMMENT ON STATISTICS t_s IS 'of two'},
		@case,
		# ALTER TABLE forgets the target
		ddl => 'ALTER TABLE t ALTER a TYPE bigint; ALTER STATISTICS t_s SET STATISTICS 55',
	},
	{
		name => 'carried: policies',
		setup => q{
			CREATE TABLE t (id int PRIMARY KEY, a int, b text);
			ALTER TABLE t ENABLE ROW LEVEL SECURITY;
			CREATE POLICY reads ON t FOR SELECT TO regress_reader USING (a > 0);
			CREATE POLICY writes ON t AS RESTRICTIVE FOR UPDATE USING (a <> 5) WITH CHECK (b IS NOT NULL AND a <> 6);
			COMMENT ON POLICY reads ON t IS 'some'},
		@case,
		operations => '- alter_column: {table: t, column: a, nullable: false, up: "coalesce(a, 0)"}',
		ddl => 'ALTER TABLE t ALTER a SET NOT NULL',
		sees_new => { 'SELECT id, a FROM t WHERE id < 0 ORDER BY id' => '-11|-8 -10|-7' },
	},
	{
		name => 'carried: views',
		setup => q{
			CREATE TABLE t (id int PRIMARY KEY, a int, b text);
			CREATE VIEW small WITH (security_barrier = true) AS SELECT id, a FROM t WHERE a < 10;
			CREATE VIEW smaller AS SELECT a, count(*) AS number FROM small WHERE a < 5 GROUP BY a;
			COMMENT ON VIEW small IS 'few';
			COMMENT ON COLUMN small.a IS 'a number';
			GRANT SELECT ON small TO regress_reader;
			ALTER VIEW small ALTER a SET DEFAULT 3},
		@case,
		operations => '- alter_column: {table: t, column: a, nullable: false, up: "coalesce(a, 0)"}',
		ddl => 'ALTER TABLE t ALTER a SET NOT NULL',
		sees_new => { 'SELECT id, a FROM t WHERE id < 0 ORDER BY id' => '-11|-8 -10|-7' },
	},
	{
		name => 'carried: views whose columns get another type',
		setup => q{
			CREATE TABLE t (id int PRIMARY KEY, a int, b text);
			CREATE TABLE l (x int);
			CREATE VIEW small WITH (security_barrier = true) AS SELECT id, a, b FROM t WHERE a < 10;
			CREATE VIEW smaller AS SELECT a, count(*) AS number FROM small WHERE a < 5 GROUP BY a;
			CREATE VIEW filtered AS SELECT b FROM t WHERE a > 0 FOR UPDATE;
			CREATE VIEW grouped AS SELECT t.id, t.a, count(*) FROM t LEFT JOIN l ON x = a GROUP BY t.id;
			COMMENT ON VIEW small IS 'few';
			COMMENT ON COLUMN small.a IS 'a number';
			GRANT SELECT, UPDATE (a) ON small TO regress_reader;
			ALTER VIEW small ALTER a SET DEFAULT 3;
			CREATE RULE kept AS ON DELETE TO smaller DO INSTEAD NOTHING;
			CREATE RULE wrote AS ON INSERT TO l DO ALSO UPDATE small SET a = new.x WHERE id = new.x;
			CREATE FUNCTION no_row() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
			CREATE TRIGGER instead INSTEAD OF INSERT ON small FOR EACH ROW EXECUTE FUNCTION no_row()},
		@case,
		ddl => q{
			DROP RULE wrote ON l;
			DROP VIEW smaller, small, filtered, grouped;
			ALTER TABLE t ALTER a TYPE bigint;
			CREATE VIEW small WITH (security_barrier = true) AS SELECT id, a, b FROM t WHERE a < 10;
			CREATE VIEW smaller AS SELECT a, count(*) AS number FROM small WHERE a < 5 GROUP BY a;
			CREATE VIEW filtered AS SELECT b FROM t WHERE a > 0 FOR UPDATE;
			CREATE VIEW grouped AS SELECT t.id, t.a, count(*) FROM t LEFT JOIN l ON x = a GROUP BY t.id;
			COMMENT ON VIEW small IS 'few';
			COMMENT ON COLUMN small.a IS 'a number';
			GRANT SELECT, UPDATE (a) ON small TO regress_reader;
			ALTER VIEW small ALTER a SET DEFAULT 3;
			CREATE RULE kept AS ON DELETE TO smaller DO INSTEAD NOTHING;
			CREATE RULE wrote AS ON INSERT TO l DO ALSO UPDATE small SET a = new.x WHERE id = new.x;
			CREATE TRIGGER instead INSTEAD OF INSERT ON small FOR EACH ROW EXECUTE FUNCTION no_row()},
		old => [ q{INSERT INTO t VALUES (-10, -7, 'zero')}, q{UPDATE small SET a = -70 WHERE id = 2} ],
		new => [ q{INSERT INTO t VALUES (-11, -8, 'b')}, q{UPDATE small SET a = -90 WHERE id = 3}, 'INSERT INTO small VALUES (0)' ],
		sees_new => { 'SELECT id, a, pg_typeof(a) FROM t WHERE id < 4 ORDER BY id' =>
			  '-11|-8|bigint -10|-7|bigint 1|1|bigint 2|-70|bigint 3|-90|bigint' },
	},
	{
		name => 'carried: policies, rules, functions and publications elsewhere',
		setup => q{
			CREATE TABLE t (id int PRIMARY KEY, a int, b text);
			CREATE TABLE l (x int);
			ALTER TABLE l ENABLE ROW LEVEL SECURITY;
			CREATE POLICY known ON l USING (EXISTS (SELECT 1 FROM t WHERE t.a = x));
			CREATE RULE gone AS ON DELETE TO l DO ALSO DELETE FROM t WHERE a = old.x;
			ALTER TABLE l ENABLE ALWAYS RULE gone;
			CREATE FUNCTION sums(l) RETURNS bigint LANGUAGE sql STABLE BEGIN ATOMIC SELECT count(*) FROM t WHERE a > ($1).x; END;
			DO $$ BEGIN
				EXECUTE format('CREATE PUBLICATION %I FOR TABLE t (id, a) WHERE (id > 0), l', current_schema() || '_p');
			END $$},
		@case,
		ddl => q{
			DROP FUNCTION sums(l);
			DROP POLICY known ON l;
			DROP RULE gone ON l;
			DO $$ BEGIN
				EXECUTE format('ALTER PUBLICATION %I DROP TABLE t', current_schema() || '_p');
				ALTER TABLE t ALTER a TYPE bigint;
				EXECUTE format('ALTER PUBLICATION %I ADD TABLE t (id, a) WHERE (id > 0)', current_schema() || '_p');
			END $$;
			CREATE POLICY known ON l USING (EXISTS (SELECT 1 FROM t WHERE t.a = x));
			CREATE RULE gone AS ON DELETE TO l DO ALSO DELETE FROM t WHERE a = old.x;
			ALTER TABLE l ENABLE ALWAYS RULE gone;
			CREATE FUNCTION sums(l) RETURNS bigint LANGUAGE sql STABLE BEGIN ATOMIC SELECT count(*) FROM t WHERE a > ($1).x; END},
	});
}

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
			ALTER TABLE t ADD CONSTRAINT t_f FOREIGN KEY (a) REFERENCES u",
		rows => 'INSERT INTO u SELECT generate_series(-10, ROWS); INSERT INTO t SELECT i, i, \'b\' || i FROM generate_series(1, ROWS) i',
		operations => '- alter_column: {table: t, column: a, type: bigint, up: a, down: "a::int"}',
		ddl => 'ALTER TABLE t ALTER a TYPE bigint',
	},
	{
		name => 'partitions: create_constraint',
		@partitioned,
		operations => '- create_constraint: {table: t, name: t_c, type: check, columns: [a], check: a > 0, up: {a: a}, down: {a: a}}',
		ddl => 'ALTER TABLE t ADD CONSTRAINT t_c CHECK (a > 0)',
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

sub sql_cases
{
	return (
	{
		name => 'sql',
		own_locks => 1,
		operations => q[
- sql:
    up: |
      CREATE TABLE n (id int PRIMARY KEY);
      ALTER TABLE t ADD c int
    down: "DROP TABLE n; ALTER TABLE t DROP c"],
		ddl => 'CREATE TABLE n (id int PRIMARY KEY); ALTER TABLE t ADD c int',
		old => [ 'INSERT INTO t (id) VALUES (0)' ],
		new => [ 'INSERT INTO n VALUES (1)', 'UPDATE t SET c = 1 WHERE id = 0' ],
		sees_old => { 'SELECT * FROM t WHERE id = 0' => '0|-|-' },
		sees_new => { 'SELECT * FROM n' => '1', 'SELECT id, c FROM t WHERE id = 0' => '0|1' },
	},
	{
		name => 'sql: at completion',
		own_locks => 1,
		operations => q[
- sql: {up: ALTER TABLE t ADD c int DEFAULT 5, onComplete: true}
- rename_column: {table: t, from: b, to: n}],
		ddl => 'ALTER TABLE t ADD c int DEFAULT 5; ALTER TABLE t RENAME b TO n',
		old => [ 'INSERT INTO t (id) VALUES (0)' ],
		new => [ q{UPDATE t SET n = 'x' WHERE id = 0} ],
		sees_old => { 'SELECT * FROM t WHERE id = 0' => '0|-|x' },
		sees_new => { 'SELECT id, a, n FROM t WHERE id = 0' => '0|-|x' },
	},
	{
		name => 'version_schema',
		version => 'given',
		operations => '- rename_column: {table: t, from: b, to: n}',
		ddl => 'ALTER TABLE t RENAME b TO n',
		old => [ 'INSERT INTO t (id) VALUES (0)' ],
		new => [ q{UPDATE t SET n = 'x' WHERE id = 0} ],
		sees_old => { 'SELECT id, b FROM t WHERE id = 0' => '0|x' },
	});
}

1;
