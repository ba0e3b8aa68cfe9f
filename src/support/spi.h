/*-------------------------------------------------------------------------
 *
 * spi.h
 *		Our own statements through SPI, and whose rights they run with.
 *-------------------------------------------------------------------------
 */
#ifndef PGROLL_SPI_H
#define PGROLL_SPI_H

#include "executor/spi.h"

/* What owner_begin() changed and owner_end() puts back. */
typedef struct SecurityScope
{
	Oid			user;
	int			sec_context;
	int			guc_level;
} SecurityScope;

/*
 * Become the extension's owner, so that our own tables can be read and written.
 * This and the next two also set search_path to PGROLL_SEARCH_PATH.  After an error
 * in between, the (sub)transaction's abort puts things back.
 */
extern void owner_begin(SecurityScope *scope);
extern void owner_end(SecurityScope *scope);

/*
 * Become user under SECURITY_RESTRICTED_OPERATION: for the user's own code that we
 * run for somebody else.
 */
extern void restricted_begin(SecurityScope *scope, Oid user);
extern void restricted_end(SecurityScope *scope);

/* Stay who we are. */
extern void caller_begin(SecurityScope *scope);
extern void caller_end(SecurityScope *scope);

/*
 * Run one statement with arguments inside SPI_connect() … SPI_finish(); raises
 * an internal error that names the statement where the result code is not
 * expected.  args of nulls[i] == 'n' are NULL (nulls may be NULL).
 */
extern void spi_execute(const char *command, int nargs, Oid *types,
						Datum *values, const char *nulls, int expected);

/* The same of a query, which sees what the active snapshot does. */
extern void spi_select(const char *query, int nargs, Oid *types, Datum *values);

/*
 * The first value of the first row of a query with one argument, as text in the
 * current context; NULL where there is no row or it is NULL.  Connects to SPI itself.
 */
extern char *spi_fetch_text(const char *query, Oid type, Datum value);

/* A field of the last result, from row 0 and column 1 on; "" where it is NULL. */
extern char *spi_text(uint64 row, int column);

#endif							/* PGROLL_SPI_H */
