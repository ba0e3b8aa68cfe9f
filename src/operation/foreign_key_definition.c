/*-------------------------------------------------------------------------
 *
 * foreign_key_definition.c
 *		What a foreign key of the document references.
 *-------------------------------------------------------------------------
 */
#include "pgroll.h"

#include "access/stratnum.h"
#include "catalog/namespace.h"
#include "catalog/pg_am.h"
#include "catalog/pg_class.h"
#include "catalog/pg_constraint.h"
#include "commands/defrem.h"
#include "parser/parse_coerce.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "operation/foreign_key_definition.h"
#include "schema/catalog_constraint.h"
#include "schema/catalog_object.h"
#include "schema/catalog_read.h"
#include "schema/names.h"
#include "versioning/edge.h"

static TableModel *referenced_table(ConstraintDefinition *def, SchemaModel *model,
									const TableModel *table);
static const ConstraintFacts *made_key(const ConstraintDefinition *def,
									   const SchemaModel *model,
									   const TableModel *table);
static Oid	table_elsewhere(const SchemaModel *model, const char *name,
							const char **in_schema);
static void check_set_columns(ConstraintDefinition *def);
static void check_types(const ConstraintDefinition *def);
static bool is_stored_key(TableModel *table, List *columns);
static bool is_new_key(TableModel *table, List *columns);
static bool same_lineages(const TableModel *table, List *generations, List *others);

void
foreign_key_definition_resolve(ConstraintDefinition *def, SchemaModel *model, TableModel *table)
{
	ReferenceDefinition *references = def->references;
	const char *path = references->path;
	TableModel *partner = referenced_table(def, model, table);

	references->partner = partner;
	references->partner_key = constraint_definition_columns(partner, references->columns,
															references->columns_path);
	if (list_length(def->key) != list_length(references->partner_key))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_FOREIGN_KEY),
				 errmsg("number of referencing and referenced columns for foreign key \"%s\" disagree",
						def->name),
				 errdetail("At %s.", path),
				 errhint("Give as many columns here as the constraint has.")));
	if (!is_stored_key(partner, references->partner_key) &&
		!is_new_key(partner, references->partner_key))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_FOREIGN_KEY),
				 list_length(references->columns) == 1 ?
				 errmsg("column \"%s\" of table \"%s\" is no key that foreign key \"%s\" could reference",
						(char *) linitial(references->columns), references->table,
						def->name) :
				 errmsg("the columns of table \"%s\" are no key that foreign key \"%s\" could reference",
						references->table, def->name),
				 errdetail("At %s.", path),
				 list_length(references->columns) == 1 ?
				 errhint("Reference a column that alone has a primary key or unique constraint.") :
				 errhint("Reference the columns of a primary key or unique constraint.")));
	check_types(def);
	check_set_columns(def);
}

bool
foreign_key_definition_awaits_key(const ConstraintDefinition *def)
{
	const ReferenceDefinition *references = def->references;
	ListCell   *lc;

	if (references == NULL || references->partner->created)
		return false;
	foreach(lc, references->partner_key)
	{
		Generation *newest = model_newest_generation(references->partner, lfirst(lc));

		if (newest != NULL && newest->attnum == 0)
			return true;
	}
	if (is_stored_key(references->partner, references->partner_key))
		return false;
	if (!is_new_key(references->partner, references->partner_key))
		ereport(ERROR,
				(errcode(ERRCODE_DEPENDENT_OBJECTS_STILL_EXIST),
				 errmsg("foreign key \"%s\" references a key of table \"%s\" that the same migration drops",
						def->name, references->partner->name),
				 errdetail("At %s.", references->path),
				 errhint("Leave the foreign key out, or keep the key.")));
	return true;
}

bool
foreign_key_definition_awaits_new_key(const ConstraintDefinition *def)
{
	const ReferenceDefinition *references = def->references;

	return foreign_key_definition_awaits_key(def) &&
		!is_stored_key(references->partner, references->partner_key);
}

void
foreign_key_definition_check_default(const ConstraintDefinition *def,
									 const TableModel *table)
{
	const ReferenceDefinition *references = def->references;
	ListCell   *lc;

	if ((references->on_delete == NULL || strcmp(references->on_delete, "SET DEFAULT") != 0) &&
		(references->on_update == NULL || strcmp(references->on_update, "SET DEFAULT") != 0))
		return;
	foreach(lc, def->key)
	{
		const Generation *newest = model_newest_generation(table, lfirst(lc));

		if (newest->attnum != 0 || newest->default_text == NULL ||
			newest->stored_default != NULL)
			continue;
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("foreign key \"%s\" sets the default of column \"%s\", which has it only when the migration is completed",
						def->name, newest->name),
				 errdetail("At %s.", references->path),
				 errhint("Add the foreign key in a migration of its own, after this one.")));
	}
}

bool
foreign_key_definition_types_fit(Oid from, Oid to)
{
	Oid			opclass = GetDefaultOpClass(to, BTREE_AM_OID);
	Oid			base = getBaseType(from);
	Oid			given[2] = {to, from};
	Oid			wanted[2];
	Oid			family;

	if (!OidIsValid(opclass))
		return false;
	family = get_opclass_family(opclass);
	wanted[0] = wanted[1] = get_opclass_input_type(opclass);
	if (OidIsValid(get_opfamily_member(family, wanted[0], base, BTEqualStrategyNumber)) &&
		OidIsValid(get_opfamily_member(family, base, base, BTEqualStrategyNumber)))
		return true;
	return can_coerce_type(2, given, wanted, COERCION_IMPLICIT);
}

void
foreign_key_definition_check_unreferenced(SchemaModel *model, const TableModel *table,
										  const Generation *generation,
										  const char *path)
{
	ListCell   *lc;
	ListCell   *lc2;

	foreach(lc, model->tables)
	{
		TableModel *other = lfirst(lc);

		foreach(lc2, other->dropped ? NIL : other->objects)
		{
			const ObjectModel *object = lfirst(lc2);
			const ConstraintDefinition *def = object->definition;

			if (object->type != CONSTRAINT_FOREIGN || def == NULL ||
				def->references->partner != table || !object_is_shown(other, object) ||
				(generation == NULL ? other == table :
				 !list_member_ptr(def->references->partner_key, generation)))
				continue;
			ereport(ERROR,
					(errcode(ERRCODE_DEPENDENT_OBJECTS_STILL_EXIST),
					 generation == NULL ?
					 errmsg("cannot drop table \"%s\" because foreign key \"%s\" of table \"%s\" references it",
							table->name, object->name, other->name) :
					 errmsg("cannot drop column \"%s\" of table \"%s\" because foreign key \"%s\" of table \"%s\" references it",
							generation->name, table->name, object->name, other->name),
					 errdetail("At %s.", path),
					 errhint("Drop the foreign key before.")));
		}
	}
}

/*
 * "table", or "schema.table" as it is stored; neither is quoted.  The names of another
 * schema may have changed since the start: then the columns of the definition become
 * those that the key has now.
 */
static TableModel *
referenced_table(ConstraintDefinition *def, SchemaModel *model,
				 const TableModel *table)
{
	const char *name = def->references->table;
	const char *path = psprintf("%s.table", def->references->path);
	TableModel *partner = model_find_table(model, name);
	const ConstraintFacts *made;
	const char *in_schema;
	Oid			relid;

	if (partner != NULL || strchr(name, '.') == NULL)
		return model_table(model, name, path);
	made = model->started ? made_key(def, model, table) : NULL;
	if (made != NULL)
	{
		def->references->columns = made->partner_key;
		return catalog_read_elsewhere(model, made->partner);
	}
	relid = table_elsewhere(model, name, &in_schema);
	if (in_schema != NULL)
		return model_table(model, in_schema, path);
	if (OidIsValid(relid))
		partner = catalog_read_elsewhere(model, relid);
	if (partner == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("table \"%s\" does not exist", name),
				 errdetail("At %s: what stands before the dot is taken for the name of another schema.",
						   path),
				 errhint("Use the names that schema and table are stored under.")));
	if (!model->started && edge_changes_any_column(relid, def->references->columns))
		ereport(ERROR,
				(errcode(ERRCODE_PGROLL_PROTECTED),
				 errmsg("foreign key \"%s\" cannot be made: another migration is in progress on %s",
						def->name, catalog_relation_name(relid)),
				 errdetail("At %s: it changes a column that is referenced.", path),
				 errhint("Complete that migration or roll it back first.")));
	return partner;
}

/* What the start has made of it, or NULL. */
static const ConstraintFacts *
made_key(const ConstraintDefinition *def, const SchemaModel *model,
		 const TableModel *table)
{
	Oid			relid = table->created ?
		get_relname_relid(table->physical, model->namespace) : table->relid;
	const char *name = table->created ? def->name :
		name_new(model->migration, def->name);
	ListCell   *lc;

	foreach(lc, OidIsValid(relid) ? catalog_constraints(relid) : NIL)
	{
		const ConstraintFacts *facts = lfirst(lc);

		if (facts->type == CONSTRAINT_FOREIGN && strcmp(facts->name, name) == 0)
			return facts;
	}
	return NULL;
}

/*
 * The table that "schema.table" names, where it is of another schema than the base one;
 * else in_schema is the table's name there.  Either name may have dots of its own.
 */
static Oid
table_elsewhere(const SchemaModel *model, const char *name, const char **in_schema)
{
	*in_schema = NULL;
	for (const char *dot = strchr(name, '.'); dot != NULL; dot = strchr(dot + 1, '.'))
	{
		char	   *schema = pnstrdup(name, dot - name);
		Oid			namespace = get_namespace_oid(schema, true);
		Oid			relid;

		if (!OidIsValid(namespace))
			continue;
		if (namespace == model->namespace)
		{
			*in_schema = dot + 1;
			return InvalidOid;
		}
		relid = get_relname_relid(dot + 1, namespace);
		if (get_rel_relkind(relid) == RELKIND_RELATION ||
			get_rel_relkind(relid) == RELKIND_PARTITIONED_TABLE)
			return relid;
	}
	return InvalidOid;
}

static void
check_set_columns(ConstraintDefinition *def)
{
	ReferenceDefinition *references = def->references;
	const char *path = psprintf("%s.on_delete_set_columns", references->path);
	ListCell   *lc;
	ListCell   *lc2;
	ListCell   *lc3;

	if (references->set_columns != NIL &&
		(references->on_delete == NULL ||
		 (strcmp(references->on_delete, "SET NULL") != 0 &&
		  strcmp(references->on_delete, "SET DEFAULT") != 0)))
		json_error(path, "only \"on_delete\" SET NULL and SET DEFAULT can name columns");
	foreach(lc, references->set_columns)
	{
		bool		found = false;

		forboth(lc2, def->columns, lc3, def->key)
		{
			if (strcmp(lfirst(lc2), lfirst(lc)) != 0)
				continue;
			references->set_key = lappend(references->set_key, lfirst(lc3));
			found = true;
		}
		if (!found)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_COLUMN_REFERENCE),
					 errmsg("column \"%s\" is not part of foreign key \"%s\"",
							(char *) lfirst(lc), def->name),
					 errdetail("At %s.", path),
					 errhint("Name columns of the foreign key.")));
	}
}

static void
check_types(const ConstraintDefinition *def)
{
	ListCell   *lc;
	ListCell   *lc2;

	forboth(lc, def->key, lc2, def->references->partner_key)
	{
		Generation *column = lfirst(lc);
		Generation *referenced = lfirst(lc2);

		if (!foreign_key_definition_types_fit(column->type, referenced->type))
			ereport(ERROR,
					(errcode(ERRCODE_DATATYPE_MISMATCH),
					 errmsg("foreign key \"%s\" cannot be implemented", def->name),
					 errdetail("At %s: columns \"%s\" and \"%s\" are of types %s and %s.",
							   def->references->path, column->name, referenced->name,
							   format_type_be(column->type),
							   format_type_be(referenced->type)),
					 errhint("Give the two columns the same type.")));
	}
}

/*
 * Are the columns, in whatever order, a key that a foreign key may reference: one that
 * is stored (for a column with a shadow it is made again), or that the migration makes?
 */
static bool
is_stored_key(TableModel *table, List *columns)
{
	Bitmapset  *attnums = NULL;
	ListCell   *lc;

	if (table->created)
		return false;
	foreach(lc, columns)
	{
		Generation *stored = model_stored_ancestor(lfirst(lc));

		if (stored == NULL)
			return false;
		attnums = bms_add_member(attnums, stored->attnum);
	}
	foreach(lc, catalog_indexes(table->relid))
	{
		IndexFacts *index = lfirst(lc);

		if (!name_is_ours(index->name) && !object_is_dropped(table, index->name) &&
			catalog_index_is_key(index, attnums))
			return true;
	}
	return false;
}

static bool
is_new_key(TableModel *table, List *columns)
{
	ListCell   *lc;

	foreach(lc, model_objects(table))
	{
		ObjectModel *object = lfirst(lc);
		ConstraintDefinition *def = object->definition;

		if ((object->type == CONSTRAINT_PRIMARY || object->type == CONSTRAINT_UNIQUE) &&
			def != NULL && object_is_shown(table, object) &&
			!def->deferrable &&
			same_lineages(table, def->key, columns))
			return true;
	}
	return false;
}

static bool
same_lineages(const TableModel *table, List *generations, List *others)
{
	List	   *newest = NIL;
	List	   *newest_others = NIL;
	ListCell   *lc;

	foreach(lc, generations)
		newest = lappend(newest, model_newest_generation(table, lfirst(lc)));
	foreach(lc, others)
		newest_others = lappend(newest_others, model_newest_generation(table, lfirst(lc)));
	return list_length(newest) == list_length(newest_others) &&
		list_difference_ptr(newest, newest_others) == NIL;
}
