/*-------------------------------------------------------------------------
 *
 * carry_dependents.h
 *		Views, rules, policies and publications that name a changed column.
 *
 * They keep the old column from being dropped.  So the completion detaches them
 * first: each is made to name nothing.  When the new column has the old one's
 * name, each gets its own text again, as the catalogs had it when the completion
 * was planned; its names are then those of the new column.
 *-------------------------------------------------------------------------
 */
#ifndef PGROLL_CARRY_DEPENDENTS_H
#define PGROLL_CARRY_DEPENDENTS_H

#include "operation/operation.h"
#include "schema/catalog_read.h"

/* One of them, with the statements of both halves. */
typedef struct CarriedObject
{
	char	   *description;	/* for people */
	Oid			relation;		/* that the statements lock … */
	LOCKMODE	lock;			/* … so */
	List	   *reads;			/* Oid: other relations that the text names */
	List	   *detach;			/* char * */
	List	   *attach;			/* char * */
} CarriedObject;

typedef struct CarriedDependents
{
	List	   *tables;			/* TableModel *: whose columns they name */
	List	   *objects;		/* CarriedObject *, after those that they read */
} CarriedDependents;

/* Is it of a kind that is found below, or carried by itself? */
extern bool carry_dependent_is_possible(const Dependent *dependent);

/*
 * All that depends on the columns that get a shadow.  Raises
 * insufficient_privilege where the user may not change one, and
 * feature_not_supported where one can't be made again as it was.
 */
extern CarriedDependents *carry_dependents_find(SchemaModel *model);

/* The steps before the old columns go, and those after the new ones have their names. */
extern void carry_dependents_detach(const CarriedDependents *found, Phase phase,
									MigrationPlan *plan);
extern void carry_dependents_attach(const CarriedDependents *found, Phase phase,
									MigrationPlan *plan);

/* Raise insufficient_privilege where the user can't act as the owner. */
extern void carry_check_owner(Oid owner, const char *description);

#endif							/* PGROLL_CARRY_DEPENDENTS_H */
