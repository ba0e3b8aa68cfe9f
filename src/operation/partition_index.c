/*-------------------------------------------------------------------------
 *
 * partition_index.c
 *		The indexes of which one of a table, or of a partitioned one, consists.
 *-------------------------------------------------------------------------
 */
#include "pgroll.h"

#include "access/table.h"
#include "catalog/index.h"
#include "catalog/partition.h"
#include "catalog/pg_class.h"
#include "catalog/pg_constraint.h"
#include "catalog/pg_database.h"
#include "catalog/pg_namespace.h"
#include "catalog/pg_type.h"
#include "commands/defrem.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/partcache.h"
#include "utils/rel.h"

#include "ddl/partition_constraint.h"
#include "operation/built_index.h"
#include "operation/operation_util.h"
#include "operation/partition_index.h"
#include "schema/catalog_constraint.h"
#include "schema/catalog_dependent.h"
#include "schema/catalog_object.h"
#include "schema/catalog_read.h"
#include "schema/names.h"
#include "schema/object_model.h"

static IndexMember *add_member(const TableModel *table, List *members, Oid relid);
static Oid	attached_part(const IndexMember *member);
static bool is_of_migration(const SchemaModel *model, Oid index);
static bool below_own(List *owners, Oid relid);
static Oid	own_index(const SchemaModel *model, const IndexMember *member,
					  const NewIndex *new_index);
static bool is_part_of_other(const SchemaModel *model, const IndexMember *member,
							 Oid index);
static bool key_is_equal(const IndexMember *member, const IndexFacts *facts,
						 const NewIndex *new_index);
static bool columns_are(Oid relid, List *columns, List *names);
static void find_index(SchemaModel *model, IndexMember *member);
static char *choose_name(SchemaModel *model, TableModel *table,
						 const IndexMember *member, const NewIndex *new_index);
static char *choose_built_name(SchemaModel *model, const IndexMember *member,
							   const NewIndex *new_index);
static char *numbered_name(const IndexMember *member, const NewIndex *new_index, int i);
static bool name_is_taken(SchemaModel *model, TableModel *table,
						  const IndexMember *member, char type, char *name);
static void check_keys(const IndexMember *member, List *columns, const char *path);
static void set_early(List *members, bool early);
static bool is_made(const IndexMember *member);
static char *name_now(const IndexMember *member);
static bool awaits_validation(const IndexMember *whole, List *members);
static void make_whole(const IndexMaker *maker, List *members, MigrationPlan *plan);
static void create_on_only(const IndexMaker *maker, const IndexMember *member,
						   MigrationPlan *plan);
static List *column_names(const IndexMaker *maker, const IndexMember *member);
static void exchange_parts(SchemaModel *model, const IndexMaker *maker,
						   List *members, MigrationPlan *plan);
static char *attach_sql(const char *whole, const char *part);

List *
index_members_new(SchemaModel *model, TableModel *table, const NewIndex *new_index)
{
	List	   *members = NIL;
	List	   *owners = NIL;
	ListCell   *lc;

	foreach(lc, table->relkind == RELKIND_PARTITIONED_TABLE ?
			catalog_table_tree(table->relid) : list_make1_oid(table->relid))
	{
		IndexMember *member;

		/* It has its part already. */
		if (below_own(owners, lfirst_oid(lc)))
		{
			owners = lappend_oid(owners, lfirst_oid(lc));
			continue;
		}
		member = add_member(table, members, lfirst_oid(lc));
		members = lappend(members, member);
		member->attached = attached_part(member);
		member->index = own_index(model, member, new_index);
		if (OidIsValid(member->index))
		{
			member->is_own = true;
			member->name = get_rel_name(member->index);
			owners = lappend_oid(owners, member->relid);
			continue;
		}
		member->name = member->parent == NULL ? pstrdup(new_index->name) :
			choose_name(model, table, member, new_index);
		member->built_name = member->parent == NULL ?
			name_new(model->migration, new_index->name) :
			choose_built_name(model, member, new_index);
		find_index(model, member);
	}
	return members;
}

static IndexMember *
add_member(const TableModel *table, List *members, Oid relid)
{
	IndexMember *member = palloc0(sizeof(IndexMember));
	List	   *parents = members == NIL ? NIL : catalog_parents(relid);
	ListCell   *lc;

	member->relid = relid;
	member->table = relid == table->relid ? table : NULL;
	member->schema = get_namespace_name(get_rel_namespace(relid));
	member->label = get_rel_name(relid);
	member->is_leaf = get_rel_relkind(relid) != RELKIND_PARTITIONED_TABLE;
	foreach(lc, members)
	{
		IndexMember *other = lfirst(lc);

		if (list_member_oid(parents, other->relid))
			member->parent = other;
	}
	return member;
}

static Oid
attached_part(const IndexMember *member)
{
	Relation	rel;
	Oid			part;

	if (member->parent == NULL || !OidIsValid(member->parent->index))
		return InvalidOid;
	rel = table_open(member->relid, AccessShareLock);
	part = index_get_partition(rel, member->parent->index);
	table_close(rel, AccessShareLock);
	return part;
}

static bool
is_of_migration(const SchemaModel *model, Oid index)
{
	return name_is_of_migration(get_rel_name(index), model->migration);
}

/* Is it a partition of one of the owners (Oid)? */
static bool
below_own(List *owners, Oid relid)
{
	ListCell   *lc;

	foreach(lc, owners == NIL ? NIL : catalog_parents(relid))
	{
		if (list_member_oid(owners, lfirst_oid(lc)))
			return true;
	}
	return false;
}

/*
 * A partition's key that is equal to the new one, and of no other key; or an index that
 * is none and that the server has taken when the partition was attached; or InvalidOid.
 */
static Oid
own_index(const SchemaModel *model, const IndexMember *member, const NewIndex *new_index)
{
	ListCell   *lc;
	ListCell   *lc2;

	if (member->parent == NULL)
		return InvalidOid;
	if (new_index->key == NIL)
		return OidIsValid(member->attached) &&
			!is_of_migration(model, member->attached) ? member->attached : InvalidOid;
	foreach(lc, catalog_constraints(member->relid))
	{
		ConstraintFacts *constraint = lfirst(lc);

		if (constraint->type != new_index->type || constraint->deferrable ||
			name_is_ours(constraint->name) ||
			is_part_of_other(model, member, constraint->index))
			continue;
		foreach(lc2, catalog_indexes(member->relid))
		{
			IndexFacts *facts = lfirst(lc2);

			/* One that is not valid would keep the whole from ever being so. */
			if (facts->oid == constraint->index && facts->valid &&
				key_is_equal(member, facts, new_index))
				return facts->oid;
		}
	}
	return InvalidOid;
}

/* Of that which the table gets it may be one already, under another name to come. */
static bool
is_part_of_other(const SchemaModel *model, const IndexMember *member, Oid index)
{
	return get_rel_relispartition(index) && index != member->attached &&
		(OidIsValid(member->parent->index) ||
		 !is_of_migration(model, catalog_topmost(index)));
}

/* As CompareIndexInfo() has it, for what a key of the document can be. */
static bool
key_is_equal(const IndexMember *member, const IndexFacts *facts,
			 const NewIndex *new_index)
{
	ListCell   *lc;

	foreach(lc, facts->columns)
	{
		const IndexColumn *column = lfirst(lc);
		int32		typmod;
		Oid			type;
		Oid			collation = InvalidOid;

		if (column->attnum > 0)
			get_atttypetypmodcoll(member->relid, column->attnum, &type, &typmod,
								  &collation);
		if (!column->opclass_is_default || column->opclass_options != NULL ||
			column->collation != collation)
			return false;
	}
	return !facts->nulls_not_distinct &&
		columns_are(member->relid, facts->columns, new_index->key) &&
		columns_are(member->relid, facts->included, new_index->included);
}

/* Are the columns (IndexColumn *) of a partition called so (char *)? */
static bool
columns_are(Oid relid, List *columns, List *names)
{
	ListCell   *lc;
	ListCell   *lc2;

	if (list_length(columns) != list_length(names))
		return false;
	forboth(lc, columns, lc2, names)
	{
		if (((IndexColumn *) lfirst(lc))->attnum != get_attnum(relid, lfirst(lc2)))
			return false;
	}
	return true;
}

void
index_members_rename(SchemaModel *model, List *members, const char *name)
{
	IndexMember *whole = linitial(members);
	ListCell   *lc;

	if (strcmp(whole->name, name) == 0)
		return;
	whole->name = pstrdup(name);
	whole->built_name = name_new(model->migration, name);
	foreach(lc, members)
	{
		IndexMember *member = lfirst(lc);

		member->attached = attached_part(member);
		if (!member->is_own)
			find_index(model, member);
	}
}

/*
 * What has been built of a member, or the server has made.  The latter is named by the
 * guard of new partitions, as is what was built before the partition was renamed.
 */
static void
find_index(SchemaModel *model, IndexMember *member)
{
	if (!OidIsValid(member->attached) || !is_of_migration(model, member->attached))
	{
		member->index = catalog_index_of_table(member->relid, member->built_name);
		return;
	}
	member->index = member->attached;
	member->built_name = get_rel_name(member->index);
	model->chosen_names = lappend(model->chosen_names,
								  index_member_qualified(member, member->built_name));
}

/* As ChooseIndexName() does for the index of a partition. */
static char *
choose_name(SchemaModel *model, TableModel *table, const IndexMember *member,
			const NewIndex *new_index)
{
	char	   *name;

	for (int i = 0;; i++)
	{
		name = numbered_name(member, new_index, i);
		if (!name_is_taken(model, table, member, new_index->type, name))
			break;
	}
	model->chosen_names = lappend(model->chosen_names,
								  index_member_qualified(member, name));
	return name;
}

/*
 * The same in every phase, whatever names others take in between: only this
 * migration's own are looked at.
 */
static char *
choose_built_name(SchemaModel *model, const IndexMember *member,
				  const NewIndex *new_index)
{
	char	   *qualified;
	char	   *name;

	for (int i = 0;; i++)
	{
		name = name_new(model->migration, numbered_name(member, new_index, i));
		qualified = index_member_qualified(member, name);
		if (!names_include(model->chosen_names, qualified))
			break;
	}
	model->chosen_names = lappend(model->chosen_names, qualified);
	return name;
}

static char *
numbered_name(const IndexMember *member, const NewIndex *new_index, int i)
{
	const char *label = new_index->type == CONSTRAINT_PRIMARY ? "pkey" :
		new_index->type == CONSTRAINT_UNIQUE ? "key" : "idx";

	return makeObjectName(member->label,
						  new_index->type == CONSTRAINT_PRIMARY ? NULL :
						  names_addition(new_index->columns),
						  i == 0 ? label : psprintf("%s%d", label, i));
}

/* By an object that is there and stays, or one that the migration makes. */
static bool
name_is_taken(SchemaModel *model, TableModel *table, const IndexMember *member,
			  char type, char *name)
{
	Oid			namespace = get_rel_namespace(member->relid);
	Oid			relid = get_relname_relid(name, namespace);

	if (names_include(model->chosen_names, index_member_qualified(member, name)))
		return true;
	if (type != OBJECT_INDEX && !OidIsValid(relid) && ConstraintNameExists(name, namespace))
		return true;
	return OidIsValid(relid) && !object_part_is_dropped(table, relid);
}

void
index_members_check(SchemaModel *model, List *members, bool unique,
					List *columns, const char *path)
{
	ListCell   *lc;

	foreach(lc, members)
	{
		IndexMember *member = lfirst(lc);
		Oid			owner = catalog_relation_owner(member->relid);

		if (get_rel_relkind(member->relid) == RELKIND_FOREIGN_TABLE)
			ereport(ERROR,
					(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
					 errmsg("cannot create an index on foreign table \"%s\"",
							member->label),
					 errdetail("At %s: it is a partition of the table.", path),
					 errhint("Detach the foreign table before the migration.")));
		if (!has_privs_of_role(GetUserId(), owner))
			ereport(ERROR,
					(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
					 errmsg("must be owner of table \"%s\"", member->label),
					 errdetail("At %s.", path),
					 errhint("Run the migration as the owner of the tables that it changes.")));
		/* The index is built with the rights of the table's owner. */
		if (object_aclcheck(NamespaceRelationId, get_rel_namespace(member->relid),
							owner, ACL_CREATE) != ACLCHECK_OK)
			ereport(ERROR,
					(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
					 errmsg("permission denied for schema \"%s\"", member->schema),
					 errdetail("At %s: the owner of the table may not create indexes there.",
							   path),
					 errhint("Grant CREATE on the schema to the owner of the table.")));
		if (unique && !member->is_leaf)
			check_keys(member, columns, path);
	}
}

/* Else no partition could tell whether a key is unique. */
static void
check_keys(const IndexMember *member, List *columns, const char *path)
{
	Relation	rel = table_open(member->relid, AccessShareLock);
	PartitionKey key = RelationGetPartitionKey(rel);

	for (int i = 0; i < key->partnatts; i++)
	{
		char	   *name = key->partattrs[i] == 0 ? NULL :
			get_attname(member->relid, key->partattrs[i], false);

		if (name == NULL || !names_include(columns, name))
			ereport(ERROR,
					(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
					 errmsg("unique index on partitioned table must include all partitioning columns"),
					 name == NULL ?
					 errdetail("At %s: table \"%s\" is partitioned by an expression.",
							   path, member->label) :
					 errdetail("At %s: the index lacks column \"%s\", by which table \"%s\" is partitioned.",
							   path, name, member->label),
					 errhint("Add the partitioning columns to the index.")));
	}
	table_close(rel, AccessShareLock);
}

bool
index_members_have(const SchemaModel *model, Oid index)
{
	return names_include(model->chosen_names, catalog_relation_name(index));
}

char *
index_member_relation(const IndexMember *member)
{
	return index_member_qualified(member, member->table != NULL ?
								  member->table->physical : member->label);
}

char *
index_member_qualified(const IndexMember *member, const char *name)
{
	return quote_qualified_identifier(member->schema, name);
}

void
index_members_start(const IndexMaker *maker, List *members, MigrationPlan *plan)
{
	const IndexMember *whole = linitial(members);
	ListCell   *lc;

	set_early(members, maker->unique && !whole->is_leaf);
	foreach(lc, members)
	{
		const IndexMember *member = lfirst(lc);
		char	   *relation = index_member_relation(member);

		if (is_made(member) && member->is_leaf && !index_member_is_built(member))
			plan_index_build(plan, maker->operation, member->relid, relation,
							 member->built_name,
							 maker->sql(maker, "CONCURRENTLY ", member->built_name,
										relation));
	}
	if (whole->is_early)
		make_whole(maker, members, plan);
}

static void
set_early(List *members, bool early)
{
	ListCell   *lc;

	foreach(lc, members)
		((IndexMember *) lfirst(lc))->is_early = early;
}

/* Before the completion? */
static bool
is_made(const IndexMember *member)
{
	return !member->is_own && (member->is_leaf || member->is_early);
}

bool
index_member_is_built(const IndexMember *member)
{
	return OidIsValid(member->index) && get_index_isvalid(member->index);
}

/* By the name that it has before the completion, or will get then. */
static char *
name_now(const IndexMember *member)
{
	return index_member_qualified(member, is_made(member) ? member->built_name :
								  member->name);
}

/* It has all its parts, and nobody has attached one since the last without one has gone. */
static bool
awaits_validation(const IndexMember *whole, List *members)
{
	ListCell   *lc;

	foreach(lc, members)
	{
		const IndexMember *member = lfirst(lc);

		if (member->parent == whole &&
			(!OidIsValid(member->attached) || !get_index_isvalid(member->attached)))
			return false;
	}
	return !get_index_isvalid(whole->index);
}

/* Those at the bottom are attached first, so that each is complete by then. */
static void
make_whole(const IndexMaker *maker, List *members, MigrationPlan *plan)
{
	ListCell   *lc;

	foreach(lc, members)
	{
		const IndexMember *member = lfirst(lc);
		char	   *relation = index_member_relation(member);

		if (is_made(member) && !member->is_leaf &&
			(!OidIsValid(member->index) || awaits_validation(member, members)))
			plan_step(plan, (Step) {
				.phase = PHASE_BACKGROUND,
				.operation = maker->operation,
				.command = maker->sql(maker, "", member->built_name,
									  psprintf("ONLY %s", relation)),
				.lock = ShareLock,
				.relation = member->relid,
				.relation_name = relation,
				.task = TASK_ATTACH,
				.task_object = member->built_name,
			});
	}
	for (int i = list_length(members) - 1; i > 0; i--)
	{
		const IndexMember *member = list_nth(members, i);

		if (!OidIsValid(member->attached))
			plan_step(plan, (Step) {
				.phase = PHASE_BACKGROUND,
				.operation = maker->operation,
				.command = attach_sql(name_now(member->parent), name_now(member)),
				.lock = AccessExclusiveLock,
				.relation = member->relid,
				.relation_name = name_now(member),
				.task = TASK_ATTACH,
				.task_object = member->is_own ? member->name : member->built_name,
			});
	}
}

void
index_members_complete(SchemaModel *model, const IndexMaker *maker, List *members,
					   MigrationPlan *plan)
{
	const IndexMember *whole = linitial(members);
	ListCell   *lc;

	set_early(members, maker->unique && !whole->is_leaf &&
			  (model->foreseen || OidIsValid(whole->index)));
	foreach(lc, members)
	{
		const IndexMember *member = lfirst(lc);

		if (member->is_own)
			continue;
		if (is_made(member) && !model->foreseen && !index_member_is_built(member))
			maker->missing(maker, member);
		if (is_made(member))
			index_member_rename(member, maker->operation, plan);
		else
			create_on_only(maker, member, plan);
		if (!member->is_early)
			index_member_name_columns(model, maker, member, maker->wanted, plan);
	}
	if (whole->is_early)
		exchange_parts(model, maker, members, plan);
	/* The whole's are renamed with its parts', which must be called the same. */
	for (int i = list_length(members) - 1; i >= 0 && whole->is_early; i--)
	{
		const IndexMember *member = list_nth(members, i);

		index_member_name_columns(model, maker, member, i == 0 ? maker->wanted :
								  column_names(maker, member->parent), plan);
	}
	for (int i = list_length(members) - 1; i > 0 && !whole->is_early; i--)
	{
		const IndexMember *member = list_nth(members, i);

		index_member_attach(member, index_member_qualified(member->parent,
														   member->parent->name),
							maker->operation, plan);
	}
}

void
index_member_rename(const IndexMember *member, int operation, MigrationPlan *plan)
{
	char	   *built = index_member_qualified(member, member->built_name);

	plan_step(plan, (Step) {
		.phase = PHASE_COMPLETE,
		.operation = operation,
		.command = psprintf("ALTER INDEX %s RENAME TO %s", built,
							quote_identifier(member->name)),
		.lock = ShareUpdateExclusiveLock,
		.relation = member->index,
		.relation_name = built,
	});
}

/* Of a partitioned table, without its partitions: no row is read. */
static void
create_on_only(const IndexMaker *maker, const IndexMember *member, MigrationPlan *plan)
{
	char	   *relation = index_member_relation(member);

	plan_step(plan, (Step) {
		.phase = PHASE_COMPLETE,
		.operation = maker->operation,
		.command = maker->sql(maker, "", member->name, psprintf("ONLY %s", relation)),
		.lock = ShareLock,
		.relation = member->relid,
		.relation_name = relation,
	});
}

/*
 * An index's columns keep the names that the table's had when it was built; they
 * shall be those that the operation knows.
 */
void
index_member_name_columns(SchemaModel *model, const IndexMaker *maker,
						  const IndexMember *member, List *wanted, MigrationPlan *plan)
{
	operation_rename_index_columns(model, maker->operation, member->index,
								   index_member_qualified(member, member->name),
								   name_now(member), column_names(maker, member),
								   wanted, plan);
}

/* The names (char *); while the index is only foreseen, those that it will get. */
static List *
column_names(const IndexMaker *maker, const IndexMember *member)
{
	List	   *names = NIL;

	if (!OidIsValid(member->index))
		return list_copy(is_made(member) ? maker->built : maker->completed);
	for (int i = 1; i <= list_length(maker->wanted); i++)
		names = lappend(names, get_attname(member->index, i, false));
	return names;
}

/*
 * Where a partition has got a key of its own since its part was made, or the server has
 * taken another index of it for its part, that which is wanted takes the place.
 */
static void
exchange_parts(SchemaModel *model, const IndexMaker *maker, List *members,
			   MigrationPlan *plan)
{
	for (int i = list_length(members) - 1; i > 0 && !model->foreseen; i--)
	{
		const IndexMember *member = list_nth(members, i);
		char	   *whole = index_member_qualified(member->parent, member->parent->name);

		if (member->attached == member->index)
			continue;
		if (OidIsValid(member->attached))
			built_index_release(member->attached, whole, PHASE_COMPLETE, plan);
		if (OidIsValid(member->attached) && is_of_migration(model, member->attached))
		{
			built_index_drop(member->attached, PHASE_COMPLETE, plan);
			model->chosen_names = lappend(model->chosen_names,
										  catalog_relation_name(member->attached));
		}
		index_member_attach(member, whole, maker->operation, plan);
	}
}

void
index_member_attach(const IndexMember *member, const char *whole, int operation,
					MigrationPlan *plan)
{
	plan_step(plan, (Step) {
		.phase = PHASE_COMPLETE,
		.operation = operation,
		.command = attach_sql(whole, index_member_qualified(member, member->name)),
		.lock = AccessExclusiveLock,
		.relation = member->index,
		.relation_name = name_now(member),
	});
}

static char *
attach_sql(const char *whole, const char *part)
{
	return psprintf("ALTER INDEX %s ATTACH PARTITION %s", whole, part);
}

void
index_member_add_key(const IndexMember *member, int operation, char type,
					 bool deferrable, bool initially_deferred, MigrationPlan *plan)
{
	char	   *relation = index_member_relation(member);
	PartitionedKey *key = palloc0(sizeof(PartitionedKey));

	key->name = member->name;
	key->type = type;
	key->deferrable = deferrable;
	key->initially_deferred = initially_deferred;
	plan_step(plan, (Step) {
		.phase = PHASE_COMPLETE,
		.operation = operation,
		.command = partition_constraint_key_sql(relation, key,
												member->is_leaf ? member->built_name :
												member->name),
		.lock = AccessExclusiveLock,
		.relation = member->relid,
		.relation_name = relation,
		.also = operation_other_members(member->relid),
		.partitioned_key = member->is_leaf ? NULL : key,
	});
}
