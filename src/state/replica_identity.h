/*-------------------------------------------------------------------------
 *
 * replica_identity.h
 *		The table pgroll_c.replica_identity: what tables had before a migration.
 *-------------------------------------------------------------------------
 */
#ifndef PGROLL_REPLICA_IDENTITY_H
#define PGROLL_REPLICA_IDENTITY_H

#include "nodes/pg_list.h"

/* One row: a table's replica identity as it was when a migration set another. */
typedef struct SavedIdentity
{
	Oid			relation;
	char		type;			/* pg_class.relreplident */
	char	   *index;			/* its name, where type is 'i'; NULL: none */
	Oid			index_oid;		/* InvalidOid where that was in another cluster
								 * or database */
} SavedIdentity;

/* Save a table's identity as it is now; nothing where it has been saved already. */
extern void replica_identity_save(int64 migration, Oid relation);

/* What was saved of it is not to be put back. */
extern void replica_identity_forget(int64 migration, Oid relation);

/* Those (SavedIdentity *) of a migration, palloc'd in the current context. */
extern List *replica_identities_saved(int64 migration);

#endif							/* PGROLL_REPLICA_IDENTITY_H */
