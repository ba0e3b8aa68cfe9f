/*-------------------------------------------------------------------------
 *
 * edge_build.c
 *		TableModel -> the edges of a migration on a table.
 *
 * Operations leave expressions over generations.  A column that several
 * operations change has generations that nobody stores; a half that reads one
 * has that one's expression put in its place, up to the stored ones.  So ups
 * compose in order, downs in reverse order.
 *-------------------------------------------------------------------------
 */
#include "pgroll.h"

#include "catalog/pg_attribute.h"
#include "nodes/bitmapset.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "nodes/primnodes.h"

#include "schema/names.h"
#include "versioning/edge_build.h"
#include "versioning/expression.h"

/* Which way expressions are put in the place of generations. */
typedef struct ComposeContext
{
	const TableModel *table;
	bool		upwards;
} ComposeContext;

static Edge *edge_of_lineage(const TableModel *table, Generation *newest);
static Edge *edge_of_dropped(const TableModel *table, Generation *dropped);
static EdgeHalf *half_create(const TableModel *table, const Generation *target,
							 Node *expr, bool upwards);
static Node *compose(Node *node, void *context);
static Node *generation_value(Generation *generation, bool upwards);
static Node *renumber(Node *node, void *context);
static bool half_reads_shared(const TableModel *table, const EdgeHalf *half);

EdgeMigration *
edge_build(const SchemaModel *model, const TableModel *table,
		   const char *migration, const char *version_schema)
{
	EdgeMigration *result = palloc0(sizeof(EdgeMigration));
	ListCell   *lc;

	foreach(lc, table->generations)
	{
		Generation *generation = lfirst(lc);
		Edge	   *edge;

		if (generation->current)
			edge = edge_of_lineage(table, generation);
		else
			edge = edge_of_dropped(table, generation);
		if (edge != NULL)
			result->edges = lappend(result->edges, edge);
	}
	if (result->edges == NIL)
		return NULL;
	result->base_schema = model->base_schema;
	result->name = pstrdup(migration);
	result->version_schema = pstrdup(version_schema);
	result->marker = name_marker(model->migration);
	return result;
}

bool
edge_migration_has_up(const EdgeMigration *migration)
{
	ListCell   *lc;

	foreach(lc, migration->edges)
	{
		if (((Edge *) lfirst(lc))->up != NULL)
			return true;
	}
	return false;
}

bool
edge_reads_shared_column(const TableModel *table, const EdgeMigration *migration)
{
	ListCell   *lc;

	foreach(lc, migration->edges)
	{
		Edge	   *edge = lfirst(lc);

		if (half_reads_shared(table, edge->up) || half_reads_shared(table, edge->down))
			return true;
	}
	return false;
}

/* The edge of a column that the newest version shows from a place of its own. */
static Edge *
edge_of_lineage(const TableModel *table, Generation *newest)
{
	Generation *stored = model_stored_ancestor(newest);
	Edge	   *edge;

	if (newest->attnum != 0 ||
		(stored != NULL && stored->physical != NULL && newest->physical != NULL &&
		 strcmp(stored->physical, newest->physical) == 0))
		return NULL;
	edge = palloc0(sizeof(Edge));
	if (newest->up != NULL)
		edge->up = half_create(table, newest, newest->up, true);
	if (stored != NULL)
		edge->down = half_create(table, stored,
								 generation_value(stored, false), false);
	if (edge->up != NULL)
	{
		edge->up->numbered = newest->identity != '\0';
		edge->up->always = newest->identity == ATTRIBUTE_IDENTITY_ALWAYS;
	}
	return (edge->up == NULL && edge->down == NULL) ? NULL : edge;
}

/* The edge of a column that the newest version no longer shows. */
static Edge *
edge_of_dropped(const TableModel *table, Generation *dropped)
{
	Edge	   *edge;
	ListCell   *lc;

	if (dropped->attnum == 0 || dropped->down == NULL)
		return NULL;
	/* One that was replaced has its down half in the newest one's edge. */
	foreach(lc, table->generations)
	{
		Generation *other = lfirst(lc);

		if (other->current && model_stored_ancestor(other) == dropped)
			return NULL;
	}
	edge = palloc0(sizeof(Edge));
	edge->down = half_create(table, dropped,
							 generation_value(dropped, false), false);
	return edge;
}

static EdgeHalf *
half_create(const TableModel *table, const Generation *target, Node *expr,
			bool upwards)
{
	EdgeHalf   *half = palloc0(sizeof(EdgeHalf));
	ComposeContext context;
	Bitmapset  *inputs;
	List	   *numbers = NIL;
	int			number = -1;

	context.table = table;
	context.upwards = upwards;
	expr = compose(copyObject(expr), &context);

	inputs = expression_inputs(expr);
	while ((number = bms_next_member(inputs, number)) >= 0)
	{
		numbers = lappend_int(numbers, number);
		half->inputs = lappend(half->inputs,
							   model_generation(table, number)->physical);
	}
	half->column = target->physical;
	half->logical = target->name;
	half->expression = expression_deparse(renumber(expr, numbers));
	half->not_null = upwards && target->not_null;
	return half;
}

/* Put expressions in the place of generations that the half can't read. */
static Node *
compose(Node *node, void *context)
{
	ComposeContext *compose_context = context;

	if (node == NULL)
		return NULL;
	if (IsA(node, Param) && ((Param *) node)->paramkind == PARAM_EXTERN)
	{
		Generation *generation = model_generation(compose_context->table,
												  ((Param *) node)->paramid);
		Node	   *value = generation_value(generation,
											 compose_context->upwards);

		if (value == NULL)
			return node;
		return compose(expression_cast(copyObject(value), generation), context);
	}
	if (IsA(node, Query))
		return (Node *) query_tree_mutator((Query *) node, compose, context, 0);
	return expression_tree_mutator(node, compose, context);
}

/*
 * The expression that stands for a generation, NULL where a half of this
 * direction reads it as it is stored.
 */
static Node *
generation_value(Generation *generation, bool upwards)
{
	if (upwards)
	{
		if (generation->attnum != 0)
			return NULL;
		if (generation->up != NULL)
			return generation->up;
		if (generation->stored_default != NULL)
			return generation->stored_default;
		return expression_null(generation);
	}
	if (generation->current)
		return NULL;
	if (generation->down != NULL)
		return generation->down;
	/* Dropped without a down: what is stored stays. */
	return generation->attnum != 0 ? NULL : expression_null(generation);
}

/* Parameter numbers become places in the list of inputs. */
static Node *
renumber(Node *node, void *context)
{
	List	   *numbers = context;

	if (node == NULL)
		return NULL;
	if (IsA(node, Param) && ((Param *) node)->paramkind == PARAM_EXTERN)
	{
		Param	   *param = copyObject((Param *) node);
		ListCell   *lc;
		int			place = 1;

		foreach(lc, numbers)
		{
			if (lfirst_int(lc) == param->paramid)
				break;
			place++;
		}
		param->paramid = place;
		return (Node *) param;
	}
	if (IsA(node, Query))
		return (Node *) query_tree_mutator((Query *) node, renumber, context, 0);
	return expression_tree_mutator(node, renumber, context);
}

static bool
half_reads_shared(const TableModel *table, const EdgeHalf *half)
{
	ListCell   *lc;
	ListCell   *input;

	if (half == NULL)
		return false;
	foreach(input, half->inputs)
	{
		foreach(lc, table->columns)
		{
			Generation *generation = ((ColumnModel *) lfirst(lc))->generation;

			if (generation->physical != NULL &&
				model_stored_ancestor(generation) != NULL &&
				strcmp(generation->physical, lfirst(input)) == 0 &&
				strcmp(model_stored_ancestor(generation)->physical, generation->physical) == 0)
				return true;
		}
	}
	return false;
}
