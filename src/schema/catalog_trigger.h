/*-------------------------------------------------------------------------
 *
 * catalog_trigger.h
 *		The user's triggers on a table or view, as values.
 *-------------------------------------------------------------------------
 */
#ifndef PGROLL_CATALOG_TRIGGER_H
#define PGROLL_CATALOG_TRIGGER_H

#include "nodes/bitmapset.h"
#include "nodes/pg_list.h"

/* A trigger of the user's. */
typedef struct TriggerFacts
{
	Oid			oid;
	char	   *name;
	Oid			function;
	int16		type;			/* pg_trigger.tgtype */
	char		enabled;		/* pg_trigger.tgenabled */
	bool		is_constraint;
	Oid			references;		/* a constraint trigger's FROM; InvalidOid:
								 * none */
	bool		deferrable;
	bool		initially_deferred;
	bool		is_clone;		/* of the trigger of a partitioned table */
	List	   *of_columns;		/* int: attribute numbers of UPDATE OF */
	Node	   *condition;		/* of WHEN: 1 is the old row, 2 the new one */
	Bitmapset  *condition_columns;
	List	   *arguments;		/* char * */
	char	   *old_table;		/* transition tables, or NULL */
	char	   *new_table;
	char	   *comment;		/* or NULL */
	char	   *constraint_comment; /* of a constraint trigger's constraint,
									 * or NULL */
	List	   *extensions;		/* char *: on which it is marked to depend */
} TriggerFacts;

/* The user's own, neither internal nor ours. */
extern List *catalog_triggers(Oid relid);

/* The table that a trigger is on; InvalidOid: it is gone. */
extern Oid	catalog_trigger_table(Oid trigger);

#endif							/* PGROLL_CATALOG_TRIGGER_H */
