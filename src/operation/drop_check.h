/*-------------------------------------------------------------------------
 *
 * drop_check.h
 *		Whether something that stays needs what an operation drops.
 *-------------------------------------------------------------------------
 */
#ifndef PGROLL_DROP_CHECK_H
#define PGROLL_DROP_CHECK_H

#include "operation/operation.h"

/*
 * Raise dependent_objects_still_exist where something that no phase of ours
 * drops needs the table (column NULL) or the column, naming it.
 */
extern void drop_check_dependents(SchemaModel *model, TableModel *table,
								  const Generation *column, const char *path);

/* The same for a constraint that is stored under that name. */
extern void drop_check_constraint_dependents(SchemaModel *model,
											 TableModel *table,
											 const char *constraint,
											 const char *path);

/*
 * Raise the same where a new default reads the sequence of a table or column that an
 * operation before drops.  Notes in model->read_sequences what it reads, so that
 * drop_check_dependents() refuses an operation that drops that later.
 */
extern void drop_check_default(SchemaModel *model, Node *expr, const char *path);

/*
 * The same for an index that serves no constraint.  Of an active migration it looks for
 * keys of partitions alone, which may have come since.
 */
extern void drop_check_index_dependents(SchemaModel *model, const char *index,
										const char *path);

/*
 * Raise dependent_objects_still_exist where others have hung something on a table
 * that the migration has created, on columns (char *) of ours in a table and its
 * members or the sequences that they own, or on such a sequence: before a phase
 * drops them.
 */
extern void drop_check_created(const SchemaModel *model, const Operation *op, Oid relid);
extern void drop_check_own_columns(const SchemaModel *model, const TableModel *table,
								   List *names);
extern void drop_check_own_sequence(const SchemaModel *model, Oid sequence);

/*
 * Raise dependent_objects_still_exist where a generated column, of a table that the
 * migration creates, is made of the column that an operation is to drop or change.
 */
extern void drop_check_not_generated_from(TableModel *table, Generation *generation,
										  const char *what, const char *path);

#endif							/* PGROLL_DROP_CHECK_H */
