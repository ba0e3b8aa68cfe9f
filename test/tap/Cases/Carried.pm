# Cases of what hangs on a column in its own table, and is carried over.

package Cases::Carried;

use strict;
use warnings;

use Exporter 'import';

use Cases::Default qw($rows);

our @EXPORT_OK = qw(carried_cases);

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

	my $triggers = q{
		CREATE CONSTRAINT TRIGGER deferred AFTER UPDATE OF a, b ON t FROM u DEFERRABLE INITIALLY DEFERRED
			FOR EACH ROW WHEN (old.a <> new.a) EXECUTE FUNCTION nothing('x');
		CREATE CONSTRAINT TRIGGER at_once AFTER INSERT OR UPDATE OF a ON t DEFERRABLE FOR EACH ROW EXECUTE FUNCTION nothing();
		CREATE TRIGGER of_row AFTER UPDATE OF a ON t FOR EACH ROW WHEN (old.* IS DISTINCT FROM new.*) EXECUTE FUNCTION nothing();
		CREATE TRIGGER condition BEFORE UPDATE ON t FOR EACH ROW WHEN (new.a > 7) EXECUTE FUNCTION nothing();
		ALTER TABLE t ENABLE REPLICA TRIGGER deferred, DISABLE TRIGGER condition;
		COMMENT ON TRIGGER deferred ON t IS 'a trigger';
		COMMENT ON CONSTRAINT deferred ON t IS 'a constraint';
		ALTER TRIGGER at_once ON t DEPENDS ON EXTENSION plpgsql;
		ALTER TRIGGER condition ON t DEPENDS ON EXTENSION plpgsql};
	my $rules = q{
		CREATE RULE upd AS ON UPDATE TO t WHERE old.a > 0 DO ALSO INSERT INTO u VALUES (new.id, old.a);
		CREATE RULE del AS ON DELETE TO t WHERE old.a = 7 DO INSTEAD NOTHING;
		ALTER TABLE t DISABLE RULE del;
		COMMENT ON RULE upd ON t IS 'a rule'};

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
			ALTER INDEX t_include DEPENDS ON EXTENSION plpgsql;
			ALTER TABLE t ADD CONSTRAINT t_u UNIQUE (a);
			ALTER INDEX t_u DEPENDS ON EXTENSION plpgsql;
			COMMENT ON INDEX t_a IS 'of a'},
		@case,
		# changing the type in place forgets this
		ddl => 'ALTER TABLE t ALTER a TYPE bigint; ALTER INDEX t_expression ALTER COLUMN 1 SET STATISTICS 55;
			ALTER INDEX t_include DEPENDS ON EXTENSION plpgsql; ALTER INDEX t_u DEPENDS ON EXTENSION plpgsql',
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
		name => 'carried: constraint triggers, and conditions on a column of another type',
		@case,
		setup => q{
			CREATE TABLE t (id int PRIMARY KEY, a int, b text);
			CREATE TABLE u (id int);
			CREATE FUNCTION nothing() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN new; END'} . ";$triggers",
		ddl => "DROP TRIGGER deferred ON t; DROP TRIGGER at_once ON t; DROP TRIGGER of_row ON t; DROP TRIGGER condition ON t;
			ALTER TABLE t ALTER a TYPE bigint;$triggers",
	},
	{
		name => 'carried: rules that read the old row, and their states',
		@case,
		setup => "CREATE TABLE t (id int PRIMARY KEY, a int, b text); CREATE TABLE u (id int, a text); $rules",
		ddl => "DROP RULE upd ON t; DROP RULE del ON t; ALTER TABLE t ALTER a TYPE bigint; $rules",
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

1;
