/*-------------------------------------------------------------------------
 *
 * dual_write_cache.h
 *		The edges of a table, resolved against its columns, per session.
 *
 * Made from the arguments of the table's dual-write trigger, dropped by
 * relcache invalidation and by a change of a function that they call.  What is
 * evaluated with them is in edge_eval.h.
 *-------------------------------------------------------------------------
 */
#ifndef PGROLL_DUAL_WRITE_CACHE_H
#define PGROLL_DUAL_WRITE_CACHE_H

#include "nodes/bitmapset.h"
#include "utils/rel.h"

#include "versioning/edge.h"
#include "versioning/tuple_tail.h"

/* A column that some half sets. */
typedef struct EdgeTarget
{
	AttrNumber	attnum;
	int			up_migration;	/* whose up half sets it, or -1 */
	int			up_rule;		/* that half, or -1 */
} EdgeTarget;

/* One half of an edge, resolved. */
typedef struct EdgeRule
{
	const EdgeHalf *half;
	int			migration;		/* index */
	bool		is_up;
	int			numbered_by;	/* of a down half: the up half of its edge
								 * that may number its column (edge.h), or -1 */
	int			target;			/* index of the target that it sets */
	bool		varlena;		/* which is of variable length */
	int			ninputs;
	AttrNumber *inputs;
	Oid		   *input_types;
	int		   *input_targets;	/* index of each input's target, or -1 */
	bool	   *input_paired;	/* of an up half: does a down half of the same
								 * migration make the input of its column? */
	/* what relation_edges_resolve() finds, expr NULL before */
	Node	   *expr;			/* analyzed, of the target's type, unplanned */
	bool		has_subquery;
	bool		has_user_function;
	List	   *plans;			/* PlannedRule *, by user */
} EdgeRule;

/* The edges of one migration, as indexes of RelationEdges.rules. */
typedef struct EdgeVersion
{
	EdgeMigration *migration;
	AttrNumber	marker;
	bool		missing_awaits; /* do rows await that are too short for it? */
	int			nups;
	int		   *ups;			/* in the order in which they run */
	int			ndowns;
	int		   *downs;			/* likewise: the last edge's first */
	char	   *search_path;	/* for functions that are not built in */
} EdgeVersion;

typedef struct RelationEdges
{
	Oid			relid;
	Oid			owner;			/* of the table */
	MemoryContext context;
	bool		valid;
	bool		cached;			/* found by the next call */
	int			pins;			/* statements that use it */
	TupleDesc	tupdesc;		/* of the table, a copy */
	int			nmigrations;
	EdgeVersion *migrations;	/* oldest first */
	int			nrules;
	EdgeRule   *rules;
	int			ntargets;
	EdgeTarget *targets;
	Bitmapset  *columns;		/* all columns above, offset as in
								 * tg_updatedcols */
	Bitmapset  *newer_columns;	/* those that the oldest version does not have */
	bool		has_not_null;	/* some half has not_null */
	bool		has_numbers;	/* some half has numbered */
	bool		has_always;		/* … always */
	TupleTail  *tail;			/* shadows and markers at the table's end */
	List	   *relations;		/* OIDs of relations that expressions read */
	List	   *items;			/* PlanInvalItem *: functions and types */
	char	   *misplaced;		/* a trigger that fires outside ours, or NULL */
} RelationEdges;

/*
 * The edges of a table, or NULL where it has no dual-write trigger.  They stay
 * in memory until the next call, or while they are pinned.
 */
extern RelationEdges *relation_edges_get(Relation relation);

/* A statement uses them; it has ended. */
extern void relation_edges_pin(RelationEdges *edges);
extern void relation_edges_unpin(RelationEdges *edges);

/* Attribute number of the marker of a migration (by version schema), or 0. */
extern AttrNumber relation_edges_marker(const RelationEdges *edges,
										const char *version_schema);

/*
 * Columns that a backfill may set, offset by FirstLowInvalidHeapAttributeNumber,
 * stored generated columns not included.
 */
extern Bitmapset *relation_edges_backfill_columns(const RelationEdges *edges);

/*
 * Reads the expression of a rule; until one is needed, nobody minds its state.
 * Raises broken_edge where it no longer can be read.
 */
extern void relation_edges_resolve(RelationEdges *edges, EdgeRule *rule);

/*
 * The planned expression of a rule without a subquery, to be run by the user
 * of now: its columns are those of ecxt_scantuple.  Lives as long as edges.
 */
extern Expr *relation_edges_plan(RelationEdges *edges, EdgeRule *rule);

#endif							/* PGROLL_DUAL_WRITE_CACHE_H */
