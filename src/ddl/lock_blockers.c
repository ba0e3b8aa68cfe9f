/*-------------------------------------------------------------------------
 *
 * lock_blockers.c
 *		Who stands in the way of a lock.
 *
 * Read from the lock manager and from the backends' status in shared memory,
 * not through the views: that needs no statement, no snapshot and no privilege.
 * Whose query may be shown to whom is decided here as pg_stat_activity does.
 *-------------------------------------------------------------------------
 */
#include "pgroll.h"

#include <ctype.h>

#include "access/transam.h"
#include "catalog/namespace.h"
#include "catalog/pg_authid.h"
#include "commands/progress.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/backend_status.h"
#include "utils/lsyscache.h"

#include "ddl/lock_blockers.h"

/* How many sessions an error names; of more, how many there are. */
#define MAX_SESSIONS_NAMED 8

static bool locks_relation(const LockInstanceData *lock, Oid relation);
static bool conflicts(LOCKMASK held, LOCKMODE mode);
static int	process_of(const LockInstanceData *lock);
static List *blocking_processes(const LOCKTAG *tag, LOCKMODE mode, bool holders);
static PgBackendStatus *session_of_process(int pid);
static void append_session(StringInfo buf, int pid);
static const char *session_state(const PgBackendStatus *session);
static bool may_see_query(const PgBackendStatus *session);
static bool builds_index_concurrently(const PgBackendStatus *session,
									  Oid relation);
static bool validates_constraint(const PgBackendStatus *session);

char *
lock_blockers_describe(const LOCKTAG *tag, LOCKMODE mode)
{
	List	   *pids = blocking_processes(tag, mode, true);
	StringInfoData buf;
	ListCell   *lc;

	/* Somebody who only waits is in the way as well, if nobody else is. */
	if (pids == NIL)
		pids = blocking_processes(tag, mode, false);
	if (pids == NIL)
		return NULL;

	pgstat_clear_backend_activity_snapshot();
	initStringInfo(&buf);
	appendStringInfoString(&buf, "It is locked by ");
	foreach(lc, pids)
	{
		int			n = foreach_current_index(lc);

		if (n == MAX_SESSIONS_NAMED)
		{
			appendStringInfo(&buf, ", and %d more", list_length(pids) - n);
			break;
		}
		if (n > 0)
			appendStringInfoString(&buf, ", ");
		append_session(&buf, lfirst_int(lc));
	}
	appendStringInfoChar(&buf, '.');
	return buf.data;
}

int
lock_blockers_long_job(List *relations, Oid *relation, const char **activity)
{
	LockData   *data = GetLockStatusData();
	bool		is_fresh = false;
	int			i;

	for (i = 0; i < data->nelements; i++)
	{
		LockInstanceData *lock = &data->locks[i];
		Oid			locked = lock->locktag.locktag_field2;
		PgBackendStatus *session;

		/*
		 * A concurrent build and a validation hold SHARE UPDATE EXCLUSIVE, which
		 * conflicts with itself.  A validation reports no progress; its statement is
		 * all there is to know it by.
		 */
		if (process_of(lock) == MyProcPid || !locks_relation(lock, locked) ||
			!conflicts(lock->holdMask, ShareUpdateExclusiveLock) ||
			!list_member_oid(relations, locked))
			continue;
		if (!is_fresh)
			pgstat_clear_backend_activity_snapshot();
		is_fresh = true;
		session = session_of_process(process_of(lock));
		if (session == NULL)
			continue;
		if (builds_index_concurrently(session, locked))
			*activity = "builds an index on it concurrently";
		else if (validates_constraint(session))
			*activity = "validates a constraint of it";
		else
			continue;
		*relation = locked;
		return session->st_procpid;
	}
	return 0;
}

/*
 * Locks on catalogs are short and those on our own tables hold nobody up, so
 * neither counts.
 */
bool
lock_blockers_own_strong_lock(void)
{
	LockData   *data = GetLockStatusData();
	Oid			own_schema = get_namespace_oid(PGROLL_SCHEMA, true);
	int			i;

	for (i = 0; i < data->nelements; i++)
	{
		LockInstanceData *lock = &data->locks[i];
		Oid			relation = lock->locktag.locktag_field2;

		if (lock->pid == MyProcPid &&
			locks_relation(lock, relation) &&
			relation >= FirstNormalObjectId &&
			conflicts(lock->holdMask, AccessExclusiveLock) &&
			lock->holdMask != LOCKBIT_ON(AccessShareLock) &&
			get_rel_namespace(relation) != own_schema)
			return true;
	}
	return false;
}

static bool
locks_relation(const LockInstanceData *lock, Oid relation)
{
	return lock->locktag.locktag_type == LOCKTAG_RELATION &&
		lock->locktag.locktag_field1 == MyDatabaseId &&
		lock->locktag.locktag_field2 == relation;
}

static bool
conflicts(LOCKMASK held, LOCKMODE mode)
{
	LOCKMODE	other;

	for (other = 1; other <= MaxLockMode; other++)
		if ((held & LOCKBIT_ON(other)) != 0 && DoLockModesConflict(mode, other))
			return true;
	return false;
}

/* Its pid, 0 for a prepared transaction.  Parallel workers count as their leader. */
static int
process_of(const LockInstanceData *lock)
{
	return lock->leaderPid != 0 ? lock->leaderPid : lock->pid;
}

/* Pids (0: a prepared transaction) of others that hold a conflicting lock, or else wait. */
static List *
blocking_processes(const LOCKTAG *tag, LOCKMODE mode, bool holders)
{
	LockData   *data = GetLockStatusData();
	List	   *pids = NIL;
	int			i;

	for (i = 0; i < data->nelements; i++)
	{
		LockInstanceData *lock = &data->locks[i];
		LOCKMASK	mask = lock->holdMask;
		int			pid = process_of(lock);

		if (!holders)
			mask = lock->waitLockMode == NoLock ? 0 :
				LOCKBIT_ON(lock->waitLockMode);
		if (memcmp(&lock->locktag, tag, sizeof(LOCKTAG)) == 0 && pid != MyProcPid &&
			conflicts(mask, mode))
			pids = list_append_unique_int(pids, pid);
	}
	return pids;
}

/* From the snapshot of all sessions; the caller has cleared a stale one. */
static PgBackendStatus *
session_of_process(int pid)
{
	int			n = pgstat_fetch_stat_numbackends();
	int			i;

	for (i = 1; i <= n; i++)
	{
		LocalPgBackendStatus *entry = pgstat_get_local_beentry_by_index(i);

		if (entry != NULL && entry->backendStatus.st_procpid == pid)
			return &entry->backendStatus;
	}
	return NULL;
}

static void
append_session(StringInfo buf, int pid)
{
	PgBackendStatus *session;

	if (pid == 0)
	{
		appendStringInfoString(buf, "a prepared transaction (see pg_prepared_xacts)");
		return;
	}

	appendStringInfo(buf, "process %d", pid);
	session = session_of_process(pid);
	if (session == NULL)
		return;
	if (!may_see_query(session))
		appendStringInfoString(buf, " (query hidden: insufficient privilege)");
	else
		appendStringInfo(buf, " (%s: %s)", session_state(session),
						 pgstat_clip_activity(session->st_activity_raw));
}

static const char *
session_state(const PgBackendStatus *session)
{
	switch (session->st_state)
	{
		case STATE_IDLEINTRANSACTION:
		case STATE_IDLEINTRANSACTION_ABORTED:
			return "idle in transaction, last query";
		case STATE_RUNNING:
		case STATE_FASTPATH:
			return "running";
		default:
			return "last query";
	}
}

static bool
may_see_query(const PgBackendStatus *session)
{
	return has_privs_of_role(GetUserId(), session->st_userid) ||
		has_privs_of_role(GetUserId(), ROLE_PG_READ_ALL_STATS);
}

static bool
builds_index_concurrently(const PgBackendStatus *session, Oid relation)
{
	int64		command = session->st_progress_param[PROGRESS_CREATEIDX_COMMAND];

	return session->st_progress_command == PROGRESS_COMMAND_CREATE_INDEX &&
		session->st_progress_command_target == relation &&
		(command == PROGRESS_CREATEIDX_COMMAND_CREATE_CONCURRENTLY ||
		 command == PROGRESS_CREATEIDX_COMMAND_REINDEX_CONCURRENTLY);
}

/* Is its statement, in any case and spacing, ALTER TABLE … VALIDATE CONSTRAINT? */
static bool
validates_constraint(const PgBackendStatus *session)
{
	const char *query = session->st_activity_raw;

	if (session->st_state != STATE_RUNNING)
		return false;
	for (; *query != '\0'; query++)
	{
		const char *word = query + strlen("validate");

		if (pg_strncasecmp(query, "validate", strlen("validate")) != 0 ||
			!isspace((unsigned char) *word))
			continue;
		while (isspace((unsigned char) *word))
			word++;
		if (pg_strncasecmp(word, "constraint", strlen("constraint")) == 0)
			return true;
	}
	return false;
}
