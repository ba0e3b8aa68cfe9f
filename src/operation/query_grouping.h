/*-------------------------------------------------------------------------
 *
 * query_grouping.h
 *		Queries that group by a primary key, and read what depends on it.
 *-------------------------------------------------------------------------
 */
#ifndef PGROLL_QUERY_GROUPING_H
#define PGROLL_QUERY_GROUPING_H

#include "nodes/parsenodes.h"

/*
 * A copy that groups by all of these columns, and gives the same without the key; NULL
 * where there is none: a column can't be grouped by, or there are grouping sets.
 */
extern Query *query_grouped_in_full(Query *query);

#endif							/* PGROLL_QUERY_GROUPING_H */
