/*-------------------------------------------------------------------------
 *
 * inherit.c
 *		What a change of a table means for its inheritance children.
 *
 * ALTER TABLE reaches the children by itself; so here it is only their views
 * that follow.  A child's generation keeps its own attribute number and has the
 * parent's as its leader.
 *-------------------------------------------------------------------------
 */
#include "pgroll.h"

#include "catalog/pg_class.h"
#include "utils/lsyscache.h"

#include "operation/carry.h"
#include "operation/inherit.h"
#include "operation/operation_util.h"
#include "operation/shadow_check.h"
#include "schema/catalog_object.h"
#include "schema/catalog_read.h"

static void check_columns_follow(TableModel *parent, List *members);
static bool is_changed(const TableModel *table, const Generation *stored);
static bool has_from_elsewhere(Oid member, const char *column, List *tree);
static void check_one_trigger(SchemaModel *model, TableModel *parent);
static Oid	first_shared(List *tree, List *other);
static void check_names_differ(const TableModel *table);
static void check_can_follow(SchemaModel *model, TableModel *child);
static void read_members(SchemaModel *model);
static bool not_null_is_own(const TableModel *child, const Generation *stored);
static const Generation *first_leader(const Generation *generation);
static void apply_to_child(TableModel *parent, TableModel *child);
static void follow_column(TableModel *child, ColumnModel *column,
						  const ColumnModel *parents);
static void add_column(TableModel *child, const ColumnModel *parents);
static ColumnModel *column_stored_as(TableModel *table, const char *physical);
static ColumnModel *column_of_lineage(const TableModel *table,
									  const Generation *stored);

void
inherit_check_own_column(const TableModel *table, const ColumnModel *column,
						 const char *path)
{
	const Generation *stored = model_stored_ancestor(column->generation);

	if (!OidIsValid(table->relid) || stored == NULL ||
		!catalog_column_is_inherited(table->relid, get_attname(table->relid, stored->attnum, false)))
		return;
	ereport(ERROR,
			(errcode(ERRCODE_WRONG_OBJECT_TYPE),
			 errmsg("column \"%s\" of table \"%s\" is inherited",
					column->name, table->name),
			 errdetail("At %s.", path),
			 errhint("Change the column of the parent table.")));
}

void
inherit_apply(SchemaModel *model)
{
	ListCell   *lc;
	ListCell   *lc2;

	foreach(lc, model->tables)
	{
		TableModel *parent = lfirst(lc);
		List	   *members;

		if (parent->relkind != RELKIND_RELATION || !OidIsValid(parent->relid) ||
			parent->dropped)
			continue;
		members = operation_other_members(parent->relid);
		if (!model->started && members != NIL)
			check_columns_follow(parent, members);
		if (!model->started && parent->has_edges)
			check_one_trigger(model, parent);
		foreach(lc2, members == NIL ? NIL : model->tables)
		{
			TableModel *child = lfirst(lc2);

			if (OidIsValid(child->relid) && !child->dropped &&
				list_member_oid(members, child->relid))
				apply_to_child(parent, child);
		}
	}
	read_members(model);
	foreach(lc, model->started ? NIL : model->tables)
		check_names_differ(lfirst(lc));
	foreach(lc, model->started ? NIL : model_stored_tables(model))
		check_can_follow(model, lfirst(lc));
}

/* What they have alone on a column that gets a shadow is carried over, too. */
static void
read_members(SchemaModel *model)
{
	ListCell   *lc;
	ListCell   *lc2;

	foreach(lc, model->tables)
	{
		TableModel *parent = lfirst(lc);

		foreach(lc2, carry_has_shadow(parent) ?
				operation_other_members(parent->relid) : NIL)
		{
			TableModel *member;

			if (model_stored_table(model, lfirst_oid(lc2)) != NULL ||
				(member = catalog_read_table(model, lfirst_oid(lc2))) == NULL)
				continue;
			member->schema = get_namespace_name(get_rel_namespace(member->relid));
			model->members = lappend(model->members, member);
			apply_to_child(parent, member);
		}
	}
}

void
inherit_follow_names(SchemaModel *model)
{
	ListCell   *lc;
	ListCell   *lc2;

	foreach(lc, model_stored_tables(model))
	{
		TableModel *table = lfirst(lc);

		foreach(lc2, table->generations)
		{
			Generation *generation = lfirst(lc2);

			if (generation->leader != NULL)
				generation->physical = generation->leader->physical;
		}
	}
}

/*
 * A column that a child has from two tables can be renamed or dropped for
 * neither of them alone: the server refuses it, or the name is not free.
 */
static void
check_columns_follow(TableModel *parent, List *members)
{
	List	   *tree = lcons_oid(parent->relid, list_copy(members));
	ListCell   *lc;
	ListCell   *lc2;

	foreach(lc, parent->generations)
	{
		Generation *stored = lfirst(lc);

		if (stored->attnum == 0 || stored->physical == NULL ||
			catalog_column_is_inherited(parent->relid, stored->physical) ||
			!is_changed(parent, stored))
			continue;
		foreach(lc2, members)
		{
			if (has_from_elsewhere(lfirst_oid(lc2), stored->physical, tree))
				ereport(ERROR,
						(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
						 errmsg("column \"%s\" of table \"%s\" cannot be changed",
								stored->physical, parent->name),
						 errdetail("Its child %s inherits the column from another table, too.",
								   catalog_relation_name(lfirst_oid(lc2))),
						 errhint("Let the child leave one of its parents with ALTER TABLE ... NO INHERIT before the migration.")));
		}
	}
}

/* Is a stored column renamed, dropped, or in another form in the newest version? */
static bool
is_changed(const TableModel *table, const Generation *stored)
{
	const ColumnModel *column = column_of_lineage(table, stored);

	return column == NULL || column->generation != stored ||
		strcmp(column->name, stored->physical) != 0;
}

/* Has a table a column from a parent that is not in the tree? */
static bool
has_from_elsewhere(Oid member, const char *column, List *tree)
{
	int			inherited = catalog_column_parents(member, column);
	ListCell   *lc;

	foreach(lc, catalog_parents(member))
	{
		if (list_member_oid(tree, lfirst_oid(lc)))
			inherited--;
	}
	return inherited > 0;
}

/* A child can have the marker and the trigger of one table only. */
static void
check_one_trigger(SchemaModel *model, TableModel *parent)
{
	List	   *tree = catalog_table_tree(parent->relid);
	ListCell   *lc;

	foreach(lc, tree)
	{
		if (catalog_own_triggers(lfirst_oid(lc)) != NIL)
			ereport(ERROR,
					(errcode(ERRCODE_PGROLL_PROTECTED),
					 errmsg("table \"%s\" cannot be changed: another migration is in progress on %s",
							parent->name, catalog_relation_name(lfirst_oid(lc))),
					 errhint("Complete that migration or roll it back first.")));
	}
	foreach(lc, model->tables)
	{
		TableModel *other = lfirst(lc);
		Oid			shared;

		/* Of a table and its own child plan_start() tells. */
		if (other == parent || !other->has_edges || other->dropped ||
			!OidIsValid(other->relid) || list_member_oid(tree, other->relid))
			continue;
		shared = first_shared(tree, catalog_table_tree(other->relid));
		if (OidIsValid(shared) && shared != parent->relid)
			ereport(ERROR,
					(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
					 errmsg("columns of the tables \"%s\" and \"%s\" cannot be changed in one migration",
							parent->name, other->name),
					 errdetail("%s inherits from both.",
							   catalog_relation_name(shared)),
					 errhint("Change them in two migrations, one after the other.")));
	}
}

static Oid
first_shared(List *tree, List *other)
{
	ListCell   *lc;

	foreach(lc, tree)
	{
		if (list_member_oid(other, lfirst_oid(lc)))
			return lfirst_oid(lc);
	}
	return InvalidOid;
}

/* What a parent's column is to be called may be what a child's own one is. */
static void
check_names_differ(const TableModel *table)
{
	ListCell   *lc;
	ListCell   *lc2;

	foreach(lc, table->columns)
	{
		ColumnModel *column = lfirst(lc);

		foreach(lc2, table->columns)
		{
			if (lfirst(lc2) == column)
				break;
			if (strcmp(((ColumnModel *) lfirst(lc2))->name, column->name) == 0)
				ereport(ERROR,
						(errcode(ERRCODE_DUPLICATE_COLUMN),
						 errmsg("table \"%s\" would have two columns \"%s\"",
								table->name, column->name),
						 errdetail("One of them is inherited, and made or renamed by the migration."),
						 errhint("Choose another name, or rename the table's own column before.")));
		}
	}
}

/* Operations have looked at what depends on the parents' columns only. */
static void
check_can_follow(SchemaModel *model, TableModel *child)
{
	ListCell   *lc;

	foreach(lc, child->columns)
	{
		ColumnModel *column = lfirst(lc);
		Generation *generation = column->generation;

		char	   *path = psprintf("operations[%d]", generation->operation - 1);

		if (generation->leader == NULL ||
			model_stored_ancestor(generation) == generation)
			continue;
		shadow_check_possible(model, child, column, path);
		if (!generation->sets_default)
			shadow_check_default_fits(model, child, generation, path);
	}
}

static void
apply_to_child(TableModel *parent, TableModel *child)
{
	ListCell   *lc;

	/* Generations that were stored before: kept, changed or dropped. */
	foreach(lc, parent->generations)
	{
		Generation *stored = lfirst(lc);
		ColumnModel *column;
		ColumnModel *parents;

		if (stored->attnum == 0 || stored->physical == NULL)
			continue;
		column = column_stored_as(child, stored->physical);
		if (column == NULL)
			continue;
		parents = column_of_lineage(parent, stored);
		if (parents != NULL)
			follow_column(child, column, parents);
		else if (!catalog_column_is_local(child->relid, stored->physical))
			model_remove_column(child, column, stored->dropped_by);
	}
	foreach(lc, parent->columns)
	{
		ColumnModel *column = lfirst(lc);

		if (model_stored_ancestor(column->generation) == NULL)
			add_column(child, column);
	}
}

static void
follow_column(TableModel *child, ColumnModel *column, const ColumnModel *parents)
{
	Generation *old = column->generation;
	Generation *leader = parents->generation;
	Generation *generation;
	bool		has_edges = child->has_edges;

	column->name = parents->name;
	old->name = parents->name;
	old->leader = NULL;
	if (leader->sets_default)
	{
		old->default_text = leader->default_text;
		old->sets_default = true;
	}
	if (model_stored_ancestor(leader) == leader)
	{
		old->leader = leader;
		return;
	}
	generation = model_replace_generation(child, column, leader->operation);
	generation->type = leader->type;
	generation->typmod = leader->typmod;
	generation->collation = leader->collation;
	generation->not_null = leader->not_null || not_null_is_own(child, old);
	generation->physical = leader->physical;
	generation->shadow = leader->shadow;
	generation->leader = leader;
	child->has_edges = has_edges;	/* those of this column are the parent's */
}

/* Is the stored column NOT NULL, and in none of the parents? */
static bool
not_null_is_own(const TableModel *child, const Generation *stored)
{
	ListCell   *lc;

	foreach(lc, stored->not_null ? catalog_parents(child->relid) : NIL)
	{
		if (catalog_column_is_not_null(lfirst_oid(lc), stored->physical))
			return false;
	}
	return stored->not_null;
}

static void
add_column(TableModel *child, const ColumnModel *parents)
{
	Generation *generation;
	ColumnModel *column;

	column = model_find_column(child, parents->name);
	if (column != NULL && (first_leader(column->generation) ==
						   first_leader(parents->generation)))
		return;					/* by another way */
	generation = model_add_generation(child, parents->name,
									  parents->generation->operation);
	generation->type = parents->generation->type;
	generation->typmod = parents->generation->typmod;
	generation->collation = parents->generation->collation;
	generation->not_null = parents->generation->not_null;
	generation->default_text = parents->generation->default_text;
	generation->sets_default = parents->generation->sets_default;
	generation->stored_default = parents->generation->stored_default;
	generation->physical = parents->generation->physical;
	generation->shadow = parents->generation->shadow;
	generation->leader = parents->generation;
	column = palloc0(sizeof(ColumnModel));
	column->name = parents->name;
	column->generation = generation;
	child->columns = lappend(child->columns, column);
}

/* The column that is stored under a name, and that nothing else changed. */
static ColumnModel *
column_stored_as(TableModel *table, const char *physical)
{
	ListCell   *lc;

	foreach(lc, table->columns)
	{
		ColumnModel *column = lfirst(lc);

		if (column->generation->attnum != 0 &&
			strcmp(column->generation->physical, physical) == 0)
			return column;
	}
	return NULL;
}

/* The column that shows what became of a stored one; NULL: it was dropped. */
static ColumnModel *
column_of_lineage(const TableModel *table, const Generation *stored)
{
	ListCell   *lc;

	foreach(lc, table->columns)
	{
		ColumnModel *column = lfirst(lc);

		if (model_stored_ancestor(column->generation) == stored)
			return column;
	}
	return NULL;
}

/* The generation of the topmost parent, which all others are called as. */
static const Generation *
first_leader(const Generation *generation)
{
	while (generation->leader != NULL)
		generation = generation->leader;
	return generation;
}
