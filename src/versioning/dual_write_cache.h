/*-------------------------------------------------------------------------
 *
 * dual_write_cache.h
 *		The edges of a table, resolved against its columns, per session.
 *
 * Made from the arguments of the table's dual-write trigger, dropped by
 * relcache invalidation.
 *-------------------------------------------------------------------------
 */
#ifndef PGROLL_DUAL_WRITE_CACHE_H
#define PGROLL_DUAL_WRITE_CACHE_H

#include "executor/tuptable.h"
#include "nodes/execnodes.h"
#include "utils/rel.h"

typedef struct RelationEdges RelationEdges;

/* The edges of a table, or NULL where it has no dual-write trigger. */
extern RelationEdges *relation_edges_get(Relation relation);

/*
 * What the backfill needs.  The caller has made an ExprContext and runs as the
 * user who is to evaluate the expressions.
 */

/* Attribute number of the marker of a migration (by version schema), or 0. */
extern AttrNumber relation_edges_marker(const RelationEdges *edges,
										const char *version_schema);

/*
 * Columns that a backfill may set, offset by FirstLowInvalidHeapAttributeNumber,
 * stored generated columns not included.
 */
extern Bitmapset *relation_edges_backfill_columns(const RelationEdges *edges);

/* A state for evaluating the edges of many rows: ExprStates in estate. */
typedef struct EdgeEval EdgeEval;
extern EdgeEval *edge_eval_begin(RelationEdges *edges, EState *estate);
extern void edge_eval_end(EdgeEval *eval);

/*
 * A fresh tuple (in the current memory context) in which every up half of each
 * migration that the row awaits is evaluated, in order, and its markers are
 * false; NULL where the row awaits nothing.  Raises not_null_violation as the
 * trigger does.
 */
extern HeapTuple edge_eval_backfill(EdgeEval *eval, TupleTableSlot *row);

#endif							/* PGROLL_DUAL_WRITE_CACHE_H */
