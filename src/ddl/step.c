/*-------------------------------------------------------------------------
 *
 * step.c
 *		A plan: the steps that a phase consists of, as data.
 *-------------------------------------------------------------------------
 */
#include "pgroll.h"

#include "ddl/step.h"

MigrationPlan *
plan_create(const char *base_schema)
{
	MigrationPlan *plan = palloc(sizeof(MigrationPlan));

	plan->base_schema = pstrdup(base_schema);
	plan->steps = NIL;
	return plan;
}

void
plan_step(MigrationPlan *plan, Step step)
{
	Step	   *copy = palloc(sizeof(Step));

	*copy = step;
	copy->number = list_length(plan->steps) + 1;
	plan->steps = lappend(plan->steps, copy);
}

void
plan_lock(MigrationPlan *plan, Phase phase, Oid relation, LOCKMODE mode,
		  const char *relation_name)
{
	ListCell   *lc;

	foreach(lc, plan->steps)
	{
		Step	   *step = lfirst(lc);

		if (step->command == NULL && step->phase == phase &&
			step->relation == relation && step->lock == mode)
			return;
	}
	plan_step(plan, (Step) {
		.phase = phase,
		.lock = mode,
		.relation = relation,
		.relation_name = pstrdup(relation_name),
	});
}

const char *
phase_name(Phase phase)
{
	switch (phase)
	{
		case PHASE_START:
			return "start";
		case PHASE_BACKGROUND:
			return "background";
		case PHASE_COMPLETE:
			return "complete";
		case PHASE_ROLLBACK:
			return "rollback";
	}
	elog(ERROR, "unrecognized phase: %d", (int) phase);
	return NULL;				/* keep compiler quiet */
}
