/*-------------------------------------------------------------------------
 *
 * dual_write_ddl.h
 *		The statements that make our trigger on a table.
 *-------------------------------------------------------------------------
 */
#ifndef PGROLL_DUAL_WRITE_DDL_H
#define PGROLL_DUAL_WRITE_DDL_H

#include "versioning/edge.h"

/* The name that a trigger of this role has. */
extern const char *dual_write_ddl_name(DualWriteRole role);

/*
 * CREATE [OR REPLACE] TRIGGER on a table (qualified and quoted); migrations are
 * JSON texts (char *), oldest first.  The trigger is not ENABLE ALWAYS before
 * the second statement has run.
 */
extern char *dual_write_ddl_create(const char *table, DualWriteRole role,
								   List *migrations, bool replace);
extern char *dual_write_ddl_enable(const char *table, DualWriteRole role);

#endif							/* PGROLL_DUAL_WRITE_DDL_H */
