/*-------------------------------------------------------------------------
 *
 * write_version.c
 *		Which version schema the running statement writes through.
 *
 * An auto-updatable view stays in the rewritten statement's range table as a
 * plain relation whose required permissions hold INSERT or UPDATE, before the
 * entry of the table below it, which the rewriter appends.  The planner keeps
 * the entries of each query level together and in order.  So the view that
 * belongs to a target is the nearest writing one before its entry, unless
 * another target stands between the two.
 *
 * The running statements are known from a stack that hooks of ExecutorRun() and
 * ExecutorFinish() keep; the latter, since a data-modifying CTE that nobody
 * reads to the end runs there.
 *-------------------------------------------------------------------------
 */
#include "pgroll.h"

#include "catalog/pg_class.h"
#include "executor/executor.h"
#include "nodes/execnodes.h"
#include "nodes/nodeFuncs.h"
#include "parser/parsetree.h"
#include "parser/parser.h"
#include "parser/parse_relation.h"
#include "utils/lsyscache.h"

#include "versioning/constraint_error.h"
#include "versioning/write_version.h"

typedef struct RunningStatement
{
	QueryDesc  *query;
	struct RunningStatement *outer;
} RunningStatement;

/* What the INSERTs of a text say, each by its OverridingKind. */
typedef struct Overrides
{
	bool		is_said[OVERRIDING_SYSTEM_VALUE + 1];
} Overrides;

static RunningStatement *innermost = NULL;
static ExecutorRun_hook_type previous_run = NULL;
static ExecutorFinish_hook_type previous_finish = NULL;

static void run_hook(EXECUTOR_RUN_PARAMS);
static void finish_hook(QueryDesc *query);
static ResultRelInfo *find_target(EState *estate, const FmgrInfo *flinfo);
static ResultRelInfo *find_in_list(List *targets, const FmgrInfo *flinfo);
static OverridingKind override_of(List *statements);
static void look_at_statement(Node *statement, Overrides *found);
static bool look_at_part(Node *node, void *context);
static bool contains_word(const char *text, const char *word);
static Oid	written_view(QueryDesc *query, Index target);

void
write_version_init(void)
{
	previous_run = ExecutorRun_hook;
	ExecutorRun_hook = run_hook;
	previous_finish = ExecutorFinish_hook;
	ExecutorFinish_hook = finish_hook;
}

void
write_version_get(const FmgrInfo *flinfo, WriteStatement *statement)
{
	RunningStatement *running;
	ResultRelInfo *target = NULL;
	EState	   *estate;
	Index		index;
	Oid			view;

	memset(statement, 0, sizeof(WriteStatement));
	for (running = innermost; running != NULL; running = running->outer)
	{
		estate = running->query->estate;
		target = find_target(estate, flinfo);
		if (target != NULL)
			break;
	}
	if (target == NULL)
		return;

	/* a partition's entry, where it has one, is not what the user named */
	if (target->ri_RootResultRelInfo)
		index = target->ri_RootResultRelInfo->ri_RangeTableIndex;
	else
		index = target->ri_RangeTableIndex;
	view = written_view(running->query, index);
	if (OidIsValid(view))
		statement->view_schema = get_namespace_name(get_rel_namespace(view));

	statement->source = running->query->sourceText;

	/* MERGE unites the columns of all its actions */
	statement->exact = !result_rel_is_merge(target) &&
		!(target->ri_RootResultRelInfo &&
		  result_rel_is_merge(target->ri_RootResultRelInfo));
	statement->is_known = true;
	statement->inserted = bms_copy(ExecGetInsertedCols(target, estate));
}

static void
run_hook(EXECUTOR_RUN_PARAMS)
{
	RunningStatement running = {query, innermost};

	innermost = &running;
	PG_TRY();
	{
		if (previous_run)
			previous_run(EXECUTOR_RUN_ARGS);
		else
			standard_ExecutorRun(EXECUTOR_RUN_ARGS);
	}
	PG_CATCH();
	{
		innermost = running.outer;
		constraint_error_rename();
		PG_RE_THROW();
	}
	PG_END_TRY();
	innermost = running.outer;
}

static void
finish_hook(QueryDesc *query)
{
	RunningStatement running = {query, innermost};

	innermost = &running;
	PG_TRY();
	{
		if (previous_finish)
			previous_finish(query);
		else
			standard_ExecutorFinish(query);
	}
	PG_CATCH();
	{
		innermost = running.outer;
		constraint_error_rename();
		PG_RE_THROW();
	}
	PG_END_TRY();
	innermost = running.outer;
}

OverridingKind
write_version_override(const char *source)
{
	MemoryContext context = CurrentMemoryContext;
	volatile OverridingKind override = OVERRIDING_SYSTEM_VALUE;

	if (source == NULL)
		return OVERRIDING_SYSTEM_VALUE;
	/*
	 * To read most texts no further saves time.  One without an INSERT is none of the
	 * statement's: the body of a function may be stored as a tree.
	 */
	if (!contains_word(source, "overriding"))
		return contains_word(source, "insert") || contains_word(source, "merge") ?
			OVERRIDING_NOT_SET : OVERRIDING_SYSTEM_VALUE;
	PG_TRY();
	{
		override = override_of(raw_parser(source, RAW_PARSE_DEFAULT));
	}
	PG_CATCH();
	{
		/* It was read with other settings, or in another mode; memory is all it held. */
		MemoryContextSwitchTo(context);
		FlushErrorState();
	}
	PG_END_TRY();
	return override;
}

/* What the statements (RawStmt *) say; OVERRIDING_SYSTEM_VALUE where they differ. */
static OverridingKind
override_of(List *statements)
{
	Overrides	found = {false};
	ListCell   *lc;

	foreach(lc, statements)
		look_at_statement(lfirst_node(RawStmt, lc)->stmt, &found);
	if (found.is_said[OVERRIDING_SYSTEM_VALUE])
		return OVERRIDING_SYSTEM_VALUE;
	if (!found.is_said[OVERRIDING_USER_VALUE])
		return OVERRIDING_NOT_SET;
	return found.is_said[OVERRIDING_NOT_SET] ? OVERRIDING_SYSTEM_VALUE :
		OVERRIDING_USER_VALUE;
}

static void
look_at_statement(Node *statement, Overrides *found)
{
	switch (nodeTag(statement))
	{
		case T_PrepareStmt:
			/* EXECUTE has the text of its PREPARE. */
			look_at_statement(((PrepareStmt *) statement)->query, found);
			break;
		case T_ExplainStmt:
			look_at_statement(((ExplainStmt *) statement)->query, found);
			break;
		case T_InsertStmt:
		case T_UpdateStmt:
		case T_DeleteStmt:
		case T_MergeStmt:
		case T_SelectStmt:
			(void) look_at_part(statement, found);
			break;
		default:
			/* It may have such a statement in it. */
			found->is_said[OVERRIDING_SYSTEM_VALUE] = true;
	}
}

static bool
look_at_part(Node *node, void *context)
{
	Overrides  *found = context;

	if (node == NULL)
		return false;
	if (IsA(node, InsertStmt))
		found->is_said[((InsertStmt *) node)->override] = true;
	if (IsA(node, MergeWhenClause) &&
		((MergeWhenClause *) node)->commandType == CMD_INSERT)
		found->is_said[((MergeWhenClause *) node)->override] = true;
	return raw_expression_tree_walker(node, look_at_part, context);
}

/* Whatever its case, also as a part of another word; a keyword cannot be escaped. */
static bool
contains_word(const char *text, const char *word)
{
	size_t		length = strlen(word);

	for (; *text != '\0'; text++)
	{
		if (pg_strncasecmp(text, word, length) == 0)
			return true;
	}
	return false;
}

/* The target of a statement among whose triggers' states flinfo is, or NULL. */
static ResultRelInfo *
find_target(EState *estate, const FmgrInfo *flinfo)
{
	ResultRelInfo *target = find_in_list(estate->es_opened_result_relations,
										 flinfo);

	if (target == NULL)
		target = find_in_list(estate->es_tuple_routing_result_relations,
							  flinfo);
	return target;
}

static ResultRelInfo *
find_in_list(List *targets, const FmgrInfo *flinfo)
{
	ListCell   *lc;

	foreach(lc, targets)
	{
		ResultRelInfo *target = lfirst(lc);

		if (target->ri_TrigDesc != NULL &&
			flinfo >= target->ri_TrigFunctions &&
			flinfo < target->ri_TrigFunctions +
			target->ri_TrigDesc->numtriggers)
			return target;
	}
	return NULL;
}

/* The view through which the target with that range table index is written. */
static Oid
written_view(QueryDesc *query, Index target)
{
	EState	   *estate = query->estate;

	for (Index i = target - 1; i > 0 && target > 0; i--)
	{
		RangeTblEntry *rte = exec_rt_fetch(i, estate);

		if (is_result_relation(query->plannedstmt, i))
			break;
		if (rte->rtekind == RTE_RELATION && rte->relkind == RELKIND_VIEW &&
			(rte_required_perms(estate, rte) & (ACL_INSERT | ACL_UPDATE)))
			return rte->relid;
	}
	return InvalidOid;
}
