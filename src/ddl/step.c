/*-------------------------------------------------------------------------
 *
 * step.c
 *		A plan: the steps that a phase consists of, as data.
 *-------------------------------------------------------------------------
 */
#include "pgroll.h"

#include "utils/builtins.h"

#include "ddl/step.h"

static bool mark_ahead(const MigrationPlan *plan, Phase phase);
static List *locked_by_others(const MigrationPlan *plan, Phase phase);
static bool is_among(const List *sorted, Oid wanted);
static List *move_ahead(List *steps, Phase phase);

MigrationPlan *
plan_create(const char *base_schema)
{
	MigrationPlan *plan = palloc(sizeof(MigrationPlan));

	plan->base_schema = pstrdup(base_schema);
	plan->steps = NIL;
	return plan;
}

void
plan_put_ahead(MigrationPlan *plan, Phase phase)
{
	if (mark_ahead(plan, phase))
		plan->steps = move_ahead(plan->steps, phase);
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

void
plan_comment(MigrationPlan *plan, Phase phase, int operation, Oid relation,
			 const char *relation_name, const char *object, const char *comment)
{
	plan_step(plan, (Step) {
		.phase = phase,
		.operation = operation,
		.command = psprintf("COMMENT ON %s IS %s", object,
							comment == NULL ? "NULL" : quote_literal_cstr(comment)),
		.lock = ShareUpdateExclusiveLock,
		.relation = relation,
		.relation_name = pstrdup(relation_name),
	});
}

void
plan_validate(MigrationPlan *plan, int operation, Oid relation,
			  const char *relation_name, const char *constraint)
{
	plan_step(plan, (Step) {
		.phase = PHASE_BACKGROUND,
		.operation = operation,
		.command = step_validate_sql(relation_name, constraint),
		.lock = ShareUpdateExclusiveLock,
		.relation = relation,
		.relation_name = pstrdup(relation_name),
		.task = TASK_VALIDATE,
		.task_object = pstrdup(constraint),
	});
}

void
plan_index_build(MigrationPlan *plan, int operation, Oid relation,
				 const char *relation_name, const char *index, char *command)
{
	plan_step(plan, (Step) {
		.phase = PHASE_BACKGROUND,
		.operation = operation,
		.command = command,
		.lock = ShareUpdateExclusiveLock,
		.relation = relation,
		.relation_name = pstrdup(relation_name),
		.task = TASK_INDEX,
		.task_object = pstrdup(index),
	});
}

char *
step_validate_sql(const char *relation_name, const char *constraint)
{
	return psprintf("ALTER TABLE %s VALIDATE CONSTRAINT %s", relation_name,
					quote_identifier(constraint));
}

/* Only what the text itself is wrong in: names, types, what is not possible. */
void
step_explain_carried(ErrorData *error, const char *what)
{
	if (ERRCODE_TO_CATEGORY(error->sqlerrcode) != ERRCODE_SYNTAX_ERROR_OR_ACCESS_RULE_VIOLATION &&
		ERRCODE_TO_CATEGORY(error->sqlerrcode) != ERRCODE_FEATURE_NOT_SUPPORTED)
		return;
	if (error->sqlerrcode == ERRCODE_INSUFFICIENT_PRIVILEGE)
		return;
	error->sqlerrcode = ERRCODE_FEATURE_NOT_SUPPORTED;
	error->detail = psprintf("It does not fit the new form of its column: %s.",
							 error->message);
	error->internalpos = 0;		/* the context has the statement */
	error->internalquery = NULL;
	error->message = psprintf("%s cannot be carried over", what);
	error->hint = pstrdup("Drop it and make it again after the migration, or give the migration up.");
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

/* Are there any?  With the views goes the schema that they are in. */
static bool
mark_ahead(const MigrationPlan *plan, Phase phase)
{
	List	   *locked = locked_by_others(plan, phase);
	bool		any = false;
	ListCell   *lc;

	foreach(lc, locked == NIL ? NIL : plan->steps)
	{
		Step	   *step = lfirst(lc);

		if (step->phase != phase || !OidIsValid(step->view_of))
			continue;
		step->ahead = !is_among(locked, step->view_of);
		any |= step->ahead;
	}
	foreach(lc, any ? plan->steps : NIL)
	{
		Step	   *step = lfirst(lc);

		if (step->phase == phase && step->undo != NULL && !OidIsValid(step->view_of))
			step->ahead = true;
	}
	return any;
}

/* For such a relation applications wait until the phase ends.  In order of OID. */
static List *
locked_by_others(const MigrationPlan *plan, Phase phase)
{
	List	   *locked = NIL;
	ListCell   *lc;

	foreach(lc, plan->steps)
	{
		Step	   *step = lfirst(lc);

		/* What a step makes nobody waits for. */
		if (step->phase == phase && !OidIsValid(step->view_of) &&
			step->lock >= ShareLock && OidIsValid(step->relation))
			locked = list_concat(lappend_oid(locked, step->relation), step->also);
	}
	list_sort(locked, list_oid_cmp);
	list_deduplicate_oid(locked);
	return locked;
}

static bool
is_among(const List *sorted, Oid wanted)
{
	ListCell	key = {.oid_value = wanted};

	return bsearch(&key, sorted->elements, list_length(sorted), sizeof(ListCell),
				   (int (*) (const void *, const void *)) list_oid_cmp) != NULL;
}

static List *
move_ahead(List *steps, Phase phase)
{
	List	   *before = NIL;
	List	   *ahead = NIL;
	List	   *rest = NIL;
	bool		seen = false;
	ListCell   *lc;

	foreach(lc, steps)
	{
		Step	   *step = lfirst(lc);

		seen |= step->phase == phase;
		if (step->phase == phase && step->ahead)
			ahead = lappend(ahead, step);
		else if (seen)
			rest = lappend(rest, step);
		else
			before = lappend(before, step);
	}
	return list_concat(list_concat(before, ahead), rest);
}
