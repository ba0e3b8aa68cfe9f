/*-------------------------------------------------------------------------
 *
 * ddl_execute.c
 *		Run a plan.
 *
 * The only place where the DDL of a migration is run.  All relations of the
 * phase are locked before its first step, but for steps that go ahead
 * (plan_put_ahead()): these are run as soon as their own are, within the attempt
 * at the others.  So a step finds its locks held, and an error in the middle
 * leaves nothing to wait for.
 *-------------------------------------------------------------------------
 */
#include "pgroll.h"

#include "access/xact.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "portability/instr_time.h"
#include "tcop/utility.h"
#include "utils/guc.h"
#include "utils/resowner.h"

#include "ddl/access_list.h"
#include "ddl/column_domain.h"
#include "ddl/ddl_execute.h"
#include "ddl/index_part.h"
#include "ddl/lock_retry.h"
#include "ddl/matview_query.h"
#include "ddl/partition_constraint.h"
#include "state/claims.h"
#include "state/step_log.h"
#include "support/guc.h"

/* What the error context of a running step shows. */
typedef struct StepPlace
{
	const Step *step;
	int			number;
	int			total;
} StepPlace;

/* What run_ahead() runs. */
typedef struct Ahead
{
	const MigrationPlan *plan;
	int64		migration;
	List	   *steps;			/* Step * */
	int			total;			/* of the phase */
} Ahead;

static DdlOrigin current_origin = DDL_FOREIGN;

/*
 * How deep utility commands are nested, and where one of our own runs.  What it makes
 * run deeper (an event trigger of somebody's, a function in a check) is none of ours.
 */
static int	utility_depth = 0;
static int	own_depth = 0;
static ProcessUtility_hook_type previous_utility = NULL;

static void utility_hook(PlannedStmt *statement, const char *source, bool read_only,
						 ProcessUtilityContext context, ParamListInfo params,
						 QueryEnvironment *environment, DestReceiver *dest,
						 QueryCompletion *completion);
static List *lock_requests(List *steps);
static LockRequest *lock_request(const Step *step, Oid relation, const char *name);
static LockRequest *lock_request_for_names(void);
static void run_ahead(void *arg);
static List *steps_left(const MigrationPlan *plan, Phase phase, int64 migration, List *done);
static int	end_of_view(List *steps, int first);
static int	find_view(List *steps, int from, const Step *wanted);
static bool same_commands(List *done, int first, int end, List *steps, int at);
static int	mark_done(List *steps, int at);
static void undo(const MigrationPlan *plan, StepPlace *place, int64 migration);
static List *steps_of_phase(const MigrationPlan *plan, Phase phase);
static void run_trial(const MigrationPlan *plan, List *places);
static void run_in_place(const MigrationPlan *plan, StepPlace *place,
						 int64 migration);
static void run_step(const MigrationPlan *plan, const Step *step);
static void run_carried(const Step *step);
static void run_at_path(const MigrationPlan *plan, const Step *step);
static void run_command(const char *command, const char *search_path,
						DdlOrigin origin);
static void run_through_spi(const char *command);
static void log_step(const StepPlace *place, int64 migration,
					 double duration_ms);
static void step_error_context(void *arg);

List *
ddl_lock_plan(const MigrationPlan *plan, Phase phase, int64 migration)
{
	Ahead		ahead = {plan, migration, NIL, 0};
	LockRetryWork work = {.run = run_ahead,.arg = &ahead};
	List	   *steps = steps_of_phase(plan, phase);
	List	   *requests;
	ListCell   *lc;

	foreach(lc, steps)
	{
		Step	   *step = lfirst(lc);

		if (step->ahead)
			ahead.steps = lappend(ahead.steps, step);
		ahead.total += step->command != NULL;
	}
	requests = lock_requests(steps);
	if (phase != PHASE_ROLLBACK)
		requests = lappend(requests, lock_request_for_names());
	lock_retry_acquire(requests, ahead.steps == NIL ? NULL : &work);
	return work.done ? ahead.steps : NIL;
}

void
ddl_execute_plan(const MigrationPlan *plan, Phase phase, int64 migration, List *done)
{
	List	   *left = steps_left(plan, phase, migration, done);
	List	   *steps = NIL;
	List	   *trial = NIL;
	int			number = list_length(done);
	int			total;
	ListCell   *lc;

	lock_retry_acquire(lock_requests(left), NULL);
	foreach(lc, left)
	{
		if (((Step *) lfirst(lc))->command != NULL)
			steps = lappend(steps, lfirst(lc));
	}
	total = number + list_length(steps);
	foreach(lc, steps)
	{
		StepPlace  *place = palloc(sizeof(StepPlace));

		place->step = lfirst(lc);
		place->number = ++number;
		place->total = total;
		if (place->step->trial)
		{
			trial = lappend(trial, place);
			continue;
		}
		run_trial(plan, trial);
		trial = NIL;
		run_in_place(plan, place, migration);
	}
	run_trial(plan, trial);
}

/* Steps that are only to show that they work. */
static void
run_trial(const MigrationPlan *plan, List *places)
{
	MemoryContext context = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;
	ErrorData  *volatile error = NULL;

	if (places == NIL)
		return;
	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(context);
	PG_TRY();
	{
		ListCell   *lc;

		foreach(lc, places)
			run_in_place(plan, lfirst(lc), 0);
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(context);
		error = CopyErrorData();
		FlushErrorState();
	}
	PG_END_TRY();
	RollbackAndReleaseCurrentSubTransaction();
	MemoryContextSwitchTo(context);
	CurrentResourceOwner = owner;
	if (error != NULL)
		ReThrowError(error);
}

/* migration: 0 of a trial, which the log knows nothing of */
static void
run_in_place(const MigrationPlan *plan, StepPlace *place, int64 migration)
{
	ErrorContextCallback callback;
	instr_time	start;
	instr_time	duration;

	callback.callback = step_error_context;
	callback.arg = place;
	callback.previous = error_context_stack;
	error_context_stack = &callback;

	INSTR_TIME_SET_CURRENT(start);
	run_step(plan, place->step);
	INSTR_TIME_SET_CURRENT(duration);
	INSTR_TIME_SUBTRACT(duration, start);

	error_context_stack = callback.previous;
	if (migration != 0)
		log_step(place, migration, INSTR_TIME_GET_MILLISEC(duration));
}

void
ddl_execute_own(const char *command)
{
	run_command(command, PGROLL_SEARCH_PATH, DDL_OWN);
}

void
ddl_execute_user_code(const char *command, const char *base_schema)
{
	run_command(command, guc_user_search_path(base_schema), DDL_OWN);
}

DdlOrigin
ddl_execute_origin(void)
{
	return current_origin == DDL_OWN && utility_depth > own_depth ? DDL_FOREIGN :
		current_origin;
}

void
ddl_execute_init(void)
{
	previous_utility = ProcessUtility_hook;
	ProcessUtility_hook = utility_hook;
}

static void
utility_hook(PlannedStmt *statement, const char *source, bool read_only,
			 ProcessUtilityContext context, ParamListInfo params,
			 QueryEnvironment *environment, DestReceiver *dest, QueryCompletion *completion)
{
	utility_depth++;
	PG_TRY();
	{
		if (previous_utility != NULL)
			previous_utility(statement, source, read_only, context, params,
							 environment, dest, completion);
		else
			standard_ProcessUtility(statement, source, read_only, context, params,
									environment, dest, completion);
	}
	PG_FINALLY();
	{
		utility_depth--;
	}
	PG_END_TRY();
}

DdlOrigin
ddl_execute_set_origin(DdlOrigin origin)
{
	DdlOrigin	previous = current_origin;

	current_origin = origin;
	own_depth = utility_depth + 1;
	return previous;
}

/* LockRequest * */
static List *
lock_requests(List *steps)
{
	List	   *requests = NIL;
	ListCell   *lc;
	ListCell   *other;

	foreach(lc, steps)
	{
		Step	   *step = lfirst(lc);

		if (step->lock == NoLock)
			continue;
		if (OidIsValid(step->relation))
			requests = lappend(requests,
							   lock_request(step, step->relation, step->relation_name));
		foreach(other, step->also)
			requests = lappend(requests, lock_request(step, lfirst_oid(other), NULL));
	}
	return requests;
}

static LockRequest *
lock_request(const Step *step, Oid relation, const char *name)
{
	LockRequest *request = palloc(sizeof(LockRequest));

	request->relation = relation;
	request->mode = step->lock;
	request->name = name;
	request->early = step->ahead;
	return request;
}

/* What is planned under the locks, and run, are texts. */
static LockRequest *
lock_request_for_names(void)
{
	LockRequest *request = palloc0(sizeof(LockRequest));

	request->mode = CLAIMED_BY_PHASE;
	return request;
}

/* A LockRetryWork. */
static void
run_ahead(void *arg)
{
	const Ahead *ahead = arg;
	ListCell   *lc;

	foreach(lc, ahead->steps)
		run_in_place(ahead->plan,
					 &(StepPlace) {lfirst(lc), foreach_current_index(lc) + 1, ahead->total},
					 ahead->migration);
}

/*
 * Those of the phase without the ones that were run ahead, as far as they are still
 * right; what is not is undone.  Both lists have the views in the same order, as a rule.
 */
static List *
steps_left(const MigrationPlan *plan, Phase phase, int64 migration, List *done)
{
	List	   *steps = steps_of_phase(plan, phase);
	List	   *left = NIL;
	int			at = 0;
	int			end;
	ListCell   *lc;

	for (int first = 0; first < list_length(done); first = end)
	{
		end = end_of_view(done, first);
		at = find_view(steps, at, list_nth(done, first));
		if (same_commands(done, first, end, steps, at))
			at = mark_done(steps, at);
		else
			undo(plan, &(StepPlace) {list_nth(done, first), first + 1, list_length(done)},
				 migration);
	}
	foreach(lc, steps)
	{
		if (!((Step *) lfirst(lc))->done)
			left = lappend(left, lfirst(lc));
	}
	return left;
}

/* Where the steps that belong to the same view (or schema) as the one at first end. */
static int
end_of_view(List *steps, int first)
{
	const Step *step = list_nth(steps, first);
	int			end = first + 1;

	while (end < list_length(steps) && OidIsValid(step->view_of) &&
		   ((Step *) list_nth(steps, end))->view_of == step->view_of)
		end++;
	return end;
}

/* The first step of the same view or schema, looked for from there on; -1: none. */
static int
find_view(List *steps, int from, const Step *wanted)
{
	int			n = list_length(steps);

	for (int i = 0; i < n; i++)
	{
		int			at = (Max(from, 0) + i) % n;
		const Step *step = list_nth(steps, at);

		if (step->view_of == wanted->view_of &&
			(OidIsValid(step->view_of) || step->undo != NULL))
			return at;
	}
	return -1;
}

static bool
same_commands(List *done, int first, int end, List *steps, int at)
{
	if (at < 0 || end_of_view(steps, at) - at != end - first)
		return false;
	for (int i = first; i < end; i++, at++)
	{
		if (strcmp(((Step *) list_nth(done, i))->command,
				   ((Step *) list_nth(steps, at))->command) != 0)
			return false;
	}
	return true;
}

/* The steps of the view that begin there; where they end. */
static int
mark_done(List *steps, int at)
{
	int			end = end_of_view(steps, at);

	for (; at < end; at++)
		((Step *) list_nth(steps, at))->done = true;
	return end;
}

/* A step that drops something has nothing to undo it: the plan knows of that. */
static void
undo(const MigrationPlan *plan, StepPlace *place, int64 migration)
{
	Step		step = *place->step;

	if (step.undo == NULL)
		return;
	step.command = step.undo;
	place->step = &step;
	run_in_place(plan, place, migration);
}

static List *
steps_of_phase(const MigrationPlan *plan, Phase phase)
{
	List	   *steps = NIL;
	ListCell   *lc;

	foreach(lc, plan->steps)
	{
		Step	   *step = lfirst(lc);

		if (step->phase == phase)
			steps = lappend(steps, step);
	}
	return steps;
}

static void
run_step(const MigrationPlan *plan, const Step *step)
{
	if (OidIsValid(step->domain))
		column_domain_set(step->relation, step->domain_column, step->domain);
	else if (step->access_list != NULL)
		access_list_set(step->relation_name, step->access_column, step->access_list);
	else if (step->matview_query != NULL)
		matview_query_set(step->relation, step->matview_query);
	else if (step->partitioned_key != NULL)
		partition_constraint_add_key(step->relation, step->partitioned_key);
	else if (OidIsValid(step->part_of))
		partition_constraint_name_part(step->part_of, step->foreign_key, step->relation,
									   step->part_name);
	else if (step->foreign_key != NULL)
		partition_constraint_follow(step->relation, step->foreign_key,
									step->foreign_key_parts);
	else if (OidIsValid(step->index_part))
		index_part_release(step->index_part);
	else if (step->carried != NULL)
		run_carried(step);
	else if (step->path != NULL)
		run_at_path(plan, step);
	else
		run_command(step->command, PGROLL_SEARCH_PATH, DDL_OWN);
}

/* An error says where in the document its cause is. */
static void
run_at_path(const MigrationPlan *plan, const Step *step)
{
	MemoryContext context = CurrentMemoryContext;

	PG_TRY();
	{
		if (step->user_text)
			run_command(step->command, guc_user_search_path(plan->base_schema),
						DDL_USER_TEXT);
		else
			run_command(step->command, PGROLL_SEARCH_PATH, DDL_OWN);
	}
	PG_CATCH();
	{
		ErrorData  *error;

		MemoryContextSwitchTo(context);
		error = CopyErrorData();
		FlushErrorState();
		error->detail = error->detail == NULL ? psprintf("At %s.", step->path) :
			psprintf("At %s: %s", step->path, error->detail);
		if (error->hint == NULL && error->sqlerrcode != ERRCODE_QUERY_CANCELED)
			error->hint = pstrdup(step->user_text ?
								  "Correct the statements of the sql operation." :
								  "Correct the migration document.");
		ReThrowError(error);
	}
	PG_END_TRY();
}

static void
run_carried(const Step *step)
{
	MemoryContext context = CurrentMemoryContext;

	PG_TRY();
	{
		run_command(step->command, PGROLL_SEARCH_PATH, DDL_OWN);
	}
	PG_CATCH();
	{
		ErrorData  *error;

		MemoryContextSwitchTo(context);
		error = CopyErrorData();
		FlushErrorState();
		step_explain_carried(error, step->carried);
		ReThrowError(error);
	}
	PG_END_TRY();
}

/*
 * Run a statement as the current user.  Settings are put back afterwards, also
 * those that the user's own text has SET, so that no step sees another's.
 */
static void
run_command(const char *command, const char *search_path,
			DdlOrigin origin)
{
	DdlOrigin	saved = current_origin;
	int			saved_depth = own_depth;
	int			guc_level = NewGUCNestLevel();

	guc_set_local("search_path", search_path);
	guc_set_local("lock_timeout", psprintf("%d", pgroll_lock_timeout));
	guc_set_local("check_function_bodies", "on");
	/* What the server has to say of our own names concerns nobody. */
	if (origin == DDL_OWN)
	{
		guc_set_local("client_min_messages", "warning");
		guc_set_portable_strings();
	}

	(void) ddl_execute_set_origin(origin);
	PG_TRY();
	{
		run_through_spi(command);
	}
	PG_FINALLY();
	{
		current_origin = saved;
		own_depth = saved_depth;
	}
	PG_END_TRY();

	AtEOXact_GUC(false, guc_level);
}

static void
run_through_spi(const char *command)
{
	int			result;

	SPI_connect();
	result = SPI_execute(command, false, 0);
	if (result == SPI_ERROR_TRANSACTION)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_TRANSACTION_TERMINATION),
				 errmsg("a migration cannot contain transaction control commands"),
				 errhint("Remove the command; all of a phase runs in one transaction.")));
	if (result == SPI_ERROR_COPY)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("a migration cannot COPY from or to the client"),
				 errhint("Use INSERT, or COPY with a file on the server.")));
	if (result < 0)
		elog(ERROR, "statement \"%s\" returned %s", command,
			 SPI_result_code_string(result));
	SPI_finish();
}

static void
log_step(const StepPlace *place, int64 migration, double duration_ms)
{
	const Step *step = place->step;
	const char *lock_mode = step->lock == NoLock ? NULL :
		GetLockmodeName(DEFAULT_LOCKMETHOD, step->lock);

	step_log_add(migration, phase_name(step->phase), place->number,
				 step->command, lock_mode, step->relation_name, duration_ms);
}

static void
step_error_context(void *arg)
{
	const StepPlace *place = arg;

	errcontext("step %d of %d: %s", place->number, place->total,
			   place->step->command);
}
