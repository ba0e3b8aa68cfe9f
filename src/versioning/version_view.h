/*-------------------------------------------------------------------------
 *
 * version_view.h
 *		Version schemas: the steps that make and drop their views.
 *-------------------------------------------------------------------------
 */
#ifndef PGROLL_VERSION_VIEW_H
#define PGROLL_VERSION_VIEW_H

#include "ddl/step.h"
#include "schema/schema_model.h"

/* Create the schema, with the USAGE grants of the base schema. */
extern void version_schema_create(SchemaModel *model, const char *version_schema,
								  Phase phase, MigrationPlan *plan);

/*
 * Create the views of all tables that the newest version shows.  qualified
 * (TableModel *) are those whose view must load our library while an UPDATE
 * through it is planned.
 */
extern void version_views_create(SchemaModel *model, const char *version_schema,
								 Phase phase, List *qualified, MigrationPlan *plan);

/* The same for one of them that was dropped. */
extern void version_view_recreate(SchemaModel *model, TableModel *table,
								  const char *version_schema, Phase phase,
								  MigrationPlan *plan);

/*
 * Drop the view of one table, as it is stored, from the version before the
 * model's, and make it again: a column's type cannot change under a view.
 * Nothing happens where there is no such view.
 */
extern void version_view_drop_previous(SchemaModel *model, TableModel *stored,
									   Phase phase, MigrationPlan *plan);
extern void version_view_create_previous(SchemaModel *model, TableModel *stored,
										 Phase phase, MigrationPlan *plan);

/* Replace the view of one table: the same columns, without the qualification. */
extern void version_view_replace(SchemaModel *model, TableModel *table,
								 const char *version_schema, Phase phase,
								 MigrationPlan *plan);

/*
 * Grant on the views of the version what was granted on the tables since they
 * were made; what was granted on a view itself stays.
 */
extern void version_views_follow_grants(SchemaModel *model, const char *version_schema,
										Phase phase, MigrationPlan *plan);

/*
 * Raise what version_schema_drop() would (NULL: of no version): a start must not
 * lead to a completion that cannot be.
 */
extern void version_schema_check_droppable(const char *version_schema);

/*
 * Drop the views and the schema.  Raises dependent_objects_still_exist, naming
 * them, where objects of the user's depend on a view.
 */
extern void version_schema_drop(SchemaModel *model, const char *version_schema,
								Phase phase, MigrationPlan *plan);

/* Drop the views only, before they are made again. */
extern void version_views_drop(SchemaModel *model, const char *version_schema,
							   Phase phase, MigrationPlan *plan);

#endif							/* PGROLL_VERSION_VIEW_H */
