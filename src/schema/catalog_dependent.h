/*-------------------------------------------------------------------------
 *
 * catalog_dependent.h
 *		Policies, rules, extended statistics and publications, as values.
 *
 * What may name a column of a table beside its constraints, indexes and
 * triggers (catalog_object.h).  Texts name everything with its schema.
 *-------------------------------------------------------------------------
 */
#ifndef PGROLL_CATALOG_DEPENDENT_H
#define PGROLL_CATALOG_DEPENDENT_H

#include "nodes/bitmapset.h"
#include "nodes/parsenodes.h"

typedef struct PolicyFacts
{
	Oid			oid;
	char	   *name;
	Oid			relid;
	char	   *using_text;		/* NULL where the policy has no USING … */
	char	   *check_text;		/* … no WITH CHECK */
} PolicyFacts;

/* NULL where it is gone, as of all below. */
extern PolicyFacts *catalog_policy(Oid policy);

typedef struct RuleFacts
{
	Oid			oid;
	char	   *name;
	Oid			relid;			/* the table or view that it is on */
	bool		is_view_query;	/* the rule that makes a view of it */
	char	   *event;			/* INSERT, UPDATE or DELETE */
	char	   *definition;		/* CREATE RULE …, NULL of a view's query */
	char	   *comment;
	Bitmapset  *new_columns;	/* attribute numbers of what it reads of NEW;
								 * 0: the whole row */
} RuleFacts;

extern RuleFacts *catalog_rule(Oid rule);

/* The rules (RuleFacts *) on a relation but for a view's query, by name. */
extern List *catalog_rules(Oid relid);

/* A function whose body is a tree, so that it depends on what it reads. */
typedef struct FunctionFacts
{
	Oid			oid;
	char	   *name;			/* with its arguments, for people */
	Oid			namespace;
	Oid			owner;
	bool		superusers;		/* only they may make such a one */
	char	   *head;			/* CREATE OR REPLACE … up to its body */
	char	   *body;
} FunctionFacts;

extern FunctionFacts *catalog_function(Oid function);

typedef struct StatisticsFacts
{
	Oid			oid;
	Oid			relation;
	char	   *name;
	char	   *schema;
	Oid			owner;
	List	   *columns;		/* int: attribute numbers */
	List	   *expressions;	/* Node * */
	char	   *kinds;			/* "ndistinct, mcv"; NULL of one expression */
	int			target;			/* -1: the default */
	char	   *comment;
	Bitmapset  *attnums;		/* columns that they read */
} StatisticsFacts;

/* The extended statistics (StatisticsFacts *) of a table, by schema and name. */
extern List *catalog_statistics(Oid relid);

/* NULL where there are none of that OID. */
extern StatisticsFacts *catalog_statistics_object(Oid oid);

extern bool catalog_statistics_exist(const char *schema, const char *name);

/* What a publication says of one table. */
typedef struct PublicationFacts
{
	Oid			oid;			/* of pg_publication_rel */
	char	   *publication;
	Oid			owner;
	Oid			relid;
	List	   *columns;		/* char *; NIL: all */
	char	   *filter;			/* of WHERE, or NULL */
} PublicationFacts;

extern PublicationFacts *catalog_published_table(Oid publication_rel);

/* The relations (Oid) that a rule or policy depends on, other than its own. */
extern List *catalog_relations_read(Oid class_id, Oid object, Oid own);

/* The objects (Oid) of a class that an object depends on. */
extern List *catalog_needed_objects(Oid class_id, Oid object, Oid ref_class_id);

extern Oid	catalog_relation_owner(Oid relid);

/* What the owner may do with a table or view: it can take from itself. */
extern AclMode catalog_owner_privileges(Oid relid);

/* Has an object or one of its columns a security label? */
extern bool catalog_has_security_label(Oid class_id, Oid object);

#endif							/* PGROLL_CATALOG_DEPENDENT_H */
