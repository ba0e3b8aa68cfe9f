/*-------------------------------------------------------------------------
 *
 * edge_query.h
 *		The expressions of edges that contain a subquery.
 *
 * They are planned once per statement, from the analyzed expression and not
 * from text, so that no later function can change what a name means, and run
 * with the rights of the user of now on the statement's own snapshot.
 *-------------------------------------------------------------------------
 */
#ifndef PGROLL_EDGE_QUERY_H
#define PGROLL_EDGE_QUERY_H

#include "versioning/dual_write_cache.h"

typedef struct EdgeQuery EdgeQuery;

/*
 * Plan the expression of a resolved rule, in a memory context that lives as long as
 * the statement.  Its parameters are set before each run, by their index from 0.
 */
extern EdgeQuery *edge_query_prepare(const EdgeRule *rule,
									 MemoryContext context);
extern void edge_query_set_param(EdgeQuery *query, int index, Datum value,
								 bool isnull);

/* The value of the expression, in the current memory context. */
extern Datum edge_query_run(EdgeQuery *query, bool *isnull);

#endif							/* PGROLL_EDGE_QUERY_H */
