/*-------------------------------------------------------------------------
 *
 * carry_dependents.h
 *		Views, rules, functions, policies and publications that name a column.
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
#include "schema/catalog_depend.h"
#include "schema/catalog_read.h"

/* One of them, with the statements of both halves. */
typedef struct CarriedObject
{
	char	   *description;	/* for people */
	Oid			relation;		/* that the statements lock, if any, … */
	LOCKMODE	lock;			/* … so */
	char	   *relation_name;
	List	   *reads;			/* Oid: other relations that the text names */
	LOCKMODE	read_lock;		/* that it takes on them */
	bool		needs_key;		/* a view that is only right with a primary key */
	List	   *detach;			/* char * */
	List	   *attach;			/* char * */
	List	   *access_lists;	/* CarriedAccess *, when all is attached */

	/* Of a materialized view: what was filled in the background and takes its place. */
	char	   *made_name;		/* NULL of others */
	Oid			made;			/* InvalidOid while it is only foreseen */
	bool		stale;			/* it is not there as it is to be */
	char	   *query;			/* that it gets */
	List	   *trial;			/* char *: in the place of attach */
} CarriedObject;

/* An access list of a view that is made anew, with grantors of its own. */
typedef struct CarriedAccess
{
	char	   *column;			/* or NULL: of the view */
	struct ArrayType *acl;
} CarriedAccess;

typedef struct CarriedDependents
{
	List	   *tables;			/* TableModel *: whose columns they name */
	List	   *objects;		/* CarriedObject *, after those that they read */
	List	   *retiring;		/* Oid: views of the version that goes first */
	List	   *matviews;		/* Oid: those among the objects, in order */
	bool		retyped;		/* their text may not fit the new columns */
} CarriedDependents;

/* What was found so far, each once. */
typedef struct DependentSearch
{
	SchemaModel *model;
	const char *version_schema; /* the one that stays */
	List	   *substitutes;	/* Substitute *: the tables whose columns change */
	List	   *policies;		/* Oid */
	List	   *rules;			/* Oid: not those that make views */
	List	   *functions;		/* Oid */
	List	   *published;		/* Oid: of pg_publication_rel */
	List	   *views;			/* Oid */
	List	   *retiring;		/* Oid: views of the version that goes first */
	List	   *retyped;		/* ObjectAddress *: columns of another type */
	List	   *dropped;		/* Oid: views that are made anew */
	List	   *matviews;		/* Oid: materialized ones, after those they read */
} DependentSearch;

/* Is it of a kind that is found below, or carried by itself? */
extern bool carry_dependent_is_possible(const Dependent *dependent);

/*
 * All that depends on the columns that get a shadow.  Raises
 * insufficient_privilege where the user may not change one, and
 * feature_not_supported where one can't be made again as it was.
 */
extern CarriedDependents *carry_dependents_find(SchemaModel *model,
												const char *version_schema);

/*
 * Where types change, the steps with which the start finds out whether the completion
 * will be able to do its part: they are undone at once.
 */
extern void carry_dependents_try(SchemaModel *model, const CarriedDependents *found,
								 MigrationPlan *plan);

/* The steps before the old columns go, and those after the new ones have their names. */
extern void carry_dependents_detach(const CarriedDependents *found, Phase phase,
									MigrationPlan *plan);
extern void carry_dependents_attach(const CarriedDependents *found, Phase phase,
									MigrationPlan *plan);

/* Note one that depends on a column; is it of one of these kinds? */
extern bool carry_dependents_note(DependentSearch *search, const ObjectAddress *object);

/* Is it a view of the version that goes before anything else? */
extern bool carry_is_retiring(const SchemaModel *model, Oid view);

/* Raise insufficient_privilege where the user may not create something in a schema. */
extern void carry_check_can_create(Oid namespace, const char *description);

/* Raise insufficient_privilege where the user can't act as the owner. */
extern void carry_check_owner(Oid owner, const char *description);

#endif							/* PGROLL_CARRY_DEPENDENTS_H */
