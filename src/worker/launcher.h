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

/* The same where the transaction may also be prepared; then nobody is started. */
extern void launcher_offer_at_commit(void);

/* Ask for a worker if the migration has work that nobody does. */
extern void launcher_revive(int64 migration);

/*
 * Stop the task that is being worked on for a migration, if any, and keep
 * everybody from its tasks until the end of the transaction.  Called before
 * rollback locks anything.  If the transaction aborts, the work goes on.
 */
extern void launcher_cancel_tasks(int64 migration);

/*
 * Stop the task of a migration that builds an index on the relation or validates a
 * constraint of it, if it is at that.  It is taken up again at the end of the
 * transaction, whether that commits or aborts.
 */
extern void launcher_interrupt_job(int64 migration, Oid relation);

#endif							/* PGROLL_LAUNCHER_H */
