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
	Oid			relation;
	LOCKMODE	mode;
} LockRequest;

/*
 * Lock all the relations (LockRequest *), in order of OID, held to the end of
 * the transaction.  For views and partitioned tables only the named relation is
 * locked.  Raises 55006 where an index build or a validation runs on one of
 * them, 55P03 after pgroll_c.lock_retry_timeout, naming the blocking sessions.
 */
extern void lock_retry_acquire(List *requests);

#endif							/* PGROLL_LOCK_RETRY_H */
