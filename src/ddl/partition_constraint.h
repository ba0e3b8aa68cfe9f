/*-------------------------------------------------------------------------
 *
 * partition_constraint.h
 *		What the server has no statement for, of the constraints of partitioned tables.
 *
 * ADD CONSTRAINT … USING INDEX is for tables that are not partitioned; so a key, which
 * foreign keys reference by its index, could not be made of that.  And of a foreign key
 * that references a partitioned table there is one for each partition, which keep the
 * names that the server has chosen, and before 18 stay NOT VALID when it is validated.
 *-------------------------------------------------------------------------
 */
#ifndef PGROLL_PARTITION_CONSTRAINT_H
#define PGROLL_PARTITION_CONSTRAINT_H

#include "nodes/pg_list.h"

/* A key, to be made of an index to which those of all partitions are attached. */
typedef struct PartitionedKey
{
	char	   *name;			/* of both */
	char		type;			/* pg_constraint.contype */
	bool		deferrable;
	bool		initially_deferred;
} PartitionedKey;

/* A foreign key's part for one partition of the referenced table. */
typedef struct ForeignKeyPart
{
	Oid			partner;		/* the partition */
	char	   *name;
} ForeignKeyPart;

/* Those (ForeignKeyPart *) of a foreign key, also where it is a partitioned table's. */
extern List *partition_constraint_parts(Oid constraint);

/*
 * Make the key of a partitioned table, and those of its partitions, of the indexes that
 * they have.  The tables are locked ACCESS EXCLUSIVE, the columns of a primary key NOT
 * NULL.  Raises invalid_table_definition where that can't be.
 */
extern void partition_constraint_add_key(Oid relid, const PartitionedKey *key);

/*
 * Give the parts of a table's foreign key of that name their names (ForeignKeyPart *), or
 * else those that the server would choose, and let them be as valid as it is.  The table
 * is locked ACCESS EXCLUSIVE.
 */
extern void partition_constraint_follow(Oid relid, const char *name, List *parts);

/*
 * Give the part that a partition has of the table's foreign key of that name another name
 * than the server has chosen.
 */
extern void partition_constraint_name_part(Oid relid, const char *foreign_key, Oid partition,
										   const char *name);

/* Give them names of ours; nothing happens where there is no such foreign key. */
extern void partition_constraint_hide_parts(Oid relid, const char *name);

/*
 * What these do, for people; the first is also the statement for a table that is not
 * partitioned.
 */
extern char *partition_constraint_key_sql(const char *table, const PartitionedKey *key,
										  const char *index);
extern char *partition_constraint_follow_sql(const char *table, const char *name);

#endif							/* PGROLL_PARTITION_CONSTRAINT_H */
