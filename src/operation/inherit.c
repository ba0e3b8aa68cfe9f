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

#include "operation/inherit.h"
#include "operation/operation_util.h"
#include "schema/catalog_read.h"

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
		foreach(lc2, members == NIL ? NIL : model->tables)
		{
			TableModel *child = lfirst(lc2);

			if (OidIsValid(child->relid) && !child->dropped &&
				list_member_oid(members, child->relid))
				apply_to_child(parent, child);
		}
	}
}

void
inherit_follow_names(SchemaModel *model)
{
	ListCell   *lc;
	ListCell   *lc2;

	foreach(lc, model->tables)
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
			model_remove_column(child, column);
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
	if (model_stored_ancestor(leader) == leader)
	{
		old->leader = leader;
		return;
	}
	generation = model_replace_generation(child, column, leader->operation);
	generation->type = leader->type;
	generation->typmod = leader->typmod;
	generation->collation = leader->collation;
	generation->not_null = leader->not_null;
	generation->physical = leader->physical;
	generation->leader = leader;
	child->has_edges = has_edges;	/* those of this column are the parent's */
}

static void
add_column(TableModel *child, const ColumnModel *parents)
{
	Generation *generation;
	ColumnModel *column;

	if (model_find_column(child, parents->name) != NULL)
		return;
	generation = model_add_generation(child, parents->name,
									  parents->generation->operation);
	generation->type = parents->generation->type;
	generation->typmod = parents->generation->typmod;
	generation->collation = parents->generation->collation;
	generation->not_null = parents->generation->not_null;
	generation->default_text = parents->generation->default_text;
	generation->stored_default = parents->generation->stored_default;
	generation->physical = parents->generation->physical;
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
