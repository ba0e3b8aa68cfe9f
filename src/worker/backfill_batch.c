/*-------------------------------------------------------------------------
 *
 * backfill_batch.c
 *		One transaction's worth of a backfill.
 *
 * Reads the heap in block order and updates the rows that await (row_update.c).
 *
 * Pages are mostly full, so a plain update would move each row to another page,
 * with new entries in every index, and double both.  Instead each page is visited
 * in BACKFILL_STAGES batches.  The first moves some of its rows away.  By the time
 * of the next, those are dead to everybody, the server prunes them, and other rows
 * find room on the page itself: a heap-only update, which makes room for more of
 * them.  The last stage does what is left in any case, so that old snapshots,
 * which keep dead rows alive, cost speed and no more.  The stages are cursors that
 * follow each other through the table.
 *
 * A row that another transaction has locked or is changing is passed over, and
 * visited again in a later pass, so that a batch waits for nobody while it holds
 * row locks.  Between the look at the row and its update somebody may lock it all the
 * same; then the update waits for ROW_LOCK_TIMEOUT, the batch fails, and is done
 * again with each row locked first.
 *
 * Locks: base schema shared, relation ROW EXCLUSIVE, rows, then the task's row.
 * The first two are tried, never waited for.
 *-------------------------------------------------------------------------
 */
#include "pgroll.h"

#include <math.h>

#include "access/heapam.h"
#include "access/table.h"
#include "access/tableam.h"
#include "catalog/pg_am.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "portability/instr_time.h"
#include "storage/bufmgr.h"
#include "storage/lmgr.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"

#include "schema/catalog_storage.h"
#include "state/migrations.h"
#include "state/tasks.h"
#include "support/guc.h"
#include "support/spi.h"
#include "versioning/dual_write_cache.h"
#include "worker/backfill_batch.h"
#include "worker/row_update.h"

/* How long an update may wait for a row that was free a moment ago. */
#define ROW_LOCK_TIMEOUT "10ms"

/* A stage of a batch ends there even where no row takes its time. */
#define MAX_BLOCKS 2048

/* The clock is looked at about so often, at least once in so many rows. */
#define LOOK_MS 0.1
#define MAX_ROWS_TO_LOOK 32

#define LAST_STAGE (BACKFILL_STAGES - 1)

/* Rows of one statement where the relation is no heap. */
#define SQL_ROWS 1000

/* What a stage has done on the page that it is on. */
typedef struct PageVisit
{
	BlockNumber block;
	int			n_moved;
	int			may_move;		/* -1: not known yet */
	bool		left;			/* the rest is for the next stage */
} PageVisit;

static Relation open_relation(BackfillBatch *batch);
static void set_for_transaction(const char *setting, const char *value);
static AttrNumber marker_of(Relation relation, RelationEdges *edges,
							const BackfillBatch *batch);
static void set_storage(BackfillBatch *batch, Relation relation);
static void update_rows(BackfillBatch *batch, Relation relation,
						RelationEdges *edges);
static void run_stages(BackfillBatch *batch, RowUpdater *updater);
static bool time_is_over(const BackfillBatch *batch, int factor);
static bool row_takes_long(BackfillBatch *batch);
static double elapsed_ms(const BackfillBatch *batch);
static BlockNumber scan_blocks(BackfillBatch *batch, RowUpdater *updater,
							   int stage, BlockNumber end);
static bool visit_row(BackfillBatch *batch, RowUpdater *updater, int stage,
					  PageVisit *page);
static int	rows_to_move(RowUpdater *updater);
static void note_held(BackfillBatch *batch, BlockNumber block,
					  TransactionId holder);
static void update_rows_by_sql(BackfillBatch *batch, Relation relation,
							   AttrNumber marker);

void
backfill_batch_begin_pass(BackfillBatch *batch, BlockNumber first,
						  BlockNumber end)
{
	batch->next_block = first;
	batch->end_block = end;
	for (int stage = 0; stage < BACKFILL_STAGES; stage++)
		batch->stage_block[stage] = first;
}

void
backfill_batch_run(void *arg)
{
	BackfillBatch *batch = arg;
	SecurityScope scope;
	Relation	relation;
	RelationEdges *edges;

	INSTR_TIME_SET_CURRENT(batch->start);
	batch->rows_to_look = 0;
	ItemPointerSetInvalid(&batch->row);
	relation = open_relation(batch);
	if (relation == NULL)
		return;
	batch->outcome = BATCH_DONE;
	set_storage(batch, relation);

	/*
	 * A batch that is lost in a crash is done again, so its commit need not
	 * wait for the disk; the commit that makes the migration ready does.
	 */
	set_for_transaction("synchronous_commit", "off");

	restricted_begin(&scope, relation->rd_rel->relowner);
	set_for_transaction("lock_timeout", ROW_LOCK_TIMEOUT);
	edges = relation_edges_get(relation);
	if (relation->rd_rel->relam == HEAP_TABLE_AM_OID)
		update_rows(batch, relation, edges);
	else
		update_rows_by_sql(batch, relation, marker_of(relation, edges, batch));
	restricted_end(&scope);

	table_close(relation, NoLock);
	task_set_progress(batch->task, batch->storage, batch->next_block,
					  batch->blocks_total, batch->rows_done);
}

/* Lock and open the relation; where that cannot be, the outcome says why. */
static Relation
open_relation(BackfillBatch *batch)
{
	Relation	relation;

	if (!base_schema_lock_try_shared(batch->base_schema))
	{
		batch->outcome = BATCH_SCHEMA_LOCKED;
		return NULL;
	}
	if (!ConditionalLockRelationOid(batch->relation, RowExclusiveLock))
	{
		batch->outcome = BATCH_RELATION_LOCKED;
		return NULL;
	}
	relation = try_table_open(batch->relation, NoLock);
	if (relation == NULL)
		batch->outcome = BATCH_RELATION_GONE;
	return relation;
}

static void
set_for_transaction(const char *setting, const char *value)
{
	(void) set_config_option(setting, value, PGC_SUSET, PGC_S_SESSION,
							 GUC_ACTION_LOCAL, true, 0, false);
}

/* The migration's marker; without one the row's state cannot be known. */
static AttrNumber
marker_of(Relation relation, RelationEdges *edges, const BackfillBatch *batch)
{
	AttrNumber	marker = 0;

	if (edges != NULL)
		marker = relation_edges_marker(edges, batch->version_schema);
	if (marker == 0)
		ereport(ERROR,
				(errcode(ERRCODE_PGROLL_BROKEN_EDGE),
				 errmsg("table \"%s\" has no dual-write trigger for version schema \"%s\"",
						RelationGetRelationName(relation), batch->version_schema),
				 errdetail("Rows that were written without it cannot be told from others."),
				 errhint("Undo the migration with pgroll_c.rollback_migration().")));
	return marker;
}

/*
 * What the cursor counts in: VACUUM FULL, CLUSTER and TRUNCATE give the table
 * another file, a restored dump is in another cluster or database.
 */
static void
set_storage(BackfillBatch *batch, Relation relation)
{
	char	   *storage = catalog_storage(relation);
	BlockNumber blocks = 0;

	if (relation->rd_rel->relam == HEAP_TABLE_AM_OID)
		blocks = RelationGetNumberOfBlocks(relation);
	if (strcmp(storage, batch->storage) != 0)
	{
		strlcpy(batch->storage, storage, sizeof(batch->storage));
		backfill_batch_begin_pass(batch, 0, InvalidBlockNumber);
	}

	/* Rows on blocks that come from now on are written with the trigger. */
	if (batch->end_block == InvalidBlockNumber)
		batch->end_block = batch->blocks_total = blocks;
	batch->end_block = Min(batch->end_block, blocks);
}

static void
update_rows(BackfillBatch *batch, Relation relation, RelationEdges *edges)
{
	AttrNumber	marker = marker_of(relation, edges, batch);
	RowUpdater	updater;

	CheckCmdReplicaIdentity(relation, CMD_UPDATE);
	if (batch->next_block >= batch->end_block)
		return;
	row_updater_begin(&updater, relation, edges, marker);
	updater.growth = batch->growth;
	run_stages(batch, &updater);
	batch->growth = updater.growth;
	row_updater_end(&updater);
}

/*
 * Each stage goes as far as the one before it has come in earlier batches.  The
 * last is the first to run, so that each batch makes progress.
 */
static void
run_stages(BackfillBatch *batch, RowUpdater *updater)
{
	bool		single = batch->single_stage || !updater->hot_possible;
	BlockNumber end[BACKFILL_STAGES];

	for (int stage = 0; stage < BACKFILL_STAGES; stage++)
		end[stage] = stage == 0 || single ? batch->end_block :
			Min(batch->stage_block[stage - 1], batch->end_block);

	batch->stage_block[LAST_STAGE] = scan_blocks(batch, updater, LAST_STAGE,
												 end[LAST_STAGE]);
	for (int stage = LAST_STAGE - 1; stage >= 0; stage--)
	{
		if (!single && !time_is_over(batch, 1))
			batch->stage_block[stage] = scan_blocks(batch, updater, stage,
													end[stage]);
		batch->stage_block[stage] = Max(batch->stage_block[stage],
										batch->stage_block[LAST_STAGE]);
	}
	batch->next_block = batch->stage_block[LAST_STAGE];
}

static bool
time_is_over(const BackfillBatch *batch, int factor)
{
	return elapsed_ms(batch) >= factor * pgroll_backfill_batch_time;
}

/*
 * In the middle of a block a batch is given twice the time, so that it mostly ends
 * between two.  The clock is looked at the more seldom the faster the rows go.
 */
static bool
row_takes_long(BackfillBatch *batch)
{
	double		row_ms;

	if (--batch->rows_to_look >= 0)
		return false;
	row_ms = elapsed_ms(batch) / (batch->rows_done + 1);
	batch->rows_to_look = (int) Min(LOOK_MS / row_ms, MAX_ROWS_TO_LOOK);
	return time_is_over(batch, 2);
}

static double
elapsed_ms(const BackfillBatch *batch)
{
	instr_time	now;

	INSTR_TIME_SET_CURRENT(now);
	INSTR_TIME_SUBTRACT(now, batch->start);
	return INSTR_TIME_GET_MILLISEC(now);
}

/*
 * Visit the rows from a stage's cursor on until the batch's time is over; its
 * new cursor.  A block that is left half done is visited again.
 */
static BlockNumber
scan_blocks(BackfillBatch *batch, RowUpdater *updater, int stage, BlockNumber end)
{
	PageVisit	page = {.block = batch->stage_block[stage],.may_move = -1};
	TableScanDesc scan;
	ItemPointerData first;
	ItemPointerData last;
	bool		over = false;

	if (page.block >= end)
		return page.block;
	end = Min(end, page.block + MAX_BLOCKS);
	ItemPointerSet(&first, page.block, 0);
	ItemPointerSet(&last, end - 1, MaxOffsetNumber);
	scan = begin_tid_range_scan(updater->relation, updater->snapshot,
								&first, &last);
	while (table_scan_getnextslot_tidrange(scan, ForwardScanDirection,
										   updater->old_row))
	{
		BlockNumber block = ItemPointerGetBlockNumber(&updater->old_row->tts_tid);

		CHECK_FOR_INTERRUPTS();
		if (block != page.block)
		{
			over = time_is_over(batch, 1);
			page = (PageVisit)
			{
				.block = block,.may_move = -1
			};
		}
		if (!over && !page.left && visit_row(batch, updater, stage, &page))
			over = row_takes_long(batch);
		if (over)
		{
			end = block;
			break;
		}
	}
	table_endscan(scan);
	return end;
}

/*
 * Update the scan's row if it awaits, nobody holds it and the stage may; true if
 * that was tried.
 */
static bool
visit_row(BackfillBatch *batch, RowUpdater *updater, int stage, PageVisit *page)
{
	TransactionId holder = InvalidTransactionId;
	bool		last = stage == LAST_STAGE;
	bool		held = row_is_held(updater, &holder);

	/* An expression must not judge a row that may be changed or gone soon. */
	if ((held || batch->careful || !last) && !row_awaits(updater))
		return false;
	if (!held && !last && !row_fits_page(updater))
	{
		if (page->may_move < 0)
			page->may_move = stage == 0 ? rows_to_move(updater) : 0;
		page->left = page->n_moved++ >= page->may_move;
		if (page->left)
			return false;
	}
	if (held || (batch->careful && !row_lock(updater)))
	{
		if (last)
			note_held(batch, page->block, holder);
		return false;
	}

	batch->row = updater->old_row->tts_tid;
	if (row_update(updater))
		batch->rows_done++;
	ItemPointerSetInvalid(&batch->row);
	return true;
}

/*
 * How many rows of a page the first stage moves away, so that all are done after
 * the last: each stage does as many as find room where those of the one before
 * have been.  But a page has only so many line pointers, of which each heap-only
 * update takes one.
 */
static int
rows_to_move(RowUpdater *updater)
{
	double		rows = rows_per_page(updater);
	double		room = row_room_left(updater);
	double		in_place = (MaxHeapTuplesPerPage - rows) / rows;
	double		of_stage = 1;
	double		of_all = 0;

	for (int stage = 0; stage < BACKFILL_STAGES; stage++)
	{
		of_all += of_stage;
		of_stage *= room;
	}
	return (int) ceil(rows * Max(1 / of_all, 1 - in_place));
}

static void
note_held(BackfillBatch *batch, BlockNumber block, TransactionId holder)
{
	if (batch->rows_held == 0)
		batch->first_held = block;
	batch->first_held = Min(batch->first_held, block);
	batch->last_held = block;
	batch->rows_held++;
	if (TransactionIdIsValid(holder))
		batch->holder = holder;
}

/*
 * For what is not a heap: updates of the marker fire the dual-write trigger,
 * which does the rest; under this setting the user's own triggers do not fire.
 * There is no order of blocks, so each batch takes the rows that it finds first.
 */
static void
update_rows_by_sql(BackfillBatch *batch, Relation relation, AttrNumber marker)
{
	char	   *table;
	const char *column;

	table = quote_qualified_identifier(get_namespace_name(RelationGetNamespace(relation)),
									   RelationGetRelationName(relation));
	column = quote_identifier(NameStr(TupleDescAttr(RelationGetDescr(relation),
													marker - 1)->attname));
	set_for_transaction("session_replication_role", "replica");
	set_for_transaction("row_security", "off");
	SPI_connect();
	spi_execute(psprintf("UPDATE ONLY %s SET %s = %s WHERE ctid = ANY (ARRAY("
						 "SELECT ctid FROM ONLY %s WHERE %s IS NOT false LIMIT %d"
						 " FOR NO KEY UPDATE SKIP LOCKED))",
						 table, column, column, table, column, SQL_ROWS),
				0, NULL, NULL, NULL, SPI_OK_UPDATE);
	batch->rows_done = (int64) SPI_processed;
	if (batch->rows_done == 0)
	{
		spi_execute(psprintf("SELECT FROM ONLY %s WHERE %s IS NOT false LIMIT 1", table, column),
					0, NULL, NULL, NULL, SPI_OK_SELECT);
		batch->rows_held = (int64) SPI_processed;
	}
	SPI_finish();
	batch->next_block = 0;
	batch->end_block = batch->rows_done > 0 ? 1 : 0;
}
