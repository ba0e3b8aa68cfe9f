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
#include "catalog/pg_class.h"
#include "catalog/pg_database.h"
#include "catalog/pg_namespace.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "operation/index_definition.h"
#include "operation/op_index.h"
#include "operation/operation.h"
#include "operation/operation_util.h"
#include "schema/catalog_object.h"
#include "schema/catalog_read.h"
#include "schema/names.h"
#include "schema/object_model.h"

typedef struct CreateIndex
{
	Operation	base;
	char	   *table_name;
	IndexDefinition *definition;
	TableModel *table;
	ObjectModel *object;
	char	   *command;		/* on a table that the migration creates */
} CreateIndex;

typedef struct DropIndex
{
	Operation	base;
	char	   *name;
	TableModel *table;
	ObjectModel *object;		/* NULL: somebody has dropped it since */
} DropIndex;

static void check_can_create(const CreateIndex *op, SchemaModel *model);
static bool is_built(const CreateIndex *op);
static void check_is_built(const CreateIndex *op, Oid index);
static void rename_columns(const CreateIndex *op, SchemaModel *model, Oid index,
						   MigrationPlan *plan);
static List *present_columns(const CreateIndex *op, Oid index);
static void rename_column(const CreateIndex *op, SchemaModel *model, Oid index,
						  ListCell *present, char *name, MigrationPlan *plan);
static void check_is_of_no_partition(const DropIndex *op, SchemaModel *model);
static void check_serves_no_constraint(const DropIndex *op, SchemaModel *model);
static void check_is_no_identity(const DropIndex *op);
static bool has_gone(const ObjectModel *object);
static void drop_built(Oid table, Oid index, MigrationPlan *plan);

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
	check_can_create(op, model);
	model_check_object_free(model, op->table, def->name, true,
							operation_path(base, "name"));
	index_definition_resolve(def, model, op->table);
	op->object = model_add_object(op->table, def->name, OBJECT_INDEX,
								  index_definition_columns(def, op->table), def,
								  base->number);
	if (op->table->created)
		op->command = index_definition_sql(def, op->table, "", def->name,
										   model_qualified(model, op->table->physical));
}

static void
check_can_create(const CreateIndex *op, SchemaModel *model)
{
	if (op->table->relkind == RELKIND_PARTITIONED_TABLE)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("an index on partitioned table \"%s\" is not supported yet",
						op->table->name),
				 errdetail("At %s.", operation_path(&op->base, "table")),
				 errhint("Make the index with an sql operation.")));
	/* The index is built with the rights of the table's owner. */
	if (!model->started &&
		object_aclcheck(NamespaceRelationId, model->namespace, op->table->owner,
						ACL_CREATE) != ACLCHECK_OK)
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("permission denied for schema \"%s\"", model->base_schema),
				 errdetail("At %s: the owner of the table may not create indexes there.",
						   op->base.path),
				 errhint("Grant CREATE on the schema to the owner of the table.")));
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
	char	   *name = name_new(model->migration, op->definition->name);
	char	   *table;
	Oid			index;

	if (!is_built(op))
		return;
	index = get_relname_relid(name, model->namespace);
	if (OidIsValid(index) && get_index_isvalid(index))
		return;
	table = model_qualified(model, op->table->physical);
	index_definition_follow(op->definition, model, op->table);
	plan_step(plan, (Step) {
		.phase = PHASE_BACKGROUND,
		.operation = base->number,
		.command = index_definition_sql(op->definition, op->table, "CONCURRENTLY ",
										name, table),
		.lock = ShareUpdateExclusiveLock,
		.relation = op->table->relid,
		.relation_name = table,
		.task = TASK_INDEX,
		.task_object = name,
	});
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
	char	   *name = name_new(model->migration, op->definition->name);
	Oid			index = get_relname_relid(name, model->namespace);

	if (!is_built(op))
		return;
	if (!model->foreseen)
		check_is_built(op, index);
	plan_step(plan, (Step) {
		.phase = PHASE_COMPLETE,
		.operation = base->number,
		.command = psprintf("ALTER INDEX %s RENAME TO %s",
							model_qualified(model, name),
							quote_identifier(op->definition->name)),
		.lock = ShareUpdateExclusiveLock,
		.relation = index,
		.relation_name = model_qualified(model, name),
	});
	rename_columns(op, model, index, plan);
}

static void
check_is_built(const CreateIndex *op, Oid index)
{
	if (OidIsValid(index) && get_index_isvalid(index))
		return;
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("index \"%s\" on table \"%s\" is not built",
					op->definition->name, op->table->name),
			 errdetail("At %s: it was dropped since the migration built it.",
					   op->base.path),
			 errhint("Call pgroll_c.retry_migration(), wait, and complete the migration then.")));
}

/*
 * An index's columns keep the names that the table's had when it was built; they
 * shall be those that the operation knows.
 */
static void
rename_columns(const CreateIndex *op, SchemaModel *model, Oid index,
			   MigrationPlan *plan)
{
	List	   *wanted = index_definition_column_names(index_definition_field_names(op->definition));
	List	   *present = present_columns(op, index);

	for (int i = 0; i < list_length(wanted); i++)
	{
		char	   *name = list_nth(wanted, i);
		ListCell   *lc;

		if (strcmp(name, list_nth(present, i)) == 0)
			continue;
		for_each_from(lc, present, i + 1)
		{
			if (strcmp(lfirst(lc), name) == 0)
				rename_column(op, model, index, lc,
							  model_temporary_name(model, name), plan);
		}
		rename_column(op, model, index, list_nth_cell(present, i), name, plan);
	}
}

/* The names (char *); while the index is only foreseen, those that it will get. */
static List *
present_columns(const CreateIndex *op, Oid index)
{
	List	   *names = NIL;
	ListCell   *lc;

	foreach(lc, op->definition->fields)
	{
		IndexField *field = lfirst(lc);
		AttrNumber	place = foreach_current_index(lc) + 1;

		names = lappend(names, OidIsValid(index) ? get_attname(index, place, false) :
						field->stored_column);
	}
	return OidIsValid(index) ? names : index_definition_column_names(names);
}

static void
rename_column(const CreateIndex *op, SchemaModel *model, Oid index,
			  ListCell *present, char *name, MigrationPlan *plan)
{
	char	   *qualified = model_qualified(model, op->definition->name);

	plan_step(plan, (Step) {
		.phase = PHASE_COMPLETE,
		.operation = op->base.number,
		.command = psprintf("ALTER TABLE %s RENAME COLUMN %s TO %s", qualified,
							quote_identifier(lfirst(present)),
							quote_identifier(name)),
		.lock = AccessExclusiveLock,
		.relation = index,
		.relation_name = qualified,
	});
	lfirst(present) = name;
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
	if (op->object == NULL && model->started)
		return;
	if (op->object == NULL)
		check_is_of_no_partition(op, model);
	op->object = model_index(model, op->name, path, &op->table);
	(void) model_owned_table(model, op->table->name, path);
	check_serves_no_constraint(op, model);
	if (!model->started)
		check_is_no_identity(op);
	op->object->dropped = true;
	op->object->operation = base->number;
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
			.command = psprintf("DROP INDEX %s", model_qualified(model, op->name)),
			.lock = AccessExclusiveLock,
			.relation_name = model_qualified(model, op->name),
		});
}

static void
complete_drop_index(const Operation *base, SchemaModel *model, MigrationPlan *plan)
{
	const DropIndex *op = (const DropIndex *) base;
	Oid			index;

	if (op->object == NULL || op->object->stored == NULL || op->table->dropped ||
		has_gone(op->object))
		return;
	index = get_relname_relid(op->object->stored, model->namespace);
	plan_step(plan, (Step) {
		.phase = PHASE_COMPLETE,
		.operation = base->number,
		.command = psprintf("DROP INDEX %s",
							model_qualified(model, op->object->stored)),
		.lock = AccessExclusiveLock,
		.relation = op->table->relid,
		.relation_name = model_qualified(model, op->table->physical),
		.also = list_make1_oid(index),
	});
}

/* With a column that an operation before this one has replaced? */
static bool
has_gone(const ObjectModel *object)
{
	ListCell   *lc;

	foreach(lc, object->columns)
	{
		if (((Generation *) lfirst(lc))->gone)
			return true;
	}
	return false;
}

const OperationOps create_index_ops = {
	.name = "create_index",
	.parse = parse_create_index,
	.validate = validate_create_index,
	.start = start_create_index,
	.supplement = supplement_create_index,
	.complete = complete_create_index,
	.rollback = NULL,			/* the index is found by its name */
};

const OperationOps drop_index_ops = {
	.name = "drop_index",
	.parse = parse_drop_index,
	.validate = validate_drop_index,
	.start = start_drop_index,
	.complete = complete_drop_index,
	.rollback = NULL,			/* nothing was done */
};

void
indexes_rollback(SchemaModel *model, MigrationPlan *plan)
{
	ListCell   *lc;
	ListCell   *lc2;
	ListCell   *lc3;

	foreach(lc, model->tables)
	{
		TableModel *table = lfirst(lc);

		if (table->relkind != RELKIND_RELATION &&
			table->relkind != RELKIND_PARTITIONED_TABLE)
			continue;
		foreach(lc2, catalog_table_tree(table->relid))
		{
			foreach(lc3, catalog_new_indexes(lfirst_oid(lc2), model->migration))
				drop_built(lfirst_oid(lc2), lfirst_oid(lc3), plan);
		}
	}
}

static void
drop_built(Oid table, Oid index, MigrationPlan *plan)
{
	plan_step(plan, (Step) {
		.phase = PHASE_ROLLBACK,
		.command = psprintf("DROP INDEX %s", catalog_relation_name(index)),
		.lock = AccessExclusiveLock,
		.relation = table,
		.relation_name = catalog_relation_name(table),
		.also = list_make1_oid(index),
	});
}
