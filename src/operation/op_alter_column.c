/*-------------------------------------------------------------------------
 *
 * op_alter_column.c
 *		The operation alter_column.
 *
 * What both versions can share is changed in the views at the start and in the
 * table at completion; a shadow is made only where the two need different
 * values.
 *-------------------------------------------------------------------------
 */
#include "pgroll.h"

#include "catalog/pg_constraint.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "operation/carry_identity.h"
#include "operation/column_change.h"
#include "operation/constraint_definition.h"
#include "operation/drop_check.h"
#include "operation/inherit.h"
#include "operation/new_object.h"
#include "operation/operation.h"
#include "operation/operation_util.h"
#include "operation/shadow_check.h"
#include "operation/shadow_column.h"
#include "schema/catalog_depend.h"
#include "schema/catalog_object.h"
#include "schema/catalog_read.h"
#include "schema/object_model.h"
#include "versioning/expression.h"
#include "versioning/version_view.h"

typedef enum NullableChange
{
	NULLABLE_KEEP,
	NULLABLE_SET_NOT_NULL,
	NULLABLE_DROP_NOT_NULL
} NullableChange;

typedef struct AlterColumn
{
	Operation	base;
	char	   *table_name;
	char	   *column_name;
	char	   *type_text;		/* or NULL */
	NullableChange nullable;
	bool		has_default;
	char	   *default_source; /* NULL with has_default: drop it */
	bool		has_comment;
	char	   *comment;		/* NULL with has_comment: drop it */
	List	   *constraints;	/* ConstraintDefinition *: check, references,
								 * unique */
	ColumnChange change;		/* with up and down; what is done to a column
								 * with a shadow */

	TableModel *table;
	Generation *generation;		/* what the operation leaves */
	bool		shadow;
	bool		in_place;		/* the type widens in the catalog alone */
	char	   *type_sql;		/* of a created table's column */
} AlterColumn;

static void parse_constraints(AlterColumn *op, JsonReader *reader);
static void validate_null_change(AlterColumn *op, SchemaModel *model,
								 const ColumnModel *column);
static void check_is_in_no_key(const AlterColumn *op, const Generation *generation);
static bool index_has_key(Oid relid, const char *index, AttrNumber attnum);
static void check_halves_are_given(const AlterColumn *op);
static void apply_constraints(AlterColumn *op, SchemaModel *model);
static void resolve_shadow(AlterColumn *op, SchemaModel *model, ColumnModel *column);
static bool needs_shadow(const AlterColumn *op, const SchemaModel *model);
static bool can_widen_in_place(AlterColumn *op, SchemaModel *model,
							   const Generation *generation, Oid type,
							   int32 typmod);
static void start_in_place(const AlterColumn *op, SchemaModel *model,
						   MigrationPlan *plan);
static void make_shadow(AlterColumn *op, SchemaModel *model, ColumnModel *column,
						Oid type, int32 typmod);
static void check_new_type(const AlterColumn *op, const Generation *new);
static void apply_metadata(AlterColumn *op, SchemaModel *model, ColumnModel *column);
static void metadata_steps(const AlterColumn *op, SchemaModel *model, Phase phase,
						   MigrationPlan *plan);

static Operation *
parse_alter_column(JsonReader *reader)
{
	AlterColumn *op = palloc0(sizeof(AlterColumn));

	op->table_name = json_name(reader, "table", true);
	op->column_name = json_name(reader, "column", true);
	op->type_text = json_string(reader, "type", false);
	if (json_has(reader, "nullable"))
		op->nullable = json_bool(reader, "nullable", false) ?
			NULLABLE_DROP_NOT_NULL : NULLABLE_SET_NOT_NULL;
	op->has_default = json_has(reader, "default");
	if (!json_is_null(reader, "default"))
		op->default_source = json_text(reader, "default", false);
	op->has_comment = json_has(reader, "comment");
	if (!json_is_null(reader, "comment"))
		op->comment = json_text(reader, "comment", false);
	parse_constraints(op, reader);
	op->change.up = json_text(reader, "up", false);
	op->change.down = json_text(reader, "down", false);
	op->change.path = json_path(reader, "column");
	op->change.up_path = json_path(reader, "up");
	op->change.down_path = json_path(reader, "down");
	if (op->type_text == NULL && op->nullable == NULLABLE_KEEP &&
		!op->has_default && !op->has_comment && op->constraints == NIL)
		json_error(reader->path, "the operation changes nothing");
	return &op->base;
}

/* What is new on the column; a key first, as the server would make it. */
static void
parse_constraints(AlterColumn *op, JsonReader *reader)
{
	JsonReader *nested = json_nested(reader, "unique", false);

	if (nested != NULL)
	{
		op->constraints =
			lappend(op->constraints,
					constraint_definition_of_column(CONSTRAINT_UNIQUE,
													json_name(nested, "name", true),
													op->column_name, nested->path));
		json_done(nested);
	}
	nested = json_nested(reader, "check", false);
	if (nested != NULL)
		op->constraints = lappend(op->constraints,
								  constraint_definition_parse_check(nested));
	nested = json_nested(reader, "references", false);
	if (nested != NULL)
		op->constraints = lappend(op->constraints,
								  constraint_definition_parse_reference(nested,
																		op->column_name));
}

static void
validate_alter_column(Operation *base, SchemaModel *model)
{
	AlterColumn *op = (AlterColumn *) base;
	ColumnModel *column;

	op->table = model_owned_table(model, op->table_name,
								  operation_path(base, "table"));
	column = model_column(op->table, op->column_name,
						  operation_path(base, "column"));
	inherit_check_own_column(op->table, column, operation_path(base, "column"));
	op->change.operation = base;
	op->change.table = op->table;
	op->change.column = column;
	validate_null_change(op, model, column);
	check_halves_are_given(op);
	resolve_shadow(op, model, column);
	op->generation = column->generation;
	apply_metadata(op, model, column);
	apply_constraints(op, model);
}

/* Where a change can lose something, the document says what becomes of it. */
static void
check_halves_are_given(const AlterColumn *op)
{
	const ColumnChange *change = &op->change;
	ListCell   *lc;

	if (op->nullable == NULLABLE_SET_NOT_NULL && change->up == NULL)
		json_error(change->up_path,
				   "\"nullable\": false needs \"up\", which says what NULL becomes");
	foreach(lc, op->constraints)
	{
		ConstraintDefinition *def = lfirst(lc);

		if (def->type == CONSTRAINT_UNIQUE && change->up == NULL)
			json_error(change->up_path,
					   "\"unique\" needs \"up\", which says what becomes of equal values");
		if (def->type != CONSTRAINT_UNIQUE &&
			(change->up == NULL || change->down == NULL))
			json_error(change->up == NULL ? change->up_path : change->down_path,
					   def->type == CONSTRAINT_CHECK ?
					   "\"check\" needs both \"up\" and \"down\"" :
					   "\"references\" needs both \"up\" and \"down\"");
	}
}

static void
apply_constraints(AlterColumn *op, SchemaModel *model)
{
	ListCell   *lc;

	foreach(lc, op->constraints)
	{
		ConstraintDefinition *def = lfirst(lc);

		new_object_apply(def, model, op->table, op->base.number);
	}
}

static void
validate_null_change(AlterColumn *op, SchemaModel *model,
					 const ColumnModel *column)
{
	bool		not_null = column->generation->not_null;

	/* Somebody may have changed it since the start. */
	if (!model->started &&
		((op->nullable == NULLABLE_SET_NOT_NULL && not_null) ||
		 (op->nullable == NULLABLE_DROP_NOT_NULL && !not_null)))
		ereport(ERROR,
				(errcode(ERRCODE_PGROLL_INVALID_DOCUMENT),
				 not_null ?
				 errmsg("column \"%s\" of table \"%s\" is already NOT NULL",
						op->column_name, op->table_name) :
				 errmsg("column \"%s\" of table \"%s\" is already nullable",
						op->column_name, op->table_name),
				 errdetail("At %s.", operation_path(&op->base, "nullable")),
				 errhint("Leave \"nullable\" out.")));
	if (op->nullable == NULLABLE_DROP_NOT_NULL && column->generation->identity != '\0')
		ereport(ERROR,
				(errcode(ERRCODE_SYNTAX_ERROR),
				 errmsg("column \"%s\" of table \"%s\" is an identity column",
						op->column_name, op->table_name),
				 errdetail("At %s.", operation_path(&op->base, "nullable")),
				 errhint("Such a column is always NOT NULL.")));
	if (op->nullable == NULLABLE_DROP_NOT_NULL && !model->started)
		check_is_in_no_key(op, column->generation);
}

/* Such as must be NOT NULL. */
static void
check_is_in_no_key(const AlterColumn *op, const Generation *generation)
{
	ListCell   *lc;
	ListCell   *lc2;

	foreach(lc, model_objects(op->table))
	{
		ObjectModel *object = lfirst(lc);
		bool		primary = object->type == CONSTRAINT_PRIMARY;

		if (!object_is_shown(op->table, object) ||
			!(primary || object_is_identity(op->table, object)))
			continue;
		foreach(lc2, object->columns)
		{
			const Generation *covered = lfirst(lc2);

			if (model_newest_generation(op->table, covered) != generation ||
				(object->stored != NULL &&
				 !index_has_key(op->table->relid, object->stored, covered->attnum)))
				continue;
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_TABLE_DEFINITION),
					 primary ?
					 errmsg("column \"%s\" is in a primary key", op->column_name) :
					 errmsg("column \"%s\" is in index used as replica identity",
							op->column_name),
					 errdetail("At %s: \"%s\" of table \"%s\" has it.",
							   operation_path(&op->base, "nullable"), object->name,
							   op->table_name),
					 primary ?
					 errhint("Drop the primary key with the operation drop_constraint first.") :
					 errhint("Set another identity with the operation set_replica_identity first.")));
		}
	}
}

/* Is it a key column, not an included one, of that index? */
static bool
index_has_key(Oid relid, const char *index, AttrNumber attnum)
{
	ListCell   *lc;
	ListCell   *lc2;

	foreach(lc, catalog_indexes(relid))
	{
		IndexFacts *facts = lfirst(lc);

		foreach(lc2, strcmp(facts->name, index) == 0 ? facts->columns : NIL)
		{
			if (((IndexColumn *) lfirst(lc2))->attnum == attnum)
				return true;
		}
	}
	return false;
}

/* Find out whether a shadow is needed, and make it. */
static void
resolve_shadow(AlterColumn *op, SchemaModel *model, ColumnModel *column)
{
	Oid			type = column->generation->type;
	int32		typmod = column->generation->typmod;

	if (op->type_text != NULL)
	{
		expression_parse_type(model, op->type_text,
							  operation_path(&op->base, "type"), &type, &typmod);
		op->type_sql = expression_type_name(type, typmod);
	}
	if (op->table->created)
	{
		if (op->type_text != NULL)
			drop_check_not_generated_from(op->table, column->generation,
										  "change the type of",
										  operation_path(&op->base, "type"));
		column->generation->type = type;
		column->generation->typmod = typmod;
		column->generation->collation = get_typcollation(type);
		carry_identity_check_type(op->table, column->generation,
								  operation_path(&op->base, "type"));
		if (op->nullable != NULLABLE_KEEP)
			column->generation->not_null = op->nullable == NULLABLE_SET_NOT_NULL;
		return;
	}
	op->in_place = op->type_text != NULL && op->change.up == NULL &&
		op->change.down == NULL && op->nullable == NULLABLE_KEEP &&
		can_widen_in_place(op, model, column->generation, type, typmod);
	if (op->in_place)
	{
		column->generation->type = type;
		column->generation->typmod = typmod;
		return;
	}
	op->shadow = needs_shadow(op, model);
	if (op->shadow)
		make_shadow(op, model, column, type, typmod);
	else if (op->nullable == NULLABLE_DROP_NOT_NULL)
		column->generation->not_null = false;
}

/* Only where the two versions need different values, or one of them a scan. */
static bool
needs_shadow(const AlterColumn *op, const SchemaModel *model)
{
	if (op->type_text != NULL || op->nullable == NULLABLE_SET_NOT_NULL)
		return true;
	if (op->nullable == NULLABLE_DROP_NOT_NULL &&
		column_change_alters_down(&op->change, model))
		return true;
	return op->constraints != NIL &&
		(column_change_alters_up(&op->change, model) ||
		 column_change_alters_down(&op->change, model));
}

/*
 * Nothing but the column's default, its NOT NULL and its indexes may hang on it:
 * the server would check anything else again, under its lock.
 */
static bool
can_widen_in_place(AlterColumn *op, SchemaModel *model, const Generation *generation,
				   Oid type, int32 typmod)
{
	ListCell   *lc;

	if (model->started)
		return generation->type == type && generation->typmod == typmod;
	if (generation->attnum == 0 || generation->generated != '\0' ||
		!expression_is_free_widening(generation, type, typmod))
		return false;
	foreach(lc, catalog_dependents(op->table->relid, generation->attnum,
								   model->version_namespaces))
	{
		if (!catalog_dependent_is_plain(lfirst(lc)))
			return false;
	}
	return true;
}

static void
make_shadow(AlterColumn *op, SchemaModel *model, ColumnModel *column, Oid type,
			int32 typmod)
{
	ColumnChange *change = &op->change;
	Generation *new;

	if (op->type_text != NULL && (change->up == NULL || change->down == NULL))
		json_error(change->up == NULL ? change->up_path : change->down_path,
				   "a change of type needs both \"up\" and \"down\"");
	column_change_prepare(change, model, type);
	new = column_change_replace(change);
	if (op->type_text != NULL)
	{
		new->type = type;
		new->typmod = typmod;
		new->collation = get_typcollation(type);
		if (!op->has_default)
			shadow_check_default_fits(model, op->table, new,
									  operation_path(&op->base, "type"));
		check_new_type(op, new);
		carry_identity_check_type(op->table, new, operation_path(&op->base, "type"));
	}
	if (op->nullable != NULLABLE_KEEP)
		new->not_null = op->nullable == NULLABLE_SET_NOT_NULL;
	column_change_finish(change, model);
}

/* The old version's INSERT gives the new column NULL, whatever its default is. */
static void
check_new_type(const AlterColumn *op, const Generation *new)
{
	Generation	bare = *new;

	bare.default_text = NULL;
	shadow_check_accepts_null(op->table, &bare, new->type,
							  operation_path(&op->base, "type"));
}

/* Default and comment, which the views carry until the completion. */
static void
apply_metadata(AlterColumn *op, SchemaModel *model, ColumnModel *column)
{
	if (op->has_default)
	{
		Generation *generation = column->generation;
		const char *path = operation_path(&op->base, "default");

		if (generation->identity != '\0' || generation->generated != '\0')
			ereport(ERROR,
					(errcode(ERRCODE_SYNTAX_ERROR),
					 errmsg("column \"%s\" of table \"%s\" is an identity or generated column",
							op->column_name, op->table_name),
					 errdetail("At %s.", path),
					 errhint("Such a column cannot have a default.")));
		generation->default_text = op->default_source == NULL ? NULL :
			expression_deparse(operation_default(model, op->default_source,
												 generation->type, path));
		generation->sets_default = true;
	}
	if (op->has_comment)
		column->comment = op->comment;
}

static void
start_alter_column(const Operation *base, SchemaModel *model, MigrationPlan *plan)
{
	const AlterColumn *op = (const AlterColumn *) base;
	const char *column = quote_identifier(op->column_name);
	ListCell   *lc;

	if (op->table->created)
	{
		if (op->type_sql != NULL)
			operation_alter_created(base, model, plan, op->table_name,
									psprintf("ALTER COLUMN %s TYPE %s", column,
											 op->type_sql));
		if (op->nullable != NULLABLE_KEEP)
			operation_alter_created(base, model, plan, op->table_name,
									psprintf("ALTER COLUMN %s %s NOT NULL", column,
											 op->nullable == NULLABLE_SET_NOT_NULL ?
											 "SET" : "DROP"));
		metadata_steps(op, model, PHASE_START, plan);
		foreach(lc, op->constraints)
			new_object_on_created(base, model, op->table_name, lfirst(lc), plan);
	}
	else if (op->in_place)
		start_in_place(op, model, plan);
	else
		column_change_start(&op->change, model, plan);
}

/* A rollback leaves the wider type: to narrow it would take a scan under lock. */
static void
start_in_place(const AlterColumn *op, SchemaModel *model, MigrationPlan *plan)
{
	TableModel *stored = catalog_read_table(model, op->table->relid);

	if (stored == NULL)
		return;
	version_view_drop_previous(model, stored, PHASE_START, plan);
	shadow_alter_table(model, op->table, op->base.number, PHASE_START,
					   psprintf("ALTER COLUMN %s TYPE %s",
								quote_identifier(op->generation->physical),
								op->type_sql), plan);
	version_view_create_previous(model, stored, PHASE_START, plan);
}

static void
complete_alter_column(const Operation *base, SchemaModel *model, MigrationPlan *plan)
{
	const AlterColumn *op = (const AlterColumn *) base;

	if (op->table->created)
		return;
	if (op->shadow)
	{
		column_change_complete(&op->change, model, plan);
		return;
	}
	if (op->generation->attnum == 0)
		return;					/* a later operation's shadow has it all */
	if (op->nullable == NULLABLE_DROP_NOT_NULL)
		shadow_alter_table(model, op->table, base->number, PHASE_COMPLETE,
						   psprintf("ALTER COLUMN %s DROP NOT NULL",
									quote_identifier(op->generation->physical)),
						   plan);
	metadata_steps(op, model, PHASE_COMPLETE, plan);
}

/* Default and comment of a column that is stored. */
static void
metadata_steps(const AlterColumn *op, SchemaModel *model, Phase phase,
			   MigrationPlan *plan)
{
	const char *table = phase == PHASE_START ? op->table_name : op->table->physical;
	const char *column = quote_identifier(phase == PHASE_START ? op->column_name :
										  op->generation->physical);

	if (op->has_default)
		plan_step(plan, (Step) {
			.phase = phase,
			.operation = op->base.number,
			.command = op->generation->default_text == NULL ?
				psprintf("ALTER TABLE %s ALTER COLUMN %s DROP DEFAULT",
						 model_qualified(model, table), column) :
				psprintf("ALTER TABLE %s ALTER COLUMN %s SET DEFAULT %s",
						 model_qualified(model, table), column,
						 op->generation->default_text),
			.lock = AccessExclusiveLock,
			.relation = op->table->relid,
			.relation_name = model_qualified(model, table),
			.also = operation_other_members(op->table->relid),
		});
	if (op->has_comment)
		plan_comment(plan, phase, op->base.number, op->table->relid,
					 model_qualified(model, table),
					 psprintf("COLUMN %s.%s", model_qualified(model, table), column),
					 op->comment);
}

const OperationOps alter_column_ops = {
	.name = "alter_column",
	.parse = parse_alter_column,
	.validate = validate_alter_column,
	.start = start_alter_column,
	.complete = complete_alter_column,
	.rollback = NULL,			/* the shadow is found by its name */
};
