/*-------------------------------------------------------------------------
 *
 * operation.h
 *		What an operation family provides.
 *-------------------------------------------------------------------------
 */
#ifndef PGROLL_OPERATION_H
#define PGROLL_OPERATION_H

#include "ddl/step.h"
#include "schema/schema_model.h"
#include "support/json_reader.h"

struct OperationOps;

/* One entry of a migration; the first member of each operation's struct. */
typedef struct Operation
{
	const struct OperationOps *ops;
	int			number;			/* place in the document, from 1 */
	char	   *path;			/* "operations[0].add_column" */
	List	   *siblings;		/* Operation *: all of the migration */
} Operation;

/* A migration document, read. */
typedef struct Migration
{
	char	   *base_schema;
	char	   *name;
	char	   *version_schema; /* the schema of its views */
	List	   *operations;		/* Operation * */
} Migration;

/*
 * parse:    read the operation's JSON object; report errors through the reader.
 * validate: check against, then apply to, the model; must not touch the database.
 * start:    append the steps that add the new shape beside the old one.  The
 *           model is the one that the last operation left.
 * vacate:   append the steps of the completion that make a name free, before any
 *           object of ours gets another name than what it stands for has.
 * supplement: append the background steps of the start of which nothing is left,
 *           as somebody dropped it since.
 * complete: append the steps that remove the old shape.
 * rollback: append the steps that undo start (which was atomic: all of it is
 *           there), but for shadows, triggers and views, which are found by
 *           their names.  The model is that of the catalogs as they are.
 * settle:   append the steps of the completion that need a name which something else
 *           may have until all columns and tables have theirs.
 * put_back: append the steps that undo start and need a name that a rollback of
 *           whatever operation makes free.
 * forget:   take out of a model of the catalogs as they are what start did to
 *           the list of tables, so that validate can apply the operation to it
 *           once more.
 *
 * Each from vacate on may be NULL.
 */
typedef struct OperationOps
{
	const char *name;			/* key in the migration document */
	Operation  *(*parse) (JsonReader *reader);
	void		(*validate) (Operation *op, SchemaModel *model);
	void		(*start) (const Operation *op, SchemaModel *model, MigrationPlan *plan);
	void		(*vacate) (const Operation *op, SchemaModel *model, MigrationPlan *plan);
	void		(*supplement) (const Operation *op, SchemaModel *model, MigrationPlan *plan);
	void		(*complete) (const Operation *op, SchemaModel *model, MigrationPlan *plan);
	void		(*settle) (const Operation *op, SchemaModel *model, MigrationPlan *plan);
	void		(*rollback) (const Operation *op, SchemaModel *model, MigrationPlan *plan);
	void		(*put_back) (const Operation *op, SchemaModel *model, MigrationPlan *plan);
	void		(*forget) (const Operation *op, SchemaModel *model);
} OperationOps;

extern const OperationOps add_column_ops;
extern const OperationOps alter_column_ops;
extern const OperationOps create_constraint_ops;
extern const OperationOps create_index_ops;
extern const OperationOps create_table_ops;
extern const OperationOps drop_column_ops;
extern const OperationOps drop_constraint_ops;
extern const OperationOps drop_index_ops;
extern const OperationOps drop_multicolumn_constraint_ops;
extern const OperationOps drop_table_ops;
extern const OperationOps rename_column_ops;
extern const OperationOps rename_constraint_ops;
extern const OperationOps rename_table_ops;
extern const OperationOps set_replica_identity_ops;
extern const OperationOps sql_ops;

/*
 * What a table that an operation knows as name is called after the later
 * operations of its migration; NULL where one of them drops it.
 */
extern char *operation_final_table_name(const Operation *op, char *name);

/* The same of the table that an operation creates; NULL where it creates none. */
extern char *operation_created_table(const Operation *op);

/* Does it create a table of that name? */
extern bool operation_creates_table(const Operation *op, const char *name);

#endif							/* PGROLL_OPERATION_H */
