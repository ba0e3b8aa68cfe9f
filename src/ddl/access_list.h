/*-------------------------------------------------------------------------
 *
 * access_list.h
 *		Access lists with grantors of their own, put back as they were.
 *
 * GRANT makes the owner the grantor, whoever runs it for him.  What others have
 * granted, with a grant option, is theirs to revoke, and goes when they lose that.
 *-------------------------------------------------------------------------
 */
#ifndef PGROLL_ACCESS_LIST_H
#define PGROLL_ACCESS_LIST_H

#include "access/attnum.h"
#include "utils/acl.h"

#include "ddl/step.h"

/*
 * A copy of the access list of a relation, or (attnum > 0) of its column, where
 * somebody else than the owner has granted something; else NULL: then GRANT
 * statements make the same one.
 */
extern Acl *access_list_of_grantors(Oid relid, AttrNumber attnum);

/*
 * Append the step of a phase that gives a relation, or (not NULL) its column, the
 * list; it has been copied from one of the same owner's, which goes.  locked is the
 * relation that the phase locks, relation the qualified and quoted name that it has
 * when the step runs.
 */
extern void plan_access_list(MigrationPlan *plan, Phase phase, int operation,
							 Oid locked, const char *relation, const char *column,
							 Acl *acl);

/* What such a step does.  Raises insufficient_privilege for another's relation. */
extern void access_list_set(const char *relation, const char *column, Acl *acl);

#endif							/* PGROLL_ACCESS_LIST_H */
