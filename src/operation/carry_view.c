/*-------------------------------------------------------------------------
 *
 * carry_view.c
 *		Views that read a column which gets a shadow.
 *
 * A view whose columns keep their types is replaced in place, so that whatever
 * hangs on it stays: first by one of the same columns that reads nothing, then by
 * its own text.  The type of a view's column can't be changed: such a view is
 * dropped and made anew, and with it what reads it.
 *-------------------------------------------------------------------------
 */
#include "pgroll.h"

#include "access/htup_details.h"
#include "access/relation.h"
#include "catalog/dependency.h"
#include "catalog/namespace.h"
#include "catalog/objectaddress.h"
#include "catalog/pg_attrdef.h"
#include "catalog/pg_class.h"
#include "catalog/pg_constraint.h"
#include "catalog/pg_database.h"
#include "catalog/pg_namespace.h"
#include "catalog/pg_rewrite.h"
#include "catalog/pg_statistic_ext.h"
#include "catalog/pg_trigger.h"
#include "catalog/pg_type.h"
#include "commands/extension.h"
#include "miscadmin.h"
#include "nodes/value.h"
#include "rewrite/rewriteHandler.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/syscache.h"

#include "operation/carry_matview.h"
#include "operation/carry_view.h"
#include "operation/query_substitute.h"
#include "operation/view_text.h"
#include "schema/catalog_depend.h"
#include "schema/catalog_dependent.h"
#include "schema/catalog_object.h"
#include "schema/catalog_read.h"
#include "schema/catalog_trigger.h"
#include "versioning/version_view.h"

static void find_views(DependentSearch *search, List **views);
static void note_matviews_above(DependentSearch *search, Oid relid, List **above);
static bool note_retyped(DependentSearch *search, const View *view);
static void note_dependents(DependentSearch *search, const View *view);
static bool is_part_of_matview(const ObjectAddress *object);
static bool trigger_is_on(Oid trigger, Oid relid);
static bool note_retiring(DependentSearch *search, const ObjectAddress *object);
static const char *why_dropped(const View *view);
static void in_the_way(const View *view, const ObjectAddress *object);
static void check_view(const View *view);
static void check_columns(const DependentSearch *search, const View *view);
static List *in_order(List *views);
static bool reads_any(const View *view, List *others);
static bool is_shown(const DependentSearch *search, const View *view);
static List *shown_view(DependentSearch *search, const View *view, List *views);

void
carry_view_note_column(List **columns, Oid relid, AttrNumber attnum)
{
	ObjectAddress *column = palloc(sizeof(ObjectAddress));

	ObjectAddressSubSet(*column, RelationRelationId, relid, attnum);
	*columns = lappend(*columns, column);
}

List *
carry_views(DependentSearch *search)
{
	List	   *views = NIL;
	List	   *objects = NIL;
	ListCell   *lc;

	find_views(search, &views);
	foreach(lc, in_order(views))
	{
		View	   *view = lfirst(lc);

		check_view(view);
		check_columns(search, view);
		if (is_shown(search, view))
			continue;			/* it comes with what it shows */
		if (!view->dropped)
		{
			objects = lappend(objects, view_replaced(view));
			continue;
		}
		if (view->materialized)
			search->matviews = lappend_oid(search->matviews, view->relid);
		objects = lappend(objects, view->materialized ?
						  carry_matview_object(search->model, view) :
						  view_made_anew(view));
		objects = list_concat(objects, shown_view(search, view, views));
	}
	return objects;
}

/* Is it a view of the version that stays? */
static bool
is_shown(const DependentSearch *search, const View *view)
{
	Oid			namespace = get_namespace_oid(search->version_schema, true);

	return OidIsValid(namespace) && get_rel_namespace(view->relid) == namespace;
}

/*
 * A view that is dropped makes those that read it be found, and its columns may be
 * of another type for them.
 */
static void
find_views(DependentSearch *search, List **views)
{
	bool		again = true;
	List	   *above = NIL;
	ListCell   *lc;

	while (again)
	{
		again = false;
		list_sort(search->views, list_oid_cmp);
		for (int i = 0; i < list_length(search->views); i++)
		{
			Oid			relid = list_nth_oid(search->views, i);
			View	   *view = NULL;

			foreach(lc, *views)
			{
				if (((View *) lfirst(lc))->relid == relid)
					view = lfirst(lc);
			}
			if (view == NULL)
			{
				*views = lappend(*views, view = view_read(relid));
				note_matviews_above(search, relid, &above);
			}
			if (view->dropped ||
				(!note_retyped(search, view) && !view->materialized))
				continue;
			view->dropped = true;
			search->dropped = lappend_oid(search->dropped, relid);
			note_dependents(search, view);
			again = true;
		}
	}
}

/*
 * A materialized view has values of the old columns, also where the views between
 * stay as they are.
 */
static void
note_matviews_above(DependentSearch *search, Oid relid, List **above)
{
	ListCell   *lc;

	foreach(lc, catalog_depending_objects(RelationRelationId, relid, 0))
	{
		const ObjectAddress *object = &((Dependent *) lfirst(lc))->object;
		Oid			view = object->classId != RewriteRelationId ? InvalidOid :
			catalog_view_of_rule(object->objectId);

		if (!OidIsValid(view) || view == relid || list_member_oid(*above, view))
			continue;
		*above = lappend_oid(*above, view);
		if (get_rel_relkind(view) == RELKIND_MATVIEW)
			search->views = list_append_unique_oid(search->views, view);
		else
			note_matviews_above(search, view, above);
	}
}

/* May columns of the view get another type?  They are noted. */
static bool
note_retyped(DependentSearch *search, const View *view)
{
	List	   *found = NIL;
	ListCell   *lc;

	foreach(lc, search->retyped == NIL ? NIL : view->query->targetList)
	{
		TargetEntry *target = lfirst(lc);

		if (!target->resjunk &&
			view_column_reads(view->query, target, search->retyped))
			carry_view_note_column(&found, view->relid, target->resno);
	}
	search->retyped = list_concat(search->retyped, found);
	return found != NIL;
}

/* What goes with the view is made anew with it; anything else is in its way. */
static void
note_dependents(DependentSearch *search, const View *view)
{
	Oid			type = get_rel_type_id(view->relid);
	Oid			types[2] = {type, get_array_type(type)};
	ListCell   *lc;

	foreach(lc, catalog_rules(view->relid))
		search->rules = list_append_unique_oid(search->rules,
											   ((RuleFacts *) lfirst(lc))->oid);
	foreach(lc, catalog_depending_objects(RelationRelationId, view->relid, 0))
	{
		const ObjectAddress *object = &((Dependent *) lfirst(lc))->object;

		if (object->classId == TypeRelationId ||
			object->classId == AttrDefaultRelationId ||
			(view->materialized && is_part_of_matview(object)) ||
			(object->classId == TriggerRelationId &&
			 trigger_is_on(object->objectId, view->relid)) ||
			(object->classId == RewriteRelationId &&
			 catalog_view_of_rule(object->objectId) == view->relid))
			continue;
		if (!note_retiring(search, object) && !carry_dependents_note(search, object))
			in_the_way(view, object);
	}
	for (int i = 0; i < lengthof(types); i++)
	{
		foreach(lc, catalog_depending_objects(TypeRelationId, types[i], 0))
		{
			const ObjectAddress *object = &((Dependent *) lfirst(lc))->object;

			if (object->classId != TypeRelationId || object->objectId != types[1])
				in_the_way(view, object);
		}
	}
}

/* Its indexes and statistics go and come with it. */
static bool
is_part_of_matview(const ObjectAddress *object)
{
	char		relkind = object->classId != RelationRelationId ? '\0' :
		get_rel_relkind(object->objectId);

	return object->classId == StatisticExtRelationId ||
		relkind == RELKIND_INDEX || relkind == RELKIND_TOASTVALUE;
}

static bool
trigger_is_on(Oid trigger, Oid relid)
{
	ListCell   *lc;

	foreach(lc, catalog_triggers(relid))
	{
		if (((TriggerFacts *) lfirst(lc))->oid == trigger)
			return true;
	}
	return false;
}

/* Note a view of the version that goes first. */
static bool
note_retiring(DependentSearch *search, const ObjectAddress *object)
{
	Oid			view = object->classId != RewriteRelationId ? InvalidOid :
		catalog_view_of_rule(object->objectId);

	if (!OidIsValid(view) || !carry_is_retiring(search->model, view))
		return false;
	search->retiring = list_append_unique_oid(search->retiring, view);
	return true;
}

static const char *
why_dropped(const View *view)
{
	return view->materialized ? "It has to be filled anew" :
		"The type of a column changes, so that it has to be dropped";
}

static void
in_the_way(const View *view, const ObjectAddress *object)
{
	ereport(ERROR,
			(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
			 errmsg("%s %s could not be carried over", view_kind(view), view->name),
			 errdetail("%s, and %s depends on it.", why_dropped(view),
					   getObjectDescription(object, false)),
			 errhint("Drop that object before the migration, and make it again after.")));
}

static void
check_view(const View *view)
{
	char	   *description = psprintf("%s %s", view_kind(view), view->name);
	const char *because = NULL;

	carry_check_owner(view->owner, description);
	if (OidIsValid(getExtensionOfObject(RelationRelationId, view->relid)))
		because = "It belongs to an extension.";
	if (get_rel_persistence(view->relid) == RELPERSISTENCE_TEMP)
		because = "It is a temporary view of a session.";
	if (view->dropped && catalog_has_security_label(RelationRelationId, view->relid))
		because = psprintf("%s, and it has a security label.", why_dropped(view));
	if (because != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("%s could not be carried over", description),
				 errdetail("%s", because),
				 errhint("Drop the view before the migration, and make it again after.")));
	carry_check_can_create(get_rel_namespace(view->relid), description);
	if (view->dropped)
		carry_view_check_can_give(view);
}

/* Their text is read when the table has its columns in another order. */
static void
check_columns(const DependentSearch *search, const View *view)
{
	if (query_lists_columns(view->query, search->substitutes))
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("%s %s could not be carried over", view_kind(view), view->name),
				 errdetail("It has an alias with a list of columns, for a table or join whose columns the migration changes."),
				 errhint("Make the view without that list before the migration, or drop it and make it again after.")));
}

/* What is made anew is to be of the same role again. */
void
carry_view_check_can_give(const View *view)
{
	Oid			namespace = get_rel_namespace(view->relid);

	if (view->owner == GetUserId() || superuser() ||
		(may_give_to(GetUserId(), view->owner) &&
		 object_aclcheck(NamespaceRelationId, namespace, view->owner,
						 ACL_CREATE) == ACLCHECK_OK))
		return;
	ereport(ERROR,
			(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
			 errmsg("%s %s cannot be made again for role \"%s\"", view_kind(view),
					view->name, GetUserNameFromId(view->owner, false)),
			 errdetail("%s.", why_dropped(view)),
			 errhint("Act as that role, or drop the view before the migration.")));
}

/* Each after those that it reads. */
static List *
in_order(List *views)
{
	List	   *waiting = list_copy(views);
	List	   *ordered = NIL;

	while (waiting != NIL)
	{
		View	   *next = linitial(waiting);
		ListCell   *lc;

		foreach(lc, waiting)
		{
			if (!reads_any(lfirst(lc), waiting))
			{
				next = lfirst(lc);
				break;
			}
		}
		waiting = list_delete_ptr(waiting, next);
		ordered = lappend(ordered, next);
	}
	return ordered;
}

static bool
reads_any(const View *view, List *others)
{
	ListCell   *lc;

	foreach(lc, others)
	{
		const View *other = lfirst(lc);

		if (other != view && list_member_oid(view->reads, other->relid))
			return true;
	}
	return false;
}

/*
 * The view (in a list) by which the version that stays shows a view of the user's.  It
 * is made as the version's views are, before the start as after it, and then gets
 * what was said of it itself.
 */
static List *
shown_view(DependentSearch *search, const View *view, List *views)
{
	SchemaModel *model = search->model;
	MigrationPlan *plan = plan_create(model->base_schema);
	CarriedObject *object = NULL;
	List	   *said = NIL;
	TableModel *shown_as = model_table_of(model, view->relid);
	ListCell   *lc;

	if (shown_as != NULL && !shown_as->dropped)
		version_view_recreate(model, shown_as, search->version_schema,
							  PHASE_COMPLETE, plan);
	foreach(lc, views)
	{
		View	   *shown = lfirst(lc);

		if (is_shown(search, shown) && list_member_oid(shown->reads, view->relid))
			object = view_made_anew(shown);
	}
	if (object == NULL && (plan->steps == NIL || !model->foreseen))
		return NIL;
	if (object == NULL)
		object = view_unborn(quote_qualified_identifier(search->version_schema,
														get_rel_name(view->relid)),
							 view->relid);
	foreach(lc, plan->steps)
		said = lappend(said, makeString(((Step *) lfirst(lc))->command));
	foreach(lc, object->attach)
	{
		if (foreach_current_index(lc) > 0 || plan->steps == NIL)
			said = list_append_unique(said, makeString(lfirst(lc)));
	}
	object->attach = NIL;
	foreach(lc, said)
		object->attach = lappend(object->attach, strVal(lfirst(lc)));
	return list_make1(object);
}
