/*-------------------------------------------------------------------------
 *
 * migrations.c
 *		The table pgroll_c.migration.
 *-------------------------------------------------------------------------
 */
#include "pgroll.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/xact.h"
#include "access/xlog.h"
#include "catalog/namespace.h"
#include "catalog/pg_namespace.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"
#include "utils/timestamp.h"

#include "state/claims.h"
#include "state/migrations.h"
#include "state/tasks.h"
#include "support/spi.h"

#define N_STATES (STATE_ROLLED_BACK + 1)
#define MAX_NEXT_STATES 4

/*
 * Whoever adds a task to a migration that is ready begins it again by that, without a
 * lock on its row, which others would wait for until the end of the transaction.  The
 * view pgroll_c.migrations has the same.
 */
#define BEGUN_AGAIN \
	"m.state = 'ready' AND EXISTS (SELECT FROM " PGROLL_SCHEMA ".task AS t" \
	" WHERE t.migration = m.id AND t.state = 'open')"

/* The columns of a MigrationRow, in the order that row_from_spi() expects. */
#define MIGRATION_COLUMNS \
	"id, base_schema, name, CASE WHEN " BEGUN_AGAIN " THEN 'started' ELSE state END," \
	" version_schema, parent, document, retired, started_at, started_by, settings, home"

#define SELECT_MIGRATION \
	"SELECT " MIGRATION_COLUMNS " FROM " PGROLL_SCHEMA ".migration AS m "
#define SELECT_OF_VERSION \
	SELECT_MIGRATION "WHERE version_schema = $1" \
	" AND state <> 'rolled_back' AND NOT retired ORDER BY id DESC LIMIT 1"

enum
{
	COLUMN_ID = 1,
	COLUMN_BASE_SCHEMA,
	COLUMN_NAME,
	COLUMN_STATE,
	COLUMN_VERSION_SCHEMA,
	COLUMN_PARENT,
	COLUMN_DOCUMENT,
	COLUMN_RETIRED,
	COLUMN_STARTED_AT,
	COLUMN_STARTED_BY,
	COLUMN_SETTINGS,
	COLUMN_HOME
};

static const char *const state_names[N_STATES] = {
	[STATE_STARTED] = "started",
	[STATE_READY] = "ready",
	[STATE_FAILED] = "failed",
	[STATE_COMPLETED] = "completed",
	[STATE_ROLLED_BACK] = "rolled_back",
};

/*
 * The state machine.  ready goes back to started where a task is taken up that was added
 * since, or retry_migration() adds some.
 */
static const struct
{
	int			n;
	MigrationState next[MAX_NEXT_STATES];
}			transitions[N_STATES] = {
	[STATE_STARTED] = {3, {STATE_READY, STATE_FAILED, STATE_ROLLED_BACK}},
	[STATE_READY] = {3, {STATE_COMPLETED, STATE_ROLLED_BACK, STATE_STARTED}},
	[STATE_FAILED] = {2, {STATE_STARTED, STATE_ROLLED_BACK}},
	[STATE_COMPLETED] = {0},
	[STATE_ROLLED_BACK] = {0},
};

static char *this_home(void);
static char *states_seen(const char *base_schema);
static List *select_rows(const char *query, int nargs, Oid *types, Datum *values);
static List *rows_of_result(MemoryContext context);
static MigrationRow *select_row(const char *query, int nargs, Oid *types,
								Datum *values);
static MigrationRow *row_from_spi(HeapTuple tuple, TupleDesc desc);
static MigrationState state_from_name(const char *name);
static MigrationState lock_row(int64 id);
static void forget_notes(int64 id);
static bool transition_exists(MigrationState from, MigrationState to);

MigrationRow *
migration_active(const char *base_schema)
{
	return select_row(SELECT_MIGRATION
					  "WHERE base_schema = $1"
					  " AND state IN ('started', 'ready', 'failed')"
					  " ORDER BY id DESC LIMIT 1",
					  1, (Oid[]) {TEXTOID},
					  (Datum[]) {CStringGetTextDatum(base_schema)});
}

MigrationRow *
migration_by_id(int64 id)
{
	return select_row(SELECT_MIGRATION "WHERE id = $1",
					  1, (Oid[]) {INT8OID}, (Datum[]) {Int64GetDatum(id)});
}

MigrationRow *
migration_by_name(const char *base_schema, const char *name)
{
	return select_row(SELECT_MIGRATION
					  "WHERE base_schema = $1 AND name = $2"
					  " AND state <> 'rolled_back'",
					  2, (Oid[]) {TEXTOID, TEXTOID},
					  (Datum[]) {CStringGetTextDatum(base_schema),
					  CStringGetTextDatum(name)});
}

MigrationRow *
migration_newest_live(const char *base_schema)
{
	return select_row(SELECT_MIGRATION
					  "WHERE base_schema = $1"
					  " AND state IN ('ready', 'completed') AND NOT retired"
					  " ORDER BY id DESC LIMIT 1",
					  1, (Oid[]) {TEXTOID},
					  (Datum[]) {CStringGetTextDatum(base_schema)});
}

MigrationRow *
migration_last_completed(const char *base_schema)
{
	return select_row(SELECT_MIGRATION
					  "WHERE base_schema = $1"
					  " AND state = 'completed' AND NOT retired"
					  " ORDER BY id DESC LIMIT 1",
					  1, (Oid[]) {TEXTOID},
					  (Datum[]) {CStringGetTextDatum(base_schema)});
}

bool
migration_has_document(const MigrationRow *row, Jsonb *document)
{
	return row->document != NULL && document != NULL &&
		compareJsonbContainers(&row->document->root, &document->root) == 0;
}

MigrationRow *
migration_of_version(const char *version_schema)
{
	return select_row(SELECT_OF_VERSION, 1, (Oid[]) {TEXTOID},
					  (Datum[]) {CStringGetTextDatum(version_schema)});
}

MigrationRow *
migration_of_version_now(const char *version_schema)
{
	MemoryContext caller = CurrentMemoryContext;
	SecurityScope scope;
	List	   *rows;

	owner_begin(&scope);
	SPI_connect();
	PushActiveSnapshot(GetLatestSnapshot());
	spi_select(SELECT_OF_VERSION, 1, (Oid[]) {TEXTOID},
			   (Datum[]) {CStringGetTextDatum(version_schema)});
	rows = rows_of_result(caller);
	PopActiveSnapshot();
	SPI_finish();
	owner_end(&scope);
	return rows == NIL ? NULL : (MigrationRow *) linitial(rows);
}

List *
migrations_active_all(void)
{
	return select_rows(SELECT_MIGRATION
					   "WHERE state IN ('started', 'ready', 'failed')"
					   " ORDER BY id",
					   0, NULL, NULL);
}

/*
 * The index of active migrations has an entry for each of them and no other, so
 * to look whether it has any takes microseconds however long the history is.
 */
bool
migrations_any_active(void)
{
	Oid			schema = get_namespace_oid(PGROLL_SCHEMA, true);
	Oid			table = get_relname_relid("migration", schema);
	Oid			index = get_relname_relid("migration_active_key", schema);
	Relation	rel;
	SysScanDesc scan;
	bool		found;

	/* They are not there yet while the extension is being created. */
	if (!OidIsValid(table) || !OidIsValid(index))
		return false;

	rel = table_open(table, AccessShareLock);
	scan = systable_beginscan(rel, index, true, NULL, 0, NULL);
	found = HeapTupleIsValid(systable_getnext(scan));
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
	return found;
}

int64
migration_insert(const char *base_schema, const char *name,
				 const char *version_schema, int64 parent,
				 Jsonb *document, const char *started_by)
{
	SecurityScope scope;
	Oid			types[] = {TEXTOID, TEXTOID, TEXTOID, INT8OID, JSONBOID, TEXTOID, TEXTOID};
	char		nulls[] = "       ";
	Datum		values[7];
	int64		id;
	bool		isnull;

	values[0] = CStringGetTextDatum(base_schema);
	values[1] = CStringGetTextDatum(name);
	values[2] = CStringGetTextDatum(version_schema);
	values[3] = Int64GetDatum(parent);
	values[4] = JsonbPGetDatum(document);
	values[5] = CStringGetTextDatum(started_by);
	values[6] = CStringGetTextDatum(this_home());
	if (parent == 0)
		nulls[3] = 'n';
	if (document == NULL)
		nulls[4] = 'n';

	owner_begin(&scope);
	SPI_connect();
	spi_execute("INSERT INTO " PGROLL_SCHEMA ".migration"
				" (base_schema, name, state, version_schema, parent, document,"
				" started_by, settings, home) VALUES ($1, $2, 'started', $3, $4, $5, $6, "
				" (SELECT pg_catalog.array_agg(name || '=' || pg_catalog.current_setting(name))"
				" FROM pg_catalog.unnest('{DateStyle,IntervalStyle,TimeZone,lc_monetary}'::text[]) name),"
				" $7) RETURNING id",
				7, types, values, nulls, SPI_OK_INSERT_RETURNING);
	id = DatumGetInt64(SPI_getbinval(SPI_tuptable->vals[0],
									 SPI_tuptable->tupdesc, 1, &isnull));
	SPI_finish();
	owner_end(&scope);
	return id;
}

int64
migration_next_id(void)
{
	SecurityScope scope;
	int64		id;
	bool		isnull;

	owner_begin(&scope);
	SPI_connect();
	spi_execute("SELECT last_value + is_called::int"
				" FROM " PGROLL_SCHEMA ".migration_id_seq",
				0, NULL, NULL, NULL, SPI_OK_SELECT);
	id = DatumGetInt64(SPI_getbinval(SPI_tuptable->vals[0],
									 SPI_tuptable->tupdesc, 1, &isnull));
	SPI_finish();
	owner_end(&scope);
	return id;
}

void
migration_set_state(int64 id, MigrationState state, const char *user)
{
	SecurityScope scope;
	Oid			types[] = {INT8OID, TEXTOID, TEXTOID};
	Datum		values[3];
	MigrationState before;

	values[0] = Int64GetDatum(id);
	values[1] = CStringGetTextDatum(state_names[state]);
	values[2] = user ? CStringGetTextDatum(user) : (Datum) 0;

	owner_begin(&scope);
	before = lock_row(id);
	if (!transition_exists(before, state))
		elog(ERROR, "migration " INT64_FORMAT " cannot go from state \"%s\" to \"%s\"",
			 id, state_names[before], state_names[state]);

	SPI_connect();
	spi_execute("UPDATE " PGROLL_SCHEMA ".migration SET state = $2,"
				" ready_at = CASE $2 WHEN 'ready' THEN clock_timestamp() ELSE ready_at END,"
				" completed_at = CASE $2 WHEN 'completed' THEN clock_timestamp() END,"
				" completed_by = CASE $2 WHEN 'completed' THEN $3 END,"
				" rolled_back_at = CASE $2 WHEN 'rolled_back' THEN clock_timestamp() END,"
				" rolled_back_by = CASE $2 WHEN 'rolled_back' THEN $3 END"
				" WHERE id = $1",
				3, types, values, user ? NULL : "  n", SPI_OK_UPDATE);
	if (state == STATE_COMPLETED || state == STATE_ROLLED_BACK)
		forget_notes(id);
	SPI_finish();
	owner_end(&scope);
}

/* What only its completion or rollback needed to know. */
static void
forget_notes(int64 id)
{
	static const char *const tables[] = {
		"migration_table", "migration_drop", "replica_identity"
	};

	for (int i = 0; i < lengthof(tables); i++)
		spi_execute(psprintf("DELETE FROM " PGROLL_SCHEMA ".%s WHERE migration = $1", tables[i]),
					1, (Oid[]) {INT8OID}, (Datum[]) {Int64GetDatum(id)}, NULL, SPI_OK_DELETE);
}

void
migration_begin_again(int64 id)
{
	SecurityScope scope;
	MigrationState state;

	owner_begin(&scope);
	state = lock_row(id);
	owner_end(&scope);
	if (state == STATE_READY)
		migration_set_state(id, STATE_STARTED, NULL);
}

void
migration_set_home(int64 id)
{
	TaskSpec	spec = {.kind = TASK_SUPPLEMENT};
	SecurityScope scope;

	owner_begin(&scope);
	SPI_connect();
	spi_execute("UPDATE " PGROLL_SCHEMA ".migration SET home = $2 WHERE id = $1",
				2, (Oid[]) {INT8OID, TEXTOID},
				(Datum[]) {Int64GetDatum(id), CStringGetTextDatum(this_home())},
				NULL, SPI_OK_UPDATE);
	SPI_finish();
	owner_end(&scope);
	(void) task_add(id, &spec);
}

/* A dump may be restored into the database of which it is. */
static char *
this_home(void)
{
	return psprintf(UINT64_FORMAT "/%u/%u", GetSystemIdentifier(), MyDatabaseId,
					get_relname_relid("migration",
									  get_namespace_oid(PGROLL_SCHEMA, false)));
}

void
migration_set_retired(int64 id)
{
	SecurityScope scope;

	owner_begin(&scope);
	SPI_connect();
	spi_execute("UPDATE " PGROLL_SCHEMA ".migration SET retired = true WHERE id = $1",
				1, (Oid[]) {INT8OID}, (Datum[]) {Int64GetDatum(id)},
				NULL, SPI_OK_UPDATE);
	SPI_finish();
	owner_end(&scope);
}

const char *
migration_state_name(MigrationState state)
{
	return state_names[state];
}

Oid
migration_role(const MigrationRow *row, bool missing_ok)
{
	Oid			role = get_role_oid(row->started_by, true);
	HeapTuple	tuple;

	if (OidIsValid(role))
		return role;
	tuple = SearchSysCache1(NAMESPACENAME,
							CStringGetDatum(row->version_schema));
	if (!HeapTupleIsValid(tuple))
		return get_role_oid(row->started_by, missing_ok);
	role = ((Form_pg_namespace) GETSTRUCT(tuple))->nspowner;
	ReleaseSysCache(tuple);
	return role;
}

Oid
base_schema_oid(const char *base_schema)
{
	Oid			namespace = get_namespace_oid(base_schema, true);

	if (!OidIsValid(namespace))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_SCHEMA),
				 errmsg("schema \"%s\" does not exist", base_schema),
				 errhint("Name the base schema, in which the tables are.")));
	return namespace;
}

void
base_schema_lock(const char *base_schema, bool exclusive)
{
	LOCKTAG		tag;

	claims_set_locktag(&tag, LOCK_CLASS_BASE_SCHEMA,
					   base_schema_oid(base_schema));
	(void) LockAcquire(&tag, exclusive ? ExclusiveLock : ShareLock, false, false);
	if (exclusive)
		base_schema_check_snapshot(base_schema);
}

void
base_schema_check_snapshot(const char *base_schema)
{
	char	   *ours;
	char	   *latest;

	if (!IsolationUsesXactSnapshot())
		return;
	CommandCounterIncrement();
	PushCopiedSnapshot(GetTransactionSnapshot());
	UpdateActiveSnapshotCommandId();
	ours = states_seen(base_schema);
	PopActiveSnapshot();
	PushActiveSnapshot(GetLatestSnapshot());
	latest = states_seen(base_schema);
	PopActiveSnapshot();
	if (strcmp(ours, latest) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
				 errmsg("could not serialize access due to a migration of schema \"%s\" that was started or ended meanwhile",
						base_schema),
				 errhint("Run the transaction again.")));
}

bool
base_schema_lock_try_shared(const char *base_schema)
{
	LOCKTAG		tag;

	claims_set_locktag(&tag, LOCK_CLASS_BASE_SCHEMA,
					   base_schema_oid(base_schema));
	return LockAcquire(&tag, ShareLock, false, true) != LOCKACQUIRE_NOT_AVAIL;
}

/* What the active snapshot sees of a schema's migrations. */
static char *
states_seen(const char *base_schema)
{
	MemoryContext caller = CurrentMemoryContext;
	SecurityScope scope;
	char	   *states;

	owner_begin(&scope);
	SPI_connect();
	if (SPI_execute_with_args("SELECT coalesce(string_agg(concat_ws(' ', id, state, retired),"
							  " ',' ORDER BY id), '')"
							  " FROM " PGROLL_SCHEMA ".migration WHERE base_schema = $1",
							  1, (Oid[]) {TEXTOID},
							  (Datum[]) {CStringGetTextDatum(base_schema)},
							  NULL, true, 1) != SPI_OK_SELECT)
		elog(ERROR, "could not read the states of migrations");
	states = MemoryContextStrdup(caller,
								 SPI_getvalue(SPI_tuptable->vals[0],
											  SPI_tuptable->tupdesc, 1));
	SPI_finish();
	owner_end(&scope);
	return states;
}

/* Run a SELECT_MIGRATION as the extension's owner. */
static List *
select_rows(const char *query, int nargs, Oid *types, Datum *values)
{
	MemoryContext caller = CurrentMemoryContext;
	SecurityScope scope;
	List	   *rows;

	owner_begin(&scope);
	SPI_connect();
	spi_execute(query, nargs, types, values, NULL, SPI_OK_SELECT);
	rows = rows_of_result(caller);
	SPI_finish();
	owner_end(&scope);
	return rows;
}

static List *
rows_of_result(MemoryContext context)
{
	MemoryContext spi = MemoryContextSwitchTo(context);
	List	   *rows = NIL;

	for (uint64 i = 0; i < SPI_processed; i++)
		rows = lappend(rows, row_from_spi(SPI_tuptable->vals[i], SPI_tuptable->tupdesc));
	MemoryContextSwitchTo(spi);
	return rows;
}

static MigrationRow *
select_row(const char *query, int nargs, Oid *types, Datum *values)
{
	List	   *rows = select_rows(query, nargs, types, values);

	return rows == NIL ? NULL : (MigrationRow *) linitial(rows);
}

/* A copy of one row in the current memory context. */
static MigrationRow *
row_from_spi(HeapTuple tuple, TupleDesc desc)
{
	MigrationRow *row = palloc0(sizeof(MigrationRow));
	Datum		value;
	bool		isnull;

	row->is_home = strcmp(SPI_getvalue(tuple, desc, COLUMN_HOME), this_home()) == 0;
	row->id = DatumGetInt64(SPI_getbinval(tuple, desc, COLUMN_ID, &isnull));
	row->base_schema = SPI_getvalue(tuple, desc, COLUMN_BASE_SCHEMA);
	row->name = SPI_getvalue(tuple, desc, COLUMN_NAME);
	row->state = state_from_name(SPI_getvalue(tuple, desc, COLUMN_STATE));
	row->version_schema = SPI_getvalue(tuple, desc, COLUMN_VERSION_SCHEMA);
	value = SPI_getbinval(tuple, desc, COLUMN_PARENT, &isnull);
	row->parent = isnull ? 0 : DatumGetInt64(value);
	value = SPI_getbinval(tuple, desc, COLUMN_DOCUMENT, &isnull);
	row->document = isnull ? NULL : DatumGetJsonbPCopy(value);
	row->retired = DatumGetBool(SPI_getbinval(tuple, desc, COLUMN_RETIRED, &isnull));
	row->started_at = DatumGetTimestampTz(SPI_getbinval(tuple, desc,
														COLUMN_STARTED_AT, &isnull));
	row->started_by = SPI_getvalue(tuple, desc, COLUMN_STARTED_BY);
	value = SPI_getbinval(tuple, desc, COLUMN_SETTINGS, &isnull);
	row->settings = isnull ? NULL : DatumGetArrayTypePCopy(value);
	return row;
}

static MigrationState
state_from_name(const char *name)
{
	for (int state = 0; state < N_STATES; state++)
	{
		if (strcmp(name, state_names[state]) == 0)
			return (MigrationState) state;
	}
	elog(ERROR, "unknown state \"%s\" of a migration", name);
}

/* Lock the row of a migration before its state is judged. */
static MigrationState
lock_row(int64 id)
{
	MigrationState state;

	SPI_connect();
	spi_execute("SELECT state FROM " PGROLL_SCHEMA ".migration WHERE id = $1 FOR UPDATE",
				1, (Oid[]) {INT8OID}, (Datum[]) {Int64GetDatum(id)},
				NULL, SPI_OK_SELECT);
	if (SPI_processed != 1)
		elog(ERROR, "there is no migration " INT64_FORMAT, id);
	state = state_from_name(SPI_getvalue(SPI_tuptable->vals[0],
										 SPI_tuptable->tupdesc, 1));
	SPI_finish();
	return state;
}

static bool
transition_exists(MigrationState from, MigrationState to)
{
	for (int i = 0; i < transitions[from].n; i++)
	{
		if (transitions[from].next[i] == to)
			return true;
	}
	return false;
}
