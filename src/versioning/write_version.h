/*-------------------------------------------------------------------------
 *
 * write_version.h
 *		Which version schema the running statement writes through.
 *
 * search_path is never consulted: the answer is the view that the statement
 * names, found in its range table, or else the base table.
 *-------------------------------------------------------------------------
 */
#ifndef PGROLL_WRITE_VERSION_H
#define PGROLL_WRITE_VERSION_H

#include "fmgr.h"
#include "nodes/bitmapset.h"
#include "nodes/parsenodes.h"

/* What a trigger's firing learns about its statement. */
typedef struct WriteStatement
{
	char	   *view_schema;	/* of the view written through, or NULL */
	bool		exact;			/* the lists of columns say what was assigned */
	bool		is_known;		/* it is the executor's, no COPY or apply worker */
	Bitmapset  *inserted;		/* where known: columns that an INSERT lists, of
								 * MERGE any of its */
	const char *source;			/* its text, or NULL; lives as long as it runs */
} WriteStatement;

/* Installs the executor's hooks. */
extern void write_version_init(void);

/*
 * Describes the statement that fires the trigger with this flinfo.  A firing
 * that belongs to no statement of the executor's (COPY, an apply worker) is a
 * write to the base table, and not exact.
 */
extern void write_version_get(const FmgrInfo *flinfo,
							  WriteStatement *statement);

/*
 * What an INSERT of that text (or NULL) says with OVERRIDING, since its plan does not
 * tell.  OVERRIDING_SYSTEM_VALUE also where it may say that: the text is another's, or
 * has several, which say different things.
 */
extern OverridingKind write_version_override(const char *source);

#endif							/* PGROLL_WRITE_VERSION_H */
