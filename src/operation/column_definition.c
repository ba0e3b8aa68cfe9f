/*-------------------------------------------------------------------------
 *
 * column_definition.c
 *		A Column of the document: of create_table and add_column.
 *-------------------------------------------------------------------------
 */
#include "pgroll.h"

#include "catalog/pg_attribute.h"
#include "catalog/pg_constraint.h"
#include "catalog/pg_type.h"
#include "commands/defrem.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "operation/column_definition.h"
#include "operation/operation_util.h"
#include "schema/names.h"
#include "versioning/expression.h"

static char *not_null_name(const ColumnDefinition *def, SchemaModel *model,
						   const TableModel *table);
static bool is_of_dropped(const SchemaModel *model, const char *constraint);
static void parse_generated(ColumnDefinition *def, JsonReader *reader,
							const char *path);
static void check_values(const ColumnDefinition *def, const char *path);
static const char *serial_type(const char *type, Oid *oid);

ColumnDefinition *
column_definition_parse(JsonReader *reader)
{
	ColumnDefinition *def = palloc0(sizeof(ColumnDefinition));
	JsonReader *nested;

	def->name = json_name(reader, "name", true);
	def->type_text = json_string(reader, "type", true);
	def->nullable = json_bool(reader, "nullable", false);
	def->pk = json_bool(reader, "pk", false);
	def->unique = json_bool(reader, "unique", false);
	if (!json_is_null(reader, "default"))
		def->default_source = json_text(reader, "default", false);
	if (!json_is_null(reader, "comment"))
		def->comment = json_text(reader, "comment", false);
	nested = json_nested(reader, "check", false);
	if (nested != NULL)
		def->check = constraint_definition_parse_check(nested);
	nested = json_nested(reader, "references", false);
	if (nested != NULL)
		def->references = constraint_definition_parse_reference(nested, def->name);
	nested = json_nested(reader, "generated", false);
	if (nested != NULL)
		parse_generated(def, nested, reader->path);
	return def;
}

void
column_definition_resolve(ColumnDefinition *def, SchemaModel *model,
						  const char *path)
{
	def->serial = serial_type(def->type_text, &def->type);
	def->typmod = -1;
	if (def->serial == NULL)
		expression_parse_type(model, def->type_text, psprintf("%s.type", path),
							  &def->type, &def->typmod);
	def->collation = get_typcollation(def->type);
	check_values(def, path);
	if (def->identity != '\0')
		def->options = sequence_options_read(model, def->options_source, def->type,
											 psprintf("%s.generated.identity.sequence_options",
													  path));
	if (def->default_source == NULL)
		return;
	def->default_expr = operation_default(model, def->default_source, def->type,
										  psprintf("%s.default", path));
	def->default_text = expression_deparse(def->default_expr);
}

void
column_definition_resolve_generated(ColumnDefinition *def, SchemaModel *model,
									TableModel *table, Generation *generation,
									const char *path)
{
	const char *place = psprintf("%s.generated.expression", path);

	if (def->generated_source == NULL || model->started)
		return;
	def->generated_expr = expression_assignable(expression_parse(model, table,
																 def->generated_source,
																 place,
																 EXPRESSION_GENERATED),
												def->type, place);
	generation->stored_expr = def->generated_expr;
}

bool
column_definition_has_values(const ColumnDefinition *def)
{
	return def->serial != NULL || def->identity != '\0' || def->generated_source != NULL;
}

Generation *
column_definition_generation(const ColumnDefinition *def, TableModel *table,
							 int operation)
{
	Generation *generation = model_add_generation(table, def->name, operation);

	generation->type = def->type;
	generation->typmod = def->typmod;
	generation->collation = def->collation;
	generation->not_null = !def->nullable || def->pk || def->serial != NULL;
	generation->identity = def->identity;
	if (def->generated_source != NULL)
		generation->generated = ATTRIBUTE_GENERATED_STORED;
	generation->default_text = def->default_text;
	return generation;
}

void
column_definition_show(const ColumnDefinition *def, TableModel *table,
					   Generation *generation)
{
	ColumnModel *column = palloc0(sizeof(ColumnModel));

	column->name = generation->name;
	column->generation = generation;
	column->comment = def->comment;
	table->columns = lappend(table->columns, column);
}

List *
column_definition_constraints(const ColumnDefinition *def, const char *path)
{
	List	   *all = NIL;

	if (def->pk)
		all = lappend(all, constraint_definition_of_column(CONSTRAINT_PRIMARY, NULL,
														   def->name,
														   psprintf("%s.pk", path)));
	if (def->unique)
		all = lappend(all, constraint_definition_of_column(CONSTRAINT_UNIQUE, NULL,
														   def->name,
														   psprintf("%s.unique", path)));
	if (def->check != NULL)
		all = lappend(all, def->check);
	if (def->references != NULL)
		all = lappend(all, def->references);
	return all;
}

char *
column_definition_sql(const ColumnDefinition *def, SchemaModel *model,
					  const TableModel *table)
{
	StringInfoData sql;

	initStringInfo(&sql);
	appendStringInfo(&sql, "%s %s", quote_identifier(def->name),
					 def->serial != NULL ? def->serial :
					 expression_type_name(def->type, def->typmod));
	if (!def->nullable)
		appendStringInfo(&sql, "%s NOT NULL", not_null_name(def, model, table));
	if (def->default_text != NULL)
		appendStringInfo(&sql, " DEFAULT %s", def->default_text);
	if (def->generated_expr != NULL)
		appendStringInfo(&sql, " GENERATED ALWAYS AS (%s) STORED",
						 expression_deparse_names(def->generated_expr,
												  operation_newest_names(table)));
	if (def->identity != '\0')
		appendStringInfo(&sql, " GENERATED %s AS IDENTITY%s",
						 def->identity == ATTRIBUTE_IDENTITY_ALWAYS ?
						 "ALWAYS" : "BY DEFAULT",
						 sequence_options_of_identity(def->options, model));
	return sql.data;
}

/*
 * The server would pass over a name that a dropped table's has until the completion; it
 * lets two tables have one each.
 */
static char *
not_null_name(const ColumnDefinition *def, SchemaModel *model, const TableModel *table)
{
	for (int i = 0; not_null_has_name && table->created && i < MAX_TRIED_NAMES; i++)
	{
		char	   *name = makeObjectName(table->name, def->name,
										  i == 0 ? "not_null" : psprintf("not_null%d", i));

		if (!ConstraintNameExists(name, model->namespace))
			break;
		if (!is_of_dropped(model, name) || names_include(model->not_nulls, name))
			continue;
		model->not_nulls = lappend(model->not_nulls, name);
		return psprintf(" CONSTRAINT %s", quote_identifier(name));
	}
	return "";
}

static bool
is_of_dropped(const SchemaModel *model, const char *constraint)
{
	ListCell   *lc;

	foreach(lc, model->tables)
	{
		const TableModel *table = lfirst(lc);

		if (table->dropped && OidIsValid(table->relid) &&
			OidIsValid(get_relation_constraint_oid(table->relid, constraint, true)))
			return true;
	}
	return false;
}

/* {expression} or {identity: {user_specified_values, sequence_options}} */
static void
parse_generated(ColumnDefinition *def, JsonReader *reader, const char *path)
{
	static const char *const values[] = {"ALWAYS", "BY DEFAULT", NULL};
	JsonReader *identity = json_nested(reader, "identity", false);

	def->generated_source = json_text(reader, "expression", false);
	json_done(reader);
	if ((identity == NULL) == (def->generated_source == NULL))
		json_error(reader->path, identity != NULL ?
				   "a column has \"expression\" or \"identity\", not both" :
				   "\"expression\" or \"identity\" is missing");
	if (def->default_source != NULL)
		json_error(psprintf("%s.default", path),
				   "a generated or identity column cannot have a default");
	if (identity == NULL)
		return;
	def->identity = json_choice(identity, "user_specified_values", values, 0) == 0 ?
		ATTRIBUTE_IDENTITY_ALWAYS : ATTRIBUTE_IDENTITY_BY_DEFAULT;
	def->options_source = json_text(identity, "sequence_options", false);
	json_done(identity);
	if (def->nullable)
		json_error(psprintf("%s.nullable", path), "an identity column is NOT NULL");
}

/* Where a column's values come from goes with some types only. */
static void
check_values(const ColumnDefinition *def, const char *path)
{
	if (def->serial != NULL && def->default_source != NULL)
		json_error(psprintf("%s.default", path),
				   "a serial column cannot have a default");
	if (def->serial != NULL &&
		(def->generated_source != NULL || def->identity != '\0'))
		json_error(psprintf("%s.generated", path),
				   "a serial column cannot be generated");
	if (def->identity != '\0' && def->type != INT2OID && def->type != INT4OID &&
		def->type != INT8OID)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("identity column \"%s\" has type %s", def->name,
						format_type_be(def->type)),
				 errdetail("At %s.type.", path),
				 errhint("Use smallint, integer or bigint.")));
}

/* The serial types are the grammar's, not the catalogs'. */
static const char *
serial_type(const char *type, Oid *oid)
{
	static const struct
	{
		const char *name;
		const char *canonical;
		Oid			type;
	}			serials[] = {
		{"serial", "serial", INT4OID},
		{"serial4", "serial", INT4OID},
		{"bigserial", "bigserial", INT8OID},
		{"serial8", "bigserial", INT8OID},
		{"smallserial", "smallserial", INT2OID},
		{"serial2", "smallserial", INT2OID},
	};

	for (int i = 0; i < lengthof(serials); i++)
	{
		if (pg_strcasecmp(type, serials[i].name) == 0)
		{
			*oid = serials[i].type;
			return serials[i].canonical;
		}
	}
	return NULL;
}
