/*-------------------------------------------------------------------------
 *
 * partition_index.c
 *		The indexes of which one of a table, or of a partitioned one, consists.
 *-------------------------------------------------------------------------
 */
#include "pgroll.h"

#include "access/table.h"
#include "catalog/pg_class.h"
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

#include "operation/partition_index.h"
#include "schema/catalog_dependent.h"
#include "schema/catalog_object.h"
#include "schema/catalog_read.h"
#include "schema/names.h"
#include "schema/object_model.h"

static IndexMember *add_member(SchemaModel *model, List *members, Oid relid);
static char *choose_name(SchemaModel *model, TableModel *table,
						 const IndexMember *member, List *columns);
static char *choose_built_name(SchemaModel *model, const IndexMember *member,
							   List *columns);
static char *numbered_name(const IndexMember *member, List *columns, int i);
static char *name_addition(List *columns);
static bool name_is_taken(SchemaModel *model, TableModel *table,
						  const IndexMember *member, char *name);
static void check_keys(const IndexMember *member, List *columns, const char *path);

List *
index_members_new(SchemaModel *model, TableModel *table, const char *name,
				  List *columns)
{
	List	   *members = NIL;
	ListCell   *lc;

	foreach(lc, table->relkind == RELKIND_PARTITIONED_TABLE ?
			catalog_table_tree(table->relid) : list_make1_oid(table->relid))
	{
		IndexMember *member = add_member(model, members, lfirst_oid(lc));

		member->name = member->parent == NULL ? pstrdup(name) :
			choose_name(model, table, member, columns);
		member->built_name = member->parent == NULL ?
			name_new(model->migration, name) :
			choose_built_name(model, member, columns);
		member->index = catalog_index_of_table(member->relid, member->built_name);
		members = lappend(members, member);
	}
	return members;
}

static IndexMember *
add_member(SchemaModel *model, List *members, Oid relid)
{
	IndexMember *member = palloc0(sizeof(IndexMember));
	List	   *parents = members == NIL ? NIL : catalog_parents(relid);
	ListCell   *lc;

	member->relid = relid;
	member->relation = catalog_relation_name(relid);
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

/* As ChooseRelationName() does for the index of a partition. */
static char *
choose_name(SchemaModel *model, TableModel *table, const IndexMember *member,
			List *columns)
{
	char	   *name;

	for (int i = 0;; i++)
	{
		name = numbered_name(member, columns, i);
		if (!name_is_taken(model, table, member, name))
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
choose_built_name(SchemaModel *model, const IndexMember *member, List *columns)
{
	char	   *qualified;
	char	   *name;

	for (int i = 0;; i++)
	{
		name = name_new(model->migration, numbered_name(member, columns, i));
		qualified = index_member_qualified(member, name);
		if (!names_include(model->chosen_names, qualified))
			break;
	}
	model->chosen_names = lappend(model->chosen_names, qualified);
	return name;
}

static char *
numbered_name(const IndexMember *member, List *columns, int i)
{
	return makeObjectName(member->label, name_addition(columns),
						  i == 0 ? "idx" : psprintf("idx%d", i));
}

/* As ChooseIndexNameAddition(): "a_b", as far as a name goes. */
static char *
name_addition(List *columns)
{
	StringInfoData addition;
	ListCell   *lc;

	initStringInfo(&addition);
	foreach(lc, columns)
	{
		if (addition.len >= NAMEDATALEN)
			break;
		appendStringInfo(&addition, "%s%s", addition.len > 0 ? "_" : "",
						 (char *) lfirst(lc));
	}
	return addition.data;
}

/* By an object that is there and stays, or one that the migration makes. */
static bool
name_is_taken(SchemaModel *model, TableModel *table, const IndexMember *member,
			  char *name)
{
	Oid			relid = get_relname_relid(name, get_rel_namespace(member->relid));

	if (names_include(model->chosen_names, index_member_qualified(member, name)))
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
index_member_qualified(const IndexMember *member, const char *name)
{
	return quote_qualified_identifier(member->schema, name);
}

bool
index_member_is_built(const IndexMember *member)
{
	return OidIsValid(member->index) && get_index_isvalid(member->index);
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

char *
index_member_now(const IndexMember *member)
{
	return index_member_qualified(member, member->is_leaf ? member->built_name :
								  member->name);
}

/* Those at the bottom first, so that each is complete when it is attached. */
void
index_members_attach(List *members, int operation, MigrationPlan *plan)
{
	for (int i = list_length(members) - 1; i >= 0; i--)
	{
		IndexMember *member = list_nth(members, i);

		if (member->parent == NULL)
			continue;
		plan_step(plan, (Step) {
			.phase = PHASE_COMPLETE,
			.operation = operation,
			.command = psprintf("ALTER INDEX %s ATTACH PARTITION %s",
								index_member_qualified(member->parent,
													   member->parent->name),
								index_member_qualified(member, member->name)),
			.lock = AccessExclusiveLock,
			.relation = member->index,
			.relation_name = index_member_now(member),
		});
	}
}
