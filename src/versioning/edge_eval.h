/*-------------------------------------------------------------------------
 *
 * edge_eval.h
 *		Evaluates the halves of a table's edges on rows.
 *
 * An EdgeEval is made once per statement, as the user who is to run the
 * expressions; EXECUTE on their functions is checked then.
 *-------------------------------------------------------------------------
 */
#ifndef PGROLL_EDGE_EVAL_H
#define PGROLL_EDGE_EVAL_H

#include "executor/tuptable.h"
#include "nodes/execnodes.h"
#include "utils/rel.h"

struct RelationEdges;
struct EdgeRule;

/*
 * A row on which halves are evaluated: the columns of slot, over which stand
 * the values that were set since.
 */
typedef struct EdgeRow
{
	TupleTableSlot *slot;
	TupleTableSlot *overlay;	/* our own copy of slot, made when first
								 * needed */
	bool		overlaid;		/* overlay holds this row */
	int			nset;			/* how many of is_set are true */
	bool	   *is_set;			/* by target */
	bool	   *stored;			/* is_set, and overlay knows it */
	Datum	   *values;
	bool	   *isnull;
} EdgeRow;

typedef struct EdgeEval EdgeEval;

/* A state for evaluating the edges of many rows: ExprStates in estate. */
extern EdgeEval *edge_eval_begin(struct RelationEdges *edges, EState *estate);
extern void edge_eval_end(EdgeEval *eval);

/* The same in a memory context, whose end is the end of the state. */
extern EdgeEval *edge_eval_create(struct RelationEdges *edges,
								  MemoryContext context);

/*
 * A fresh tuple (in the current memory context) in which every up half of each
 * migration that the row awaits is evaluated, in order, and its markers are
 * false; NULL where the row awaits nothing.  Raises not_null_violation as the
 * trigger does.
 */
extern HeapTuple edge_eval_backfill(EdgeEval *eval, TupleTableSlot *row);

/*
 * The pieces of which that and the trigger are made: prepare row for the statement,
 * let it stand for the row of a slot with nothing set, read a column (target is its
 * index among the targets, or -1), set a target's column.  Values are not copied.
 */
extern void edge_row_init(EdgeEval *eval, EdgeRow *row);
extern void edge_row_begin(EdgeEval *eval, EdgeRow *row, TupleTableSlot *slot);
extern Datum edge_row_get(const EdgeRow *row, AttrNumber attnum, int target,
						  bool *isnull);
extern void edge_row_set(EdgeRow *row, int target, Datum value, bool isnull);

/* The value of a half on a row; lives in the current memory context. */
extern Datum edge_eval_rule(EdgeEval *eval, int rule, EdgeRow *row,
							bool *isnull);

/*
 * The same on the row of a slot, for a rule of which edge_rule_is_plain() holds:
 * no subquery, no function but built-in ones.
 */
extern bool edge_rule_is_plain(EdgeEval *eval, int rule);
extern Datum edge_eval_plain(EdgeEval *eval, int rule, TupleTableSlot *slot,
							 bool *isnull);

/* Does the row of a slot await the backfill of a migration? */
extern bool edge_row_awaits(EdgeEval *eval, int migration,
							TupleTableSlot *slot);

/* Raises not_null_violation for a column that a half must not leave NULL. */
pg_noreturn extern void edge_raise_not_null(EdgeEval *eval, int rule);

/*
 * A fresh tuple: row's own, with what was set and the markers of migrations
 * (by index) false.
 */
extern HeapTuple edge_row_form(EdgeEval *eval, EdgeRow *row, HeapTuple tuple,
							   const bool *clear_marker);

#endif							/* PGROLL_EDGE_EVAL_H */
