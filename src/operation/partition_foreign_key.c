/*-------------------------------------------------------------------------
 *
 * partition_foreign_key.c
 *		A foreign key of a partitioned table, by way of its partitions.
 *
 * See tryAttachPartitionForeignKey() in PostgreSQL's tablecmds.c: a partition's
 * validated foreign key that is equal to the table's becomes a part of it.
 *-------------------------------------------------------------------------
 */
#include "pgroll.h"

#include "catalog/pg_class.h"
#include "catalog/pg_constraint.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "ddl/partition_constraint.h"
#include "operation/carry.h"
#include "operation/operation_util.h"
#include "operation/partition_foreign_key.h"
#include "schema/catalog_constraint.h"
#include "schema/catalog_object.h"
#include "schema/names.h"

static void drop_former_copy(SchemaModel *model, const ConstraintFacts *part,
							 const char *name, int operation, MigrationPlan *plan);
static void follow_timing(const ConstraintFacts *part, const char *copy, int operation,
						  MigrationPlan *plan);
static bool has_equal(const ConstraintFacts *part);
static void rename_part(Oid leaf, int operation, const char *from, const char *to,
						MigrationPlan *plan);
static const ConstraintFacts *part_of(Oid member, Oid original);
static Oid	parent_of(Oid constraint);
static List *leaves(Oid relid);
static void alter(Oid relid, Phase phase, int operation, const char *name, char *action,
				  Oid partner, char *carried, MigrationPlan *plan);

void
partition_foreign_key_start(SchemaModel *model, TableModel *table, int operation,
							const char *name, const char *sql, Oid partner,
							char *carried, MigrationPlan *plan)
{
	ListCell   *lc;

	foreach(lc, leaves(table->relid))
	{
		Oid			leaf = lfirst_oid(lc);

		if (catalog_constraint_exists(leaf, name))
			continue;
		alter(leaf, PHASE_START, operation, catalog_relation_name(leaf),
			  psprintf("ADD CONSTRAINT %s %s NOT VALID", quote_identifier(name), sql),
			  partner, carried, plan);
		plan_validate(plan, operation, leaf, catalog_relation_name(leaf), name);
	}
}

void
partition_foreign_key_complete(SchemaModel *model, TableModel *table, int operation,
							   const char *name, const char *final, const char *sql,
							   Oid partner, Oid original, MigrationPlan *plan)
{
	ListCell   *lc;

	foreach(lc, leaves(table->relid))
	{
		Oid			leaf = lfirst_oid(lc);
		const ConstraintFacts *former = part_of(leaf, original);

		carry_must_exist(model->foreseen || catalog_constraint_is_valid(leaf, name),
						 get_rel_name(leaf), final);
		if (former != NULL)
		{
			drop_former_copy(model, former, name, operation, plan);
			follow_timing(former, name, operation, plan);
		}
		rename_part(leaf, operation, name, former == NULL ? final :
					partition_foreign_key_part_name(former), plan);
	}
	alter(table->relid, PHASE_COMPLETE, operation,
		  model_table_sql(model, table),
		  psprintf("ADD CONSTRAINT %s %s", quote_identifier(final), sql), partner, NULL,
		  plan);
	foreach(lc, leaves(table->relid))
	{
		const ConstraintFacts *former = part_of(lfirst_oid(lc), original);

		if (former != NULL)
			partition_foreign_key_name_found(former, operation, plan);
	}
	partition_foreign_key_follow(table->relid, final, original, operation, plan);
}

/*
 * That of a partition's own foreign key, which the server has made a part of one that
 * came since.
 */
static void
drop_former_copy(SchemaModel *model, const ConstraintFacts *part, const char *name,
				 int operation, MigrationPlan *plan)
{
	char	   *copy = name_carried(model->migration, part->name);

	if (strcmp(copy, name) == 0 || !catalog_constraint_exists(part->relation, copy))
		return;
	alter(part->relation, PHASE_COMPLETE, operation, catalog_relation_name(part->relation),
		  psprintf("DROP CONSTRAINT %s", quote_identifier(copy)), part->partner, NULL, plan);
}

/* The copy is to be a part, and the server takes none with another timing. */
static void
follow_timing(const ConstraintFacts *part, const char *copy, int operation,
			  MigrationPlan *plan)
{
	ListCell   *lc;

	foreach(lc, catalog_constraints(part->relation))
	{
		const ConstraintFacts *facts = lfirst(lc);
		char	   *action = strcmp(facts->name, copy) != 0 ? NULL :
			carry_timing_change(part, facts);

		if (action != NULL)
			alter(part->relation, PHASE_COMPLETE, operation,
				  catalog_relation_name(part->relation), action, part->partner, NULL, plan);
	}
}

const char *
partition_foreign_key_part_name(const ConstraintFacts *part)
{
	return has_equal(part) ? PART_FOUND_FIRST : part->name;
}

void
partition_foreign_key_name_found(const ConstraintFacts *part, int operation,
								 MigrationPlan *plan)
{
	if (has_equal(part))
		rename_part(part->relation, operation, PART_FOUND_FIRST, part->name, plan);
}

/* Has the partition another foreign key, of its own, that is equal? */
static bool
has_equal(const ConstraintFacts *part)
{
	ListCell   *lc;

	foreach(lc, get_rel_relispartition(part->relation) ?
			catalog_constraints(part->relation) : NIL)
	{
		const ConstraintFacts *facts = lfirst(lc);

		if (facts->type == CONSTRAINT_FOREIGN && facts->oid != part->oid &&
			!facts->inherited && facts->partner == part->partner &&
			equal(facts->key, part->key) &&
			bms_equal(facts->partner_columns, part->partner_columns))
			return true;
	}
	return false;
}

static void
rename_part(Oid leaf, int operation, const char *from, const char *to,
			MigrationPlan *plan)
{
	alter(leaf, PHASE_COMPLETE, operation, catalog_relation_name(leaf),
		  psprintf("RENAME CONSTRAINT %s TO %s", quote_identifier(from),
				   quote_identifier(to)), InvalidOid, NULL, plan);
}

void
partition_foreign_key_follow(Oid relid, const char *name, Oid original, int operation,
							 MigrationPlan *plan)
{
	ListCell   *lc;

	foreach(lc, OidIsValid(original) ? operation_other_members(relid) : NIL)
	{
		Oid			member = lfirst_oid(lc);
		char	   *relation = catalog_relation_name(member);
		const ConstraintFacts *former = part_of(member, original);

		if (former == NULL)
			continue;
		/* A partition that is partitioned got its part with the table's. */
		if (get_rel_relkind(member) == RELKIND_PARTITIONED_TABLE &&
			strcmp(former->name, name) != 0)
			plan_step(plan, (Step) {
				.phase = PHASE_COMPLETE,
				.operation = operation,
				.command = psprintf("ALTER TABLE %s RENAME CONSTRAINT … TO %s", relation,
									quote_identifier(former->name)),
				.lock = AccessExclusiveLock,
				.relation = member,
				.relation_name = relation,
				.foreign_key = pstrdup(name),
				.part_of = relid,
				.part_name = former->name,
			});
		if (former->comment != NULL)
			plan_comment(plan, PHASE_COMPLETE, operation, member, relation,
						 psprintf("CONSTRAINT %s ON %s", quote_identifier(former->name),
								  relation), former->comment);
	}
}

void
partition_foreign_key_name_parts(Oid relid, const char *relation, const char *name,
								 Oid partner, Oid original, int operation,
								 MigrationPlan *plan)
{
	if (get_rel_relkind(partner) != RELKIND_PARTITIONED_TABLE)
		return;
	plan_step(plan, (Step) {
		.phase = PHASE_COMPLETE,
		.operation = operation,
		.command = partition_constraint_follow_sql(relation, name),
		.lock = AccessExclusiveLock,
		.relation = relid,
		.relation_name = pstrdup(relation),
		.foreign_key = pstrdup(name),
		.foreign_key_parts = OidIsValid(original) ?
			partition_constraint_parts(original) : NIL,
	});
}

/*
 * The foreign key that a partition has from a table's; NULL: it has none.  Where the
 * table that they reference is partitioned, further ones reference its partitions.
 */
static const ConstraintFacts *
part_of(Oid member, Oid original)
{
	FormData_pg_constraint row;
	ListCell   *lc;

	if (!OidIsValid(original) || !catalog_constraint_row(original, &row))
		return NULL;
	foreach(lc, catalog_constraints(member))
	{
		ConstraintFacts *facts = lfirst(lc);

		if (facts->type != CONSTRAINT_FOREIGN || facts->partner != row.confrelid)
			continue;
		for (Oid oid = facts->oid; OidIsValid(oid); oid = parent_of(oid))
		{
			if (oid == original)
				return facts;
		}
	}
	return NULL;
}

static Oid
parent_of(Oid constraint)
{
	FormData_pg_constraint row;

	return catalog_constraint_row(constraint, &row) ? row.conparentid : InvalidOid;
}

/* The partitions, at all levels, that store rows. */
static List *
leaves(Oid relid)
{
	List	   *found = NIL;
	ListCell   *lc;

	foreach(lc, operation_other_members(relid))
	{
		if (get_rel_relkind(lfirst_oid(lc)) != RELKIND_PARTITIONED_TABLE)
			found = lappend_oid(found, lfirst_oid(lc));
	}
	return found;
}

static void
alter(Oid relid, Phase phase, int operation, const char *name, char *action, Oid partner,
	  char *carried, MigrationPlan *plan)
{
	if (OidIsValid(partner))
		operation_lock_tree(plan, phase, partner, ShareRowExclusiveLock);
	plan_step(plan, (Step) {
		.phase = phase,
		.operation = operation,
		.command = psprintf("ALTER TABLE %s %s", name, action),
		.lock = AccessExclusiveLock,
		.relation = relid,
		.relation_name = pstrdup(name),
		.also = operation_other_members(relid),
		.carried = carried,
	});
}
