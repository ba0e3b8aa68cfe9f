/*-------------------------------------------------------------------------
 *
 * carry_identity.c
 *		The sequences of a column that gets a shadow.
 *
 * A sequence that a column merely owns gets another owner.  That of an identity
 * column belongs to it for good: the shadow gets one of its own, in the old one's
 * name and at the old one's number, while nobody else can use either.
 *-------------------------------------------------------------------------
 */
#include "pgroll.h"

#include "access/htup_details.h"
#include "catalog/dependency.h"
#include "catalog/pg_attribute.h"
#include "catalog/pg_class.h"
#include "catalog/pg_database.h"
#include "catalog/pg_namespace.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "ddl/access_list.h"
#include "ddl/grants.h"
#include "operation/carry_identity.h"
#include "operation/operation_util.h"
#include "operation/sequence_options.h"
#include "operation/shadow_column.h"
#include "schema/catalog_constraint.h"
#include "schema/catalog_depend.h"
#include "schema/catalog_object.h"
#include "schema/catalog_read.h"
#include "schema/catalog_sequence.h"
#include "schema/names.h"

static void check_unused(SchemaModel *model, const TableModel *table,
						 const ColumnModel *column, Oid sequence, const char *path);
static void check_limits(const TableModel *table, const Generation *generation,
						 const char *path);
static void move_owned(Oid relid, AttrNumber attnum, const char *relation,
					   const Generation *generation, MigrationPlan *plan);
static void set_not_null(SchemaModel *model, TableModel *table,
						 const Generation *generation, const Generation *old,
						 MigrationPlan *plan);
static char *identity_sql(const Generation *generation, const SequenceFacts *sequence);
static void sequence_grants(SchemaModel *model, const TableModel *table,
							const SequenceFacts *sequence, int operation,
							MigrationPlan *plan);
static char *qualified(const SequenceFacts *sequence, const char *name);
static void sequence_step(const SequenceFacts *sequence, int operation, char *command,
						  MigrationPlan *plan);

void
carry_identity_check(SchemaModel *model, const TableModel *table,
					 const ColumnModel *column, const char *path)
{
	Generation *stored = model_stored_ancestor(column->generation);
	Oid			sequence;

	/* A partition's (from 17 on) is the whole table's. */
	if (stored == NULL || stored->identity == '\0' ||
		get_rel_relispartition(table->relid))
		return;
	sequence = catalog_identity_sequence(table->relid, stored->attnum);
	if (!OidIsValid(sequence) || column->generation->leader != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("column \"%s\" of table \"%s\" cannot be changed: it is inherited and an identity column",
						column->name, table->name),
				 errdetail("At %s.", path),
				 errhint("Drop the identity of the child's column first, with an sql operation.")));
	check_unused(model, table, column, sequence, path);
	if (!model->started &&
		object_aclcheck(NamespaceRelationId, get_rel_namespace(sequence), GetUserId(),
						ACL_CREATE) != ACLCHECK_OK)
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("permission denied for schema \"%s\"",
						get_namespace_name(get_rel_namespace(sequence))),
				 errdetail("At %s: the new form of identity column \"%s\" gets a sequence of its own.",
						   path, column->name),
				 errhint("Grant CREATE on the schema to the role.")));
}

void
carry_identity_check_type(const TableModel *table, const Generation *generation,
						  const char *path)
{
	if (generation->identity == '\0')
		return;
	if (!sequence_type_is_possible(generation->type))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("identity column \"%s\" of table \"%s\" cannot be of type %s",
						generation->name, table->name, format_type_be(generation->type)),
				 errdetail("At %s: an identity column is a smallint, integer or bigint.", path),
				 errhint("Drop the identity first, with ALTER TABLE ... DROP IDENTITY in an sql operation.")));
	check_limits(table, generation, path);
}

void
carry_identity_complete(SchemaModel *model, TableModel *table,
						const Generation *generation, const Generation *old,
						MigrationPlan *plan)
{
	char	   *name = get_attname(table->relid, old->attnum, false);
	SequenceFacts *sequence;
	char	   *aside;
	ListCell   *lc;

	move_owned(table->relid, old->attnum, model_table_sql(model, table), generation, plan);
	foreach(lc, operation_other_members(table->relid))
		move_owned(lfirst_oid(lc), get_attnum(lfirst_oid(lc), name),
				   catalog_relation_name(lfirst_oid(lc)), generation, plan);
	if (generation->identity == '\0')
		return;
	sequence = catalog_sequence(catalog_identity_sequence(table->relid, old->attnum));
	aside = name_carried(model->migration, sequence->name);
	sequence_set_type(sequence, generation->type);

	set_not_null(model, table, generation, old, plan);
	sequence_step(sequence, generation->operation,
				  psprintf("ALTER SEQUENCE %s RENAME TO %s",
						   qualified(sequence, sequence->name),
						   quote_identifier(aside)), plan);
	shadow_alter_table(model, table, generation->operation, PHASE_COMPLETE,
					   identity_sql(generation, sequence), plan);
	sequence_step(sequence, generation->operation,
				  psprintf("SELECT pg_catalog.setval(%s, last_value, is_called) FROM %s",
						   quote_literal_cstr(qualified(sequence, sequence->name)),
						   qualified(sequence, aside)), plan);
	if (sequence->persistence != get_rel_persistence(table->relid))
		sequence_step(sequence, generation->operation,
					  psprintf("ALTER SEQUENCE %s SET %s",
							   qualified(sequence, sequence->name),
							   sequence->persistence == RELPERSISTENCE_UNLOGGED ?
							   "UNLOGGED" : "LOGGED"), plan);
	sequence_grants(model, table, sequence, generation->operation, plan);
	if (sequence->comment != NULL)
		sequence_step(sequence, generation->operation,
					  psprintf("COMMENT ON SEQUENCE %s IS %s",
							   qualified(sequence, sequence->name),
							   quote_literal_cstr(sequence->comment)), plan);
}

bool
carry_identity_has_not_null(const Generation *generation)
{
	return generation->identity != '\0' && generation->attnum == 0 &&
		generation->sequence == NULL;
}

/* The old sequence goes with the old column. */
static void
check_unused(SchemaModel *model, const TableModel *table, const ColumnModel *column,
			 Oid sequence, const char *path)
{
	ListCell   *lc;

	foreach(lc, catalog_dependents(sequence, 0, model->version_namespaces))
	{
		Dependent  *dependent = lfirst(lc);

		if (dependent->deptype == DEPENDENCY_NORMAL)
			ereport(ERROR,
					(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
					 errmsg("column \"%s\" of table \"%s\" cannot be changed: %s uses its sequence",
							column->name, table->name, dependent->description),
					 errdetail("At %s.", path),
					 errhint("Drop that object before the migration, and make it again after.")));
	}
}

/* A smaller type: the server would refuse it at completion. */
static void
check_limits(const TableModel *table, const Generation *generation, const char *path)
{
	Generation *stored = model_stored_ancestor((Generation *) generation);
	SequenceFacts *sequence;
	SequenceFacts whole = {.type = INT2OID, .min = PG_INT16_MIN, .max = PG_INT16_MAX};

	if (!OidIsValid(table->relid) || stored == NULL)
		return;
	sequence = catalog_sequence(catalog_identity_sequence(table->relid, stored->attnum));
	sequence_set_type(sequence, generation->type);
	sequence_set_type(&whole, generation->type);
	if (sequence->min >= whole.min && sequence->max <= whole.max)
		return;
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("identity column \"%s\" of table \"%s\" cannot be of type %s",
					generation->name, table->name, format_type_be(generation->type)),
			 errdetail("At %s: a limit of its sequence is out of range for that type.", path),
			 errhint("Set the limit with ALTER TABLE ... ALTER COLUMN ... SET MAXVALUE first.")));
}

/* The sequences that a table's or child's column owns; they count as far as it does. */
static void
move_owned(Oid relid, AttrNumber attnum, const char *relation,
		   const Generation *generation, MigrationPlan *plan)
{
	ListCell   *lc;

	foreach(lc, attnum == InvalidAttrNumber ? NIL : catalog_owned_sequences(relid, attnum))
	{
		SequenceFacts *facts = catalog_sequence(lfirst_oid(lc));
		char	   *type = sequence_type_is_wider(generation->type, facts->type) ?
			psprintf("AS %s ", format_type_be_qualified(generation->type)) : "";

		plan_step(plan, (Step) {
			.phase = PHASE_COMPLETE,
			.operation = generation->operation,
			.command = psprintf("ALTER SEQUENCE %s %sOWNED BY %s.%s",
								qualified(facts, facts->name), type, relation,
								quote_identifier(generation->physical)),
			.lock = ShareRowExclusiveLock,
			.relation = lfirst_oid(lc),
			.relation_name = qualified(facts, facts->name),
		});
	}
}

/*
 * An identity column has to be.  The validated check spares the scan.  Where NOT
 * NULL is a constraint (from 18 on), the old column's makes way.
 */
static void
set_not_null(SchemaModel *model, TableModel *table, const Generation *generation,
			 const Generation *old, MigrationPlan *plan)
{
	char	   *name = catalog_not_null_name(table->relid, old->attnum);
	const char *column = quote_identifier(generation->physical);

	if (name == NULL)
	{
		shadow_alter_table(model, table, generation->operation, PHASE_COMPLETE,
						   psprintf("ALTER COLUMN %s SET NOT NULL", column), plan);
		return;
	}
	shadow_alter_table(model, table, generation->operation, PHASE_COMPLETE,
					   psprintf("RENAME CONSTRAINT %s TO %s", quote_identifier(name),
								quote_identifier(name_carried(model->migration, name))),
					   plan);
	shadow_alter_table(model, table, generation->operation, PHASE_COMPLETE,
					   psprintf("ADD CONSTRAINT %s NOT NULL %s",
								quote_identifier(name), column), plan);
}

static char *
identity_sql(const Generation *generation, const SequenceFacts *sequence)
{
	return psprintf("ALTER COLUMN %s ADD GENERATED %s AS IDENTITY (SEQUENCE NAME %s%s)",
					quote_identifier(generation->physical),
					generation->identity == ATTRIBUTE_IDENTITY_ALWAYS ?
					"ALWAYS" : "BY DEFAULT",
					qualified(sequence, sequence->name),
					sequence_options_of_facts(sequence));
}

/* What the old one has, and nothing of what a new one is given by itself. */
static void
sequence_grants(SchemaModel *model, const TableModel *table,
				const SequenceFacts *sequence, int operation, MigrationPlan *plan)
{
	char	   *name = qualified(sequence, sequence->name);
	Acl		   *acl;
	ListCell   *lc;

	foreach(lc, catalog_default_grants(OBJECT_SEQUENCE, table->owner, sequence->namespace))
		sequence_step(sequence, operation,
					  revoke_all_sql(lfirst(lc), psprintf("SEQUENCE %s", name)), plan);
	foreach(lc, catalog_relation_grants(sequence->oid))
	{
		char	   *grant = grant_sequence_sql(lfirst(lc), name);

		if (grant != NULL)
			sequence_step(sequence, operation, grant, plan);
	}
	acl = access_list_of_grantors(sequence->oid, 0);
	if (acl != NULL)
		plan_access_list(plan, PHASE_COMPLETE, operation, sequence->oid, name, NULL, acl);
}

static char *
qualified(const SequenceFacts *sequence, const char *name)
{
	return quote_qualified_identifier(get_namespace_name(sequence->namespace), name);
}

/* On the old sequence, or on the new one, which takes its name. */
static void
sequence_step(const SequenceFacts *sequence, int operation, char *command,
			  MigrationPlan *plan)
{
	plan_step(plan, (Step) {
		.phase = PHASE_COMPLETE,
		.operation = operation,
		.command = command,
		.lock = AccessExclusiveLock,
		.relation = sequence->oid,
		.relation_name = qualified(sequence, sequence->name),
	});
}
