/*-------------------------------------------------------------------------
 *
 * carry_view.h
 *		Views that read a column which gets a shadow.
 *-------------------------------------------------------------------------
 */
#ifndef PGROLL_CARRY_VIEW_H
#define PGROLL_CARRY_VIEW_H

#include "operation/operation.h"

/* Add a column to a list (ObjectAddress *) of those whose type changes. */
extern void carry_view_note_column(List **columns, Oid relid, AttrNumber attnum);

/*
 * The views (Oid) with their statements (CarriedObject *), each after those that
 * it reads.  retyped are the tables' columns whose type changes.
 */
extern List *carry_views(SchemaModel *model, List *views, List *retyped);

#endif							/* PGROLL_CARRY_VIEW_H */
