/*-------------------------------------------------------------------------
 *
 * catalog_depend.h
 *		What depends on an object, as pg_depend has it.
 *-------------------------------------------------------------------------
 */
#ifndef PGROLL_CATALOG_DEPEND_H
#define PGROLL_CATALOG_DEPEND_H

#include "access/attnum.h"
#include "catalog/objectaddress.h"
#include "nodes/pg_list.h"

/* One object that depends on another. */
typedef struct Dependent
{
	ObjectAddress object;
	char		deptype;
	char	   *description;	/* for people; NULL of catalog_depending_objects() */
} Dependent;

/*
 * What depends on a column (Dependent *), or (attnum 0) on an object and all its
 * columns, as pg_depend has it: a rule rather than its view.
 */
extern List *catalog_depending_objects(Oid class_id, Oid object, AttrNumber attnum);

/*
 * The dependents (Dependent *) of a column, or (attnum 0) of a table and all its
 * columns, but for views of the schemas (Oid) named; a view rather than its rules.
 */
extern List *catalog_dependents(Oid relid, AttrNumber attnum, List *ignored_schemas);

/*
 * Those (Dependent *) of a constraint, or of its index, that would keep it from
 * being dropped with RESTRICT, but for views of the schemas named.
 */
extern List *catalog_constraint_dependents(Oid relid, const char *constraint,
										   List *ignored_schemas);

/* What (Dependent *) uses a table's row type, but for the table and its array type. */
extern List *catalog_users_of_type(Oid type);

/*
 * The extensions (char *) with which the object goes, as ALTER … DEPENDS ON EXTENSION
 * says; it is not a part of them.
 */
extern List *catalog_extensions(Oid class_id, Oid object);

/* "view a, table b" of dependents (Dependent *), each once; "" of none. */
extern char *catalog_describe(List *dependents);

/* Is it the column's default or sequence, an index, a key or NOT NULL of its table? */
extern bool catalog_dependent_is_plain(const Dependent *dependent);

/* The view or table of a rewrite rule; InvalidOid where the rule is gone. */
extern Oid	catalog_view_of_rule(Oid rule);

/* Those (Dependent *) that would keep it from being dropped with RESTRICT. */
extern List *catalog_blocking_dependents(Oid relid, AttrNumber attnum, List *ignored_schemas);

#endif							/* PGROLL_CATALOG_DEPEND_H */
