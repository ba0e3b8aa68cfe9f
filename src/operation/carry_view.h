/*-------------------------------------------------------------------------
 *
 * carry_view.h
 *		Views that read a column which gets a shadow.
 *-------------------------------------------------------------------------
 */
#ifndef PGROLL_CARRY_VIEW_H
#define PGROLL_CARRY_VIEW_H

#include "operation/carry_dependents.h"
#include "operation/view_text.h"

/* Add a column to a list (ObjectAddress *) of those whose type changes. */
extern void carry_view_note_column(List **columns, Oid relid, AttrNumber attnum);

/*
 * The views that were found, and those that read them, with their statements
 * (CarriedObject *), each after those that it reads.  What else depends on one that is
 * dropped is added to the search.
 */
extern List *carry_views(DependentSearch *search);

/*
 * Raise insufficient_privilege where the user can't make one and give it to the view's
 * owner.
 */
extern void carry_view_check_can_give(const View *view);

#endif							/* PGROLL_CARRY_VIEW_H */
