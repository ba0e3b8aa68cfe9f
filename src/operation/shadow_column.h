/*-------------------------------------------------------------------------
 *
 * shadow_column.h
 *		A column that a migration stores beside the old ones, and its swap.
 *-------------------------------------------------------------------------
 */
#ifndef PGROLL_SHADOW_COLUMN_H
#define PGROLL_SHADOW_COLUMN_H

#include "operation/operation.h"

/*
 * Give each generation that the newest version shows, and that is not stored
 * yet, the name of its shadow.  Called once, when all operations are applied.
 */
extern void shadow_columns_name(SchemaModel *model);

/*
 * The steps that add the column: without a scan or a rewrite, with what hangs
 * on the old column alone (storage, statistics target, grants); NOT NULL as a
 * check that is NOT VALID yet.
 */
extern void shadow_column_start(SchemaModel *model, TableModel *table,
								Generation *generation, MigrationPlan *plan);

/*
 * The steps of the start, and of the completion, for what the table has alone on
 * columns that follow a parent table's to their shadows: NOT NULL.  The completion's
 * forget the one that a column has no more.
 */
extern void shadow_columns_follow(SchemaModel *model, TableModel *table, Phase phase,
								  MigrationPlan *plan);

/*
 * The steps for what the old columns of a table were given since the start: NOT NULL.
 */
extern void shadow_columns_supplement(SchemaModel *model, TableModel *table,
									  MigrationPlan *plan);

/*
 * The steps that make it the column in place of the old one, which goes: default,
 * ownership of sequences.
 */
extern void shadow_column_complete(SchemaModel *model, TableModel *table,
								   Generation *generation, MigrationPlan *plan);

/*
 * The same for all shadows of a table, which get the names of the columns that
 * they replace, before any operation's own steps: for what is made again under
 * these names.
 */
extern void shadow_columns_swap(SchemaModel *model, TableModel *table,
								MigrationPlan *plan);

/*
 * The steps that give the columns of a table the names that the newest version
 * has for them, shadows also NOT NULL and comment; after the steps of the
 * operations before the one of that number.
 */
extern void shadow_columns_rename(SchemaModel *model, TableModel *table,
								  int operation, MigrationPlan *plan);

/* "ALTER TABLE t action", under ACCESS EXCLUSIVE on the table and its members. */
extern void shadow_alter_table(SchemaModel *model, TableModel *table, int operation,
							   Phase phase, const char *action, MigrationPlan *plan);

/* The same for what is a partition's or child's own. */
extern void shadow_alter_member(Oid member, int operation, Phase phase,
								const char *actions, MigrationPlan *plan);

/*
 * Drop columns (char *) of a table and of its members, also where an
 * inheritance child has declared one itself.
 */
extern void shadow_drop_columns(SchemaModel *model, TableModel *table, int operation,
								Phase phase, List *names, MigrationPlan *plan);

/*
 * "DROP COLUMN a, DROP COLUMN b" of names (char *); of a member (or InvalidOid),
 * only of those that it has declared itself.
 */
extern char *shadow_drop_actions(List *names, Oid member);

#endif							/* PGROLL_SHADOW_COLUMN_H */
