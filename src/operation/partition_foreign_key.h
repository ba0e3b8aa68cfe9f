/*-------------------------------------------------------------------------
 *
 * partition_foreign_key.h
 *		A foreign key of a partitioned table, by way of its partitions; and the names of
 *		those that reference one.
 *
 * Before 18 the server has no NOT VALID for it, and from 18 on the partitions' ones
 * would keep the name of ours.  So each partition gets the foreign key by itself; when
 * all are validated, the partitioned table's is a change of the catalogs alone, which
 * takes them for its own.
 *-------------------------------------------------------------------------
 */
#ifndef PGROLL_PARTITION_FOREIGN_KEY_H
#define PGROLL_PARTITION_FOREIGN_KEY_H

#include "operation/operation.h"
#include "schema/catalog_constraint.h"

/*
 * The steps that give the partitions the foreign key ("FOREIGN KEY (…) REFERENCES …")
 * under a name of ours, and validate it in the background.  What is there already is
 * left out.  carried is what a Step says of one that is made again, or NULL.
 */
extern void partition_foreign_key_start(SchemaModel *model, TableModel *table,
										int operation, const char *name,
										const char *sql, Oid partner, char *carried,
										MigrationPlan *plan);

/*
 * The steps that give them their names, and the table the foreign key.  A partition's
 * has the name of the one that it had from original (or InvalidOid), else the table's.
 * Raises object_not_in_prerequisite_state where a partition lacks it.
 */
extern void partition_foreign_key_complete(SchemaModel *model, TableModel *table,
										   int operation, const char *name,
										   const char *final, const char *sql,
										   Oid partner, Oid original, MigrationPlan *plan);

/*
 * The name that a partition's part gets until the table's foreign key is made: its own,
 * or where the partition has an equal foreign key besides, one by which the server finds
 * the part first.  Then the step, if need be, that gives it its own.
 */
extern const char *partition_foreign_key_part_name(const ConstraintFacts *part);
extern void partition_foreign_key_name_found(const ConstraintFacts *part, int operation,
											 MigrationPlan *plan);

/*
 * The steps that give the parts of a table's foreign key, when the completion has made it
 * anew, the comments that those of original have, and their names to those that the server
 * made with it, of partitions that are partitioned.  original, which is there still when
 * that is planned, may be InvalidOid: no steps.
 */
extern void partition_foreign_key_follow(Oid relid, const char *name, Oid original,
										 int operation, MigrationPlan *plan);

/*
 * The step of a completion by which the parts of a foreign key, one for each partition
 * of the table that it references, get the names of those that original (or InvalidOid)
 * has, else such as the server chooses.  None where the partner is not partitioned.
 */
extern void partition_foreign_key_name_parts(Oid relid, const char *relation,
											 const char *name, Oid partner, Oid original,
											 int operation, MigrationPlan *plan);

#endif							/* PGROLL_PARTITION_FOREIGN_KEY_H */
