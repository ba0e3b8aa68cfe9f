/*-------------------------------------------------------------------------
 *
 * shadow_check.c
 *		Whether a shadow can stand for a column, and all that hangs on it.
 *-------------------------------------------------------------------------
 */
#include "pgroll.h"

#include "access/htup_details.h"
#include "catalog/dependency.h"
#include "catalog/pg_attrdef.h"
#include "catalog/pg_class.h"
#include "catalog/pg_constraint.h"
#include "catalog/pg_trigger.h"
#include "catalog/pg_type.h"
#include "nodes/nodeFuncs.h"
#include "parser/parse_coerce.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "ddl/column_domain.h"
#include "operation/carry_dependents.h"
#include "operation/carry_identity.h"
#include "operation/carry_trigger.h"
#include "operation/operation_util.h"
#include "operation/shadow_check.h"
#include "schema/catalog_constraint.h"
#include "schema/catalog_depend.h"
#include "schema/catalog_object.h"
#include "schema/catalog_read.h"
#include "schema/object_model.h"
#include "versioning/expression.h"

static bool is_dropped(const TableModel *table, const Dependent *dependent);
static bool dependent_can_be_carried(const TableModel *table,
									 const ColumnModel *column,
									 const Dependent *dependent);
static bool constraint_can_be_carried(const TableModel *table,
									  const ColumnModel *column, Oid constraint);
pg_noreturn static void cannot_shadow(TableModel *table, const ColumnModel *column,
									  const char *path, const char *because,
									  const char *hint);

void
shadow_check_possible(SchemaModel *model, TableModel *table,
					  const ColumnModel *column, const char *path)
{
	Generation *stored = model_stored_ancestor(column->generation);
	ListCell   *lc;

	if (table->is_typed)
		cannot_shadow(table, column, path, "the table is a typed table",
					  "Alter the type of the table instead.");
	if (stored == NULL)
		return;
	if (catalog_is_partitioned_by(table->relid, stored->physical))
		cannot_shadow(table, column, path, "the table or a partition is partitioned by it",
					  "Make another table, partitioned by the new form of the column.");
	shadow_check_accepts_null(table, stored, stored->type, path);
	if (stored->generated != '\0')
		cannot_shadow(table, column, path, "it is a generated column",
					  "Drop the column and add it again.");
	carry_identity_check(model, table, column, path);
	foreach(lc, catalog_dependents(table->relid, stored->attnum,
								   model->version_namespaces))
	{
		Dependent  *dependent = lfirst(lc);

		if (!is_dropped(table, dependent) &&
			!dependent_can_be_carried(table, column, dependent))
			cannot_shadow(table, column, path,
						  psprintf("%s could not be carried over",
								   dependent->description),
						  "Drop that object before the migration, and make it again after.");
	}
}

/* The default goes along with the column, unless the migration gives another. */
void
shadow_check_default_fits(SchemaModel *model, const TableModel *table,
						  const Generation *column, const char *path)
{
	Oid			from;

	if (column->default_text == NULL)
		return;
	/* A sequence that the start makes is not there yet. */
	from = column->sequence != NULL ? INT8OID :
		exprType(expression_parse(model, NULL, column->default_text, path,
								  EXPRESSION_DEFAULT));
	if (!can_coerce_type(1, &from, &column->type, COERCION_ASSIGNMENT))
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("default for column \"%s\" of table \"%s\" cannot be cast to type %s",
						column->name, table->name, format_type_be(column->type)),
				 errdetail("At %s.", path),
				 errhint("Give the new default with \"default\", or drop it with \"default\": null.")));
}

void
shadow_check_room(const TableModel *table)
{
	int			n_more = table->edge_members != NIL ? 1 : 0;	/* the marker */
	ListCell   *lc;

	foreach(lc, table->generations)
	{
		const Generation *generation = lfirst(lc);

		if (generation->shadow != NULL && generation->leader == NULL)
			n_more++;
	}
	foreach(lc, n_more > 0 ? catalog_table_tree(table->relid) : NIL)
	{
		int			n_present = catalog_last_attnum(lfirst_oid(lc));

		if (n_present + n_more > MaxHeapAttributeNumber)
			ereport(ERROR,
					(errcode(ERRCODE_TOO_MANY_COLUMNS),
					 errmsg("table %s has no room for the columns that the migration adds",
							catalog_relation_name(lfirst_oid(lc))),
					 errdetail("It has had %d columns, with those that were dropped, and gets %d more; %d are the most that a table can have.",
							   n_present, n_more, MaxHeapAttributeNumber),
					 errhint("Only a new table is rid of dropped columns: copy it into one, or dump and restore it.")));
	}
}

void
shadow_check_accepts_null(const TableModel *table, const Generation *column,
						  Oid type, const char *path)
{
	if (table->created || column->default_text != NULL ||
		column_domain_accepts_null(type))
		return;
	ereport(ERROR,
			(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
			 errmsg("column \"%s\" of table \"%s\" cannot be served by two versions: its type %s does not accept NULL",
					column->name, table->name, format_type_be(type)),
			 errdetail("At %s: an INSERT through the version that lacks the column gives NULL before any trigger can fill it.",
					   path),
			 errhint("Use a domain that accepts NULL, and make the column NOT NULL instead.")));
}

/* Is it a constraint, or its index, that the migration drops? */
static bool
is_dropped(const TableModel *table, const Dependent *dependent)
{
	Oid			object = dependent->object.objectId;
	char	   *name = dependent->object.classId == ConstraintRelationId ?
		get_constraint_name(object) :
		dependent->object.classId == RelationRelationId &&
		get_rel_relkind(object) == RELKIND_INDEX ? get_rel_name(object) : NULL;

	return name != NULL && object_is_dropped(table, name);
}

/* What the files carry*.c make again on the shadow. */
static bool
dependent_can_be_carried(const TableModel *table, const ColumnModel *column,
						 const Dependent *dependent)
{
	Oid			class_id = dependent->object.classId;

	if (class_id == ConstraintRelationId)
		return constraint_can_be_carried(table, column, dependent->object.objectId);
	/* Its own default; that of another column is a generated one. */
	if (class_id == AttrDefaultRelationId)
		return dependent->deptype == DEPENDENCY_AUTO;
	if (class_id == TriggerRelationId)
		return carry_trigger_is_possible(table, dependent->object.objectId);
	if (carry_dependent_is_possible(dependent))
		return true;
	if (class_id != RelationRelationId)
		return false;
	switch (get_rel_relkind(dependent->object.objectId))
	{
		case RELKIND_INDEX:
		case RELKIND_PARTITIONED_INDEX:
			return true;
		case RELKIND_SEQUENCE:
			return true;		/* see carry_identity.c */
		default:
			return false;
	}
}

/*
 * Checks and foreign keys of the table; keys come by way of their indexes.  What
 * an inherited column has from its parent it gets from there again.
 */
static bool
constraint_can_be_carried(const TableModel *table, const ColumnModel *column,
						  Oid constraint)
{
	FormData_pg_constraint row;

	if (!catalog_constraint_row(constraint, &row))
		return true;
	if (constraint_has_period(&row))
		return false;
	if (OidIsValid(row.conparentid))
		return true;			/* it comes with the whole table's */
	if (row.contype == CONSTRAINT_FOREIGN && row.confrelid == table->relid)
		return true;			/* see carry_incoming.c */
	if (row.conrelid != table->relid)
		return false;
	if (row.contype == CONSTRAINT_NOTNULL && (row.connoinherit || !row.convalidated))
		return false;
	if (row.contype == CONSTRAINT_CHECK || row.contype == CONSTRAINT_NOTNULL)
		return row.coninhcount == 0 || column->generation->leader != NULL;
	return row.contype == CONSTRAINT_FOREIGN || row.contype == CONSTRAINT_PRIMARY ||
		row.contype == CONSTRAINT_UNIQUE;
}

static void
cannot_shadow(TableModel *table, const ColumnModel *column, const char *path,
			  const char *because, const char *hint)
{
	ereport(ERROR,
			(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
			 errmsg("column \"%s\" of table \"%s\" cannot be changed: %s",
					column->name, table->name, because),
			 errdetail("At %s.", path),
			 errhint("%s", hint)));
	pg_unreachable();
}
