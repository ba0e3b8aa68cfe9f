/*-------------------------------------------------------------------------
 *
 * carry_dependents.c
 *		Views, rules, functions, policies and publications that name a column.
 *
 * Under the table's lock nobody sees a policy that says "true", or a view of
 * nothing but NULLs.
 *-------------------------------------------------------------------------
 */
#include "pgroll.h"

#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_database.h"
#include "catalog/pg_namespace.h"
#include "catalog/pg_type.h"
#include "catalog/pg_policy.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_publication_rel.h"
#include "catalog/pg_rewrite.h"
#include "catalog/pg_statistic_ext.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "ddl/access_list.h"
#include "ddl/matview_query.h"
#include "operation/carry.h"
#include "operation/carry_dependents.h"
#include "operation/carry_view.h"
#include "operation/operation_util.h"
#include "operation/query_substitute.h"
#include "schema/catalog_depend.h"
#include "schema/catalog_dependent.h"
#include "schema/catalog_object.h"
#include "schema/catalog_read.h"
#include "schema/names.h"

static bool note_column(DependentSearch *search, Oid relid, AttrNumber attnum);
static bool note_rule(DependentSearch *search, Oid rule);
static void check_rule_table(SchemaModel *model, const RuleFacts *facts);
static List *all_objects(DependentSearch *search);
static CarriedObject *carried_object(Oid relation, char *description, Oid owner);
static List *add_object(List *objects, CarriedObject *object);
static CarriedObject *carry_policy(Oid policy);
static CarriedObject *carry_rule(Oid rule, List *dropped);
static CarriedObject *carry_function(Oid function);
static CarriedObject *carry_published(Oid publication_rel);
static bool is_about(const CarriedObject *object, List *relations);
static void attach_object(const CarriedObject *object, Phase phase, MigrationPlan *plan);
static void try_swap(SchemaModel *model, TableModel *table, MigrationPlan *plan);
static void object_steps(const CarriedObject *object, List *commands, Phase phase,
						 bool trial, MigrationPlan *plan);

bool
carry_dependent_is_possible(const Dependent *dependent)
{
	switch (dependent->object.classId)
	{
		case PolicyRelationId:
		case ProcedureRelationId:
		case PublicationRelRelationId:
		case RewriteRelationId:
		case StatisticExtRelationId:
			return true;
		case RelationRelationId:
			return get_rel_relkind(dependent->object.objectId) == RELKIND_VIEW ||
				get_rel_relkind(dependent->object.objectId) == RELKIND_MATVIEW;
		default:
			return false;
	}
}

CarriedDependents *
carry_dependents_find(SchemaModel *model, const char *version_schema)
{
	CarriedDependents *found = palloc0(sizeof(CarriedDependents));
	DependentSearch search = {.model = model, .version_schema = version_schema,
	.substitutes = substitutes_of_tables(model)};
	ListCell   *lc;

	foreach(lc, carry_changed_columns(model))
	{
		const ChangedColumn *column = lfirst(lc);
		const Generation *stored = column->stored;
		const Generation *generation = column->generation;

		if (stored->type != generation->type || stored->typmod != generation->typmod ||
			stored->collation != generation->collation)
			carry_view_note_column(&search.retyped, column->relid, column->attnum);
		if (note_column(&search, column->relid, column->attnum))
			found->tables = list_append_unique_ptr(found->tables, column->table);
	}
	found->objects = all_objects(&search);
	found->retiring = search.retiring;
	found->matviews = search.matviews;
	found->retyped = search.retyped != NIL;
	return found;
}

/* Note what depends on a column; is there anything? */
static bool
note_column(DependentSearch *search, Oid relid, AttrNumber attnum)
{
	bool		any = false;
	ListCell   *lc;

	foreach(lc, catalog_depending_objects(RelationRelationId, relid, attnum))
		any |= carry_dependents_note(search, &((Dependent *) lfirst(lc))->object);
	return any;
}

bool
carry_dependents_note(DependentSearch *search, const ObjectAddress *object)
{
	switch (object->classId)
	{
		case PolicyRelationId:
			search->policies = list_append_unique_oid(search->policies,
													  object->objectId);
			return true;
		case ProcedureRelationId:
			search->functions = list_append_unique_oid(search->functions,
													   object->objectId);
			return true;
		case PublicationRelRelationId:
			search->published = list_append_unique_oid(search->published,
													   object->objectId);
			return true;
		case RewriteRelationId:
			return note_rule(search, object->objectId);
		default:
			return false;
	}
}

static bool
note_rule(DependentSearch *search, Oid rule)
{
	RuleFacts  *facts = catalog_rule(rule);

	if (facts == NULL || carry_is_retiring(search->model, facts->relid))
		return false;
	if (facts->is_view_query)
		search->views = list_append_unique_oid(search->views, facts->relid);
	else
	{
		check_rule_table(search->model, facts);
		search->rules = list_append_unique_oid(search->rules, rule);
	}
	return true;
}

/*
 * A rule sees what a statement sets, before our trigger: of a changed column nothing
 * where it is the other version that writes.  What was there before it sees whole.
 */
static void
check_rule_table(SchemaModel *model, const RuleFacts *facts)
{
	ListCell   *lc;
	ListCell   *lc2;

	foreach(lc, model->tables)
	{
		TableModel *table = lfirst(lc);

		if (!table->has_edges || !OidIsValid(table->relid) || table->dropped ||
			!list_member_oid(catalog_table_tree(table->relid), facts->relid))
			continue;
		foreach(lc2, table->columns)
		{
			Generation *generation = ((ColumnModel *) lfirst(lc2))->generation;
			Generation *stored = model_stored_ancestor(generation);
			AttrNumber	attnum;

			if (stored == NULL || stored == generation)
				continue;
			attnum = get_attnum(facts->relid,
								get_attname(table->relid, stored->attnum, false));
			if (bms_is_member(0, facts->new_columns) ||
				bms_is_member(attnum, facts->new_columns))
				ereport(ERROR,
						(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
						 errmsg("column \"%s\" of table \"%s\" cannot be changed: rule \"%s\" reads its new value",
								generation->name, table->name, facts->name),
						 errdetail("A rule would see what one version writes, and not what the other does."),
						 errhint("Make a trigger of the rule, or drop it before the migration and make it again after.")));
		}
	}
}

static List *
all_objects(DependentSearch *search)
{
	List	   *objects = carry_views(search);
	ListCell   *lc;

	list_sort(search->rules, list_oid_cmp);
	foreach(lc, search->rules)
		objects = add_object(objects, carry_rule(lfirst_oid(lc), search->dropped));
	list_sort(search->functions, list_oid_cmp);
	foreach(lc, search->functions)
		objects = add_object(objects, carry_function(lfirst_oid(lc)));
	list_sort(search->policies, list_oid_cmp);
	foreach(lc, search->policies)
		objects = add_object(objects, carry_policy(lfirst_oid(lc)));
	list_sort(search->published, list_oid_cmp);
	foreach(lc, search->published)
		objects = add_object(objects, carry_published(lfirst_oid(lc)));
	return objects;
}

/* NULL: somebody has dropped it since it was found. */
static List *
add_object(List *objects, CarriedObject *object)
{
	return object == NULL ? objects : lappend(objects, object);
}

void
carry_dependents_detach(const CarriedDependents *found, Phase phase,
						MigrationPlan *plan)
{
	for (int i = list_length(found->objects) - 1; i >= 0; i--)
	{
		CarriedObject *object = list_nth(found->objects, i);

		object_steps(object, object->detach, phase, false, plan);
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

		attach_object(object, phase, plan);
		foreach(lc2, object->access_lists)
		{
			CarriedAccess *access = lfirst(lc2);

			plan_access_list(plan, phase, 0, object->relation, object->relation_name,
							 access->column, access->acl);
		}
		foreach(lc2, object->reads)
			plan_lock(plan, phase, lfirst_oid(lc2), object->read_lock,
					  catalog_relation_name(lfirst_oid(lc2)));
	}
}

static void
attach_object(const CarriedObject *object, Phase phase, MigrationPlan *plan)
{
	CarriedObject made = *object;

	if (object->made_name == NULL)
	{
		object_steps(object, object->attach, phase, false, plan);
		return;
	}
	if (object->stale)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("%s is not carried over yet", object->description),
				 errdetail("It was made or changed since the migration started, or what stands for it was."),
				 errhint("Call pgroll_c.retry_migration(), wait, and complete the migration then.")));
	made.relation = object->made;
	made.relation_name = object->made_name;
	plan_step(plan, (Step) {
		.phase = phase,
		.command = matview_query_sql(object->made_name, object->query),
		.lock = made.lock,
		.relation = made.relation,
		.relation_name = made.relation_name,
		.matview_query = object->query,
	});
	object_steps(&made, object->attach, phase, false, plan);
}

/*
 * A view that needs the primary key can't be tried: there is none on the shadow yet.
 * Nor can what reads it.
 */
void
carry_dependents_try(SchemaModel *model, const CarriedDependents *found,
					 MigrationPlan *plan)
{
	List	   *untried = NIL;
	ListCell   *lc;
	ListCell   *lc2;

	if (!found->retyped || found->objects == NIL)
		return;
	foreach(lc, found->retiring)
	{
		CarriedObject view = {
			.relation = lfirst_oid(lc),
			.relation_name = catalog_relation_name(lfirst_oid(lc)),
			.lock = AccessExclusiveLock,
		};

		object_steps(&view, list_make1(psprintf("DROP VIEW %s", view.relation_name)),
					 PHASE_START, true, plan);
	}
	for (int i = list_length(found->objects) - 1; i >= 0; i--)
	{
		CarriedObject *object = list_nth(found->objects, i);

		object_steps(object, object->detach, PHASE_START, true, plan);
	}
	foreach(lc, found->tables)
		try_swap(model, lfirst(lc), plan);
	foreach(lc, found->objects)
	{
		CarriedObject *object = lfirst(lc);

		if (object->needs_key || is_about(object, untried))
		{
			untried = lappend_oid(untried, object->relation);
			continue;
		}
		object_steps(object, object->trial != NIL ? object->trial : object->attach,
					 PHASE_START, true, plan);
		foreach(lc2, object->reads)
			plan_lock(plan, PHASE_START, lfirst_oid(lc2), object->read_lock,
					  catalog_relation_name(lfirst_oid(lc2)));
	}
}

/* Is it on one of the relations, or does it read one? */
static bool
is_about(const CarriedObject *object, List *relations)
{
	ListCell   *lc;

	foreach(lc, relations)
	{
		if (object->relation == lfirst_oid(lc) ||
			list_member_oid(object->reads, lfirst_oid(lc)))
			return true;
	}
	return false;
}

/* The shadows take the names of what they replace. */
static void
try_swap(SchemaModel *model, TableModel *table, MigrationPlan *plan)
{
	ListCell   *lc;

	foreach(lc, table->columns)
	{
		Generation *generation = ((ColumnModel *) lfirst(lc))->generation;
		Generation *old = model_stored_ancestor(generation);
		char	   *aside;

		if (old == NULL || old == generation || generation->leader != NULL)
			continue;
		aside = name_carried(model->migration, psprintf("%s aside", old->physical));
		for (int i = 0; i < 2; i++)
			plan_step(plan, (Step) {
				.phase = PHASE_START,
				.command = psprintf(STEP_TRIAL "ALTER TABLE %s RENAME COLUMN %s TO %s",
									model_table_sql(model, table),
									quote_identifier(i == 0 ? old->physical :
													 generation->physical),
									quote_identifier(i == 0 ? aside : old->physical)),
				.lock = AccessExclusiveLock,
				.relation = table->relid,
				.relation_name = model_table_sql(model, table),
				.also = operation_other_members(table->relid),
				.trial = true,
			});
	}
}

static void
object_steps(const CarriedObject *object, List *commands, Phase phase, bool trial,
			 MigrationPlan *plan)
{
	ListCell   *lc;

	foreach(lc, commands)
		plan_step(plan, (Step) {
			.phase = phase,
			.command = trial ? psprintf(STEP_TRIAL "%s", (char *) lfirst(lc)) : lfirst(lc),
			.lock = object->lock,
			.relation = object->relation,
			.relation_name = object->relation_name,
			.carried = object->description,
			.trial = trial,
		});
}

static CarriedObject *
carried_object(Oid relation, char *description, Oid owner)
{
	CarriedObject *object = palloc0(sizeof(CarriedObject));

	carry_check_owner(owner, description);
	object->description = description;
	object->relation = relation;
	object->lock = AccessExclusiveLock;
	object->read_lock = AccessShareLock;
	object->relation_name = catalog_relation_name(relation);
	return object;
}

void
carry_check_can_create(Oid namespace, const char *description)
{
	if (object_aclcheck(NamespaceRelationId, namespace, GetUserId(),
						ACL_CREATE) != ACLCHECK_OK)
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("permission denied for schema \"%s\"",
						get_namespace_name(namespace)),
				 errdetail("To make %s again takes the right to create one.", description),
				 errhint("Grant CREATE on the schema to the role, or drop it before the migration.")));
}

bool
carry_is_retiring(const SchemaModel *model, Oid view)
{
	Oid			namespace = model->previous_version == NULL ? InvalidOid :
		get_namespace_oid(model->previous_version, true);

	return OidIsValid(namespace) && get_rel_namespace(view) == namespace;
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
	char	   *table;
	char	   *alter;
	CarriedObject *object;
	StringInfoData attach;

	if (facts == NULL)
		return NULL;
	table = catalog_relation_name(facts->relid);
	alter = psprintf("ALTER POLICY %s ON %s", quote_identifier(facts->name), table);
	object = carried_object(facts->relid,
							psprintf("policy \"%s\" of table %s", facts->name, table),
							catalog_relation_owner(facts->relid));
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

/*
 * A replaced rule keeps its comment, and is enabled as it was.  One on a view that
 * is dropped goes with it, and is made anew.
 */
static CarriedObject *
carry_rule(Oid rule, List *dropped)
{
	static const char create[] = "CREATE RULE ";
	RuleFacts  *facts = catalog_rule(rule);
	char	   *table;
	const char *name;
	bool		anew;
	CarriedObject *object;

	if (facts == NULL)
		return NULL;
	table = catalog_relation_name(facts->relid);
	name = quote_identifier(facts->name);
	anew = list_member_oid(dropped, facts->relid);
	object = carried_object(facts->relid,
							psprintf("rule \"%s\" on %s", facts->name, table),
							catalog_relation_owner(facts->relid));
	object->reads = catalog_relations_read(RewriteRelationId, rule, facts->relid);
	object->read_lock = RowExclusiveLock;	/* of those that it writes */
	if (strncmp(facts->definition, create, strlen(create)) != 0)
		elog(ERROR, "unexpected definition of a rule: %s", facts->definition);
	if (!anew)
		object->detach = list_make1(psprintf("CREATE OR REPLACE RULE %s AS ON %s TO %s DO INSTEAD NOTHING",
											 name, facts->event, table));
	object->attach = list_make1(psprintf("CREATE OR REPLACE RULE %s",
										 facts->definition + strlen(create)));
	if (anew && facts->comment != NULL)
		object->attach = lappend(object->attach,
								 psprintf("COMMENT ON RULE %s ON %s IS %s", name, table,
										  quote_literal_cstr(facts->comment)));
	return object;
}

/*
 * A body that is text is read when the function is called, and depends on nothing.
 */
static CarriedObject *
carry_function(Oid function)
{
	FunctionFacts *facts = catalog_function(function);
	CarriedObject *object = palloc0(sizeof(CarriedObject));

	if (facts == NULL)
		return NULL;
	object->description = psprintf("function %s", facts->name);
	carry_check_owner(facts->owner, object->description);
	carry_check_can_create(facts->namespace, object->description);
	if (facts->superusers && !superuser())
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("must be superuser to make %s again", object->description),
				 errdetail("It is leakproof or has a support function."),
				 errhint("Drop it before the migration, and make it again after.")));
	object->lock = NoLock;
	object->reads = catalog_relations_read(ProcedureRelationId, function, InvalidOid);
	object->read_lock = RowExclusiveLock;	/* of those that it writes */
	object->detach = list_make1(psprintf("SET LOCAL check_function_bodies = off; %sAS ''",
										 facts->head));
	object->attach = list_make1(psprintf("%s%s", facts->head, facts->body));
	return object;
}

static CarriedObject *
carry_published(Oid publication_rel)
{
	PublicationFacts *facts = catalog_published_table(publication_rel);
	char	   *table;
	char	   *alter;
	CarriedObject *object;
	StringInfoData attach;
	ListCell   *lc;

	if (facts == NULL)
		return NULL;
	table = catalog_relation_name(facts->relid);
	alter = psprintf("ALTER PUBLICATION %s", quote_identifier(facts->publication));
	object = carried_object(facts->relid,
							psprintf("publication \"%s\" of table %s",
									 facts->publication, table), facts->owner);
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
