/*-------------------------------------------------------------------------
 *
 * index_copy.c
 *		What has been built for an index whose columns have shadows.
 *-------------------------------------------------------------------------
 */
#include "pgroll.h"

#include "access/table.h"
#include "catalog/index.h"
#include "nodes/value.h"
#include "parser/parse_utilcmd.h"
#include "parser/parser.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"

#include "operation/carry_index.h"
#include "operation/index_copy.h"
#include "schema/catalog_object.h"
#include "support/guc.h"

static bool is_copy(const IndexFacts *index, const IndexFacts *copy, const AttrMap *map);
static bool same_columns(const IndexFacts *index, const IndexFacts *copy,
						const AttrMap *map);
static bool same_expressions(const IndexFacts *index, const IndexFacts *copy,
						   const AttrMap *map);
static IndexStmt *read_definition(const IndexFacts *index, Oid relid, const AttrMap *map);
static bool is_alike(const IndexElem *wanted, const IndexColumn *column);
static List *names_of_copies(Oid relid, const AttrMap *map);
static List *names_of(List *options);
static void alter(Oid copy, char *qualified, char *action, MigrationPlan *plan);

void
index_copy_check(const IndexFacts *index, Oid copy, const AttrMap *map, const char *label)
{
	if (!is_copy(index, catalog_index(copy), map))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("index \"%s\" on table \"%s\" is not carried over",
						get_rel_name(index->oid), label),
				 errdetail("What stands for it was built for another definition."),
				 errhint("Drop the index and create it again, or roll the migration back.")));
}

/* Their types, and so their operator classes, differ. */
static bool
is_copy(const IndexFacts *index, const IndexFacts *copy, const AttrMap *map)
{
	return index->method_oid == copy->method_oid &&
		index->unique == copy->unique &&
		index->nulls_not_distinct == copy->nulls_not_distinct &&
		same_columns(index, copy, map) &&
		same_expressions(index, copy, map);
}

/* In the same order; a new form may have another operator class and collation. */
static bool
same_columns(const IndexFacts *index, const IndexFacts *copy, const AttrMap *map)
{
	List	   *columns = list_concat_copy(index->columns, index->included);
	List	   *present = list_concat_copy(copy->columns, copy->included);
	ListCell   *lc;
	ListCell   *lc2;

	if (list_length(index->columns) != list_length(copy->columns) ||
		list_length(columns) != list_length(present))
		return false;
	forboth(lc, columns, lc2, present)
	{
		const IndexColumn *one = lfirst(lc);
		const IndexColumn *other = lfirst(lc2);

		/* What it computes may be a plain column of the copy's. */
		if ((one->attnum > 0 && other->attnum != map->attnums[one->attnum - 1]) ||
			(one->attnum > 0 && other->attnum == one->attnum &&
			 (other->opclass != one->opclass || other->collation != one->collation)) ||
			other->descending != one->descending ||
			other->nulls_first != one->nulls_first)
			return false;
	}
	return true;
}

/*
 * The same expressions and predicate?  What the index's are on the copy's columns, the
 * server says: a text names functions, and somebody may have renamed one.
 */
static bool
same_expressions(const IndexFacts *index, const IndexFacts *copy, const AttrMap *map)
{
	IndexStmt  *wanted;
	bool		computes = index->predicate != NULL || copy->predicate != NULL;
	ListCell   *lc;
	ListCell   *lc2;

	foreach(lc, index->columns)
		computes |= ((IndexColumn *) lfirst(lc))->expr != NULL;
	if (!computes)
		return true;
	wanted = read_definition(index, IndexGetRelation(copy->oid, false), map);
	forboth(lc, wanted->indexParams, lc2, copy->columns)
	{
		if (!is_alike(lfirst(lc), lfirst(lc2)))
			return false;
	}
	return equal(wanted->whereClause, copy->predicate);
}

/* Under the path under which its copies are built. */
static IndexStmt *
read_definition(const IndexFacts *index, Oid relid, const AttrMap *map)
{
	int			guc_level = NewGUCNestLevel();
	char	   *sql = carry_index_sql(index, relid, names_of_copies(relid, map), "copy",
									  catalog_relation_name(relid));
	RawStmt    *raw = linitial_node(RawStmt, raw_parser(sql, RAW_PARSE_DEFAULT));
	Relation	rel = table_open(relid, AccessShareLock);
	IndexStmt  *stmt;

	guc_set_local("search_path", PGROLL_SEARCH_PATH);
	stmt = transformIndexStmt(relid, castNode(IndexStmt, raw->stmt), sql);
	AtEOXact_GUC(false, guc_level);
	table_close(rel, AccessShareLock);
	return stmt;
}

/* As the server stores it: a collation is the index's, and a column is no expression. */
static bool
is_alike(const IndexElem *wanted, const IndexColumn *column)
{
	Node	   *expr = wanted->expr;

	while (expr != NULL && IsA(expr, CollateExpr))
		expr = (Node *) ((CollateExpr *) expr)->arg;
	if (expr != NULL && IsA(expr, Var) && ((Var *) expr)->varattno != InvalidAttrNumber)
		return column->attnum == ((Var *) expr)->varattno;
	return equal(expr, column->expr);
}

/* char *, by attribute number of the table */
static List *
names_of_copies(Oid relid, const AttrMap *map)
{
	List	   *names = NIL;

	for (int i = 0; i < map->maplen; i++)
		names = lappend(names, map->attnums[i] == InvalidAttrNumber ? pstrdup("") :
						get_attname(relid, map->attnums[i], false));
	return names;
}

void
index_copy_options(Oid index, Oid copy, char *qualified, MigrationPlan *plan)
{
	List	   *wanted = catalog_index_options(index);
	List	   *present = catalog_index_options(copy);
	ListCell   *lc;

	foreach(lc, list_difference(names_of(present), names_of(wanted)))
		alter(copy, qualified, psprintf("RESET (%s)", quote_identifier(strVal(lfirst(lc)))),
			  plan);
	foreach(lc, list_difference(wanted, present))
	{
		const DefElem *option = lfirst(lc);

		alter(copy, qualified, psprintf("SET (%s = %s)", quote_identifier(option->defname),
										quote_literal_cstr(strVal(option->arg))), plan);
	}
}

/* String * */
static List *
names_of(List *options)
{
	List	   *names = NIL;
	ListCell   *lc;

	foreach(lc, options)
		names = lappend(names, makeString(((DefElem *) lfirst(lc))->defname));
	return names;
}

static void
alter(Oid copy, char *qualified, char *action, MigrationPlan *plan)
{
	plan_step(plan, (Step) {
		.phase = PHASE_COMPLETE,
		.command = psprintf("ALTER INDEX %s %s", qualified, action),
		.lock = ShareUpdateExclusiveLock,
		.relation = copy,
		.relation_name = qualified,
	});
}
