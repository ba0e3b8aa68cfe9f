/*-------------------------------------------------------------------------
 *
 * index_copy.c
 *		What has been built for an index whose columns have shadows.
 *-------------------------------------------------------------------------
 */
#include "pgroll.h"

#include "access/table.h"
#include "catalog/index.h"
#include "nodes/makefuncs.h"
#include "nodes/value.h"
#include "parser/parse_utilcmd.h"
#include "parser/parser.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "operation/carry_index.h"
#include "operation/index_copy.h"
#include "schema/catalog_object.h"

static bool is_copy(const IndexFacts *index, const IndexFacts *copy, const AttrMap *map);
static bool reads_alike(const IndexFacts *index, const IndexFacts *copy,
						const AttrMap *map);
static bool computes_alike(const IndexFacts *index, const IndexFacts *copy,
						   const AttrMap *map);
static List *names_of_copies(Oid relid, const AttrMap *map);
static Node *expression_of(const IndexElem *element);
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
				 errdetail("What stands for it was built for another definition: an index, a function or a value that it names has been renamed."),
				 errhint("Drop the index and create it again, or roll the migration back.")));
}

/* Their types, and so their operator classes, differ. */
static bool
is_copy(const IndexFacts *index, const IndexFacts *copy, const AttrMap *map)
{
	return index->method_oid == copy->method_oid &&
		index->unique == copy->unique &&
		index->nulls_not_distinct == copy->nulls_not_distinct &&
		reads_alike(index, copy, map) &&
		computes_alike(index, copy, map);
}

/* The same columns, in the same order? */
static bool
reads_alike(const IndexFacts *index, const IndexFacts *copy, const AttrMap *map)
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

		if (other->attnum != (one->attnum > 0 ? map->attnums[one->attnum - 1] : one->attnum) ||
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
computes_alike(const IndexFacts *index, const IndexFacts *copy, const AttrMap *map)
{
	Oid			relid = IndexGetRelation(copy->oid, false);
	List	   *wanted = NIL;
	List	   *present = NIL;
	Relation	rel;
	IndexStmt  *stmt;
	char	   *sql;
	ListCell   *lc;

	foreach(lc, copy->columns)
	{
		if (((IndexColumn *) lfirst(lc))->expr != NULL)
			present = lappend(present, ((IndexColumn *) lfirst(lc))->expr);
	}
	if (present == NIL && index->predicate == NULL && copy->predicate == NULL)
		return true;

	sql = carry_index_sql(index, relid, names_of_copies(relid, map), copy->name,
						  catalog_relation_name(relid));
	stmt = castNode(IndexStmt, linitial_node(RawStmt, raw_parser(sql, RAW_PARSE_DEFAULT))->stmt);
	rel = table_open(relid, AccessShareLock);
	stmt = transformIndexStmt(relid, stmt, sql);
	table_close(rel, AccessShareLock);
	foreach(lc, stmt->indexParams)
	{
		const IndexElem *element = lfirst(lc);

		if (element->expr != NULL)
			wanted = lappend(wanted, expression_of(element));
	}
	return equal(wanted, present) &&
		equal(stmt->whereClause, copy->predicate);
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

/* As the server stores it: a collation is the index's. */
static Node *
expression_of(const IndexElem *element)
{
	Node	   *expr = element->expr;

	while (IsA(expr, CollateExpr))
		expr = (Node *) ((CollateExpr *) expr)->arg;
	return expr;
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
