/*-------------------------------------------------------------------------
 *
 * column_not_null.c
 *		NOT NULL without a scan under a lock, by a validated check.
 *-------------------------------------------------------------------------
 */
#include "pgroll.h"

#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "operation/carry.h"
#include "operation/carry_identity.h"
#include "operation/column_not_null.h"
#include "operation/operation_util.h"
#include "operation/shadow_column.h"
#include "schema/catalog_constraint.h"
#include "schema/catalog_read.h"
#include "schema/names.h"

static bool is_not_null(const TableModel *table, const Generation *generation);
static void set_not_null(SchemaModel *model, TableModel *table,
						 const Generation *generation, int operation,
						 MigrationPlan *plan);
static void name_members(const TableModel *table, const Generation *old,
						 const char *name, const char *column, int operation,
						 MigrationPlan *plan);
static void drop_proof(SchemaModel *model, TableModel *table, int operation,
					   const char *check, MigrationPlan *plan);

/*
 * Of a composite value IS NOT NULL says that no field is NULL, which is another thing
 * and proves to the server nothing about the column.
 */
void
column_not_null_start(SchemaModel *model, TableModel *table,
					  const Generation *generation, int operation, MigrationPlan *plan)
{
	char	   *name = column_not_null_check(model, table, generation);

	if (is_not_null(table, generation) ||
		catalog_constraint_exists(table->relid, name))
		return;
	shadow_alter_table(model, table, operation, PHASE_START,
					   psprintf("ADD CONSTRAINT %s CHECK (%s IS %s NULL) NOT VALID",
								quote_identifier(name),
								quote_identifier(generation->physical),
								type_is_rowtype(generation->type) ?
								"DISTINCT FROM" : "NOT"), plan);
	plan_validate(plan, operation, table->relid,
				  model_table_sql(model, table), name);
}

void
column_not_null_complete(SchemaModel *model, TableModel *table,
						 const Generation *generation, int operation,
						 MigrationPlan *plan)
{
	char	   *name = column_not_null_check(model, table, generation);
	bool		is_checked = catalog_constraint_exists(table->relid, name);

	if (!is_not_null(table, generation))
	{
		carry_must_exist(model->foreseen || is_checked, table->name,
						 psprintf("%s NOT NULL", generation->name));
		set_not_null(model, table, generation, operation, plan);
		is_checked = true;
	}
	if (is_checked)
		drop_proof(model, table, operation, name, plan);
}

void
column_not_null_forget(SchemaModel *model, TableModel *table,
					   const Generation *generation, MigrationPlan *plan)
{
	char	   *name = column_not_null_check(model, table, generation);

	if (catalog_constraint_is_own(table->relid, name))
		drop_proof(model, table, generation->operation, name, plan);
}

/* The same in every phase: by the name that the column has until the completion. */
char *
column_not_null_check(const SchemaModel *model, const TableModel *table,
					  const Generation *generation)
{
	if (generation->attnum == 0)
		return name_carried(model->migration,
							psprintf("%s not null", generation->shadow));
	return name_new(model->migration,
					psprintf("%s not null",
							 get_attname(table->relid, generation->attnum, false)));
}

/* Is a stored column so already? */
static bool
is_not_null(const TableModel *table, const Generation *generation)
{
	return generation->attnum != 0 &&
		catalog_column_is_not_null(table->relid,
								   get_attname(table->relid, generation->attnum, false));
}

/*
 * Under the column's final name, and after the old column: the constraint that
 * the server makes of it (from 18 on) then has the name that it would have anyway.
 * The validated check spares the scan; so it goes only afterwards.
 */
static void
set_not_null(SchemaModel *model, TableModel *table, const Generation *generation,
			 int operation, MigrationPlan *plan)
{
	Generation *old = model_stored_ancestor(generation->previous);
	const char *column = quote_identifier(generation->physical);
	char	   *name = old == NULL ? NULL :
		catalog_not_null_name(table->relid, old->attnum);

	if (carry_identity_has_not_null(generation))
		return;
	if (old != NULL)
		name_members(table, old, name, column, operation, plan);
	shadow_alter_table(model, table, operation, PHASE_COMPLETE,
					   name == NULL ?
					   psprintf("ALTER COLUMN %s SET NOT NULL", column) :
					   psprintf("ADD CONSTRAINT %s NOT NULL %s",
								quote_identifier(name), column), plan);
}

/*
 * A child whose constraint is its own, or a partition that has it under another name, gets
 * it first: the whole table's then becomes a part of it.  name is NULL where that had none.
 */
static void
name_members(const TableModel *table, const Generation *old, const char *name,
			 const char *column, int operation, MigrationPlan *plan)
{
	List	   *members = operation_other_members(table->relid);
	char	   *stored = get_attname(table->relid, old->attnum, false);

	for (int i = list_length(members) - 1; i >= 0; i--)
	{
		Oid			member = list_nth_oid(members, i);
		char	   *own = catalog_not_null_name(member, get_attnum(member, stored));

		if (own != NULL && (catalog_constraint_is_local(member, own) ||
							(name != NULL && strcmp(own, name) != 0 &&
							 get_rel_relispartition(member))))
			shadow_alter_member(member, operation, PHASE_COMPLETE,
								psprintf("ADD CONSTRAINT %s NOT NULL %s",
										 quote_identifier(own), column), plan);
	}
}

static void
drop_proof(SchemaModel *model, TableModel *table, int operation, const char *check,
		   MigrationPlan *plan)
{
	const char *action = psprintf("DROP CONSTRAINT %s", quote_identifier(check));
	ListCell   *lc;

	shadow_alter_table(model, table, operation, PHASE_COMPLETE, action, plan);
	foreach(lc, operation_other_members(table->relid))
	{
		Oid			member = lfirst_oid(lc);

		/* A table that was attached in the meantime has it of its own. */
		if (catalog_constraint_is_local(member, check))
			shadow_alter_member(member, operation, PHASE_COMPLETE, action, plan);
	}
}
