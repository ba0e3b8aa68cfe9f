/*-------------------------------------------------------------------------
 *
 * index_copy.c
 *		What has been built for an index whose columns have shadows.
 *-------------------------------------------------------------------------
 */
#include "pgroll.h"

#include "access/genam.h"
#include "nodes/parsenodes.h"
#include "nodes/value.h"
#include "utils/builtins.h"
#include "utils/rel.h"
#include "utils/relcache.h"

#include "operation/index_copy.h"
#include "schema/catalog_object.h"

static bool is_copy(Relation index, Relation copy, const AttrMap *map);
static List *names_of(List *options);
static void alter(Oid copy, char *qualified, char *action, MigrationPlan *plan);

void
index_copy_check(Oid index, Oid copy, const AttrMap *map, const char *label)
{
	Relation	rel = index_open(index, AccessShareLock);
	Relation	copy_rel = index_open(copy, AccessShareLock);
	char	   *name = pstrdup(RelationGetRelationName(rel));
	bool		fits = is_copy(rel, copy_rel, map);

	index_close(copy_rel, AccessShareLock);
	index_close(rel, AccessShareLock);
	if (!fits)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("index \"%s\" on table \"%s\" is not carried over", name, label),
				 errdetail("What stands for it was built for another index that had its name."),
				 errhint("Drop the index, or roll the migration back.")));
}

/* Their types, and so their operator classes, differ. */
static bool
is_copy(Relation index, Relation copy, const AttrMap *map)
{
	Form_pg_index form = index->rd_index;
	Form_pg_index copy_form = copy->rd_index;

	if (index->rd_rel->relam != copy->rd_rel->relam ||
		form->indisunique != copy_form->indisunique ||
		form->indnatts != copy_form->indnatts ||
		form->indnkeyatts != copy_form->indnkeyatts ||
		(RelationGetIndexPredicate(index) == NIL) != (RelationGetIndexPredicate(copy) == NIL))
		return false;
	for (int i = 0; i < form->indnatts; i++)
	{
		AttrNumber	attnum = form->indkey.values[i];

		if (copy_form->indkey.values[i] !=
			(attnum > 0 ? map->attnums[attnum - 1] : attnum))
			return false;
	}
	return true;
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
