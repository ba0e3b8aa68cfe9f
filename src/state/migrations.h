/*-------------------------------------------------------------------------
 *
 * migrations.h
 *		The table pgroll_c.migration.
 *
 * All of it runs with the extension owner's rights.  A state is changed in the
 * same transaction as the thing it describes.
 *-------------------------------------------------------------------------
 */
#ifndef PGROLL_MIGRATIONS_H
#define PGROLL_MIGRATIONS_H

#include "datatype/timestamp.h"
#include "nodes/pg_list.h"
#include "utils/array.h"
#include "utils/jsonb.h"

typedef enum MigrationState
{
	STATE_STARTED,				/* tasks are open, also ones added since it was
								 * ready */
	STATE_READY,
	STATE_FAILED,				/* a task gave up */
	STATE_COMPLETED,
	STATE_ROLLED_BACK
} MigrationState;

/* One row of pgroll_c.migration. */
typedef struct MigrationRow
{
	int64		id;
	char	   *base_schema;
	char	   *name;
	MigrationState state;
	char	   *version_schema;
	int64		parent;			/* 0 where there is none */
	Jsonb	   *document;		/* NULL for a baseline */
	bool		retired;
	TimestampTz started_at;
	char	   *started_by;
	bool		is_home;		/* here it was started, or worked on last */
	ArrayType  *settings;		/* with which its document was read, or NULL */
} MigrationRow;

/*
 * The migration of a base schema that is started, ready or failed; of an id; of a
 * name that was not rolled back.  Each palloc'd in the current context, NULL where
 * there is none.
 */
extern MigrationRow *migration_active(const char *base_schema);
extern MigrationRow *migration_by_id(int64 id);
extern MigrationRow *migration_by_name(const char *base_schema, const char *name);

/*
 * The newest that is ready or completed, that is completed, whose version schema is
 * not retired.  The same.
 */
extern MigrationRow *migration_newest_live(const char *base_schema);
extern MigrationRow *migration_last_completed(const char *base_schema);

/*
 * Of any base schema: that whose version schema, which has not retired, is of that name,
 * and which was not rolled back.  The same.
 */
extern MigrationRow *migration_of_version(const char *version_schema);

/* The same as of now, whatever the snapshot of the transaction, as catalogs are read. */
extern MigrationRow *migration_of_version_now(const char *version_schema);

/* Is it what the migration was started with?  NULL, of a baseline, is not. */
extern bool migration_has_document(const MigrationRow *row, Jsonb *document);

/* Is any active in this database?  Cheap, without SPI. */
extern bool migrations_any_active(void);

/* The active ones (MigrationRow *) of every base schema, by their ids. */
extern List *migrations_active_all(void);

/* Insert a row in state started; returns its id. */
extern int64 migration_insert(const char *base_schema, const char *name,
							  const char *version_schema, int64 parent,
							  Jsonb *document, const char *started_by);

/* The id that the next insert would probably take (for a plan's names). */
extern int64 migration_next_id(void);

/*
 * Lock the row, check that the transition is one of the state machine (an internal
 * error where it is not), do it.  user is the role that asked, or NULL for the
 * worker.  Where the migration has ended, what was noted for that goes.
 */
extern void migration_set_state(int64 id, MigrationState state, const char *user);

/*
 * To be called by who takes up a task: where the row still says that the migration is
 * ready, the task was added since, and it is started.
 */
extern void migration_begin_again(int64 id);

/*
 * It is worked on here from now on, first for what came until then: it may be that a dump
 * was being restored, and nobody shall begin work because of what that does.
 */
extern void migration_set_home(int64 id);

/* Note that its version schema is dropped. */
extern void migration_set_retired(int64 id);

extern const char *migration_state_name(MigrationState state);

/*
 * The role that started a migration; where that was renamed or dropped, the one
 * that owns the version schema now.  Where that is gone, too, an error or InvalidOid.
 */
extern Oid	migration_role(const MigrationRow *row, bool missing_ok);

/* The schema of that name; raises undefined_schema. */
extern Oid	base_schema_oid(const char *base_schema);

/*
 * The lock of a base schema, taken before relations and state rows: exclusive by
 * start, complete and rollback, shared by a batch.  Held to the end of the
 * transaction.  The key is the schema's OID under a lock tag of our own.  The
 * exclusive one does base_schema_check_snapshot().
 */
extern void base_schema_lock(const char *base_schema, bool exclusive);

/*
 * The catalogs are read as they are now, so the state must not be older.  Raises
 * serialization_failure in a transaction that has its snapshot from before somebody
 * else's start, completion or rollback: it would plan from both.
 */
extern void base_schema_check_snapshot(const char *base_schema);

/* The shared lock, or false where somebody has, or waits for, the exclusive one. */
extern bool base_schema_lock_try_shared(const char *base_schema);

#endif							/* PGROLL_MIGRATIONS_H */
