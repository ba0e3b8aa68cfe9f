/*-------------------------------------------------------------------------
 *
 * lock_retry.h
 *		Take strong locks without making the application queue behind us.
 *-------------------------------------------------------------------------
 */
#ifndef PGROLL_LOCK_RETRY_H
#define PGROLL_LOCK_RETRY_H

#include "nodes/pg_list.h"
#include "storage/lock.h"

typedef struct LockRequest
{
	Oid			relation;		/* InvalidOid: what expressions call by name (claims.h) */
	LOCKMODE	mode;
	const char *name;			/* for a message, should it be gone; NULL:
								 * then its OID is */
	bool		early;			/* locked before the work is run */
} LockRequest;

/*
 * What takes long and needs only the early ones of the locks: it is run before the
 * others are taken, so that whoever uses the relations of these need not wait for it.
 * It is undone where they can't be had in one attempt, and tried again a few times;
 * after an error of its own, and after the last try, they are locked without it.  done
 * says whether it was run in the end.  Its time does not count for any timeout.
 */
typedef struct LockRetryWork
{
	void		(*run) (void *arg);
	void	   *arg;
	bool		done;
} LockRetryWork;

/*
 * Lock all the relations (LockRequest *), held to the end of the transaction:
 * views first, then partitioned tables, then others, each in order of OID; after them
 * the names.  For views and partitioned tables only the named relation is locked.
 * Raises 55006 where a concurrent index build or a validation runs on one of them, 42P01
 * where one was dropped or renamed meanwhile, 55P03 after
 * pgroll_c.lock_retry_timeout, naming the blocking sessions.  A transaction that
 * already holds more than read locks on tables gets one attempt.  With work (NULL:
 * none), which needs early requests, these come first, each kind in that order.
 */
extern void lock_retry_acquire(List *requests, LockRetryWork *work);

/*
 * Wait until each of the relations (Oid) can be read; nothing stays locked.  Raises 55P03
 * like lock_retry_acquire().  Those that are gone are passed over.
 */
extern void lock_retry_wait_readable(List *relations);

#endif							/* PGROLL_LOCK_RETRY_H */
