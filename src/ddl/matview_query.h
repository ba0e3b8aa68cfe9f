/*-------------------------------------------------------------------------
 *
 * matview_query.h
 *		The query of a materialized view that is there already.
 *-------------------------------------------------------------------------
 */
#ifndef PGROLL_MATVIEW_QUERY_H
#define PGROLL_MATVIEW_QUERY_H

/*
 * Give a materialized view another query of the same columns; its rows stay.  The
 * text names everything with its schema.  Raises insufficient_privilege where the
 * current user can't act as its owner, invalid_object_definition where a column would
 * be of another type.
 */
extern void matview_query_set(Oid matview, const char *query);

/* The same, as a statement for people. */
extern char *matview_query_sql(const char *matview, const char *query);

#endif							/* PGROLL_MATVIEW_QUERY_H */
