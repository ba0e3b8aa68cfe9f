/*-------------------------------------------------------------------------
 *
 * lifecycle.h
 *		Start, complete and roll back migrations.
 *
 * Each runs in the caller's transaction and is atomic in it.
 *-------------------------------------------------------------------------
 */
#ifndef PGROLL_LIFECYCLE_H
#define PGROLL_LIFECYCLE_H

#include "utils/jsonb.h"

#include "ddl/step.h"

/* Opens the migration; returns its version schema. */
extern char *lifecycle_start(const char *base_schema, const char *name,
							 Jsonb *document);

/* Retires the version before; returns the version schema that stays. */
extern char *lifecycle_complete(const char *base_schema);

/* Undoes a start; returns the newest version schema that is left, or NULL. */
extern char *lifecycle_rollback(const char *base_schema);

/* A completed first entry with views of what is there; returns its schema. */
extern char *lifecycle_baseline(const char *base_schema, const char *name);

/*
 * The plan of all phases, nothing changed.  Of a migration that is active under
 * that name with the same document, the complete steps are those of now.
 */
extern MigrationPlan *lifecycle_plan(const char *base_schema, const char *name,
									 Jsonb *document);

/* Is this very document completed under that name? */
extern bool lifecycle_is_completed(const char *base_schema, const char *name,
								   Jsonb *document);

#endif							/* PGROLL_LIFECYCLE_H */
