/*-------------------------------------------------------------------------
 *
 * operation_util.h
 *		What several operations need.
 *-------------------------------------------------------------------------
 */
#ifndef PGROLL_OPERATION_UTIL_H
#define PGROLL_OPERATION_UTIL_H

#include "operation/operation.h"

/* "operations[2].alter_column.up" */
extern char *operation_path(const Operation *op, const char *field);

/*
 * Append the locks that the server takes on other tables when foreign keys of a
 * table and its members go: those with one of the columns (char *), or all (NIL).
 */
extern void operation_lock_partners(Oid relid, List *columns, Phase phase,
									MigrationPlan *plan);

/* The same for one foreign key; nothing where the constraint is none. */
extern void operation_lock_constraint_partner(Oid relid, const char *constraint,
											  Phase phase, MigrationPlan *plan);

/* Partitions and inheritance children (Oid), which a table's DDL locks too. */
extern List *operation_other_members(Oid relid);

/*
 * An up or down half: text parsed against the columns that table shows now and
 * checked to be assignable to target; NULL where the model is one of a
 * completion, which needs no expressions.
 */
extern Node *operation_half(SchemaModel *model, TableModel *table, const char *text,
							const Generation *target, const char *path);

/*
 * An up half has no stored value to read of a column that the migration adds: the
 * up of that one stands in its place.  Raise feature_not_supported where it would not
 * give the same again; own is what the half's own column was before, or NULL.
 */
extern void operation_check_up_reads(TableModel *table, Node *up, const Generation *own,
									 const char *path);

/* Append the locks of the sequences that go with columns (char *) of a table. */
extern void operation_lock_sequences(Oid relid, List *columns, Phase phase,
									 MigrationPlan *plan);

/*
 * Append "ALTER TABLE table action" to the start: what an operation does at once
 * to a table that the same migration creates.
 */
extern void operation_alter_created(const Operation *op, SchemaModel *model,
									MigrationPlan *plan, const char *table,
									const char *action);

/*
 * What the table's generations are stored as, by number (char *): in the place of
 * each the newest one of its lineage, and a name that no column has where that
 * is dropped.
 */
extern List *operation_newest_names(const TableModel *table);

/*
 * A default, checked to be assignable to the type, and to read no sequence that the
 * migration drops.
 */
extern Node *operation_default(SchemaModel *model, const char *text, Oid type,
							   const char *path);

/*
 * The steps of the completion that give the columns of an index (InvalidOid while it is
 * only foreseen) their names: present and wanted (char *), in order.  A name that a
 * later column still has is made free first.  By then the index is called index_name,
 * now shown_name (both qualified and quoted).
 */
extern void operation_rename_index_columns(SchemaModel *model, int operation, Oid index,
										   const char *index_name,
										   const char *shown_name, List *present,
										   List *wanted, MigrationPlan *plan);

/*
 * The statements (char *) that let an object, "INDEX s.i", go with the extensions (char *)
 * as that does whose place it takes.
 */
extern List *operation_extensions_sql(const char *described, List *extensions);

/*
 * A table that the migration creates gets the name at the start: a table that the
 * migration drops is to be moved aside.  Raises duplicate_table where something else has
 * the name until the completion, such as a table that it renames.
 */
extern void operation_claim_name(SchemaModel *model, const char *name, const char *path);

/*
 * Has something the name of an index still where operation number completes, although
 * the migration takes it away: it goes with a column, or with a table that a later
 * operation drops, or is renamed when all of those have gone?
 */
extern bool operation_name_comes_late(SchemaModel *model, const char *name, int number);

/*
 * Let nobody rename an index from the start on, which knows it by its name.  Who renames
 * one locks no table: who has begun to is waited for, who comes later is seen to
 * (rename_guard.h).
 */
extern void operation_keep_index_name(MigrationPlan *plan, Oid index);

/* Lock a table, and all of its partitions, in a phase. */
extern void operation_lock_tree(MigrationPlan *plan, Phase phase, Oid relid, LOCKMODE mode);

#endif							/* PGROLL_OPERATION_UTIL_H */
