/*-------------------------------------------------------------------------
 *
 * dual_write.c
 *		The law of dual writes, row by row.
 *
 * The up halves of the migrations after the writer's version run oldest first,
 * then the down halves of the others newest first; each where a column that it
 * reads differs between OLD' and NEW'.  OLD' is the old row as the backfill
 * would have left it.  It is made column by column where it is needed: an up
 * that fails for the old row must not stand in the way of the UPDATE that
 * mends the row.
 *
 * A write to the base table is the oldest version's, and a newer one's for the
 * columns that only newer ones have.
 *
 * Where the table has BEFORE triggers of the user's, the first of our two runs
 * the down halves, so that these see complete old columns, and notes which up
 * halves are to run.  The last runs these, and all halves that read what has
 * changed since the first; but an up half whose column the writer's version has
 * only where what has changed is the same thing in its old form.
 *-------------------------------------------------------------------------
 */
#include "pgroll.h"

#include "access/sysattr.h"
#include "commands/trigger.h"
#include "executor/tuptable.h"
#include "utils/datum.h"

#include "versioning/dual_write.h"
#include "versioning/dual_write_identity.h"

static void run_ups(DualWrite *write);
static bool up_must_run(DualWrite *write, int index);
static bool up_reads_change(DualWrite *write, int index);
static bool carried_on(DualWrite *write, const EdgeRule *rule,
					   AttrNumber attnum, int target);
static void note_ups(DualWrite *write);
static void inherit(DualWrite *write, EdgeTarget *target, int index);
static void inherit_inputs(DualWrite *write, const EdgeRule *rule);
static void run_downs(DualWrite *write);
static bool down_must_run(DualWrite *write, const EdgeRule *rule,
						  const bool *set_here);
static bool base_down_must_run(DualWrite *write, const EdgeRule *rule,
							   const bool *set_here);
static bool down_reads_change_since_first(DualWrite *write,
										  const EdgeRule *rule,
										  const bool *set_here);
static bool set_of_others(DualWrite *write, const EdgeRule *down, AttrNumber attnum,
						  int target);
static bool assigns_newer(DualWrite *write);
static void run_rule(DualWrite *write, int index);
static bool changed(DualWrite *write, AttrNumber attnum, int target);
static bool changed_since_first(DualWrite *write, AttrNumber attnum);
static bool set_differs(DualWrite *write, AttrNumber attnum, int target);
static Datum old_value(DualWrite *write, AttrNumber attnum, int target,
					   bool *isnull);

bool
dual_write_insert(DualWrite *write)
{
	/*
	 * All markers false: a row that moves between partitions, or comes from a
	 * dump.  Nothing but what the user's triggers changed is carried over.
	 */
	if (!write->any_awaits && write->first == NULL)
		return false;
	if (write->role == DUAL_WRITE_FIRST)
		note_ups(write);
	else
		run_ups(write);
	run_downs(write);
	return write->new.nset > 0 ||
		(write->any_awaits && write->role != DUAL_WRITE_FIRST);
}

bool
dual_write_update(DualWrite *write)
{
	if (write->role == DUAL_WRITE_FIRST)
		note_ups(write);
	else
		run_ups(write);
	run_downs(write);
	return write->new.nset > 0;
}

void
dual_write_check_not_null(DualWrite *write)
{
	RelationEdges *edges = write->edges;

	for (int i = 0; i < edges->nrules; i++)
	{
		const EdgeRule *rule = &edges->rules[i];
		AttrNumber	attnum = edges->targets[rule->target].attnum;
		bool		isnull;

		if (!rule->half->not_null)
			continue;
		if (!write->new.is_set[rule->target] && !write->is_insert &&
			write->first == NULL && !dual_write_assigned(write, attnum))
			continue;
		(void) edge_row_get(&write->new, attnum, rule->target, &isnull);
		if (isnull)
			edge_raise_not_null(write->eval, i);
	}
}

bool
dual_write_assigned(DualWrite *write, AttrNumber attnum)
{
	bool		old_null;
	bool		new_null;
	Datum		old;
	Datum		new;

	if (write->exact)
		return bms_is_member(attnum - FirstLowInvalidHeapAttributeNumber,
							 write->is_insert ? write->inserted :
							 write->updated);
	new = slot_getattr(write->new.slot, attnum, &new_null);
	if (write->is_insert)
		return !new_null &&
			(!write->is_known ||
			 bms_is_member(attnum - FirstLowInvalidHeapAttributeNumber,
						   write->inserted));
	old = slot_getattr(write->old.slot, attnum, &old_null);
	return dual_write_differs(write->edges, attnum, old, old_null, new, new_null);
}

bool
dual_write_differs(const RelationEdges *edges, AttrNumber attnum,
				   Datum a, bool a_null, Datum b, bool b_null)
{
	Form_pg_attribute attribute = TupleDescAttr(edges->tupdesc, attnum - 1);

	if (a_null || b_null)
		return a_null != b_null;
	if (attribute->attbyval)
		return a != b;
	if (a == b)
		return false;
	/* the same value out of line: no need to fetch it */
	if (attribute->attlen == -1 &&
		VARATT_IS_EXTERNAL_ONDISK(DatumGetPointer(a)) &&
		VARATT_IS_EXTERNAL_ONDISK(DatumGetPointer(b)) &&
		memcmp(DatumGetPointer(a), DatumGetPointer(b),
			   VARSIZE_EXTERNAL(DatumGetPointer(a))) == 0)
		return false;
	return !datum_image_eq(a, b, false, attribute->attlen);
}

static void
run_ups(DualWrite *write)
{
	RelationEdges *edges = write->edges;

	for (int i = 0; i < edges->nmigrations; i++)
	{
		const EdgeVersion *version = &edges->migrations[i];

		for (int j = 0; j < version->nups; j++)
		{
			int			index = version->ups[j];
			EdgeRule   *rule = &edges->rules[index];

			write->runs[index] = up_must_run(write, index);
			if (write->runs[index])
			{
				dual_write_draw_number(write, index);
				run_rule(write, index);
			}
			else if (!write->is_insert && write->awaits[i])
				inherit(write, &edges->targets[rule->target], index);
		}
	}
}

/* The first of two triggers leaves the up halves to the last. */
static void
note_ups(DualWrite *write)
{
	RelationEdges *edges = write->edges;

	for (int i = 0; i < edges->nmigrations; i++)
	{
		const EdgeVersion *version = &edges->migrations[i];

		for (int j = 0; j < version->nups; j++)
		{
			int			index = version->ups[j];

			write->runs[index] = up_must_run(write, index);
			if (write->runs[index])
				dual_write_draw_number(write, index);
		}
	}
}

static bool
up_must_run(DualWrite *write, int index)
{
	const EdgeRule *rule = &write->edges->rules[index];
	AttrNumber	column = write->edges->targets[rule->target].attnum;
	bool		reads_change;

	if (dual_write_is_numbered(write, rule))
		return true;
	if (write->first == NULL &&
		(rule->migration < write->writer ||
		 (write->is_insert && !write->awaits[rule->migration])))
		return false;
	reads_change = up_reads_change(write, index);
	if (write->first != NULL)
		return (reads_change && !write->first->keeps[index]) ||
			(write->first->runs[index] &&
			 !write->first->new.is_set[rule->target]);
	if (write->is_insert &&
		(write->writer > 0 || !dual_write_assigned(write, column)))
		return true;

	/* a replica keeps what was sent of both sides */
	write->keeps[index] = write->writer == 0 &&
		SessionReplicationRole == SESSION_REPLICATION_ROLE_REPLICA &&
		changed(write, column, rule->target);
	return reads_change && !write->keeps[index];
}

/*
 * Does an up half read a column that changed?  old_side is set also where such
 * a column comes from an earlier half whose result does not differ in the end;
 * the first of two triggers, which does not run these, knows no more than that.
 */
static bool
up_reads_change(DualWrite *write, int index)
{
	const EdgeRule *rule = &write->edges->rules[index];
	bool		result = false;

	if (write->first != NULL)
		write->old_side[index] = write->first->old_side[index];
	for (int i = 0; i < rule->ninputs; i++)
	{
		AttrNumber	attnum = rule->inputs[i];
		int			target = rule->input_targets[i];
		int			up = target < 0 ? -1 : write->edges->targets[target].up_rule;

		/* from the completion on, the column will stay as it is given, too */
		if (rule->migration < write->writer && !rule->input_paired[i])
			continue;
		if (up >= 0 && write->old_side[up])
			write->old_side[index] = true;
		if (up >= 0 && write->runs[up])
			result = result || (write->role != DUAL_WRITE_FIRST &&
								write->old_side[up] &&
								carried_on(write, rule, attnum, target));
		else if (write->first != NULL)
			result = result || changed_since_first(write, attnum);
		else
			result = result || changed(write, attnum, target);
	}
	if (result)
		write->old_side[index] = true;
	return result;
}

/* Does what an earlier up half made of a change concern the next one? */
static bool
carried_on(DualWrite *write, const EdgeRule *rule, AttrNumber attnum,
		   int target)
{
	/* where the rule's own column is assigned as well, the old side wins */
	if (write->is_insert || write->awaits[rule->migration] ||
		(write->writer == 0 &&
		 dual_write_assigned(write, write->edges->targets[rule->target].attnum)))
		return true;
	return set_differs(write, attnum, target);
}

/* A row that awaits: what the statement does not set is as in OLD'. */
static void
inherit(DualWrite *write, EdgeTarget *target, int index)
{
	int			number = write->edges->rules[index].target;
	bool		isnull;
	Datum		value;

	if (write->new.is_set[number] || dual_write_assigned(write, target->attnum))
		return;
	if (write->first != NULL && write->first->new.is_set[number])
		return;
	value = old_value(write, target->attnum, number, &isnull);
	edge_row_set(&write->new, number, value, isnull);
}

/*
 * The first of two triggers leaves what awaits to the last, which may find a
 * reason to make it anew; but a down half reads it already here.
 */
static void
inherit_inputs(DualWrite *write, const EdgeRule *rule)
{
	RelationEdges *edges = write->edges;

	if (write->role != DUAL_WRITE_FIRST || write->is_insert)
		return;
	for (int i = 0; i < rule->ninputs; i++)
	{
		int			target = rule->input_targets[i];
		int			up = target < 0 ? -1 : edges->targets[target].up_rule;

		if (up >= 0 && !write->runs[up] &&
			write->awaits[edges->rules[up].migration])
			inherit(write, &edges->targets[target], up);
	}
}

static void
run_downs(DualWrite *write)
{
	RelationEdges *edges = write->edges;
	bool	   *set_here = write->set_here;
	int			newest = write->writer > 0 ? write->writer :
		edges->nmigrations;

	if (write->writer == 0 && write->first == NULL && !assigns_newer(write))
		return;
	memset(set_here, 0, edges->ntargets * sizeof(bool));
	for (int i = newest - 1; i >= 0; i--)
	{
		const EdgeVersion *version = &edges->migrations[i];

		for (int j = 0; j < version->ndowns; j++)
		{
			const EdgeRule *rule = &edges->rules[version->downs[j]];
			bool		run;

			if (write->first != NULL)
				run = down_reads_change_since_first(write, rule, set_here);
			else if (write->writer == 0)
				run = base_down_must_run(write, rule, set_here);
			else
				run = down_must_run(write, rule, set_here);
			if (!run)
				continue;
			inherit_inputs(write, rule);
			run_rule(write, version->downs[j]);
			set_here[rule->target] = true;
		}
	}
}

static bool
down_must_run(DualWrite *write, const EdgeRule *rule, const bool *set_here)
{
	if (rule->numbered_by >= 0 && write->runs[rule->numbered_by])
		return false;			/* the number came to this side first */
	if (write->is_insert)
		return write->awaits[rule->migration];
	for (int i = 0; i < rule->ninputs; i++)
	{
		int			target = rule->input_targets[i];

		if (target >= 0 && set_here[target])
		{
			if (set_differs(write, rule->inputs[i], target))
				return true;
		}
		else if (changed(write, rule->inputs[i], target))
			return true;
	}
	return false;
}

/*
 * A write to the base table runs a down half for a newer column that it
 * assigns, unless the old side of that edge changed too: the old one wins.
 */
static bool
base_down_must_run(DualWrite *write, const EdgeRule *rule,
				   const bool *set_here)
{
	RelationEdges *edges = write->edges;
	const EdgeTarget *own = &edges->targets[rule->target];

	if (write->is_insert && !write->awaits[rule->migration])
		return false;
	if (changed(write, own->attnum, rule->target) ||
		(own->up_rule >= 0 && write->old_side[own->up_rule]))
		return false;
	for (int i = 0; i < rule->ninputs; i++)
	{
		AttrNumber	attnum = rule->inputs[i];
		int			target = rule->input_targets[i];
		int			up = target < 0 ? -1 : edges->targets[target].up_rule;

		if (target >= 0 && set_here[target])
		{
			if (write->is_insert || set_differs(write, attnum, target))
				return true;
		}
		else if (bms_is_member(attnum - FirstLowInvalidHeapAttributeNumber,
							   edges->newer_columns) &&
				 (up < 0 || !write->old_side[up]) &&
				 changed(write, attnum, target))
			return true;
	}
	return false;
}

/* The user's triggers changed what a down half reads, and not its column. */
static bool
down_reads_change_since_first(DualWrite *write, const EdgeRule *rule,
							  const bool *set_here)
{
	RelationEdges *edges = write->edges;

	if (changed_since_first(write, edges->targets[rule->target].attnum))
		return false;
	for (int i = 0; i < rule->ninputs; i++)
	{
		int			target = rule->input_targets[i];

		if (target >= 0 && set_here[target])
			return true;
		if (target >= 0 && write->new.is_set[target])
		{
			if (rule->migration < write->writer &&
				set_of_others(write, rule, rule->inputs[i], target))
				return true;
			continue;
		}
		if (rule->migration >= write->writer &&
			!bms_is_member(rule->inputs[i] - FirstLowInvalidHeapAttributeNumber,
						   edges->newer_columns))
			continue;			/* a column of the writer's own version */
		if (changed_since_first(write, rule->inputs[i]))
			return true;
	}
	return false;
}

/*
 * Has an up half just set what a down half reads, to something else than it was when the
 * first of two triggers left it?  Not so where it was made of the down half's own column.
 */
static bool
set_of_others(DualWrite *write, const EdgeRule *down, AttrNumber attnum, int target)
{
	RelationEdges *edges = write->edges;
	int			index = edges->targets[target].up_rule;
	Datum		before;
	bool		before_null;
	Datum		now;
	bool		now_null;

	if (index < 0 || !write->runs[index])
		return false;
	for (int i = 0; i < edges->rules[index].ninputs; i++)
		if (edges->rules[index].inputs[i] == edges->targets[down->target].attnum)
			return false;
	if (write->is_insert || write->first->new.is_set[target] ||
		dual_write_assigned(write, attnum))
		before = slot_getattr(write->first->result_slot, attnum, &before_null);
	else
		before = old_value(write, attnum, target, &before_null);
	now = edge_row_get(&write->new, attnum, target, &now_null);
	return dual_write_differs(edges, attnum, before, before_null, now, now_null);
}

/* Does a write to the base table assign a column of newer versions? */
static bool
assigns_newer(DualWrite *write)
{
	const Bitmapset *listed = write->is_insert ? write->inserted :
		write->updated;

	return !write->exact ||
		bms_overlap(listed, write->edges->newer_columns);
}

static void
run_rule(DualWrite *write, int index)
{
	const EdgeRule *rule = &write->edges->rules[index];
	bool		isnull;
	Datum		value = edge_eval_rule(write->eval, index, &write->new,
									   &isnull);

	edge_row_set(&write->new, rule->target, value, isnull);
}

/* Did the statement change the column's value against OLD'? */
static bool
changed(DualWrite *write, AttrNumber attnum, int target)
{
	bool		old_null;
	bool		new_null;
	Datum		old;
	Datum		new;

	if (!dual_write_assigned(write, attnum))
		return false;
	if (write->is_insert)
		return true;
	old = old_value(write, attnum, target, &old_null);
	new = slot_getattr(write->new.slot, attnum, &new_null);
	return dual_write_differs(write->edges, attnum, old, old_null, new, new_null);
}

/* Did the user's triggers change the column? */
static bool
changed_since_first(DualWrite *write, AttrNumber attnum)
{
	bool		old_null;
	bool		new_null;
	Datum		old = slot_getattr(write->first->result_slot, attnum,
								   &old_null);
	Datum		new = slot_getattr(write->new.slot, attnum, &new_null);

	return dual_write_differs(write->edges, attnum, old, old_null, new, new_null);
}

/* Does a value that one of our rules set differ from OLD'? */
static bool
set_differs(DualWrite *write, AttrNumber attnum, int target)
{
	bool		old_null;
	bool		new_null;
	Datum		old = old_value(write, attnum, target, &old_null);
	Datum		new = edge_row_get(&write->new, attnum, target, &new_null);

	return dual_write_differs(write->edges, attnum, old, old_null, new, new_null);
}

/* A column of OLD': what the backfill would have set is evaluated here. */
static Datum
old_value(DualWrite *write, AttrNumber attnum, int target, bool *isnull)
{
	RelationEdges *edges = write->edges;
	int			up = target < 0 ? -1 : edges->targets[target].up_rule;

	if (up >= 0 && write->awaits[edges->rules[up].migration] &&
		!write->old.is_set[target])
	{
		const EdgeRule *rule = &edges->rules[up];
		Datum		value;

		for (int i = 0; i < rule->ninputs; i++)
			(void) old_value(write, rule->inputs[i], rule->input_targets[i],
							 isnull);
		value = edge_eval_rule(write->eval, up, &write->old, isnull);
		edge_row_set(&write->old, target, value, *isnull);
		return value;
	}
	return edge_row_get(&write->old, attnum, target, isnull);
}
