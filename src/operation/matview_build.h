/*-------------------------------------------------------------------------
 *
 * matview_build.h
 *		How a materialized view is made again over the new columns.
 *-------------------------------------------------------------------------
 */
#ifndef PGROLL_MATVIEW_BUILD_H
#define PGROLL_MATVIEW_BUILD_H

#include "operation/view_text.h"
#include "schema/schema_model.h"

/*
 * While it is filled a view stands for each table and view that it reads, also by way of
 * another.
 */
typedef struct MatviewBuild
{
	SchemaModel *model;
	bool		fills;			/* what it reads that has no rows is read by
								 * its query */
	View	   *matview;
	char	   *name;			/* that it gets, qualified and quoted */
	List	   *tables;			/* Oid: those read whose columns change */
	List	   *views;			/* View *: those that read them, in order */
	List	   *substitutes;	/* Substitute * */
} MatviewBuild;

/* NULL where it reads no column that gets a shadow. */
extern MatviewBuild *matview_build_read(SchemaModel *model, Oid matview);

/*
 * … as it is filled now: materialized views that it reads, where what was made of them
 * has no rows, are among its views.
 */
extern MatviewBuild *matview_build_to_fill(SchemaModel *model, Oid matview);

/* All that makes it, as text: what the task is for, and by which a change is seen. */
extern char *matview_build_command(const MatviewBuild *build);

/*
 * The statements (char *), to be run one after the other: those that make the view in
 * the place of a table or view, and those that make the materialized view, empty.  Each
 * is asked for when what it reads was made and noted.
 */
extern List *matview_build_stand_in(const MatviewBuild *build, Oid relid);
extern List *matview_build_create(const MatviewBuild *build);

/* … and those that make the rest of it, when it is there. */
extern List *matview_build_finish(const MatviewBuild *build);

/* A view stands in the place of the relation now. */
extern void matview_build_note(MatviewBuild *build, Oid relid);

/* The one that drops those views. */
extern char *matview_build_drop_stand_ins(const MatviewBuild *build);

/* What was made of a materialized view: InvalidOid where it is not there. */
extern Oid	matview_build_made(const MatviewBuild *build);
extern Oid	matview_made(const SchemaModel *model, Oid matview);

/* Its name, qualified and quoted. */
extern char *matview_made_name(const SchemaModel *model, Oid matview);

/*
 * The statements (char *) that make the indexes and the extended statistics of a
 * materialized view on a relation (its name), for the migration; 0: under their own
 * names.
 */
extern List *matview_indexes_sql(int64 migration, const View *view,
								 const char *relation);
extern List *matview_statistics_sql(int64 migration, const View *view,
									const char *relation);

#endif							/* PGROLL_MATVIEW_BUILD_H */
