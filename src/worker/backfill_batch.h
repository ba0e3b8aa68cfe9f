/*-------------------------------------------------------------------------
 *
 * backfill_batch.h
 *		One transaction's worth of a backfill.
 *-------------------------------------------------------------------------
 */
#ifndef PGROLL_BACKFILL_BATCH_H
#define PGROLL_BACKFILL_BATCH_H

#include "portability/instr_time.h"
#include "storage/itemptr.h"

/* In how many batches each page is visited, see backfill_batch.c. */
#define BACKFILL_STAGES 4

typedef enum BatchOutcome
{
	BATCH_DONE,					/* went as far as next_block says */
	BATCH_SCHEMA_LOCKED,		/* a start, complete or rollback is under way */
	BATCH_RELATION_LOCKED,
	BATCH_RELATION_GONE
} BatchOutcome;

typedef struct BackfillBatch
{
	/* What to do. */
	int64		task;			/* its id; the cursor is saved there */
	const char *base_schema;
	const char *version_schema;
	Oid			relation;
	bool		careful;		/* lock each row first, and skip what is
								 * locked */
	bool		single_stage;	/* few rows await: visit each page once */

	/* The cursor, moved on by the batch. */
	char		storage[96];	/* what the blocks are counted in; "" at first */
	BlockNumber next_block;
	BlockNumber end_block;		/* one past the last of this pass; Invalid…
								 * at first */
	BlockNumber stage_block[BACKFILL_STAGES];	/* the last one's is
												 * next_block */
	Size		growth;			/* by which the last row became longer */
	BlockNumber blocks_total;	/* of the pass over all of the table */

	/* Its clock. */
	instr_time	start;
	int			rows_to_look;	/* rows to update before it is looked at */

	/* What came of it. */
	BatchOutcome outcome;
	int64		rows_done;
	int64		rows_held;		/* passed over: somebody else has locked them */
	BlockNumber first_held;		/* block of the first and last of those */
	BlockNumber last_held;
	TransactionId holder;		/* a transaction that holds one */
	ItemPointerData row;		/* being worked on when an error was raised */
} BackfillBatch;

/* Set the cursor to a pass over the blocks from first to before end. */
extern void backfill_batch_begin_pass(BackfillBatch *batch, BlockNumber first,
									  BlockNumber end);

/*
 * A TaskBody: fill awaiting rows from next_block on until the batch's time is over,
 * and save the cursor.  Where the relation was rewritten since the cursor was
 * saved, the pass begins anew.
 */
extern void backfill_batch_run(void *arg);

#endif							/* PGROLL_BACKFILL_BATCH_H */
