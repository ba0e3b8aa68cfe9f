/*-------------------------------------------------------------------------
 *
 * operation_util.c
 *		What several operations need.
 *-------------------------------------------------------------------------
 */
#include "pgroll.h"

#include "catalog/pg_class.h"
#include "catalog/pg_constraint.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "operation/drop_check.h"
#include "operation/operation_util.h"
#include "schema/catalog_constraint.h"
#include "schema/catalog_object.h"
#include "schema/catalog_read.h"
#include "schema/catalog_sequence.h"
#include "schema/object_model.h"
#include "versioning/expression.h"

static bool key_has_column(const ConstraintFacts *facts, Oid relid, List *columns);
static void rename_index_column(int operation, Oid index, const char *index_name,
								const char *shown_name, ListCell *present,
								char *name, MigrationPlan *plan);

char *
operation_path(const Operation *op, const char *field)
{
	return psprintf("%s.%s", op->path, field);
}

void
operation_lock_partners(Oid relid, List *columns, Phase phase, MigrationPlan *plan)
{
	ListCell   *lc;
	ListCell   *lc2;

	foreach(lc, catalog_table_tree(relid))
	{
		Oid			member = lfirst_oid(lc);

		foreach(lc2, catalog_constraints(member))
		{
			ConstraintFacts *facts = lfirst(lc2);

			if (facts->type == CONSTRAINT_FOREIGN &&
				(columns == NIL || key_has_column(facts, member, columns)))
				operation_lock_tree(plan, phase, facts->partner, AccessExclusiveLock);
		}
	}
}

void
operation_lock_constraint_partner(Oid relid, const char *constraint, Phase phase,
								  MigrationPlan *plan)
{
	ListCell   *lc;

	foreach(lc, catalog_constraints(relid))
	{
		ConstraintFacts *facts = lfirst(lc);

		if (facts->type == CONSTRAINT_FOREIGN && strcmp(facts->name, constraint) == 0)
			operation_lock_tree(plan, phase, facts->partner, AccessExclusiveLock);
	}
}

void
operation_lock_sequences(Oid relid, List *columns, Phase phase, MigrationPlan *plan)
{
	ListCell   *lc;
	ListCell   *lc2;

	foreach(lc, columns)
	{
		foreach(lc2, catalog_owned_sequences(relid, get_attnum(relid, lfirst(lc))))
			plan_lock(plan, phase, lfirst_oid(lc2), AccessExclusiveLock,
					  catalog_relation_name(lfirst_oid(lc2)));
	}
}

List *
operation_other_members(Oid relid)
{
	if (!OidIsValid(relid))
		return NIL;
	return list_delete_oid(catalog_table_tree(relid), relid);
}

void
operation_rename_index_columns(SchemaModel *model, int operation, Oid index,
							   const char *index_name, const char *shown_name,
							   List *present, List *wanted, MigrationPlan *plan)
{
	ListCell   *lc;

	for (int i = 0; i < list_length(wanted); i++)
	{
		char	   *name = list_nth(wanted, i);

		if (strcmp(name, list_nth(present, i)) == 0)
			continue;
		for_each_from(lc, present, i + 1)
		{
			if (strcmp(lfirst(lc), name) == 0)
				rename_index_column(operation, index, index_name, shown_name, lc,
									model_temporary_name(model, name), plan);
		}
		rename_index_column(operation, index, index_name, shown_name,
							list_nth_cell(present, i), name, plan);
	}
}

void
operation_keep_index_name(MigrationPlan *plan, Oid index)
{
	plan_lock(plan, PHASE_START, index, ShareUpdateExclusiveLock, catalog_relation_name(index));
}

void
operation_lock_tree(MigrationPlan *plan, Phase phase, Oid relid, LOCKMODE mode)
{
	ListCell   *lc;

	foreach(lc, get_rel_relkind(relid) == RELKIND_PARTITIONED_TABLE ?
			catalog_table_tree(relid) : list_make1_oid(relid))
		plan_lock(plan, phase, lfirst_oid(lc), mode, catalog_relation_name(lfirst_oid(lc)));
}

Node *
operation_half(SchemaModel *model, TableModel *table, const char *text,
			   const Generation *target, const char *path)
{
	Node	   *expr;

	if (model->started)
		return NULL;
	expr = expression_parse(model, table, text, path, EXPRESSION_ROW);
	return expression_assignable(expr, target->type, path);
}

void
operation_check_up_reads(TableModel *table, Node *up, const Generation *own,
						 const char *path)
{
	Bitmapset  *inputs = expression_inputs(up);
	int			number = -1;

	while ((number = bms_next_member(inputs, number)) >= 0)
	{
		Generation *generation = model_generation(table, number);

		if (generation != own && generation->sequence != NULL)
			ereport(ERROR,
					(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
					 errmsg("expression reads column \"%s\", which the same migration adds and whose values come from a sequence",
							generation->name),
					 errdetail("At %s.", path),
					 errhint("Add column \"%s\" in a migration of its own before.",
							 generation->name)));
	}
}

void
operation_alter_created(const Operation *op, SchemaModel *model,
						MigrationPlan *plan, const char *table,
						const char *action)
{
	plan_step(plan, (Step) {
		.phase = PHASE_START,
		.operation = op->number,
		.command = psprintf("ALTER TABLE %s %s", model_qualified(model, table),
							action),
		.lock = AccessExclusiveLock,
		.relation_name = model_qualified(model, table),
		.path = op->path,
	});
}

List *
operation_newest_names(const TableModel *table)
{
	List	   *names = NIL;
	ListCell   *lc;

	foreach(lc, table->generations)
	{
		const Generation *generation = lfirst(lc);
		const Generation *newest = model_newest_generation(table, generation);

		names = lappend(names, newest != NULL && newest->physical != NULL ?
						newest->physical : psprintf("%s?", generation->name));
	}
	return names;
}

Node *
operation_default(SchemaModel *model, const char *text, Oid type,
				  const char *path)
{
	Node	   *expr = expression_parse(model, NULL, text, path, EXPRESSION_DEFAULT);

	drop_check_default(model, expr, path);
	return expression_assignable(expr, type, path);
}

void
operation_claim_name(SchemaModel *model, const char *name, const char *path)
{
	ListCell   *lc;

	if (model->started ||
		(!model_makes_index(model, name) &&
		 !OidIsValid(get_relname_relid(name, model->namespace))))
		return;
	/* An index that gets the name at the completion has it in the newest version. */
	foreach(lc, model_makes_index(model, name) ? NIL : model->tables)
	{
		TableModel *table = lfirst(lc);

		if (table->dropped && OidIsValid(table->relid) && table->schema == NULL &&
			strcmp(table->physical, name) == 0)
		{
			table->aside = true;
			return;
		}
	}
	ereport(ERROR,
			(errcode(ERRCODE_DUPLICATE_TABLE),
			 errmsg("relation \"%s\" already exists in schema \"%s\"",
					name, model->base_schema),
			 errdetail("At %s.", path),
			 errhint("Choose another name.")));
}

bool
operation_name_comes_late(SchemaModel *model, const char *name, int number)
{
	Oid			relid = get_relname_relid(name, model->namespace);
	TableModel *table = OidIsValid(relid) ?
		model_table_of(model, catalog_table_of_relation(relid)) : NULL;
	ListCell   *lc;

	if (table == NULL)
		return false;
	if (table->dropped)
		return table->operation > number;
	foreach(lc, model_objects(table))
	{
		const ObjectModel *object = lfirst(lc);

		if (object->stored != NULL && object_has_index(object) &&
			strcmp(object->stored, name) == 0)
			return !object_is_shown(table, object) ? !object_has_gone(object) :
				object_is_carried(table, object) ||
				strcmp(object->present, name) == 0;
	}
	return false;
}

List *
operation_extensions_sql(const char *described, List *extensions)
{
	List	   *statements = NIL;
	ListCell   *lc;

	foreach(lc, extensions)
		statements = lappend(statements,
							 psprintf("ALTER %s DEPENDS ON EXTENSION %s", described,
									  quote_identifier(lfirst(lc))));
	return statements;
}

static bool
key_has_column(const ConstraintFacts *facts, Oid relid, List *columns)
{
	ListCell   *lc;

	foreach(lc, columns)
	{
		if (list_member_int(facts->key, get_attnum(relid, lfirst(lc))))
			return true;
	}
	return false;
}

static void
rename_index_column(int operation, Oid index, const char *index_name,
					const char *shown_name, ListCell *present, char *name,
					MigrationPlan *plan)
{
	plan_step(plan, (Step) {
		.phase = PHASE_COMPLETE,
		.operation = operation,
		.command = psprintf("ALTER TABLE %s RENAME COLUMN %s TO %s", index_name,
							quote_identifier(lfirst(present)), quote_identifier(name)),
		.lock = AccessExclusiveLock,
		.relation = index,
		.relation_name = pstrdup(shown_name),
		.also = operation_other_members(index),
	});
	lfirst(present) = name;
}
