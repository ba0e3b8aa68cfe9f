/*-------------------------------------------------------------------------
 *
 * errors.h
 *		The SQLSTATEs of our own, in one list.
 *
 * Where PostgreSQL has a SQLSTATE for the case, that one is used.  The table in
 * docs/errors.md is made from this list: name, last three characters, cause.
 *-------------------------------------------------------------------------
 */
#ifndef PGROLL_ERRORS_H
#define PGROLL_ERRORS_H

#include "utils/elog.h"

#define PGROLL_ERROR_LIST(X) \
	X(MIGRATION_ACTIVE, '0', '0', '1', "another migration of the base schema is in progress") \
	X(NO_MIGRATION, '0', '0', '2', "no migration of the base schema is in progress") \
	X(MIGRATION_NOT_READY, '0', '0', '3', "the migration's background work is not finished") \
	X(MIGRATION_FAILED, '0', '0', '4', "the migration's background work failed") \
	X(MIGRATION_EXISTS, '0', '0', '5', "a migration of that name exists") \
	X(INVALID_DOCUMENT, '0', '0', '6', "the migration document is malformed") \
	X(TRIGGER_ORDER, '0', '0', '7', "a trigger of the user's sorts before or after the dual-write trigger") \
	X(BROKEN_EDGE, '0', '0', '8', "a dual-write trigger names an object that is gone or has changed") \
	X(PROTECTED, '0', '0', '9', "a command would change what an active migration needs") \
	X(INVALID_YAML, '0', '1', '0', "the text is not one YAML document")

#define PGROLL_ERROR_ENUM(name, a, b, c, cause) \
	ERRCODE_PGROLL_##name = MAKE_SQLSTATE('P', 'R', a, b, c),

enum
{
	PGROLL_ERROR_LIST(PGROLL_ERROR_ENUM)
};

#endif							/* PGROLL_ERRORS_H */
