/*-------------------------------------------------------------------------
 *
 * dual_write.h
 *		The law of dual writes, row by row.
 *
 * Every history ends as if the backfill had happened at the instant of the
 * start (docs/concepts.md).
 *-------------------------------------------------------------------------
 */
#ifndef PGROLL_DUAL_WRITE_H
#define PGROLL_DUAL_WRITE_H

#include "commands/trigger.h"
#include "lib/ilist.h"

#include "versioning/dual_write_cache.h"
#include "versioning/edge_eval.h"

/*
 * The state of one of our triggers during one statement: what is known of the
 * statement, and the row of the moment.
 */
typedef struct DualWrite
{
	RelationEdges *edges;
	EdgeEval   *eval;
	DualWriteRole role;
	int			writer;			/* version of the writer: 0 is the oldest */
	bool		exact;			/* the lists of columns say what was assigned */
	bool		is_known;		/* what an INSERT lists is: … */
	Bitmapset  *inserted;		/* … these columns, of MERGE any of its */
	OverridingKind override;	/* of an INSERT (write_version_override()) */

	struct DualWriteFast *fast; /* what most statements need, or NULL */

	/* the row of the moment */
	bool		is_insert;
	const Bitmapset *updated;	/* where exact: columns that an UPDATE sets */
	EdgeRow		old;			/* OLD': not of an INSERT */
	EdgeRow		new;
	bool	   *awaits;			/* by migration: OLD, or what is inserted,
								 * awaits */
	bool		any_awaits;
	bool	   *runs;			/* by rule: up halves that the statement makes
								 * run */
	bool	   *old_side;		/* by rule: up halves that read a change */
	bool	   *keeps;			/* by rule: its column stays as it was sent */
	bool	   *set_here;		/* by target: a down half has set it */
	bool	   *clear;			/* by migration: the marker is to become false */

	/* the pair of triggers around the user's own */
	dlist_node	node;			/* of a first one: in the list of these */
	bool		listed;
	TupleTableSlot *slot;		/* the executor's, by which the last finds it */
	HeapTuple	result;			/* what the first left, a copy */
	TupleTableSlot *result_slot;
	struct DualWrite *first;	/* of a last one: its first, or NULL */
} DualWrite;

/*
 * Sets in write->new what the edges make of the row.  Returns false where the
 * row stays as it is.
 */
extern bool dual_write_insert(DualWrite *write);
extern bool dual_write_update(DualWrite *write);

/* Raises an error where a version forbids NULL and the row has it. */
extern void dual_write_check_not_null(DualWrite *write);

/*
 * Did the statement assign the column?  Where that is not known, assigned means
 * that the value differs, from NULL in an INSERT.
 */
extern bool dual_write_assigned(DualWrite *write, AttrNumber attnum);

/* Do two values of a column differ, byte by byte? */
extern bool dual_write_differs(const RelationEdges *edges, AttrNumber attnum,
							   Datum a, bool a_null, Datum b, bool b_null);

#endif							/* PGROLL_DUAL_WRITE_H */
