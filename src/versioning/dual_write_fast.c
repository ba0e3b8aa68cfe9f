/*-------------------------------------------------------------------------
 *
 * dual_write_fast.c
 *		The law of dual writes for what most statements do.
 *-------------------------------------------------------------------------
 */
#include "pgroll.h"

#include "access/htup_details.h"
#include "access/sysattr.h"
#include "access/tupmacs.h"
#include "executor/tuptable.h"

#include "versioning/dual_write_fast.h"

/* An up half, and what of it an UPDATE may change. */
typedef struct FastRule
{
	int			index;
	int			target;
	int			column;			/* its column's place in the table's tail */
	bool		not_null;
	bool		is_plain;		/* edge_rule_is_plain(), once it ran */
	int			nassigned;
	AttrNumber *assigned;		/* its inputs that the UPDATE assigns */
} FastRule;

struct DualWriteFast
{
	bool		insert;			/* INSERTs are such ones */
	bool		update_known;	/* an UPDATE was seen, and */
	bool		update;			/* it is such a one */
	int			nrules;
	FastRule   *rules;
	int			marker;			/* its place in the table's tail */
	int			ntail;
	Datum	   *values;			/* by column of the tail */
	bool	   *isnull;
	bool	   *replace;
	int			nold;			/* old columns that must not be NULL */
	int		   *old_rules;		/* down halves that set them */
};

static bool rules_read_each_other(const RelationEdges *edges);
static bool prepare_update(DualWriteFast *fast, const DualWrite *write,
						   const Bitmapset *updated);
static HeapTuple fast_insert(DualWriteFast *fast, DualWrite *write,
							 TriggerData *trigdata);
static HeapTuple fast_update(DualWriteFast *fast, DualWrite *write,
							 TriggerData *trigdata);
static bool any_differs(DualWrite *write, const FastRule *rule,
						TupleTableSlot *old_slot, TupleTableSlot *new_slot);
static inline Datum column_value(DualWrite *write, TupleTableSlot *slot,
								 AttrNumber attnum, bool *isnull);
static void run_fast(DualWriteFast *fast, DualWrite *write, FastRule *rule,
					 TupleTableSlot *slot);
static HeapTuple form(DualWriteFast *fast, DualWrite *write, HeapTuple tuple,
					  TupleTableSlot *slot, bool clear_marker);
static void check_old(DualWriteFast *fast, DualWrite *write,
					  TupleTableSlot *slot, const Bitmapset *updated);

DualWriteFast *
dual_write_fast_create(const DualWrite *write)
{
	RelationEdges *edges = write->edges;
	DualWriteFast *fast;
	bool		in_tail = true;

	if (write->role != DUAL_WRITE_ONLY || write->writer > 0 || !write->exact ||
		edges->nmigrations != 1 ||
		edges->migrations[0].marker < edges->tail->first ||
		rules_read_each_other(edges))
		return NULL;
	fast = palloc0(sizeof(DualWriteFast));
	fast->marker = edges->migrations[0].marker - edges->tail->first;
	fast->ntail = edges->tail->natts - edges->tail->first + 1;
	fast->values = palloc(fast->ntail * sizeof(Datum));
	fast->isnull = palloc(fast->ntail * sizeof(bool));
	fast->replace = palloc(fast->ntail * sizeof(bool));
	fast->insert = !bms_overlap(write->inserted, edges->newer_columns);
	fast->rules = palloc0(edges->nrules * sizeof(FastRule));
	fast->old_rules = palloc0(edges->nrules * sizeof(int));
	for (int i = 0; i < edges->nrules; i++)
	{
		const EdgeRule *rule = &edges->rules[i];
		FastRule   *own = &fast->rules[fast->nrules];

		if (!rule->is_up)
		{
			if (rule->half->not_null)
				fast->old_rules[fast->nold++] = i;
			continue;
		}
		own->index = i;
		own->target = rule->target;
		own->column = edges->targets[rule->target].attnum - edges->tail->first;
		in_tail = in_tail && own->column >= 0;
		own->not_null = rule->half->not_null;
		own->assigned = palloc(rule->ninputs * sizeof(AttrNumber));
		fast->nrules++;
	}
	return in_tail ? fast : NULL;
}

HeapTuple
dual_write_fast(DualWriteFast *fast, DualWrite *write, TriggerData *trigdata)
{
	if (TRIGGER_FIRED_BY_INSERT(trigdata->tg_event))
		return fast->insert ? fast_insert(fast, write, trigdata) : NULL;
	if (!fast->update_known)
	{
		fast->update = prepare_update(fast, write, trigdata->tg_updatedcols);
		fast->update_known = true;
	}
	return fast->update ? fast_update(fast, write, trigdata) : NULL;
}

/* Does an up half read what another one sets? */
static bool
rules_read_each_other(const RelationEdges *edges)
{
	for (int i = 0; i < edges->nrules; i++)
	{
		const EdgeRule *rule = &edges->rules[i];

		for (int j = 0; rule->is_up && j < rule->ninputs; j++)
			if (rule->input_targets[j] >= 0 &&
				edges->targets[rule->input_targets[j]].up_rule >= 0)
				return true;
	}
	return false;
}

/* The columns that an UPDATE assigns are the same for all its rows. */
static bool
prepare_update(DualWriteFast *fast, const DualWrite *write,
			   const Bitmapset *updated)
{
	RelationEdges *edges = write->edges;

	if (bms_overlap(updated, edges->newer_columns) ||
		bms_is_member(edges->migrations[0].marker -
					  FirstLowInvalidHeapAttributeNumber, updated))
		return false;
	for (int i = 0; i < fast->nrules; i++)
	{
		FastRule   *own = &fast->rules[i];
		const EdgeRule *rule = &edges->rules[own->index];

		for (int j = 0; j < rule->ninputs; j++)
			if (bms_is_member(rule->inputs[j] -
							  FirstLowInvalidHeapAttributeNumber, updated))
				own->assigned[own->nassigned++] = rule->inputs[j];
	}
	return true;
}

static HeapTuple
fast_insert(DualWriteFast *fast, DualWrite *write, TriggerData *trigdata)
{
	TupleTableSlot *slot = trigdata->tg_trigslot;

	if (!edge_row_awaits(write->eval, 0, slot))
		return NULL;
	memset(fast->replace, 0, fast->ntail * sizeof(bool));
	for (int i = 0; i < fast->nrules; i++)
		run_fast(fast, write, &fast->rules[i], slot);
	if (fast->nold > 0)
		check_old(fast, write, slot, NULL);
	return form(fast, write, trigdata->tg_trigtuple, slot, true);
}

static HeapTuple
fast_update(DualWriteFast *fast, DualWrite *write, TriggerData *trigdata)
{
	TupleTableSlot *old_slot = trigdata->tg_trigslot;
	TupleTableSlot *slot = trigdata->tg_newslot;
	bool		changed = false;

	if (edge_row_awaits(write->eval, 0, old_slot))
		return NULL;
	memset(fast->replace, 0, fast->ntail * sizeof(bool));
	for (int i = 0; i < fast->nrules; i++)
	{
		FastRule   *rule = &fast->rules[i];

		if (!any_differs(write, rule, old_slot, slot))
			continue;
		run_fast(fast, write, rule, slot);
		changed = true;
	}
	if (fast->nold > 0)
		check_old(fast, write, slot, trigdata->tg_updatedcols);
	if (!changed)
		return trigdata->tg_newtuple;
	return form(fast, write, trigdata->tg_newtuple, slot, false);
}

static bool
any_differs(DualWrite *write, const FastRule *rule, TupleTableSlot *old_slot,
			TupleTableSlot *new_slot)
{
	for (int i = 0; i < rule->nassigned; i++)
	{
		AttrNumber	attnum = rule->assigned[i];
		bool		old_null;
		bool		new_null;
		Datum		old = column_value(write, old_slot, attnum, &old_null);
		Datum		new = column_value(write, new_slot, attnum, &new_null);

		if (dual_write_differs(write->edges, attnum, old, old_null, new,
							   new_null))
			return true;
	}
	return false;
}

/* As slot_getattr(), but takes nothing apart where the column's place is fixed. */
static inline Datum
column_value(DualWrite *write, TupleTableSlot *slot, AttrNumber attnum,
			 bool *isnull)
{
	const TailColumn *column = &write->edges->tail->columns[attnum - 1];
	HeapTuple	tuple;

	if (column->fixed >= 0 && slot->tts_nvalid < attnum &&
		(TTS_IS_HEAPTUPLE(slot) || TTS_IS_BUFFERTUPLE(slot)) &&
		(tuple = ((HeapTupleTableSlot *) slot)->tuple) != NULL &&
		!HeapTupleHasNulls(tuple) &&
		HeapTupleHeaderGetNatts(tuple->t_data) >= attnum)
	{
		*isnull = false;
		return fetch_att((char *) tuple->t_data + tuple->t_data->t_hoff +
						 column->fixed, column->byval, column->len);
	}
	return slot_getattr(slot, attnum, isnull);
}

static void
run_fast(DualWriteFast *fast, DualWrite *write, FastRule *rule,
		 TupleTableSlot *slot)
{
	int			column = rule->column;

	if (rule->is_plain)
		fast->values[column] = edge_eval_plain(write->eval, rule->index, slot,
											   &fast->isnull[column]);
	else
	{
		edge_row_begin(write->eval, &write->new, slot);
		fast->values[column] = edge_eval_rule(write->eval, rule->index,
											  &write->new,
											  &fast->isnull[column]);
		rule->is_plain = edge_rule_is_plain(write->eval, rule->index);
	}
	if (fast->isnull[column] && rule->not_null)
		edge_raise_not_null(write->eval, rule->index);
	fast->replace[column] = true;
}

static HeapTuple
form(DualWriteFast *fast, DualWrite *write, HeapTuple tuple,
	 TupleTableSlot *slot, bool clear_marker)
{
	RelationEdges *edges = write->edges;
	HeapTuple	result;

	if (clear_marker)
	{
		fast->values[fast->marker] = BoolGetDatum(false);
		fast->isnull[fast->marker] = false;
		fast->replace[fast->marker] = true;
	}
	result = tuple_tail_replace(edges->tail, edges->tupdesc, tuple,
								fast->values, fast->isnull, fast->replace);
	if (result != NULL)
		return result;
	edge_row_begin(write->eval, &write->new, slot);
	for (int i = 0; i < fast->nrules; i++)
	{
		int			column = fast->rules[i].column;

		if (fast->replace[column])
			edge_row_set(&write->new, fast->rules[i].target,
						 fast->values[column], fast->isnull[column]);
	}
	write->clear[0] = clear_marker;
	return edge_row_form(write->eval, &write->new, tuple, write->clear);
}

/* Old columns that must not be NULL: all of an INSERT, the assigned ones. */
static void
check_old(DualWriteFast *fast, DualWrite *write, TupleTableSlot *slot,
		  const Bitmapset *updated)
{
	RelationEdges *edges = write->edges;

	for (int i = 0; i < fast->nold; i++)
	{
		const EdgeRule *rule = &edges->rules[fast->old_rules[i]];
		AttrNumber	attnum = edges->targets[rule->target].attnum;
		bool		isnull;

		if (updated != NULL &&
			!bms_is_member(attnum - FirstLowInvalidHeapAttributeNumber,
						   updated))
			continue;
		(void) slot_getattr(slot, attnum, &isnull);
		if (isnull)
			edge_raise_not_null(write->eval, fast->old_rules[i]);
	}
}
