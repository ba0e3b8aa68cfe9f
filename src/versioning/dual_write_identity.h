/*-------------------------------------------------------------------------
 *
 * dual_write_identity.h
 *		Identity columns in writes of the version that has them anew.
 *
 * Until the completion the old column alone has the identity, or (a new column)
 * none has; so what the server does for an identity is done here.
 *-------------------------------------------------------------------------
 */
#ifndef PGROLL_DUAL_WRITE_IDENTITY_H
#define PGROLL_DUAL_WRITE_IDENTITY_H

#include "versioning/dual_write.h"

/*
 * Does a newer version's write leave the column of an up half to its identity: an
 * INSERT that does not give it, an UPDATE that sets it to DEFAULT?  In a BEFORE trigger
 * either is NULL.
 */
extern bool dual_write_is_numbered(DualWrite *write, const EdgeRule *rule);

/*
 * Where such an UPDATE sets a column that has an old form, that gets the next number
 * of its identity; the up half then makes the new one of it.
 */
extern void dual_write_draw_number(DualWrite *write, int index);

/*
 * Raises generated_always where a newer version's write gives a value to a column that
 * is GENERATED ALWAYS.  An INSERT that may say OVERRIDING SYSTEM VALUE is let pass.
 */
extern void dual_write_check_identity(DualWrite *write);

#endif							/* PGROLL_DUAL_WRITE_IDENTITY_H */
