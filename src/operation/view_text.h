/*-------------------------------------------------------------------------
 *
 * view_text.h
 *		A view of the user's, and the statements that make it again.
 *-------------------------------------------------------------------------
 */
#ifndef PGROLL_VIEW_TEXT_H
#define PGROLL_VIEW_TEXT_H

#include "access/tupdesc.h"
#include "nodes/parsenodes.h"

#include "operation/carry_dependents.h"

typedef struct View
{
	Oid			relid;
	Oid			owner;
	char	   *name;			/* qualified and quoted */
	Query	   *query;
	TupleDesc	desc;			/* with defaults */
	char	   *options;		/* of WITH, or NULL */
	List	   *reads;			/* Oid */
	bool		needs_key;		/* it depends on a primary key */
	bool		dropped;		/* and made anew: a column gets another type */
} View;

/* Replaced in place; dropped, and made anew with all that is said of it. */
extern CarriedObject *view_replaced(const View *view);
extern CarriedObject *view_made_anew(const View *view);

/* One that is not there yet and will read a relation, by its name, to be dropped. */
extern CarriedObject *view_unborn(char *name, Oid reads);

/*
 * May a column of a view get another type where the columns (ObjectAddress *) of its
 * tables do?
 */
extern bool view_column_reads(Query *query, const TargetEntry *target, List *columns);

#endif							/* PGROLL_VIEW_TEXT_H */
