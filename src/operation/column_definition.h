/*-------------------------------------------------------------------------
 *
 * column_definition.h
 *		A Column of the document: of create_table and add_column.
 *-------------------------------------------------------------------------
 */
#ifndef PGROLL_COLUMN_DEFINITION_H
#define PGROLL_COLUMN_DEFINITION_H

#include "operation/constraint_definition.h"
#include "operation/operation.h"
#include "operation/sequence_options.h"

typedef struct ColumnDefinition
{
	char	   *name;
	char	   *type_text;
	bool		nullable;
	bool		pk;
	bool		unique;
	char	   *default_source; /* as the document has it */
	char	   *comment;
	ConstraintDefinition *check;	/* or NULL */
	ConstraintDefinition *references;	/* or NULL */
	char	   *generated_source;	/* generated.expression, or NULL */
	char		identity;		/* pg_attribute.attidentity */
	char	   *options_source; /* the identity's sequence_options, or NULL */

	/* set by column_definition_resolve() */
	const char *serial;			/* "serial", "bigserial", "smallserial" or
								 * NULL */
	Oid			type;
	int32		typmod;
	Oid			collation;
	Node	   *default_expr;
	char	   *default_text;
	Node	   *generated_expr; /* over generations; set by
								 * column_definition_resolve_generated() */
	SequenceOptions *options;	/* of an identity, or NULL */
} ColumnDefinition;

/* Read a Column; unknown keys are left to json_done(). */
extern ColumnDefinition *column_definition_parse(JsonReader *reader);

/* Look up the type and check the default. */
extern void column_definition_resolve(ColumnDefinition *def, SchemaModel *model,
									  const char *path);

/*
 * Read the expression of a generated column, when the table has all of its
 * columns.  The generation is the definition's.
 */
extern void column_definition_resolve_generated(ColumnDefinition *def,
												SchemaModel *model, TableModel *table,
												Generation *generation,
												const char *path);

/* Is it a serial, identity or generated column? */
extern bool column_definition_has_values(const ColumnDefinition *def);

/* A new generation of the definition's type, and a column that shows it. */
extern Generation *column_definition_generation(const ColumnDefinition *def,
												TableModel *table, int operation);
extern void column_definition_show(const ColumnDefinition *def, TableModel *table,
								   Generation *generation);

/*
 * Its primary key (where it is not one of several columns of that), unique, check
 * and foreign key (ConstraintDefinition *).
 */
extern List *column_definition_constraints(const ColumnDefinition *def, const char *path);

/* "name type NOT NULL DEFAULT x", without constraints. */
extern char *column_definition_sql(const ColumnDefinition *def, SchemaModel *model,
								   const TableModel *table);

#endif							/* PGROLL_COLUMN_DEFINITION_H */
