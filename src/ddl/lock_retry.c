/*-------------------------------------------------------------------------
 *
 * lock_retry.c
 *		Take strong locks without making the application queue behind us.
 *
 * A waiting ACCESS EXCLUSIVE request blocks every later reader.  So a phase
 * takes all its locks before any DDL, in attempts that are bounded as a whole
 * by pgroll_c.lock_timeout.  Within an attempt, a relation that is not to be
 * had soon is waited for alone, while no other is locked, and then all are taken
 * anew, where the order allows it beginning with that one: to let it go would be to
 * wait for those who came in between.  Between two attempts nothing is locked and
 * nobody waits.
 *
 * Work that needs only some of the locks is done once all of them could be had for a
 * moment; an attempt at the others follows.  Where that fails, the work is undone.
 *
 * "Soon" is PATIENCE_MS for all the relations together: under a steady load
 * each of twenty tables is locked by somebody at any moment, and to take only
 * what is free at once would never succeed.
 *-------------------------------------------------------------------------
 */
#include "pgroll.h"

#include "access/xact.h"
#include "catalog/pg_class.h"
#include "common/pg_prng.h"
#include "miscadmin.h"
#include "storage/latch.h"
#include "storage/lmgr.h"
#include "storage/proc.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/resowner.h"
#include "utils/syscache.h"
#include "utils/timestamp.h"
#include "utils/wait_event.h"

#include "ddl/lock_blockers.h"
#include "ddl/lock_retry.h"
#include "state/claims.h"
#include "support/guc.h"

/* How long we may wait for relations in all while we hold others. */
#define PATIENCE_MS 20

/* The sleep between two attempts: the first one, and the longest. */
#define FIRST_SLEEP_MS 100
#define LONGEST_SLEEP_MS 1000

/* How often work is tried; after that the locks are taken without it. */
#define WORK_TRIES 3

/* A request, and what is known of its relation before anything is locked. */
typedef struct Wanted
{
	LOCKTAG		tag;
	Oid			relation;		/* InvalidOid: the names */
	LOCKMODE	mode;
	bool		early;
	char	   *name;			/* qualified, quoted where needed */
	int			rank;			/* views 0, partitioned tables 1, others 2, names 3 */
} Wanted;

/* What is known of the work while it is tried. */
typedef struct WorkTries
{
	LockRetryWork *work;		/* or NULL */
	int			left;
	bool		running;
	TimestampTz spent;			/* microseconds */
} WorkTries;

static List *wanted_from_requests(List *requests);
static Wanted *wanted_relation(Oid relation, LOCKMODE mode);
static Wanted *wanted_names(LOCKMODE mode);
static char *relation_name(Oid relation);
static int	compare_wanted(const ListCell *a, const ListCell *b);
static Wanted *attempt_with_work(List *wanted, WorkTries *tries, char **blockers);
static List *only(List *wanted, bool early);
static Wanted *attempt(List *wanted, bool keep, bool *deadlock, char **blockers);
static bool comes_first(const Wanted *candidate, List *wanted);
static Wanted *lock_in_subtransaction(List *wanted, Wanted *first, TimestampTz end,
									  bool keep, bool *deadlock);
static ErrorData *roll_back_on_error(MemoryContext context, ResourceOwner owner);
static TimestampTz soon(TimestampTz end);
static bool lock_one(const Wanted *wanted, TimestampTz until, bool give_way);
static bool take(const Wanted *wanted, bool wait);
static bool is_names(const Wanted *wanted);
static void set_for_attempt(const char *name, long milliseconds);
static void refuse_long_jobs(List *wanted);
static void pause_until(TimestampTz end);
static void check_same_name(const Wanted *wanted);
pg_noreturn static void report_missing(const char *name);
pg_noreturn static void report_blocked(const Wanted *contended,
									   const char *blockers, bool single);

void
lock_retry_acquire(List *requests, LockRetryWork *work)
{
	List	   *wanted = wanted_from_requests(requests);
	WorkTries	tries = {.work = work,.left = work == NULL ? 0 : WORK_TRIES};
	bool		single = lock_blockers_own_strong_lock();
	TimestampTz give_up;
	int			sleep_ms = FIRST_SLEEP_MS;
	char	   *blockers = NULL;
	Wanted	   *contended;
	ListCell   *lc;

	give_up = TimestampTzPlusMilliseconds(GetCurrentTimestamp(),
										  pgroll_lock_retry_timeout);
	while ((contended = attempt_with_work(wanted, &tries, &blockers)) != NULL)
	{
		TimestampTz now = GetCurrentTimestamp();
		TimestampTz wake;

		give_up += tries.spent;
		tries.spent = 0;
		if (single || now >= give_up)
			report_blocked(contended, blockers, single);

		/* Two that wait for each other must not wake up together. */
		wake = TimestampTzPlusMilliseconds(now,
										   sleep_ms * (0.5 + 0.5 * pg_prng_double(&pg_global_prng_state)));
		pause_until(Min(wake, give_up));
		sleep_ms = Min(2 * sleep_ms, LONGEST_SLEEP_MS);
	}

	foreach(lc, wanted)
	{
		Wanted	   *each = lfirst(lc);

		if (is_names(each))
			continue;
		/* The work has dropped it. */
		if (work != NULL && work->done && each->early &&
			relation_name(each->relation) == NULL)
			continue;
		check_same_name(each);
	}
}

/* A weak lock holds up nobody while we wait for it, so once for all the time is enough. */
void
lock_retry_wait_readable(List *relations)
{
	TimestampTz give_up;
	ListCell   *lc;

	give_up = TimestampTzPlusMilliseconds(GetCurrentTimestamp(),
										  pgroll_lock_retry_timeout);
	foreach(lc, relations)
	{
		Wanted	   *wanted;

		if (ConditionalLockRelationOid(lfirst_oid(lc), AccessShareLock))
		{
			UnlockRelationOid(lfirst_oid(lc), AccessShareLock);
			continue;
		}
		wanted = wanted_relation(lfirst_oid(lc), AccessShareLock);
		if (wanted->name != NULL &&
			lock_in_subtransaction(list_make1(wanted), wanted, give_up, false, NULL) != NULL)
			report_blocked(wanted, lock_blockers_describe(&wanted->tag, wanted->mode), false);
	}
}

static List *
wanted_from_requests(List *requests)
{
	List	   *all = NIL;
	ListCell   *lc;

	foreach(lc, requests)
	{
		LockRequest *request = lfirst(lc);
		Wanted	   *wanted = OidIsValid(request->relation) ?
			wanted_relation(request->relation, request->mode) : wanted_names(request->mode);

		wanted->early = request->early;
		if (wanted->name == NULL)
			report_missing(request->name != NULL ? request->name :
						   psprintf("%u", request->relation));
		all = lappend(all, wanted);
	}
	list_sort(all, compare_wanted);
	return all;
}

static Wanted *
wanted_relation(Oid relation, LOCKMODE mode)
{
	Wanted	   *wanted = palloc0(sizeof(Wanted));
	char		relkind = get_rel_relkind(relation);

	SET_LOCKTAG_RELATION(wanted->tag, MyDatabaseId, relation);
	wanted->relation = relation;
	wanted->mode = mode;
	wanted->name = relation_name(relation);
	wanted->rank = relkind == RELKIND_VIEW ? 0 :
		relkind == RELKIND_PARTITIONED_TABLE ? 1 : 2;
	return wanted;
}

static Wanted *
wanted_names(LOCKMODE mode)
{
	Wanted	   *wanted = palloc0(sizeof(Wanted));

	claims_set_locktag(&wanted->tag, LOCK_CLASS_NAMES, 0);
	wanted->mode = mode;
	wanted->name = "names of functions, types or schemas";
	wanted->rank = 3;
	return wanted;
}

/* NULL where the relation does not exist (any more). */
static char *
relation_name(Oid relation)
{
	char	   *name = get_rel_name(relation);

	if (name == NULL)
		return NULL;
	return quote_qualified_identifier(get_namespace_name(get_rel_namespace(relation)),
									  name);
}

/*
 * The order in which statements lock: a view before the tables it reads, a
 * partitioned table before its partitions.  In the other order a statement that
 * waits for the table behind us would keep us from its view.  Of two requests
 * for one relation the stronger comes first.
 */
static int
compare_wanted(const ListCell *a, const ListCell *b)
{
	const Wanted *x = lfirst(a);
	const Wanted *y = lfirst(b);

	if (x->rank != y->rank)
		return x->rank - y->rank;
	if (x->relation != y->relation)
		return x->relation < y->relation ? -1 : 1;
	return y->mode - x->mode;
}

/*
 * An attempt at all of them; with work still to be tried, first one that keeps none,
 * then the early ones, the work, and an attempt at the others.  An error of the work is
 * not told: where the same is done under the locks, it comes up again or is gone.
 */
static Wanted *
attempt_with_work(List *wanted, WorkTries *tries, char **blockers)
{
	MemoryContext context = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;
	Wanted	   *volatile contended;
	bool		deadlock = false;

	if (tries->left == 0)
		return attempt(wanted, true, NULL, blockers);
	if ((contended = attempt(wanted, false, NULL, blockers)) != NULL)
		return contended;

	tries->left--;
	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(context);
	PG_TRY();
	{
		contended = attempt(only(wanted, true), true, NULL, blockers);
		if (contended == NULL)
		{
			TimestampTz began = GetCurrentTimestamp();

			tries->running = true;
			tries->work->run(tries->work->arg);
			tries->running = false;
			tries->spent += GetCurrentTimestamp() - began;
			contended = attempt(only(wanted, false), true, &deadlock, blockers);
		}
		if (contended == NULL)
			ReleaseCurrentSubTransaction();
		else
			RollbackAndReleaseCurrentSubTransaction();
	}
	PG_CATCH();
	{
		ErrorData  *error = roll_back_on_error(context, owner);

		if (!tries->running || error->sqlerrcode == ERRCODE_QUERY_CANCELED)
			ReThrowError(error);
		FreeErrorData(error);
	}
	PG_END_TRY();
	MemoryContextSwitchTo(context);
	CurrentResourceOwner = owner;

	if (tries->running)
	{
		tries->running = false;
		tries->left = 0;
		return attempt(wanted, true, NULL, blockers);
	}
	tries->work->done = contended == NULL;
	return contended;
}

/* Those that are early, or those that are not. */
static List *
only(List *wanted, bool early)
{
	List	   *found = NIL;
	ListCell   *lc;

	foreach(lc, wanted)
	{
		if (((Wanted *) lfirst(lc))->early == early)
			found = lappend(found, lfirst(lc));
	}
	return found;
}

/*
 * Lock all within pgroll_c.lock_timeout; NULL, or the one that could not be
 * had.  *blockers says who held that one, if somebody was seen to.  Without keep
 * they are let go at once.  With deadlock (or NULL) others are held already, for which
 * somebody may wait: if he has what we want it is we who give up.
 */
static Wanted *
attempt(List *wanted, bool keep, bool *deadlock, char **blockers)
{
	Wanted	   *first = NULL;
	Wanted	   *contended;
	char	   *seen;
	TimestampTz end;

	end = TimestampTzPlusMilliseconds(GetCurrentTimestamp(),
									  pgroll_lock_timeout);
	for (;;)
	{
		bool		is_over;

		CHECK_FOR_INTERRUPTS();
		refuse_long_jobs(wanted);
		contended = lock_in_subtransaction(wanted, first, end, keep, deadlock);
		if (contended == NULL)
			return NULL;

		is_over = contended == first || GetCurrentTimestamp() >= end ||
			(deadlock != NULL && *deadlock);
		first = contended;
		if (!is_over && comes_first(contended, wanted))
			continue;

		refuse_long_jobs(wanted);
		if (is_over || lock_in_subtransaction(list_make1(contended), contended, end,
											  false, deadlock) != NULL)
			break;
		first = NULL;
	}
	seen = lock_blockers_describe(&contended->tag, contended->mode);
	if (seen != NULL)
		*blockers = seen;
	return contended;
}

/* May it be locked before all others, or is there a view or parent of its among them? */
static bool
comes_first(const Wanted *candidate, List *wanted)
{
	ListCell   *lc;

	foreach(lc, wanted)
	{
		if (((Wanted *) lfirst(lc))->rank < candidate->rank)
			return false;
	}
	return true;
}

/*
 * Lock first (or NULL), waiting until the end at most, then all, one after the other, as
 * far as they are to be had soon; NULL, or the one that could not be had.  Rolling the
 * subtransaction back frees both the locks and the place in the queue; it is rolled
 * back on success too, unless keep.  *deadlock (unless NULL) is set where it was a
 * deadlock, looked for at once.
 */
static Wanted *
lock_in_subtransaction(List *wanted, Wanted *first, TimestampTz end, bool keep,
					   bool *deadlock)
{
	MemoryContext context = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;
	Wanted	   *volatile current = first;
	volatile bool locked = true;

	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(context);

	PG_TRY();
	{
		TimestampTz until;
		ListCell   *lc;

		if (first != NULL)
			locked = lock_one(first, end, deadlock != NULL);
		until = soon(end);
		foreach(lc, locked ? wanted : NIL)
		{
			current = lfirst(lc);
			locked = lock_one(current, until, deadlock != NULL);
			if (!locked)
				break;
		}
		if (locked && keep)
			ReleaseCurrentSubTransaction();
		else
			RollbackAndReleaseCurrentSubTransaction();
	}
	PG_CATCH();
	{
		ErrorData  *error = roll_back_on_error(context, owner);

		if (error->sqlerrcode != ERRCODE_LOCK_NOT_AVAILABLE &&
			error->sqlerrcode != ERRCODE_T_R_DEADLOCK_DETECTED)
			ReThrowError(error);
		if (deadlock != NULL)
			*deadlock = error->sqlerrcode == ERRCODE_T_R_DEADLOCK_DETECTED;
		FreeErrorData(error);
		locked = false;
	}
	PG_END_TRY();

	MemoryContextSwitchTo(context);
	CurrentResourceOwner = owner;
	return locked ? NULL : current;
}

/* In PG_CATCH: roll the subtransaction back; a copy of its error. */
static ErrorData *
roll_back_on_error(MemoryContext context, ResourceOwner owner)
{
	ErrorData  *error;

	MemoryContextSwitchTo(context);
	error = CopyErrorData();
	FlushErrorState();
	RollbackAndReleaseCurrentSubTransaction();
	MemoryContextSwitchTo(context);
	CurrentResourceOwner = owner;

	/*
	 * ProcessInterrupts() forgets what else is pending, such as a barrier, when it
	 * raises a lock timeout.
	 */
	InterruptPending = true;
	return error;
}

static TimestampTz
soon(TimestampTz end)
{
	return Min(TimestampTzPlusMilliseconds(GetCurrentTimestamp(), PATIENCE_MS), end);
}

/* False, or an error that the subtransaction catches, where it is not to be had. */
static bool
lock_one(const Wanted *wanted, TimestampTz until, bool give_way)
{
	long		rest;

	if (take(wanted, false))
		return true;
	rest = TimestampDifferenceMilliseconds(GetCurrentTimestamp(), until);
	if (rest <= 0)
		return false;

	/*
	 * The server cancels an autovacuum that is in our way when it looks for
	 * deadlocks, so it must do that before we give up.
	 */
	set_for_attempt("lock_timeout", rest);
	set_for_attempt("deadlock_timeout",
					give_way ? 1 : Min(DeadlockTimeout, Max(rest / 2, 1)));
	return take(wanted, true);
}

/* False where it is not to be had and not waited for. */
static bool
take(const Wanted *wanted, bool wait)
{
	if (!is_names(wanted))
	{
		if (!wait)
			return ConditionalLockRelationOid(wanted->relation, wanted->mode);
		LockRelationOid(wanted->relation, wanted->mode);
		return true;
	}
	if (LockAcquire(&wanted->tag, wanted->mode, false, !wait) == LOCKACQUIRE_NOT_AVAIL)
		return false;
	AcceptInvalidationMessages();
	return true;
}

static bool
is_names(const Wanted *wanted)
{
	return !OidIsValid(wanted->relation);
}

/* Until the end of the subtransaction. */
static void
set_for_attempt(const char *name, long milliseconds)
{
	(void) set_config_option(name, psprintf("%ld", milliseconds),
							 PGC_SUSET, PGC_S_SESSION, GUC_ACTION_SAVE,
							 true, 0, false);
}

/*
 * A concurrent index build waits for our snapshot and we for its lock: it would
 * be the victim of the deadlock.  A validation takes as long as the table is
 * big.  So neither is waited for.
 */
static void
refuse_long_jobs(List *wanted)
{
	List	   *relations = NIL;
	Oid			relation = InvalidOid;
	const char *name = NULL;
	const char *activity;
	int			pid;
	ListCell   *lc;

	foreach(lc, wanted)
	{
		Wanted	   *each = lfirst(lc);

		if (!is_names(each) &&
			DoLockModesConflict(each->mode, ShareUpdateExclusiveLock))
			relations = lappend_oid(relations, each->relation);
	}
	pid = relations == NIL ? 0 :
		lock_blockers_long_job(relations, &relation, &activity);
	if (pid == 0)
		return;
	foreach(lc, wanted)
	{
		if (((Wanted *) lfirst(lc))->relation == relation)
			name = ((Wanted *) lfirst(lc))->name;
	}
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_IN_USE),
			 errmsg("cannot lock relation \"%s\" now", name),
			 errdetail("Process %d %s.", pid, activity),
			 errhint("Try again when it has finished.")));
}

static void
pause_until(TimestampTz end)
{
	long		rest;

	while ((rest = TimestampDifferenceMilliseconds(GetCurrentTimestamp(),
												   end)) > 0)
	{
		(void) WaitLatch(MyLatch,
						 WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH,
						 rest, PG_WAIT_EXTENSION);
		ResetLatch(MyLatch);
		CHECK_FOR_INTERRUPTS();
	}
}

/* Somebody may have had the lock before us in order to drop or rename it. */
static void
check_same_name(const Wanted *wanted)
{
	char	   *name = relation_name(wanted->relation);

	if (name == NULL)
		report_missing(wanted->name);
	if (strcmp(name, wanted->name) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("relation \"%s\" was renamed to \"%s\" by another session",
						wanted->name, name),
				 errhint("Try again with what the database looks like now.")));
}

static void
report_missing(const char *name)
{
	ereport(ERROR,
			(errcode(ERRCODE_UNDEFINED_TABLE),
			 errmsg("relation \"%s\" was dropped by another session", name),
			 errhint("Try again with what the database looks like now.")));
}

static void
report_blocked(const Wanted *contended, const char *blockers, bool single)
{
	int			waited = single ? pgroll_lock_timeout : pgroll_lock_retry_timeout;

	ereport(ERROR,
			(errcode(ERRCODE_LOCK_NOT_AVAILABLE),
			 is_names(contended) ?
			 errmsg("could not lock the %s within %d ms", contended->name, waited) :
			 errmsg("could not lock relation \"%s\" within %d ms", contended->name, waited),
			 blockers != NULL ? errdetail("%s", blockers) :
			 errdetail("It is locked again and again by short transactions."),
			 single ?
			 errhint("The transaction holds locks already, so there was no second attempt. Run the command in a transaction of its own.") :
			 errhint("Try again when these sessions have ended their transactions, or raise pgroll_c.lock_retry_timeout.")));
}
