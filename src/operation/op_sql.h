/*-------------------------------------------------------------------------
 *
 * op_sql.h
 *		What the rest must know of the operation sql.
 *-------------------------------------------------------------------------
 */
#ifndef PGROLL_OP_SQL_H
#define PGROLL_OP_SQL_H

#include "operation/operation.h"

/*
 * Does it change the catalogs at the start, so that they must be read again
 * before the views are made?  It must then be alone in its migration.
 */
extern bool op_sql_runs_at_start(const Operation *op);

/* Does a rollback leave what it did? */
extern bool op_sql_cannot_be_undone(const Operation *op);

/* Does it at the completion, after which the views are made again? */
extern bool op_sql_runs_at_completion(const Operation *op);

#endif							/* PGROLL_OP_SQL_H */
