/*-------------------------------------------------------------------------
 *
 * index_definition.h
 *		An index of the document: of create_index.
 *-------------------------------------------------------------------------
 */
#ifndef PGROLL_INDEX_DEFINITION_H
#define PGROLL_INDEX_DEFINITION_H

#include "operation/operation.h"

/* {column, collate, sort, nulls, opclass} */
typedef struct IndexField
{
	char	   *column;
	char	   *collate;		/* or NULL */
	int			sort;			/* -1: not given, 0: ascending, 1: descending */
	int			nulls;			/* -1: not given, 0: first, 1: last */
	char	   *opclass;		/* or NULL */
	char	   *opclass_params; /* "a=1, b=2", or NULL */
	char	   *path;

	/* set by index_definition_resolve() */
	Generation *generation;
	char	   *column_sql;		/* what follows the column's name */
	char	   *stored_column;	/* by index_definition_follow() */
} IndexField;

typedef struct IndexDefinition
{
	char	   *name;
	char	   *method;
	bool		unique;
	List	   *fields;			/* IndexField * */
	char	   *predicate_source;	/* as the document has it, or NULL */
	char	   *storage_source; /* likewise */
	char	   *path;			/* of the operation */

	/* set by index_definition_resolve() */
	Node	   *predicate;
	char	   *options;		/* of WITH, or NULL */
} IndexDefinition;

/* Read all of it but the table. */
extern IndexDefinition *index_definition_parse(JsonReader *reader);

/*
 * Look up what it names, and check that the server would make such an index of the
 * table, as the model shows it now.
 */
extern void index_definition_resolve(IndexDefinition *def, SchemaModel *model,
									 TableModel *table);

/*
 * The same once all operations are applied, and the columns are called as the index
 * is built on them: a later one may have changed their types.
 */
extern void index_definition_follow(IndexDefinition *def, SchemaModel *model,
									TableModel *table);

/*
 * Parameters of an index of the method, as text inside of parentheses has them, for a
 * statement of ours: "fillfactor='70'".  Raises errors at path.
 */
extern char *index_definition_storage(const char *text, const char *method,
									  const char *path);

/* Raise feature_not_supported where such an index can't INCLUDE columns. */
extern void index_definition_check_include(const char *method, const char *path);

/* The columns (Generation *) that it reads. */
extern List *index_definition_columns(const IndexDefinition *def, TableModel *table);

/*
 * "CREATE UNIQUE INDEX how name ON relation …", over the columns as they are stored:
 * of a column that has a shadow, that.
 */
extern char *index_definition_sql(const IndexDefinition *def, TableModel *table,
								  const char *how, const char *name,
								  const char *relation);

/*
 * The names (char *) that the server gives to the columns of an index on columns
 * of those names.
 */
extern List *index_definition_column_names(List *columns);

/* The names (char *) of its columns, as the operation knows them. */
extern List *index_definition_field_names(const IndexDefinition *def);

#endif							/* PGROLL_INDEX_DEFINITION_H */
