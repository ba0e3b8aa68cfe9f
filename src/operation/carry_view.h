/*-------------------------------------------------------------------------
 *
 * carry_view.h
 *		Views that read a column which gets a shadow.
 *-------------------------------------------------------------------------
 */
#ifndef PGROLL_CARRY_VIEW_H
#define PGROLL_CARRY_VIEW_H

#include "operation/carry_dependents.h"

/* Add a column to a list (ObjectAddress *) of those whose type changes. */
extern void carry_view_note_column(List **columns, Oid relid, AttrNumber attnum);

/*
 * The views that were found, and those that read them, with their statements
 * (CarriedObject *), each after those that it reads.  What else depends on one that is
 * dropped is added to the search.
 */
extern List *carry_views(DependentSearch *search);

#endif							/* PGROLL_CARRY_VIEW_H */
