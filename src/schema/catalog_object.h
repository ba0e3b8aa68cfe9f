/*-------------------------------------------------------------------------
 *
 * catalog_object.h
 *		Indexes and smaller facts of a table, as texts and values.
 *-------------------------------------------------------------------------
 */
#ifndef PGROLL_CATALOG_OBJECT_H
#define PGROLL_CATALOG_OBJECT_H

#include "access/attnum.h"
#include "nodes/bitmapset.h"
#include "nodes/pg_list.h"

/* Quoted, with schema; raises undefined_table where a relation has gone. */
extern char *catalog_collation_name(Oid collation);
extern char *catalog_opclass_name(Oid opclass);
extern char *catalog_relation_name(Oid relid);

/* How many functions or operators (pg_proc, pg_operator) of the name a schema has. */
extern int	catalog_count_overloads(Oid class, const char *name, Oid namespace);

/* "fillfactor='70', …" of a text[] of name=value; NULL where there is none. */
extern char *catalog_options_text(Datum options);

/*
 * A publication that sends every column of the table, so that a subscriber's
 * apply would stop at one that it lacks; NULL where there is none.
 */
extern char *catalog_publication_of_all_columns(Oid relid);

/* Columns (char *) of a table's own that were made for a migration. */
extern List *catalog_columns_of_migration(Oid relid, int64 migration);

/* Our triggers (char *) on a table, clones of a parent's left out. */
extern List *catalog_own_triggers(Oid relid);

/*
 * Has the table BEFORE ROW triggers of others for INSERT or UPDATE?  Raises
 * PR007 where one does not sort between ours.
 */
extern bool catalog_has_before_triggers(Oid relid);

/* The number of a table's last column, dropped ones included. */
extern AttrNumber catalog_last_attnum(Oid relid);

/* A column's, also an index's; -1 where it is the default. */
extern int	catalog_statistics_target(Oid relid, AttrNumber attnum);

/*
 * The names (char *) of a table's columns by attribute number, from 1; a dropped
 * one has a name that no column can have.
 */
extern List *catalog_column_names(Oid relid);

/* One column of an index. */
typedef struct IndexColumn
{
	AttrNumber	attnum;			/* 0: an expression */
	Node	   *expr;
	Oid			opclass;		/* InvalidOid of an included column */
	bool		opclass_is_default;
	char	   *opclass_options;	/* or NULL */
	Oid			collation;
	bool		descending;
	bool		nulls_first;
} IndexColumn;

typedef struct IndexFacts
{
	Oid			oid;
	char	   *name;
	char	   *method;
	bool		can_order;
	Oid			method_oid;
	bool		valid;
	bool		unique;
	bool		immediate;		/* not of a deferrable key */
	bool		nulls_not_distinct;
	bool		replica_identity;
	bool		clustered;
	List	   *columns;		/* IndexColumn * */
	List	   *included;		/* IndexColumn * */
	Node	   *predicate;		/* or NULL */
	char	   *options;		/* of WITH, or NULL */
	char	   *tablespace;		/* or NULL */
	char	   *comment;
	Bitmapset  *attnums;		/* columns that it reads */
	bool		reads_row;		/* all of them at once */
} IndexFacts;

/*
 * In the order of their names; no invalid ones, but of a partitioned table also those to
 * which not all partitions' are attached yet.
 */
extern List *catalog_indexes(Oid relid);

/* Valid or not; an error where it is gone. */
extern IndexFacts *catalog_index(Oid index);

/* Those that a failed concurrent build has left. */
extern List *catalog_invalid_indexes(Oid relid);

/* The options (DefElem *) of an index's WITH. */
extern List *catalog_index_options(Oid index);

/* Is the relation an index, be it a partitioned table's? */
extern bool catalog_is_index(Oid relid);

/* Can a foreign key reference these columns, in whatever order, by the index? */
extern bool catalog_index_is_key(const IndexFacts *index, Bitmapset *attnums);

/* The table's index of that name, valid or not; InvalidOid: it has none. */
extern Oid	catalog_index_of_table(Oid relid, const char *name);

/* Do both index the same columns, by name, of their tables in the same way? */
extern bool catalog_indexes_are_alike(Oid index, Oid other);

/* Does the index read a column that was made for the migration? */
extern bool catalog_index_reads_own_column(Oid index, int64 migration);

#endif							/* PGROLL_CATALOG_OBJECT_H */
