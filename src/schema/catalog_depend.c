/*-------------------------------------------------------------------------
 *
 * catalog_depend.c
 *		What depends on an object, as pg_depend has it.
 *-------------------------------------------------------------------------
 */
#include "pgroll.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/dependency.h"
#include "catalog/pg_attrdef.h"
#include "catalog/pg_class.h"
#include "catalog/pg_constraint.h"
#include "catalog/pg_depend.h"
#include "catalog/pg_rewrite.h"
#include "catalog/pg_type.h"
#include "commands/extension.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

#include "schema/catalog_constraint.h"
#include "schema/catalog_depend.h"
#include "schema/catalog_object.h"
#include "schema/catalog_read.h"
#include "schema/names.h"

static List *dependents_of(Oid class_id, Oid object, AttrNumber attnum,
						   List *ignored_schemas);
static bool goes_along(const Dependent *dependent, List *dependents);

List *
catalog_depending_objects(Oid class_id, Oid object, AttrNumber attnum)
{
	Relation	depend = table_open(DependRelationId, AccessShareLock);
	ScanKeyData keys[3];
	SysScanDesc scan;
	HeapTuple	tuple;
	List	   *found = NIL;

	ScanKeyInit(&keys[0], Anum_pg_depend_refclassid, BTEqualStrategyNumber,
				F_OIDEQ, ObjectIdGetDatum(class_id));
	ScanKeyInit(&keys[1], Anum_pg_depend_refobjid, BTEqualStrategyNumber,
				F_OIDEQ, ObjectIdGetDatum(object));
	ScanKeyInit(&keys[2], Anum_pg_depend_refobjsubid, BTEqualStrategyNumber,
				F_INT4EQ, Int32GetDatum(attnum));
	scan = systable_beginscan(depend, DependReferenceIndexId, true, NULL,
							  attnum == 0 ? 2 : 3, keys);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		Form_pg_depend form = (Form_pg_depend) GETSTRUCT(tuple);
		Dependent  *dependent = palloc0(sizeof(Dependent));

		ObjectAddressSubSet(dependent->object, form->classid, form->objid,
							form->objsubid);
		dependent->deptype = form->deptype;
		found = lappend(found, dependent);
	}
	systable_endscan(scan);
	table_close(depend, AccessShareLock);
	return found;
}

List *
catalog_dependents(Oid relid, AttrNumber attnum, List *ignored_schemas)
{
	return dependents_of(RelationRelationId, relid, attnum, ignored_schemas);
}

List *
catalog_constraint_dependents(Oid relid, const char *constraint,
							  List *ignored_schemas)
{
	Oid			oid = get_relation_constraint_oid(relid, constraint, false);
	Oid			index = get_constraint_index(oid);
	List	   *dependents = dependents_of(ConstraintRelationId, oid, 0,
										   ignored_schemas);
	List	   *found = NIL;
	ListCell   *lc;

	if (OidIsValid(index))
		dependents = list_concat(dependents,
								 dependents_of(RelationRelationId, index, 0,
											   ignored_schemas));
	foreach(lc, dependents)
	{
		Dependent  *dependent = lfirst(lc);

		if (dependent->deptype == DEPENDENCY_NORMAL)
			found = lappend(found, dependent);
	}
	return found;
}

List *
catalog_blocking_dependents(Oid relid, AttrNumber attnum, List *ignored_schemas)
{
	List	   *dependents = catalog_dependents(relid, attnum, ignored_schemas);
	List	   *found = NIL;
	ListCell   *lc;

	foreach(lc, dependents)
	{
		Dependent  *dependent = lfirst(lc);

		if (dependent->deptype == DEPENDENCY_NORMAL &&
			!(attnum == 0 && dependent->object.classId == RelationRelationId &&
			  dependent->object.objectId == relid) &&
			!goes_along(dependent, dependents))
			found = lappend(found, dependent);
	}
	return found;
}

List *
catalog_users_of_type(Oid type)
{
	List	   *users = list_concat(dependents_of(TypeRelationId, type, 0, NIL),
									dependents_of(TypeRelationId,
												  get_array_type(type), 0, NIL));
	ListCell   *lc;

	foreach(lc, users)
	{
		if (((Dependent *) lfirst(lc))->deptype != DEPENDENCY_NORMAL)
			users = foreach_delete_current(users, lc);
	}
	return users;
}

Oid
catalog_view_of_rule(Oid rule)
{
	Relation	rewrite = table_open(RewriteRelationId, AccessShareLock);
	HeapTuple	tuple = get_catalog_object_by_oid(rewrite, Anum_pg_rewrite_oid, rule);
	Oid			view = HeapTupleIsValid(tuple) ?
		((Form_pg_rewrite) GETSTRUCT(tuple))->ev_class : InvalidOid;

	table_close(rewrite, AccessShareLock);
	return view;
}

bool
catalog_dependent_is_plain(const Dependent *dependent)
{
	Oid			class_id = dependent->object.classId;

	if (class_id == AttrDefaultRelationId)
		return dependent->deptype == DEPENDENCY_AUTO;
	if (class_id == ConstraintRelationId)
	{
		FormData_pg_constraint row;

		return !catalog_constraint_row(dependent->object.objectId, &row) ||
			row.contype == CONSTRAINT_PRIMARY || row.contype == CONSTRAINT_UNIQUE ||
			row.contype == CONSTRAINT_NOTNULL;
	}
	if (class_id == RelationRelationId)
	{
		char		relkind = get_rel_relkind(dependent->object.objectId);

		return relkind == RELKIND_INDEX || relkind == RELKIND_SEQUENCE;
	}
	return false;
}

char *
catalog_describe(List *dependents)
{
	StringInfoData list;
	List	   *texts = NIL;
	ListCell   *lc;

	initStringInfo(&list);
	foreach(lc, dependents)
	{
		const Dependent *dependent = lfirst(lc);

		texts = list_append_unique(texts,
								   makeString(dependent->description != NULL ?
											  dependent->description :
											  getObjectDescription(&dependent->object, false)));
	}
	foreach(lc, texts)
		appendStringInfo(&list, "%s%s", list.len > 0 ? ", " : "", strVal(lfirst(lc)));
	return list.data;
}

List *
catalog_extensions(Oid class_id, Oid object)
{
	List	   *names = NIL;
	ListCell   *lc;

	foreach(lc, getAutoExtensionsOfObject(class_id, object))
		names = lappend(names, get_extension_name(lfirst_oid(lc)));
	return names;
}

/* What depends on an object, or on a column of it (0: on it and all of them). */
static List *
dependents_of(Oid class_id, Oid object, AttrNumber attnum, List *ignored_schemas)
{
	List	   *found = NIL;
	ListCell   *lc;

	foreach(lc, catalog_depending_objects(class_id, object, attnum))
	{
		Dependent  *dependent = lfirst(lc);

		if (dependent->object.classId == RewriteRelationId)
		{
			Oid			view = catalog_view_of_rule(dependent->object.objectId);

			/* A rule of the user's on a table is described as such. */
			if (get_rel_relkind(view) == RELKIND_VIEW ||
				get_rel_relkind(view) == RELKIND_MATVIEW)
				ObjectAddressSet(dependent->object, RelationRelationId, view);
		}
		if (dependent->object.classId == RelationRelationId &&
			list_member_oid(ignored_schemas,
							get_rel_namespace(dependent->object.objectId)))
			continue;
		dependent->description = getObjectDescription(&dependent->object, true);
		if (dependent->description != NULL)
			found = lappend(found, dependent);
	}
	return found;
}

/*
 * Does it go along with what it depends on, such as a column's check?  That
 * depends in two ways, as a whole and by its expression.
 */
static bool
goes_along(const Dependent *dependent, List *dependents)
{
	ListCell   *lc;

	foreach(lc, dependents)
	{
		Dependent  *other = lfirst(lc);

		if (other->deptype != DEPENDENCY_NORMAL &&
			other->object.classId == dependent->object.classId &&
			other->object.objectId == dependent->object.objectId)
			return true;
	}
	return false;
}
