/*-------------------------------------------------------------------------
 *
 * ddl_execute.h
 *		Run a plan.
 *-------------------------------------------------------------------------
 */
#ifndef PGROLL_DDL_EXECUTE_H
#define PGROLL_DDL_EXECUTE_H

#include "operation/step.h"

/*
 * Lock what the steps of this phase need (lock_retry.c), then run them in
 * order as the current user with search_path "pg_catalog, pg_temp" (a step of
 * user_text: the base schema, pg_temp last), each with an error context
 * "step 3 of 7: …", and log them for the migration in pgroll_c.step_log.
 */
extern void ddl_execute_plan(const Plan *plan, Phase phase, int64 migration);

#endif							/* PGROLL_DDL_EXECUTE_H */
