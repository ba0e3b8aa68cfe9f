/*-------------------------------------------------------------------------
 *
 * pgroll.h
 *		What every file of pgroll_c may rely on: names and limits.
 *-------------------------------------------------------------------------
 */
#ifndef PGROLL_H
#define PGROLL_H

#include "postgres.h"

#include "compat.h"
#include "support/errors.h"

/* The schema of the extension's own objects. */
#define PGROLL_SCHEMA "pgroll_c"

/* The search_path under which statements and texts of our own are run and read. */
#define PGROLL_SEARCH_PATH "pg_catalog, pg_temp"

/* Every physical column, constraint and index of ours begins so. */
#define PGROLL_PREFIX "_pgroll_c_"

#endif							/* PGROLL_H */
