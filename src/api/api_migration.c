/*-------------------------------------------------------------------------
 *
 * api_migration.c
 *		What users call to start, complete and roll back migrations.
 *-------------------------------------------------------------------------
 */
#include "pgroll.h"

#include "catalog/pg_class.h"
#include "fmgr.h"
#include "executor/spi.h"
#include "funcapi.h"
#include "storage/lock.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/tuplestore.h"

#include "api/api_tasks.h"
#include "migration/lifecycle.h"
#include "schema/catalog_object.h"

PG_FUNCTION_INFO_V1(pgroll_start_migration);
PG_FUNCTION_INFO_V1(pgroll_complete_migration);
PG_FUNCTION_INFO_V1(pgroll_rollback_migration);
PG_FUNCTION_INFO_V1(pgroll_baseline);
PG_FUNCTION_INFO_V1(pgroll_migrate);
PG_FUNCTION_INFO_V1(pgroll_validate_migration);
PG_FUNCTION_INFO_V1(pgroll_plan_migration);

static void put_other_locks(ReturnSetInfo *result, const MigrationPlan *plan,
							const Step *step);
static bool is_told(const MigrationPlan *plan, const Step *step, Oid relation);
static void put_step(ReturnSetInfo *result, const Step *step, int number);

/* start_migration(name text, migration jsonb, schema name) -> text */
Datum
pgroll_start_migration(PG_FUNCTION_ARGS)
{
	char	   *name = text_to_cstring(PG_GETARG_TEXT_PP(0));
	Jsonb	   *document = PG_GETARG_JSONB_P(1);
	Name		schema = PG_GETARG_NAME(2);

	PG_RETURN_TEXT_P(cstring_to_text(lifecycle_start(NameStr(*schema), name, document)));
}

/* complete_migration(schema name) -> text */
Datum
pgroll_complete_migration(PG_FUNCTION_ARGS)
{
	Name		schema = PG_GETARG_NAME(0);

	PG_RETURN_TEXT_P(cstring_to_text(lifecycle_complete(NameStr(*schema))));
}

/* rollback_migration(schema name) -> text, or NULL where no version is left */
Datum
pgroll_rollback_migration(PG_FUNCTION_ARGS)
{
	Name		schema = PG_GETARG_NAME(0);
	char	   *left = lifecycle_rollback(NameStr(*schema));

	if (left == NULL)
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(cstring_to_text(left));
}

/* baseline(name text, schema name) -> text */
Datum
pgroll_baseline(PG_FUNCTION_ARGS)
{
	char	   *name = text_to_cstring(PG_GETARG_TEXT_PP(0));
	Name		schema = PG_GETARG_NAME(1);

	PG_RETURN_TEXT_P(cstring_to_text(lifecycle_baseline(NameStr(*schema), name)));
}

/*
 * Procedure migrate(name text, migration jsonb, schema name): start, wait,
 * complete.  Where the same document is in progress under that name, it goes on
 * from there; where it is completed, there is nothing to do.
 */
Datum
pgroll_migrate(PG_FUNCTION_ARGS)
{
	char	   *schema;
	char	   *name;
	Jsonb	   *document;
	MigrationProgress progress;
	MemoryContext caller;

	procedure_begin(fcinfo, "migrate");
	/* The arguments must outlive our commits. */
	caller = MemoryContextSwitchTo(PortalContext);
	name = text_to_cstring(PG_GETARG_TEXT_PP(0));
	document = PG_GETARG_JSONB_P_COPY(1);
	schema = pstrdup(NameStr(*PG_GETARG_NAME(2)));
	MemoryContextSwitchTo(caller);

	progress = lifecycle_progress(schema, name, document);
	if (progress == MIGRATION_IS_COMPLETED)
		ereport(NOTICE,
				(errmsg("migration \"%s\" is completed already", name)));
	else
	{
		if (progress == MIGRATION_IS_NEW)
			(void) lifecycle_start(schema, name, document);
		SPI_commit();
		wait_for_migration(schema);
		(void) lifecycle_complete(schema);
	}
	SPI_finish();
	PG_RETURN_VOID();
}

/* validate_migration(name text, migration jsonb, schema name) -> void */
Datum
pgroll_validate_migration(PG_FUNCTION_ARGS)
{
	char	   *name = text_to_cstring(PG_GETARG_TEXT_PP(0));
	Jsonb	   *document = PG_GETARG_JSONB_P(1);
	Name		schema = PG_GETARG_NAME(2);

	lifecycle_validate(NameStr(*schema), name, document);
	PG_RETURN_VOID();
}

/* plan_migration(name text, migration jsonb, schema name) -> rows */
Datum
pgroll_plan_migration(PG_FUNCTION_ARGS)
{
	char	   *name = text_to_cstring(PG_GETARG_TEXT_PP(0));
	Jsonb	   *document = PG_GETARG_JSONB_P(1);
	Name		schema = PG_GETARG_NAME(2);
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	MigrationPlan *plan;
	ListCell   *lc;
	int			number = 0;

	InitMaterializedSRF(fcinfo, 0);
	plan = lifecycle_plan(NameStr(*schema), name, document);
	foreach(lc, plan->steps)
	{
		Step	   *step = lfirst(lc);

		put_other_locks(result, plan, step);
		put_step(result, step, step->command != NULL ? ++number : 0);
	}
	return (Datum) 0;
}

/*
 * What a step locks beside the relation that it names, each once in a phase.  An
 * index is locked with its table, which the step names.
 */
static void
put_other_locks(ReturnSetInfo *result, const MigrationPlan *plan, const Step *step)
{
	ListCell   *lc;

	foreach(lc, step->also)
	{
		Step		lock = {
			.phase = step->phase,
			.lock = step->lock,
			.relation = lfirst_oid(lc),
		};

		if (get_rel_relkind(lock.relation) == RELKIND_INDEX ||
			is_told(plan, step, lock.relation))
			continue;
		lock.relation_name = catalog_relation_name(lock.relation);
		put_step(result, &lock, 0);
	}
}

/*
 * Is it in the plan that the phase of a step locks another relation, too?  By a
 * step that names it or, before this one, by one that has it among others.
 */
static bool
is_told(const MigrationPlan *plan, const Step *step, Oid relation)
{
	ListCell   *lc;
	bool		before = true;

	foreach(lc, plan->steps)
	{
		const Step *other = lfirst(lc);

		if (other == step)
			before = false;
		if (other->phase == step->phase && other->lock >= step->lock &&
			(other->relation == relation ||
			 (before && list_member_oid(other->also, relation))))
			return true;
	}
	return false;
}

static void
put_step(ReturnSetInfo *result, const Step *step, int number)
{
	Datum		values[7] = {0};
	bool		nulls[7] = {false};

	values[0] = CStringGetTextDatum(phase_name(step->phase));
	values[1] = Int32GetDatum(number);
	nulls[1] = number == 0;
	values[2] = Int32GetDatum(step->operation);
	nulls[2] = step->operation == 0;
	/* only a lock, for statements that lock more than the relation they name */
	values[3] = CStringGetTextDatum(step->command != NULL ? step->command :
									psprintf("lock %s", step->relation_name));
	nulls[4] = step->lock == NoLock;
	if (!nulls[4])
		values[4] = CStringGetTextDatum(GetLockmodeName(DEFAULT_LOCKMETHOD, step->lock));
	nulls[5] = step->relation_name == NULL;
	if (!nulls[5])
		values[5] = CStringGetTextDatum(step->relation_name);
	values[6] = BoolGetDatum(step->phase == PHASE_BACKGROUND);
	tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}
