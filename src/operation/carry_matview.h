/*-------------------------------------------------------------------------
 *
 * carry_matview.h
 *		Materialized views that read a column which gets a shadow.
 *
 * A task makes each again under a name of ours, over the new columns, and fills it.
 * Then it gets a query that reads nothing, so that nothing hangs on it; the completion
 * gives it the old one's text and name.
 *-------------------------------------------------------------------------
 */
#ifndef PGROLL_CARRY_MATVIEW_H
#define PGROLL_CARRY_MATVIEW_H

#include "operation/carry_dependents.h"
#include "operation/view_text.h"
#include "state/tasks.h"

/* With the statements that put what was made in its place. */
extern CarriedObject *carry_matview_object(SchemaModel *model, const View *view);

/*
 * The tasks that make those that were found, in order.  Of an active migration: those
 * that are not made yet, or not as the old ones are now.
 */
extern void carry_matviews_start(SchemaModel *model, const CarriedDependents *found,
								 MigrationPlan *plan);

/* The steps that drop what was made: all of it; for what is there no more. */
extern void carry_matviews_drop(int64 migration, Phase phase, MigrationPlan *plan);
extern void carry_matviews_drop_unwanted(SchemaModel *model,
										 const CarriedDependents *found,
										 MigrationPlan *plan);

/* Is it what the task has made, or one before it for the same? */
extern bool carry_matview_is_of_task(Oid matview, const Task *task);

/*
 * How one is made.  While it is filled a view stands for each table and view that it
 * reads, also by way of another.
 */
typedef struct MatviewBuild
{
	SchemaModel *model;
	View	   *matview;
	char	   *name;			/* that it gets, qualified and quoted */
	List	   *tables;			/* Oid: those read whose columns change */
	List	   *views;			/* View *: those that read them, in order */
	List	   *substitutes;	/* Substitute * */
} MatviewBuild;

/* NULL where it reads no column that gets a shadow. */
extern MatviewBuild *carry_matview_build(SchemaModel *model, Oid matview);

/* All that makes it, as text: what the task is for, and by which a change is seen. */
extern char *carry_matview_command(const MatviewBuild *build);

/*
 * The statements (char *), to be run one after the other: those that make the view in
 * the place of a table or view, and those that make the materialized view, empty.  Each
 * is asked for when what it reads was made and noted.
 */
extern List *carry_matview_stand_in(const MatviewBuild *build, Oid relid);
extern List *carry_matview_create(const MatviewBuild *build);

/* … and those that make the rest of it, when it is there. */
extern List *carry_matview_finish(const MatviewBuild *build);

/* A view stands in the place of the relation now. */
extern void carry_matview_note(MatviewBuild *build, Oid relid);

/* The one that drops those views. */
extern char *carry_matview_drop_stand_ins(const MatviewBuild *build);

/* What was made: InvalidOid where it is not there. */
extern Oid	carry_matview_made(const MatviewBuild *build);

#endif							/* PGROLL_CARRY_MATVIEW_H */
