/*-------------------------------------------------------------------------
 *
 * matview_task.c
 *		Make and fill a materialized view over the new columns.
 *
 * All of it is one transaction, so that there is nothing half made to be found
 * later.  It holds locks on what it reads as any query does, and none on the
 * materialized view for which it is made.
 *-------------------------------------------------------------------------
 */
#include "pgroll.h"

#include "access/xact.h"
#include "utils/guc.h"
#include "utils/resowner.h"

#include "ddl/ddl_execute.h"
#include "ddl/matview_query.h"
#include "migration/document.h"
#include "migration/lifecycle.h"
#include "migration/matview_task.h"
#include "operation/matview_build.h"
#include "schema/catalog_storage.h"
#include "state/migrations.h"
#include "support/guc.h"
#include "support/spi.h"

static MatviewBuild *plan(const MigrationRow *row, const Migration *migration,
						  const Task *task);
static void make(MatviewBuild *build, bool populated);
static void stand_in(MatviewBuild *build, Oid relid);
static void run(List *statements);

void
matview_task_run(const Task *task, bool populated)
{
	MigrationRow *row = migration_by_id(task->migration);
	char	   *storage = NULL;
	SecurityScope scope;
	Migration  *migration;
	MatviewBuild *build;

	/* It reads the tables with the rights of its owner, as when it is refreshed. */
	restricted_begin(&scope, migration_role(row, false));
	guc_set_local("default_tablespace", "");
	migration = document_read(row->base_schema, row->name, row->document);
	build = plan(row, migration, task);
	if (build != NULL)
	{
		make(build, populated);
		storage = catalog_storage_of(matview_build_made(build));
	}
	restricted_end(&scope);
	if (storage != NULL)
		task_set_storage(task->id, storage);
}

/*
 * What is to be made; NULL where that is not what the task is for.  To read it takes
 * locks, also on other materialized views, which must not be kept while it is made.
 */
static MatviewBuild *
plan(const MigrationRow *row, const Migration *migration, const Task *task)
{
	MemoryContext context = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;
	SchemaModel *model = lifecycle_active_model(row, migration);
	MatviewBuild *build;
	MatviewBuild *filling = NULL;

	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(context);
	build = matview_build_read(model, task->relation);
	if (build != NULL && strcmp(matview_build_command(build), task->command) == 0)
		filling = matview_build_to_fill(model, task->relation);
	RollbackAndReleaseCurrentSubTransaction();
	MemoryContextSwitchTo(context);
	CurrentResourceOwner = owner;
	return filling;
}

static void
make(MatviewBuild *build, bool populated)
{
	Oid			made = matview_build_made(build);
	ListCell   *lc;

	if (OidIsValid(made))
		ddl_execute_own(psprintf("DROP MATERIALIZED VIEW %s", build->name));
	foreach(lc, build->tables)
		stand_in(build, lfirst_oid(lc));
	foreach(lc, build->views)
		stand_in(build, ((View *) lfirst(lc))->relid);
	run(matview_build_create(build));
	run(matview_build_finish(build));
	made = matview_build_made(build);
	if (populated)
	{
		ddl_execute_user_code(psprintf("REFRESH MATERIALIZED VIEW %s", build->name),
							  build->model->base_schema);
		ddl_execute_own(psprintf("ANALYZE %s", build->name));
	}
	matview_query_set(made, view_empty_query(view_read(made)));
	if (build->tables != NIL || build->views != NIL)
		ddl_execute_own(matview_build_drop_stand_ins(build));
}

static void
stand_in(MatviewBuild *build, Oid relid)
{
	run(matview_build_stand_in(build, relid));
	matview_build_note(build, relid);
}

static void
run(List *statements)
{
	ListCell   *lc;

	foreach(lc, statements)
		ddl_execute_own(lfirst(lc));
}
