/*-------------------------------------------------------------------------
 *
 * dual_write_trigger.c
 *		The trigger function that keeps every edge of a table true.
 *
 *	CREATE TRIGGER ... BEFORE INSERT OR UPDATE ON public.users
 *		FOR EACH ROW EXECUTE FUNCTION pgroll_c.dual_write('only', '{...}');
 *	ALTER TABLE public.users ENABLE ALWAYS TRIGGER ...;
 *
 * The arguments are in edge.h.  Nothing is planned or looked up per row: a
 * DualWrite hangs at the trigger's flinfo for the time of a statement.
 *-------------------------------------------------------------------------
 */
#include "pgroll.h"

#include "access/htup_details.h"
#include "access/sysattr.h"
#include "commands/trigger.h"
#include "executor/executor.h"
#include "fmgr.h"
#include "utils/memutils.h"

#include "versioning/dual_write.h"
#include "versioning/dual_write_fast.h"
#include "versioning/dual_write_identity.h"
#include "versioning/write_version.h"

PG_FUNCTION_INFO_V1(pgroll_dual_write);
PG_FUNCTION_INFO_V1(pgroll_awaits_backfill);

/* The first ones of all pairs of triggers that are at work. */
static dlist_head firsts = DLIST_STATIC_INIT(firsts);

static void check_call(FunctionCallInfo fcinfo);
static DualWrite *statement_begin(FmgrInfo *flinfo, TriggerData *trigdata);
static void statement_end(void *arg);
static int	writer_version(const RelationEdges *edges,
						   const char *view_schema);
static void row_begin(DualWrite *write, TriggerData *trigdata);
static DualWrite *find_first(DualWrite *write);
static bool row_untouched(DualWrite *write);
static HeapTuple row_result(DualWrite *write, HeapTuple tuple, bool changed);
static void keep_result(DualWrite *write, HeapTuple tuple);

Datum
pgroll_dual_write(PG_FUNCTION_ARGS)
{
	TriggerData *trigdata = (TriggerData *) fcinfo->context;
	DualWrite  *write = fcinfo->flinfo->fn_extra;
	HeapTuple	tuple;
	bool		changed;

	if (unlikely(write == NULL))
	{
		check_call(fcinfo);
		write = statement_begin(fcinfo->flinfo, trigdata);
	}
	if (write->fast != NULL)
	{
		tuple = dual_write_fast(write->fast, write, trigdata);
		if (tuple != NULL)
			return PointerGetDatum(tuple);
	}
	row_begin(write, trigdata);
	tuple = write->is_insert ? trigdata->tg_trigtuple : trigdata->tg_newtuple;
	if (row_untouched(write))
		return PointerGetDatum(tuple);
	if (write->writer > 0 && write->edges->has_always)
		dual_write_check_identity(write);
	if (write->is_insert)
		changed = dual_write_insert(write);
	else
		changed = dual_write_update(write);
	return PointerGetDatum(row_result(write, tuple, changed));
}

/*
 * The default of markers, and a qualification of views: planning it loads the
 * library, and so our hooks stand before the statement runs.
 */
Datum
pgroll_awaits_backfill(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(true);
}

static void
check_call(FunctionCallInfo fcinfo)
{
	TriggerData *trigdata = (TriggerData *) fcinfo->context;

	if (!CALLED_AS_TRIGGER(fcinfo))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("pgroll_c.dual_write() must be called as a trigger")));
	if (!TRIGGER_FIRED_BEFORE(trigdata->tg_event) ||
		!TRIGGER_FIRED_FOR_ROW(trigdata->tg_event))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("pgroll_c.dual_write() must be fired before each row")));
	if (!TRIGGER_FIRED_BY_INSERT(trigdata->tg_event) &&
		!TRIGGER_FIRED_BY_UPDATE(trigdata->tg_event))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("pgroll_c.dual_write() must be fired for INSERT or UPDATE")));
	if (trigdata->tg_trigger->tgnargs < 2)
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("pgroll_c.dual_write() needs a role and at least one migration as arguments")));
}

static DualWrite *
statement_begin(FmgrInfo *flinfo, TriggerData *trigdata)
{
	RelationEdges *edges = relation_edges_get(trigdata->tg_relation);
	MemoryContext old;
	MemoryContextCallback *callback;
	WriteStatement statement;
	DualWrite  *write;

	if (edges == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("the dual-write trigger must call pgroll_c.dual_write()")));
	if (edges->misplaced)
		ereport(ERROR,
				(errcode(ERRCODE_PGROLL_TRIGGER_ORDER),
				 errmsg("trigger \"%s\" of table \"%s\" fires outside of the dual-write trigger",
						edges->misplaced,
						RelationGetRelationName(trigdata->tg_relation)),
				 errdetail("What it changes in a row would not reach the other versions of the schema."),
				 errhint("Drop or disable it until the migration is completed or rolled back.")));
	old = MemoryContextSwitchTo(flinfo->fn_mcxt);
	write = palloc0(sizeof(DualWrite));
	write->edges = edges;
	write->eval = edge_eval_create(edges, flinfo->fn_mcxt);
	write->role = dual_write_role_from_text(trigdata->tg_trigger->tgargs[0]);
	write_version_get(flinfo, &statement);
	write->writer = writer_version(edges, statement.view_schema);
	write->exact = statement.exact;
	write->is_known = statement.is_known;
	write->inserted = statement.inserted;
	write->override = edges->has_numbers && write->writer > 0 ?
		write_version_override(statement.source) : OVERRIDING_NOT_SET;
	edge_row_init(write->eval, &write->old);
	edge_row_init(write->eval, &write->new);
	write->awaits = palloc0(edges->nmigrations * sizeof(bool));
	write->runs = palloc0(edges->nrules * sizeof(bool));
	write->old_side = palloc0(edges->nrules * sizeof(bool));
	write->keeps = palloc0(edges->nrules * sizeof(bool));
	write->set_here = palloc0(edges->ntargets * sizeof(bool));
	write->clear = palloc0(edges->nmigrations * sizeof(bool));
	write->fast = dual_write_fast_create(write);
	if (write->role == DUAL_WRITE_FIRST)
	{
		write->result_slot = MakeSingleTupleTableSlot(edges->tupdesc,
													  &TTSOpsHeapTuple);
		dlist_push_head(&firsts, &write->node);
		write->listed = true;
		callback = palloc(sizeof(MemoryContextCallback));
		callback->func = statement_end;
		callback->arg = write;
		MemoryContextRegisterResetCallback(flinfo->fn_mcxt, callback);
	}
	MemoryContextSwitchTo(old);
	flinfo->fn_extra = write;
	return write;
}

static void
statement_end(void *arg)
{
	DualWrite  *write = arg;

	if (write->listed)
		dlist_delete(&write->node);
	write->listed = false;
}

/* 0 for the base table and for any view that is not of an active migration. */
static int
writer_version(const RelationEdges *edges, const char *view_schema)
{
	if (view_schema != NULL)
		for (int i = 0; i < edges->nmigrations; i++)
			if (strcmp(edges->migrations[i].migration->version_schema,
					   view_schema) == 0)
				return i + 1;
	return 0;
}

static void
row_begin(DualWrite *write, TriggerData *trigdata)
{
	RelationEdges *edges = write->edges;
	TupleTableSlot *old_slot = trigdata->tg_trigslot;

	write->is_insert = TRIGGER_FIRED_BY_INSERT(trigdata->tg_event);
	write->slot = write->is_insert ? trigdata->tg_trigslot :
		trigdata->tg_newslot;
	write->updated = write->exact ? trigdata->tg_updatedcols : NULL;
	write->first = NULL;
	write->any_awaits = false;
	for (int i = 0; i < edges->nmigrations; i++)
	{
		write->awaits[i] = edge_row_awaits(write->eval, i, old_slot);
		write->any_awaits = write->any_awaits || write->awaits[i];
	}
	memset(write->runs, 0, edges->nrules * sizeof(bool));
	memset(write->old_side, 0, edges->nrules * sizeof(bool));
	memset(write->keeps, 0, edges->nrules * sizeof(bool));
	if (!write->is_insert)
		edge_row_begin(write->eval, &write->old, old_slot);
	edge_row_begin(write->eval, &write->new, write->slot);
	if (write->role == DUAL_WRITE_LAST)
		write->first = find_first(write);
}

/* What the first of the two left of the row that the last is about to see. */
static DualWrite *
find_first(DualWrite *write)
{
	dlist_iter	iter;

	dlist_foreach(iter, &firsts)
	{
		DualWrite  *first = dlist_container(DualWrite, node, iter.cur);

		if (first->slot == write->slot &&
			first->edges->relid == write->edges->relid &&
			first->result != NULL)
			return first;
	}
	return NULL;
}

/* Is there nothing to do for an UPDATE, by its list of columns alone? */
static bool
row_untouched(DualWrite *write)
{
	return !write->is_insert && write->exact && !write->any_awaits &&
		write->role == DUAL_WRITE_ONLY &&
		!bms_overlap(write->updated, write->edges->columns);
}

static HeapTuple
row_result(DualWrite *write, HeapTuple tuple, bool changed)
{
	RelationEdges *edges = write->edges;

	if (write->role != DUAL_WRITE_FIRST)
	{
		if (edges->has_not_null && (changed || !write->is_insert))
			dual_write_check_not_null(write);
		for (int i = 0; i < edges->nmigrations; i++)
		{
			write->clear[i] = edge_row_awaits(write->eval, i, write->slot);
			changed = changed || write->clear[i];
		}
	}
	if (changed)
		tuple = edge_row_form(write->eval, &write->new, tuple, write->clear);
	if (write->role == DUAL_WRITE_FIRST)
		keep_result(write, tuple);
	return tuple;
}

/* A copy: the executor may free the tuple once the user's triggers ran. */
static void
keep_result(DualWrite *write, HeapTuple tuple)
{
	MemoryContext old = MemoryContextSwitchTo(write->result_slot->tts_mcxt);

	ExecClearTuple(write->result_slot);
	if (write->result)
		heap_freetuple(write->result);
	write->result = heap_copytuple(tuple);
	ExecStoreHeapTuple(write->result, write->result_slot, false);
	MemoryContextSwitchTo(old);
}
