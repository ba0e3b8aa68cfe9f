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
	bool		inputs_fixed;	/* have all of its inputs a fixed place? */
	AttrNumber	last_input;
	int			target;
	int			column;			/* its column's place in the table's tail */
	bool		not_null;
	bool		is_plain;		/* edge_rule_is_plain(), once it ran */
	int			nassigned;
	AttrNumber *assigned;		/* its inputs that the UPDATE assigns */
} FastRule;

/* A row as the executor gives it: the tuple is that of the slot. */
typedef struct FastRow
{
	HeapTuple	tuple;
	TupleTableSlot *slot;
} FastRow;

struct DualWriteFast
{
	bool		insert;			/* INSERTs are such ones */
	bool		update_known;	/* an UPDATE was seen, and */
	bool		update;			/* it is such a one */
	int			nrules;
	FastRule   *rules;
	int			marker;			/* its place in the table's tail */
	TailChange	change;			/* of the row */
	TupleTableSlot *inputs;		/* of the rule that runs */
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
static inline bool awaits(DualWrite *write, const FastRow *row);
static bool any_differs(DualWrite *write, const FastRule *rule,
						const FastRow *old_row, const FastRow *new_row);
static inline Datum column_value(DualWrite *write, const FastRow *row,
								 AttrNumber attnum, bool *isnull);
static inline bool has_all_until(HeapTuple tuple, int ncolumns);
static inline bool none_is_null(const uint8 *bits, int ncolumns);
static inline Datum fixed_value(const DualWrite *write, HeapTuple tuple,
								AttrNumber attnum);
static inline bool fetch_inputs(DualWriteFast *fast, const DualWrite *write,
								const FastRule *rule, HeapTuple tuple);
static void find_inputs(FastRule *own, const DualWrite *write);
static inline void run_fast(DualWriteFast *fast, DualWrite *write, FastRule *rule,
							const FastRow *row);
static inline HeapTuple form(DualWriteFast *fast, DualWrite *write,
							 const FastRow *row, bool clear_marker);
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
	tail_change_init(&fast->change, edges->tail);
	fast->inputs = MakeSingleTupleTableSlot(edges->tupdesc, &TTSOpsVirtual);
	ExecStoreAllNullTuple(fast->inputs);
	memset(fast->inputs->tts_isnull, false, edges->tupdesc->natts);
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
		find_inputs(own, write);
		own->assigned = palloc(rule->ninputs * sizeof(AttrNumber));
		fast->nrules++;
	}
	return in_tail ? fast : NULL;
}

static void
find_inputs(FastRule *own, const DualWrite *write)
{
	const EdgeRule *rule = &write->edges->rules[own->index];

	own->inputs_fixed = rule->ninputs > 0;
	for (int i = 0; i < rule->ninputs; i++)
	{
		own->last_input = Max(own->last_input, rule->inputs[i]);
		own->inputs_fixed &=
			write->edges->tail->columns[rule->inputs[i] - 1].fixed >= 0;
	}
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
	FastRow		row = {trigdata->tg_trigtuple, trigdata->tg_trigslot};

	if (!awaits(write, &row))
		return NULL;
	tail_change_clear(&fast->change, write->edges->tail);
	for (int i = 0; i < fast->nrules; i++)
		run_fast(fast, write, &fast->rules[i], &row);
	if (fast->nold > 0)
		check_old(fast, write, row.slot, NULL);
	return form(fast, write, &row, true);
}

static HeapTuple
fast_update(DualWriteFast *fast, DualWrite *write, TriggerData *trigdata)
{
	FastRow		old = {trigdata->tg_trigtuple, trigdata->tg_trigslot};
	FastRow		row = {trigdata->tg_newtuple, trigdata->tg_newslot};

	if (awaits(write, &old))
		return NULL;
	tail_change_clear(&fast->change, write->edges->tail);
	for (int i = 0; i < fast->nrules; i++)
	{
		FastRule   *rule = &fast->rules[i];

		if (any_differs(write, rule, &old, &row))
			run_fast(fast, write, rule, &row);
	}
	if (fast->nold > 0)
		check_old(fast, write, row.slot, trigdata->tg_updatedcols);
	if (fast->change.n == 0)
		return row.tuple;
	return form(fast, write, &row, false);
}

/* As edge_row_awaits(), without a look at the slot. */
static inline bool
awaits(DualWrite *write, const FastRow *row)
{
	bool		result;

	if (tuple_ends_in_bool(row->tuple, write->edges->migrations[0].marker, &result))
		return result;
	return edge_row_awaits(write->eval, 0, row->slot);
}

static bool
any_differs(DualWrite *write, const FastRule *rule, const FastRow *old_row,
			const FastRow *new_row)
{
	for (int i = 0; i < rule->nassigned; i++)
	{
		AttrNumber	attnum = rule->assigned[i];
		bool		old_null;
		bool		new_null;
		Datum		old = column_value(write, old_row, attnum, &old_null);
		Datum		new = column_value(write, new_row, attnum, &new_null);

		if (dual_write_differs(write->edges, attnum, old, old_null, new,
							   new_null))
			return true;
	}
	return false;
}

/* As slot_getattr(), but takes nothing apart where the column's place is fixed. */
static inline Datum
column_value(DualWrite *write, const FastRow *row, AttrNumber attnum,
			 bool *isnull)
{
	if (write->edges->tail->columns[attnum - 1].fixed < 0 ||
		!has_all_until(row->tuple, attnum))
		return slot_getattr(row->slot, attnum, isnull);
	*isnull = false;
	return fixed_value(write, row->tuple, attnum);
}

/* Of a column that stands at a fixed place in a tuple without NULLs before it. */
static inline Datum
fixed_value(const DualWrite *write, HeapTuple tuple, AttrNumber attnum)
{
	const TailColumn *column = &write->edges->tail->columns[attnum - 1];

	return fetch_att((char *) tuple->t_data + tuple->t_data->t_hoff +
					 column->fixed, column->byval, column->len);
}

/* Have the first columns of a tuple all a value? */
static inline bool
has_all_until(HeapTuple tuple, int ncolumns)
{
	if (HeapTupleHeaderGetNatts(tuple->t_data) < ncolumns)
		return false;
	return !HeapTupleHasNulls(tuple) ||
		none_is_null(tuple->t_data->t_bits, ncolumns);
}

/* Have the first columns all a value, by a tuple's bitmap? */
static inline bool
none_is_null(const uint8 *bits, int ncolumns)
{
	uint8		last = (1 << (ncolumns % 8)) - 1;

	for (int i = 0; i < ncolumns / 8; i++)
		if (bits[i] != 0xFF)
			return false;
	return (bits[ncolumns / 8] & last) == last;
}

/* The inputs of a rule, taken from their fixed places into a slot of ours. */
static inline bool
fetch_inputs(DualWriteFast *fast, const DualWrite *write, const FastRule *rule,
			 HeapTuple tuple)
{
	const EdgeRule *edge = &write->edges->rules[rule->index];

	if (!rule->inputs_fixed || !has_all_until(tuple, rule->last_input))
		return false;
	for (int i = 0; i < edge->ninputs; i++)
		fast->inputs->tts_values[edge->inputs[i] - 1] =
			fixed_value(write, tuple, edge->inputs[i]);
	return true;
}

static inline void
run_fast(DualWriteFast *fast, DualWrite *write, FastRule *rule,
		 const FastRow *row)
{
	Datum		value;
	bool		isnull;

	if (rule->is_plain)
		value = edge_eval_plain(write->eval, rule->index,
								fetch_inputs(fast, write, rule, row->tuple) ?
								fast->inputs : row->slot, &isnull);
	else
	{
		edge_row_begin(write->eval, &write->new, row->slot);
		value = edge_eval_rule(write->eval, rule->index, &write->new, &isnull);
		rule->is_plain = edge_rule_is_plain(write->eval, rule->index);
	}
	if (isnull && rule->not_null)
		edge_raise_not_null(write->eval, rule->index);
	tail_change_set(&fast->change, rule->column, value, isnull);
}

static inline HeapTuple
form(DualWriteFast *fast, DualWrite *write, const FastRow *row,
	 bool clear_marker)
{
	RelationEdges *edges = write->edges;
	HeapTuple	result;

	if (clear_marker)
		tail_change_set(&fast->change, fast->marker, BoolGetDatum(false), false);
	if (tuple_tail_replace_in_place(edges->tail, row->slot, row->tuple,
									&fast->change))
		return row->tuple;
	result = tuple_tail_replace(edges->tail, edges->tupdesc, row->tuple,
								&fast->change);
	if (result != NULL)
		return result;
	edge_row_begin(write->eval, &write->new, row->slot);
	for (int i = 0; i < fast->nrules; i++)
	{
		int			column = fast->rules[i].column;

		if (fast->change.replace[column])
			edge_row_set(&write->new, fast->rules[i].target,
						 fast->change.values[column], fast->change.isnull[column]);
	}
	write->clear[0] = clear_marker;
	return edge_row_form(write->eval, &write->new, row->tuple, write->clear);
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
