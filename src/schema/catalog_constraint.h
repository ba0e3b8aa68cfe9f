/*-------------------------------------------------------------------------
 *
 * catalog_constraint.h
 *		Constraints of a table, as values.
 *-------------------------------------------------------------------------
 */
#ifndef PGROLL_CATALOG_CONSTRAINT_H
#define PGROLL_CATALOG_CONSTRAINT_H

#include "catalog/pg_constraint.h"
#include "nodes/bitmapset.h"
#include "nodes/pg_list.h"

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

/* The tables (Oid) that its foreign keys reference. */
extern List *catalog_partners(Oid relid);

/*
 * The constraints (ConstraintFacts *) that a partitioned table's constraint has on
 * the partitions that hold rows, in the order of the partitions' names.
 */
extern List *catalog_constraint_parts(Oid constraint);

/* What (Oid) has the constraint for its parent, at the first level. */
extern List *catalog_constraint_children(Oid constraint);

/*
 * A copy of a constraint's row, as far as its fixed columns go; false where it is
 * gone, or the Oid is none.
 */
extern bool catalog_constraint_row(Oid constraint, FormData_pg_constraint *form);

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

#endif							/* PGROLL_CATALOG_CONSTRAINT_H */
