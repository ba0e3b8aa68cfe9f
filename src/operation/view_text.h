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
	bool		materialized;
	Oid			owner;
	char	   *name;			/* qualified and quoted */
	Query	   *query;
	char	   *text;			/* of the query, read alike everywhere */
	char	   *keyless_text;	/* … that needs no primary key; set by who
								 * wants it */
	TupleDesc	desc;			/* with defaults */
	char	   *options;		/* of WITH, or NULL */
	char	   *storage;		/* what CREATE MATERIALIZED VIEW says of it */
	List	   *reads;			/* Oid */
	bool		needs_key;		/* it depends on a primary key */
	bool		dropped;		/* and made anew: a column gets another type,
								 * or it is materialized */
} View;

/* As it is in the catalogs. */
extern View *view_read(Oid relid);

/* "view", "materialized view" */
extern const char *view_kind(const View *view);

/* Replaced in place; dropped, and made anew with all that is said of it. */
extern CarriedObject *view_replaced(const View *view);
extern CarriedObject *view_made_anew(const View *view);

/* One that is not there yet and will read a relation, by its name, to be dropped. */
extern CarriedObject *view_unborn(char *name, Oid reads);

/* One without statements. */
extern CarriedObject *view_object(const View *view);

/*
 * What follows CREATE VIEW: as the view is, but for the name (qualified) and the text
 * of the query, where these are not its own.
 */
extern char *view_definition(const View *view, const char *name, const char *query);

/* A query as text that is read alike everywhere. */
extern char *view_query_text(Query *query);

/* "SELECT NULL::… WHERE false": of the same columns, reading nothing, without a row. */
extern char *view_empty_query(const View *view);

/* " (a, b)", or nothing */
extern char *view_column_list(const View *view);

/*
 * Statements (char *) for a view of that name (qualified) that was just made: to give
 * it to the owner, with no grants yet; to give it the view's grants; its comments.
 */
extern List *view_owner_sql(const View *view, const char *name);
extern List *view_grants_sql(const View *view, const char *name);
extern List *view_comments_sql(const View *view);

/* The access lists (CarriedAccess *) that have grantors of their own. */
extern List *view_access_lists(const View *view);

/*
 * May a column of a view get another type where the columns (ObjectAddress *) of its
 * tables do?
 */
extern bool view_column_reads(Query *query, const TargetEntry *target, List *columns);

#endif							/* PGROLL_VIEW_TEXT_H */
