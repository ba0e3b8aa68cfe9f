/*-------------------------------------------------------------------------
 *
 * edge_eval.c
 *		Evaluates the halves of a table's edges on rows.
 *-------------------------------------------------------------------------
 */
#include "pgroll.h"

#include "access/detoast.h"
#include "access/htup_details.h"
#include "access/tupmacs.h"
#include "executor/executor.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

#include "versioning/dual_write_cache.h"
#include "versioning/edge_eval.h"
#include "versioning/edge_query.h"

struct EdgeEval
{
	RelationEdges *edges;
	bool		pinned;
	MemoryContext context;
	MemoryContextCallback unpin;
	ExprContext *econtext;
	ExprState **states;			/* by rule, made when first needed */
	EdgeQuery **queries;		/* likewise, of rules with a subquery */
	const EdgeRule *running;	/* for the error context */
	EdgeRow		row;			/* edge_eval_backfill()'s */
	bool	   *awaits;			/* by migration, likewise */
	TailChange	change;
};

static void unpin_callback(void *arg);
static void row_prepare(EdgeEval *eval, const EdgeRule *rule, EdgeRow *row);
static HeapTuple form_tail(EdgeEval *eval, EdgeRow *row, HeapTuple tuple,
						   const bool *clear_marker);
static void row_store(EdgeRow *row, int target, AttrNumber attnum);
static inline void context_push(EdgeEval *eval, const EdgeRule *rule,
								ErrorContextCallback *callback);
static inline Datum run_expression(EdgeEval *eval, int index,
								   TupleTableSlot *slot, bool *isnull);
static void init_state(EdgeEval *eval, int index);
static Datum run_query(EdgeEval *eval, int index, EdgeRow *row,
					   bool *isnull);
static Datum own_value(Datum value);
static void rule_error_context(void *arg);

EdgeEval *
edge_eval_create(RelationEdges *edges, MemoryContext context)
{
	MemoryContext old = MemoryContextSwitchTo(context);
	EdgeEval   *eval = palloc0(sizeof(EdgeEval));

	eval->edges = edges;
	eval->context = context;
	eval->states = palloc0(edges->nrules * sizeof(ExprState *));
	eval->queries = palloc0(edges->nrules * sizeof(EdgeQuery *));
	eval->awaits = palloc0(edges->nmigrations * sizeof(bool));
	tail_change_init(&eval->change, edges->tail);
	/* no context of its own: values live in the caller's current one */
	eval->econtext = makeNode(ExprContext);
	eval->econtext->ecxt_per_query_memory = context;
	edge_row_init(eval, &eval->row);
	relation_edges_pin(edges);
	eval->pinned = true;
	eval->unpin.func = unpin_callback;
	eval->unpin.arg = eval;
	MemoryContextRegisterResetCallback(context, &eval->unpin);
	MemoryContextSwitchTo(old);
	return eval;
}

EdgeEval *
edge_eval_begin(RelationEdges *edges, EState *estate)
{
	return edge_eval_create(edges, estate->es_query_cxt);
}

void
edge_eval_end(EdgeEval *eval)
{
	unpin_callback(eval);
}

HeapTuple
edge_eval_backfill(EdgeEval *eval, TupleTableSlot *slot)
{
	RelationEdges *edges = eval->edges;
	bool		any = false;
	HeapTuple	tuple;
	HeapTuple	result;
	bool		should_free;

	edge_row_begin(eval, &eval->row, slot);
	for (int i = 0; i < edges->nmigrations; i++)
	{
		const EdgeVersion *version = &edges->migrations[i];

		eval->awaits[i] = edge_row_awaits(eval, i, slot);
		if (!eval->awaits[i])
			continue;
		any = true;
		for (int j = 0; j < version->nups; j++)
		{
			const EdgeRule *rule = &edges->rules[version->ups[j]];
			bool		isnull;
			Datum		value = edge_eval_rule(eval, version->ups[j],
											   &eval->row, &isnull);

			if (isnull && rule->half->not_null)
				edge_raise_not_null(eval, version->ups[j]);
			edge_row_set(&eval->row, rule->target, value, isnull);
		}
	}
	if (!any)
		return NULL;
	tuple = ExecFetchSlotHeapTuple(slot, false, &should_free);
	result = edge_row_form(eval, &eval->row, tuple, eval->awaits);
	if (should_free)
		heap_freetuple(tuple);
	return result;
}

void
edge_row_init(EdgeEval *eval, EdgeRow *row)
{
	int			ntargets = eval->edges->ntargets;
	MemoryContext old = MemoryContextSwitchTo(eval->context);

	memset(row, 0, sizeof(EdgeRow));
	row->is_set = palloc0(ntargets * sizeof(bool));
	row->stored = palloc0(ntargets * sizeof(bool));
	row->values = palloc0(ntargets * sizeof(Datum));
	row->isnull = palloc0(ntargets * sizeof(bool));
	MemoryContextSwitchTo(old);
}

void
edge_row_begin(EdgeEval *eval, EdgeRow *row, TupleTableSlot *slot)
{
	row->slot = slot;
	row->overlaid = false;
	if (row->nset > 0)
	{
		memset(row->is_set, 0, eval->edges->ntargets * sizeof(bool));
		memset(row->stored, 0, eval->edges->ntargets * sizeof(bool));
		row->nset = 0;
	}
}

Datum
edge_row_get(const EdgeRow *row, AttrNumber attnum, int target, bool *isnull)
{
	if (target >= 0 && row->is_set[target])
	{
		*isnull = row->isnull[target];
		return row->values[target];
	}
	return slot_getattr(row->slot, attnum, isnull);
}

void
edge_row_set(EdgeRow *row, int target, Datum value, bool isnull)
{
	if (!row->is_set[target])
		row->nset++;
	row->is_set[target] = true;
	row->stored[target] = false;
	row->values[target] = value;
	row->isnull[target] = isnull;
}

Datum
edge_eval_rule(EdgeEval *eval, int index, EdgeRow *row, bool *isnull)
{
	RelationEdges *edges = eval->edges;
	EdgeRule   *rule = &edges->rules[index];
	ErrorContextCallback callback;
	int			guc_level = 0;
	Datum		value;

	row_prepare(eval, rule, row);
	if (edge_rule_is_plain(eval, index))
		return edge_eval_plain(eval, index,
							   row->overlaid ? row->overlay : row->slot,
							   isnull);

	context_push(eval, rule, &callback);
	if (rule->has_user_function)
	{
		guc_level = NewGUCNestLevel();
		(void) set_config_option("search_path",
								 edges->migrations[rule->migration].search_path,
								 PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE,
								 true, 0, false);
	}
	if (rule->has_subquery)
		value = run_query(eval, index, row, isnull);
	else
		value = run_expression(eval, index,
							   row->overlaid ? row->overlay : row->slot,
							   isnull);
	if (rule->has_user_function)
		AtEOXact_GUC(true, guc_level);
	if (rule->varlena && !*isnull)
		value = own_value(value);
	error_context_stack = callback.previous;
	return value;
}

bool
edge_rule_is_plain(EdgeEval *eval, int index)
{
	EdgeRule   *rule = &eval->edges->rules[index];

	if (rule->expr == NULL)
		relation_edges_resolve(eval->edges, rule);
	return !rule->has_subquery && !rule->has_user_function;
}

Datum
edge_eval_plain(EdgeEval *eval, int index, TupleTableSlot *slot, bool *isnull)
{
	const EdgeRule *rule = &eval->edges->rules[index];
	ErrorContextCallback callback;
	Datum		value;

	context_push(eval, rule, &callback);
	value = run_expression(eval, index, slot, isnull);
	if (rule->varlena && !*isnull)
		value = own_value(value);
	error_context_stack = callback.previous;
	return value;
}

bool
edge_row_awaits(EdgeEval *eval, int migration, TupleTableSlot *slot)
{
	const EdgeVersion *version = &eval->edges->migrations[migration];
	bool		isnull;
	Datum		marker;

	if ((TTS_IS_HEAPTUPLE(slot) || TTS_IS_BUFFERTUPLE(slot)) &&
		slot->tts_nvalid < version->marker &&
		((HeapTupleTableSlot *) slot)->tuple != NULL)
	{
		HeapTuple	tuple = ((HeapTupleTableSlot *) slot)->tuple;
		bool		awaits;

		/* older than the marker */
		if (HeapTupleHeaderGetNatts(tuple->t_data) < version->marker)
			return version->missing_awaits;
		if (tuple_ends_in_bool(tuple, version->marker, &awaits))
			return awaits;
	}
	marker = slot_getattr(slot, version->marker, &isnull);
	return isnull || DatumGetBool(marker);
}

void
edge_raise_not_null(EdgeEval *eval, int index)
{
	const EdgeRule *rule = &eval->edges->rules[index];
	Oid			relid = eval->edges->relid;
	const char *relation = get_rel_name(relid);

	ereport(ERROR,
			(errcode(ERRCODE_NOT_NULL_VIOLATION),
			 errmsg("null value in column \"%s\" of relation \"%s\" violates not-null constraint",
					rule->half->logical, relation),
			 err_generic_string(PG_DIAG_SCHEMA_NAME,
								get_namespace_name(get_rel_namespace(relid))),
			 err_generic_string(PG_DIAG_TABLE_NAME, relation),
			 err_generic_string(PG_DIAG_COLUMN_NAME, rule->half->logical)));
}

HeapTuple
edge_row_form(EdgeEval *eval, EdgeRow *row, HeapTuple tuple,
			  const bool *clear_marker)
{
	RelationEdges *edges = eval->edges;
	HeapTuple	result = form_tail(eval, row, tuple, clear_marker);
	int			max = edges->ntargets + edges->nmigrations;
	int		   *columns;
	Datum	   *values;
	bool	   *isnull;
	int			n = 0;

	if (result != NULL)
		return result;
	columns = palloc(max * sizeof(int));
	values = palloc(max * sizeof(Datum));
	isnull = palloc(max * sizeof(bool));
	for (int i = 0; i < edges->ntargets; i++)
	{
		if (!row->is_set[i])
			continue;
		columns[n] = edges->targets[i].attnum;
		values[n] = row->values[i];
		isnull[n++] = row->isnull[i];
	}
	for (int i = 0; i < edges->nmigrations; i++)
	{
		if (!clear_marker[i])
			continue;
		columns[n] = edges->migrations[i].marker;
		values[n] = BoolGetDatum(false);
		isnull[n++] = false;
	}
	return heap_modify_tuple_by_cols(tuple, edges->tupdesc, n, columns, values,
									 isnull);
}

/* The same where all of it is in the table's tail; NULL elsewhere. */
static HeapTuple
form_tail(EdgeEval *eval, EdgeRow *row, HeapTuple tuple,
		  const bool *clear_marker)
{
	RelationEdges *edges = eval->edges;
	const TupleTail *tail = edges->tail;
	TailChange *change = &eval->change;

	tail_change_clear(change, tail);
	for (int i = 0; i < edges->ntargets; i++)
	{
		int			n = edges->targets[i].attnum - tail->first;

		if (!row->is_set[i])
			continue;
		if (n < 0)
			return NULL;
		tail_change_set(change, n, row->values[i], row->isnull[i]);
	}
	for (int i = 0; i < edges->nmigrations; i++)
	{
		int			n = edges->migrations[i].marker - tail->first;

		if (!clear_marker[i])
			continue;
		if (n < 0)
			return NULL;
		tail_change_set(change, n, BoolGetDatum(false), false);
	}
	return tuple_tail_replace(tail, edges->tupdesc, tuple, change);
}

static void
unpin_callback(void *arg)
{
	EdgeEval   *eval = arg;

	if (eval->pinned)
	{
		eval->pinned = false;
		relation_edges_unpin(eval->edges);
	}
}

/* Make what was set visible to a rule that reads it. */
static void
row_prepare(EdgeEval *eval, const EdgeRule *rule, EdgeRow *row)
{
	if (row->nset == 0)
		return;
	for (int i = 0; i < rule->ninputs; i++)
	{
		int			target = rule->input_targets[i];

		if (target < 0 || !row->is_set[target] || row->stored[target])
			continue;
		if (row->overlay == NULL)
		{
			MemoryContext old = MemoryContextSwitchTo(eval->context);

			row->overlay = MakeSingleTupleTableSlot(eval->edges->tupdesc,
													&TTSOpsVirtual);
			MemoryContextSwitchTo(old);
		}
		if (!row->overlaid)
		{
			int			natts = eval->edges->tupdesc->natts;

			slot_getallattrs(row->slot);
			ExecClearTuple(row->overlay);
			memcpy(row->overlay->tts_values, row->slot->tts_values,
				   natts * sizeof(Datum));
			memcpy(row->overlay->tts_isnull, row->slot->tts_isnull,
				   natts * sizeof(bool));
			ExecStoreVirtualTuple(row->overlay);
			row->overlaid = true;
		}
		row_store(row, target, rule->inputs[i]);
	}
}

static void
row_store(EdgeRow *row, int target, AttrNumber attnum)
{
	row->overlay->tts_values[attnum - 1] = row->values[target];
	row->overlay->tts_isnull[attnum - 1] = row->isnull[target];
	row->stored[target] = true;
}

/* Errors in between say which expression it was. */
static inline void
context_push(EdgeEval *eval, const EdgeRule *rule,
			 ErrorContextCallback *callback)
{
	eval->running = rule;
	callback->callback = rule_error_context;
	callback->arg = eval;
	callback->previous = error_context_stack;
	error_context_stack = callback;
}

static inline Datum
run_expression(EdgeEval *eval, int index, TupleTableSlot *slot, bool *isnull)
{
	if (eval->states[index] == NULL)
		init_state(eval, index);
	eval->econtext->ecxt_scantuple = slot;
	eval->econtext->ecxt_per_tuple_memory = CurrentMemoryContext;
	return ExecEvalExpr(eval->states[index], eval->econtext, isnull);
}

static void
init_state(EdgeEval *eval, int index)
{
	Expr	   *expr = relation_edges_plan(eval->edges,
										   &eval->edges->rules[index]);
	MemoryContext old = MemoryContextSwitchTo(eval->context);

	eval->states[index] = ExecInitExpr(expr, NULL);
	MemoryContextSwitchTo(old);
}

static Datum
run_query(EdgeEval *eval, int index, EdgeRow *row, bool *isnull)
{
	EdgeRule   *rule = &eval->edges->rules[index];

	if (eval->queries[index] == NULL)
		eval->queries[index] = edge_query_prepare(rule, eval->context);
	for (int i = 0; i < rule->ninputs; i++)
	{
		bool		input_null;
		Datum		input = edge_row_get(row, rule->inputs[i],
										 rule->input_targets[i], &input_null);

		edge_query_set_param(eval->queries[index], i, input, input_null);
	}
	return edge_query_run(eval->queries[index], isnull);
}

/* A TOAST pointer must not be shared by two columns. */
static Datum
own_value(Datum value)
{
	struct varlena *varlena = (struct varlena *) DatumGetPointer(value);

	if (VARATT_IS_EXTERNAL(varlena))
		return PointerGetDatum(detoast_external_attr(varlena));
	return value;
}

static void
rule_error_context(void *arg)
{
	EdgeEval   *eval = arg;
	const EdgeRule *rule = eval->running;

	errcontext("\"%s\" expression of migration \"%s\" for column \"%s\" of table \"%s\"",
			   rule->is_up ? "up" : "down",
			   eval->edges->migrations[rule->migration].migration->name,
			   rule->half->logical, get_rel_name(eval->edges->relid));
}
