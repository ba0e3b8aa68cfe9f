/*-------------------------------------------------------------------------
 *
 * dual_write_fast.h
 *		The law of dual writes for what most statements do.
 *
 * That is a statement of the oldest version, or of the base table, that assigns
 * no newer column, on a table without BEFORE triggers of the user's and with
 * edges that do not read each other; and a row that does not await.  All else
 * is dual_write.h's.
 *-------------------------------------------------------------------------
 */
#ifndef PGROLL_DUAL_WRITE_FAST_H
#define PGROLL_DUAL_WRITE_FAST_H

#include "versioning/dual_write.h"

typedef struct DualWriteFast DualWriteFast;

/* NULL where the statement is not such a one.  In the current memory context. */
extern DualWriteFast *dual_write_fast_create(const DualWrite *write);

/* The tuple to be written; NULL: the row is not such a one. */
extern HeapTuple dual_write_fast(DualWriteFast *fast, DualWrite *write,
								 TriggerData *trigdata);

#endif							/* PGROLL_DUAL_WRITE_FAST_H */
