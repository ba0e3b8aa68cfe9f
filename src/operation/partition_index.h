/*-------------------------------------------------------------------------
 *
 * partition_index.h
 *		The indexes of which one of a table, or of a partitioned one, consists.
 *
 * That of a partitioned table can't be built concurrently.  So each partition's
 * is built by itself; then the partitioned tables get theirs, over no rows, and
 * those of their partitions are attached to it: of a unique one before the migration
 * is ready, since ON CONFLICT finds no other, of others at the completion.
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
	bool		is_own;			/* what the partition has by itself, and that
								 * becomes a part of the table's as it is */
	bool		is_early;		/* the whole is made before the completion */
	char	   *name;			/* of the index, in the end */
	char	   *built_name;		/* while the migration is active */
	Oid			index;			/* what has been built; InvalidOid: nothing */
	Oid			attached;		/* what is attached to the parent's, as far as
								 * that is there; or InvalidOid */
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

/* What the steps that make a new index need to know of it. */
typedef struct IndexMaker
{
	const void *owner;			/* the caller's own */
	TableModel *table;
	int			operation;
	bool		unique;
	List	   *wanted;			/* char *: what its columns shall be called, */
	List	   *built;			/* … are while the migration is active, */
	List	   *completed;		/* … and are where the completion makes it */

	/* "CREATE INDEX how name ON relation …" */
	char	   *(*sql) (const struct IndexMaker *maker, const char *how,
						const char *name, const char *relation);
	/* Raise that a member's is not there, or not valid. */
	void		(*missing) (const struct IndexMaker *maker, const IndexMember *member);
} IndexMaker;

/*
 * The members (IndexMember *) of a new index, parents first.  Partitions' indexes
 * get the names that the server would choose; those of a migration that is active
 * do not depend on what other objects there are.  Of a partition that has such a key
 * already, that one is taken, as the server does; so is what it has taken itself.
 */
extern List *index_members_new(SchemaModel *model, TableModel *table,
							   const NewIndex *new_index);

/* A later operation has renamed the table's index. */
extern void index_members_rename(SchemaModel *model, List *members,
								 const char *name);

/*
 * Raise where the user can't make indexes of all members: insufficient_privilege,
 * feature_not_supported for a foreign table, or a unique index that lacks a column
 * (char *) by which some member is partitioned.
 */
extern void index_members_check(SchemaModel *model, List *members, bool unique,
								List *columns, const char *path);

/* Is the index, by its name of now, that of a partition among all of a migration's? */
extern bool index_members_have(const SchemaModel *model, Oid index);

/* The member itself, qualified and quoted, as far as the completion's plan goes. */
extern char *index_member_relation(const IndexMember *member);

/* "schema.name" of a member's index. */
extern char *index_member_qualified(const IndexMember *member, const char *name);

/* Is the built index of a member there, and valid? */
extern bool index_member_is_built(const IndexMember *member);

/*
 * The background steps for what is not there yet: builds, and where the whole is made
 * early, what makes it.
 */
extern void index_members_start(const IndexMaker *maker, List *members,
								MigrationPlan *plan);

/* The steps of a completion that give all their names, and make the whole if need be. */
extern void index_members_complete(SchemaModel *model, const IndexMaker *maker,
								   List *members, MigrationPlan *plan);

/* Of these the one that names the columns of a member's index. */
extern void index_member_name_columns(SchemaModel *model, const IndexMaker *maker,
									  const IndexMember *member, List *wanted,
									  MigrationPlan *plan);

/* The step of a completion that gives a built index its name. */
extern void index_member_rename(const IndexMember *member, int operation,
								MigrationPlan *plan);

/* That which attaches it to whole (qualified and quoted), when both have their names. */
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
