/*-------------------------------------------------------------------------
 *
 * column_sequence.h
 *		The sequence of a serial or identity column.
 *-------------------------------------------------------------------------
 */
#ifndef PGROLL_COLUMN_SEQUENCE_H
#define PGROLL_COLUMN_SEQUENCE_H

#include "operation/column_definition.h"

/*
 * Note the sequence that the server makes with a column of a new table, and the
 * default of a serial column: raises duplicate_table where the document gives its
 * name and that is taken.
 */
extern void column_sequence_note(const ColumnDefinition *def, SchemaModel *model,
								 const TableModel *table, Generation *generation,
								 const char *path);

/*
 * The sequence of a column that is added to a table with rows: the generation
 * gets it, the default of a serial column, and its values for old rows as up.
 */
extern void column_sequence_add(const ColumnDefinition *def, SchemaModel *model,
								const TableModel *table, Generation *generation,
								const char *path);

/* The steps that make it, before its column, and let the column own it. */
extern void column_sequence_create(SchemaModel *model, const TableModel *table,
								   const Generation *generation, MigrationPlan *plan);
extern void column_sequence_own(SchemaModel *model, const TableModel *table,
								const Generation *generation, MigrationPlan *plan);

/*
 * The steps that make an identity of a column that has its final name and is NOT
 * NULL; the numbers go on where they were.
 */
extern void column_sequence_to_identity(SchemaModel *model, TableModel *table,
										const Generation *generation,
										MigrationPlan *plan);

/* The same where a later operation drops the column again: the name is free. */
extern void column_sequence_forget(SchemaModel *model, const Generation *generation);

/*
 * The steps that give the sequences of a table that the migration creates their names, when
 * those of another table that had them are gone: as new_objects_name_created().
 */
extern void column_sequences_name_created(SchemaModel *model, TableModel *table,
										  int operation, MigrationPlan *plan);

#endif							/* PGROLL_COLUMN_SEQUENCE_H */
