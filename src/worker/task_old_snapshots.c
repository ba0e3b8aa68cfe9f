/*-------------------------------------------------------------------------
 *
 * task_old_snapshots.c
 *		Wait until every snapshot from before the last batch is gone.
 *
 * Such a snapshot sees the rows as they were before the backfill.  Once the new
 * column has taken the old one's place, it would read NULL in all of them.
 * The sessions are asked for as CREATE INDEX CONCURRENTLY does it, but without
 * a lock, and holding no snapshot: so nobody who waits for us waits for ever.
 *-------------------------------------------------------------------------
 */
#include "pgroll.h"

#include "access/transam.h"
#include "storage/lock.h"
#include "storage/proc.h"
#include "storage/procarray.h"
#include "storage/sinvaladt.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

#include "worker/session_text.h"
#include "worker/task_transaction.h"

#define FIRST_PAUSE_MS 20
#define LONGEST_PAUSE_MS 1000
#define REPORT_PAUSE_MS 160

typedef struct OldSnapshots
{
	const Task *task;
	MemoryContext context;
	TransactionId limit;		/* xmin of a snapshot after the last batch */
	VirtualTransactionId *vxids;	/* who had an older one then */
	int			n_left;			/* those who have it still come first */
	char	   *waiting_for;	/* the first of them */
} OldSnapshots;

static ErrorData *run_old_snapshots(TaskRunner *runner,
									const MigrationRow *migration,
									const Task *task);
static void take_up(void *arg);
static VirtualTransactionId *holders(TransactionId limit, int *n);
static void drop_finished(OldSnapshots *old);
static void describe_first(void *arg);

const TaskOps task_old_snapshots_ops = {
	.run = run_old_snapshots,
};

static ErrorData *
run_old_snapshots(TaskRunner *runner, const MigrationRow *migration,
				  const Task *task)
{
	OldSnapshots old = {.task = task};
	int			pause_ms = FIRST_PAUSE_MS;

	task_transaction_or_raise(runner, take_up, &old);

	/* From here on our own transaction, if there is one, has no snapshot. */
	old.vxids = holders(old.limit, &old.n_left);
	old.context = AllocSetContextCreate(runner->context, "old snapshots",
										ALLOCSET_SMALL_SIZES);
	while (old.n_left > 0)
	{
		if (pause_ms >= REPORT_PAUSE_MS)
		{
			task_transaction_or_raise(runner, describe_first, &old);
			task_report_waiting(runner, task->id, old.waiting_for, NULL);
		}
		task_sleep(runner, pause_ms);
		pause_ms = Min(2 * pause_ms, LONGEST_PAUSE_MS);
		MemoryContextReset(old.context);
		drop_finished(&old);
	}
	return NULL;
}

/* A TaskBody. */
static void
take_up(void *arg)
{
	OldSnapshots *old = arg;

	task_set_started(old->task->id, -1, -1);
	old->limit = GetLatestSnapshot()->xmin;
}

/*
 * Transactions of this database with a snapshot whose xmin is not after limit.
 * Every snapshot older than the one that limit comes from is among them, as the
 * oldest running transaction never gets older.  Vacuum reads no rows for anybody.
 */
static VirtualTransactionId *
holders(TransactionId limit, int *n)
{
	return GetCurrentVirtualXIDs(limit, true, false,
								 PROC_IS_AUTOVACUUM | PROC_IN_VACUUM, n);
}

/* Whoever is no more among the holders is done; new ones do not matter. */
static void
drop_finished(OldSnapshots *old)
{
	MemoryContext caller = MemoryContextSwitchTo(old->context);
	int			n_now;
	VirtualTransactionId *now = holders(old->limit, &n_now);
	int			n_left = 0;

	for (int i = 0; i < old->n_left; i++)
	{
		for (int j = 0; j < n_now; j++)
		{
			if (VirtualTransactionIdEquals(old->vxids[i], now[j]))
			{
				old->vxids[n_left++] = old->vxids[i];
				break;
			}
		}
	}
	old->n_left = n_left;
	MemoryContextSwitchTo(caller);
}

/* A TaskBody. */
static void
describe_first(void *arg)
{
	OldSnapshots *old = arg;
	PGPROC	   *proc = process_of_vxid(old->vxids[0]);
	int			pid = proc != NULL ? proc->pid : 0;

	old->waiting_for = pid == 0 ? NULL :
		MemoryContextStrdup(old->context,
							psprintf("a snapshot from before the last batch, held by %s",
									 session_text_by_pid(pid)));
}
