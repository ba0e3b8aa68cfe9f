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
	const TableModel *table;	/* NULL: a partition */
	char	   *schema;
	char	   *label;			/* the relation's name, for people */
	struct IndexMember *parent; /* NULL: the table itself */
	bool		is_leaf;		/* has rows, so that the index is built */
	bool		is_own;			/* a key that the partition has by itself, and
								 * that becomes a part of the table's as it is */
	char	   *name;			/* of the index, in the end */
	char	   *built_name;		/* while the migration is active */
	Oid			index;			/* what has been built; InvalidOid: nothing */
} IndexMember;

/* A new index, or a key (type as in pg_constraint.contype, or OBJECT_INDEX). */
typedef struct NewIndex
{
	const char *name;
	char		type;
	List	   *columns;		/* char *: from which partitions' names are
								 * made */
	List	   *key;			/* char *: the columns of a key, in order; ""
								 * where one is not stored yet */
	List	   *included;		/* char * */
} NewIndex;

/*
 * The members (IndexMember *) of a new index, parents first.  Partitions' indexes
 * get the names that the server would choose; those of a migration that is active
 * do not depend on what other objects there are.  Of a partition that has such a key
 * already, that one is taken, as the server does.
 */
extern List *index_members_new(SchemaModel *model, TableModel *table,
							   const NewIndex *new_index);

/* A later operation has renamed the table's index. */
extern void index_members_rename(const SchemaModel *model, List *members,
								 const char *name);

/*
 * Raise where the user can't make indexes of all members: insufficient_privilege,
 * feature_not_supported for a foreign table, or a unique index that lacks a column
 * (char *) by which some member is partitioned.
 */
extern void index_members_check(SchemaModel *model, List *members, bool unique,
								List *columns, const char *path);

/* The index to which one belongs as a partition, at the top; itself: it is none. */
extern Oid	index_topmost(Oid index);

/* Is the index, by its name of now, that of a partition among all of a migration's? */
extern bool index_members_have(const SchemaModel *model, Oid index);

/* The member itself, qualified and quoted, as far as the completion's plan goes. */
extern char *index_member_relation(const IndexMember *member);

/* "schema.name" of a member's index. */
extern char *index_member_qualified(const IndexMember *member, const char *name);

/* The same, by the name that it has before the completion, or will get then. */
extern char *index_member_now(const IndexMember *member);

/* Is the built index of a member there, and valid? */
extern bool index_member_is_built(const IndexMember *member);

/* Is there one to be built at all, or to be given its name at the completion? */
extern bool index_member_is_made(const IndexMember *member);

/* The step of a completion that gives a built index its name. */
extern void index_member_rename(const IndexMember *member, int operation,
								MigrationPlan *plan);

/*
 * Then those that attach the members' indexes to those of their parents, when all have
 * theirs; of one, to whole (qualified and quoted).
 */
extern void index_members_attach(List *members, int operation, MigrationPlan *plan);
extern void index_member_attach(const IndexMember *member, const char *whole,
								int operation, MigrationPlan *plan);

/*
 * The step that makes a key of the index: of a table's, which gets its name with it, or
 * of a partitioned table's, with those that are attached to it by then.
 */
extern void index_member_add_key(const IndexMember *member, int operation, char type,
								 bool deferrable, bool initially_deferred,
								 MigrationPlan *plan);

#endif							/* PGROLL_PARTITION_INDEX_H */
