/*-------------------------------------------------------------------------
 *
 * pgroll.c
 *		The library's entry: settings and hooks.
 *-------------------------------------------------------------------------
 */
#include "pgroll.h"

#include "fmgr.h"

#include "support/guc.h"
#include "versioning/write_version.h"
#include "worker/launcher.h"

PG_MODULE_MAGIC;

void		_PG_init(void);

void
_PG_init(void)
{
	guc_init();
	write_version_init();
	launcher_init();
}
