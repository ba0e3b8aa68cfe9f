/*-------------------------------------------------------------------------
 *
 * carry.h
 *		Constraints and indexes of the columns that get a shadow.
 *-------------------------------------------------------------------------
 */
#ifndef PGROLL_CARRY_H
#define PGROLL_CARRY_H

#include "operation/operation.h"
#include "schema/catalog_constraint.h"
#include "schema/catalog_object.h"

/*
 * The steps that make each constraint and index, on which a column stands that
 * has a shadow, again with the shadow in its place: constraints NOT VALID now
 * and validated in the background, indexes built there.  What is there already
 * is left out, so that a second call adds what is missing.
 */
extern void carry_start(SchemaModel *model, TableModel *table, MigrationPlan *plan);

/*
 * The same objects under their own names, for appending when all columns are
 * swapped.  Planned before the swap, since it reads the old objects.  Raises
 * object_not_in_prerequisite_state where one was added since the start.
 */
extern void carry_complete(SchemaModel *model, TableModel *table, MigrationPlan *plan);

/* catalog_column_names(), with those of the shadows in the place of what they replace. */
extern List *carry_column_names(const TableModel *table);

/*
 * Raise feature_not_supported: an index or constraint that has the name reads whole rows
 * of the table (label, for people), and would go on with what it was made of.
 */
pg_noreturn extern void carry_refuse_row(const char *label, const char *name);

/* Is one of the columns (attribute numbers) shadowed, and are all in the newest version? */
extern bool carry_covers(const TableModel *table, Bitmapset *attnums);

/* A stored column, in one member of its table, that gets a shadow. */
typedef struct ChangedColumn
{
	TableModel *table;
	Generation *stored;
	Generation *generation;		/* what replaces it */
	Oid			relid;			/* of the member */
	AttrNumber	attnum;			/* in that */
} ChangedColumn;

/* All of them (ChangedColumn *), each member's once. */
extern List *carry_changed_columns(const SchemaModel *model);

/* Has a stored column of the table a shadow? */
extern bool carry_has_shadow(const TableModel *table);

/* The generation that replaces a stored column, NULL where none does. */
extern Generation *carry_shadow_of(const TableModel *table, AttrNumber attnum);

/*
 * "FOREIGN KEY (…) REFERENCES …" of columns that are called so now: names by
 * attribute number (char *, from 1), and the referenced table and ones (char *).
 */
extern char *carry_foreign_key_sql(const ConstraintFacts *facts, List *names,
								   const char *partner, List *partner_key);

/* " DEFERRABLE INITIALLY DEFERRED", a part of it, or nothing. */
extern const char *carry_timing_sql(const ConstraintFacts *facts);

/*
 * "ALTER CONSTRAINT copy …", which gives the copy the timing of facts: ALTER CONSTRAINT may
 * have changed that since the start.  NULL: it has it, or there is no copy.
 */
extern char *carry_timing_change(const ConstraintFacts *facts, const ConstraintFacts *copy);

/* Raise object_not_in_prerequisite_state for what was added since the start. */
extern void carry_must_exist(bool exists, const char *table, const char *name);

/*
 * The steps of the completion that drop what stands for a constraint or index that
 * is there no more under its name: somebody renamed it since the start.
 */
extern void carry_drop_unwanted(SchemaModel *model, MigrationPlan *plan);

/* Does something of that name, on a relation, stand for what is there no more? */
extern bool carry_is_unwanted(const SchemaModel *model, Oid relid, const char *name);

#endif							/* PGROLL_CARRY_H */
