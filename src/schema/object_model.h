/*-------------------------------------------------------------------------
 *
 * object_model.h
 *		Constraints and indexes of a table, as the newest version has them.
 *
 * Operations make, rename and drop them in the model, in order, as they do with
 * columns.  What is stored is read when an operation first asks for a table's.
 *-------------------------------------------------------------------------
 */
#ifndef PGROLL_OBJECT_MODEL_H
#define PGROLL_OBJECT_MODEL_H

#include "schema/schema_model.h"

/* Beside the values of pg_constraint.contype: an index that serves no constraint. */
#define OBJECT_INDEX 'i'

typedef struct ObjectModel
{
	char	   *name;			/* logical */
	char	   *stored;			/* before the migration; NULL: it makes it */
	char	   *present;		/* in the completion's plan: stored, or what a
								 * step has renamed it to; NULL: one that is made has
								 * no name yet */
	char		type;			/* pg_constraint.contype or OBJECT_INDEX */
	bool		inherited;		/* from a parent table */
	bool		dropped;		/* by the migration */
	bool		renamed;
	char	   *made;			/* on a table that the migration creates: what it is
								 * called until the completion */
	int			operation;		/* that made, renamed or dropped it last */
	List	   *columns;		/* Generation *: that it covered when it was
								 * stored or made */
	void	   *definition;		/* of one that the migration makes: a
								 * ConstraintDefinition or IndexDefinition */
} ObjectModel;

/* Is it one that is stored, whose name the completion drops or changes? */
extern bool object_loses_name(const ObjectModel *object);

/* All (ObjectModel *) of a table, dropped ones included. */
extern List *model_objects(TableModel *table);

/*
 * The constraint of that name, of the newest version; raises undefined_object
 * at path where the table has none.
 */
extern ObjectModel *model_constraint(TableModel *table, const char *name, const char *path);

/* The constraint or index of that name, or NULL. */
extern ObjectModel *model_find_object(TableModel *table, const char *name);

/*
 * The index of that name, wherever in the schema its table is, and the table;
 * raises undefined_object at path.  It may serve a constraint.
 */
extern ObjectModel *model_index(SchemaModel *model, const char *name, const char *path,
								TableModel **table);

/* The same, NULL where there is none. */
extern ObjectModel *model_find_index(SchemaModel *model, const char *name,
									 TableModel **table);

/*
 * Append one that operation makes, of the columns (Generation *).  An index of a table
 * that the migration creates has a name of ours until the completion where something
 * has its name that the migration drops or renames.
 */
extern ObjectModel *model_add_object(SchemaModel *model, TableModel *table,
									 const char *name, char type, List *columns,
									 void *definition, int operation);

/* Give it another name, as operation does. */
extern void model_rename_object(SchemaModel *model, TableModel *table, ObjectModel *object,
								const char *name, int operation);

/*
 * Raise duplicate_object, duplicate_table where a new constraint, index (or
 * constraint with an index: has_index) can't have the name; reserved_name where
 * it is one of ours.
 */
extern void model_check_object_free(SchemaModel *model, TableModel *table,
									const char *name, bool has_index, const char *path);

/*
 * Raise duplicate_object where a partition or child that gets a new constraint of
 * the table, or its new name, has another of that name.
 */
extern void model_check_members_free(SchemaModel *model, TableModel *table,
									 const char *name, char type, const char *path);

/*
 * Has a stored relation the name that is free at the completion: an index, or a table,
 * that the migration drops or renames, a sequence of a table that it drops?
 */
extern bool model_relation_is_vacated(SchemaModel *model, const char *name);

/* Has nothing the name in the newest version that the migration makes or keeps? */
extern bool model_relation_is_unclaimed(SchemaModel *model, const char *name);

/* Is an index of that name made by the migration, on a table that it creates? */
extern bool model_makes_index(const SchemaModel *model, const char *name);
extern bool model_creates_index(const SchemaModel *model, const char *name);

/*
 * Can a relation (an index, a sequence) that the start makes have the name?
 * model_check_relation_free() raises duplicate_table or reserved_name where not.
 */
extern bool model_relation_is_free(SchemaModel *model, const char *name);
extern void model_check_relation_free(SchemaModel *model, const char *name,
									  const char *path);

/* Does it serve, or need, an index of its name? */
extern bool object_has_index(const ObjectModel *object);

/* Is none of its columns dropped, itself neither? */
extern bool object_is_shown(const TableModel *table, const ObjectModel *object);

/* Has the completion's plan, as far as it goes, dropped a column of it? */
extern bool object_has_gone(const ObjectModel *object);

/* Has a column of a stored one a shadow, so that it is made again on that? */
extern bool object_is_carried(const TableModel *table, const ObjectModel *object);

/*
 * Of an object stored under a name: did the migration drop it, and what is it
 * called in the end?  For one that no operation has touched: no, and that name.
 */
extern bool object_is_dropped(const TableModel *table, const char *stored);
extern char *object_final_name(const TableModel *table, const char *stored);

/* Is it a partition's index that goes with one of the table's, which is dropped? */
extern bool object_part_is_dropped(const TableModel *table, Oid index);

/* Is it the index of the table's replica identity, as the operations so far leave it? */
extern bool object_is_identity(const TableModel *table, const ObjectModel *object);

/* The generation that the newest version shows of a column's lineage, or NULL. */
extern Generation *model_newest_generation(const TableModel *table,
										   const Generation *generation);

#endif							/* PGROLL_OBJECT_MODEL_H */
