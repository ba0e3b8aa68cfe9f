/*-------------------------------------------------------------------------
 *
 * launcher.h
 *		Starting the background worker of the current database.
 *-------------------------------------------------------------------------
 */
#ifndef PGROLL_LAUNCHER_H
#define PGROLL_LAUNCHER_H

/* Hooks and, where the library is preloaded, the start-up launcher. */
extern void launcher_init(void);

/*
 * Ask that a worker be started for this database once the current transaction
 * has committed; nothing happens where it aborts.  Never raises an error at
 * commit: where no slot is free, a WARNING says who will start it.
 */
extern void launcher_request_at_commit(void);

/*
 * Stop the task that is being worked on for a migration, if any, and wait until
 * its claimant has let it go.  Called before rollback locks the tables.
 */
extern void worker_cancel_tasks(int64 migration);

#endif							/* PGROLL_LAUNCHER_H */
