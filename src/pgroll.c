/*-------------------------------------------------------------------------
 *
 * pgroll.c
 *		The library's entry: settings and hooks.
 *-------------------------------------------------------------------------
 */
#include "pgroll.h"

#include "fmgr.h"

#include "ddl/ddl_execute.h"
#include "migration/lifecycle.h"
#include "migration/matview_task.h"
#include "support/guc.h"
#include "versioning/constraint_error.h"
#include "versioning/write_version.h"
#include "worker/launcher.h"
#include "worker/worker.h"

PG_MODULE_MAGIC;

void		_PG_init(void);

void
_PG_init(void)
{
	guc_init();
	ddl_execute_init();
	write_version_init();
	constraint_error_init();
	launcher_init();
	worker_supplement = lifecycle_supplement;
	worker_build_matview = matview_task_run;
}
