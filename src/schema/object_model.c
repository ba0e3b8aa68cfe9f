/*-------------------------------------------------------------------------
 *
 * object_model.c
 *		Constraints and indexes of a table, as the newest version has them.
 *-------------------------------------------------------------------------
 */
#include "pgroll.h"

#include "catalog/index.h"
#include "catalog/partition.h"
#include "catalog/pg_class.h"
#include "catalog/pg_constraint.h"
#include "utils/lsyscache.h"

#include "schema/catalog_constraint.h"
#include "schema/catalog_object.h"
#include "schema/catalog_read.h"
#include "schema/catalog_sequence.h"
#include "schema/names.h"
#include "schema/object_model.h"

static void read_objects(TableModel *table);
static List *generations_of(const TableModel *table, Bitmapset *attnums);
static bool serves_constraint(Oid index, List *constraints);
static ObjectModel *add_stored(TableModel *table, char *name, char type,
							   Bitmapset *attnums);
static const ObjectModel *find_stored(const TableModel *table, const char *stored);
static bool member_has(SchemaModel *model, Oid member, const char *name);
static char *name_until_completion(SchemaModel *model, const TableModel *table,
								   const ObjectModel *object);
static bool is_index_of_another(const SchemaModel *model, const TableModel *table,
								const char *name);
static bool is_made(const SchemaModel *model, Oid relid);
static bool name_is_vacated(const SchemaModel *model, Oid relid);
pg_noreturn static void raise_duplicate(const SchemaModel *model, const char *what,
										const char *name, const char *owner, int code,
										const char *path);

List *
model_objects(TableModel *table)
{
	if (!table->objects_read)
		read_objects(table);
	return table->objects;
}

ObjectModel *
model_find_object(TableModel *table, const char *name)
{
	ListCell   *lc;

	foreach(lc, model_objects(table))
	{
		ObjectModel *object = lfirst(lc);

		if (strcmp(object->name, name) == 0 && object_is_shown(table, object))
			return object;
	}
	return NULL;
}

ObjectModel *
model_constraint(TableModel *table, const char *name, const char *path)
{
	ObjectModel *object = model_find_object(table, name);

	if (object == NULL || object->type == OBJECT_INDEX)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("constraint \"%s\" of table \"%s\" does not exist",
						name, table->name),
				 errdetail("At %s.", path),
				 errhint("Use the name that the constraint has in the newest version, after the operations before this one.")));
	return object;
}

ObjectModel *
model_find_index(SchemaModel *model, const char *name, TableModel **table)
{
	Oid			index = get_relname_relid(name, model->namespace);
	Oid			relid = OidIsValid(index) ? IndexGetRelation(index, true) : InvalidOid;
	ListCell   *lc;

	foreach(lc, model->tables)
	{
		TableModel *candidate = lfirst(lc);
		ObjectModel *object;

		/* Another table's need not be read, unless an operation did. */
		if (candidate->dropped || candidate->schema != NULL ||
			(!candidate->objects_read && !candidate->created &&
			 candidate->relid != relid))
			continue;
		object = model_find_object(candidate, name);
		if (object == NULL || !object_has_index(object))
			continue;
		*table = candidate;
		return object;
	}
	return NULL;
}

ObjectModel *
model_index(SchemaModel *model, const char *name, const char *path,
			TableModel **table)
{
	ObjectModel *object = model_find_index(model, name, table);

	if (object == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("index \"%s\" does not exist in schema \"%s\"",
						name, model->base_schema),
				 errdetail("At %s.", path),
				 errhint("Use the name that the index has in the newest version, after the operations before this one.")));
	return object;
}

ObjectModel *
model_add_object(SchemaModel *model, TableModel *table, const char *name, char type,
				 List *columns, void *definition, int operation)
{
	ObjectModel *object = palloc0(sizeof(ObjectModel));

	(void) model_objects(table);
	object->name = pstrdup(name);
	object->type = type;
	object->columns = columns;
	object->definition = definition;
	object->operation = operation;
	object->made = name_until_completion(model, table, object);
	table->objects = lappend(table->objects, object);
	return object;
}

void
model_rename_object(SchemaModel *model, TableModel *table, ObjectModel *object,
					const char *name, int operation)
{
	object->name = pstrdup(name);
	object->operation = operation;
	object->made = name_until_completion(model, table, object);
}

/* In an active migration what there is tells how the start has decided. */
static char *
name_until_completion(SchemaModel *model, const TableModel *table,
					  const ObjectModel *object)
{
	char	   *ours = name_new(model->migration, object->name);
	bool		is_ours;

	if (!table->created || !object_has_index(object))
		return object->name;
	is_ours = model->started ?
		OidIsValid(catalog_index_of_table(table->made, ours)) :
		model_relation_is_vacated(model, object->name);
	return is_ours ? ours : object->name;
}

void
model_check_object_free(SchemaModel *model, TableModel *table, const char *name,
						bool has_index, const char *path)
{
	ObjectModel *same = model_find_object(table, name);
	Oid			relid = get_relname_relid(name, model->namespace);

	model_check_not_reserved(name, path);
	if (same != NULL && same->type != OBJECT_INDEX)
		raise_duplicate(model, "constraint", name, table->name, ERRCODE_DUPLICATE_OBJECT,
						path);
	if (!has_index)
		return;
	if (same != NULL || model_find_table(model, name) != NULL ||
		is_index_of_another(model, table, name) || model_makes_sequence(model, name))
		raise_duplicate(model, "relation", name, NULL, ERRCODE_DUPLICATE_TABLE, path);
	/*
	 * A table that the migration creates has its indexes from the start, and a later
	 * operation may have taken the name after another has let it go.
	 */
	if (OidIsValid(relid) && !name_is_vacated(model, relid) && !is_made(model, relid) &&
		!(model->started && table->created &&
		  !OidIsValid(catalog_index_of_table(table->made,
											 name_new(model->migration, name)))))
		raise_duplicate(model, "relation", name, NULL, ERRCODE_DUPLICATE_TABLE, path);
}

void
model_check_members_free(SchemaModel *model, TableModel *table, const char *name,
						 char type, const char *path)
{
	ListCell   *lc;

	if (model->started || !OidIsValid(table->relid) ||
		(type == CONSTRAINT_FOREIGN && table->relkind != RELKIND_PARTITIONED_TABLE))
		return;
	foreach(lc, catalog_table_tree(table->relid))
	{
		Oid			member = lfirst_oid(lc);

		/* The server chooses a foreign key's name in a partitioned partition. */
		if (member == table->relid || !member_has(model, member, name) ||
			(type == CONSTRAINT_FOREIGN &&
			 get_rel_relkind(member) == RELKIND_PARTITIONED_TABLE))
			continue;
		ereport(ERROR,
				(errcode(ERRCODE_DUPLICATE_OBJECT),
				 errmsg("constraint \"%s\" for table \"%s\" already exists", name,
						get_rel_name(member)),
				 errdetail("At %s: table \"%s\" is to get a constraint of that name from table \"%s\".",
						   path, get_rel_name(member), table->name),
				 errhint("Choose another name.")));
	}
}

/* A constraint of its own: an inherited one goes, or stays, with the parent's. */
static bool
member_has(SchemaModel *model, Oid member, const char *name)
{
	TableModel *table = model_table_of(model, member);
	ObjectModel *object;

	if (table == NULL)
		return catalog_constraint_is_own(member, name);
	object = model_find_object(table, name);
	return object != NULL && object->type != OBJECT_INDEX && !object->inherited;
}

bool
model_relation_is_vacated(SchemaModel *model, const char *name)
{
	Oid			relid = get_relname_relid(name, model->namespace);

	return OidIsValid(relid) && name_is_vacated(model, relid);
}

bool
model_relation_is_unclaimed(SchemaModel *model, const char *name)
{
	return model_find_table(model, name) == NULL &&
		!is_index_of_another(model, NULL, name) &&
		!model_makes_sequence(model, name);
}

bool
model_relation_is_free(SchemaModel *model, const char *name)
{
	return model_relation_is_unclaimed(model, name) &&
		(model->started || !OidIsValid(get_relname_relid(name, model->namespace)));
}

bool
model_makes_index(const SchemaModel *model, const char *name)
{
	return is_index_of_another(model, NULL, name);
}

bool
model_creates_index(const SchemaModel *model, const char *name)
{
	ListCell   *lc;

	foreach(lc, model->tables)
	{
		TableModel *table = lfirst(lc);
		ObjectModel *object = table->created && !table->dropped ?
			model_find_object(table, name) : NULL;

		if (object != NULL && object_has_index(object))
			return true;
	}
	return false;
}

void
model_check_relation_free(SchemaModel *model, const char *name, const char *path)
{
	model_check_not_reserved(name, path);
	if (!model_relation_is_free(model, name))
		raise_duplicate(model, "relation", name, NULL, ERRCODE_DUPLICATE_TABLE, path);
}

bool
object_has_index(const ObjectModel *object)
{
	return object->type == OBJECT_INDEX || object->type == CONSTRAINT_PRIMARY ||
		object->type == CONSTRAINT_UNIQUE || object->type == CONSTRAINT_EXCLUSION;
}

bool
object_is_shown(const TableModel *table, const ObjectModel *object)
{
	ListCell   *lc;

	if (object->dropped)
		return false;
	foreach(lc, object->columns)
	{
		if (model_newest_generation(table, lfirst(lc)) == NULL)
			return false;
	}
	return true;
}

bool
object_has_gone(const ObjectModel *object)
{
	ListCell   *lc;

	foreach(lc, object->columns)
	{
		if (((Generation *) lfirst(lc))->gone)
			return true;
	}
	return false;
}

bool
object_is_carried(const TableModel *table, const ObjectModel *object)
{
	ListCell   *lc;

	foreach(lc, object->columns)
	{
		Generation *newest = model_newest_generation(table, lfirst(lc));

		if (newest != NULL && newest->attnum == 0)
			return true;
	}
	return false;
}

bool
object_loses_name(const ObjectModel *object)
{
	return object->stored != NULL &&
		(object->dropped || strcmp(object->name, object->stored) != 0);
}

bool
object_is_dropped(const TableModel *table, const char *stored)
{
	const ObjectModel *object = find_stored(table, stored);

	return object != NULL && object->dropped;
}

bool
object_part_is_dropped(const TableModel *table, Oid index)
{
	return catalog_is_index(index) && get_rel_relispartition(index) &&
		object_is_dropped(table, get_rel_name(llast_oid(get_partition_ancestors(index))));
}

char *
object_final_name(const TableModel *table, const char *stored)
{
	const ObjectModel *object = find_stored(table, stored);

	return object != NULL ? object->name : pstrdup(stored);
}

bool
object_is_identity(const TableModel *table, const ObjectModel *object)
{
	ListCell   *lc;

	if (table->sets_identity)
		return table->identity == object;
	foreach(lc, object->stored == NULL ? NIL : catalog_indexes(table->relid))
	{
		IndexFacts *facts = lfirst(lc);

		if (facts->replica_identity && strcmp(facts->name, object->stored) == 0)
			return true;
	}
	return false;
}

Generation *
model_newest_generation(const TableModel *table, const Generation *generation)
{
	ListCell   *lc;

	foreach(lc, table->columns)
	{
		Generation *newest = ((ColumnModel *) lfirst(lc))->generation;

		for (Generation *older = newest; older != NULL; older = older->previous)
		{
			if (older == generation)
				return newest;
		}
	}
	return NULL;
}

static void
read_objects(TableModel *table)
{
	List	   *constraints;
	ListCell   *lc;

	table->objects_read = true;
	if (!OidIsValid(table->relid) ||
		(table->relkind != RELKIND_RELATION &&
		 table->relkind != RELKIND_PARTITIONED_TABLE))
		return;
	constraints = catalog_constraints(table->relid);
	foreach(lc, constraints)
	{
		ConstraintFacts *facts = lfirst(lc);

		if (!name_is_ours(facts->name))
			add_stored(table, facts->name, facts->type,
					   facts->columns)->inherited = facts->inherited;
	}
	/* An invalid one has a name, and can be dropped. */
	foreach(lc, list_concat(catalog_indexes(table->relid),
							catalog_invalid_indexes(table->relid)))
	{
		IndexFacts *facts = lfirst(lc);

		if (!name_is_ours(facts->name) && !serves_constraint(facts->oid, constraints))
			(void) add_stored(table, facts->name, OBJECT_INDEX, facts->attnums);
	}
}

static bool
serves_constraint(Oid index, List *constraints)
{
	ListCell   *lc;

	foreach(lc, constraints)
	{
		if (((ConstraintFacts *) lfirst(lc))->index == index)
			return true;
	}
	return false;
}

static ObjectModel *
add_stored(TableModel *table, char *name, char type, Bitmapset *attnums)
{
	ObjectModel *object = palloc0(sizeof(ObjectModel));

	object->name = name;
	object->stored = name;
	object->present = name;
	object->type = type;
	object->columns = generations_of(table, attnums);
	table->objects = lappend(table->objects, object);
	return object;
}

static List *
generations_of(const TableModel *table, Bitmapset *attnums)
{
	List	   *generations = NIL;
	ListCell   *lc;

	foreach(lc, table->generations)
	{
		Generation *generation = lfirst(lc);

		if (generation->attnum != 0 && bms_is_member(generation->attnum, attnums))
			generations = lappend(generations, generation);
	}
	return generations;
}

static const ObjectModel *
find_stored(const TableModel *table, const char *stored)
{
	ListCell   *lc;

	foreach(lc, table->objects)
	{
		const ObjectModel *object = lfirst(lc);

		if (stored != NULL && object->stored != NULL &&
			strcmp(object->stored, stored) == 0)
			return object;
	}
	return NULL;
}

/* Has the migration given the name to an index of another table? */
static bool
is_index_of_another(const SchemaModel *model, const TableModel *table,
					const char *name)
{
	ListCell   *lc;

	foreach(lc, model->tables)
	{
		TableModel *other = lfirst(lc);
		ObjectModel *object;

		if (other == table || other->dropped || other->schema != NULL ||
			!other->objects_read)
			continue;
		object = model_find_object(other, name);
		if (object != NULL && object_has_index(object))
			return true;
	}
	return false;
}

/* Is it a table that an active migration has created, or an index or sequence of one? */
static bool
is_made(const SchemaModel *model, Oid relid)
{
	return list_member_oid(model->made, catalog_table_of_relation(relid));
}

/*
 * Is it dropped or renamed by the migration, or goes with a table or column?  Of
 * sequences only those that go with a table.
 */
static bool
name_is_vacated(const SchemaModel *model, Oid relid)
{
	TableModel *table = model_table_of(model, catalog_table_of_relation(relid));
	ListCell   *lc;

	if (table == NULL)
		return false;
	if (table->dropped)
		return true;
	if (get_rel_relkind(relid) == RELKIND_SEQUENCE)
		return false;
	if (table->relid == relid)
		return strcmp(table->name, table->physical) != 0;
	foreach(lc, model_objects(table))
	{
		ObjectModel *object = lfirst(lc);

		if (object->stored != NULL && object_has_index(object) &&
			get_relname_relid(object->stored, model->namespace) == relid)
			return !object_is_shown(table, object) ||
				strcmp(object->name, object->stored) != 0;
	}
	return false;
}

static void
raise_duplicate(const SchemaModel *model, const char *what, const char *name,
				const char *owner, int code, const char *path)
{
	Oid			relid = get_relname_relid(name, model->namespace);
	char		relkind = OidIsValid(relid) ? get_rel_relkind(relid) : '\0';
	bool		is_invalid = relkind == RELKIND_INDEX && !get_index_isvalid(relid);

	ereport(ERROR,
			(errcode(code),
			 owner != NULL ?
			 errmsg("%s \"%s\" for table \"%s\" already exists", what, name, owner) :
			 errmsg("%s \"%s\" already exists", what, name),
			 is_invalid ?
			 errdetail("At %s: it is an invalid index, such as a failed concurrent build leaves.",
					   path) :
			 model->started ? errdetail("At %s: it was made since the start.", path) :
			 errdetail("At %s.", path),
			 is_invalid ?
			 errhint("Drop it with the operation drop_index in the same migration.") :
			 model->started ?
			 errhint("Drop or rename it, or roll the migration back.") :
			 errhint("Choose another name.")));
	pg_unreachable();
}
