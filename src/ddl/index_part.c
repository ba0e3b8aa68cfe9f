/*-------------------------------------------------------------------------
 *
 * index_part.c
 *		Partitions' indexes that are attached to that of the whole table.
 *-------------------------------------------------------------------------
 */
#include "pgroll.h"

#include "access/genam.h"
#include "access/xact.h"
#include "catalog/index.h"
#include "commands/tablecmds.h"
#include "storage/lmgr.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

#include "ddl/index_part.h"

/* As the server does where it detaches the partition. */
void
index_part_release(Oid index)
{
	Relation	rel;

	if (!get_rel_relispartition(index))
		return;
	rel = index_open(index, AccessExclusiveLock);
	IndexSetParentIndex(rel, InvalidOid);
	index_close(rel, NoLock);
	CommandCounterIncrement();
}

void
index_part_rename(Oid index, const char *name)
{
	LockRelationOid(index, ShareUpdateExclusiveLock);
	RenameRelationInternal(index, name, true, true);
	CommandCounterIncrement();
}

char *
index_part_release_sql(const char *whole, const char *part)
{
	return psprintf("ALTER INDEX %s DETACH PARTITION %s", whole, part);
}
