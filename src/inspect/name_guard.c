/*-------------------------------------------------------------------------
 *
 * name_guard.c
 *		Names that expressions call, while others change what has them.
 *
 * The claim is for who may have the thing changed, its owner or that of its schema: nobody
 * else can hold up a phase by it.  Temporary things are nobody else's, and a relation that
 * is read is locked by whoever reads the expression; but the type of its rows is not.
 *-------------------------------------------------------------------------
 */
#include "pgroll.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/dependency.h"
#include "catalog/indexing.h"
#include "catalog/namespace.h"
#include "catalog/objectaddress.h"
#include "catalog/pg_authid.h"
#include "catalog/pg_class.h"
#include "catalog/pg_namespace.h"
#include "catalog/pg_operator.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_shdepend.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "storage/lmgr.h"
#include "utils/acl.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"

#include "inspect/name_guard.h"
#include "schema/catalog_depend.h"
#include "schema/catalog_object.h"
#include "state/claims.h"

static bool changes_name(const Node *command);
static bool drops_column(const AlterTableStmt *stmt);
static bool renames(const RenameStmt *stmt);
static bool drops(const DropStmt *stmt);
static bool drops_owned(const DropOwnedStmt *stmt);
static bool owns_something(Oid role);
static bool overloads(Oid class, List *name);
static bool is_own_relation(const RangeVar *name);
static bool has_called_name(Oid relid);
static bool is_own_object(ObjectType type, Node *name);
static bool is_called_by_name(ObjectType type);

void
name_guard_claim(const Node *command)
{
	if (changes_name(command))
		claim_names();
}

static bool
changes_name(const Node *command)
{
	switch (nodeTag(command))
	{
		case T_RenameStmt:
			return renames((const RenameStmt *) command);
		case T_AlterObjectSchemaStmt:
			{
				const AlterObjectSchemaStmt *stmt = (const AlterObjectSchemaStmt *) command;

				return stmt->relation != NULL ? is_own_relation(stmt->relation) :
					is_own_object(stmt->objectType, stmt->object);
			}
		case T_AlterEnumStmt:
			return ((const AlterEnumStmt *) command)->oldVal != NULL &&
				is_own_object(OBJECT_TYPE, (Node *) ((const AlterEnumStmt *) command)->typeName);
		case T_AlterTableStmt:
			return drops_column((const AlterTableStmt *) command);
		case T_DropStmt:
			return drops((const DropStmt *) command);
		case T_DropOwnedStmt:
			return drops_owned((const DropOwnedStmt *) command);
		case T_CreateFunctionStmt:
			return overloads(ProcedureRelationId,
							 ((const CreateFunctionStmt *) command)->funcname);
		case T_DefineStmt:
			{
				const DefineStmt *stmt = (const DefineStmt *) command;

				return (stmt->kind == OBJECT_AGGREGATE &&
						overloads(ProcedureRelationId, stmt->defnames)) ||
					(stmt->kind == OBJECT_OPERATOR &&
					 overloads(OperatorRelationId, stmt->defnames));
			}
		default:
			return false;
	}
}

/* … or an attribute of a type. */
static bool
drops_column(const AlterTableStmt *stmt)
{
	ListCell   *lc;

	foreach(lc, stmt->cmds)
	{
		if (((const AlterTableCmd *) lfirst(lc))->subtype == AT_DropColumn)
			return is_own_relation(stmt->relation);
	}
	return false;
}

static bool
renames(const RenameStmt *stmt)
{
	switch (stmt->renameType)
	{
		case OBJECT_POLICY:
		case OBJECT_RULE:
		case OBJECT_TABCONSTRAINT:
		case OBJECT_TRIGGER:
			return false;
		case OBJECT_SCHEMA:
			return is_own_object(OBJECT_SCHEMA, (Node *) makeString(stmt->subname));
		default:
			return stmt->relation != NULL ? is_own_relation(stmt->relation) :
				is_own_object(stmt->renameType, stmt->object);
	}
}

static bool
drops(const DropStmt *stmt)
{
	ListCell   *lc;

	foreach(lc, stmt->objects)
	{
		switch (stmt->removeType)
		{
			case OBJECT_FOREIGN_TABLE:
			case OBJECT_MATVIEW:
			case OBJECT_SEQUENCE:
			case OBJECT_TABLE:
			case OBJECT_VIEW:
				if (is_own_relation(makeRangeVarFromNameList(lfirst(lc))))
					return true;
				break;
			default:
				if (is_own_object(stmt->removeType, lfirst(lc)))
					return true;
				break;
		}
	}
	return false;
}

static bool
drops_owned(const DropOwnedStmt *stmt)
{
	ListCell   *lc;

	foreach(lc, stmt->roles)
	{
		Oid			role = get_rolespec_oid(lfirst(lc), true);

		if (OidIsValid(role) && has_privs_of_role(GetUserId(), role) && owns_something(role))
			return true;
	}
	return false;
}

/* … in this database. */
static bool
owns_something(Oid role)
{
	Relation	rel = table_open(SharedDependRelationId, AccessShareLock);
	ScanKeyData keys[2];
	SysScanDesc scan;
	HeapTuple	tuple;
	bool		found = false;

	ScanKeyInit(&keys[0], Anum_pg_shdepend_refclassid, BTEqualStrategyNumber, F_OIDEQ,
				ObjectIdGetDatum(AuthIdRelationId));
	ScanKeyInit(&keys[1], Anum_pg_shdepend_refobjid, BTEqualStrategyNumber, F_OIDEQ,
				ObjectIdGetDatum(role));
	scan = systable_beginscan(rel, SharedDependReferenceIndexId, true, NULL, 2, keys);
	while (!found && HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		Form_pg_shdepend form = (Form_pg_shdepend) GETSTRUCT(tuple);

		found = form->dbid == MyDatabaseId && form->deptype == SHARED_DEPENDENCY_OWNER;
	}
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
	return found;
}

/* Is there a function or operator of the name where this one is to be? */
static bool
overloads(Oid class, List *name)
{
	char	   *schema;
	char	   *called;
	Oid			namespace;

	DeconstructQualifiedName(name, &schema, &called);
	namespace = schema != NULL ? get_namespace_oid(schema, true) :
		RangeVarGetCreationNamespace(makeRangeVar(NULL, called, -1));
	return OidIsValid(namespace) && !isAnyTempNamespace(namespace) &&
		object_aclcheck(NamespaceRelationId, namespace, GetUserId(), ACL_CREATE) == ACLCHECK_OK &&
		catalog_count_overloads(class, called, namespace) > 0;
}

static bool
is_own_relation(const RangeVar *name)
{
	Oid			relid = RangeVarGetRelid(name, NoLock, true);
	Oid			namespace = OidIsValid(relid) ? get_rel_namespace(relid) : InvalidOid;

	/* Nobody waits: it may go at any time. */
	return OidIsValid(namespace) && !isAnyTempNamespace(namespace) &&
		(object_ownercheck(RelationRelationId, relid, GetUserId()) ||
		 object_ownercheck(NamespaceRelationId, namespace, GetUserId())) &&
		has_called_name(relid);
}

/*
 * A sequence is named by a text of its own, and goes where the table goes that owns it;
 * values may be of the type of the rows.  An expression that makes such a row and keeps
 * nothing of the type is not known.
 */
static bool
has_called_name(Oid relid)
{
	switch (get_rel_relkind(relid))
	{
		case RELKIND_SEQUENCE:
		case RELKIND_COMPOSITE_TYPE:
			return true;
		default:
			return getOwnedSequences(relid) != NIL ||
				(OidIsValid(get_rel_type_id(relid)) &&
				 catalog_users_of_type(get_rel_type_id(relid)) != NIL);
	}
}

static bool
is_own_object(ObjectType type, Node *name)
{
	ObjectAddress address;
	Relation	rel;
	Oid			namespace;
	bool		is_own;

	if (!is_called_by_name(type))
		return false;
	/* As a domain, what is none would be an error here, and said in other words. */
	if (type == OBJECT_DOMAIN)
		type = OBJECT_TYPE;
	if (type == OBJECT_TYPE && IsA(name, List))
		name = (Node *) makeTypeNameFromNameList((List *) name);
	address = get_object_address(type, name, &rel, AccessShareLock, true);
	if (!OidIsValid(address.objectId))
		return false;
	namespace = get_object_namespace(&address);
	is_own = !(OidIsValid(namespace) && isAnyTempNamespace(namespace)) &&
		(object_ownercheck(address.classId, address.objectId, GetUserId()) ||
		 (OidIsValid(namespace) &&
		  object_ownercheck(NamespaceRelationId, namespace, GetUserId())));
	/* Nothing may be locked by who waits for the names: a phase that has them needs it. */
	UnlockDatabaseObject(address.classId, address.objectId, 0, AccessShareLock);
	return is_own;
}

static bool
is_called_by_name(ObjectType type)
{
	switch (type)
	{
		case OBJECT_AGGREGATE:
		case OBJECT_COLLATION:
		case OBJECT_DOMAIN:
		case OBJECT_EXTENSION:
		case OBJECT_FUNCTION:
		case OBJECT_OPCLASS:
		case OBJECT_OPERATOR:
		case OBJECT_OPFAMILY:
		case OBJECT_PROCEDURE:
		case OBJECT_ROUTINE:
		case OBJECT_SCHEMA:
		case OBJECT_TSCONFIGURATION:
		case OBJECT_TSDICTIONARY:
		case OBJECT_TYPE:
			return true;
		default:
			return false;
	}
}
