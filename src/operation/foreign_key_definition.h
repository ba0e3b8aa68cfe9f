/*-------------------------------------------------------------------------
 *
 * foreign_key_definition.h
 *		What a foreign key of the document references.
 *-------------------------------------------------------------------------
 */
#ifndef PGROLL_FOREIGN_KEY_DEFINITION_H
#define PGROLL_FOREIGN_KEY_DEFINITION_H

#include "operation/constraint_definition.h"

/*
 * Look up what it references, and check that the server would make such a foreign
 * key; the definition's own columns are resolved.
 */
extern void foreign_key_definition_resolve(ConstraintDefinition *def, SchemaModel *model,
										   TableModel *table);

/*
 * Does a foreign key reference a key that is still to be built, when all operations
 * are applied: a new one, or one of a column with a shadow?
 */
extern bool foreign_key_definition_awaits_key(const ConstraintDefinition *def);

/* … and is it a new one? */
extern bool foreign_key_definition_awaits_new_key(const ConstraintDefinition *def);

/*
 * Raise feature_not_supported where an action sets a default that the stored column has
 * only from the completion on; when all operations are applied.
 */
extern void foreign_key_definition_check_default(const ConstraintDefinition *def,
												 const TableModel *table);

/*
 * Can a column of a type reference a key of another?  As ATAddForeignKeyConstraint() in
 * tablecmds.c decides.
 */
extern bool foreign_key_definition_types_fit(Oid from, Oid to);

/*
 * Raise dependent_objects_still_exist where a foreign key that the migration makes
 * references the column (NULL: where another table's references the table).
 */
extern void foreign_key_definition_check_unreferenced(SchemaModel *model,
													  const TableModel *table,
													  const Generation *generation,
													  const char *path);

#endif							/* PGROLL_FOREIGN_KEY_DEFINITION_H */
