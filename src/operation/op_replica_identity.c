/*-------------------------------------------------------------------------
 *
 * op_replica_identity.c
 *		The operation set_replica_identity.
 *
 * Set at the start, for both versions: there is one stream of changes.  By an
 * index that the migration itself makes, it is set at the completion.
 *-------------------------------------------------------------------------
 */
#include "pgroll.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/index.h"
#include "catalog/partition.h"
#include "catalog/pg_class.h"
#include "catalog/pg_constraint.h"
#include "catalog/pg_index.h"
#include "catalog/pg_publication.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/relcache.h"
#include "utils/syscache.h"

#include "operation/constraint_definition.h"
#include "operation/index_definition.h"
#include "operation/op_replica_identity.h"
#include "operation/operation_util.h"
#include "schema/catalog_object.h"
#include "schema/catalog_read.h"
#include "schema/object_model.h"
#include "state/replica_identity.h"

typedef enum IdentityType
{
	IDENTITY_NOTHING,
	IDENTITY_DEFAULT,
	IDENTITY_FULL,
	IDENTITY_INDEX
} IdentityType;

typedef struct SetReplicaIdentity
{
	Operation	base;
	char	   *table_name;
	IdentityType type;
	char	   *index_name;		/* of IDENTITY_INDEX */
	char	   *index_made;		/* … of a table that the migration creates */
	TableModel *table;
	ObjectModel *index;
} SetReplicaIdentity;

static const char identity_chars[] = {
	[IDENTITY_NOTHING] = REPLICA_IDENTITY_NOTHING,
	[IDENTITY_DEFAULT] = REPLICA_IDENTITY_DEFAULT,
	[IDENTITY_FULL] = REPLICA_IDENTITY_FULL,
	[IDENTITY_INDEX] = REPLICA_IDENTITY_INDEX
};

static void parse_identity(SetReplicaIdentity *op, JsonReader *reader);
static void resolve_index(SetReplicaIdentity *op, SchemaModel *model);
static void check_index(const SetReplicaIdentity *op, SchemaModel *model);
static const char *unfit_stored(Oid index);
static const char *unfit_new(const ObjectModel *index);
static void check_columns(const SetReplicaIdentity *op, SchemaModel *model);
static List *key_columns(const SetReplicaIdentity *op, SchemaModel *model);
static bool is_set_at_completion(const SetReplicaIdentity *op);
static char *identity_action(const SetReplicaIdentity *op, const char *index);
static void identity_step(const SetReplicaIdentity *op, SchemaModel *model,
						  Phase phase, const char *index, MigrationPlan *plan);
static bool may_lose_identity(const TableModel *table);
static void check_stays(const Migration *migration, SchemaModel *model,
						TableModel *table, Oid member);
static const ObjectModel *object_of_index(TableModel *table, Oid index);
static bool object_is_lost(const TableModel *table, const ObjectModel *object,
						   int *operation);
static bool columns_are_lost(const TableModel *table, Oid index, int *operation);
static int	drop_of_column(const TableModel *table, const Generation *generation);
static bool makes_primary_key(const TableModel *table);
static bool is_published(Relation rel);
pg_noreturn static void raise_lost(const Migration *migration, Relation rel,
								   const char *index, int operation);
static char *saved_action(const SavedIdentity *saved);
static bool has_lost_index(const SavedIdentity *saved);
static bool is_as_saved(const SavedIdentity *saved);
static Oid	saved_index(const SavedIdentity *saved);
static bool can_be_identity(Oid relation, Oid index);

static Operation *
parse_set_replica_identity(JsonReader *reader)
{
	SetReplicaIdentity *op = palloc0(sizeof(SetReplicaIdentity));
	JsonReader *identity;

	op->table_name = json_name(reader, "table", true);
	identity = json_nested(reader, "identity", true);
	parse_identity(op, identity);
	json_done(identity);
	return &op->base;
}

/* The tool's schema wants an index for every type: "" is none. */
static void
parse_identity(SetReplicaIdentity *op, JsonReader *reader)
{
	static const char *const types[] = {
		[IDENTITY_NOTHING] = "nothing",
		[IDENTITY_DEFAULT] = "default",
		[IDENTITY_FULL] = "full",
		[IDENTITY_INDEX] = "index",
		NULL
	};
	char	   *index;

	(void) json_string(reader, "type", true);
	op->type = json_choice(reader, "type", types, IDENTITY_DEFAULT);
	index = json_text(reader, "index", false);
	if (index != NULL && index[0] == '\0')
		index = NULL;
	if (index != NULL)
		op->index_name = json_name(reader, "index", true);
	if (op->type == IDENTITY_INDEX && index == NULL)
		json_error(json_path(reader, "index"),
				   "a replica identity of type \"index\" needs the name of an index");
	if (op->type != IDENTITY_INDEX && index != NULL)
		json_error(json_path(reader, "index"),
				   "an index is only for a replica identity of type \"index\"");
}

static void
validate_set_replica_identity(Operation *base, SchemaModel *model)
{
	SetReplicaIdentity *op = (SetReplicaIdentity *) base;

	op->table = model_owned_table(model, op->table_name,
								  operation_path(base, "table"));
	if (op->type == IDENTITY_INDEX)
		resolve_index(op, model);
	if (op->index != NULL)
		op->index_made = op->index->made;
	op->table->sets_identity = identity_chars[op->type];
	op->table->identity = op->index;
}

static void
resolve_index(SetReplicaIdentity *op, SchemaModel *model)
{
	const char *path = operation_path(&op->base, "identity.index");
	TableModel *table;

	op->index = model_find_index(model, op->index_name, &table);
	if (op->index == NULL && model->started)
		return;					/* somebody has dropped it since */
	op->index = model_index(model, op->index_name, path, &table);
	if (table != op->table)
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("\"%s\" is not an index for table \"%s\"",
						op->index_name, op->table_name),
				 errdetail("At %s.", path),
				 errhint("Name an index of the table.")));
	if (!model->started)
		check_index(op, model);
}

static void
check_index(const SetReplicaIdentity *op, SchemaModel *model)
{
	const char *unfit = op->index->stored == NULL ? unfit_new(op->index) :
		unfit_stored(get_relname_relid(op->index->stored, model->namespace));

	if (unfit != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("cannot use index \"%s\" as replica identity: it is %s",
						op->index_name, unfit),
				 errdetail("At %s.", operation_path(&op->base, "identity.index")),
				 errhint("Use a unique index, not partial or deferrable, of columns that are NOT NULL.")));
	check_columns(op, model);
}

/* Why an index can't be a replica identity, NULL where it can. */
static const char *
unfit_stored(Oid index)
{
	Relation	rel = index_open(index, AccessShareLock);
	const char *unfit = NULL;

	if (!rel->rd_index->indisunique)
		unfit = "not unique";
	else if (!rel->rd_index->indimmediate)
		unfit = "deferrable";
	else if (RelationGetIndexExpressions(rel) != NIL)
		unfit = "one of expressions";
	else if (RelationGetIndexPredicate(rel) != NIL)
		unfit = "partial";
	else if (!rel->rd_index->indisvalid)
		unfit = "not valid";
	index_close(rel, AccessShareLock);
	return unfit;
}

static const char *
unfit_new(const ObjectModel *index)
{
	if (index->type == OBJECT_INDEX)
	{
		const IndexDefinition *def = index->definition;

		return !def->unique ? "not unique" :
			def->predicate != NULL ? "partial" : NULL;
	}
	if (index->type == CONSTRAINT_EXCLUSION)
		return "not unique";
	return ((const ConstraintDefinition *) index->definition)->deferrable ?
		"deferrable" : NULL;
}

/* As they are stored at the time when the identity is set. */
static void
check_columns(const SetReplicaIdentity *op, SchemaModel *model)
{
	ListCell   *lc;

	foreach(lc, key_columns(op, model))
	{
		Generation *generation = model_newest_generation(op->table, lfirst(lc));

		if (op->index->type != CONSTRAINT_PRIMARY && !generation->not_null)
			ereport(ERROR,
					(errcode(ERRCODE_WRONG_OBJECT_TYPE),
					 errmsg("cannot use index \"%s\" as replica identity: column \"%s\" is nullable",
							op->index_name, generation->name),
					 errdetail("At %s.", operation_path(&op->base, "identity.index")),
					 errhint("Use an index of columns that are NOT NULL.")));
		if (!op->table->created &&
			(op->index->stored == NULL ? op->index->type != OBJECT_INDEX ||
			 generation->attnum == 0 :
			 !model_stored_ancestor(generation)->not_null))
			ereport(ERROR,
					(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
					 errmsg("cannot use index \"%s\" as replica identity: it depends on changes of the same migration",
							op->index_name),
					 errdetail("At %s: column \"%s\" or the constraint is only ready when the migration is completed.",
							   operation_path(&op->base, "identity.index"),
							   generation->name),
					 errhint("Set the replica identity in a migration of its own.")));
	}
}

/* Generation *; included columns do not matter. */
static List *
key_columns(const SetReplicaIdentity *op, SchemaModel *model)
{
	List	   *columns = NIL;
	Relation	rel;
	ListCell   *lc;

	if (op->index->stored == NULL && op->index->type != OBJECT_INDEX)
		return ((const ConstraintDefinition *) op->index->definition)->key;
	if (op->index->stored == NULL)
		return op->index->columns;
	rel = index_open(get_relname_relid(op->index->stored, model->namespace),
					 AccessShareLock);
	foreach(lc, op->index->columns)
	{
		Generation *generation = lfirst(lc);

		for (int i = 0; i < IndexRelationGetNumberOfKeyAttributes(rel); i++)
		{
			if (rel->rd_index->indkey.values[i] == generation->attnum)
				columns = lappend(columns, generation);
		}
	}
	index_close(rel, AccessShareLock);
	return columns;
}

static bool
is_set_at_completion(const SetReplicaIdentity *op)
{
	return op->index != NULL && op->index->stored == NULL && !op->table->created;
}

static void
start_set_replica_identity(const Operation *base, SchemaModel *model,
						   MigrationPlan *plan)
{
	const SetReplicaIdentity *op = (const SetReplicaIdentity *) base;

	if (op->table->created)
		operation_alter_created(base, model, plan, op->table_name,
								identity_action(op, op->index_made));
	else if (!op->table->dropped && !is_set_at_completion(op))
		identity_step(op, model, PHASE_START,
					  op->index == NULL ? NULL : op->index->stored, plan);
}

static void
complete_set_replica_identity(const Operation *base, SchemaModel *model,
							  MigrationPlan *plan)
{
	const SetReplicaIdentity *op = (const SetReplicaIdentity *) base;

	if (is_set_at_completion(op) && !op->table->dropped &&
		object_is_shown(op->table, op->index))
		identity_step(op, model, PHASE_COMPLETE, op->index_name, plan);
}

static char *
identity_action(const SetReplicaIdentity *op, const char *index)
{
	switch (op->type)
	{
		case IDENTITY_NOTHING:
			return "REPLICA IDENTITY NOTHING";
		case IDENTITY_DEFAULT:
			return "REPLICA IDENTITY DEFAULT";
		case IDENTITY_FULL:
			return "REPLICA IDENTITY FULL";
		case IDENTITY_INDEX:
			return psprintf("REPLICA IDENTITY USING INDEX %s",
							quote_identifier(index));
	}
	elog(ERROR, "unrecognized replica identity: %d", (int) op->type);
	return NULL;				/* keep compiler quiet */
}

/* A partition or child keeps its own. */
static void
identity_step(const SetReplicaIdentity *op, SchemaModel *model, Phase phase,
			  const char *index, MigrationPlan *plan)
{
	char	   *table = model_table_sql(model, op->table);

	plan_step(plan, (Step) {
		.phase = phase,
		.operation = op->base.number,
		.command = psprintf("ALTER TABLE %s %s", table, identity_action(op, index)),
		.lock = AccessExclusiveLock,
		.relation = op->table->relid,
		.relation_name = table,
	});
}

void
replica_identities_check(const Migration *migration, SchemaModel *model)
{
	ListCell   *lc;
	ListCell   *lc2;

	foreach(lc, model->tables)
	{
		TableModel *table = lfirst(lc);

		if (!OidIsValid(table->relid) || table->dropped || !may_lose_identity(table))
			continue;
		/* Inheritance children are tables of the model. */
		foreach(lc2, catalog_table_tree(table->relid))
		{
			if (lfirst_oid(lc2) == table->relid || get_rel_relispartition(lfirst_oid(lc2)))
				check_stays(migration, model, table, lfirst_oid(lc2));
		}
	}
}

/* So that tables which the migration does not touch are not looked at. */
static bool
may_lose_identity(const TableModel *table)
{
	ListCell   *lc;

	foreach(lc, table->generations)
	{
		if (((Generation *) lfirst(lc))->dropped_by != 0)
			return true;
	}
	foreach(lc, table->objects)
	{
		if (((ObjectModel *) lfirst(lc))->dropped)
			return true;
	}
	return false;
}

/* A table, or a partition of it. */
static void
check_stays(const Migration *migration, SchemaModel *model, TableModel *table,
			Oid member)
{
	Relation	rel = table_open(member, AccessShareLock);
	bool		is_set = member == table->relid && table->sets_identity != 0;
	char		type = is_set ? table->sets_identity : rel->rd_rel->relreplident;
	Oid			index;
	const ObjectModel *object;
	int			operation = 0;

	list_free(RelationGetIndexList(rel));
	index = type == REPLICA_IDENTITY_DEFAULT ? rel->rd_pkindex :
		type == REPLICA_IDENTITY_INDEX ? rel->rd_replidindex : InvalidOid;
	object = is_set && type == REPLICA_IDENTITY_INDEX ? table->identity :
		object_of_index(table, index);
	if (rel->rd_rel->relkind == RELKIND_RELATION &&
		(object != NULL ? object_is_lost(table, object, &operation) :
		 columns_are_lost(table, index, &operation)) &&
		(type == REPLICA_IDENTITY_INDEX ||
		 (!makes_primary_key(table) && is_published(rel))))
		raise_lost(migration, rel, object != NULL ? object->name :
				   get_rel_name(index), operation);
	table_close(rel, AccessShareLock);
}

/* What the model has of an index, or of that which a partition's is a part of. */
static const ObjectModel *
object_of_index(TableModel *table, Oid index)
{
	ListCell   *lc;

	if (!OidIsValid(index))
		return NULL;
	if (get_rel_relispartition(index))
		index = llast_oid(get_partition_ancestors(index));
	if (IndexGetRelation(index, false) != table->relid)
		return NULL;
	foreach(lc, model_objects(table))
	{
		const ObjectModel *object = lfirst(lc);

		if (object->stored != NULL && object_has_index(object) &&
			strcmp(object->stored, get_rel_name(index)) == 0)
			return object;
	}
	return NULL;
}

/* Does the index go at the completion, and by which operation? */
static bool
object_is_lost(const TableModel *table, const ObjectModel *object, int *operation)
{
	ListCell   *lc;

	*operation = object->operation;
	if (object->dropped)
		return true;
	foreach(lc, object->columns)
	{
		*operation = drop_of_column(table, lfirst(lc));
		if (*operation != 0)
			return true;
	}
	return false;
}

/* The same of an index that a partition has alone. */
static bool
columns_are_lost(const TableModel *table, Oid index, int *operation)
{
	Oid			member = OidIsValid(index) ? IndexGetRelation(index, false) : InvalidOid;
	Relation	rel;
	bool		lost = false;

	if (!OidIsValid(member) || member == table->relid)
		return false;
	rel = index_open(index, AccessShareLock);
	for (int i = 0; !lost && i < rel->rd_index->indnatts; i++)
	{
		char	   *name = get_attname(member, rel->rd_index->indkey.values[i], true);
		ListCell   *lc;

		foreach(lc, name == NULL ? NIL : table->generations)
		{
			const Generation *generation = lfirst(lc);

			if (generation->attnum != 0 && strcmp(generation->physical, name) == 0)
				*operation = drop_of_column(table, generation);
		}
		lost = *operation != 0;
	}
	index_close(rel, AccessShareLock);
	return lost;
}

/* The operation that drops what became of a generation; 0: none does. */
static int
drop_of_column(const TableModel *table, const Generation *generation)
{
	ListCell   *lc;

	foreach(lc, table->generations)
	{
		const Generation *last = lfirst(lc);

		for (const Generation *older = last; older != NULL && last->dropped_by != 0;
			 older = older->previous)
		{
			if (older == generation)
				return last->dropped_by;
		}
	}
	return 0;
}

static bool
makes_primary_key(const TableModel *table)
{
	ListCell   *lc;

	foreach(lc, table->objects)
	{
		const ObjectModel *object = lfirst(lc);

		if (object->type == CONSTRAINT_PRIMARY && object->stored == NULL &&
			object_is_shown(table, object))
			return true;
	}
	return false;
}

/* Are updates or deletes of the table sent to anybody? */
static bool
is_published(Relation rel)
{
	PublicationDesc published;

	RelationBuildPublicationDesc(rel, &published);
	return published.pubactions.pubupdate || published.pubactions.pubdelete;
}

static void
raise_lost(const Migration *migration, Relation rel, const char *index, int operation)
{
	ereport(ERROR,
			(errcode(ERRCODE_DEPENDENT_OBJECTS_STILL_EXIST),
			 errmsg("cannot drop index \"%s\" because it is the replica identity of table \"%s\"",
					index, RelationGetRelationName(rel)),
			 errdetail("At %s; updates and deletes of the table would fail where it is published.",
					   ((Operation *) list_nth(migration->operations, operation - 1))->path),
			 rel->rd_rel->relispartition ?
			 errhint("Set another identity of the partition with ALTER TABLE ... REPLICA IDENTITY before.") :
			 errhint("Set another identity with the operation set_replica_identity in the same migration.")));
	pg_unreachable();
}

void
replica_identities_rollback(SchemaModel *model, MigrationPlan *plan)
{
	ListCell   *lc;

	foreach(lc, replica_identities_saved(model->migration))
	{
		SavedIdentity *saved = lfirst(lc);
		char	   *table;

		if (get_rel_name(saved->relation) == NULL)
			continue;			/* somebody has dropped the table */
		if (has_lost_index(saved) || is_as_saved(saved))
			continue;
		table = catalog_relation_name(saved->relation);
		plan_step(plan, (Step) {
			.phase = PHASE_ROLLBACK,
			.command = psprintf("ALTER TABLE %s %s", table, saved_action(saved)),
			.lock = AccessExclusiveLock,
			.relation = saved->relation,
			.relation_name = table,
		});
	}
}

void
replica_identities_warn(int64 migration)
{
	ListCell   *lc;

	foreach(lc, replica_identities_saved(migration))
	{
		SavedIdentity *saved = lfirst(lc);

		if (get_rel_name(saved->relation) != NULL && has_lost_index(saved))
			ereport(WARNING,
					(errmsg("the former replica identity of table \"%s\" cannot be put back",
							get_rel_name(saved->relation)),
					 errdetail("Its index \"%s\" is gone, or cannot be one any more.",
							   saved->index),
					 errhint("Set another with ALTER TABLE ... REPLICA IDENTITY.")));
	}
}

static char *
saved_action(const SavedIdentity *saved)
{
	switch (saved->type)
	{
		case REPLICA_IDENTITY_DEFAULT:
			return "REPLICA IDENTITY DEFAULT";
		case REPLICA_IDENTITY_FULL:
			return "REPLICA IDENTITY FULL";
		case REPLICA_IDENTITY_INDEX:
			if (saved->index != NULL)
				return psprintf("REPLICA IDENTITY USING INDEX %s",
								quote_identifier(get_rel_name(saved_index(saved))));
			break;				/* it was gone before the migration */
		default:
			break;
	}
	return "REPLICA IDENTITY NOTHING";
}

static bool
has_lost_index(const SavedIdentity *saved)
{
	return saved->index != NULL && !OidIsValid(saved_index(saved));
}

/* So that nothing needs a lock. */
static bool
is_as_saved(const SavedIdentity *saved)
{
	Relation	rel = table_open(saved->relation, AccessShareLock);
	char		type = rel->rd_rel->relreplident;
	Oid			index = RelationGetReplicaIndex(rel);

	table_close(rel, NoLock);
	return type == saved->type &&
		(type != REPLICA_IDENTITY_INDEX || index == saved_index(saved));
}

/* The index, or one that somebody has made in its place; InvalidOid: none. */
static Oid
saved_index(const SavedIdentity *saved)
{
	Oid			index = saved->index_oid;

	if (can_be_identity(saved->relation, index))
		return index;
	index = saved->index == NULL ? InvalidOid :
		catalog_index_of_table(saved->relation, saved->index);
	return can_be_identity(saved->relation, index) ? index : InvalidOid;
}

static bool
can_be_identity(Oid relation, Oid index)
{
	Relation	rel;
	bool		can_be = true;

	if (!OidIsValid(index) || IndexGetRelation(index, true) != relation ||
		unfit_stored(index) != NULL)
		return false;
	rel = index_open(index, AccessShareLock);
	for (int i = 0; i < IndexRelationGetNumberOfKeyAttributes(rel); i++)
	{
		HeapTuple	tuple = SearchSysCache2(ATTNUM, ObjectIdGetDatum(relation),
											Int16GetDatum(rel->rd_index->indkey.values[i]));

		if (!HeapTupleIsValid(tuple))
			elog(ERROR, "cache lookup failed for column %d of relation %u",
				 rel->rd_index->indkey.values[i], relation);
		if (!((Form_pg_attribute) GETSTRUCT(tuple))->attnotnull)
			can_be = false;
		ReleaseSysCache(tuple);
	}
	index_close(rel, AccessShareLock);
	return can_be;
}

const OperationOps set_replica_identity_ops = {
	.name = "set_replica_identity",
	.parse = parse_set_replica_identity,
	.validate = validate_set_replica_identity,
	.start = start_set_replica_identity,
	.complete = complete_set_replica_identity,
	.rollback = NULL,			/* what there was is in the state */
};
