/*-------------------------------------------------------------------------
 *
 * api_yaml.c
 *		from_yaml(): a migration written in YAML, as jsonb.
 *-------------------------------------------------------------------------
 */
#include "pgroll.h"

#include "fmgr.h"
#include "utils/builtins.h"

#include "migration/document_yaml.h"

PG_FUNCTION_INFO_V1(pgroll_from_yaml);

/* from_yaml(migration text): the document that start_migration() takes. */
Datum
pgroll_from_yaml(PG_FUNCTION_ARGS)
{
	char	   *yaml = text_to_cstring(PG_GETARG_TEXT_PP(0));

	PG_RETURN_JSONB_P(document_from_yaml(yaml, strlen(yaml)));
}
