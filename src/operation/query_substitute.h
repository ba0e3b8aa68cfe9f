/*-------------------------------------------------------------------------
 *
 * query_substitute.h
 *		A view's query over what stands for the relations that it reads.
 *-------------------------------------------------------------------------
 */
#ifndef PGROLL_QUERY_SUBSTITUTE_H
#define PGROLL_QUERY_SUBSTITUTE_H

#include "nodes/bitmapset.h"
#include "nodes/parsenodes.h"

#include "schema/schema_model.h"

/* What stands for a relation. */
typedef struct Substitute
{
	Oid			relid;
	Bitmapset  *changed;		/* attribute numbers of a table: only who reads
								 * one of them needs it; NULL: everybody */
	Oid			by;				/* with columns of the same names; InvalidOid
								 * while it is not there */
} Substitute;

/* For the tables (Substitute *) with columns that get a shadow. */
extern List *substitutes_of_tables(SchemaModel *model);

/* The substitute (in a list of them) for a relation, or NULL. */
extern Substitute *substitute_find(List *substitutes, Oid relid);

/* Does the query, or one within it, need one of the substitutes? */
extern bool query_needs_substitute(Query *query, List *substitutes);

/*
 * The attribute numbers of what it reads of a table, and needs the privilege for; 0: of
 * whole rows.
 */
extern Bitmapset *query_columns_read(Query *query, Oid relid);

/*
 * What it reads (for people) that a view in a table's place does not have: a system
 * column, say; NULL where there is nothing.
 */
extern const char *query_needs_table(Query *query, List *substitutes);

/*
 * Does it call the columns of a table that changes otherwise, in an alias with a list of
 * columns?  The list would not fit the table whose columns have another order.
 */
extern bool query_lists_columns(Query *query, List *substitutes);

/* Its text (a view_query_text()) over the substitutes that are there. */
extern char *query_text_substituted(const char *text, List *substitutes);

#endif							/* PGROLL_QUERY_SUBSTITUTE_H */
