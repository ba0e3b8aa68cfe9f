/*-------------------------------------------------------------------------
 *
 * claims.h
 *		Heavyweight locks of our own: base schemas, and who works on a migration.
 *
 * They are advisory locks under a fourth key that pg_advisory_lock() never
 * uses, so applications cannot collide with them; pg_locks shows them.
 *-------------------------------------------------------------------------
 */
#ifndef PGROLL_CLAIMS_H
#define PGROLL_CLAIMS_H

#include "storage/lock.h"

/* What the second key of the tag says that the third is. */
typedef enum LockClass
{
	LOCK_CLASS_BASE_SCHEMA = 1, /* OID of a namespace */
	LOCK_CLASS_CLAIM = 2,		/* id of a migration, the low 32 bits */
	LOCK_CLASS_TABLES = 3,		/* likewise */
	LOCK_CLASS_NAMES = 4		/* 0 */
} LockClass;

/* Make the tag of such a lock in the current database. */
extern void claims_set_locktag(LOCKTAG *tag, LockClass class, uint32 key);

/*
 * The tasks of a migration are worked off by one session at a time: the one
 * that holds the claim, at session level, so that a claimant that died is seen.
 * claim_try() returns false where somebody else has it.
 */
extern bool claim_try(int64 migration);
extern void claim_release(int64 migration);

/* Like claim_try(), but held to the end of the transaction. */
extern bool claim_try_in_transaction(int64 migration);

/*
 * Held to the end of the transaction: exclusive while tasks are added for what a
 * migration's tables have, shared while something goes from them.
 */
extern void claim_tables(int64 migration, bool exclusive);

/*
 * What expressions call by name (functions, types, schemas, …), in the whole database.
 * Whoever changes such a name claims them before, to the end of the transaction, and waits
 * for the phases that have just read expressions: they hold the lock CLAIMED_BY_PHASE.
 */
#define CLAIMED_BY_PHASE ShareLock
extern void claim_names(void);

/* Process id of the claimant, or 0.  Needs a transaction. */
extern int	claim_holder(int64 migration);

#endif							/* PGROLL_CLAIMS_H */
