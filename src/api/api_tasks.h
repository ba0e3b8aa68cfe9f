/*-------------------------------------------------------------------------
 *
 * api_tasks.h
 *		Waiting for a migration's background work, for other procedures.
 *-------------------------------------------------------------------------
 */
#ifndef PGROLL_API_TASKS_H
#define PGROLL_API_TASKS_H

#include "fmgr.h"

/*
 * The first thing in a procedure of that name: an error where its call is atomic
 * (2D000) or an argument is NULL (22004); connects to SPI so that it can end
 * transactions.
 */
extern void procedure_begin(FunctionCallInfo fcinfo, const char *name);

/*
 * Wait until the newest migration of a base schema is ready; an error where it
 * failed.  The caller is a procedure connected with SPI_OPT_NONATOMIC; its
 * transaction ends with each look.
 */
extern void wait_for_migration(const char *base_schema);

#endif							/* PGROLL_API_TASKS_H */
