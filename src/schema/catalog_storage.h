/*-------------------------------------------------------------------------
 *
 * catalog_storage.h
 *		How and where a relation stores its rows.
 *-------------------------------------------------------------------------
 */
#ifndef PGROLL_CATALOG_STORAGE_H
#define PGROLL_CATALOG_STORAGE_H

#include "nodes/pg_list.h"
#include "utils/relcache.h"

/*
 * "system identifier/database/relfilenode": another one after TRUNCATE, VACUUM FULL,
 * CLUSTER and REFRESH, and when a dump is restored elsewhere.
 */
extern char *catalog_storage(Relation relation);

/* The same of a relation that is not open; an error where it is gone. */
extern char *catalog_storage_of(Oid relid);

/*
 * " USING heap WITH (fillfactor='70', toast.…) TABLESPACE x", or a part of it; the
 * access method is always said.
 */
extern char *catalog_storage_clauses(Relation relation);

/* The materialized views (Oid) of that name, in whatever schema. */
extern List *catalog_matviews_named(const char *name);

#endif							/* PGROLL_CATALOG_STORAGE_H */
