/*-------------------------------------------------------------------------
 *
 * task_backfill.c
 *		Old rows in block order, one batch = one transaction; and the last pass.
 *
 * A backfill is a pass over the whole table, and then passes over the blocks
 * where rows were held by others, until none is.  The cursor does not tell of
 * held rows: what goes on from it visits the blocks before it afterwards.
 *
 * The last pass is the same once more, and is over when a whole pass has found
 * nothing to do.  What it has seen it need not see again: later writes go through
 * the trigger.
 *-------------------------------------------------------------------------
 */
#include "pgroll.h"

#include "access/table.h"
#include "access/tableam.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "worker/backfill_batch.h"
#include "worker/row_update.h"
#include "worker/session_text.h"
#include "worker/task_transaction.h"
#include "worker/throttle.h"

/* The pause before somebody is asked again for what he holds: first, longest. */
#define FIRST_PAUSE_MS 20
#define LONGEST_PAUSE_MS 1000

/* From this pause on the task says whom it waits for. */
#define REPORT_PAUSE_MS 160

typedef struct Backfill
{
	TaskRunner *runner;
	BackfillBatch batch;		/* as of the last commit */
	Throttle	throttle;
	bool		last_pass;
	BlockNumber resumed_at;		/* rows before it may have been held, or 0 */
	int			pause_ms;		/* the next one */
	int			n_conflicts;	/* since the last batch that was committed */

	/* Of the pass that is under way. */
	int64		rows_done;
	int64		rows_held;
	BlockNumber first_held;
	BlockNumber last_held;
} Backfill;

typedef struct RowText
{
	const BackfillBatch *batch;
	MemoryContext context;
	char	   *result;
} RowText;

static ErrorData *run_backfill(TaskRunner *runner, const MigrationRow *migration,
							   const Task *task);
static ErrorData *run_last_pass(TaskRunner *runner, const MigrationRow *migration,
								const Task *task);
static ErrorData *run_passes(Backfill *backfill, TaskRunner *runner,
							 const MigrationRow *migration, const Task *task);
static void task_taken_up(void *arg);
static ErrorData *run_batch(Backfill *backfill, bool *gone);
static void merge_batch(Backfill *backfill, const BackfillBatch *batch);
static bool pass_is_over(const Backfill *backfill);
static bool begin_next_pass(Backfill *backfill);
static void pause_for(Backfill *backfill, const char *waiting_for,
					  const char *error);
static void name_row(Backfill *backfill, const BackfillBatch *batch,
					 ErrorData *error);
static void describe_row(void *arg);
static void describe_holder(void *arg);

const TaskOps task_backfill_ops = {
	.run = run_backfill,
};

const TaskOps task_last_pass_ops = {
	.run = run_last_pass,
};

static ErrorData *
run_backfill(TaskRunner *runner, const MigrationRow *migration, const Task *task)
{
	Backfill	backfill = {.last_pass = false};

	return run_passes(&backfill, runner, migration, task);
}

static ErrorData *
run_last_pass(TaskRunner *runner, const MigrationRow *migration, const Task *task)
{
	Backfill	backfill = {.last_pass = true};

	return run_passes(&backfill, runner, migration, task);
}

static ErrorData *
run_passes(Backfill *backfill, TaskRunner *runner, const MigrationRow *migration,
		   const Task *task)
{
	MemoryContext round;
	bool		gone = false;

	backfill->runner = runner;
	backfill->pause_ms = FIRST_PAUSE_MS;
	backfill->batch.task = task->id;
	backfill->batch.base_schema = migration->base_schema;
	backfill->batch.version_schema = migration->version_schema;
	backfill->batch.relation = task->relation;
	backfill->batch.single_stage = backfill->last_pass;
	backfill->resumed_at = task->next_block;
	backfill_batch_begin_pass(&backfill->batch, task->next_block,
							  InvalidBlockNumber);
	strlcpy(backfill->batch.storage, task->storage ? task->storage : "",
			sizeof(backfill->batch.storage));

	task_transaction_or_raise(runner, task_taken_up, (void *) task);
	throttle_begin(&backfill->throttle);
	round = AllocSetContextCreate(runner->context, "backfill round",
								  ALLOCSET_SMALL_SIZES);
	MemoryContextSwitchTo(round);
	while (!gone)
	{
		ErrorData  *error;

		MemoryContextReset(round);
		throttle_wait(&backfill->throttle, runner, task->id);
		error = run_batch(backfill, &gone);
		if (error != NULL)
			return error;
		if (pass_is_over(backfill) && !begin_next_pass(backfill))
			break;
	}
	MemoryContextSwitchTo(runner->context);
	return NULL;
}

/* A TaskBody: the totals, as far as they can be known. */
static void
task_taken_up(void *arg)
{
	const Task *task = arg;
	Relation	relation = try_table_open(task->relation, AccessShareLock);
	BlockNumber blocks;
	double		rows;
	double		all_visible;

	if (relation == NULL)
		return;
	table_relation_estimate_size(relation, NULL, &blocks, &rows, &all_visible);
	task_set_started(task->id, blocks, (int64) rows);
	table_close(relation, AccessShareLock);
}

/*
 * One try at one batch.  What could not be done now is tried again later; an
 * error that will not go away by itself is returned, and names the row.
 */
static ErrorData *
run_batch(Backfill *backfill, bool *gone)
{
	BackfillBatch batch = backfill->batch;
	ErrorData  *error;

	error = task_transaction(backfill->runner, backfill_batch_run, &batch);
	if (error != NULL && error_is_conflict(error))
		backfill->n_conflicts++;
	if (error != NULL && error_is_transient(error) &&
		backfill->n_conflicts < TASK_MAX_CONFLICTS)
	{
		if (backfill->pause_ms >= REPORT_PAUSE_MS)
			name_row(backfill, &batch, error);
		pause_for(backfill, "another transaction", error->message);
		backfill->batch.careful = true;
		FreeErrorData(error);
		return NULL;
	}
	if (error != NULL)
	{
		name_row(backfill, &batch, error);
		return error;
	}

	switch (batch.outcome)
	{
		case BATCH_DONE:
			merge_batch(backfill, &batch);
			break;
		case BATCH_SCHEMA_LOCKED:
			pause_for(backfill, "a start, completion or rollback in the base schema",
					  NULL);
			break;
		case BATCH_RELATION_LOCKED:
			pause_for(backfill, task_describe_blockers(backfill->runner,
													   batch.relation,
													   RowExclusiveLock), NULL);
			break;
		case BATCH_RELATION_GONE:
			*gone = true;
			break;
	}
	return NULL;
}

/* The batch is committed: take over its cursor and count what it did. */
static void
merge_batch(Backfill *backfill, const BackfillBatch *batch)
{
	backfill->n_conflicts = 0;
	/* A relation that was rewritten in between begins a new pass. */
	if (strcmp(batch->storage, backfill->batch.storage) != 0)
	{
		backfill->rows_done = 0;
		backfill->rows_held = 0;
	}

	if (batch->rows_held > 0)
	{
		if (backfill->rows_held == 0 || batch->first_held < backfill->first_held)
			backfill->first_held = batch->first_held;
		if (backfill->rows_held == 0 || batch->last_held > backfill->last_held)
			backfill->last_held = batch->last_held;
		backfill->rows_held += batch->rows_held;
	}
	backfill->rows_done += batch->rows_done;
	if (batch->rows_done > 0)
		backfill->pause_ms = FIRST_PAUSE_MS;

	backfill->batch = *batch;
	backfill->batch.careful = false;
	backfill->batch.rows_done = 0;
	backfill->batch.rows_held = 0;
}

static bool
pass_is_over(const Backfill *backfill)
{
	return backfill->batch.next_block >= backfill->batch.end_block;
}

/* Go over the blocks of held rows again; false where nothing is left to do. */
static bool
begin_next_pass(Backfill *backfill)
{
	BackfillBatch *batch = &backfill->batch;

	if (backfill->rows_held > 0)
	{
		RowText		holder = {batch, backfill->runner->context, NULL};

		if (backfill->pause_ms >= REPORT_PAUSE_MS)
			task_transaction_or_raise(backfill->runner, describe_holder, &holder);
		pause_for(backfill, holder.result, NULL);
		batch->single_stage = true;
		backfill_batch_begin_pass(batch, backfill->first_held,
								  backfill->last_held + 1);
	}
	else if (backfill->resumed_at > 0)
	{
		backfill_batch_begin_pass(batch, 0, backfill->resumed_at);
		backfill->resumed_at = 0;
	}
	else if (backfill->last_pass && backfill->rows_done > 0)
	{
		backfill_batch_begin_pass(batch, 0, InvalidBlockNumber);
	}
	else
		return false;

	if (!backfill->last_pass || backfill->rows_held == 0)
		backfill->rows_done = 0;
	backfill->rows_held = 0;
	return true;
}

static void
pause_for(Backfill *backfill, const char *waiting_for, const char *error)
{
	if (backfill->pause_ms >= REPORT_PAUSE_MS)
		task_report_waiting(backfill->runner, backfill->batch.task, waiting_for,
							error);
	task_sleep(backfill->runner, backfill->pause_ms);
	backfill->pause_ms = Min(2 * backfill->pause_ms, LONGEST_PAUSE_MS);
}

/* Put the key of the row that a batch failed for before the error's message. */
static void
name_row(Backfill *backfill, const BackfillBatch *batch, ErrorData *error)
{
	RowText		row = {batch, CurrentMemoryContext, NULL};
	ErrorData  *second;

	if (!ItemPointerIsValid(&batch->row))
		return;
	second = task_transaction(backfill->runner, describe_row, &row);
	if (second == NULL && row.result != NULL)
		error->message = psprintf("%s: %s", row.result, error->message);
}

/* A TaskBody. */
static void
describe_row(void *arg)
{
	RowText    *row = arg;
	ItemPointerData tid = row->batch->row;

	row->result = MemoryContextStrdup(row->context,
									  row_text(row->batch->relation, &tid));
}

/* A TaskBody. */
static void
describe_holder(void *arg)
{
	RowText    *row = arg;

	if (TransactionIdIsValid(row->batch->holder))
		row->result = MemoryContextStrdup(row->context,
										  psprintf("rows locked by %s",
												   session_text_by_xid(row->batch->holder)));
}
