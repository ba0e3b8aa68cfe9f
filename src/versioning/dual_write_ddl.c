/*-------------------------------------------------------------------------
 *
 * dual_write_ddl.c
 *		The statements that make our trigger on a table.
 *
 * A replaced trigger loses ENABLE ALWAYS, so create and enable go together.  On
 * a partitioned table both reach the partitions.
 *-------------------------------------------------------------------------
 */
#include "pgroll.h"

#include "lib/stringinfo.h"
#include "utils/builtins.h"

#include "schema/names.h"
#include "versioning/dual_write_ddl.h"

const char *
dual_write_ddl_name(DualWriteRole role)
{
	return role == DUAL_WRITE_LAST ? DUAL_WRITE_TRIGGER_LAST :
		DUAL_WRITE_TRIGGER_FIRST;
}

char *
dual_write_ddl_create(const char *table, DualWriteRole role,
					  List *migrations, bool replace)
{
	StringInfoData buf;
	ListCell   *lc;

	initStringInfo(&buf);
	appendStringInfo(&buf,
					 "CREATE%s TRIGGER %s BEFORE INSERT OR UPDATE ON %s"
					 " FOR EACH ROW EXECUTE FUNCTION " PGROLL_SCHEMA ".dual_write(%s",
					 replace ? " OR REPLACE" : "",
					 quote_identifier(dual_write_ddl_name(role)),
					 table,
					 quote_literal_cstr(dual_write_role_to_text(role)));
	foreach(lc, migrations)
		appendStringInfo(&buf, ", %s", quote_literal_cstr(lfirst(lc)));
	appendStringInfoChar(&buf, ')');
	return buf.data;
}

char *
dual_write_ddl_enable(const char *table, DualWriteRole role)
{
	return psprintf("ALTER TABLE %s ENABLE ALWAYS TRIGGER %s", table,
					quote_identifier(dual_write_ddl_name(role)));
}
