/*-------------------------------------------------------------------------
 *
 * column_definition.c
 *		A Column of the document: of create_table and add_column.
 *-------------------------------------------------------------------------
 */
#include "pgroll.h"

#include "access/transam.h"
#include "catalog/pg_type.h"
#include "nodes/value.h"
#include "parser/parse_oper.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

#include "operation/column_definition.h"
#include "operation/operation_util.h"
#include "schema/catalog_object.h"
#include "versioning/expression.h"

static const char *const referential_actions[] = {
	"NO ACTION", "RESTRICT", "CASCADE", "SET NULL", "SET DEFAULT", NULL
};
static const char *const match_types[] = {"SIMPLE", "FULL", "PARTIAL", NULL};

static CheckDefinition *parse_check(JsonReader *reader);
static ReferenceDefinition *parse_reference(JsonReader *reader);
static void check_reference(const ReferenceDefinition *def, TableModel *table,
							const char *column, const TableModel *target,
							const Generation *target_column);
static bool is_key(const TableModel *table, const Generation *column);
static bool types_can_be_compared(Oid left, Oid right);
static const char *serial_type(const char *type, Oid *oid);
static List *generation_names(const TableModel *table);

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
		def->check = parse_check(nested);
	nested = json_nested(reader, "references", false);
	if (nested != NULL)
		def->references = parse_reference(nested);
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

char *
check_definition_sql(const CheckDefinition *def, SchemaModel *model,
					 TableModel *table)
{
	Node	   *expr = expression_parse(model, table, def->constraint,
										psprintf("%s.constraint", def->path),
										EXPRESSION_CHECK);

	return psprintf("CONSTRAINT %s CHECK (%s)%s",
					quote_identifier(def->name),
					expression_deparse_names(expr, generation_names(table)),
					def->no_inherit ? " NO INHERIT" : "");
}

char *
reference_definition_sql(const ReferenceDefinition *def, SchemaModel *model,
						 TableModel *table, const char *column,
						 TableModel **partner)
{
	TableModel *target = model_table(model, def->table,
									 psprintf("%s.table", def->path));
	ColumnModel *target_column = model_column(target, def->column,
											  psprintf("%s.column", def->path));
	StringInfoData sql;

	*partner = target == table ? NULL : target;
	if (target_column->generation->attnum == 0 && !target->created)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("foreign key \"%s\" references column \"%s\" that the same migration changes",
						def->name, def->column),
				 errdetail("At %s.", def->path),
				 errhint("Add the foreign key in a migration of its own.")));
	check_reference(def, table, column, target, target_column->generation);
	initStringInfo(&sql);
	appendStringInfo(&sql, "CONSTRAINT %s FOREIGN KEY (%s) REFERENCES %s (%s)",
					 quote_identifier(def->name), quote_identifier(column),
					 model_qualified(model, target->physical),
					 quote_identifier(target_column->generation->physical));
	if (def->match_type != NULL)
		appendStringInfo(&sql, " MATCH %s", def->match_type);
	if (def->on_delete != NULL)
		appendStringInfo(&sql, " ON DELETE %s", def->on_delete);
	if (def->on_update != NULL)
		appendStringInfo(&sql, " ON UPDATE %s", def->on_update);
	if (def->deferrable)
		appendStringInfoString(&sql, " DEFERRABLE");
	if (def->initially_deferred)
		appendStringInfoString(&sql, " INITIALLY DEFERRED");
	return sql.data;
}

static void
check_reference(const ReferenceDefinition *def, TableModel *table,
				const char *column, const TableModel *target,
				const Generation *target_column)
{
	Oid			type = model_find_column(table, column)->generation->type;

	if (!is_key(target, target_column))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_FOREIGN_KEY),
				 errmsg("column \"%s\" of table \"%s\" is no key that foreign key \"%s\" could reference",
						def->column, def->table, def->name),
				 errdetail("At %s.", def->path),
				 errhint("Reference a column that alone has a primary key or unique constraint.")));
	if (!types_can_be_compared(target_column->type, type))
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("foreign key \"%s\" cannot be implemented", def->name),
				 errdetail("At %s: columns \"%s\" and \"%s\" are of types %s and %s.",
						   def->path, column, def->column,
						   format_type_be(type), format_type_be(target_column->type)),
				 errhint("Give the two columns the same type.")));
}

/* Is the column alone a key, so that a foreign key may reference it? */
static bool
is_key(const TableModel *table, const Generation *column)
{
	ListCell   *lc;

	if (table->created)
		return column->is_key;
	foreach(lc, catalog_indexes(table->relid))
	{
		IndexFacts *index = lfirst(lc);

		if (index->unique && index->predicate == NULL &&
			list_length(index->columns) == 1 &&
			((IndexColumn *) linitial(index->columns))->attnum == column->attnum)
			return true;
	}
	return false;
}

/* Of types that are not built in, the server decides. */
static bool
types_can_be_compared(Oid left, Oid right)
{
	List	   *equals = list_make2(makeString("pg_catalog"), makeString("="));
	HeapTuple	operator;

	if (left >= FirstGenbkiObjectId || right >= FirstGenbkiObjectId)
		return true;
	operator = oper(NULL, equals, left, right, true, -1);
	if (operator == NULL)
		return false;
	ReleaseSysCache(operator);
	return true;
}

static CheckDefinition *
parse_check(JsonReader *reader)
{
	CheckDefinition *def = palloc0(sizeof(CheckDefinition));

	def->path = reader->path;
	def->name = json_name(reader, "name", true);
	def->constraint = json_text(reader, "constraint", true);
	def->no_inherit = json_bool(reader, "no_inherit", false);
	json_done(reader);
	return def;
}

static ReferenceDefinition *
parse_reference(JsonReader *reader)
{
	ReferenceDefinition *def = palloc0(sizeof(ReferenceDefinition));
	int			choice;

	def->path = reader->path;
	def->name = json_name(reader, "name", true);
	def->table = json_name(reader, "table", true);
	def->column = json_name(reader, "column", true);
	choice = json_choice(reader, "on_delete", referential_actions, -1);
	def->on_delete = choice >= 0 ? referential_actions[choice] : NULL;
	choice = json_choice(reader, "on_update", referential_actions, -1);
	def->on_update = choice >= 0 ? referential_actions[choice] : NULL;
	choice = json_choice(reader, "match_type", match_types, -1);
	def->match_type = choice >= 0 ? match_types[choice] : NULL;
	def->deferrable = json_bool(reader, "deferrable", false);
	def->initially_deferred = json_bool(reader, "initially_deferred", false);
	json_done(reader);
	return def;
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

/* What the table's generations are stored as, by number. */
static List *
generation_names(const TableModel *table)
{
	List	   *names = NIL;
	ListCell   *lc;

	foreach(lc, table->generations)
	{
		Generation *generation = lfirst(lc);

		names = lappend(names, generation->physical != NULL ?
						generation->physical :
						psprintf("%s?", generation->name));
	}
	return names;
}
