/*-------------------------------------------------------------------------
 *
 * row_update.c
 *		Updating rows of one heap without the executor's cost for each.
 *
 * Through the table access method, and without the user's triggers.  What the
 * executor does besides is done here: stored generated columns, constraints,
 * indexes.  (Replica identity is a matter of the table, and the caller's.)
 *-------------------------------------------------------------------------
 */
#include "pgroll.h"

#include "access/genam.h"
#include "access/heapam.h"
#include "access/multixact.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/index.h"
#include "executor/executor.h"
#include "executor/nodeModifyTable.h"
#include "optimizer/optimizer.h"
#include "parser/parse_relation.h"
#include "rewrite/rewriteHandler.h"
#include "storage/bufmgr.h"
#include "storage/bufpage.h"
#include "storage/procarray.h"
#include "utils/lsyscache.h"
#include "utils/snapmgr.h"

#include "support/spi.h"
#include "worker/row_update.h"

static bool generated_column_reads(Relation relation, Bitmapset *columns);
static bool multixact_is_held(MultiXactId multi, bool lock_only,
							  TransactionId *holder);
static HeapTuple scan_tuple(RowUpdater *updater);
static Page scan_page(RowUpdater *updater);
static bool put_tuple(RowUpdater *updater, HeapTuple tuple);
static bool *changing_indexes(ResultRelInfo *target, Bitmapset *columns);
static void insert_index_entries(RowUpdater *updater, bool only_summarizing);
static bool index_has_row(RowUpdater *updater, IndexInfo *info,
						  ExprContext *context);

void
row_updater_begin(RowUpdater *updater, Relation relation,
				  RelationEdges *edges, AttrNumber marker)
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
	updater->marker = marker;
	updater->old_row = table_slot_create(relation, &estate->es_tupleTable);
	updater->new_row = ExecInitExtraTupleSlot(estate,
											  RelationGetDescr(relation),
											  &TTSOpsHeapTuple);
	updater->snapshot = GetActiveSnapshot();
	updater->has_constraints = RelationGetDescr(relation)->constr != NULL;
	updater->generated = generated_column_reads(relation, columns);
	updater->hot_possible = !bms_overlap(columns,
										 RelationGetIndexAttrBitmap(relation,
																	INDEX_ATTR_BITMAP_HOT_BLOCKING));
	updater->index_changes = changing_indexes(target, columns);
	updater->growth = 0;
	updater->eval = edge_eval_begin(edges, estate);
}

void
row_updater_end(RowUpdater *updater)
{
	edge_eval_end(updater->eval);
	ExecCloseIndices(updater->target);
	ExecResetTupleTable(updater->estate->es_tupleTable, false);
	FreeExecutorState(updater->estate);
}

bool
row_awaits(RowUpdater *updater)
{
	bool		isnull;
	Datum		marker = slot_getattr(updater->old_row, updater->marker, &isnull);

	return isnull || DatumGetBool(marker);
}

/*
 * A lock FOR KEY SHARE, as foreign keys take it, does not stand in our way, as
 * no key changes.
 */
bool
row_is_held(RowUpdater *updater, TransactionId *holder)
{
	HeapTupleHeader header = scan_tuple(updater)->t_data;
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

bool
row_lock(RowUpdater *updater)
{
	TupleTableSlot *slot = table_slot_create(updater->relation, NULL);
	TM_FailureData failure;
	TM_Result	result;

	result = table_tuple_lock(updater->relation, &updater->old_row->tts_tid,
							  updater->snapshot, slot,
							  updater->estate->es_output_cid,
							  LockTupleNoKeyExclusive, LockWaitSkip, 0, &failure);
	ExecDropSingleTupleTableSlot(slot);
	return result == TM_Ok;
}

/* Read without a lock on the page: whoever updates looks again. */
bool
row_fits_page(RowUpdater *updater)
{
	return PageGetHeapFreeSpace(scan_page(updater)) >=
		MAXALIGN(scan_tuple(updater)->t_len + updater->growth);
}

double
rows_per_page(RowUpdater *updater)
{
	return (double) (BLCKSZ - SizeOfPageHeaderData) /
		(MAXALIGN(scan_tuple(updater)->t_len) + sizeof(ItemIdData));
}

double
row_room_left(RowUpdater *updater)
{
	Size		length = scan_tuple(updater)->t_len;

	return (double) MAXALIGN(length) /
		(MAXALIGN(length + updater->growth) + sizeof(ItemIdData));
}

bool
row_update(RowUpdater *updater)
{
	MemoryContext caller;
	HeapTuple	tuple;
	bool		done = false;

	caller = MemoryContextSwitchTo(GetPerTupleMemoryContext(updater->estate));
	tuple = edge_eval_backfill(updater->eval, updater->old_row);
	if (tuple != NULL)
	{
		Size		before = scan_tuple(updater)->t_len;

		updater->growth = tuple->t_len > before ? tuple->t_len - before : 0;
		done = put_tuple(updater, tuple);
	}
	MemoryContextSwitchTo(caller);
	ResetPerTupleExprContext(updater->estate);
	return done;
}

char *
row_text(Oid relid, ItemPointer row)
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

	restricted_begin(&scope, relation->rd_rel->relowner);
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

/* Which indexes read a column that we set, in the order of target's. */
static bool *
changing_indexes(ResultRelInfo *target, Bitmapset *columns)
{
	bool	   *changes = palloc(target->ri_NumIndices * sizeof(bool));

	for (int i = 0; i < target->ri_NumIndices; i++)
	{
		IndexInfo  *info = target->ri_IndexRelationInfo[i];
		Bitmapset  *read = NULL;

		for (int j = 0; j < info->ii_NumIndexAttrs; j++)
			read = bms_add_member(read, info->ii_IndexAttrNumbers[j] -
								  FirstLowInvalidHeapAttributeNumber);
		pull_varattnos((Node *) info->ii_Expressions, 1, &read);
		pull_varattnos((Node *) info->ii_Predicate, 1, &read);
		changes[i] = bms_overlap(read, columns);
	}
	return changes;
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

static HeapTuple
scan_tuple(RowUpdater *updater)
{
	bool		should_free;

	return ExecFetchSlotHeapTuple(updater->old_row, false, &should_free);
}

static Page
scan_page(RowUpdater *updater)
{
	BufferHeapTupleTableSlot *slot = (BufferHeapTupleTableSlot *) updater->old_row;

	return BufferGetPage(slot->buffer);
}

/* Put tuple in the place of the scan's row. */
static bool
put_tuple(RowUpdater *updater, HeapTuple tuple)
{
	TupleTableSlot *row = updater->new_row;
	TM_FailureData failure;
	LockTupleMode mode;
	TU_UpdateIndexes update_indexes;
	TM_Result	result;

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
	if (result == TM_Ok && update_indexes != TU_None)
		insert_index_entries(updater, only_summarizing_indexes(update_indexes));
	ExecClearTuple(row);
	return result == TM_Ok;
}

/*
 * Where the columns of an index do not change, the old version's entry, which is
 * there until we are gone, keeps others from the same key; so the new one needs
 * no check.  Nor do we ask the index to look for dead versions of the row, which
 * for a batch of rows is in vain: they are our own and not dead yet.  A deferrable
 * constraint is checked at once: an application may mend what breaks it before
 * it commits, we may not.
 */
static void
insert_index_entries(RowUpdater *updater, bool only_summarizing)
{
	TupleTableSlot *row = updater->new_row;
	ResultRelInfo *target = updater->target;
	ExprContext *context = GetPerTupleExprContext(updater->estate);

	context->ecxt_scantuple = row;
	for (int i = 0; i < target->ri_NumIndices; i++)
	{
		Relation	index = target->ri_IndexRelationDescs[i];
		IndexInfo  *info = target->ri_IndexRelationInfo[i];
		bool		changes = updater->index_changes[i];
		Datum		values[INDEX_MAX_KEYS];
		bool		isnull[INDEX_MAX_KEYS];

		if (!info->ii_ReadyForInserts ||
			(only_summarizing && !index_is_summarizing(info)) ||
			!index_has_row(updater, info, context))
			continue;
		FormIndexDatum(info, row, updater->estate, values, isnull);
		(void) index_insert(index, values, isnull, &row->tts_tid,
							updater->relation,
							changes && index->rd_index->indisunique ?
							UNIQUE_CHECK_YES : UNIQUE_CHECK_NO,
							false, info);
		if (changes && info->ii_ExclusionOps != NULL)
			check_exclusion_constraint(updater->relation, index, info,
									   &row->tts_tid, values, isnull,
									   updater->estate, false);
	}
}

/* Does the row fulfil the predicate of a partial index? */
static bool
index_has_row(RowUpdater *updater, IndexInfo *info, ExprContext *context)
{
	if (info->ii_Predicate == NIL)
		return true;
	if (info->ii_PredicateState == NULL)
		info->ii_PredicateState = ExecPrepareQual(info->ii_Predicate,
												  updater->estate);
	return ExecQual(info->ii_PredicateState, context);
}
