/*-------------------------------------------------------------------------
 *
 * tasks.c
 *		The table pgroll_c.task: background work, in the order of its ids.
 *
 * All of it runs with the extension owner's rights.
 *-------------------------------------------------------------------------
 */
#include "pgroll.h"

#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "state/tasks.h"
#include "support/spi.h"

#define TASK_TABLE PGROLL_SCHEMA ".task"

static const char *const kind_names[] = {
	[TASK_BACKFILL] = "backfill",
	[TASK_INDEX] = "index",
	[TASK_ATTACH] = "attach",
	[TASK_CONSTRAINT] = "constraint",
	[TASK_VALIDATE] = "validate",
	[TASK_ANALYZE] = "analyze",
	[TASK_LAST_PASS] = "last_pass",
	[TASK_MATVIEW] = "matview",
	[TASK_SUPPLEMENT] = "supplement",
	[TASK_OLD_SNAPSHOTS] = "old_snapshots",
};

static const char *const state_names[] = {
	[TASK_OPEN] = "open",
	[TASK_DONE] = "done",
	[TASK_FAILED] = "failed",
};

static Datum text_array(const char **texts, int n);
static int64 execute(const char *command, int nargs, Oid *types, Datum *values,
					 const char *nulls, int expected);
static List *select_tasks(const char *condition, int nargs, Oid *types,
						  Datum *values);
static Task *task_from_spi(HeapTuple tuple, TupleDesc desc);
static int	index_of_name(const char *name, const char *const *names, int n);

const char *
task_kind_name(TaskKind kind)
{
	return kind_names[kind];
}

int64
task_add(int64 migration, const TaskSpec *spec)
{
	Oid			types[] = {INT8OID, TEXTOID, OIDOID, TEXTOID, TEXTOID};
	char		nulls[] = "     ";
	Datum		values[5];

	values[0] = Int64GetDatum(migration);
	values[1] = CStringGetTextDatum(kind_names[spec->kind]);
	values[2] = ObjectIdGetDatum(spec->relation);
	values[3] = spec->object ? CStringGetTextDatum(spec->object) : (Datum) 0;
	values[4] = spec->command ? CStringGetTextDatum(spec->command) : (Datum) 0;
	if (!OidIsValid(spec->relation))
		nulls[2] = 'n';
	if (spec->object == NULL)
		nulls[3] = 'n';
	if (spec->command == NULL)
		nulls[4] = 'n';

	return execute("INSERT INTO " TASK_TABLE
				   " (migration, kind, relation, object, command)"
				   " VALUES ($1, $2, $3, $4, $5) RETURNING id",
				   5, types, values, nulls, SPI_OK_INSERT_RETURNING);
}

int
tasks_add(int64 migration, List *specs)
{
	Oid			types[] = {INT8OID, TEXTARRAYOID, TEXTARRAYOID, TEXTARRAYOID, TEXTARRAYOID};
	int			n = list_length(specs);
	const char **texts[4];
	Datum		values[5];
	ListCell   *lc;

	if (specs == NIL)
		return 0;
	for (int column = 0; column < lengthof(texts); column++)
		texts[column] = palloc(n * sizeof(char *));
	foreach(lc, specs)
	{
		const TaskSpec *spec = lfirst(lc);
		int			i = foreach_current_index(lc);

		texts[0][i] = kind_names[spec->kind];
		texts[1][i] = OidIsValid(spec->relation) ? psprintf("%u", spec->relation) : NULL;
		texts[2][i] = spec->object;
		texts[3][i] = spec->command;
	}
	values[0] = Int64GetDatum(migration);
	for (int column = 0; column < lengthof(texts); column++)
		values[column + 1] = text_array(texts[column], n);
	return (int) execute("WITH added AS (INSERT INTO " TASK_TABLE
						 " (migration, kind, relation, object, command)"
						 " SELECT $1, kind, relation::pg_catalog.oid, object, command"
						 " FROM (SELECT *, pg_catalog.row_number() OVER"
						 " (PARTITION BY kind, relation, object ORDER BY place) AS nth"
						 " FROM ROWS FROM (pg_catalog.unnest($2), pg_catalog.unnest($3),"
						 " pg_catalog.unnest($4), pg_catalog.unnest($5))"
						 " WITH ORDINALITY AS new (kind, relation, object, command, place)) AS new"
						 " WHERE object IS NULL OR relation IS NULL OR (nth = 1 AND NOT EXISTS"
						 " (SELECT FROM " TASK_TABLE " AS old"
						 " WHERE old.migration = $1 AND old.kind = new.kind"
						 " AND old.relation = new.relation::pg_catalog.oid"
						 " AND old.object = new.object AND old.state <> 'done'))"
						 " ORDER BY place RETURNING id)"
						 " SELECT count(*) FROM added",
						 5, types, values, NULL, SPI_OK_SELECT);
}

void
task_count(int64 migration, int *n_open, int *n_failed)
{
	Oid			types[] = {INT8OID, TEXTOID};
	Datum		values[2];

	values[0] = Int64GetDatum(migration);
	values[1] = CStringGetTextDatum(state_names[TASK_OPEN]);
	*n_open = (int) execute("SELECT count(*) FROM " TASK_TABLE
							" WHERE migration = $1 AND state = $2",
							2, types, values, NULL, SPI_OK_SELECT);
	values[1] = CStringGetTextDatum(state_names[TASK_FAILED]);
	*n_failed = (int) execute("SELECT count(*) FROM " TASK_TABLE
							  " WHERE migration = $1 AND state = $2",
							  2, types, values, NULL, SPI_OK_SELECT);
}

Task *
task_next(int64 migration)
{
	List	   *tasks = select_tasks("state <> 'done' ORDER BY id LIMIT 1",
									 1, (Oid[]) {INT8OID},
									 (Datum[]) {Int64GetDatum(migration)});

	return tasks == NIL ? NULL : linitial(tasks);
}

List *
tasks_of_kind(int64 migration, TaskKind kind)
{
	Oid			types[] = {INT8OID, TEXTOID};
	Datum		values[2];

	values[0] = Int64GetDatum(migration);
	values[1] = CStringGetTextDatum(kind_names[kind]);
	return select_tasks("kind = $2 ORDER BY id", 2, types, values);
}

Task *
task_last_of(int64 migration, TaskKind kind, Oid relation)
{
	Oid			types[] = {INT8OID, TEXTOID, OIDOID};
	Datum		values[3];
	List	   *tasks;

	values[0] = Int64GetDatum(migration);
	values[1] = CStringGetTextDatum(kind_names[kind]);
	values[2] = ObjectIdGetDatum(relation);
	tasks = select_tasks("kind = $2 AND relation = $3 ORDER BY id DESC LIMIT 1",
						 3, types, values);
	return tasks == NIL ? NULL : linitial(tasks);
}

bool
task_exists(int64 migration, TaskKind kind, Oid relation)
{
	Oid			types[] = {INT8OID, TEXTOID, OIDOID};
	Datum		values[3];

	values[0] = Int64GetDatum(migration);
	values[1] = CStringGetTextDatum(kind_names[kind]);
	values[2] = ObjectIdGetDatum(relation);
	return execute("SELECT count(*) FROM " TASK_TABLE
				   " WHERE migration = $1 AND kind = $2 AND relation = $3",
				   3, types, values, NULL, SPI_OK_SELECT) > 0;
}

bool
task_is_done(int64 id)
{
	return execute("SELECT count(*) FROM " TASK_TABLE " WHERE id = $1 AND state = 'done'",
				   1, (Oid[]) {INT8OID}, (Datum[]) {Int64GetDatum(id)},
				   NULL, SPI_OK_SELECT) > 0;
}

int64
task_last(int64 migration)
{
	return execute("SELECT coalesce(max(id), 0) FROM " TASK_TABLE
				   " WHERE migration = $1",
				   1, (Oid[]) {INT8OID}, (Datum[]) {Int64GetDatum(migration)},
				   NULL, SPI_OK_SELECT);
}

void
task_set_started(int64 id, int64 blocks_total, int64 rows_total)
{
	Oid			types[] = {INT8OID, INT8OID, INT8OID};
	char		nulls[] = "   ";
	Datum		values[3];

	values[0] = Int64GetDatum(id);
	values[1] = Int64GetDatum(blocks_total);
	values[2] = Int64GetDatum(rows_total);
	if (blocks_total < 0)
		nulls[1] = 'n';
	if (rows_total < 0)
		nulls[2] = 'n';
	(void) execute("UPDATE " TASK_TABLE " SET started_at = clock_timestamp(),"
				   " rows_before = rows_done, blocks_total = $2, rows_total = $3"
				   " WHERE id = $1",
				   3, types, values, nulls, SPI_OK_UPDATE);
}

/* Called with each batch of a backfill, so its plan is kept. */
void
task_set_progress(int64 id, const char *storage, BlockNumber next_block,
				  int64 blocks_total, int64 rows_more)
{
	static SPIPlanPtr plan = NULL;
	SecurityScope scope;
	Oid			types[] = {INT8OID, TEXTOID, INT8OID, INT8OID, INT8OID};
	Datum		values[5];
	int			result;

	values[0] = Int64GetDatum(id);
	values[1] = CStringGetTextDatum(storage);
	values[2] = Int64GetDatum((int64) next_block);
	values[3] = Int64GetDatum(blocks_total);
	values[4] = Int64GetDatum(rows_more);

	owner_begin(&scope);
	SPI_connect();
	if (plan == NULL)
	{
		plan = SPI_prepare("UPDATE " TASK_TABLE " SET storage = $2, next_block = $3,"
						   " blocks_total = $4, rows_done = rows_done + $5,"
						   " waiting_for = CASE WHEN $5 = 0 THEN waiting_for END,"
						   " last_error = CASE WHEN $5 = 0 THEN last_error END"
						   " WHERE id = $1", 5, types);
		if (plan == NULL || SPI_keepplan(plan) != 0)
			elog(ERROR, "could not prepare the update of a task's progress");
	}
	result = SPI_execute_plan(plan, values, NULL, false, 0);
	if (result != SPI_OK_UPDATE)
		elog(ERROR, "update of a task's progress returned %s",
			 SPI_result_code_string(result));
	SPI_finish();
	owner_end(&scope);
}

void
task_set_storage(int64 id, const char *storage)
{
	(void) execute("UPDATE " TASK_TABLE " SET storage = $2 WHERE id = $1",
				   2, (Oid[]) {INT8OID, TEXTOID},
				   (Datum[]) {Int64GetDatum(id), CStringGetTextDatum(storage)},
				   NULL, SPI_OK_UPDATE);
}

void
task_set_waiting_for(int64 id, const char *waiting_for, const char *error)
{
	Oid			types[] = {INT8OID, TEXTOID, TEXTOID};
	char		nulls[] = "   ";
	Datum		values[3];

	values[0] = Int64GetDatum(id);
	values[1] = waiting_for ? CStringGetTextDatum(waiting_for) : (Datum) 0;
	values[2] = error ? CStringGetTextDatum(error) : (Datum) 0;
	if (waiting_for == NULL)
		nulls[1] = 'n';
	if (error == NULL)
		nulls[2] = 'n';
	(void) execute("UPDATE " TASK_TABLE " SET waiting_for = $2, last_error = $3"
				   " WHERE id = $1 AND (waiting_for, last_error) IS DISTINCT FROM ($2, $3)",
				   3, types, values, nulls, SPI_OK_UPDATE);
}

void
task_set_done(int64 id)
{
	(void) execute("UPDATE " TASK_TABLE " SET state = 'done', waiting_for = NULL,"
				   " last_error = NULL, finished_at = clock_timestamp()"
				   " WHERE id = $1",
				   1, (Oid[]) {INT8OID}, (Datum[]) {Int64GetDatum(id)},
				   NULL, SPI_OK_UPDATE);
}

void
task_set_failed(int64 id, const char *error)
{
	(void) execute("UPDATE " TASK_TABLE " SET state = 'failed',"
				   " waiting_for = NULL, last_error = $2 WHERE id = $1",
				   2, (Oid[]) {INT8OID, TEXTOID},
				   (Datum[]) {Int64GetDatum(id), CStringGetTextDatum(error)},
				   NULL, SPI_OK_UPDATE);
}

void
tasks_close(int64 migration, List *relations)
{
	ListCell   *lc;

	foreach(lc, relations)
		(void) execute("UPDATE " TASK_TABLE " SET state = 'done', waiting_for = NULL,"
					   " last_error = NULL, finished_at = clock_timestamp()"
					   " WHERE migration = $1 AND relation = $2 AND state <> 'done'",
					   2, (Oid[]) {INT8OID, OIDOID},
					   (Datum[]) {Int64GetDatum(migration),
								  ObjectIdGetDatum(lfirst_oid(lc))},
					   NULL, SPI_OK_UPDATE);
}

int
tasks_reopen_failed(int64 migration)
{
	return (int) execute("WITH reopened AS (UPDATE " TASK_TABLE
						 " SET state = 'open', last_error = NULL"
						 " WHERE migration = $1 AND state = 'failed' RETURNING 1)"
						 " SELECT count(*) FROM reopened",
						 1, (Oid[]) {INT8OID}, (Datum[]) {Int64GetDatum(migration)},
						 NULL, SPI_OK_SELECT);
}

/* A text[] of n texts, of which some may be NULL. */
static Datum
text_array(const char **texts, int n)
{
	Datum	   *elements = palloc(n * sizeof(Datum));
	bool	   *nulls = palloc(n * sizeof(bool));
	int			lower = 1;

	for (int i = 0; i < n; i++)
	{
		nulls[i] = texts[i] == NULL;
		elements[i] = nulls[i] ? (Datum) 0 : CStringGetTextDatum(texts[i]);
	}
	return PointerGetDatum(construct_md_array(elements, nulls, 1, &n, &lower,
											  TEXTOID, -1, false, TYPALIGN_INT));
}

/* Run a statement as the extension's owner; the first value of its first row. */
static int64
execute(const char *command, int nargs, Oid *types, Datum *values,
		const char *nulls, int expected)
{
	SecurityScope scope;
	int64		result = 0;
	bool		isnull;

	owner_begin(&scope);
	SPI_connect();
	spi_execute(command, nargs, types, values, nulls, expected);
	if (SPI_tuptable != NULL && SPI_processed > 0)
		result = DatumGetInt64(SPI_getbinval(SPI_tuptable->vals[0],
											 SPI_tuptable->tupdesc, 1, &isnull));
	SPI_finish();
	owner_end(&scope);
	return result;
}

/* Those (Task *) of migration $1 that meet a condition, with an order. */
static List *
select_tasks(const char *condition, int nargs, Oid *types, Datum *values)
{
	MemoryContext caller = CurrentMemoryContext;
	MemoryContext spi;
	SecurityScope scope;
	List	   *tasks = NIL;

	owner_begin(&scope);
	SPI_connect();
	spi_execute(psprintf("SELECT id, migration, kind, relation::oid, object, command,"
						 " state, storage, next_block, rows_done, started_at IS NOT NULL"
						 " FROM " TASK_TABLE
						 " WHERE migration = $1 AND %s", condition),
				nargs, types, values, NULL, SPI_OK_SELECT);
	spi = MemoryContextSwitchTo(caller);
	for (uint64 row = 0; row < SPI_processed; row++)
		tasks = lappend(tasks, task_from_spi(SPI_tuptable->vals[row],
											 SPI_tuptable->tupdesc));
	MemoryContextSwitchTo(spi);
	SPI_finish();
	owner_end(&scope);
	return tasks;
}

/* A copy in the current memory context of a row of select_tasks()'s query. */
static Task *
task_from_spi(HeapTuple tuple, TupleDesc desc)
{
	Task	   *task = palloc0(sizeof(Task));
	Datum		value;
	bool		isnull;

	task->id = DatumGetInt64(SPI_getbinval(tuple, desc, 1, &isnull));
	task->migration = DatumGetInt64(SPI_getbinval(tuple, desc, 2, &isnull));
	task->kind = (TaskKind) index_of_name(SPI_getvalue(tuple, desc, 3),
										  kind_names, lengthof(kind_names));
	value = SPI_getbinval(tuple, desc, 4, &isnull);
	task->relation = isnull ? InvalidOid : DatumGetObjectId(value);
	task->object = SPI_getvalue(tuple, desc, 5);
	task->command = SPI_getvalue(tuple, desc, 6);
	task->state = (TaskState) index_of_name(SPI_getvalue(tuple, desc, 7),
											state_names, lengthof(state_names));
	task->storage = SPI_getvalue(tuple, desc, 8);
	task->next_block = (BlockNumber) DatumGetInt64(SPI_getbinval(tuple, desc, 9,
																 &isnull));
	task->rows_done = DatumGetInt64(SPI_getbinval(tuple, desc, 10, &isnull));
	task->taken_up = DatumGetBool(SPI_getbinval(tuple, desc, 11, &isnull));
	return task;
}

static int
index_of_name(const char *name, const char *const *names, int n)
{
	for (int i = 0; i < n; i++)
	{
		if (strcmp(name, names[i]) == 0)
			return i;
	}
	elog(ERROR, "\"%s\" is no kind or state of a task", name);
}
