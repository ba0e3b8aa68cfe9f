/*-------------------------------------------------------------------------
 *
 * ddl_execute.h
 *		Run a plan.
 *-------------------------------------------------------------------------
 */
#ifndef PGROLL_DDL_EXECUTE_H
#define PGROLL_DDL_EXECUTE_H

#include "ddl/step.h"

/*
 * Lock what the steps of this phase need (lock_retry.c), and, but for a rollback, what
 * expressions call by name.  Those that go ahead (plan_put_ahead()) are run before the
 * strong locks are taken, and logged; they (Step *) are returned.  NIL: there are none,
 * or they came to nothing (an error, locks that could not be had); then they are in the
 * next plan, too.  What was planned before may have been overtaken by another session;
 * who wants to be sure plans again under the locks.
 */
extern List *ddl_lock_plan(const MigrationPlan *plan, Phase phase, int64 migration);

/*
 * Lock what the steps of this phase need, then run them in order as the current user
 * with search_path "pg_catalog, pg_temp" (a step of user_text: the base schema, pg_temp
 * last), each with an error context "step 3 of 7: …", and log them for the migration in
 * pgroll_c.step_log.  done: what ddl_lock_plan() returned for this phase, or NIL.  A view
 * that it dropped is not in this plan any more; one that it made and that the plan makes
 * in another way is dropped and made here.
 */
extern void ddl_execute_plan(const MigrationPlan *plan, Phase phase, int64 migration,
							 List *done);

/*
 * Run one statement of our own that belongs to no plan, with the settings of a
 * step, as the current user.
 */
extern void ddl_execute_own(const char *command);

/* The same for one that calls functions of the user's, which see the base schema. */
extern void ddl_execute_user_code(const char *command, const char *base_schema);

/*
 * Whose is the DDL that runs just now: somebody else's, a step or statement of
 * our own, or the user's text of an sql operation?  What other people's code runs
 * within a statement of ours is theirs.
 */
typedef enum DdlOrigin
{
	DDL_FOREIGN,
	DDL_OWN,
	DDL_USER_TEXT
} DdlOrigin;

extern DdlOrigin ddl_execute_origin(void);

/* Installs the hook that tells what a statement of ours makes others' code run. */
extern void ddl_execute_init(void);

/*
 * Say whose DDL it is that runs from now on; what was said before.  For statements
 * of our own that do not run through this file, and to put it back after them.
 */
extern DdlOrigin ddl_execute_set_origin(DdlOrigin origin);

#endif							/* PGROLL_DDL_EXECUTE_H */
