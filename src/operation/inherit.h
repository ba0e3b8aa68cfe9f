/*-------------------------------------------------------------------------
 *
 * inherit.h
 *		What a change of a table means for its inheritance children.
 *
 * Partitions need nothing: no version shows them by themselves.
 *-------------------------------------------------------------------------
 */
#ifndef PGROLL_INHERIT_H
#define PGROLL_INHERIT_H

#include "schema/schema_model.h"

/* Raise wrong_object_type where the column is one that its parent decides on. */
extern void inherit_check_own_column(const TableModel *table, const ColumnModel *column,
									 const char *path);

/*
 * Let the children in the model show what became of their parents' columns:
 * names, shadows, columns added and dropped.  Called once, when all operations
 * are applied and the shadows have their names.
 */
extern void inherit_apply(SchemaModel *model);

/* The parents' columns are swapped: the children's are called as theirs. */
extern void inherit_follow_names(SchemaModel *model);

#endif							/* PGROLL_INHERIT_H */
