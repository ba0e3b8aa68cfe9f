/*-------------------------------------------------------------------------
 *
 * constraint_definition.c
 *		A constraint of the document: of a table, a column or create_constraint.
 *
 * What the server would refuse only when the steps run, or in the background,
 * is refused here, with the place in the document.
 *-------------------------------------------------------------------------
 */
#include "pgroll.h"

#include "catalog/index.h"
#include "catalog/pg_am.h"
#include "catalog/pg_constraint.h"
#include "catalog/pg_type.h"
#include "commands/tablecmds.h"
#include "commands/defrem.h"
#include "commands/tablespace.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

#include "operation/constraint_definition.h"
#include "operation/foreign_key_definition.h"
#include "operation/index_definition.h"
#include "operation/operation_util.h"
#include "schema/catalog_object.h"
#include "schema/names.h"
#include "versioning/expression.h"

static const char *const constraint_types[] = {
	"unique", "check", "primary_key", "foreign_key", NULL
};
static const char *const table_constraint_types[] = {
	"unique", "check", "primary_key", "foreign_key", "exclude", NULL
};
static const char constraint_type_codes[] = {
	CONSTRAINT_UNIQUE, CONSTRAINT_CHECK, CONSTRAINT_PRIMARY, CONSTRAINT_FOREIGN,
	CONSTRAINT_EXCLUSION
};
static const char *const referential_actions[] = {
	"NO ACTION", "RESTRICT", "CASCADE", "SET NULL", "SET DEFAULT", NULL
};
static const char *const match_types[] = {"SIMPLE", "FULL", "PARTIAL", NULL};

static ConstraintDefinition *parse_constraint(JsonReader *reader,
											  const char *const *types);
static void check_table_fields(const ConstraintDefinition *def, JsonReader *reader);
static bool has_index(const ConstraintDefinition *def);
static void resolve_index(ConstraintDefinition *def, SchemaModel *model,
						  TableModel *table);
static void check_key_types(const ConstraintDefinition *def);
static void parse_index_parameters(ConstraintDefinition *def, JsonReader *reader);
static void check_fields(const ConstraintDefinition *def, JsonReader *reader);
static void parse_actions(ReferenceDefinition *references, JsonReader *reader);
static void choose_name(ConstraintDefinition *def, SchemaModel *model,
						TableModel *table);
static void check_length(const ConstraintDefinition *def);
static void check_only_primary_key(const ConstraintDefinition *def, TableModel *table);
static List *covered(const ConstraintDefinition *def, TableModel *table);
static char *columns_sql(const TableModel *table, List *generations);
static char *references_sql(const ConstraintDefinition *def, SchemaModel *model,
							const TableModel *table);
static char *index_tail(const ConstraintDefinition *def, const TableModel *table,
						bool of_constraint);

ConstraintDefinition *
constraint_definition_parse_check(JsonReader *reader)
{
	ConstraintDefinition *def = palloc0(sizeof(ConstraintDefinition));

	def->path = reader->path;
	def->type = CONSTRAINT_CHECK;
	def->name = json_name(reader, "name", true);
	def->check = json_text(reader, "constraint", true);
	def->check_path = json_path(reader, "constraint");
	def->no_inherit = json_bool(reader, "no_inherit", false);
	json_done(reader);
	return def;
}

ConstraintDefinition *
constraint_definition_parse_reference(JsonReader *reader, char *column)
{
	ConstraintDefinition *def = constraint_definition_of_column(CONSTRAINT_FOREIGN,
																NULL, column,
																reader->path);
	ReferenceDefinition *references = palloc0(sizeof(ReferenceDefinition));

	def->references = references;
	def->name = json_name(reader, "name", true);
	references->path = reader->path;
	references->table = json_name(reader, "table", true);
	references->columns = list_make1(json_name(reader, "column", true));
	references->columns_path = json_path(reader, "column");
	parse_actions(references, reader);
	def->deferrable = json_bool(reader, "deferrable", false);
	def->initially_deferred = json_bool(reader, "initially_deferred", false);
	def->deferrable |= def->initially_deferred;
	json_done(reader);
	return def;
}

ConstraintDefinition *
constraint_definition_of_column(char type, char *name, char *column,
								const char *path)
{
	ConstraintDefinition *def = palloc0(sizeof(ConstraintDefinition));

	def->path = pstrdup(path);
	def->name = name;
	def->type = type;
	def->columns = list_make1(column);
	return def;
}

ConstraintDefinition *
constraint_definition_parse(JsonReader *reader)
{
	return parse_constraint(reader, constraint_types);
}

ConstraintDefinition *
constraint_definition_parse_of_table(JsonReader *reader)
{
	ConstraintDefinition *def = parse_constraint(reader, table_constraint_types);
	JsonReader *nested = json_nested(reader, "exclude",
									 def->type == CONSTRAINT_EXCLUSION);

	if (nested != NULL)
		def->exclude = exclusion_definition_parse(nested);
	def->deferrable = json_bool(reader, "deferrable", false);
	def->initially_deferred = json_bool(reader, "initially_deferred", false);
	def->deferrable |= def->initially_deferred;
	def->nulls_not_distinct = json_bool(reader, "nulls_not_distinct", false);
	check_table_fields(def, reader);
	return def;
}

static ConstraintDefinition *
parse_constraint(JsonReader *reader, const char *const *types)
{
	ConstraintDefinition *def = palloc0(sizeof(ConstraintDefinition));
	JsonReader *nested;
	int			choice;

	def->path = reader->path;
	def->name = json_name(reader, "name", true);
	choice = json_choice(reader, "type", types, -1);
	if (choice < 0)
		(void) json_string(reader, "type", true);	/* not given: an error */
	def->type = constraint_type_codes[choice];
	def->columns = json_name_list(reader, "columns", false);
	def->check = json_text(reader, "check", def->type == CONSTRAINT_CHECK);
	if (def->type != CONSTRAINT_CHECK && def->check != NULL && def->check[0] == '\0')
		def->check = NULL;		/* the tool's schema has "" for not given */
	def->check_path = json_path(reader, "check");
	def->no_inherit = json_bool(reader, "no_inherit", false);
	nested = json_nested(reader, "references", def->type == CONSTRAINT_FOREIGN);
	if (nested != NULL)
	{
		def->references = palloc0(sizeof(ReferenceDefinition));
		def->references->path = nested->path;
		def->references->table = json_name(nested, "table", true);
		def->references->columns = json_name_list(nested, "columns", true);
		def->references->columns_path = json_path(nested, "columns");
		parse_actions(def->references, nested);
		def->references->set_columns = json_name_list(nested, "on_delete_set_columns",
													  false);
		json_done(nested);
	}
	nested = json_nested(reader, "index_parameters", false);
	if (nested != NULL)
		parse_index_parameters(def, nested);
	check_fields(def, reader);
	return def;
}

ObjectModel *
constraint_definition_apply(ConstraintDefinition *def, SchemaModel *model,
							TableModel *table, int operation)
{
	if (def->name == NULL)
		choose_name(def, model, table);
	model_check_object_free(model, table, def->name,
							has_index(def), psprintf("%s.name", def->path));
	if (!has_index(def) && !def->no_inherit)
		model_check_members_free(model, table, def->name, def->type,
								 psprintf("%s.name", def->path));
	def->key = constraint_definition_columns(table, def->columns, def->path);
	def->included = constraint_definition_columns(table, def->include,
												  psprintf("%s.index_parameters", def->path));
	check_length(def);
	if (def->type == CONSTRAINT_PRIMARY)
		check_only_primary_key(def, table);
	if (def->type == CONSTRAINT_CHECK)
		def->check_expr = expression_parse(model, table, def->check,
										   def->check_path, EXPRESSION_CHECK);
	if (def->type == CONSTRAINT_FOREIGN)
		foreign_key_definition_resolve(def, model, table);
	if (has_index(def))
		resolve_index(def, model, table);
	return model_add_object(model, table, def->name, def->type, covered(def, table), def,
							operation);
}

char *
constraint_definition_sql(const ConstraintDefinition *def, SchemaModel *model,
						  const TableModel *table)
{
	char	   *timing = constraint_definition_timing(def);

	switch (def->type)
	{
		case CONSTRAINT_CHECK:
			return psprintf("CHECK (%s)%s",
							expression_deparse_names(def->check_expr,
													 operation_newest_names(table)),
							def->no_inherit ? " NO INHERIT" : "");
		case CONSTRAINT_FOREIGN:
			return psprintf("FOREIGN KEY (%s) %s%s", columns_sql(table, def->key),
							references_sql(def, model, table), timing);
		case CONSTRAINT_PRIMARY:
		case CONSTRAINT_UNIQUE:
			return psprintf("%s%s (%s)%s%s",
							def->type == CONSTRAINT_PRIMARY ? "PRIMARY KEY" : "UNIQUE",
							def->nulls_not_distinct ? " NULLS NOT DISTINCT" : "",
							columns_sql(table, def->key),
							index_tail(def, table, true), timing);
		case CONSTRAINT_EXCLUSION:
			return psprintf("%s%s%s%s", exclusion_definition_sql(def->exclude, table),
							index_tail(def, table, true),
							exclusion_definition_where(def->exclude, table), timing);
	}
	elog(ERROR, "unrecognized constraint type: %d", def->type);
	return NULL;
}

char *
constraint_definition_index_sql(const ConstraintDefinition *def,
								const TableModel *table, const char *how,
								const char *name, const char *relation)
{
	return psprintf("CREATE UNIQUE INDEX %s%s ON %s USING btree (%s)%s", how,
					quote_identifier(name), relation, columns_sql(table, def->key),
					index_tail(def, table, false));
}

char *
constraint_definition_timing(const ConstraintDefinition *def)
{
	return psprintf("%s%s",
					def->deferrable ? " DEFERRABLE" : "",
					def->initially_deferred ? " INITIALLY DEFERRED" : "");
}

static void
resolve_index(ConstraintDefinition *def, SchemaModel *model, TableModel *table)
{
	const char *method = DEFAULT_INDEX_TYPE;

	if (constraint_definition_is_key(def))
		check_key_types(def);
	if (def->exclude != NULL)
	{
		exclusion_definition_resolve(def->exclude, model, table);
		method = def->exclude->method;
	}
	if (def->included != NIL)
		index_definition_check_include(method, psprintf("%s.index_parameters.include_columns",
														def->path));
	if (def->storage_source != NULL)
		def->storage = index_definition_storage(def->storage_source, method,
												psprintf("%s.index_parameters.storage_parameters",
														 def->path));
	if (def->tablespace != NULL && !OidIsValid(get_tablespace_oid(def->tablespace, true)))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("tablespace \"%s\" does not exist", def->tablespace),
				 errdetail("At %s.index_parameters.tablespace.", def->path),
				 errhint("Name a tablespace of this server.")));
}

/* Can the columns be compared? */
static void
check_key_types(const ConstraintDefinition *def)
{
	ListCell   *lc;

	foreach(lc, def->key)
	{
		Generation *generation = lfirst(lc);

		if (!OidIsValid(GetDefaultOpClass(generation->type, BTREE_AM_OID)))
			ereport(ERROR,
					(errcode(ERRCODE_UNDEFINED_OBJECT),
					 errmsg("column \"%s\" cannot be part of a key: values of type %s cannot be sorted",
							generation->name, format_type_be(generation->type)),
					 errdetail("At %s.", def->path),
					 errhint("Give the column a type with a default operator class for btree.")));
	}
}

static bool
has_index(const ConstraintDefinition *def)
{
	return constraint_definition_is_key(def) || def->type == CONSTRAINT_EXCLUSION;
}

void
constraint_definition_recheck(const ConstraintDefinition *def, const SchemaModel *model,
							  TableModel *table)
{
	List	   *names = NIL;
	ListCell   *lc;

	if (def->type != CONSTRAINT_CHECK || model->started)
		return;
	foreach(lc, table->generations)
	{
		const Generation *newest = model_newest_generation(table, lfirst(lc));

		names = lappend(names, newest != NULL ? newest->name : pstrdup("?"));
	}
	(void) expression_parse(model, table,
							expression_deparse_names(def->check_expr, names),
							def->check_path, EXPRESSION_CHECK);
}

bool
constraint_definition_is_key(const ConstraintDefinition *def)
{
	return def->type == CONSTRAINT_UNIQUE || def->type == CONSTRAINT_PRIMARY;
}

static void
parse_index_parameters(ConstraintDefinition *def, JsonReader *reader)
{
	def->include = json_name_list(reader, "include_columns", false);
	def->storage_source = json_text(reader, "storage_parameters", false);
	if (def->storage_source != NULL && def->storage_source[0] == '\0')
		def->storage_source = NULL;
	def->tablespace = json_text(reader, "tablespace", false);
	if (def->tablespace != NULL && def->tablespace[0] == '\0')
		def->tablespace = NULL;
	json_done(reader);
}

static void
check_table_fields(const ConstraintDefinition *def, JsonReader *reader)
{
	if (def->type != CONSTRAINT_EXCLUSION && def->exclude != NULL)
		json_error(json_path(reader, "exclude"),
				   "only an exclusion constraint can have this");
	if (def->type == CONSTRAINT_CHECK && def->deferrable)
		json_error(json_path(reader, def->initially_deferred ? "initially_deferred" : "deferrable"),
				   "a check constraint cannot be deferred");
	if (def->type != CONSTRAINT_UNIQUE && def->nulls_not_distinct)
		json_error(json_path(reader, "nulls_not_distinct"),
				   "only a unique constraint can have this");
}

/* Each field belongs to some types only. */
static void
check_fields(const ConstraintDefinition *def, JsonReader *reader)
{
	if (def->type == CONSTRAINT_EXCLUSION && def->columns != NIL)
		json_error(json_path(reader, "columns"),
				   "the columns of an exclusion constraint are those of its elements");
	if (def->type != CONSTRAINT_CHECK && def->type != CONSTRAINT_EXCLUSION &&
		def->columns == NIL)
		json_error(json_path(reader, "columns"),
				   "a constraint of this type needs its columns");
	if (def->type != CONSTRAINT_CHECK && (def->check != NULL || def->no_inherit))
		json_error(json_path(reader, def->check != NULL ? "check" : "no_inherit"),
				   "only a check constraint can have this");
	if (def->type != CONSTRAINT_FOREIGN && def->references != NULL)
		json_error(json_path(reader, "references"),
				   "only a foreign key can have this");
	if (!has_index(def) &&
		(def->include != NIL || def->storage_source != NULL || def->tablespace != NULL))
		json_error(json_path(reader, "index_parameters"),
				   "only a constraint with an index can have this");
}

static void
parse_actions(ReferenceDefinition *references, JsonReader *reader)
{
	int			choice;

	choice = json_choice(reader, "on_delete", referential_actions, -1);
	references->on_delete = choice >= 0 ? referential_actions[choice] : NULL;
	choice = json_choice(reader, "on_update", referential_actions, -1);
	references->on_update = choice >= 0 ? referential_actions[choice] : NULL;
	choice = json_choice(reader, "match_type", match_types, -1);
	references->match_type = choice >= 0 ? match_types[choice] : NULL;
	if (choice >= 0 && strcmp(references->match_type, "PARTIAL") == 0)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("MATCH PARTIAL is not implemented by PostgreSQL"),
				 errdetail("At %s.", json_path(reader, "match_type")),
				 errhint("Use SIMPLE or FULL.")));
}

/*
 * The name that PostgreSQL would choose.  Once the migration is active, what
 * stands for the constraint tells which one that was.
 */
static void
choose_name(ConstraintDefinition *def, SchemaModel *model, TableModel *table)
{
	const char *label = def->type == CONSTRAINT_PRIMARY ? "pkey" : "key";
	char	   *column = def->type == CONSTRAINT_PRIMARY ? NULL :
		linitial(def->columns);

	for (int i = 0; model->started && i < MAX_TRIED_NAMES; i++)
	{
		char	   *name = makeObjectName(table->name, column,
										  i == 0 ? label : psprintf("%s%d", label, i));

		if (OidIsValid(catalog_index_of_table(table->created ? table->made : table->relid,
											  name_new(model->migration, name))))
		{
			def->name = name;
			return;
		}
	}
	for (int i = 0; def->name == NULL; i++)
	{
		char	   *name = makeObjectName(table->name, column,
										  i == 0 ? label : psprintf("%s%d", label, i));

		if (model_find_object(table, name) != NULL)
			continue;
		if (model_relation_is_unclaimed(model, name) &&
			(model->started || model_relation_is_vacated(model, name) ||
			 (model_relation_is_free(model, name) &&
			  !ConstraintNameExists(name, model->namespace))))
			def->name = name;
	}
}

List *
constraint_definition_columns(TableModel *table, List *names, const char *path)
{
	List	   *generations = NIL;
	ListCell   *lc;

	foreach(lc, names)
	{
		ColumnModel *column = model_column(table, lfirst(lc), path);

		if (list_member_ptr(generations, column->generation))
			ereport(ERROR,
					(errcode(ERRCODE_DUPLICATE_COLUMN),
					 errmsg("column \"%s\" stands twice in a constraint", column->name),
					 errdetail("At %s.", path),
					 errhint("Name each column once.")));
		generations = lappend(generations, column->generation);
	}
	return generations;
}

/* A check's columns are not stored as a key. */
static void
check_length(const ConstraintDefinition *def)
{
	if (def->type != CONSTRAINT_CHECK &&
		list_length(def->key) + list_length(def->included) > INDEX_MAX_KEYS)
		ereport(ERROR,
				(errcode(ERRCODE_TOO_MANY_COLUMNS),
				 errmsg("cannot use more than %d columns in a key", INDEX_MAX_KEYS),
				 errdetail("At %s.columns.", def->path),
				 errhint("Leave some of the columns out.")));
}

static void
check_only_primary_key(const ConstraintDefinition *def, TableModel *table)
{
	ListCell   *lc;

	foreach(lc, model_objects(table))
	{
		ObjectModel *object = lfirst(lc);

		if (object->type == CONSTRAINT_PRIMARY && object_is_shown(table, object))
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_TABLE_DEFINITION),
					 errmsg("table \"%s\" has a primary key already: \"%s\"",
							table->name, object->name),
					 errdetail("At %s.", def->path),
					 errhint("Drop it with drop_constraint before.")));
	}
}

/* All generations that it stands on. */
static List *
covered(const ConstraintDefinition *def, TableModel *table)
{
	List	   *generations = list_concat_copy(def->key, def->included);
	Bitmapset  *inputs = NULL;
	int			number = -1;

	if (def->type == CONSTRAINT_EXCLUSION)
		return list_concat_unique_ptr(generations,
									  exclusion_definition_columns(def->exclude, table));
	if (def->type != CONSTRAINT_CHECK)
		return generations;
	/* The columns that the document names are those that get up and down. */
	inputs = expression_inputs(def->check_expr);
	generations = NIL;
	while ((number = bms_next_member(inputs, number)) >= 0)
		generations = lappend(generations, model_generation(table, number));
	return generations;
}

static char *
columns_sql(const TableModel *table, List *generations)
{
	StringInfoData sql;
	ListCell   *lc;

	initStringInfo(&sql);
	foreach(lc, generations)
	{
		const Generation *generation = lfirst(lc);
		const Generation *newest = model_newest_generation(table, generation);

		/* Such a constraint of its own table goes with the column. */
		if (newest == NULL)
			ereport(ERROR,
					(errcode(ERRCODE_DEPENDENT_OBJECTS_STILL_EXIST),
					 errmsg("column \"%s\" of table \"%s\" is dropped, but a foreign key of the migration references it",
							generation->name, table->name),
					 errhint("Leave the foreign key out, or keep the column.")));

		/*
		 * A created table's constraints are made at once; the shadow comes
		 * later.
		 */
		if (newest->physical == NULL)
			ereport(ERROR,
					(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
					 errmsg("a table that the migration creates cannot reference column \"%s\" of table \"%s\", which it changes",
							generation->name, table->name),
					 errhint("Add the foreign key in a migration of its own.")));
		appendStringInfo(&sql, "%s%s", sql.len > 0 ? ", " : "",
						 quote_identifier(newest->physical));
	}
	return sql.data;
}

/* "REFERENCES t (a) MATCH FULL ON DELETE …" */
static char *
references_sql(const ConstraintDefinition *def, SchemaModel *model,
			   const TableModel *table)
{
	const ReferenceDefinition *references = def->references;
	StringInfoData sql;

	initStringInfo(&sql);
	appendStringInfo(&sql, "REFERENCES %s (%s)",
					 model_table_sql(model, references->partner),
					 columns_sql(references->partner, references->partner_key));
	if (references->match_type != NULL)
		appendStringInfo(&sql, " MATCH %s", references->match_type);
	if (references->on_delete != NULL)
		appendStringInfo(&sql, " ON DELETE %s", references->on_delete);
	if (references->set_key != NIL)
		appendStringInfo(&sql, " (%s)", columns_sql(table, references->set_key));
	if (references->on_update != NULL)
		appendStringInfo(&sql, " ON UPDATE %s", references->on_update);
	return sql.data;
}

/* INCLUDE, NULLS NOT DISTINCT, TABLESPACE: of a constraint or of its index. */
static char *
index_tail(const ConstraintDefinition *def, const TableModel *table,
		   bool of_constraint)
{
	StringInfoData sql;

	initStringInfo(&sql);
	if (def->included != NIL)
		appendStringInfo(&sql, " INCLUDE (%s)", columns_sql(table, def->included));
	if (def->nulls_not_distinct && !of_constraint)
		appendStringInfoString(&sql, " NULLS NOT DISTINCT");
	if (def->storage != NULL)
		appendStringInfo(&sql, " WITH (%s)", def->storage);
	if (def->tablespace != NULL)
		appendStringInfo(&sql, " %sTABLESPACE %s", of_constraint ? "USING INDEX " : "",
						 quote_identifier(def->tablespace));
	return sql.data;
}
