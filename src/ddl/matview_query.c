/*-------------------------------------------------------------------------
 *
 * matview_query.c
 *		The query of a materialized view that is there already.
 *
 * SQL has no statement for it.  What the server does for CREATE OR REPLACE VIEW is
 * the same for both kinds of view, as long as the columns keep their types.
 *-------------------------------------------------------------------------
 */
#include "pgroll.h"

#include "access/xact.h"
#include "commands/view.h"
#include "nodes/parsenodes.h"
#include "parser/analyze.h"
#include "parser/parser.h"
#include "utils/guc.h"

#include "ddl/matview_query.h"
#include "support/guc.h"

void
matview_query_set(Oid matview, const char *query)
{
	int			guc_level = NewGUCNestLevel();
	List	   *statements;

	guc_set_local("search_path", PGROLL_SEARCH_PATH);
	guc_set_portable_strings();
	statements = raw_parser(query, RAW_PARSE_DEFAULT);
	StoreViewQuery(matview,
				   parse_analyze_fixedparams(linitial_node(RawStmt, statements), query,
											 NULL, 0, NULL),
				   true);
	CommandCounterIncrement();
	AtEOXact_GUC(false, guc_level);
}

char *
matview_query_sql(const char *matview, const char *query)
{
	return psprintf("CREATE OR REPLACE MATERIALIZED VIEW %s AS%s%s", matview,
					query[0] == ' ' ? "" : " ", query);
}
