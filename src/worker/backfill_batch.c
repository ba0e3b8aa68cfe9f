/*-------------------------------------------------------------------------
 *
 * backfill_batch.c
 *		One transaction's worth of a backfill.
 *
 * Reads the heap in block order and updates awaiting rows through the table
 * access method, without the executor's cost for each row, and without the
 * user's triggers.  What the executor does besides is done here: replica
 * identity, stored generated columns, constraints, indexes.
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

#include "access/genam.h"
#include "access/heapam.h"
#include "access/multixact.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/transam.h"
#include "access/xact.h"
#include "access/xlog.h"
#include "catalog/index.h"
#include "catalog/pg_am.h"
#include "executor/executor.h"
#include "executor/nodeModifyTable.h"
#include "miscadmin.h"
#include "optimizer/optimizer.h"
#include "parser/parse_relation.h"
#include "portability/instr_time.h"
#include "rewrite/rewriteHandler.h"
#include "storage/bufmgr.h"
#include "storage/lmgr.h"
#include "storage/procarray.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/snapmgr.h"

#include "state/migrations.h"
#include "state/tasks.h"
#include "support/guc.h"
#include "support/spi.h"
#include "versioning/dual_write_cache.h"
#include "worker/backfill_batch.h"

/* How long an update may wait for a row that was free a moment ago. */
#define ROW_LOCK_TIMEOUT "10ms"

/* A batch ends there even where no row takes its time. */
#define MAX_BLOCKS 2048

/* Rows of one statement where the relation is no heap. */
#define SQL_ROWS 1000

/* What updating the rows of one relation takes, for the time of a batch. */
typedef struct RowUpdater
{
	Relation	relation;
	EState	   *estate;
	ResultRelInfo *target;
	EdgeEval   *eval;
	AttrNumber	marker;
	TupleTableSlot *old_row;
	TupleTableSlot *new_row;
	Snapshot	snapshot;
	bool		has_constraints;
	bool		generated;		/* a stored column reads what we set */
} RowUpdater;

static Relation open_relation(BackfillBatch *batch);
static void set_for_transaction(const char *setting, const char *value);
static AttrNumber marker_of(Relation relation, RelationEdges *edges,
							const BackfillBatch *batch);
static void set_storage(BackfillBatch *batch, Relation relation);
static void update_rows(BackfillBatch *batch, Relation relation,
						RelationEdges *edges);
static void updater_begin(RowUpdater *updater, Relation relation,
						  RelationEdges *edges, const char *version_schema);
static bool generated_column_reads(Relation relation, Bitmapset *columns);
static void updater_end(RowUpdater *updater);
static void scan_blocks(BackfillBatch *batch, RowUpdater *updater);
static void visit_row(BackfillBatch *batch, RowUpdater *updater);
static bool row_is_held(HeapTuple tuple, TransactionId *holder);
static bool multixact_is_held(MultiXactId multi, bool lock_only,
							  TransactionId *holder);
static bool lock_row(RowUpdater *updater, ItemPointer tid);
static void note_held(BackfillBatch *batch, BlockNumber block,
					  TransactionId holder);
static bool update_row(RowUpdater *updater, HeapTuple tuple);
static void recheck_unique(RowUpdater *updater, List *indexes);
static void update_rows_by_sql(BackfillBatch *batch, Relation relation,
							   AttrNumber marker);

void
backfill_batch_run(void *arg)
{
	BackfillBatch *batch = arg;
	SecurityScope scope;
	Relation	relation;
	RelationEdges *edges;

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

	restricted_begin(&scope, relation->rd_rel->relowner, "pg_catalog, pg_temp");
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

char *
backfill_row_text(Oid relid, ItemPointer row)
{
	Relation	relation = table_open(relid, AccessShareLock);
	TupleTableSlot *slot = table_slot_create(relation, NULL);
	SecurityScope scope;
	StringInfoData columns;
	StringInfoData values;
	Bitmapset  *key;
	int			attno = -1;

	initStringInfo(&columns);
	initStringInfo(&values);
	key = RelationGetIndexAttrBitmap(relation, INDEX_ATTR_BITMAP_PRIMARY_KEY);

	restricted_begin(&scope, relation->rd_rel->relowner, "pg_catalog, pg_temp");
	if (key != NULL &&
		ItemPointerGetBlockNumber(row) < RelationGetNumberOfBlocks(relation) &&
		table_tuple_fetch_row_version(relation, row, SnapshotAny, slot))
	{
		while ((attno = bms_next_member(key, attno)) >= 0)
		{
			AttrNumber	column = attno + FirstLowInvalidHeapAttributeNumber;
			Form_pg_attribute attr = TupleDescAttr(slot->tts_tupleDescriptor,
												   column - 1);
			const char *separator = columns.len > 0 ? ", " : "";
			Oid			output;
			bool		is_varlena;
			bool		isnull;
			Datum		value = slot_getattr(slot, column, &isnull);

			getTypeOutputInfo(attr->atttypid, &output, &is_varlena);
			appendStringInfo(&columns, "%s%s", separator, NameStr(attr->attname));
			appendStringInfo(&values, "%s%s", separator,
							 OidOutputFunctionCall(output, value));
		}
	}
	else
	{
		appendStringInfoString(&columns, "ctid");
		appendStringInfo(&values, "(%u,%u)", ItemPointerGetBlockNumber(row),
						 ItemPointerGetOffsetNumber(row));
	}
	restricted_end(&scope);

	ExecDropSingleTupleTableSlot(slot);
	table_close(relation, AccessShareLock);
	return psprintf("row (%s)=(%s)", columns.data, values.data);
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
	char		storage[sizeof(batch->storage)];
	BlockNumber blocks = 0;

	snprintf(storage, sizeof(storage), UINT64_FORMAT "/%u/%u",
			 GetSystemIdentifier(), MyDatabaseId, relation_file_number(relation));
	if (relation->rd_rel->relam == HEAP_TABLE_AM_OID)
		blocks = RelationGetNumberOfBlocks(relation);
	if (strcmp(storage, batch->storage) != 0)
	{
		strlcpy(batch->storage, storage, sizeof(batch->storage));
		batch->next_block = 0;
		batch->end_block = InvalidBlockNumber;
	}

	/* Rows on blocks that come from now on are written with the trigger. */
	if (batch->end_block == InvalidBlockNumber)
		batch->end_block = batch->blocks_total = blocks;
	batch->end_block = Min(batch->end_block, blocks);
}

static void
update_rows(BackfillBatch *batch, Relation relation, RelationEdges *edges)
{
	RowUpdater	updater;

	(void) marker_of(relation, edges, batch);
	CheckCmdReplicaIdentity(relation, CMD_UPDATE);
	if (batch->next_block >= batch->end_block)
		return;
	updater_begin(&updater, relation, edges, batch->version_schema);
	scan_blocks(batch, &updater);
	updater_end(&updater);
}

static void
updater_begin(RowUpdater *updater, Relation relation, RelationEdges *edges,
			  const char *version_schema)
{
	RangeTblEntry *rte = makeNode(RangeTblEntry);
	EState	   *estate = CreateExecutorState();
	ResultRelInfo *target = makeNode(ResultRelInfo);
	List	   *permissions = NIL;
	Bitmapset  *columns = relation_edges_backfill_columns(edges);

	rte->rtekind = RTE_RELATION;
	rte->relid = RelationGetRelid(relation);
	rte->relkind = relation->rd_rel->relkind;
	rte->rellockmode = RowExclusiveLock;
	add_permissions(permissions, rte)->updatedCols = columns;
	init_range_table(estate, list_make1(rte), permissions);
	InitResultRelInfo(target, relation, 1, NULL, 0);
	ExecOpenIndices(target, false);
	estate->es_output_cid = GetCurrentCommandId(true);

	updater->relation = relation;
	updater->estate = estate;
	updater->target = target;
	updater->marker = relation_edges_marker(edges, version_schema);
	updater->old_row = table_slot_create(relation, &estate->es_tupleTable);
	updater->new_row = ExecInitExtraTupleSlot(estate,
											  RelationGetDescr(relation),
											  &TTSOpsHeapTuple);
	updater->snapshot = GetActiveSnapshot();
	updater->has_constraints = RelationGetDescr(relation)->constr != NULL;
	updater->generated = generated_column_reads(relation, columns);
	updater->eval = edge_eval_begin(edges, estate);
}

/*
 * The server would compute every stored column again, as our own trigger might
 * change anything; we know what it changes.
 */
static bool
generated_column_reads(Relation relation, Bitmapset *columns)
{
	TupleDesc	desc = RelationGetDescr(relation);

	if (desc->constr == NULL || !desc->constr->has_generated_stored)
		return false;
	for (int i = 0; i < desc->natts; i++)
	{
		Bitmapset  *read = NULL;

		if (TupleDescAttr(desc, i)->attgenerated != ATTRIBUTE_GENERATED_STORED)
			continue;
		pull_varattnos(build_column_default(relation, i + 1), 1, &read);
		if (bms_overlap(read, columns))
			return true;
	}
	return false;
}

static void
updater_end(RowUpdater *updater)
{
	edge_eval_end(updater->eval);
	ExecCloseIndices(updater->target);
	ExecResetTupleTable(updater->estate->es_tupleTable, false);
	FreeExecutorState(updater->estate);
}

/* Visit the rows of the blocks until the batch's time is over. */
static void
scan_blocks(BackfillBatch *batch, RowUpdater *updater)
{
	BlockNumber end = Min(batch->end_block, batch->next_block + MAX_BLOCKS);
	BlockNumber current = batch->next_block;
	TableScanDesc scan;
	ItemPointerData first;
	ItemPointerData last;
	instr_time	start;

	INSTR_TIME_SET_CURRENT(start);
	ItemPointerSet(&first, batch->next_block, 0);
	ItemPointerSet(&last, end - 1, MaxOffsetNumber);
	scan = begin_tid_range_scan(updater->relation, updater->snapshot,
								&first, &last);
	while (table_scan_getnextslot_tidrange(scan, ForwardScanDirection,
										   updater->old_row))
	{
		BlockNumber block = ItemPointerGetBlockNumber(&updater->old_row->tts_tid);

		CHECK_FOR_INTERRUPTS();
		if (block != current)
		{
			instr_time	now;

			INSTR_TIME_SET_CURRENT(now);
			INSTR_TIME_SUBTRACT(now, start);
			if (INSTR_TIME_GET_MILLISEC(now) >= pgroll_backfill_batch_time)
			{
				end = block;
				break;
			}
			current = block;
		}
		visit_row(batch, updater);
	}
	table_endscan(scan);
	batch->next_block = end;
}

/* Update the row of the scan where it awaits backfill and nobody holds it. */
static void
visit_row(BackfillBatch *batch, RowUpdater *updater)
{
	TupleTableSlot *row = updater->old_row;
	MemoryContext caller;
	TransactionId holder = InvalidTransactionId;
	bool		held;
	bool		isnull;
	bool		should_free;
	HeapTuple	tuple = ExecFetchSlotHeapTuple(row, false, &should_free);

	/* An expression must not judge a row that may be changed or gone soon. */
	held = row_is_held(tuple, &holder);
	if (held || batch->careful)
	{
		if (!DatumGetBool(slot_getattr(row, updater->marker, &isnull)))
			return;
		if (held || !lock_row(updater, &row->tts_tid))
		{
			note_held(batch, ItemPointerGetBlockNumber(&row->tts_tid), holder);
			return;
		}
	}

	batch->row = row->tts_tid;
	caller = MemoryContextSwitchTo(GetPerTupleMemoryContext(updater->estate));
	tuple = edge_eval_backfill(updater->eval, row);
	if (tuple != NULL && update_row(updater, tuple))
		batch->rows_done++;
	MemoryContextSwitchTo(caller);
	ResetPerTupleExprContext(updater->estate);
	ItemPointerSetInvalid(&batch->row);
}

/*
 * Would an update of this row have to wait?  A lock FOR KEY SHARE, as foreign
 * keys take it, does not stand in our way, as no key changes.
 */
static bool
row_is_held(HeapTuple tuple, TransactionId *holder)
{
	HeapTupleHeader header = tuple->t_data;
	uint16		infomask = header->t_infomask;
	TransactionId xmax = HeapTupleHeaderGetRawXmax(header);

	if ((infomask & HEAP_XMAX_INVALID) != 0 || HEAP_LOCKED_UPGRADED(infomask))
		return false;
	if ((infomask & HEAP_XMAX_IS_MULTI) != 0)
		return multixact_is_held(xmax, HEAP_XMAX_IS_LOCKED_ONLY(infomask), holder);
	if (HEAP_XMAX_IS_KEYSHR_LOCKED(infomask) ||
		TransactionIdIsCurrentTransactionId(xmax) ||
		!TransactionIdIsInProgress(xmax))
		return false;
	*holder = xmax;
	return true;
}

static bool
multixact_is_held(MultiXactId multi, bool lock_only, TransactionId *holder)
{
	MultiXactMember *members;
	int			n = GetMultiXactIdMembers(multi, &members, false, lock_only);

	for (int i = 0; i < n; i++)
	{
		if (members[i].status != MultiXactStatusForKeyShare &&
			TransactionIdIsInProgress(members[i].xid))
		{
			*holder = members[i].xid;
			break;
		}
	}
	if (n > 0)
		pfree(members);
	return TransactionIdIsValid(*holder);
}

/* Lock the row without waiting; false where that is not possible now. */
static bool
lock_row(RowUpdater *updater, ItemPointer tid)
{
	TupleTableSlot *slot = table_slot_create(updater->relation, NULL);
	TM_FailureData failure;
	TM_Result	result;

	result = table_tuple_lock(updater->relation, tid, updater->snapshot, slot,
							  updater->estate->es_output_cid,
							  LockTupleNoKeyExclusive, LockWaitSkip, 0, &failure);
	ExecDropSingleTupleTableSlot(slot);
	return result == TM_Ok;
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
 * Put tuple in the place of the scan's row.  False where somebody has changed the
 * row since the snapshot: that fired the trigger, so it awaits no more.
 */
static bool
update_row(RowUpdater *updater, HeapTuple tuple)
{
	TupleTableSlot *row = updater->new_row;
	TM_FailureData failure;
	LockTupleMode mode;
	TU_UpdateIndexes update_indexes;
	TM_Result	result;
	List	   *recheck = NIL;

	ExecStoreHeapTuple(tuple, row, true);
	row->tts_tableOid = RelationGetRelid(updater->relation);
	if (updater->generated)
		ExecComputeStoredGenerated(updater->target, updater->estate, row,
								   CMD_UPDATE);
	if (updater->has_constraints)
		ExecConstraints(updater->target, row, updater->estate);

	result = update_tuple(updater->relation, &updater->old_row->tts_tid,
						  row, updater->estate->es_output_cid,
						  updater->snapshot, true, &failure, &mode,
						  &update_indexes);
	if (result == TM_Ok && updater->target->ri_NumIndices > 0 &&
		update_indexes != TU_None)
		recheck = insert_index_entries(updater->target, row, updater->estate,
									   update_indexes);
	if (recheck != NIL)
		recheck_unique(updater, recheck);
	ExecClearTuple(row);
	return result == TM_Ok;
}

/*
 * A deferrable unique index that saw another row with the key: an application
 * may mend that before it commits, we may not, so it is checked now.
 */
static void
recheck_unique(RowUpdater *updater, List *indexes)
{
	TupleTableSlot *row = updater->new_row;
	ResultRelInfo *target = updater->target;

	for (int i = 0; i < target->ri_NumIndices; i++)
	{
		Relation	index = target->ri_IndexRelationDescs[i];
		IndexInfo  *info = target->ri_IndexRelationInfo[i];
		Datum		values[INDEX_MAX_KEYS];
		bool		isnull[INDEX_MAX_KEYS];

		if (!list_member_oid(indexes, RelationGetRelid(index)))
			continue;
		FormIndexDatum(info, row, updater->estate, values, isnull);
		if (info->ii_ExclusionOps != NULL)
			check_exclusion_constraint(updater->relation, index, info,
									   &row->tts_tid, values, isnull,
									   updater->estate, false);
		else
			(void) index_insert(index, values, isnull, &row->tts_tid,
								updater->relation, UNIQUE_CHECK_EXISTING,
								false, info);
	}
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
						 "SELECT ctid FROM ONLY %s WHERE %s LIMIT %d"
						 " FOR NO KEY UPDATE SKIP LOCKED))",
						 table, column, column, table, column, SQL_ROWS),
				0, NULL, NULL, NULL, SPI_OK_UPDATE);
	batch->rows_done = (int64) SPI_processed;
	if (batch->rows_done == 0)
	{
		spi_execute(psprintf("SELECT FROM ONLY %s WHERE %s LIMIT 1", table, column),
					0, NULL, NULL, NULL, SPI_OK_SELECT);
		batch->rows_held = (int64) SPI_processed;
	}
	SPI_finish();
	batch->next_block = 0;
	batch->end_block = batch->rows_done > 0 ? 1 : 0;
}
