/*-------------------------------------------------------------------------
 *
 * step.h
 *		A plan: the steps, edges and tasks that a phase consists of, as data.
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
	Phase		phase;
	int			operation;		/* its place in the document from 1; 0: none */
	char	   *command;
	LOCKMODE	lock;			/* NoLock: none, or the user's own affair */
	Oid			relation;		/* InvalidOid where the step creates it */
	char	   *relation_name;	/* qualified and quoted, for people */
	bool		user_text;		/* the sql operation's own text */
	TaskKind	task;			/* of PHASE_BACKGROUND */
	char	   *task_object;
} Step;

typedef struct MigrationPlan
{
	char	   *base_schema;
	List	   *steps;			/* Step * */
} MigrationPlan;

extern MigrationPlan *plan_create(const char *base_schema);

/* Append a copy of step. */
extern void plan_step(MigrationPlan *plan, Step step);

extern const char *phase_name(Phase phase);

#endif							/* PGROLL_STEP_H */
