/*-------------------------------------------------------------------------
 *
 * row_update.h
 *		Updating rows of one heap without the executor's cost for each.
 *-------------------------------------------------------------------------
 */
#ifndef PGROLL_ROW_UPDATE_H
#define PGROLL_ROW_UPDATE_H

#include "executor/tuptable.h"
#include "nodes/execnodes.h"
#include "utils/rel.h"

#include "versioning/dual_write_cache.h"
#include "versioning/edge_eval.h"

/* What updating the rows of one relation takes, for the time of a batch. */
typedef struct RowUpdater
{
	Relation	relation;
	EState	   *estate;
	ResultRelInfo *target;
	EdgeEval   *eval;
	AttrNumber	marker;
	TupleTableSlot *old_row;	/* the scan's */
	TupleTableSlot *new_row;
	Snapshot	snapshot;
	bool		has_constraints;
	bool		generated;		/* a stored column reads what we set */
	bool	   *index_changes;	/* by index: it reads a column that we set */
	bool		hot_possible;	/* no index has a column that we set */
	Size		growth;			/* by which the last new row was longer */
} RowUpdater;

/*
 * For the rows of a heap that is locked ROW EXCLUSIVE, with the active snapshot, as
 * the current user, who owns it.  marker is the column that tells whether they await.
 */
extern void row_updater_begin(RowUpdater *updater, Relation relation,
							  RelationEdges *edges, AttrNumber marker);
extern void row_updater_end(RowUpdater *updater);

/* Does the scan's row await backfill? */
extern bool row_awaits(RowUpdater *updater);

/*
 * Would an update of the scan's row have to wait for another transaction?  Then
 * that is the holder.
 */
extern bool row_is_held(RowUpdater *updater, TransactionId *holder);

/* Lock the scan's row; false where that is not possible without waiting. */
extern bool row_lock(RowUpdater *updater);

/* Is there probably room for the new version on the same page? */
extern bool row_fits_page(RowUpdater *updater);

/* How many rows like the scan's a full page has. */
extern double rows_per_page(RowUpdater *updater);

/*
 * How many new versions find room where so many old ones like the scan's row have
 * been, for each of them.
 */
extern double row_room_left(RowUpdater *updater);

/*
 * Fill the scan's row.  False where it awaits nothing, or where somebody has
 * changed it since the snapshot: that fired the trigger.
 */
extern bool row_update(RowUpdater *updater);

/* The row, as text like "row (id)=(42)". */
extern char *row_text(Oid relation, ItemPointer row);

#endif							/* PGROLL_ROW_UPDATE_H */
