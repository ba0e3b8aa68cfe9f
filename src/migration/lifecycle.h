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
#include "migration/document.h"
#include "schema/schema_model.h"
#include "state/migrations.h"

/* Opens the migration; returns its version schema. */
extern char *lifecycle_start(const char *base_schema, const char *name,
							 Jsonb *document);

/* Retires the version before; returns the version schema that stays. */
extern char *lifecycle_complete(const char *base_schema);

/* Undoes a start; returns the newest version schema that is left, or NULL. */
extern char *lifecycle_rollback(const char *base_schema);

/* A completed first entry with views of what is there; returns its schema. */
extern char *lifecycle_baseline(const char *base_schema, const char *name);

/* Raises the error that a start would, and changes nothing. */
extern void lifecycle_validate(const char *base_schema, const char *name,
							   Jsonb *document);

/*
 * The plan of all phases, nothing changed.  Of a migration that is active under
 * that name with the same document, the complete steps are those of now.
 */
extern MigrationPlan *lifecycle_plan(const char *base_schema, const char *name,
									 Jsonb *document);

typedef enum MigrationProgress
{
	MIGRATION_IS_NEW,			/* or it was rolled back, or another has the
								 * name */
	MIGRATION_IS_ACTIVE,
	MIGRATION_IS_COMPLETED
} MigrationProgress;

/* How far is this very document under that name? */
extern MigrationProgress lifecycle_progress(const char *base_schema,
											const char *name, Jsonb *document);

/*
 * Carry over what was added to the tables since the start: append what is
 * missing to the shadows, with tasks where it needs them.  Returns how many
 * tasks were added.  The caller holds the base schema's lock.
 */
extern int	lifecycle_supplement(int64 migration);

/*
 * Open the failed tasks again, and add those that lifecycle_supplement() finds;
 * returns how many.
 */
extern int	lifecycle_retry(const char *base_schema);

/*
 * Raise insufficient_privilege unless the current user may act as the role that
 * started the migration.
 */
extern void lifecycle_check_owner(const MigrationRow *row);

/*
 * The catalogs of now, and the operations of the active migration applied.  Until
 * the end of the caller's nest level of settings, a literal means what it meant at
 * the start.
 */
extern SchemaModel *lifecycle_active_model(const MigrationRow *row,
										   const Migration *migration);

#endif							/* PGROLL_LIFECYCLE_H */
