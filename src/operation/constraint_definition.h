/*-------------------------------------------------------------------------
 *
 * constraint_definition.h
 *		A constraint of the document: of a table, a column or create_constraint.
 *-------------------------------------------------------------------------
 */
#ifndef PGROLL_CONSTRAINT_DEFINITION_H
#define PGROLL_CONSTRAINT_DEFINITION_H

#include "operation/exclusion_definition.h"
#include "operation/operation.h"
#include "schema/object_model.h"

/* What a foreign key references. */
typedef struct ReferenceDefinition
{
	char	   *path;
	char	   *table;
	List	   *columns;		/* char * */
	char	   *columns_path;
	const char *match_type;		/* SQL keywords, NULL: not given */
	const char *on_delete;
	const char *on_update;
	List	   *set_columns;	/* char *: of ON DELETE SET … */

	/* set by constraint_definition_apply() */
	TableModel *partner;
	List	   *partner_key;	/* Generation * of the partner */
	List	   *set_key;		/* Generation * of the table */
} ReferenceDefinition;

typedef struct ConstraintDefinition
{
	char	   *path;
	char	   *name;			/* NULL: PostgreSQL's own choice, made by
								 * constraint_definition_apply() */
	char		type;			/* pg_constraint.contype */
	List	   *columns;		/* char * */
	char	   *check;
	char	   *check_path;
	bool		no_inherit;
	bool		nulls_not_distinct;
	bool		deferrable;
	bool		initially_deferred;
	ReferenceDefinition *references;
	List	   *include;		/* char * */
	char	   *storage_source; /* storage_parameters, as the document has
								 * them */
	char	   *tablespace;
	ExclusionDefinition *exclude;

	/* set by constraint_definition_apply() */
	List	   *key;			/* Generation * */
	List	   *included;		/* Generation * */
	Node	   *check_expr;		/* over generations */
	char	   *storage;		/* of WITH, or NULL */

	/* set by new_object_apply() */
	char	   *created_sql;	/* "CONSTRAINT name …" on a table that the migration
								 * creates */
	List	   *members;		/* IndexMember *: what a key of another
								 * consists of */
} ConstraintDefinition;

/* {name, constraint, no_inherit}: the check of a column. */
extern ConstraintDefinition *constraint_definition_parse_check(JsonReader *reader);

/* {name, table, column, on_delete, …}: what column references. */
extern ConstraintDefinition *constraint_definition_parse_reference(JsonReader *reader,
																   char *column);

/* A unique or primary key of one column; name is NULL where it is not given. */
extern ConstraintDefinition *constraint_definition_of_column(char type, char *name,
															 char *column,
															 const char *path);

/*
 * Read name, type, columns, check, no_inherit, references and index_parameters
 * of the object; unknown keys are left to json_done().
 */
extern ConstraintDefinition *constraint_definition_parse(JsonReader *reader);

/* The same of create_table, where it may be deferrable or an exclusion, too. */
extern ConstraintDefinition *constraint_definition_parse_of_table(JsonReader *reader);

/*
 * Check it against the model as it is now, choose a name where it has none, and
 * enter it into the model of the table.  A primary key makes no column NOT NULL:
 * that is the operation's affair.
 */
extern ObjectModel *constraint_definition_apply(ConstraintDefinition *def,
												SchemaModel *model,
												TableModel *table, int operation);

/*
 * "CHECK (…)", "UNIQUE (…)", "FOREIGN KEY (…) REFERENCES …", with the names that
 * the columns, as the newest version shows them, are stored under.
 */
extern char *constraint_definition_sql(const ConstraintDefinition *def,
									   SchemaModel *model, const TableModel *table);

/*
 * "CREATE UNIQUE INDEX name ON relation …" for a unique or primary key of the table; how is
 * "CONCURRENTLY " or "", the relation (quoted) that, or one of its partitions.
 */
extern char *constraint_definition_index_sql(const ConstraintDefinition *def,
											 const TableModel *table, const char *how,
											 const char *name, const char *relation);

/* Columns by their names: generations (Generation *) as the table shows them now. */
extern List *constraint_definition_columns(TableModel *table, List *names,
										   const char *path);

/*
 * Read a check again over the columns as the last operation leaves them: a later one
 * may have changed a type.
 */
extern void constraint_definition_recheck(const ConstraintDefinition *def,
										  const SchemaModel *model, TableModel *table);

/* A primary key or unique constraint? */
extern bool constraint_definition_is_key(const ConstraintDefinition *def);

/* " DEFERRABLE INITIALLY DEFERRED", or a part of it. */
extern char *constraint_definition_timing(const ConstraintDefinition *def);

#endif							/* PGROLL_CONSTRAINT_DEFINITION_H */
