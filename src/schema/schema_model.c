/*-------------------------------------------------------------------------
 *
 * schema_model.c
 *		What a migration sees of a base schema: tables and columns as values.
 *-------------------------------------------------------------------------
 */
#include "pgroll.h"

#include "catalog/heap.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

#include "schema/names.h"
#include "schema/schema_model.h"

static void check_physical_name_free(SchemaModel *model, const char *name,
									 const char *path);

TableModel *
model_find_table(SchemaModel *model, const char *name)
{
	ListCell   *lc;

	foreach(lc, model->tables)
	{
		TableModel *table = lfirst(lc);

		if (!table->dropped && table->schema == NULL && strcmp(table->name, name) == 0)
			return table;
	}
	return NULL;
}

ColumnModel *
model_find_column(TableModel *table, const char *name)
{
	ListCell   *lc;

	foreach(lc, table->columns)
	{
		ColumnModel *column = lfirst(lc);

		if (strcmp(column->name, name) == 0)
			return column;
	}
	return NULL;
}

TableModel *
model_table_of(const SchemaModel *model, Oid relid)
{
	ListCell   *lc;

	foreach(lc, OidIsValid(relid) ? model->tables : NIL)
	{
		if (((TableModel *) lfirst(lc))->relid == relid)
			return lfirst(lc);
	}
	return NULL;
}

TableModel *
model_stored_table(const SchemaModel *model, Oid relid)
{
	ListCell   *lc;

	foreach(lc, model->members)
	{
		if (((TableModel *) lfirst(lc))->relid == relid)
			return lfirst(lc);
	}
	return model_table_of(model, relid);
}

List *
model_stored_tables(const SchemaModel *model)
{
	return list_concat_copy(model->tables, model->members);
}

TableModel *
model_table(SchemaModel *model, const char *name, const char *path)
{
	TableModel *table = model_find_table(model, name);

	if (table == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("table \"%s\" does not exist in schema \"%s\"",
						name, model->base_schema),
				 errdetail("At %s.", path),
				 errhint("Use the name that the table has in the newest version, after the operations before this one.")));
	return table;
}

ColumnModel *
model_column(TableModel *table, const char *name, const char *path)
{
	ColumnModel *column = model_find_column(table, name);

	if (column == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_COLUMN),
				 errmsg("column \"%s\" of table \"%s\" does not exist",
						name, table->name),
				 errdetail("At %s.", path),
				 errhint("Use the name that the column has in the newest version, after the operations before this one.")));
	return column;
}

bool
model_concerns(const SchemaModel *model, const TableModel *table)
{
	return model->foreseen ||
		(OidIsValid(table->relid) && list_member_oid(model->concerned, table->relid));
}

TableModel *
model_owned_table(SchemaModel *model, const char *name, const char *path)
{
	TableModel *table = model_table(model, name, path);

	if (table->relkind != RELKIND_RELATION &&
		table->relkind != RELKIND_PARTITIONED_TABLE)
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("\"%s\" is not a table", name),
				 errdetail("At %s.", path),
				 errhint("Only ordinary and partitioned tables can be changed; use an sql operation for other objects.")));
	if (!has_privs_of_role(GetUserId(), table->owner))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("must be owner of table \"%s\"", name),
				 errdetail("At %s.", path),
				 errhint("Run the migration as the owner of the tables that it changes.")));
	return table;
}

Generation *
model_generation(const TableModel *table, int number)
{
	return list_nth(table->generations, number - 1);
}

Generation *
model_add_generation(TableModel *table, const char *name, int operation)
{
	Generation *generation = palloc0(sizeof(Generation));

	generation->number = list_length(table->generations) + 1;
	generation->name = pstrdup(name);
	generation->typmod = -1;
	generation->operation = operation;
	generation->current = true;
	table->generations = lappend(table->generations, generation);
	return generation;
}

Generation *
model_replace_generation(TableModel *table, ColumnModel *column, int operation)
{
	Generation *old = column->generation;
	Generation *generation = model_add_generation(table, column->name, operation);

	generation->type = old->type;
	generation->typmod = old->typmod;
	generation->collation = old->collation;
	generation->not_null = old->not_null;
	generation->generated = old->generated;
	generation->identity = old->identity;
	generation->sequence = old->sequence;
	generation->default_text = old->default_text;
	generation->sets_default = old->sets_default;
	generation->stored_expr = old->stored_expr;
	generation->previous = old;
	old->current = false;
	column->generation = generation;
	table->has_edges = true;
	return generation;
}

Generation *
model_stored_ancestor(Generation *generation)
{
	while (generation != NULL && generation->attnum == 0)
		generation = generation->previous;
	return generation;
}

Generation *
model_newest_of_stored(const TableModel *table, AttrNumber attnum)
{
	ListCell   *lc;

	foreach(lc, table->columns)
	{
		Generation *newest = ((ColumnModel *) lfirst(lc))->generation;
		Generation *stored = model_stored_ancestor(newest);

		if (stored != NULL && stored->attnum == attnum)
			return newest;
	}
	return NULL;
}

void
model_remove_column(TableModel *table, ColumnModel *column, int operation)
{
	column->generation->dropped_by = operation;
	column->generation->current = false;
	table->columns = list_delete_ptr(table->columns, column);
}

char *
model_temporary_name(SchemaModel *model, const char *name)
{
	return name_temporary(model->migration, ++model->next_object, name);
}

char *
model_qualified(const SchemaModel *model, const char *physical)
{
	return quote_qualified_identifier(model->base_schema, physical);
}

char *
model_table_sql(const SchemaModel *model, const TableModel *table)
{
	return quote_qualified_identifier(table->schema != NULL ? table->schema :
									  model->base_schema, table->physical);
}

bool
model_makes_sequence(const SchemaModel *model, const char *name)
{
	return names_include(model->sequences, name);
}

void
model_check_not_reserved(const char *name, const char *path)
{
	if (name_is_ours(name))
		ereport(ERROR,
				(errcode(ERRCODE_RESERVED_NAME),
				 errmsg("name \"%s\" is reserved", name),
				 errdetail("At %s: names that begin with \"%s\" are those of pgroll_c.",
						   path, PGROLL_PREFIX),
				 errhint("Choose another name.")));
}

void
model_check_table_free(SchemaModel *model, const char *name, const char *path)
{
	if (model_find_table(model, name) != NULL || model_makes_sequence(model, name))
		ereport(ERROR,
				(errcode(ERRCODE_DUPLICATE_TABLE),
				 model_find_table(model, name) == NULL ?
				 errmsg("relation \"%s\" already exists in schema \"%s\"",
						name, model->base_schema) :
				 errmsg("table \"%s\" already exists in schema \"%s\"",
						name, model->base_schema),
				 errdetail("At %s.", path),
				 errhint("Choose another name.")));
	model_check_not_reserved(name, path);
	if (!model->started)
		check_physical_name_free(model, name, path);
}

void
model_check_column_free(TableModel *table, const char *name, const char *path)
{
	if (model_find_column(table, name) != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_DUPLICATE_COLUMN),
				 errmsg("column \"%s\" of table \"%s\" already exists",
						name, table->name),
				 errdetail("At %s.", path),
				 errhint("Choose another name.")));
	model_check_not_reserved(name, path);
	if (SystemAttributeByName(name) != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_DUPLICATE_COLUMN),
				 errmsg("column name \"%s\" conflicts with a system column name", name),
				 errdetail("At %s.", path),
				 errhint("Choose another name.")));
}

/* The name may be that of an index, a sequence, a type: no version shows those. */
static void
check_physical_name_free(SchemaModel *model, const char *name, const char *path)
{
	Oid			relid = get_relname_relid(name, model->namespace);
	Oid			type = GetSysCacheOid2(TYPENAMENSP, Anum_pg_type_oid,
									   PointerGetDatum(name),
									   ObjectIdGetDatum(model->namespace));

	/* An operation before this one renames or drops it. */
	if (OidIsValid(relid) && model_table_of(model, relid) != NULL)
		return;
	/* The server gives the array type of a table another name where it must. */
	if (OidIsValid(relid) ||
		(OidIsValid(type) && !OidIsValid(get_element_type(type))))
		ereport(ERROR,
				(errcode(OidIsValid(relid) ? ERRCODE_DUPLICATE_TABLE :
						 ERRCODE_DUPLICATE_OBJECT),
				 OidIsValid(relid) ?
				 errmsg("relation \"%s\" already exists in schema \"%s\"",
						name, model->base_schema) :
				 errmsg("type \"%s\" already exists in schema \"%s\"",
						name, model->base_schema),
				 errdetail("At %s.", path),
				 errhint("Choose another name.")));
}
