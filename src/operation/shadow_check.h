/*-------------------------------------------------------------------------
 *
 * shadow_check.h
 *		Whether a shadow can stand for a column, and all that hangs on it.
 *-------------------------------------------------------------------------
 */
#ifndef PGROLL_SHADOW_CHECK_H
#define PGROLL_SHADOW_CHECK_H

#include "operation/operation.h"

/* Raise feature_not_supported for what no shadow can stand for: generated columns, partition keys … */
extern void shadow_check_possible(SchemaModel *model, TableModel *table,
								  const ColumnModel *column, const char *path);

/*
 * Raise for a column of a domain that does not accept NULL, unless it has a default:
 * a version that does not show it could INSERT no row.
 */
extern void shadow_check_accepts_null(const TableModel *table,
									  const Generation *column, Oid type,
									  const char *path);

/* Raise datatype_mismatch where the column's default can't be cast to its new type. */
extern void shadow_check_default_fits(SchemaModel *model, const TableModel *table,
									  const Generation *column, const char *path);

/*
 * Raise too_many_columns where the start could not add its columns to the table or one
 * that inherits from it; when its edges are known.
 */
extern void shadow_check_room(const TableModel *table);

#endif							/* PGROLL_SHADOW_CHECK_H */
