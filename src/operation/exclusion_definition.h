/*-------------------------------------------------------------------------
 *
 * exclusion_definition.h
 *		The exclusion constraint of a document.
 *-------------------------------------------------------------------------
 */
#ifndef PGROLL_EXCLUSION_DEFINITION_H
#define PGROLL_EXCLUSION_DEFINITION_H

#include "operation/operation.h"

typedef struct ExclusionDefinition
{
	char	   *path;
	char	   *method;
	char	   *elements_source;	/* as the document has it */
	char	   *predicate_source;	/* likewise, or NULL */

	/* set by exclusion_definition_resolve() */
	List	   *elements;		/* ExclusionElement * */
	Node	   *predicate;		/* over generations, or NULL */
} ExclusionDefinition;

/* {index_method, elements, predicate} */
extern ExclusionDefinition *exclusion_definition_parse(JsonReader *reader);

/* Look up what it names, and check that the server would make such a constraint. */
extern void exclusion_definition_resolve(ExclusionDefinition *def, SchemaModel *model,
										 TableModel *table);

/* The columns (Generation *) that it reads. */
extern List *exclusion_definition_columns(const ExclusionDefinition *def,
										  const TableModel *table);

/* "EXCLUDE USING gist (…)", and " WHERE (…)" or "". */
extern char *exclusion_definition_sql(const ExclusionDefinition *def,
									  const TableModel *table);
extern char *exclusion_definition_where(const ExclusionDefinition *def,
										const TableModel *table);

#endif							/* PGROLL_EXCLUSION_DEFINITION_H */
