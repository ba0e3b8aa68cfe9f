/*-------------------------------------------------------------------------
 *
 * catalog_object.h
 *		Constraints, indexes and smaller facts of a table, as texts and values.
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

/* A check or foreign key of a table, or the key that an index serves. */
typedef struct ConstraintFacts
{
	Oid			oid;
	Oid			relation;		/* whose it is */
	char	   *name;
	char		type;			/* pg_constraint.contype */
	bool		validated;
	bool		enforced;		/* as always before 18 */
	bool		no_inherit;
	bool		inherited;		/* from a parent table */
	bool		deferrable;
	bool		initially_deferred;
	Bitmapset  *columns;		/* attribute numbers */
	List	   *key;			/* int: attribute numbers, in order */
	char	   *check;			/* nodeToString() form of a check */
	Oid			partner;		/* of a foreign key */
	List	   *partner_key;	/* char *: column names */
	Bitmapset  *partner_columns;	/* attribute numbers */
	char	   *reference_tail; /* " MATCH FULL ON DELETE …", without SET
								 * columns */
	List	   *delete_set_key; /* int */
	Oid			index;			/* of a key */
	Oid			partner_index;	/* that a foreign key references */
	char	   *comment;
} ConstraintFacts;

/* Of the table itself, in the order of their names; not-null constraints are left out. */
extern List *catalog_constraints(Oid relid);

/*
 * Foreign keys (ConstraintFacts *) of all tables that reference the table, but for
 * those that a partition has from its table, in the order of the tables' and their
 * own names.
 */
extern List *catalog_referencing(Oid relid);

/*
 * The constraints (ConstraintFacts *) that a partitioned table's constraint has on
 * the partitions that hold rows, in the order of the partitions' names.
 */
extern List *catalog_constraint_parts(Oid constraint);

/* The column's not-null constraint; NULL where it has none, as always before 18. */
extern char *catalog_not_null_name(Oid relid, AttrNumber attnum);

/* Is there a constraint, an index of that name on the table? */
extern bool catalog_constraint_exists(Oid relid, const char *name);

/* … a constraint that is validated? */
extern bool catalog_constraint_is_valid(Oid relid, const char *name);

/* … that the table does not have from a parent, that it has itself in any case? */
extern bool catalog_constraint_is_own(Oid relid, const char *name);
extern bool catalog_constraint_is_local(Oid relid, const char *name);

/*
 * Is what a constraint or index with a name of ours stands for still there?  True
 * where the name stands for none of the user's.
 */
extern bool catalog_carried_is_wanted(Oid relid, int64 migration, const char *name);

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
	bool		unique;
	bool		immediate;		/* not of a deferrable key */
	bool		nulls_not_distinct;
	bool		replica_identity;
	bool		clustered;
	List	   *columns;		/* IndexColumn * */
	List	   *included;		/* IndexColumn * */
	Node	   *predicate;
	char	   *options;		/* of WITH, or NULL */
	char	   *tablespace;		/* or NULL */
	char	   *comment;
	Bitmapset  *attnums;		/* columns that it reads */
} IndexFacts;

/* Valid ones, in the order of their names. */
extern List *catalog_indexes(Oid relid);

/* Those that a failed concurrent build has left, or that lack a partition's part. */
extern List *catalog_invalid_indexes(Oid relid);

/* Can a foreign key reference these columns, in whatever order, by the index? */
extern bool catalog_index_is_key(const IndexFacts *index, Bitmapset *attnums);

/* The table's index of that name, valid or not; InvalidOid: it has none. */
extern Oid	catalog_index_of_table(Oid relid, const char *name);

/* Does the index read a column that was made for the migration? */
extern bool catalog_index_reads_own_column(Oid index, int64 migration);

#endif							/* PGROLL_CATALOG_OBJECT_H */
