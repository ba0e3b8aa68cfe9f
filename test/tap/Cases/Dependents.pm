# Cases of what names a column from elsewhere, and is carried over.

package Cases::Dependents;

use strict;
use warnings;

use Exporter 'import';

use Cases::Default qw($rows);

our @EXPORT_OK = qw(dependent_cases);

# What hangs on a column of a table, but is not the table's own.
sub dependent_cases
{
	my $matviews = q{
		CREATE VIEW small AS SELECT id, a FROM t WHERE a < 10;
		CREATE VIEW named AS SELECT id, b FROM t WHERE a > 0;
		CREATE MATERIALIZED VIEW m (k, a) WITH (fillfactor = 80) AS SELECT id, a FROM t;
		CREATE UNIQUE INDEX m_k ON m (k);
		CREATE INDEX m_a ON m ((a + 1)) WHERE a > 3;
		ALTER INDEX m_a ALTER 1 SET STATISTICS 55;
		ALTER MATERIALIZED VIEW m CLUSTER ON m_k;
		ALTER MATERIALIZED VIEW m ALTER a SET STATISTICS 66;
		CREATE STATISTICS m_s ON k, a FROM m;
		COMMENT ON MATERIALIZED VIEW m IS 'many';
		COMMENT ON COLUMN m.a IS 'a number';
		COMMENT ON INDEX m_a IS 'of a';
		ALTER MATERIALIZED VIEW m DEPENDS ON EXTENSION plpgsql;
		ALTER INDEX m_k DEPENDS ON EXTENSION plpgsql;
		GRANT SELECT, UPDATE (a) ON m TO regress_reader;
		CREATE MATERIALIZED VIEW of_view AS SELECT small.id, named.b FROM small LEFT JOIN named USING (id);
		CREATE MATERIALIZED VIEW of_m AS SELECT a % 10 AS digit, count(*) AS n FROM m GROUP BY 1 WITH NO DATA;
		CREATE VIEW over AS SELECT k, m.a, digit FROM m LEFT JOIN of_m ON digit = k};
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
		name => 'carried: materialized views',
		setup => "CREATE TABLE t (id int PRIMARY KEY, a int, b text); $matviews",
		rows => "$rows; REFRESH MATERIALIZED VIEW m; REFRESH MATERIALIZED VIEW of_view",
		operations => '- alter_column: {table: t, column: a, type: bigint, up: a, down: "a::int"}',
		ddl => "DROP VIEW over; DROP MATERIALIZED VIEW of_m, of_view, m; DROP VIEW small, named;
			ALTER TABLE t ALTER a TYPE bigint; $matviews",
		old => [ q{INSERT INTO t VALUES (-10, -7, 'zero')}, q{UPDATE t SET a = -70 WHERE id = 2} ],
		new => [ q{INSERT INTO t VALUES (-11, -8, 'b')}, q{DO $$ BEGIN EXECUTE format('REFRESH MATERIALIZED VIEW CONCURRENTLY %I.m', (current_schemas(false))[2]); END $$} ],
		sees_old => { 'SELECT * FROM m WHERE k < 3 ORDER BY k' => '-11|-8 -10|-7 1|1 2|-70' },
		sees_new => { 'SELECT * FROM m WHERE k < 3 ORDER BY k' => '-11|-8 -10|-7 1|1 2|-70' },
	},
	{
		name => 'carried: a materialized view that groups by the key that changes',
		setup => q{
			CREATE TABLE t (id int PRIMARY KEY, a int, b text);
			CREATE TABLE l (x int REFERENCES t);
			CREATE MATERIALIZED VIEW m AS SELECT t.id, b, count(l.*) AS n FROM t LEFT JOIN l ON x = id GROUP BY t.id},
		rows => "$rows; INSERT INTO l SELECT id FROM t WHERE id % 3 = 0; REFRESH MATERIALIZED VIEW m",
		operations => '- alter_column: {table: t, column: id, type: bigint, up: id, down: "id::int"}',
		ddl => q{
			DROP MATERIALIZED VIEW m;
			ALTER TABLE t ALTER id TYPE bigint;
			CREATE MATERIALIZED VIEW m AS SELECT t.id, b, count(l.*) AS n FROM t LEFT JOIN l ON x = id GROUP BY t.id},
		old => [ q{INSERT INTO t VALUES (-10, -7, 'zero')} ],
		new => [ q{INSERT INTO t VALUES (-11, -8, 'b')} ],
		sees_old => { 'SELECT * FROM m WHERE id IN (2, 3) ORDER BY id' => '2|b2|0 3|b3|1' },
		sees_new => { 'SELECT * FROM m WHERE id IN (2, 3) ORDER BY id' => '2|b2|0 3|b3|1' },
	},
	{
		name => 'carried: materialized views whose columns keep their types',
		setup => q{
			CREATE TABLE t (id int PRIMARY KEY, a int, b text);
			CREATE MATERIALIZED VIEW m AS SELECT id, a FROM t WHERE a < 10;
			CREATE VIEW over AS SELECT a FROM m;
			CREATE RULE kept AS ON INSERT TO over DO INSTEAD NOTHING},
		rows => "$rows; REFRESH MATERIALIZED VIEW m",
		operations => '- alter_column: {table: t, column: a, nullable: false, up: "coalesce(a, 0)"}',
		ddl => 'ALTER TABLE t ALTER a SET NOT NULL',
		old => [ q{INSERT INTO t VALUES (-10, -7, 'zero')} ],
		new => [ q{INSERT INTO t VALUES (-11, -8, 'b')} ],
		sees_old => { 'SELECT * FROM m WHERE id = 1' => '1|1' },
		sees_new => { 'SELECT * FROM m WHERE id = 1' => '1|1' },
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

1;
