/*-------------------------------------------------------------------------
 *
 * task_index.c
 *		Build an index concurrently.
 *
 * CREATE INDEX CONCURRENTLY ends its transaction several times, so it must be a
 * statement of its own: it runs through a portal, as a client's would.  What a
 * crash or a cancel leaves is an invalid index, which is dropped and built anew.
 *-------------------------------------------------------------------------
 */
#include "pgroll.h"

#include "access/table.h"
#include "access/xact.h"
#include "catalog/namespace.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "nodes/parsenodes.h"
#include "parser/parser.h"
#include "pgstat.h"
#include "tcop/pquery.h"
#include "tcop/tcopprot.h"
#include "tcop/utility.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/portal.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"

#include "ddl/ddl_execute.h"
#include "schema/catalog_constraint.h"
#include "schema/catalog_object.h"
#include "schema/names.h"
#include "worker/task_transaction.h"

#define PAUSE_MS 500

/* What stands in the catalogs before a try. */
typedef struct IndexLook
{
	const Task *task;
	bool		table_is_gone;
	bool		wanted;			/* the index that it stands for is still there, and
								 * the table still called so; else it is planned
								 * again before the migration is ready */
	Oid			owner;			/* of the table */
	char		schema[NAMEDATALEN];
	bool		exists;
	bool		is_valid;
} IndexLook;

static ErrorData *run_index(TaskRunner *runner, const MigrationRow *migration,
							const Task *task);
static void check_top_level(void);
static void look(void *arg);
static RangeVar *relation_in(const char *command);
static bool index_is_valid(Oid index);
static ErrorData *run_statement(TaskRunner *runner, const char *command, Oid user);
static void run_in_portal(const char *command, MemoryContext context, Oid user);
static void leave_procedure(const TaskRunner *runner);
static void return_to_procedure(const TaskRunner *runner);

const TaskOps task_index_ops = {
	.run = run_index,
};

static ErrorData *
run_index(TaskRunner *runner, const MigrationRow *migration, const Task *task)
{
	IndexLook	state = {.task = task};
	int			n_conflicts = 0;

	if (runner->foreground)
		check_top_level();
	task_take_up(runner, task->id);
	for (;;)
	{
		const char *command = task->command;
		ErrorData  *error;

		task_transaction_or_raise(runner, look, &state);
		if (state.table_is_gone || state.is_valid || !state.wanted)
			return NULL;
		if (state.exists)
			command = psprintf("DROP INDEX CONCURRENTLY %s",
							   quote_qualified_identifier(state.schema, task->object));
		error = run_statement(runner, command, state.owner);
		if (error == NULL)
			continue;			/* is it valid now? */
		if (!error_is_transient(error) ||
			(error_is_conflict(error) && ++n_conflicts >= TASK_MAX_CONFLICTS))
		{
			if (name_carried_original(task->object) != NULL &&
				!name_is_new(task->object))
				step_explain_carried(error, psprintf("index \"%s\"",
													 name_carried_original(task->object)));
			return error;
		}
		task_report_waiting(runner, task->id, "another transaction",
							error->message);
		task_sleep(runner, PAUSE_MS);
	}
}

/*
 * Commits that a procedure does not make itself would also take away the SPI
 * connection of whoever has called it from a DO block or another procedure.
 */
static void
check_top_level(void)
{
	MemoryContext caller = CurrentMemoryContext;
	bool		nested;

	SPI_finish();
	nested = SPI_inside_nonatomic_context();
	SPI_connect_ext(SPI_OPT_NONATOMIC);
	MemoryContextSwitchTo(caller);	/* SPI's own goes with the next
									 * SPI_finish() */
	if (nested)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("run_tasks() cannot build an index inside DO or another procedure"),
				 errhint("Run CALL pgroll_c.run_tasks() as a statement of its own, or wait for the background worker with CALL pgroll_c.wait_for_migration().")));
}

/* A TaskBody. */
static void
look(void *arg)
{
	IndexLook  *state = arg;
	Relation	table = try_table_open(state->task->relation, AccessShareLock);
	Oid			index;

	state->table_is_gone = table == NULL;
	if (table == NULL)
		return;
	state->owner = table->rd_rel->relowner;
	strlcpy(state->schema, get_namespace_name(RelationGetNamespace(table)),
			NAMEDATALEN);
	index = catalog_index_of_table(state->task->relation, state->task->object);
	state->exists = OidIsValid(index);
	state->is_valid = state->exists && index_is_valid(index);
	state->wanted = catalog_carried_is_wanted(state->task->relation,
											  state->task->migration,
											  state->task->object) &&
		task_relation_is(state->task->relation, relation_in(state->task->command));
	table_close(table, NoLock);
}

static RangeVar *
relation_in(const char *command)
{
	RawStmt    *raw = linitial_node(RawStmt, raw_parser(command, RAW_PARSE_DEFAULT));

	return castNode(IndexStmt, raw->stmt)->relation;
}

static bool
index_is_valid(Oid index)
{
	return get_rel_relkind(index) == RELKIND_INDEX && get_index_isvalid(index);
}

/*
 * Run one statement that ends its transaction itself, as user.  Called outside
 * of a transaction, or by a procedure in a new one.
 */
static ErrorData *
run_statement(TaskRunner *runner, const char *command, Oid user)
{
	MemoryContext caller = CurrentMemoryContext;
	MemoryContext context = AllocSetContextCreate(TopMemoryContext,
												  "pgroll_c statement",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext outside;
	Oid			save_user;
	int			save_sec_context;
	DdlOrigin	save_origin;
	ErrorData  *volatile error = NULL;

	CHECK_FOR_INTERRUPTS();
	save_origin = ddl_execute_set_origin(DDL_OWN);
	GetUserIdAndSecContext(&save_user, &save_sec_context);
	pgstat_report_activity(STATE_RUNNING, command);
	leave_procedure(runner);
	outside = CurrentMemoryContext;
	PG_TRY();
	{
		run_in_portal(command, context, user);
	}
	PG_CATCH();
	{
		HOLD_INTERRUPTS();
		MemoryContextSwitchTo(caller);
		error = CopyErrorData();
		FlushErrorState();
		AbortCurrentTransaction();
		RESUME_INTERRUPTS();
	}
	PG_END_TRY();
	(void) ddl_execute_set_origin(save_origin);
	SetUserIdAndSecContext(save_user, save_sec_context);
	/* the next transaction ends in the context that it was started in */
	MemoryContextSwitchTo(outside);
	return_to_procedure(runner);
	MemoryContextSwitchTo(caller);
	MemoryContextDelete(context);
	pgstat_report_activity(STATE_RUNNING, debug_query_string);

	if (error != NULL && error_is_cancel_request((ErrorData *) error))
		ReThrowError((ErrorData *) error);
	return (ErrorData *) error;
}

/*
 * The tree must outlive the statement's own commits, so all is made in context.
 * The index build restricts itself; the user's id is all that we change.
 */
static void
run_in_portal(const char *command, MemoryContext context, Oid user)
{
	RawStmt    *raw;
	List	   *plans;
	Portal		portal;
	QueryCompletion completion;

	SetCurrentStatementStartTimestamp();
	StartTransactionCommand();
	MemoryContextSwitchTo(context);
	XactIsoLevel = XACT_READ_COMMITTED;
	XactReadOnly = false;
	/* A concurrent build starts transactions: none may in a security context. */
	SetUserIdAndSecContext(user, 0);
	(void) set_config_option("search_path", PGROLL_SEARCH_PATH, PGC_USERSET,
							 PGC_S_SESSION, GUC_ACTION_LOCAL, true, 0, false);
	(void) set_config_option("standard_conforming_strings", "on", PGC_USERSET,
							 PGC_S_SESSION, GUC_ACTION_LOCAL, true, 0, false);
	raw = linitial_node(RawStmt, pg_parse_query(command));

	PushActiveSnapshot(GetTransactionSnapshot());
	plans = pg_plan_queries(pg_analyze_and_rewrite_fixedparams(raw, command, NULL,
															   0, NULL),
							command, CURSOR_OPT_PARALLEL_OK, NULL);
	PopActiveSnapshot();

	portal = CreatePortal("pgroll_c statement", true, true);
	portal->visible = false;
	PortalDefineQuery(portal, NULL, command, CreateCommandTag(raw->stmt), plans, NULL);
	PortalStart(portal, NULL, 0, InvalidSnapshot);
	(void) portal_run(portal, FETCH_ALL, true, None_Receiver, None_Receiver,
					  &completion);
	PortalDrop(portal, false);
	CommitTransactionCommand();
}

/*
 * A procedure's SPI connection would not survive commits that it does not make.
 * Its transaction has done nothing yet.
 */
static void
leave_procedure(const TaskRunner *runner)
{
	if (!runner->foreground)
		return;
	SPI_finish();
	CommitTransactionCommand();
}

/* SPI_finish() comes back to the context of now, which must outlive commits. */
static void
return_to_procedure(const TaskRunner *runner)
{
	if (!runner->foreground)
		return;
	StartTransactionCommand();
	MemoryContextSwitchTo(PortalContext);
	SPI_connect_ext(SPI_OPT_NONATOMIC);
}
