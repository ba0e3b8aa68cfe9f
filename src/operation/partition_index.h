/*-------------------------------------------------------------------------
 *
 * partition_index.h
 *		The indexes of which one of a table, or of a partitioned one, consists.
 *
 * That of a partitioned table can't be built concurrently.  So each partition's
 * is built by itself; at the completion the partitioned tables get theirs, over
 * no rows, and those of their partitions are attached to it.
 *-------------------------------------------------------------------------
 */
#ifndef PGROLL_PARTITION_INDEX_H
#define PGROLL_PARTITION_INDEX_H

#include "operation/operation.h"

/* A table, or one relation of the tree of a partitioned table, and its index. */
typedef struct IndexMember
{
	Oid			relid;
	char	   *relation;		/* qualified and quoted */
	char	   *schema;
	char	   *label;			/* the relation's name, for people */
	struct IndexMember *parent; /* NULL: the table itself */
	bool		is_leaf;		/* has rows, so that the index is built */
	char	   *name;			/* of the index, in the end */
	char	   *built_name;		/* while the migration is active */
	Oid			index;			/* what has been built; InvalidOid: nothing */
} IndexMember;

/*
 * The members (IndexMember *) of a new index, parents first.  Partitions' indexes
 * get the names that the server would choose; those of a migration that is active
 * do not depend on what other objects there are.
 */
extern List *index_members_new(SchemaModel *model, TableModel *table,
							   const char *name, List *columns);

/*
 * Raise where the user can't make indexes of all members: insufficient_privilege,
 * feature_not_supported for a foreign table, or a unique index that lacks a column
 * (char *) by which some member is partitioned.
 */
extern void index_members_check(SchemaModel *model, List *members, bool unique,
								List *columns, const char *path);

/* Is the index, by its name of now, that of a partition among all of a migration's? */
extern bool index_members_have(const SchemaModel *model, Oid index);

/* "schema.name" of a member's index. */
extern char *index_member_qualified(const IndexMember *member, const char *name);

/* The same, by the name that it has before the completion, or will get then. */
extern char *index_member_now(const IndexMember *member);

/* Is the built index of a member there, and valid? */
extern bool index_member_is_built(const IndexMember *member);

/*
 * The step of a completion that gives a built index its name; then those that
 * attach the members' indexes to those of their parents, when all have theirs.
 */
extern void index_member_rename(const IndexMember *member, int operation,
								MigrationPlan *plan);
extern void index_members_attach(List *members, int operation, MigrationPlan *plan);

#endif							/* PGROLL_PARTITION_INDEX_H */
