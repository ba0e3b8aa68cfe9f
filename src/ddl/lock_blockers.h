/*-------------------------------------------------------------------------
 *
 * lock_blockers.h
 *		Who stands in the way of a lock.
 *-------------------------------------------------------------------------
 */
#ifndef PGROLL_LOCK_BLOCKERS_H
#define PGROLL_LOCK_BLOCKERS_H

#include "storage/lock.h"

/*
 * The sessions whose locks of that tag conflict with mode, as a sentence
 * for an error's detail; NULL where there is none.  A query is shown to those
 * who may see it in pg_stat_activity.  Palloc'd in the current context.
 */
extern char *lock_blockers_describe(const LOCKTAG *tag, LOCKMODE mode);

/*
 * The process that builds an index on one of the relations (Oid) concurrently or
 * validates a constraint of it, 0 where there is none.  *relation says of which,
 * *activity what it does.
 */
extern int	lock_blockers_long_job(List *relations, Oid *relation,
								   const char **activity);

/* Does this transaction hold more than read locks on tables of users? */
extern bool lock_blockers_own_strong_lock(void);

#endif							/* PGROLL_LOCK_BLOCKERS_H */
