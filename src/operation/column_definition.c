/*-------------------------------------------------------------------------
 *
 * column_definition.c
 *		A Column of the document: of create_table and add_column.
 *-------------------------------------------------------------------------
 */
#include "pgroll.h"

#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "operation/column_definition.h"
#include "operation/operation_util.h"
#include "versioning/expression.h"

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
	if (def->default_source == NULL)
		return;
	if (def->serial != NULL)
		json_error(psprintf("%s.default", path),
				   "a serial column cannot have a default");
	def->default_expr = operation_default(model, def->default_source, def->type,
										  psprintf("%s.default", path));
	def->default_text = expression_deparse(def->default_expr);
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

char *
column_definition_sql(const ColumnDefinition *def)
{
	StringInfoData sql;

	initStringInfo(&sql);
	appendStringInfo(&sql, "%s %s", quote_identifier(def->name),
					 def->serial != NULL ? def->serial :
					 expression_type_name(def->type, def->typmod));
	if (!def->nullable)
		appendStringInfoString(&sql, " NOT NULL");
	if (def->default_text != NULL)
		appendStringInfo(&sql, " DEFAULT %s", def->default_text);
	return sql.data;
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
