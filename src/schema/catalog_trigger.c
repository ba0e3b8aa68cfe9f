/*-------------------------------------------------------------------------
 *
 * catalog_trigger.c
 *		The user's triggers on a table or view, as values.
 *-------------------------------------------------------------------------
 */
#include "pgroll.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/relation.h"
#include "access/sysattr.h"
#include "access/table.h"
#include "catalog/indexing.h"
#include "catalog/pg_constraint.h"
#include "catalog/pg_trigger.h"
#include "commands/comment.h"
#include "commands/trigger.h"
#include "optimizer/optimizer.h"
#include "utils/fmgroids.h"
#include "utils/rel.h"

#include "schema/catalog_depend.h"
#include "schema/catalog_trigger.h"
#include "schema/names.h"

static TriggerFacts *read_trigger(const Trigger *trigger);

List *
catalog_triggers(Oid relid)
{
	Relation	rel = relation_open(relid, AccessShareLock);
	TriggerDesc *triggers = CopyTriggerDesc(rel->trigdesc); /* it may go with an
															 * invalidation */
	List	   *found = NIL;

	for (int i = 0; triggers != NULL && i < triggers->numtriggers; i++)
	{
		Trigger    *trigger = &triggers->triggers[i];

		if (!trigger->tgisinternal && !name_is_dual_write_trigger(trigger->tgname))
			found = lappend(found, read_trigger(trigger));
	}
	relation_close(rel, AccessShareLock);
	return found;
}

Oid
catalog_trigger_table(Oid trigger)
{
	Relation	rel = table_open(TriggerRelationId, AccessShareLock);
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;
	Oid			table = InvalidOid;

	ScanKeyInit(&key, Anum_pg_trigger_oid, BTEqualStrategyNumber, F_OIDEQ,
				ObjectIdGetDatum(trigger));
	scan = systable_beginscan(rel, TriggerOidIndexId, true, NULL, 1, &key);
	tuple = systable_getnext(scan);
	if (HeapTupleIsValid(tuple))
		table = ((Form_pg_trigger) GETSTRUCT(tuple))->tgrelid;
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
	return table;
}

static TriggerFacts *
read_trigger(const Trigger *trigger)
{
	TriggerFacts *facts = palloc0(sizeof(TriggerFacts));

	facts->oid = trigger->tgoid;
	facts->name = pstrdup(trigger->tgname);
	facts->function = trigger->tgfoid;
	facts->type = trigger->tgtype;
	facts->enabled = trigger->tgenabled;
	facts->is_constraint = OidIsValid(trigger->tgconstraint);
	facts->references = trigger->tgconstrrelid;
	facts->deferrable = trigger->tgdeferrable;
	facts->initially_deferred = trigger->tginitdeferred;
	facts->is_clone = trigger->tgisclone;
	for (int i = 0; i < trigger->tgnattr; i++)
		facts->of_columns = lappend_int(facts->of_columns, trigger->tgattr[i]);
	for (int i = 0; i < trigger->tgnargs; i++)
		facts->arguments = lappend(facts->arguments, pstrdup(trigger->tgargs[i]));
	if (trigger->tgoldtable != NULL)
		facts->old_table = pstrdup(trigger->tgoldtable);
	if (trigger->tgnewtable != NULL)
		facts->new_table = pstrdup(trigger->tgnewtable);
	facts->comment = GetComment(trigger->tgoid, TriggerRelationId, 0);
	if (facts->is_constraint)
		facts->constraint_comment = GetComment(trigger->tgconstraint,
											   ConstraintRelationId, 0);
	facts->extensions = catalog_extensions(TriggerRelationId, trigger->tgoid);
	if (trigger->tgqual != NULL)
	{
		Bitmapset  *offset = NULL;
		int			number = -1;

		facts->condition = stringToNode(trigger->tgqual);
		pull_varattnos(facts->condition, 1, &offset);
		pull_varattnos(facts->condition, 2, &offset);
		while ((number = bms_next_member(offset, number)) >= 0)
		{
			if (number + FirstLowInvalidHeapAttributeNumber > 0)
				facts->condition_columns =
					bms_add_member(facts->condition_columns,
								   number + FirstLowInvalidHeapAttributeNumber);
		}
	}
	return facts;
}
