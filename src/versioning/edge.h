/*-------------------------------------------------------------------------
 *
 * edge.h
 *		Edges, and their form in the arguments of the dual-write trigger.
 *
 * The trigger's first argument says which of the two firings it is, "only",
 * "first" or "last"; each further argument is one active migration of the
 * table, oldest first, as a JSON object (see edge_migration_to_json()).  So
 * the edges change with the DDL, are dumped, and need no privilege to read.
 *-------------------------------------------------------------------------
 */
#ifndef PGROLL_EDGE_H
#define PGROLL_EDGE_H

#include "nodes/pg_list.h"
#include "utils/reltrigger.h"

/* One direction of an edge: how the value of one column comes about. */
typedef struct EdgeHalf
{
	char	   *column;			/* physical name of the column that it sets */
	char	   *logical;		/* its name in the version that shows it */
	char	   *expression;		/* SQL, fully qualified; $n is inputs[n-1] */
	List	   *inputs;			/* physical column names (char *) */
	bool		not_null;		/* the version that shows it forbids NULL */
	bool		numbered;		/* of an up half: what it reads has an
								 * identity.  An INSERT by the newer version
								 * that leaves its column NULL takes the
								 * number from there, and the down half of its
								 * edge does not run.  An UPDATE that sets it
								 * to NULL likewise takes the next one */
	bool		always;			/* of one that is numbered: it is GENERATED
								 * ALWAYS */
} EdgeHalf;

/*
 * A migration's rule for one column.  up reads columns of the older version
 * and sets one of the newer; down the other way round.  One may be NULL.
 */
typedef struct Edge
{
	EdgeHalf   *up;
	EdgeHalf   *down;
} Edge;

/* The edges of one active migration on one table. */
typedef struct EdgeMigration
{
	char	   *base_schema;
	char	   *name;			/* the migration's */
	char	   *version_schema; /* a view of this schema writes as this
								 * version */
	char	   *marker;			/* physical name of the marker column */
	List	   *edges;			/* Edge *, in the order in which up halves run */
} EdgeMigration;

typedef enum DualWriteRole
{
	DUAL_WRITE_ONLY,			/* the table has no BEFORE triggers of others */
	DUAL_WRITE_FIRST,			/* sorts before all others */
	DUAL_WRITE_LAST				/* sorts after all others */
} DualWriteRole;

/*
 * An argument of the trigger: {"base", "migration", "version", "marker", "edges":
 * [{"up": {"column", "logical", "expression", "inputs": [], "not_null", "numbered",
 * "always"}, "down"}]}, the last two only where they are true.
 * Reading one raises broken_edge where it is malformed.
 */
extern char *edge_migration_to_json(const EdgeMigration *migration);
extern EdgeMigration *edge_migration_from_json(const char *json);

/* The first argument; reading raises trigger_protocol_violated. */
extern DualWriteRole dual_write_role_from_text(const char *text);
extern const char *dual_write_role_to_text(DualWriteRole role);

/* Is this trigger ours: does it call pgroll_c.dual_write(), with arguments? */
extern bool trigger_is_dual_write(const Trigger *trigger);

/*
 * The active migrations (EdgeMigration *) named by a trigger's arguments, oldest
 * first; raises broken_edge.
 */
extern List *edge_migrations_from_trigger(const Trigger *trigger);

/* The same of all triggers of a table, or NIL. */
extern List *edge_migrations_of_table(Oid relid);

/*
 * The names (char *) of the triggers by which migrations of the base schema change a
 * relation, but for those that are clones of its parent's.
 */
extern List *edge_triggers_of_schema(Oid relid, const char *base_schema);

/*
 * Does a migration in flight, of whatever schema, give one of the columns (char *) a
 * new form, or drop it?
 */
extern bool edge_changes_any_column(Oid relid, List *columns);

#endif							/* PGROLL_EDGE_H */
