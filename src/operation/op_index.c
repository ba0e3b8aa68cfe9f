/*-------------------------------------------------------------------------
 *
 * op_index.c
 *		The operations create_index and drop_index.
 *
 * An index is built in the background, under a name of ours, and gets its own at
 * the completion, when that of one which the migration drops has come free.
 *-------------------------------------------------------------------------
 */
#include "pgroll.h"

#include "catalog/index.h"
#include "catalog/partition.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "operation/drop_check.h"
#include "operation/index_definition.h"
#include "operation/operation.h"
#include "operation/operation_util.h"
#include "operation/partition_index.h"
#include "schema/catalog_object.h"
#include "schema/catalog_read.h"
#include "schema/object_model.h"
#include "state/migration_drops.h"
#include "state/tasks.h"

typedef struct CreateIndex
{
	Operation	base;
	char	   *table_name;
	IndexDefinition *definition;
	TableModel *table;
	ObjectModel *object;
	List	   *members;		/* IndexMember *: what it consists of */
	char	   *command;		/* on a table that the migration creates */
} CreateIndex;

typedef struct DropIndex
{
	Operation	base;
	char	   *name;
	TableModel *table;
	ObjectModel *object;		/* NULL: somebody has dropped it since */
} DropIndex;

static void resolve_members(CreateIndex *op, SchemaModel *model);
static bool is_built(const CreateIndex *op);
static void complete_built(const CreateIndex *op, SchemaModel *model, MigrationPlan *plan);
static IndexMaker maker_of(const CreateIndex *op);
static char *index_sql(const IndexMaker *maker, const char *how, const char *name,
					   const char *relation);
static void raise_missing(const IndexMaker *maker, const IndexMember *member);
static bool is_noted(const DropIndex *op, const SchemaModel *model);
static void check_is_of_no_partition(const DropIndex *op, SchemaModel *model);
static void check_serves_no_constraint(const DropIndex *op, SchemaModel *model);
static void check_is_no_identity(const DropIndex *op);

static Operation *
parse_create_index(JsonReader *reader)
{
	CreateIndex *op = palloc0(sizeof(CreateIndex));

	op->table_name = json_name(reader, "table", true);
	op->definition = index_definition_parse(reader);
	return &op->base;
}

static void
validate_create_index(Operation *base, SchemaModel *model)
{
	CreateIndex *op = (CreateIndex *) base;
	IndexDefinition *def = op->definition;

	op->table = model_owned_table(model, op->table_name,
								  operation_path(base, "table"));
	model_check_object_free(model, op->table, def->name, true,
							operation_path(base, "name"));
	index_definition_resolve(def, model, op->table);
	op->object = model_add_object(model, op->table, def->name, OBJECT_INDEX,
								  index_definition_columns(def, op->table), def,
								  base->number);
	if (op->table->created)
		op->command = index_definition_sql(def, op->table, "",
										   op->object->made,
										   model_table_sql(model, op->table));
	else
		resolve_members(op, model);
}

static void
resolve_members(CreateIndex *op, SchemaModel *model)
{
	List	   *names = index_definition_column_names(index_definition_field_names(op->definition));
	List	   *stored = NIL;
	ListCell   *lc;

	op->members = index_members_new(model, op->table, &(NewIndex) {
		.name = op->definition->name,
		.type = OBJECT_INDEX,
		.columns = names,
	});
	if (model->started)
		return;
	foreach(lc, op->definition->fields)
	{
		Generation *generation = model_stored_ancestor(((IndexField *) lfirst(lc))->generation);

		if (generation != NULL)
			stored = lappend(stored, generation->physical);
	}
	index_members_check(model, op->members, op->definition->unique, stored,
						op->base.path);
}

/* Not where a later operation drops it, or a column of it. */
static bool
is_built(const CreateIndex *op)
{
	return !op->table->created && !op->table->dropped &&
		object_is_shown(op->table, op->object);
}

static void
supplement_create_index(const Operation *base, SchemaModel *model,
						MigrationPlan *plan)
{
	const CreateIndex *op = (const CreateIndex *) base;
	IndexMaker	maker;

	if (!is_built(op))
		return;
	index_definition_follow(op->definition, model, op->table);
	maker = maker_of(op);
	index_members_start(&maker, op->members, plan);
}

static IndexMaker
maker_of(const CreateIndex *op)
{
	List	   *stored = NIL;
	List	   *physical = NIL;
	ListCell   *lc;

	foreach(lc, op->definition->fields)
	{
		IndexField *field = lfirst(lc);
		Generation *generation = model_newest_generation(op->table, field->generation);

		stored = lappend(stored, field->stored_column);
		physical = lappend(physical, generation->physical);
	}
	return (IndexMaker) {
		.owner = op,
		.table = op->table,
		.operation = op->base.number,
		.unique = op->definition->unique,
		.wanted = index_definition_column_names(index_definition_field_names(op->definition)),
		.built = index_definition_column_names(stored),
		.completed = index_definition_column_names(physical),
		.sql = index_sql,
		.missing = raise_missing,
	};
}

static char *
index_sql(const IndexMaker *maker, const char *how, const char *name,
		  const char *relation)
{
	const CreateIndex *op = maker->owner;

	return index_definition_sql(op->definition, op->table, how, name, relation);
}

static void
raise_missing(const IndexMaker *maker, const IndexMember *member)
{
	const CreateIndex *op = maker->owner;

	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("index \"%s\" on table \"%s\" is not built",
					op->definition->name, member->label),
			 member->parent == NULL ?
			 errdetail("At %s: it is not built yet, or was dropped since.",
					   op->base.path) :
			 errdetail("At %s: it is not built yet, or was dropped since, or the partition is new.",
					   op->base.path),
			 errhint("Call pgroll_c.retry_migration(), wait, and complete the migration then.")));
}

static void
start_create_index(const Operation *base, SchemaModel *model, MigrationPlan *plan)
{
	const CreateIndex *op = (const CreateIndex *) base;

	if (op->table->created)
		plan_step(plan, (Step) {
			.phase = PHASE_START,
			.operation = base->number,
			.command = op->command,
			.lock = ShareLock,
			.relation_name = model_qualified(model, op->table_name),
		});
	else
		supplement_create_index(base, model, plan);
}

static void
complete_create_index(const Operation *base, SchemaModel *model,
					  MigrationPlan *plan)
{
	const CreateIndex *op = (const CreateIndex *) base;

	if (is_built(op) && !operation_name_comes_late(model, op->object->name, base->number))
		complete_built(op, model, plan);
}

static void
settle_create_index(const Operation *base, SchemaModel *model, MigrationPlan *plan)
{
	const CreateIndex *op = (const CreateIndex *) base;

	if (is_built(op) && op->object->present == NULL)
		complete_built(op, model, plan);
}

static void
complete_built(const CreateIndex *op, SchemaModel *model, MigrationPlan *plan)
{
	IndexMaker	maker;

	op->object->present = op->object->name;
	if (!model->foreseen)
		index_definition_follow(op->definition, model, op->table);
	maker = maker_of(op);
	index_members_complete(model, &maker, op->members, plan);
}

static Operation *
parse_drop_index(JsonReader *reader)
{
	DropIndex  *op = palloc0(sizeof(DropIndex));

	op->name = json_name(reader, "name", true);
	return &op->base;
}

static void
validate_drop_index(Operation *base, SchemaModel *model)
{
	DropIndex  *op = (DropIndex *) base;
	const char *path = operation_path(base, "name");

	op->object = model_find_index(model, op->name, &op->table);
	/* It is gone, or somebody else's that has the name now. */
	if (model->started && (op->object == NULL || !is_noted(op, model)))
	{
		op->object = NULL;
		return;
	}
	if (op->object == NULL)
		check_is_of_no_partition(op, model);
	op->object = model_index(model, op->name, path, &op->table);
	(void) model_owned_table(model, op->table->name, path);
	check_serves_no_constraint(op, model);
	if (!model->started)
		check_is_no_identity(op);
	if (op->object->stored != NULL)
		drop_check_index_dependents(model, op->object->stored, path);
	op->object->dropped = true;
	op->object->operation = base->number;
}

/* Is it the one that the start has found? */
static bool
is_noted(const DropIndex *op, const SchemaModel *model)
{
	return op->object->stored == NULL ||
		migration_drops_include(model->drops, DROPS_INDEX, op->table->relid,
								op->object->stored);
}

/* No version shows partitions; their indexes go with those of the whole table. */
static void
check_is_of_no_partition(const DropIndex *op, SchemaModel *model)
{
	Oid			index = get_relname_relid(op->name, model->namespace);
	Oid			table = OidIsValid(index) ? IndexGetRelation(index, true) : InvalidOid;

	if (!OidIsValid(table) || !get_rel_relispartition(table))
		return;
	if (get_rel_relispartition(index))
		ereport(ERROR,
				(errcode(ERRCODE_DEPENDENT_OBJECTS_STILL_EXIST),
				 errmsg("cannot drop index \"%s\" because index \"%s\" requires it",
						op->name,
						get_rel_name(get_partition_parent(index, true))),
				 errdetail("At %s.", operation_path(&op->base, "name")),
				 errhint("Drop the index of the partitioned table instead.")));
	ereport(ERROR,
			(errcode(ERRCODE_WRONG_OBJECT_TYPE),
			 errmsg("index \"%s\" is one of a partition", op->name),
			 errdetail("At %s.", operation_path(&op->base, "name")),
			 errhint("No version shows the partition by itself: drop the index with DROP INDEX CONCURRENTLY.")));
}

static void
check_serves_no_constraint(const DropIndex *op, SchemaModel *model)
{
	if (op->object->type != OBJECT_INDEX)
		ereport(ERROR,
				(errcode(ERRCODE_DEPENDENT_OBJECTS_STILL_EXIST),
				 errmsg("cannot drop index \"%s\" because constraint \"%s\" on table \"%s\" requires it",
						op->name, op->object->name, op->table->name),
				 errdetail("At %s.", operation_path(&op->base, "name")),
				 errhint("Use the operation drop_constraint instead.")));
}

/* Updates and deletes of a published table would fail from then on. */
static void
check_is_no_identity(const DropIndex *op)
{
	if (!object_is_identity(op->table, op->object))
		return;
	ereport(ERROR,
			(errcode(ERRCODE_DEPENDENT_OBJECTS_STILL_EXIST),
			 errmsg("cannot drop index \"%s\" because it is the replica identity of table \"%s\"",
					op->name, op->table->name),
			 errdetail("At %s.", operation_path(&op->base, "name")),
			 errhint("Set another identity with the operation set_replica_identity first.")));
}

static void
start_drop_index(const Operation *base, SchemaModel *model, MigrationPlan *plan)
{
	const DropIndex *op = (const DropIndex *) base;

	if (op->table->created)
		plan_step(plan, (Step) {
			.phase = PHASE_START,
			.operation = base->number,
			.command = psprintf("DROP INDEX %s", model_qualified(model, op->object->made)),
			.lock = AccessExclusiveLock,
			.relation_name = model_qualified(model, op->object->made),
		});
}

static void
complete_drop_index(const Operation *base, SchemaModel *model, MigrationPlan *plan)
{
	const DropIndex *op = (const DropIndex *) base;
	Oid			index;

	if (op->object == NULL || op->object->stored == NULL || op->table->dropped ||
		object_has_gone(op->object))
		return;
	index = get_relname_relid(op->object->stored, model->namespace);
	plan_step(plan, (Step) {
		.phase = PHASE_COMPLETE,
		.operation = base->number,
		.command = psprintf("DROP INDEX %s",
							model_qualified(model, op->object->stored)),
		.lock = AccessExclusiveLock,
		.relation = op->table->relid,
		.relation_name = model_table_sql(model, op->table),
		.also = list_concat(operation_other_members(op->table->relid),
							catalog_table_tree(index)),
	});
}

const OperationOps create_index_ops = {
	.name = "create_index",
	.parse = parse_create_index,
	.validate = validate_create_index,
	.start = start_create_index,
	.supplement = supplement_create_index,
	.complete = complete_create_index,
	.settle = settle_create_index,
	.rollback = NULL,			/* the index is found by its name */
};

const OperationOps drop_index_ops = {
	.name = "drop_index",
	.parse = parse_drop_index,
	.validate = validate_drop_index,
	.start = start_drop_index,
	.complete = NULL,			/* gone before */
	.rollback = NULL,			/* nothing was done */
	.vacate = complete_drop_index,
};
