/*-------------------------------------------------------------------------
 *
 * grant_guard.h
 *		Privileges on columns that are changed in flight.
 *-------------------------------------------------------------------------
 */
#ifndef PGROLL_GRANT_GUARD_H
#define PGROLL_GRANT_GUARD_H

#include "nodes/parsenodes.h"

/*
 * After GRANT or REVOKE: let the new forms of the tables' columns have the
 * privileges of the old ones.
 */
extern void grant_guard_follow(const GrantStmt *stmt);

#endif							/* PGROLL_GRANT_GUARD_H */
