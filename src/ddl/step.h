/*-------------------------------------------------------------------------
 *
 * step.h
 *		A plan: the steps that a phase consists of, as data.
 *
 * Operations append to a plan and run nothing; ddl_execute.c runs it,
 * plan_migration() prints it.
 *-------------------------------------------------------------------------
 */
#ifndef PGROLL_STEP_H
#define PGROLL_STEP_H

#include "nodes/pg_list.h"
#include "storage/lockdefs.h"

#include "state/tasks.h"

typedef enum Phase
{
	PHASE_START,
	PHASE_BACKGROUND,
	PHASE_COMPLETE,
	PHASE_ROLLBACK
} Phase;

/*
 * One statement.  A step of PHASE_BACKGROUND is a task of the worker, to be
 * entered into pgroll_c.task when the start runs.
 */
typedef struct Step
{
	int			number;			/* in the order of planning, set by plan_step() */
	Phase		phase;
	int			operation;		/* its place in the document from 1; 0: none */
	char	   *command;		/* NULL: only a lock */
	LOCKMODE	lock;			/* NoLock: none, or the user's own affair */
	Oid			relation;		/* InvalidOid where the step creates it */
	char	   *relation_name;	/* qualified and quoted, for people */
	List	   *also;			/* Oid: others that it locks in the same mode */
	bool		user_text;		/* the sql operation's own text */
	const char *path;			/* of that text, or of what the document asks
								 * for, for errors; NULL: none */
	char	   *carried;		/* what it makes again for a new column, or
								 * NULL */
	Oid			view_of;		/* it makes or drops a version's view of this
								 * relation, or a part of it; or InvalidOid */
	char	   *undo;			/* of what makes a version's schema or view: what
								 * drops it again; or NULL */
	bool		ahead;			/* run before the locks of the other steps are
								 * taken */
	bool		done;			/* by the plan before this one */
	bool		trial;			/* undone at once, with the trials beside it */
	char	   *domain_column;	/* of relation: it becomes one of this domain
								 * (column_domain.h); command is for people */
	Oid			domain;
	struct ArrayType *access_list;	/* put into the catalog (access_list.h), of
									 * relation_name or of this … */
	char	   *access_column;	/* … column of it; command is for people */
	char	   *matview_query;	/* of relation: it becomes that of this
								 * materialized view (matview_query.h) */
	struct PartitionedKey *partitioned_key; /* of relation; or the names of … */
	char	   *foreign_key;	/* … the parts of this one of its, */
	List	   *foreign_key_parts;	/* which are put into the catalog
									 * (partition_constraint.h); command is for
									 * people */
	Oid			part_of;		/* the table whose foreign_key has a part in relation, a
								 * partition, which gets part_name; command is
								 * for people */
	char	   *part_name;
	Oid			index_part;		/* an index that is taken out of the whole table's
								 * (index_part.h); command is for people */
	TaskKind	task;			/* of PHASE_BACKGROUND */
	char	   *task_object;
} Step;

/* Before the command of a trial, so that people who read a plan see that it is one. */
#define STEP_TRIAL "/* trial */ "

typedef struct MigrationPlan
{
	char	   *base_schema;
	List	   *steps;			/* Step * */
} MigrationPlan;

/* An empty plan, in the current context, as all that is appended to it. */
extern MigrationPlan *plan_create(const char *base_schema);

/*
 * Mark as ahead, and put at the beginning of the phase, its steps that make or drop
 * versions' views of relations which no other step of it locks in SHARE mode or
 * stronger; with views to be made, the CREATE SCHEMA that they are in.  There may be
 * thousands, and who uses the tables that change need not wait for them.  Nothing is
 * marked in a phase that locks no relation so.
 */
extern void plan_put_ahead(MigrationPlan *plan, Phase phase);

/* Append a copy of step. */
extern void plan_step(MigrationPlan *plan, Step step);

/*
 * Append a lock that the steps of a phase take beside those that they name: a
 * step without a statement.
 */
extern void plan_lock(MigrationPlan *plan, Phase phase, Oid relation,
					  LOCKMODE mode, const char *relation_name);

/*
 * Append "COMMENT ON object IS …" (comment NULL: none any more); the relation is the
 * one that it is, or is a part of.
 */
extern void plan_comment(MigrationPlan *plan, Phase phase, int operation, Oid relation,
						 const char *relation_name, const char *object,
						 const char *comment);

/* "ALTER TABLE … VALIDATE CONSTRAINT …" of a table, qualified and quoted. */
extern char *step_validate_sql(const char *relation_name, const char *constraint);

/* Append the background validation of a constraint that is NOT VALID at first. */
extern void plan_validate(MigrationPlan *plan, int operation, Oid relation,
						  const char *relation_name, const char *constraint);

/* Append the background build of an index: CREATE INDEX CONCURRENTLY, on a relation. */
extern void plan_index_build(MigrationPlan *plan, int operation, Oid relation,
							 const char *relation_name, const char *index,
							 char *command);

/*
 * Make of an error, raised by a statement that makes what (a constraint, an index,
 * as people know it) again for a new column, one that says so: 0A000.  Errors that
 * are not the statement's own are left alone.
 */
extern void step_explain_carried(ErrorData *error, const char *what);

/* "start", "background", "complete", "rollback" */
extern const char *phase_name(Phase phase);

#endif							/* PGROLL_STEP_H */
