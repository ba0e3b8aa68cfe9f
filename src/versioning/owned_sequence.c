/*-------------------------------------------------------------------------
 *
 * owned_sequence.c
 *		Numbers of a sequence that a column of a table owns.
 *
 * Who writes through the old version knows nothing of a serial or identity column
 * that a migration adds, and need not have been granted anything on its sequence.
 * So the number comes as that of an identity column does: who may write to the
 * table may cause it to be drawn.  The sequence has the table's owner for its
 * own, since a column owns it.
 *-------------------------------------------------------------------------
 */
#include "pgroll.h"

#include "catalog/dependency.h"
#include "catalog/pg_type.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"

#include "schema/catalog_read.h"
#include "versioning/owned_sequence.h"

typedef struct OwnedContext
{
	Oid			relid;
	const char *column;
} OwnedContext;

static Node *replace_nextval(Node *node, void *context);
static bool is_owned(const OwnedContext *context, Oid sequence);

Node *
owned_sequence_values(Node *expr, Oid relid, const char *column)
{
	OwnedContext context = {relid, column};

	return replace_nextval(expr, &context);
}

static Node *
replace_nextval(Node *node, void *context)
{
	FuncExpr   *call = (FuncExpr *) node;

	if (node == NULL)
		return NULL;
	if (IsA(node, FuncExpr) && call->funcid == F_NEXTVAL &&
		IsA(linitial(call->args), Const) &&
		!linitial_node(Const, call->args)->constisnull)
	{
		Oid			sequence = DatumGetObjectId(linitial_node(Const, call->args)->constvalue);
		NextValueExpr *value;

		if (!is_owned(context, sequence))
			return node;
		value = makeNode(NextValueExpr);
		value->seqid = sequence;
		value->typeId = INT8OID;
		return (Node *) value;
	}
	if (IsA(node, Query))
		return node;			/* it is planned from its own text */
	return expression_tree_mutator(node, replace_nextval, context);
}

static bool
is_owned(const OwnedContext *context, Oid sequence)
{
	Oid			owner;
	int32		attnum;
	char	   *column;

	if (!sequenceIsOwned(sequence, DEPENDENCY_AUTO, &owner, &attnum))
		return false;
	column = get_attname(owner, attnum, true);
	return column != NULL && strcmp(column, context->column) == 0 &&
		list_member_oid(catalog_table_tree(owner), context->relid);
}
