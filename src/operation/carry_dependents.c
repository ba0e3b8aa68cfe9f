/*-------------------------------------------------------------------------
 *
 * carry_dependents.c
 *		Views, rules, policies and publications that name a changed column.
 *
 * Under the table's lock nobody sees a policy that says "true", or a view of
 * nothing but NULLs.
 *-------------------------------------------------------------------------
 */
#include "pgroll.h"

#include "catalog/dependency.h"
#include "catalog/pg_class.h"
#include "catalog/pg_policy.h"
#include "catalog/pg_publication_rel.h"
#include "catalog/pg_rewrite.h"
#include "catalog/pg_statistic_ext.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "operation/carry_dependents.h"
#include "operation/carry_view.h"
#include "schema/catalog_dependent.h"
#include "schema/catalog_object.h"

/* What was found so far, each once. */
typedef struct Search
{
	List	   *policies;		/* Oid */
	List	   *rules;			/* Oid: not those that make views */
	List	   *published;		/* Oid: of pg_publication_rel */
	List	   *views;			/* Oid */
	List	   *retyped;		/* ObjectAddress *: columns of other type */
} Search;

static bool search_column(Search *search, SchemaModel *model, Oid relid,
						  AttrNumber attnum);
static bool note_rule(Search *search, SchemaModel *model, Oid rule);
static void check_rule_table(SchemaModel *model, const RuleFacts *facts);
static List *all_objects(Search *search, SchemaModel *model);
static CarriedObject *carry_policy(Oid policy);
static CarriedObject *carry_rule(Oid rule);
static CarriedObject *carry_published(Oid publication_rel);
static void object_steps(const CarriedObject *object, List *commands, Phase phase,
						 MigrationPlan *plan);

bool
carry_dependent_is_possible(const Dependent *dependent)
{
	switch (dependent->object.classId)
	{
		case PolicyRelationId:
		case PublicationRelRelationId:
		case RewriteRelationId:
		case StatisticExtRelationId:
			return true;
		case RelationRelationId:
			return get_rel_relkind(dependent->object.objectId) == RELKIND_VIEW;
		default:
			return false;
	}
}

CarriedDependents *
carry_dependents_find(SchemaModel *model)
{
	CarriedDependents *found = palloc0(sizeof(CarriedDependents));
	Search		search = {0};
	ListCell   *lc;
	ListCell   *lc2;
	ListCell   *lc3;

	foreach(lc, model->tables)
	{
		TableModel *table = lfirst(lc);

		if (!OidIsValid(table->relid) || table->dropped)
			continue;
		foreach(lc2, table->columns)
		{
			Generation *generation = ((ColumnModel *) lfirst(lc2))->generation;
			Generation *stored = model_stored_ancestor(generation);
			char	   *name;

			if (stored == NULL || stored == generation || generation->leader != NULL)
				continue;
			name = get_attname(table->relid, stored->attnum, false);
			foreach(lc3, catalog_table_tree(table->relid))
			{
				Oid			member = lfirst_oid(lc3);
				AttrNumber	attnum = get_attnum(member, name);

				if (stored->type != generation->type ||
					stored->typmod != generation->typmod ||
					stored->collation != generation->collation)
					carry_view_note_column(&search.retyped, member, attnum);
				if (search_column(&search, model, member, attnum))
					found->tables = list_append_unique_ptr(found->tables, table);
			}
		}
	}
	found->objects = all_objects(&search, model);
	return found;
}

/* Note what depends on a column; is there anything? */
static bool
search_column(Search *search, SchemaModel *model, Oid relid, AttrNumber attnum)
{
	bool		any = false;
	ListCell   *lc;

	foreach(lc, catalog_depending_objects(RelationRelationId, relid, attnum))
	{
		ObjectAddress *object = lfirst(lc);

		switch (object->classId)
		{
			case PolicyRelationId:
				search->policies = list_append_unique_oid(search->policies,
														  object->objectId);
				any = true;
				break;
			case PublicationRelRelationId:
				search->published = list_append_unique_oid(search->published,
														   object->objectId);
				any = true;
				break;
			case RewriteRelationId:
				any |= note_rule(search, model, object->objectId);
				break;
			default:
				break;
		}
	}
	return any;
}

static bool
note_rule(Search *search, SchemaModel *model, Oid rule)
{
	RuleFacts  *facts = catalog_rule(rule);

	if (facts == NULL)
		return false;
	/* Views of version schemas are the affair of version_view.c. */
	if (list_member_oid(model->version_namespaces, get_rel_namespace(facts->relid)))
		return false;
	if (facts->is_view_query)
		search->views = list_append_unique_oid(search->views, facts->relid);
	else
	{
		check_rule_table(model, facts);
		search->rules = list_append_unique_oid(search->rules, rule);
	}
	return true;
}

/* A rule sees a row before our trigger, so that its values would be of one version. */
static void
check_rule_table(SchemaModel *model, const RuleFacts *facts)
{
	ListCell   *lc;

	foreach(lc, model->tables)
	{
		TableModel *table = lfirst(lc);

		if (table->has_edges && OidIsValid(table->relid) && !table->dropped &&
			list_member_oid(catalog_table_tree(table->relid), facts->relid))
			ereport(ERROR,
					(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
					 errmsg("table \"%s\" cannot be changed: rule \"%s\" on it could not be carried over",
							table->name, facts->name),
					 errhint("Drop the rule before the migration, and make it again after.")));
	}
}

static List *
all_objects(Search *search, SchemaModel *model)
{
	List	   *objects = carry_views(model, search->views, search->retyped);
	ListCell   *lc;

	list_sort(search->rules, list_oid_cmp);
	foreach(lc, search->rules)
		objects = lappend(objects, carry_rule(lfirst_oid(lc)));
	list_sort(search->policies, list_oid_cmp);
	foreach(lc, search->policies)
		objects = lappend(objects, carry_policy(lfirst_oid(lc)));
	list_sort(search->published, list_oid_cmp);
	foreach(lc, search->published)
		objects = lappend(objects, carry_published(lfirst_oid(lc)));
	return objects;
}

void
carry_dependents_detach(const CarriedDependents *found, Phase phase,
						MigrationPlan *plan)
{
	for (int i = list_length(found->objects) - 1; i >= 0; i--)
	{
		CarriedObject *object = list_nth(found->objects, i);

		object_steps(object, object->detach, phase, plan);
	}
}

void
carry_dependents_attach(const CarriedDependents *found, Phase phase,
						MigrationPlan *plan)
{
	ListCell   *lc;
	ListCell   *lc2;

	foreach(lc, found->objects)
	{
		CarriedObject *object = lfirst(lc);

		object_steps(object, object->attach, phase, plan);
		foreach(lc2, object->reads)
			plan_lock(plan, phase, lfirst_oid(lc2), AccessShareLock,
					  catalog_relation_name(lfirst_oid(lc2)));
	}
}

static void
object_steps(const CarriedObject *object, List *commands, Phase phase,
			 MigrationPlan *plan)
{
	ListCell   *lc;

	foreach(lc, commands)
		plan_step(plan, (Step) {
			.phase = phase,
			.command = lfirst(lc),
			.lock = object->lock,
			.relation = object->relation,
			.relation_name = catalog_relation_name(object->relation),
			.carried = object->description,
		});
}

void
carry_check_owner(Oid owner, const char *description)
{
	if (!has_privs_of_role(GetUserId(), owner))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("must be owner of %s", description),
				 errdetail("It names a column that the migration changes, and has to be made again."),
				 errhint("Act as a member of role \"%s\", or drop it before the migration.",
						 GetUserNameFromId(owner, false))));
}

/* Roles and command stay. */
static CarriedObject *
carry_policy(Oid policy)
{
	PolicyFacts *facts = catalog_policy(policy);
	CarriedObject *object = palloc0(sizeof(CarriedObject));
	char	   *alter = psprintf("ALTER POLICY %s ON %s",
								 quote_identifier(facts->name),
								 catalog_relation_name(facts->relid));
	StringInfoData attach;

	object->description = psprintf("policy \"%s\" of table %s", facts->name,
								   catalog_relation_name(facts->relid));
	carry_check_owner(catalog_relation_owner(facts->relid), object->description);
	object->relation = facts->relid;
	object->lock = AccessExclusiveLock;
	object->reads = catalog_relations_read(PolicyRelationId, policy, facts->relid);
	initStringInfo(&attach);
	appendStringInfoString(&attach, alter);
	if (facts->using_text != NULL)
		appendStringInfo(&attach, " USING (%s)", facts->using_text);
	if (facts->check_text != NULL)
		appendStringInfo(&attach, " WITH CHECK (%s)", facts->check_text);
	object->detach = list_make1(psprintf("%s%s%s", alter,
										 facts->using_text != NULL ?
										 " USING (true)" : "",
										 facts->check_text != NULL ?
										 " WITH CHECK (true)" : ""));
	object->attach = list_make1(attach.data);
	return object;
}

/* A replaced rule stays enabled or not as it was. */
static CarriedObject *
carry_rule(Oid rule)
{
	static const char create[] = "CREATE RULE ";
	RuleFacts  *facts = catalog_rule(rule);
	CarriedObject *object = palloc0(sizeof(CarriedObject));

	object->description = psprintf("rule \"%s\" on %s", facts->name,
								   catalog_relation_name(facts->relid));
	carry_check_owner(catalog_relation_owner(facts->relid), object->description);
	object->relation = facts->relid;
	object->lock = AccessExclusiveLock;
	object->reads = catalog_relations_read(RewriteRelationId, rule, facts->relid);
	if (strncmp(facts->definition, create, strlen(create)) != 0)
		elog(ERROR, "unexpected definition of a rule: %s", facts->definition);
	object->detach = list_make1(psprintf("CREATE OR REPLACE RULE %s AS ON %s TO %s DO INSTEAD NOTHING",
										 quote_identifier(facts->name), facts->event,
										 catalog_relation_name(facts->relid)));
	object->attach = list_make1(psprintf("CREATE OR REPLACE RULE %s",
										 facts->definition + strlen(create)));
	return object;
}

static CarriedObject *
carry_published(Oid publication_rel)
{
	PublicationFacts *facts = catalog_published_table(publication_rel);
	CarriedObject *object = palloc0(sizeof(CarriedObject));
	char	   *table = catalog_relation_name(facts->relid);
	char	   *alter = psprintf("ALTER PUBLICATION %s",
								 quote_identifier(facts->publication));
	StringInfoData attach;
	ListCell   *lc;

	object->description = psprintf("publication \"%s\" of table %s",
								   facts->publication, table);
	carry_check_owner(facts->owner, object->description);
	object->relation = facts->relid;
	object->lock = ShareUpdateExclusiveLock;
	/* A parent table's children are named by themselves. */
	object->detach = list_make1(psprintf("%s DROP TABLE ONLY %s", alter, table));
	initStringInfo(&attach);
	appendStringInfo(&attach, "%s ADD TABLE ONLY %s", alter, table);
	foreach(lc, facts->columns)
		appendStringInfo(&attach, "%s%s", foreach_current_index(lc) > 0 ? ", " : " (",
						 quote_identifier(lfirst(lc)));
	if (facts->columns != NIL)
		appendStringInfoChar(&attach, ')');
	if (facts->filter != NULL)
		appendStringInfo(&attach, " WHERE (%s)", facts->filter);
	object->attach = list_make1(attach.data);
	return object;
}
