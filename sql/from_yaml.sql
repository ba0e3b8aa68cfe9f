-- from_yaml(): YAML as the document of a migration; errors have a line and a column
SET client_min_messages = warning;
CREATE EXTENSION pgroll_c;
\t \a

-- the document, or what the error says
CREATE FUNCTION try(yaml text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	detail text;
	hint text;
BEGIN
	RETURN pgroll_c.from_yaml(yaml);
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
	RETURN concat_ws(' | ', SQLSTATE, SQLERRM, nullif(detail, ''), nullif(hint, ''));
END $$;
SET client_encoding = 'UTF8';

-- a migration, in block and in flow style, and as JSON
SELECT pgroll_c.from_yaml($$
# what it is for
version_schema: names
operations:
  - rename_column: {table: users, "from": name, 'to': full name}
  - sql:
      up: |
        CREATE VIEW a AS
          SELECT 1;

        CREATE VIEW b AS SELECT ':#';
      down: >-
        DROP VIEW
        a, b
$$);
SELECT pgroll_c.from_yaml('{"operations": [{"add_column": {"table": "t", "column":
	{"name": "x", "type": "int", "nullable": true}, "up": "a \"b\" \u00e9\/"}}]}');
SELECT pgroll_c.from_yaml('') IS NULL;	-- fails
SELECT pgroll_c.from_yaml(NULL) IS NULL;
-- several lines
SELECT try($$
a: |
  kept
   as it is

b: |-
  without its end
c: |+
  with all of its end

d: >
  folded
  lines

  and a second
e: plain text
  goes on
f: "double \
  goes on\n\tx\x41\u00e4\U0001F600"
g: 'it''s
  single'
h: |2
    indented by two
$$);
-- other forms of the same
SELECT try(E'\uFEFFa: 1\r\nb:\r\n  - x\r\n  - y\r\n');
SELECT try(E'%YAML 1.2\n---\na: 1\n...\n');
SELECT try(E'? a\n: 1\n? b\n');
SELECT try(E'{\n\t"a":\t[1,\t2]\n}');
SELECT try('[a, [], {}, {b: }, c: d, "e":f, ]');
SELECT try('just a text');
SELECT try('ключ: значение');
-- keys are texts
SELECT try('{1: a, true: b, ~: c, 2024-01-01: d, "": e, 1.50: f}');

-- scalars, by the core schema of YAML 1.2
SELECT try('[true, True, TRUE, false, False, FALSE, tRUE, yes, no, on, off, y]');
SELECT try('[~, null, Null, NULL, nULL, "", !!null ]');
SELECT try('[0, -0, +1, 007, 12345678901234567890123, 0o17, 0x1Ff, 0xFFFFFFFFFFFFFFFF, 0b1, 1_000, 0o8, 0x, -0x1, 1:30, +-1]');
SELECT try('[1., .5, -1.50, 1e3, 1E-2, +1.5e+2, ., .e1, 1e, 1.2.3, e1, -]');
SELECT try('[2024-01-01, 2024-01-01T00:00:00Z, a b, 12a, "1", ''true'', "null", <<]');
SELECT try('[!!str 1, !!str true, !!str , ! 1, !!int "7", !!float 1, !!bool "true", !!null "", !!seq [], !!map {}, !<tag:yaml.org,2002:str> 2]');
SELECT try('a: .inf');
SELECT try('a: -.INF');
SELECT try('a: .nan');
SELECT try('a: 0x10000000000000000');
SELECT try('a: 1e1001');
SELECT try('a: 1e-99999999999999999999');
SELECT length(try(repeat('9', 1000)));
SELECT try(repeat('9', 1001));

-- fields that are texts take a scalar as it is written
SELECT jsonb_pretty(pgroll_c.from_yaml($$
name: 0010
version_schema: 1.10
operations:
  - add_column:
      table: 2024
      column: {name: yes, type: 1, nullable: true, unique: false, pk: False, default: 0, comment: 2024-01-01,
        check: {name: 1, constraint: true, no_inherit: true},
        references: {name: 1e3, table: 0x10, column: .inf, on_delete: 1, on_update: 2, match_type: 3, deferrable: true, initially_deferred: false},
        generated: {expression: 1, identity: {user_specified_values: 1, sequence_options: 2}}}
      up: 1
  - alter_column: {table: t, column: 5, type: 6, default: null, comment: ~, nullable: false, unique: {name: 7}, up: 1.50, down: true}
  - create_constraint:
      name: 1
      type: unique
      columns: [1, true, "x"]
      check: true
      nulls_not_distinct: true
      references: {table: 1, columns: [2], on_delete_set_columns: [3]}
      index_parameters: {include_columns: [4], storage_parameters: 5, tablespace: 6}
      exclude: {index_method: 1, elements: 2, predicate: false}
      up: {nullable: true, a: 1, columns: 2}
      down: {unique: 0, b: null}
  - create_index: {name: 1, table: 2, method: 3, unique: true, predicate: true, storage_parameters: 4,
      columns: [{column: 1, collate: 2, sort: 3, nulls: 4, opclass: {name: 5, params: [6, 7]}}, 8]}
  - set_replica_identity: {table: 1, identity: {type: 2, index: 3}}
  - rename_table: {from: 1, to: 2}
  - sql: {up: 1, down: 2, onComplete: true}
$$));
SELECT try('{default: "1", up: !!str null, down: null, comment: !!int 05, name: [1, {a: 1}], other: 1}');
-- the columns of an index in older files: in the order of the file
SELECT try($$
operations:
  - create_index:
      table: t
      name: i
      columns:
        zeta: {sort: desc, opclass: {name: 1, params: [2]}}
        alpha:
        nullable: {nulls: first}
$$);
SELECT try('create_index: {columns: {a: 1}}');
SELECT try('create_index: {columns: {a: {column: b}}}');
SELECT try('create_index: {columns: {a: {}, b: {}, a: {}}}');

-- anchors and aliases
SELECT try('{a: &x [1, 2], b: *x, c: {d: *x}}');
SELECT try('{default: &x true, nullable: *x, e: &x 2, f: *x, &k g: 1, h: *k}');
SELECT try(E'? &k a\n: 1\nb: {*k : 2}\n');
SELECT try('a: *x');
SELECT try('a: &x [*x]');
SELECT try('&x {a: {b: *x}}');
-- merge keys: a map's own keys win, then those of the first
SELECT try('{base: &b {a: 1, b: 2}, more: &m {b: 3, c: 4}, x: {<<: *b, b: 5}, y: {<<: [*b, *m], d: 6}, z: {<<: {e: 7}}}');
SELECT try('{base: &b {a: 1}, m: &m {<<: *b, b: 2}, x: {<<: *m, a: 3}, y: {<<: {}}, z: {"<<": 1}}');
SELECT try('{x: {<<: 1}}');
SELECT try('{x: {<<: [{a: 1}, 2]}}');
SELECT try('{a: &x {b: 1}, c: {<<: *x, <<: *x}}');
SELECT try('a: &x {<<: *x}');

-- refused
SELECT try('');
SELECT try(E'# nothing\n\n');
SELECT try(E'---\n...\n');
SELECT try(E'---\na: 1\n---\nb: 2\n');
SELECT try(E'a: 1\n---\n');
SELECT try(E'a: 1\n...\nb: 2\n');
SELECT try(E'a: 1\nb: 2\n  \na: 3\n');
SELECT try('{a: 1, b: {c: 1, "c": 2}}');
SELECT try(E'? [a]\n: 1\n');
SELECT try('{{a: 1}: 2}');
SELECT try('a: !foo b');
SELECT try('!!set {a, b}');
SELECT try('a: !!binary aGVsbG8=');
SELECT try('[!!timestamp 2024-01-01]');
SELECT try('!!seq {}');
SELECT try('!!str []');
SELECT try('!!int x');
SELECT try('!!bool yes');
SELECT try('!!null 0');
SELECT try('!!float true');
SELECT try('!e!x y');

-- malformed: where it is
SELECT try('a: b: c');
SELECT try(E'a:\n\tb: c');
SELECT try(E'a: 1\n\tb: 2');
SELECT try(E'é: "ü"\nb:\n  c: é\n\td: 1');
SELECT try(E'operations:\n  - sql:\n      up: "x\n\n');
SELECT try('a: @b');
SELECT try('a: `b`');
SELECT try('%a');
SELECT try(E'a: 1\n b: 2');
SELECT try(E'a:\n  - 1\n - 2');
SELECT try('[1, 2');
SELECT try('[1, 2}');
SELECT try('a: ]');
SELECT try('{"a": "\ud83d\ude00"}');
SELECT try('{"a": "\q"}');
SELECT try(E'a: 1\nb: é\x01');
SELECT try(E'a: 1\r\nb: \x7f');
SELECT try(E'\x02');
SELECT try('a: "x\0y"');
SELECT try('a: &');
SELECT try('a: &x *x');
SELECT try(E'- a\nb: c');
SELECT try(E'a: |\n  x\n y');
SELECT try('a: |0');
SELECT try('%YAML 3.0' || E'\n--- a');

-- hostile: large, deep, many times the same
SELECT try(repeat('[', 1000000));
SELECT try(repeat('{a: ', 100000));
SELECT try(repeat('- ', 100000));
SELECT try(repeat('? ', 100000));
SELECT try(repeat('[', 101) || repeat(']', 101));
SELECT length(try(repeat('[', 100) || '1' || repeat(']', 100)));
SELECT try('a0: &a0 [x]' || string_agg(format(E'\na%s: &a%s [*a%s]', n, n, n - 1), '' ORDER BY n)) FROM generate_series(1, 120) n;
SELECT try('a0: &a0 [x]' || string_agg(format(E'\na%s: &a%s [*a%s, *a%s]', n, n, n - 1, n - 1), '' ORDER BY n)) FROM generate_series(1, 60) n;
SELECT try('a0: &a0 {x: 1}' || string_agg(format(E'\na%s: &a%s {<<: *a%s, x%s: 1}', n, n, n - 1, n), '' ORDER BY n))::jsonb -> 'a50' ->> 'x25' FROM generate_series(1, 50) n;
SELECT try('{a: &a {' || string_agg(format('k%s: 1', n), ', ') || '}, b: {<<: [*a' || repeat(', *a', 20000) || ']}}') FROM generate_series(1, 100) n;
SELECT try('{a: &a "' || repeat('x', 10000) || '", b: [*a' || repeat(', *a', 50000) || ']}');
SELECT try('[' || string_agg('&a' || n || ' 1', ',') || ']') FROM generate_series(1, 1001) n;
SELECT try('[' || repeat('a,', 1000000) || ']');
SELECT jsonb_array_length(pgroll_c.from_yaml('[' || repeat('a,', 100000) || ']'));
SELECT length(pgroll_c.from_yaml('a: |' || repeat(E'\n  0123456789', 100000)) ->> 'a');
SELECT length(pgroll_c.from_yaml('a: "' || repeat('é', 1000000) || '"') ->> 'a');
SELECT try('{' || string_agg('k' || n || ': 1', ', ') || ', k500: 2}') FROM generate_series(1, 50000) n;
SELECT try(string_agg(format('%%TAG !a%s! b', n), E'\n')) FROM generate_series(1, 1000) n;
-- what one call of the parser takes long for, a timeout ends
SET statement_timeout = '100ms';
SELECT pgroll_c.from_yaml(string_agg(format('%%TAG !a%s! b', n), E'\n')) FROM generate_series(1, 200000) n;	-- fails
RESET statement_timeout;

-- nothing of it stays, and a migration can be started from it, by anybody who may
CREATE ROLE regress_yaml;
DO $$ BEGIN EXECUTE format('GRANT CREATE ON DATABASE %I TO regress_yaml', current_database()); END $$;
CREATE SCHEMA app AUTHORIZATION regress_yaml;
SET ROLE regress_yaml;
CREATE TABLE app.users (id int PRIMARY KEY, name text);
INSERT INTO app.users VALUES (1, 'Ada');
CREATE TEMP TABLE file (yaml text);
INSERT INTO file VALUES ($$
version_schema: 0010
operations:
  - rename_column: {table: users, from: name, to: yes}
  - add_column:
      table: users
      column:
        name: 7
        type: numeric
        default: 1.50
        comment: 2024-01-01
        nullable: true
      up: 0
$$);
SELECT pgroll_c.start_migration('02', pgroll_c.from_yaml(yaml), 'app') FROM file;
CALL pgroll_c.wait_for_migration('app');
INSERT INTO app_0010.users (id, yes) VALUES (2, 'Bob');
SELECT * FROM app_0010.users ORDER BY id;
SELECT col_description('app_0010.users'::regclass, 3);
SELECT pgroll_c.complete_migration('app');
RESET ROLE;
SELECT provolatile, proisstrict, proparallel FROM pg_proc WHERE oid = 'pgroll_c.from_yaml'::regproc;
