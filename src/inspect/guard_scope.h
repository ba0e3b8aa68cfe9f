/*-------------------------------------------------------------------------
 *
 * guard_scope.h
 *		What the active migrations need: their schemas, tables and columns.
 *-------------------------------------------------------------------------
 */
#ifndef PGROLL_GUARD_SCOPE_H
#define PGROLL_GUARD_SCOPE_H

#include "access/attnum.h"
#include "nodes/pg_list.h"
#include "state/migration_drops.h"

/* An active migration with all the version schemas of its base schema. */
typedef struct GuardLine
{
	int64		migration;
	char	   *name;
	bool		is_home;		/* as MigrationRow has it */
	char	   *base_schema;
	List	   *version_schemas;	/* char * */
	List	   *drops;			/* MigrationDrop * */
} GuardLine;

/* GuardLine * for each active migration, in the current context. */
extern List *guard_lines(void);

/*
 * The line that needs an object, or NULL: a schema that is a base or version
 * schema; a relation that is a version's view or that such a view shows, or
 * also one that has our trigger; a column that such a view shows or that an edge
 * names; and what a completion is to drop.
 */
extern GuardLine *guard_line_of_schema(List *lines, const char *schema);
extern GuardLine *guard_line_of_view_schema(List *lines, const char *schema);
extern GuardLine *guard_line_of_shown(List *lines, Oid relid);
extern GuardLine *guard_line_of_relation(List *lines, Oid relid);
extern GuardLine *guard_line_of_column(List *lines, Oid relid, const char *column);

/* guard_line_of_relation(), or any where none needs it. */
extern GuardLine *guard_line_of_table(List *lines, Oid relid);

/* Raise protected_object: what, as "drop index", can't be done to an object. */
pg_noreturn extern void guard_refuse(const GuardLine *line, const char *what,
									 const char *object);

/* The line whose completion is to drop it, or NULL; name is NULL for a table. */
extern GuardLine *guard_line_of_drop(List *lines, DropType type, Oid relid,
									 const char *name);

#endif							/* PGROLL_GUARD_SCOPE_H */
