/*-------------------------------------------------------------------------
 *
 * column_definition.h
 *		A Column of the document: of create_table and add_column.
 *-------------------------------------------------------------------------
 */
#ifndef PGROLL_COLUMN_DEFINITION_H
#define PGROLL_COLUMN_DEFINITION_H

#include "operation/operation.h"

/* {name, constraint, no_inherit} */
typedef struct CheckDefinition
{
	char	   *name;
	char	   *constraint;
	bool		no_inherit;
	char	   *path;
} CheckDefinition;

/* {name, table, column, on_delete, on_update, match_type, deferrable, …} */
typedef struct ReferenceDefinition
{
	char	   *name;
	char	   *table;
	char	   *column;
	const char *on_delete;		/* SQL keywords, NULL: not given */
	const char *on_update;
	const char *match_type;
	bool		deferrable;
	bool		initially_deferred;
	char	   *path;
} ReferenceDefinition;

typedef struct ColumnDefinition
{
	char	   *name;
	char	   *type_text;
	bool		nullable;
	bool		pk;
	bool		unique;
	char	   *default_source; /* as the document has it */
	char	   *comment;
	CheckDefinition *check;		/* or NULL */
	ReferenceDefinition *references;	/* or NULL */

	/* set by column_definition_resolve() */
	const char *serial;			/* "serial", "bigserial", "smallserial" or
								 * NULL */
	Oid			type;
	int32		typmod;
	Oid			collation;
	Node	   *default_expr;
	char	   *default_text;
} ColumnDefinition;

/* Read a Column; unknown keys are left to json_done(). */
extern ColumnDefinition *column_definition_parse(JsonReader *reader);

/* Look up the type and check the default. */
extern void column_definition_resolve(ColumnDefinition *def, SchemaModel *model,
									  const char *path);

/* A new generation of the definition's type, and a column that shows it. */
extern Generation *column_definition_generation(const ColumnDefinition *def,
												TableModel *table, int operation);
extern void column_definition_show(const ColumnDefinition *def, TableModel *table,
								   Generation *generation);

/* "name type NOT NULL DEFAULT x", without constraints. */
extern char *column_definition_sql(const ColumnDefinition *def);

/* "CONSTRAINT n CHECK (…)" of a check on the table. */
extern char *check_definition_sql(const CheckDefinition *def, SchemaModel *model,
								  TableModel *table);

/*
 * "CONSTRAINT n FOREIGN KEY (column) REFERENCES …"; *partner is the table
 * referenced, NULL where it is the table itself.
 */
extern char *reference_definition_sql(const ReferenceDefinition *def,
									  SchemaModel *model, TableModel *table,
									  const char *column, TableModel **partner);

#endif							/* PGROLL_COLUMN_DEFINITION_H */
