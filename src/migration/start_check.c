/*-------------------------------------------------------------------------
 *
 * start_check.c
 *		What a baseline, a start and the plan of one look at first.
 *
 * Under the lock of the base schema where something is changed: a migration of it may
 * have been opened until then.
 *-------------------------------------------------------------------------
 */
#include "pgroll.h"

#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_database.h"
#include "catalog/pg_namespace.h"
#include "catalog/pg_type.h"
#include "commands/dbcommands.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/lsyscache.h"
#include "utils/timestamp.h"

#include "migration/start_check.h"
#include "schema/catalog_read.h"
#include "state/migrations.h"

static bool has_only_views(Oid namespace);
static void check_rights(const char *base_schema, Oid namespace);

void
start_check_schema(const char *base_schema)
{
	Oid			namespace = base_schema_oid(base_schema);
	MigrationRow *row = migration_of_version(base_schema);

	/* Somebody may have dropped the version, and made another schema of its name. */
	if (row != NULL && OidIsValid(get_namespace_oid(row->base_schema, true)) &&
		has_only_views(namespace))
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("schema \"%s\" is a version schema", base_schema),
				 errdetail("It has the views of migration \"%s\" over the tables of schema \"%s\".",
						   row->name, row->base_schema),
				 errhint("Use schema \"%s\".", row->base_schema)));
	check_rights(base_schema, namespace);
}

static bool
has_only_views(Oid namespace)
{
	ListCell   *lc;

	foreach(lc, catalog_relations_of_schema(namespace))
	{
		if (get_rel_relkind(lfirst_oid(lc)) != RELKIND_VIEW)
			return false;
	}
	return true;
}

static void
check_rights(const char *base_schema, Oid namespace)
{
	if (object_aclcheck(DatabaseRelationId, MyDatabaseId, GetUserId(),
						ACL_CREATE) != ACLCHECK_OK)
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("permission denied for database \"%s\"",
						get_database_name(MyDatabaseId)),
				 errdetail("A migration makes a schema for its version."),
				 errhint("Grant CREATE on the database to the role.")));
	/* Else anybody could open a migration that the owners can't get rid of. */
	if (object_aclcheck(NamespaceRelationId, namespace, GetUserId(),
						ACL_USAGE) != ACLCHECK_OK ||
		(object_aclcheck(NamespaceRelationId, namespace, GetUserId(),
						 ACL_CREATE) != ACLCHECK_OK &&
		 !catalog_user_owns_table_in(namespace)))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("permission denied for schema \"%s\"", base_schema),
				 errdetail("A migration is for those who own tables of the schema or may create some."),
				 errhint("Grant USAGE and CREATE on the schema to the role.")));
}

void
start_check_name(const char *base_schema, const char *name, Jsonb *document)
{
	MigrationRow *row = migration_by_name(base_schema, name);
	MigrationRow *active;

	if (row != NULL && !migration_has_document(row, document))
		ereport(ERROR,
				(errcode(ERRCODE_PGROLL_MIGRATION_EXISTS),
				 errmsg("another migration named \"%s\" exists", name),
				 errdetail("Its state is \"%s\".", migration_state_name(row->state)),
				 errhint("Its document differs from this one; choose another name.")));
	if (row != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_PGROLL_MIGRATION_EXISTS),
				 errmsg("migration \"%s\" is applied already", name),
				 errdetail("Its state is \"%s\".", migration_state_name(row->state)),
				 row->state == STATE_COMPLETED ?
				 errhint("There is nothing to do.") :
				 errhint("Complete it with pgroll_c.complete_migration() or undo it with pgroll_c.rollback_migration().")));
	active = migration_active(base_schema);
	if (active != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_PGROLL_MIGRATION_ACTIVE),
				 errmsg("migration \"%s\" is already in progress", active->name),
				 errdetail("It was started at %s by role \"%s\".",
						   timestamptz_to_str(active->started_at), active->started_by),
				 errhint("Complete it with pgroll_c.complete_migration() or undo it with pgroll_c.rollback_migration().")));
}

void
start_check_version_schema(const char *version_schema)
{
	if (OidIsValid(get_namespace_oid(version_schema, true)))
		ereport(ERROR,
				(errcode(ERRCODE_DUPLICATE_SCHEMA),
				 errmsg("schema \"%s\" already exists", version_schema),
				 errdetail("It would be the migration's version schema."),
				 errhint("Give the migration another name, or set version_schema in its document.")));
}
