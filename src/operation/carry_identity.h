/*-------------------------------------------------------------------------
 *
 * carry_identity.h
 *		The sequences of a column that gets a shadow.
 *-------------------------------------------------------------------------
 */
#ifndef PGROLL_CARRY_IDENTITY_H
#define PGROLL_CARRY_IDENTITY_H

#include "operation/operation.h"

/*
 * Raise for an identity column that can't get a shadow: feature_not_supported
 * where something else uses its sequence; insufficient_privilege where the current
 * user may not make another one in the schema.
 */
extern void carry_identity_check(SchemaModel *model, const TableModel *table,
								 const ColumnModel *column, const char *path);

/* Raise invalid_parameter_value where the new form can't be an identity column. */
extern void carry_identity_check_type(const TableModel *table,
									  const Generation *generation,
									  const char *path);

/*
 * The steps that make the shadow the identity column, with a sequence like the old
 * one's at the same number, or that give it the sequences that the old column
 * owns; before the old column goes.
 */
extern void carry_identity_complete(SchemaModel *model, TableModel *table,
									const Generation *generation,
									const Generation *old, MigrationPlan *plan);

/* Has the shadow been made NOT NULL by that already? */
extern bool carry_identity_has_not_null(const Generation *generation);

#endif							/* PGROLL_CARRY_IDENTITY_H */
