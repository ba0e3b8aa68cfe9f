-- Malformed documents: each has a SQLSTATE of its own kind, a message, a detail
-- with the place in the document and a hint; validate and start agree, and
-- nothing is changed.
\i test/include/setup.sql

CREATE TABLE item (id int PRIMARY KEY, name text NOT NULL, price int DEFAULT 0);
CREATE TABLE other (id int PRIMARY KEY);
CREATE VIEW seen AS SELECT 1 AS one;
CREATE TYPE shape AS (x int);
CREATE TABLE shaped OF shape;
CREATE TYPE colour AS ENUM ('red');
SELECT pgroll_c.baseline('01_base');
CALL test.remember();
\t \a

-- the envelope
SELECT test.error('null');
SELECT test.error('[]');
SELECT test.error('"x"');
SELECT test.error('17');
SELECT test.error('{}');
SELECT test.error('{"operations": {}}');
SELECT test.error('{"operations": "rename_column"}');
SELECT test.error('{"operations": null}');
SELECT test.error('{"operations": []}');
SELECT test.error('{"operations": [1]}');
SELECT test.error('{"operations": [[]]}');
SELECT test.error('{"operations": [{}]}');
SELECT test.error('{"operations": [{"drop_table": {"name": "item"}, "rename_table": {"from": "item", "to": "x"}}]}');
SELECT test.error('{"operations": [{"drop_table": {"name": "item"}}, {"explode": {"table": "item"}}]}');
SELECT test.error('{"operations": [{"drop_table": "item"}]}');
SELECT test.error('{"operations": [{"drop_table": {"name": "item"}}], "oprations": []}');
SELECT test.error('{"name": "98_other", "operations": [{"drop_table": {"name": "item"}}]}');
SELECT test.error('{"version_schema": 5, "operations": [{"drop_table": {"name": "item"}}]}');
SELECT test.error('{"version_schema": "", "operations": [{"drop_table": {"name": "item"}}]}');
SELECT test.error('{"operations": [{"drop_table": {"name": "item"}}]}', name => '');
SELECT test.error('{"operations": [{"drop_table": {"name": "item"}}]}', schema => 'nowhere');
SELECT test.error('{"version_schema": "01_base", "operations": [{"drop_table": {"name": "item"}}]}');
SELECT test.error('{"operations": [{"drop_table": {"name": "item"}}]}', name => '01_base');

-- a value of the wrong type inside
SELECT test.error('{"operations": [{"add_column": {"table": "item", "column": {"name": "x", "type": "int", "unique": "yes", "nullable": true}}}]}');

-- the columns of an index, and its settings
SELECT test.error('{"operations": [{"create_index": {"table": "item", "name": "i"}}]}');
SELECT test.error('{"operations": [{"create_index": {"table": "item", "name": "i", "columns": []}}]}');
SELECT test.error('{"operations": [{"create_index": {"table": "item", "name": "i", "columns": "id"}}]}');
SELECT test.error('{"operations": [{"create_index": {"table": "item", "name": "i", "columns": {}}}]}');
SELECT test.error('{"operations": [{"create_index": {"table": "item", "name": "i", "columns": {"id": {}, "name": {"sort": "DESC"}}}}]}');
SELECT test.error('{"operations": [{"create_index": {"table": "item", "name": "i", "columns": {"id": {"sort": "DOWN"}}}}]}');
SELECT test.error('{"operations": [{"create_index": {"table": "item", "name": "i", "columns": {"id": {"collation": "C"}}}}]}');
SELECT test.error('{"operations": [{"create_index": {"table": "item", "name": "i", "columns": {"id": null}, "where": "true"}}]}');
SELECT test.error('{"operations": [{"create_index": {"table": "item", "name": "i", "columns": [1]}}]}');
SELECT test.error('{"operations": [{"create_index": {"table": "item", "name": "i", "columns": [{"name": "id"}]}}]}');
SELECT test.error('{"operations": [{"create_index": {"table": "item", "name": "i", "columns": [{"column": "id", "nulls": true}]}}]}');
SELECT test.error('{"operations": [{"create_index": {"table": "item", "name": "i", "columns": [{"column": "id", "opclass": "int4_ops"}]}}]}');
SELECT test.error('{"operations": [{"create_index": {"table": "item", "name": "i", "columns": [{"column": "id", "opclass": {"name": "int4_ops", "params": [{}]}}]}}]}');
SELECT test.error('{"operations": [{"create_index": {"table": "item", "name": "i", "columns": ["id"], "method": "bitmap"}}]}');
SELECT test.error('{"operations": [{"create_index": {"table": "item", "name": "i", "columns": ["id"], "unique": "yes"}}]}');
SELECT test.error('{"operations": [{"create_index": {"table": "item", "columns": ["id"]}}]}');
SELECT test.error(format('{"operations": [{"create_index": {"table": "item", "name": "i", "columns": [%s]}}]}', (SELECT string_agg('"id"', ',') FROM generate_series(1, 33)))::jsonb);
SELECT test.error('{"operations": [{"drop_index": {"name": ["i"]}}]}');
SELECT test.error('{"operations": [{"drop_index": {"name": "i", "table": "item"}}]}');

-- unknown keys, wrong types, missing fields
SELECT test.error('{"operations": [{"rename_column": {"table": "item", "from": "name", "to": "title", "using": "x"}}]}');
SELECT test.error('{"operations": [{"add_column": {"table": "item", "column": {"name": "x", "type": "int", "nullble": true}}}]}');
SELECT test.error('{"operations": [{"create_table": {"name": "t", "columns": [{"name": "x", "type": "int"}, {"name": "y", "type": "int", "primary": true}]}}]}');
SELECT test.error('{"operations": [{"rename_column": {"table": "item", "from": "name"}}]}');
SELECT test.error('{"operations": [{"rename_column": {"from": "name", "to": "title"}}]}');
SELECT test.error('{"operations": [{"rename_column": {"table": null, "from": "name", "to": "title"}}]}');
SELECT test.error('{"operations": [{"rename_column": {"table": ["item"], "from": "name", "to": "title"}}]}');
SELECT test.error('{"operations": [{"rename_column": {"table": "item", "from": "", "to": "title"}}]}');
SELECT test.error('{"operations": [{"rename_column": {"table": 7, "from": "name", "to": "title"}}]}');
SELECT test.error('{"operations": [{"add_column": {"table": "item", "column": "x"}}]}');
SELECT test.error('{"operations": [{"add_column": {"table": "item", "column": {"name": "x"}}}]}');
SELECT test.error('{"operations": [{"add_column": {"table": "item", "column": {"name": "x", "type": 5}}}]}');
SELECT test.error('{"operations": [{"add_column": {"table": "item", "column": {"name": "x", "type": "int", "nullable": "yes"}}}]}');
SELECT test.error('{"operations": [{"add_column": {"table": "item", "column": {"name": "x", "type": "int", "nullable": true}, "up": {}}}]}');
SELECT test.error('{"operations": [{"create_table": {"name": "t", "columns": {}}}]}');
SELECT test.error('{"operations": [{"create_table": {"name": "t", "columns": []}}]}');
SELECT test.error('{"operations": [{"create_table": {"name": "t"}}]}');
SELECT test.error('{"operations": [{"create_table": {"name": "t", "columns": [{"name": "x", "type": "int", "check": {"name": "c"}}]}}]}');
SELECT test.error('{"operations": [{"create_table": {"name": "t", "columns": [{"name": "x", "type": "int", "references": {"name": "c", "table": "item", "column": "id", "on_delete": "EXPLODE"}}]}}]}');
SELECT test.error('{"operations": [{"create_table": {"name": "t", "columns": [{"name": "x", "type": "int", "references": {"name": "c", "table": "item", "column": "id", "match_type": "ODD"}}]}}]}');
SELECT test.error('{"operations": [{"alter_column": {"table": "item", "column": "price", "nullable": null}}]}');
SELECT test.error('{"operations": [{"sql": {}}]}');
SELECT test.error('{"operations": [{"sql": {"up": 5}}]}');
SELECT test.error('{"operations": [{"sql": {"up": "SELECT 1", "onComplete": "yes"}}]}');
SELECT test.error('{"operations": [{"sql": {"up": "SELECT 1", "down": "SELECT 1", "onComplete": true}}]}');
SELECT test.error('{"operations": [{"sql": {"up": "SELECT 1"}}, {"drop_table": {"name": "other"}}]}');

-- tables and columns that are missing, or there already, as the operations
-- before leave them
SELECT test.error('{"operations": [{"drop_table": {"name": "nothing"}}]}');
SELECT test.error('{"operations": [{"drop_table": {"name": "ITEM"}}]}');
SELECT test.error('{"operations": [{"drop_table": {"name": "public.item"}}]}');
SELECT test.error('{"operations": [{"drop_table": {"name": "item; DROP TABLE other"}}]}');
SELECT test.error('{"operations": [{"drop_table": {"name": "seen"}}]}');
SELECT test.error('{"operations": [{"drop_table": {"name": "pg_class"}}]}');
SELECT test.error('{"operations": [{"rename_table": {"from": "nothing", "to": "something"}}]}');
SELECT test.error('{"operations": [{"rename_table": {"from": "item", "to": "other"}}]}');
SELECT test.error('{"operations": [{"rename_table": {"from": "item", "to": "item"}}]}');
SELECT test.error('{"operations": [{"rename_table": {"from": "item", "to": "seen"}}]}');
SELECT test.error('{"operations": [{"rename_table": {"from": "item", "to": "item_pkey"}}]}');
SELECT test.error('{"operations": [{"rename_table": {"from": "item", "to": "shape"}}]}');
SELECT test.error('{"operations": [{"rename_table": {"from": "item", "to": "thing"}}, {"drop_table": {"name": "item"}}]}');
SELECT test.error('{"operations": [{"create_table": {"name": "other", "columns": [{"name": "x", "type": "int"}]}}]}');
SELECT test.error('{"operations": [{"create_table": {"name": "item_pkey", "columns": [{"name": "x", "type": "int"}]}}]}');
SELECT test.error('{"operations": [{"create_table": {"name": "colour", "columns": [{"name": "x", "type": "int"}]}}]}');
SELECT test.error('{"operations": [{"rename_table": {"from": "item", "to": "thing"}}, {"create_table": {"name": "item", "columns": [{"name": "x", "type": "int"}]}}]}');
SELECT test.error('{"operations": [{"create_table": {"name": "t", "columns": [{"name": "x", "type": "int"}]}}, {"create_table": {"name": "t", "columns": [{"name": "x", "type": "int"}]}}]}');
SELECT test.error('{"operations": [{"create_table": {"name": "t", "columns": [{"name": "x", "type": "int"}, {"name": "x", "type": "text"}]}}]}');
SELECT test.error('{"operations": [{"create_table": {"name": "t", "columns": [{"name": "ctid", "type": "int"}]}}]}');
SELECT test.error('{"operations": [{"create_table": {"name": "_pgroll_c_t", "columns": [{"name": "x", "type": "int"}]}}]}');
SELECT test.error('{"operations": [{"create_table": {"name": "t", "columns": [{"name": "_pgroll_c_x", "type": "int"}]}}]}');
SELECT test.error('{"operations": [{"create_table": {"name": "t", "columns": [{"name": "x", "type": "int", "references": {"name": "f", "table": "nothing", "column": "id"}}]}}]}');
SELECT test.error('{"operations": [{"create_table": {"name": "t", "columns": [{"name": "x", "type": "int", "references": {"name": "f", "table": "item", "column": "nothing"}}]}}]}');
SELECT test.error('{"operations": [{"create_table": {"name": "t", "columns": [{"name": "x", "type": "int", "references": {"name": "f", "table": "item", "column": "price"}}]}}]}');
SELECT test.error('{"operations": [{"create_table": {"name": "t", "columns": [{"name": "x", "type": "json", "references": {"name": "f", "table": "item", "column": "id"}}]}}]}');
SELECT test.error('{"operations": [{"create_table": {"name": "t", "columns": [{"name": "x", "type": "int", "check": {"name": "c", "constraint": "x > 0"}}, {"name": "y", "type": "int", "check": {"name": "c", "constraint": "y > 0"}}]}}]}');
SELECT test.error('{"operations": [{"create_table": {"name": "t", "columns": [{"name": "x", "type": "serial", "default": "5"}]}}]}');
SELECT test.error('{"operations": [{"add_column": {"table": "nothing", "column": {"name": "x", "type": "int", "nullable": true}}}]}');
SELECT test.error('{"operations": [{"add_column": {"table": "item", "column": {"name": "name", "type": "int", "nullable": true}}}]}');
SELECT test.error('{"operations": [{"add_column": {"table": "item", "column": {"name": "xmin", "type": "int", "nullable": true}}}]}');
SELECT test.error('{"operations": [{"add_column": {"table": "item", "column": {"name": "_pgroll_c_x", "type": "int", "nullable": true}}}]}');
SELECT test.error('{"operations": [{"add_column": {"table": "item", "column": {"name": "x", "type": "int"}}}]}');
SELECT test.error('{"operations": [{"add_column": {"table": "shaped", "column": {"name": "y", "type": "int", "nullable": true}}}]}');
SELECT test.error('{"operations": [{"rename_column": {"table": "item", "from": "nothing", "to": "title"}}]}');
SELECT test.error('{"operations": [{"rename_column": {"table": "item", "from": "ctid", "to": "title"}}]}');
SELECT test.error('{"operations": [{"rename_column": {"table": "item", "from": "name", "to": "price"}}]}');
SELECT test.error('{"operations": [{"rename_column": {"table": "item", "from": "name", "to": "name"}}]}');
SELECT test.error('{"operations": [{"rename_column": {"table": "item", "from": "name", "to": "xmax"}}]}');
SELECT test.error('{"operations": [{"rename_column": {"table": "item", "from": "name", "to": "_pgroll_c_1"}}]}');
SELECT test.error('{"operations": [{"rename_table": {"from": "item", "to": "_pgroll_c_1"}}]}');
SELECT test.error('{"operations": [{"rename_column": {"table": "item", "from": "name", "to": "title"}}, {"rename_column": {"table": "item", "from": "name", "to": "label"}}]}');
SELECT test.error('{"operations": [{"rename_column": {"table": "shaped", "from": "x", "to": "y"}}]}');
SELECT test.error('{"operations": [{"drop_column": {"table": "item", "column": "nothing"}}]}');
SELECT test.error('{"operations": [{"drop_column": {"table": "item", "column": "price"}}, {"drop_column": {"table": "item", "column": "price"}}]}');
SELECT test.error('{"operations": [{"drop_column": {"table": "shaped", "column": "x"}}]}');
SELECT test.error('{"operations": [{"alter_column": {"table": "item", "column": "nothing", "comment": "x"}}]}');
SELECT test.error('{"operations": [{"alter_column": {"table": "nothing", "column": "x", "comment": "x"}}]}');

-- names of 64 bytes; é has two
SELECT test.error(format('{"operations": [{"rename_table": {"from": "item", "to": "%s"}}]}', repeat('x', 64))::jsonb);
SELECT test.error(format('{"operations": [{"rename_column": {"table": "item", "from": "name", "to": "%s"}}]}', repeat('é', 32))::jsonb);
SELECT test.error(format('{"operations": [{"create_table": {"name": "%s", "columns": [{"name": "x", "type": "int"}]}}]}', repeat('x', 64))::jsonb);
SELECT test.error(format('{"operations": [{"create_table": {"name": "t", "columns": [{"name": "%s", "type": "int"}]}}]}', repeat('x', 64))::jsonb);
SELECT test.error(format('{"operations": [{"add_column": {"table": "item", "column": {"name": "%s", "type": "int", "nullable": true}}}]}', repeat('x', 64))::jsonb);
SELECT test.error('{"operations": [{"drop_table": {"name": "item"}}]}', name => repeat('x', 57));
SELECT test.error(format('{"version_schema": "%s", "operations": [{"drop_table": {"name": "item"}}]}', repeat('x', 57))::jsonb);

-- types
SELECT test.error('{"operations": [{"add_column": {"table": "item", "column": {"name": "x", "type": "nothing", "nullable": true}}}]}');
SELECT test.error('{"operations": [{"add_column": {"table": "item", "column": {"name": "x", "type": "int; DROP TABLE item", "nullable": true}}}]}');
SELECT test.error('{"operations": [{"add_column": {"table": "item", "column": {"name": "x", "type": "int DEFAULT 5", "nullable": true}}}]}');
SELECT test.error('{"operations": [{"add_column": {"table": "item", "column": {"name": "x", "type": "varchar(0)", "nullable": true}}}]}');
SELECT test.error('{"operations": [{"add_column": {"table": "item", "column": {"name": "x", "type": "record", "nullable": true}}}]}');
SELECT test.error('{"operations": [{"add_column": {"table": "item", "column": {"name": "x", "type": "setof int", "nullable": true}}}]}');
SELECT test.error('{"operations": [{"add_column": {"table": "item", "column": {"name": "x", "type": "", "nullable": true}}}]}');
SELECT test.error('{"operations": [{"create_table": {"name": "t", "columns": [{"name": "x", "type": "int,y int"}]}}]}');
SELECT test.error('{"operations": [{"alter_column": {"table": "item", "column": "price", "type": "moneyy", "up": "price", "down": "price"}}]}');

SELECT * FROM test.changes(); -- no rows

-- a migration that is in progress, the same and another
SELECT pgroll_c.start_migration('02_first', '{"operations": [{"rename_table": {"from": "other", "to": "another"}}]}');
SELECT regexp_replace(test.error('{"operations": [{"drop_table": {"name": "item"}}]}', name => '03_second'), 'started at .* by', 'started at … by');
SELECT test.error('{"operations": [{"rename_table": {"from": "other", "to": "another"}}]}', name => '02_first');
SELECT test.error('{"operations": [{"rename_table": {"from": "other", "to": "_other"}}]}', name => '02_first');
SELECT pgroll_c.complete_migration();
SELECT test.error('{"operations": [{"rename_table": {"from": "other", "to": "another"}}]}', name => '02_first');
SELECT test.error('{"operations": [{"rename_table": {"from": "other", "to": "_other"}}]}', name => '02_first');
SELECT test.error_of('SELECT pgroll_c.complete_migration()');
SELECT test.error_of('SELECT pgroll_c.rollback_migration()');
SELECT test.error_of('SELECT pgroll_c.retry_migration()');
SELECT test.error_of('SELECT pgroll_c.complete_migration(''nowhere'')');
SELECT test.error_of('SELECT pgroll_c.baseline(''03_again'')');
SELECT test.error_of('SELECT pgroll_c.baseline(''02_first'')');
SELECT test.error_of('SELECT pgroll_c.baseline(''x'', ''nowhere'')');

\t \a
\i test/include/teardown.sql
