/*-------------------------------------------------------------------------
 *
 * index_definition.c
 *		An index of the document: of create_index.
 *
 * What the server would only find out when it builds the index, in the
 * background, is checked before anything is changed.  Parameters are read by the
 * server's parser, and written anew from what it has read.
 *-------------------------------------------------------------------------
 */
#include "pgroll.h"

#include "access/amapi.h"
#include "access/reloptions.h"
#include "catalog/namespace.h"
#include "catalog/pg_attribute.h"
#include "catalog/pg_type.h"
#include "commands/defrem.h"
#include "mb/pg_wchar.h"
#include "nodes/parsenodes.h"
#include "parser/parser.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/regproc.h"
#include "utils/varlena.h"

#include "operation/index_definition.h"
#include "operation/operation_util.h"
#include "schema/catalog_object.h"
#include "schema/names.h"
#include "schema/object_model.h"
#include "support/guc.h"
#include "versioning/expression.h"

static List *parse_fields(JsonReader *reader);
static List *parse_map(JsonReader *map);
static IndexField *parse_field(const char *column, JsonReader *reader, const char *path);
static void parse_opclass(IndexField *field, JsonReader *reader);
static char *join_params(List *params);
static char *given(char *text);
static void check_method(const IndexDefinition *def, const IndexAmRoutine *routine);
static void resolve_fields(IndexDefinition *def, SchemaModel *model,
						   TableModel *table, const IndexAmRoutine *routine);
static void resolve_field(IndexField *field, const Generation *generation,
						  const IndexDefinition *def, const IndexAmRoutine *routine);
static Oid	resolve_collation(const IndexField *field, const Generation *generation);
static List *sql_name(const char *text, bool verbatim);
static Oid	resolve_opclass(const IndexField *field, const Generation *generation,
							const IndexDefinition *def);
static char *opclass_options(const IndexField *field, Oid opclass,
							 const IndexAmRoutine *routine);
static void check_order(const IndexField *field, const IndexDefinition *def,
						const IndexAmRoutine *routine);
static char *index_options(const char *text, const IndexAmRoutine *routine);
static List *read_options(const char *text, bool of_opclass);
static char *options_sql(List *options);
static List *logical_names(TableModel *table);
static bool reads_changed_column(const IndexDefinition *def, TableModel *table);

IndexDefinition *
index_definition_parse(JsonReader *reader)
{
	static const char *const methods[] = {
		"btree", "hash", "gist", "spgist", "gin", "brin", NULL
	};
	IndexDefinition *def = palloc0(sizeof(IndexDefinition));

	def->path = pstrdup(reader->path);
	def->name = json_name(reader, "name", true);
	def->method = pstrdup(methods[json_choice(reader, "method", methods, 0)]);
	def->unique = json_bool(reader, "unique", false);
	def->predicate_source = given(json_text(reader, "predicate", false));
	def->storage_source = given(json_text(reader, "storage_parameters", false));
	def->fields = parse_fields(reader);
	if (def->fields == NIL)
		json_error(json_path(reader, "columns"), "an index needs a column");
	if (list_length(def->fields) > INDEX_MAX_KEYS)
		ereport(ERROR,
				(errcode(ERRCODE_TOO_MANY_COLUMNS),
				 errmsg("cannot use more than %d columns in an index", INDEX_MAX_KEYS),
				 errdetail("At %s.", json_path(reader, "columns")),
				 errhint("Leave some of the columns out.")));
	return def;
}

/* A list of names or objects; in older files a map from column to settings. */
static List *
parse_fields(JsonReader *reader)
{
	List	   *fields = NIL;
	ListCell   *lc;

	if (json_is_object(reader, "columns"))
		return parse_map(json_nested(reader, "columns", true));
	foreach(lc, json_item_list(reader, "columns", true))
	{
		JsonItem   *item = lfirst(lc);
		char	   *column = item->reader == NULL ? item->name :
			json_name(item->reader, "column", true);

		fields = lappend(fields, parse_field(column, item->reader, item->path));
	}
	return fields;
}

static List *
parse_map(JsonReader *map)
{
	List	   *keys = json_keys(map);
	char	   *column;
	JsonReader *settings;

	if (list_length(keys) > 1)
		ereport(ERROR,
				(errcode(ERRCODE_PGROLL_INVALID_DOCUMENT),
				 errmsg("invalid migration document: a map of several columns has lost their order"),
				 errdetail("At %s: a value of type jsonb does not keep the order of keys, and an index depends on that of its columns.",
						   map->path),
				 errhint("Give the columns as a list, or the migration as YAML to pgroll_c.from_yaml().")));
	if (keys == NIL)
		return NIL;
	column = linitial(keys);
	settings = json_is_null(map, column) ? NULL : json_nested(map, column, true);
	return list_make1(parse_field(column, settings, json_path(map, column)));
}

static IndexField *
parse_field(const char *column, JsonReader *reader, const char *path)
{
	static const char *const sorts[] = {"ASC", "DESC", "", NULL};
	static const char *const nulls[] = {"FIRST", "LAST", "", NULL};
	IndexField *field = palloc0(sizeof(IndexField));

	field->column = pstrdup(column);
	field->path = pstrdup(path);
	field->sort = -1;
	field->nulls = -1;
	if (reader == NULL)
		return field;
	field->collate = given(json_text(reader, "collate", false));
	field->sort = json_choice(reader, "sort", sorts, -1);
	field->nulls = json_choice(reader, "nulls", nulls, -1);
	if (field->sort == 2)
		field->sort = -1;
	if (field->nulls == 2)
		field->nulls = -1;
	parse_opclass(field, json_nested(reader, "opclass", false));
	json_done(reader);
	return field;
}

static void
parse_opclass(IndexField *field, JsonReader *reader)
{
	if (reader == NULL)
		return;
	field->opclass = given(json_text(reader, "name", false));
	field->opclass_params = join_params(json_text_list(reader, "params", false));
	json_done(reader);
}

static char *
join_params(List *params)
{
	StringInfoData list;
	ListCell   *lc;

	if (params == NIL)
		return NULL;
	initStringInfo(&list);
	foreach(lc, params)
		appendStringInfo(&list, "%s%s", list.len > 0 ? ", " : "",
						 (char *) lfirst(lc));
	return list.data;
}

/* The tool's schema has "" for a text that is not given. */
static char *
given(char *text)
{
	return text != NULL && text[0] != '\0' ? text : NULL;
}

void
index_definition_resolve(IndexDefinition *def, SchemaModel *model,
						 TableModel *table)
{
	MemoryContext context = CurrentMemoryContext;
	const IndexAmRoutine *routine =
		GetIndexAmRoutineByAmId(get_index_am_oid(def->method, false), false);
	const char *volatile path = psprintf("%s.method", def->path);

	PG_TRY();
	{
		check_method(def, routine);
		path = psprintf("%s.storage_parameters", def->path);
		if (def->storage_source != NULL)
			def->options = index_options(def->storage_source, routine);
	}
	PG_CATCH();
	{
		expression_error_at(path, context);
	}
	PG_END_TRY();
	resolve_fields(def, model, table, routine);
	if (def->predicate_source != NULL)
		def->predicate = expression_parse(model, table, def->predicate_source,
										  psprintf("%s.predicate", def->path),
										  EXPRESSION_PREDICATE);
}

char *
index_definition_storage(const char *text, const char *method, const char *path)
{
	MemoryContext context = CurrentMemoryContext;
	char	   *volatile options = NULL;

	PG_TRY();
	{
		options = index_options(text,
								GetIndexAmRoutineByAmId(get_index_am_oid(method, false),
														false));
	}
	PG_CATCH();
	{
		expression_error_at(path, context);
	}
	PG_END_TRY();
	return options;
}

void
index_definition_check_include(const char *method, const char *path)
{
	if (!GetIndexAmRoutineByAmId(get_index_am_oid(method, false), false)->amcaninclude)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("access method \"%s\" does not support included columns", method),
				 errdetail("At %s.", path),
				 errhint("Leave \"include_columns\" out, or use another method.")));
}

static void
check_method(const IndexDefinition *def, const IndexAmRoutine *routine)
{
	if (def->unique && !routine->amcanunique)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("access method \"%s\" does not support unique indexes",
						def->method),
				 errhint("Leave \"unique\" out, or use the method btree.")));
	if (list_length(def->fields) > 1 && !routine->amcanmulticol)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("access method \"%s\" does not support multicolumn indexes",
						def->method),
				 errhint("Index one column, or use another method.")));
}

/* Names of collations and operator classes are looked up in the base schema. */
static void
resolve_fields(IndexDefinition *def, SchemaModel *model, TableModel *table,
			   const IndexAmRoutine *routine)
{
	MemoryContext context = CurrentMemoryContext;
	ListCell   *lc;

	foreach(lc, def->fields)
	{
		IndexField *field = lfirst(lc);
		int			guc_level;

		if (field->generation == NULL)
			field->generation = model_column(table, field->column,
											 psprintf("%s.column", field->path))->generation;
		guc_level = NewGUCNestLevel();
		guc_set_local("search_path", guc_user_search_path(model->base_schema));
		guc_set_portable_strings();
		PG_TRY();
		{
			resolve_field(field, model_newest_generation(table, field->generation),
						  def, routine);
		}
		PG_CATCH();
		{
			expression_error_at(field->path, context);
		}
		PG_END_TRY();
		AtEOXact_GUC(false, guc_level);
	}
}

static void
resolve_field(IndexField *field, const Generation *generation,
			  const IndexDefinition *def, const IndexAmRoutine *routine)
{
	StringInfoData sql;
	Oid			opclass = resolve_opclass(field, generation, def);

	if (generation_is_virtual(generation))
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("indexes on virtual generated columns are not supported"),
				 errhint("Index another column.")));
	check_order(field, def, routine);
	initStringInfo(&sql);
	if (field->collate != NULL)
		appendStringInfo(&sql, " COLLATE %s",
						 catalog_collation_name(resolve_collation(field, generation)));
	if (field->opclass != NULL || field->opclass_params != NULL)
		appendStringInfo(&sql, " %s", catalog_opclass_name(opclass));
	if (field->opclass_params != NULL)
		appendStringInfo(&sql, " (%s)", opclass_options(field, opclass, routine));
	appendStringInfoString(&sql, field->sort == 1 ? " DESC" : "");
	if (field->nulls != -1)
		appendStringInfoString(&sql, field->nulls == 0 ? " NULLS FIRST" : " NULLS LAST");
	field->column_sql = sql.data;
}

/* The name may be written as in SQL, or as the catalogs have it: en_US. */
static Oid
resolve_collation(const IndexField *field, const Generation *generation)
{
	List	   *exact = sql_name(field->collate, true);
	Oid			collation = InvalidOid;

	if (!type_is_collatable(generation->type))
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("collations are not supported by type %s",
						format_type_be(generation->type)),
				 errhint("Leave \"collate\" out.")));
	collation = get_collation_oid(exact, true);
	if (!OidIsValid(collation))
		collation = get_collation_oid(sql_name(field->collate, false), false);
	return collation;
}

/* A list of String nodes: the whole text as one name, or what it is in SQL. */
static List *
sql_name(const char *text, bool verbatim)
{
	List	   *strings;
	List	   *names = NIL;
	ListCell   *lc;

	if (verbatim)
		return list_make1(makeString(pstrdup(text)));
	if (!SplitIdentifierString(pstrdup(text), '.', &strings) || strings == NIL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_NAME),
				 errmsg("invalid name syntax: \"%s\"", text)));
	foreach(lc, strings)
		names = lappend(names, makeString(pstrdup(lfirst(lc))));
	return names;
}

static Oid
resolve_opclass(const IndexField *field, const Generation *generation,
				const IndexDefinition *def)
{
	Oid			method = get_index_am_oid(def->method, false);
	List	   *name = NIL;

	if (field->opclass != NULL)
	{
		name = sql_name(field->opclass, true);
		if (!OidIsValid(get_opclass_oid(method, name, true)))
			name = sql_name(field->opclass, false);
	}
	return ResolveOpClass(name, generation->type, def->method, method);
}

/* As index_opclass_options(), which wants the index. */
static char *
opclass_options(const IndexField *field, Oid opclass,
				const IndexAmRoutine *routine)
{
	List	   *options = read_options(field->opclass_params, true);
	Oid			type = get_opclass_input_type(opclass);
	Oid			procedure = InvalidOid;
	local_relopts known;

	if (routine->amoptsprocnum != 0)
		procedure = get_opfamily_proc(get_opclass_family(opclass), type, type,
									  routine->amoptsprocnum);
	if (!OidIsValid(procedure))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("operator class %s has no options",
						catalog_opclass_name(opclass)),
				 errhint("Leave \"params\" out.")));
	init_local_reloptions(&known, 0);
	(void) OidFunctionCall1(procedure, PointerGetDatum(&known));
	(void) build_local_reloptions(&known,
								  transformRelOptions((Datum) 0, options, NULL,
													  NULL, false, false),
								  true);
	return options_sql(options);
}

static void
check_order(const IndexField *field, const IndexDefinition *def,
			const IndexAmRoutine *routine)
{
	if (routine->amcanorder || (field->sort == -1 && field->nulls == -1))
		return;
	ereport(ERROR,
			(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
			 field->sort != -1 ?
			 errmsg("access method \"%s\" does not support ASC/DESC options",
					def->method) :
			 errmsg("access method \"%s\" does not support NULLS FIRST/LAST options",
					def->method),
			 errhint("Leave \"sort\" and \"nulls\" out.")));
}

static char *
index_options(const char *text, const IndexAmRoutine *routine)
{
	List	   *options = read_options(text, false);

	(void) index_reloptions(routine->amoptions,
							transformRelOptions((Datum) 0, options, NULL, NULL,
												false, false),
							true);
	return options_sql(options);
}

/*
 * The parameters (DefElem *) that text is inside of parentheses.  Nothing else may
 * be in the statement that it is read in.
 */
static List *
read_options(const char *text, bool of_opclass)
{
	char	   *sql = psprintf(of_opclass ?
							   "CREATE INDEX ON t (c o (%s\n))" :
							   "CREATE INDEX ON t (c) WITH (%s\n)", text);
	List	   *statements = raw_parser(sql, RAW_PARSE_DEFAULT);
	IndexStmt  *stmt = list_length(statements) != 1 ? NULL :
		(IndexStmt *) linitial_node(RawStmt, statements)->stmt;
	IndexElem  *element;

	if (stmt == NULL || !IsA(stmt, IndexStmt) || list_length(stmt->indexParams) != 1 ||
		stmt->indexIncludingParams != NIL || stmt->whereClause != NULL ||
		stmt->tableSpace != NULL || stmt->nulls_not_distinct)
		ereport(ERROR,
				(errcode(ERRCODE_SYNTAX_ERROR),
				 errmsg("text is not a list of parameters")));
	element = linitial_node(IndexElem, stmt->indexParams);
	if (element->ordering != SORTBY_DEFAULT ||
		element->nulls_ordering != SORTBY_NULLS_DEFAULT ||
		(of_opclass ? element->opclassopts : stmt->options) == NIL ||
		(of_opclass ? stmt->options : element->opclassopts) != NIL)
		ereport(ERROR,
				(errcode(ERRCODE_SYNTAX_ERROR),
				 errmsg("text is not a list of parameters")));
	return of_opclass ? element->opclassopts : stmt->options;
}

static char *
options_sql(List *options)
{
	StringInfoData sql;
	ListCell   *lc;

	initStringInfo(&sql);
	foreach(lc, options)
	{
		DefElem    *option = lfirst_node(DefElem, lc);

		appendStringInfo(&sql, "%s%s=%s", sql.len > 0 ? ", " : "",
						 quote_identifier(option->defname),
						 quote_literal_cstr(option->arg == NULL ? "true" :
											defGetString(option)));
	}
	return sql.data;
}

void
index_definition_follow(IndexDefinition *def, SchemaModel *model,
						TableModel *table)
{
	ListCell   *lc;

	foreach(lc, def->fields)
	{
		IndexField *field = lfirst(lc);

		field->stored_column = model_newest_generation(table, field->generation)->physical;
	}
	if (!reads_changed_column(def, table))
		return;
	resolve_fields(def, model, table,
				   GetIndexAmRoutineByAmId(get_index_am_oid(def->method, false), false));
	if (def->predicate != NULL)
		def->predicate =
			expression_parse(model, table,
							 expression_deparse_names(def->predicate,
													  logical_names(table)),
							 psprintf("%s.predicate", def->path),
							 EXPRESSION_PREDICATE);
}

static bool
reads_changed_column(const IndexDefinition *def, TableModel *table)
{
	ListCell   *lc;

	foreach(lc, index_definition_columns(def, table))
	{
		Generation *generation = lfirst(lc);

		if (model_newest_generation(table, generation) != generation)
			return true;
	}
	return false;
}

List *
index_definition_columns(const IndexDefinition *def, TableModel *table)
{
	Bitmapset  *inputs = expression_inputs(def->predicate);
	List	   *generations = NIL;
	int			number = -1;
	ListCell   *lc;

	foreach(lc, def->fields)
		generations = list_append_unique_ptr(generations,
											 ((IndexField *) lfirst(lc))->generation);
	while ((number = bms_next_member(inputs, number)) >= 0)
		generations = list_append_unique_ptr(generations,
											 model_generation(table, number));
	return generations;
}

char *
index_definition_sql(const IndexDefinition *def, TableModel *table,
					 const char *how, const char *name, const char *relation)
{
	StringInfoData sql;
	ListCell   *lc;

	initStringInfo(&sql);
	appendStringInfo(&sql, "CREATE %sINDEX %s%s ON %s USING %s (",
					 def->unique ? "UNIQUE " : "", how, quote_identifier(name),
					 relation, quote_identifier(def->method));
	foreach(lc, def->fields)
	{
		IndexField *field = lfirst(lc);
		Generation *generation = model_newest_generation(table, field->generation);

		appendStringInfo(&sql, "%s%s%s", foreach_current_index(lc) > 0 ? ", " : "",
						 quote_identifier(generation->physical), field->column_sql);
	}
	appendStringInfoChar(&sql, ')');
	if (def->options != NULL)
		appendStringInfo(&sql, " WITH (%s)", def->options);
	if (def->predicate != NULL)
		appendStringInfo(&sql, " WHERE %s",
						 expression_deparse_names(def->predicate,
												  operation_newest_names(table)));
	return sql.data;
}

/* By the number of a generation: what its column is called in the newest version. */
static List *
logical_names(TableModel *table)
{
	List	   *names = NIL;
	ListCell   *lc;
	ListCell   *lc2;

	foreach(lc, table->generations)
	{
		Generation *newest = model_newest_generation(table, lfirst(lc));
		char	   *name = "?";

		foreach(lc2, table->columns)
		{
			ColumnModel *column = lfirst(lc2);

			if (column->generation == newest)
				name = column->name;
		}
		names = lappend(names, name);
	}
	return names;
}

List *
index_definition_field_names(const IndexDefinition *def)
{
	List	   *names = NIL;
	ListCell   *lc;

	foreach(lc, def->fields)
		names = lappend(names, ((IndexField *) lfirst(lc))->column);
	return names;
}

/* As ChooseIndexColumnNames() does: a name that is there gets a number. */
List *
index_definition_column_names(List *columns)
{
	List	   *names = NIL;
	ListCell   *lc;

	foreach(lc, columns)
	{
		char	   *name = lfirst(lc);

		for (int i = 1; names_include(names, name); i++)
		{
			char	   *number = psprintf("%d", i);
			int			length = pg_mbcliplen(lfirst(lc), strlen(lfirst(lc)),
											  NAMEDATALEN - 1 - strlen(number));

			name = psprintf("%.*s%s", length, (char *) lfirst(lc), number);
		}
		names = lappend(names, name);
	}
	return names;
}
