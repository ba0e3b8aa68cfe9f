/*-------------------------------------------------------------------------
 *
 * edge_query.c
 *		The expressions of edges that contain a subquery.
 *-------------------------------------------------------------------------
 */
#include "pgroll.h"

#include "executor/executor.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "nodes/params.h"
#include "rewrite/rewriteHandler.h"
#include "tcop/dest.h"
#include "tcop/tcopprot.h"
#include "utils/datum.h"
#include "utils/lsyscache.h"
#include "utils/snapmgr.h"

#include "versioning/edge_query.h"

/* Receives the one row that the query gives. */
typedef struct ValueReceiver
{
	DestReceiver pub;
	MemoryContext context;		/* where the value goes */
	bool		byval;
	int16		len;
	Datum		value;
	bool		isnull;
} ValueReceiver;

struct EdgeQuery
{
	PlannedStmt *plan;
	const char *text;
	ParamListInfo params;
	ValueReceiver receiver;
};

static bool receive_value(TupleTableSlot *slot, DestReceiver *self);
static void receiver_startup(DestReceiver *self, int operation,
							 TupleDesc typeinfo);
static void receiver_end(DestReceiver *self);

EdgeQuery *
edge_query_prepare(const EdgeRule *rule, MemoryContext context)
{
	MemoryContext old = MemoryContextSwitchTo(context);
	EdgeQuery  *prepared = palloc0(sizeof(EdgeQuery));
	Query	   *query = makeNode(Query);

	query->commandType = CMD_SELECT;
	query->querySource = QSRC_ORIGINAL;
	query->canSetTag = true;
	query->hasSubLinks = true;
	query->jointree = makeFromExpr(NIL, NULL);
	query->targetList = list_make1(makeTargetEntry((Expr *) copyObject(rule->expr), 1,
												   "value", false));
	/* it was analyzed earlier: lock what it reads, then expand views */
	AcquireRewriteLocks(query, true, false);
	query = linitial_node(Query, QueryRewrite(query));

	prepared->text = rule->half->expression;
	prepared->plan = plan_query(query, prepared->text, 0, NULL);
	prepared->params = makeParamList(rule->ninputs);
	for (int i = 0; i < rule->ninputs; i++)
		prepared->params->params[i].ptype = rule->input_types[i];
	prepared->receiver.pub.receiveSlot = receive_value;
	prepared->receiver.pub.rStartup = receiver_startup;
	prepared->receiver.pub.rShutdown = receiver_end;
	prepared->receiver.pub.rDestroy = receiver_end;
	prepared->receiver.pub.mydest = DestNone;
	get_typlenbyval(exprType(rule->expr), &prepared->receiver.len,
					&prepared->receiver.byval);
	MemoryContextSwitchTo(old);
	return prepared;
}

void
edge_query_set_param(EdgeQuery *query, int index, Datum value, bool isnull)
{
	query->params->params[index].value = value;
	query->params->params[index].isnull = isnull;
}

Datum
edge_query_run(EdgeQuery *query, bool *isnull)
{
	QueryDesc  *desc = CreateQueryDesc(query->plan, query->text,
									   GetActiveSnapshot(), InvalidSnapshot,
									   &query->receiver.pub, query->params,
									   NULL, 0);

	query->receiver.context = CurrentMemoryContext;
	query->receiver.isnull = true;
	ExecutorStart(desc, 0);
	executor_run(desc, ForwardScanDirection, 0);
	ExecutorFinish(desc);
	ExecutorEnd(desc);
	FreeQueryDesc(desc);
	*isnull = query->receiver.isnull;
	return query->receiver.value;
}

static bool
receive_value(TupleTableSlot *slot, DestReceiver *self)
{
	ValueReceiver *receiver = (ValueReceiver *) self;
	Datum		value = slot_getattr(slot, 1, &receiver->isnull);

	if (!receiver->isnull)
	{
		MemoryContext old = MemoryContextSwitchTo(receiver->context);

		receiver->value = datumCopy(value, receiver->byval, receiver->len);
		MemoryContextSwitchTo(old);
	}
	return true;
}

static void
receiver_startup(DestReceiver *self, int operation, TupleDesc typeinfo)
{
}

static void
receiver_end(DestReceiver *self)
{
}
