/*-------------------------------------------------------------------------
 *
 * throttle.h
 *		Holding a backfill back while others suffer from it.
 *-------------------------------------------------------------------------
 */
#ifndef PGROLL_THROTTLE_H
#define PGROLL_THROTTLE_H

#include "datatype/timestamp.h"

#include "worker/task.h"

typedef struct Throttle
{
	TimestampTz window_start;	/* of the WAL rate */
	uint64		window_wal;		/* WAL written by us until then, in bytes */
	TimestampTz next_look;		/* at standbys and snapshots */
} Throttle;

/* Begin to count, at the start of a task. */
extern void throttle_begin(Throttle *throttle);

/*
 * Between two batches: sleep until the WAL rate is met, no standby lags too far
 * and no snapshot is too old; the task says what it waits for.
 */
extern void throttle_wait(Throttle *throttle, TaskRunner *runner, int64 task);

#endif							/* PGROLL_THROTTLE_H */
