/*-------------------------------------------------------------------------
 *
 * ddl_guard.c
 *		Event triggers: what others do to a schema while it is migrated.
 *
 * Three of them call one function.  At ddl_command_start it refuses what names
 * an object that an active migration needs, with a message that says so (the
 * server's own would suggest CASCADE); at sql_drop what went away with
 * something else; at ddl_command_end it looks at the tables that were touched
 * and mends them (table_guard.c).
 *
 * With or without an active migration, names are claimed that a phase may read
 * just now (name_guard.c), and the versions' defaults follow (default_guard.c).
 * Beyond these the triggers cost a look into an empty index where none is active.
 * Our own DDL, run by ddl_execute.c, is let through.
 *-------------------------------------------------------------------------
 */
#include "pgroll.h"

#include "access/xact.h"
#include "catalog/dependency.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_operator.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_trigger.h"
#include "commands/event_trigger.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "nodes/parsenodes.h"
#include "utils/lsyscache.h"

#include "ddl/ddl_execute.h"
#include "ddl/partition_constraint.h"
#include "inspect/addition_guard.h"
#include "inspect/child_guard.h"
#include "inspect/default_guard.h"
#include "inspect/detach_guard.h"
#include "inspect/drop_guard.h"
#include "inspect/expression_guard.h"
#include "inspect/grant_guard.h"
#include "inspect/guard_scope.h"
#include "inspect/matview_guard.h"
#include "inspect/name_guard.h"
#include "inspect/part_guard.h"
#include "inspect/rename_guard.h"
#include "inspect/table_guard.h"
#include "schema/catalog_depend.h"
#include "schema/catalog_object.h"
#include "schema/catalog_read.h"
#include "schema/catalog_sequence.h"
#include "schema/catalog_trigger.h"
#include "schema/names.h"
#include "state/migration_tables.h"
#include "state/migrations.h"
#include "state/replica_identity.h"
#include "support/spi.h"
#include "versioning/edge.h"

PG_FUNCTION_INFO_V1(pgroll_guard_ddl);

/*
 * The CREATE TABLE … (LIKE …) that runs, as known at its start.  Where it failed,
 * the pointer is stale until the next one begins.
 */
static Node *copying = NULL;

static void guard_arguments(const CreateTrigStmt *stmt);
static void guard_command_start(List *lines, Node *command);
static void guard_matviews(List *lines, Node *command);
static void guard_matview(List *lines, const RangeVar *name, const char *what);
static void guard_rename(List *lines, const RenameStmt *stmt);
static void guard_rename_relation(List *lines, const RangeVar *name);
static void guard_rename_index(List *lines, const RangeVar *name);
static void guard_rename_column(List *lines, const RangeVar *name,
								const char *column);
static void guard_rename_part(List *lines, const RangeVar *name,
							  const char *what, const char *part);
static void guard_rename_attribute(List *lines, const RenameStmt *stmt);
static void guard_sequence(List *lines, const RangeVar *name, const char *what);
static void guard_alter_sequence(List *lines, const AlterSeqStmt *stmt);
static void guard_set_schema(List *lines, const AlterObjectSchemaStmt *stmt);
static void guard_alter_table(List *lines, const AlterTableStmt *stmt);
static void guard_new_child(List *lines, Oid relid, const AlterTableCmd *cmd);
static void guard_detach(List *lines, const AlterTableCmd *cmd);
static void guard_alter_part(List *lines, const GuardLine *line, Oid relid,
							 const AlterTableCmd *cmd);
static void guard_leave_parent(List *lines, Oid child, const RangeVar *parent);
static void guard_new_index(List *lines, Oid namespace, const char *index);
static void guard_create_index(List *lines, const IndexStmt *stmt);
static void guard_using_index(List *lines, Oid relid, const Constraint *key);
static void guard_add_to_extension(List *lines, const AlterExtensionContentsStmt *stmt);
static void guard_new_object(List *lines, const char *schema, const char *object);
static void guard_new_name(const Node *command, Oid class, Oid object);
static bool adds_only(const Node *command);
static void guard_key_parts(const AlterTableStmt *stmt);
static void forget_identity(List *lines, const AlterTableStmt *stmt);
static void guard_command_end(List *lines, Node *command);
static List *lines_now(void);

/*
 * CREATE EVENT TRIGGER … ON ddl_command_start | sql_drop | ddl_command_end
 * EXECUTE FUNCTION pgroll_c.guard_ddl()
 */
Datum
pgroll_guard_ddl(PG_FUNCTION_ARGS)
{
	EventTriggerData *data = (EventTriggerData *) fcinfo->context;
	List	   *lines;

	if (!CALLED_AS_EVENT_TRIGGER(fcinfo))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_EVENT_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("pgroll_c.guard_ddl() must be called as an event trigger")));

	if (ddl_execute_origin() != DDL_OWN && IsA(data->parsetree, CreateTrigStmt))
		guard_arguments((CreateTrigStmt *) data->parsetree);
	/* Versions have views when no migration is active, too; and a start may be under way. */
	if (strcmp(data->event, "ddl_command_start") == 0)
	{
		if (ddl_execute_origin() == DDL_FOREIGN)
			name_guard_claim(data->parsetree);
		default_guard_note(data->parsetree);
	}
	if (strcmp(data->event, "ddl_command_end") == 0)
		default_guard_follow(data->parsetree, ddl_execute_origin() != DDL_FOREIGN);
	if (ddl_execute_origin() == DDL_OWN)
		PG_RETURN_NULL();
	lines = lines_now();

	/* What a migration's own sql does is not refused, but mended. */
	if (lines == NIL)
		PG_RETURN_NULL();
	else if (strcmp(data->event, "ddl_command_end") == 0)
		guard_command_end(lines, data->parsetree);
	else if (ddl_execute_origin() == DDL_USER_TEXT)
		PG_RETURN_NULL();
	else if (strcmp(data->event, "ddl_command_start") == 0)
		guard_command_start(lines, data->parsetree);
	else if (strcmp(data->event, "sql_drop") == 0)
		drop_guard_dropped(lines);
	PG_RETURN_NULL();
}

/*
 * Whoever owns a table may call our trigger from one of his own.  What cannot be
 * read of it would stop everybody's DDL that looks at all tables in flight.
 */
static void
guard_arguments(const CreateTrigStmt *stmt)
{
	ListCell   *lc;

	if (strcmp(strVal(llast(stmt->funcname)), "dual_write") != 0 ||
		list_length(stmt->args) < 2)
		return;
	if (list_length(stmt->funcname) == 2 &&
		strcmp(strVal(linitial(stmt->funcname)), PGROLL_SCHEMA) != 0)
		return;
	(void) dual_write_role_from_text(strVal(linitial(stmt->args)));
	for_each_from(lc, stmt->args, 1)
		(void) edge_migration_from_json(strVal(lfirst(lc)));
}

static void
guard_command_start(List *lines, Node *command)
{
	copying = child_guard_note_copy(command) ? command : NULL;
	part_guard_note(command);
	guard_matviews(lines, command);
	if (IsA(command, RenameStmt))
		guard_rename(lines, (RenameStmt *) command);
	else if (IsA(command, AlterObjectSchemaStmt))
		guard_set_schema(lines, (AlterObjectSchemaStmt *) command);
	else if (IsA(command, AlterTableStmt))
		guard_alter_table(lines, (AlterTableStmt *) command);
	else if (IsA(command, AlterSeqStmt))
		guard_alter_sequence(lines, (AlterSeqStmt *) command);
	else if (IsA(command, DropStmt))
		drop_guard_check(lines, (DropStmt *) command);
	else if (IsA(command, AlterEnumStmt) && rename_guard_changes_name(command))
		expression_guard_check_enum(((AlterEnumStmt *) command)->typeName);
	else if (IsA(command, AlterExtensionContentsStmt))
		guard_add_to_extension(lines, (AlterExtensionContentsStmt *) command);
	else if (IsA(command, IndexStmt) && ((IndexStmt *) command)->idxname != NULL)
		guard_create_index(lines, (IndexStmt *) command);
}

/* Those that a migration has made are known by name and place, and all they have. */
static void
guard_matviews(List *lines, Node *command)
{
	ListCell   *lc;

	if (IsA(command, RenameStmt))
		guard_matview(lines, ((RenameStmt *) command)->relation, "rename");
	else if (IsA(command, AlterObjectSchemaStmt))
		guard_matview(lines, ((AlterObjectSchemaStmt *) command)->relation, "move");
	else if (IsA(command, AlterTableStmt))
		guard_matview(lines, ((AlterTableStmt *) command)->relation, "alter");
	else if (IsA(command, DropStmt) &&
			 ((DropStmt *) command)->removeType == OBJECT_MATVIEW)
	{
		foreach(lc, ((DropStmt *) command)->objects)
			guard_matview(lines, makeRangeVarFromNameList(lfirst(lc)), "drop");
	}
}

static void
guard_matview(List *lines, const RangeVar *name, const char *what)
{
	Oid			relid = name == NULL ? InvalidOid : RangeVarGetRelid(name, NoLock, true);
	GuardLine  *line = OidIsValid(relid) ? matview_guard_line(lines, relid) : NULL;

	if (line != NULL)
		guard_refuse(line, psprintf("%s materialized view", what), name->relname);
}

static void
guard_rename(List *lines, const RenameStmt *stmt)
{
	GuardLine  *line;

	switch (stmt->renameType)
	{
		case OBJECT_SCHEMA:
			line = guard_line_of_schema(lines, stmt->subname);
			if (line != NULL)
				guard_refuse(line, "rename schema", stmt->subname);
			break;
		case OBJECT_TABLE:
		case OBJECT_FOREIGN_TABLE:
		case OBJECT_VIEW:
		case OBJECT_MATVIEW:
			guard_rename_relation(lines, stmt->relation);
			guard_rename_index(lines, stmt->relation);
			guard_sequence(lines, stmt->relation, "rename sequence");
			break;
		case OBJECT_SEQUENCE:
			guard_sequence(lines, stmt->relation, "rename sequence");
			break;
		case OBJECT_COLUMN:
			guard_rename_column(lines, stmt->relation, stmt->subname);
			break;
		case OBJECT_ATTRIBUTE:
			guard_rename_attribute(lines, stmt);
			break;
		case OBJECT_TRIGGER:
			guard_rename_part(lines, stmt->relation, "rename trigger",
							  stmt->subname);
			break;
		case OBJECT_TABCONSTRAINT:
			guard_rename_part(lines, stmt->relation, "rename constraint",
							  stmt->subname);
			line = rename_guard_refuses(lines, stmt);
			if (line != NULL)
				guard_refuse(line, "rename constraint", stmt->subname);
			break;
		case OBJECT_INDEX:
			/* The server renames tables and views by it as well. */
			guard_rename_relation(lines, stmt->relation);
			guard_rename_part(lines, stmt->relation, "rename index",
							  stmt->relation->relname);
			guard_rename_index(lines, stmt->relation);
			break;
		case OBJECT_FUNCTION:
		case OBJECT_PROCEDURE:
		case OBJECT_ROUTINE:
		case OBJECT_AGGREGATE:
			expression_guard_check_call(stmt->renameType, stmt->object);
			break;
		default:
			break;
	}
}

static void
guard_rename_relation(List *lines, const RangeVar *name)
{
	Oid			relid = RangeVarGetRelid(name, NoLock, true);
	GuardLine  *line;

	if (!OidIsValid(relid))
		return;
	line = guard_line_of_relation(lines, relid);
	if (line != NULL)
		guard_refuse(line, "rename relation", name->relname);
}

/* ALTER TABLE renames it, too; and a key has the name of its index. */
static void
guard_rename_index(List *lines, const RangeVar *name)
{
	Oid			index = RangeVarGetRelid(name, NoLock, true);
	Oid			table;
	GuardLine  *line;

	if (!catalog_is_index(index))
		return;
	table = catalog_table_of_relation(index);
	line = guard_line_of_drop(lines, DROPS_INDEX, table, name->relname);
	if (line == NULL)
		line = guard_line_of_drop(lines, DROPS_CONSTRAINT, table, name->relname);
	if (line == NULL)
		line = rename_guard_line_building(lines, get_rel_namespace(index), name->relname);
	if (line != NULL)
		guard_refuse(line, "rename index", name->relname);
}

static void
guard_rename_column(List *lines, const RangeVar *name, const char *column)
{
	Oid			relid = RangeVarGetRelid(name, NoLock, true);
	GuardLine  *line;

	if (!OidIsValid(relid))
		return;
	line = guard_line_of_column(lines, relid, column);
	if (line != NULL)
		guard_refuse(line, "rename column", column);
}

/* With CASCADE it renames the columns of the tables that are of the type. */
static void
guard_rename_attribute(List *lines, const RenameStmt *stmt)
{
	Oid			relid = RangeVarGetRelid(stmt->relation, NoLock, true);
	ListCell   *lc;

	foreach(lc, OidIsValid(relid) ? catalog_users_of_type(get_rel_type_id(relid)) : NIL)
	{
		const ObjectAddress *user = &((Dependent *) lfirst(lc))->object;
		GuardLine  *line = user->classId != RelationRelationId || user->objectSubId != 0 ?
			NULL : guard_line_of_column(lines, user->objectId, stmt->subname);

		if (line != NULL)
			guard_refuse(line, "rename column", stmt->subname);
	}
}

/* That of a column which a migration adds is known by its name and its column. */
static void
guard_sequence(List *lines, const RangeVar *name, const char *what)
{
	Oid			relid = RangeVarGetRelid(name, NoLock, true);
	Oid			table;
	int32		attnum;
	char	   *column;

	if (!OidIsValid(relid) ||
		!sequenceIsOwned(relid, DEPENDENCY_AUTO, &table, &attnum))
		return;
	column = get_attname(table, attnum, true);
	if (column != NULL && name_is_ours(column))
		guard_refuse(guard_line_of_table(lines, table), what, name->relname);
}

static void
guard_alter_sequence(List *lines, const AlterSeqStmt *stmt)
{
	ListCell   *lc;

	foreach(lc, stmt->options)
	{
		if (strcmp(lfirst_node(DefElem, lc)->defname, "owned_by") == 0)
			guard_sequence(lines, stmt->sequence, "change the owner of sequence");
	}
}

/* Triggers, constraints and indexes are found again by the names we gave. */
static void
guard_rename_part(List *lines, const RangeVar *name, const char *what,
				  const char *part)
{
	if (name_is_ours(part) || name_is_dual_write_trigger(part))
		guard_refuse(guard_line_of_table(lines, RangeVarGetRelid(name, NoLock, true)),
					 what, part);
}

static void
guard_set_schema(List *lines, const AlterObjectSchemaStmt *stmt)
{
	Oid			relid;
	GuardLine  *line;

	expression_guard_check_call(stmt->objectType, stmt->object);
	if (stmt->relation == NULL)
		return;
	relid = RangeVarGetRelid(stmt->relation, NoLock, true);
	if (!OidIsValid(relid))
		return;
	line = guard_line_of_relation(lines, relid);
	if (line != NULL)
		guard_refuse(line, "move relation", stmt->relation->relname);
}

static void
guard_alter_table(List *lines, const AlterTableStmt *stmt)
{
	Oid			relid = RangeVarGetRelid(stmt->relation, NoLock, true);
	GuardLine  *line;
	ListCell   *lc;

	if (!OidIsValid(relid))
		return;
	foreach(lc, stmt->cmds)
	{
		guard_new_child(lines, relid, lfirst(lc));
		guard_detach(lines, lfirst(lc));
	}
	line = guard_line_of_relation(lines, relid);
	if (line == NULL)
		return;
	foreach(lc, stmt->cmds)
		guard_alter_part(lines, line, relid, lfirst(lc));
}

/* Of a view, a materialized view or an index there is no such command. */
static void
guard_new_child(List *lines, Oid relid, const AlterTableCmd *cmd)
{
	Oid			parent;
	Oid			child;
	GuardLine  *line;

	if (cmd->subtype == AT_AddInherit)
	{
		parent = RangeVarGetRelid(castNode(RangeVar, cmd->def), NoLock, true);
		child = relid;
	}
	else if (cmd->subtype == AT_AttachPartition &&
			 get_rel_relkind(relid) == RELKIND_PARTITIONED_TABLE)
	{
		parent = relid;
		child = RangeVarGetRelid(castNode(PartitionCmd, cmd->def)->name, NoLock, true);
	}
	else
		return;
	line = guard_line_of_drop(lines, DROPS_TABLE, child, NULL);
	if (line != NULL)
		guard_refuse(line, "attach table", get_rel_name(child));
	child_guard_prepare(lines, parent, child);
}

/* Concurrently, it has nobody wait behind it. */
static void
guard_detach(List *lines, const AlterTableCmd *cmd)
{
	if (cmd->subtype == AT_DetachPartition &&
		!((PartitionCmd *) cmd->def)->concurrent)
		detach_guard_prepare(lines,
							 RangeVarGetRelid(((PartitionCmd *) cmd->def)->name,
											  NoLock, true));
}

static void
guard_alter_part(List *lines, const GuardLine *line, Oid relid,
				 const AlterTableCmd *cmd)
{
	switch (cmd->subtype)
	{
		case AT_DropColumn:
			if (guard_line_of_column(lines, relid, cmd->name) != NULL)
				guard_refuse(line, "drop column", cmd->name);
			break;
		case AT_AlterColumnType:
			if (guard_line_of_column(lines, relid, cmd->name) != NULL)
				guard_refuse(line, "change the type of column", cmd->name);
			break;
		case AT_AddIdentity:
		case AT_DropIdentity:
			/* Versions take their numbers from where the start has found them. */
			if (edge_changes_any_column(relid, list_make1(cmd->name)))
				guard_refuse(line, "change the identity of column", cmd->name);
			break;
		case AT_ColumnDefault:
		case AT_SetNotNull:
		case AT_DropNotNull:
			if (name_is_ours(cmd->name))
				guard_refuse(line, "change column", cmd->name);
			break;
		case AT_DropConstraint:
			if (name_is_ours(cmd->name))
				guard_refuse(line, "drop constraint", cmd->name);
			break;
		case AT_AddConstraint:
			guard_using_index(lines, relid, castNode(Constraint, cmd->def));
			break;
		case AT_EnableTrig:
		case AT_EnableReplicaTrig:
		case AT_DisableTrig:
			if (name_is_dual_write_trigger(cmd->name))
				guard_refuse(line, "change when to fire trigger", cmd->name);
			break;
		case AT_DropInherit:
			guard_leave_parent(lines, relid, castNode(RangeVar, cmd->def));
			break;
		default:
			break;
	}
}

/* The versions show the child's rows through a parent that the migration changes. */
static void
guard_leave_parent(List *lines, Oid child, const RangeVar *parent)
{
	Oid			relid = RangeVarGetRelid(parent, NoLock, true);
	List	   *ancestors = OidIsValid(relid) ? list_make1_oid(relid) : NIL;
	ListCell   *lc;

	/* Those that are added are gone through, too. */
	foreach(lc, ancestors)
		ancestors = list_concat_unique_oid(ancestors, catalog_parents(lfirst_oid(lc)));
	foreach(lc, lines)
	{
		GuardLine  *line = lfirst(lc);

		if (migration_concerns(line->migration, ancestors))
			guard_refuse(line, "detach table", get_rel_name(child));
	}
}

/* What is still to be built for one that had the name would be taken for its copy. */
static void
guard_new_index(List *lines, Oid namespace, const char *index)
{
	GuardLine  *line = index == NULL ? NULL :
		rename_guard_line_building(lines, namespace, index);

	if (line != NULL)
		guard_refuse(line, "create index", index);
}

/* CREATE INDEX CONCURRENTLY can't be undone at its end. */
static void
guard_create_index(List *lines, const IndexStmt *stmt)
{
	Oid			relid = RangeVarGetRelid(stmt->relation, NoLock, true);

	if (OidIsValid(relid))
		guard_new_index(lines, get_rel_namespace(relid), stmt->idxname);
}

/* A key takes the index over, which gets the key's name. */
static void
guard_using_index(List *lines, Oid relid, const Constraint *key)
{
	GuardLine  *line;

	if (key->indexname == NULL)
	{
		guard_new_index(lines, get_rel_namespace(relid), key->conname);
		return;
	}
	line = guard_line_of_drop(lines, DROPS_INDEX, relid, key->indexname);
	if (line == NULL)
		line = rename_guard_line_with_copy(lines, get_rel_namespace(relid), key->indexname);
	if (line != NULL)
		guard_refuse(line, "make a key of index", key->indexname);
}

/* What an extension has is its own, and no migration sees it. */
static void
guard_add_to_extension(List *lines, const AlterExtensionContentsStmt *stmt)
{
	RangeVar   *name = stmt->objtype == OBJECT_TABLE || stmt->objtype == OBJECT_VIEW ||
		stmt->objtype == OBJECT_MATVIEW || stmt->objtype == OBJECT_FOREIGN_TABLE ?
		makeRangeVarFromNameList(castNode(List, stmt->object)) : NULL;
	Oid			relid = name == NULL ? InvalidOid : RangeVarGetRelid(name, NoLock, true);
	GuardLine  *line = OidIsValid(relid) ? guard_line_of_relation(lines, relid) : NULL;

	if (stmt->action < 0)
		return;					/* ALTER EXTENSION … DROP */
	if (line != NULL)
		guard_refuse(line, "add to an extension relation", name->relname);
	line = stmt->objtype == OBJECT_SCHEMA ?
		guard_line_of_schema(lines, strVal(stmt->object)) : NULL;
	if (line != NULL)
		guard_refuse(line, "add to an extension schema", strVal(stmt->object));
}

/* A version schema goes with its views alone, and could not with anything else. */
static void
guard_new_object(List *lines, const char *schema, const char *object)
{
	GuardLine  *line = schema == NULL || ddl_execute_origin() != DDL_FOREIGN ? NULL :
		guard_line_of_view_schema(lines, schema);

	if (line != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_PGROLL_PROTECTED),
				 errmsg("cannot create %s in version schema \"%s\"", object, schema),
				 errdetail("The migration \"%s\" of schema \"%s\" is in progress, and a version schema is for its views alone.",
						   line->name, line->base_schema),
				 errhint("Create it in another schema.")));
}

/* A function or operator that is made or gets another name may fit better than another. */
static void
guard_new_name(const Node *command, Oid class, Oid object)
{
	switch (nodeTag(command))
	{
		case T_CreateFunctionStmt:
			expression_guard_check_new(class, object,
									   ((const CreateFunctionStmt *) command)->replace);
			break;
		case T_DefineStmt:
			expression_guard_check_new(class, object, ((const DefineStmt *) command)->replace);
			break;
		case T_RenameStmt:
		case T_AlterObjectSchemaStmt:
			expression_guard_check_new(class, object, false);
			break;
		default:
			break;
	}
}

/*
 * An index, statistics or constraints, which keep nobody from writing both versions.  Two
 * sessions of pg_restore make some of one table's at a time: we lock none for them.
 */
static bool
adds_only(const Node *command)
{
	ListCell   *lc;

	if (IsA(command, IndexStmt) || IsA(command, CreateStatsStmt))
		return true;
	if (!IsA(command, AlterTableStmt))
		return false;
	foreach(lc, ((const AlterTableStmt *) command)->cmds)
	{
		if (((AlterTableCmd *) lfirst(lc))->subtype != AT_AddConstraint)
			return false;
	}
	return true;
}

/*
 * Where a dump is restored, a foreign key of ours comes before the one for which it
 * stands, whose name the server could give to a part of ours.
 */
static void
guard_key_parts(const AlterTableStmt *stmt)
{
	Oid			relid = RangeVarGetRelid(stmt->relation, NoLock, true);
	ListCell   *lc;

	foreach(lc, OidIsValid(relid) ? stmt->cmds : NIL)
	{
		const AlterTableCmd *cmd = lfirst(lc);
		const Constraint *constraint = cmd->subtype == AT_AddConstraint ?
			castNode(Constraint, cmd->def) : NULL;

		if (constraint != NULL && constraint->contype == CONSTR_FOREIGN &&
			constraint->conname != NULL && name_is_ours(constraint->conname))
			partition_constraint_hide_parts(relid, constraint->conname);
	}
}

/* A rollback leaves what somebody has set.  A dump that is restored sets it, too. */
static void
forget_identity(List *lines, const AlterTableStmt *stmt)
{
	Oid			relid = RangeVarGetRelid(stmt->relation, NoLock, true);
	bool		is_set = false;
	ListCell   *lc;

	foreach(lc, OidIsValid(relid) ? stmt->cmds : NIL)
		is_set |= ((AlterTableCmd *) lfirst(lc))->subtype == AT_ReplicaIdentity;
	foreach(lc, is_set ? lines : NIL)
	{
		const GuardLine *line = lfirst(lc);

		if (line->is_home)
			replica_identity_forget(line->migration, relid);
	}
}

static void
guard_command_end(List *lines, Node *command)
{
	List	   *tables = NIL;
	bool		is_copy = IsA(command, CreateStmt) && command == copying;
	uint64		row;
	ListCell   *lc;

	copying = NULL;
	SPI_connect();
	if (SPI_execute("SELECT classid, objid, command_tag, schema_name, object_identity"
					" FROM pg_catalog.pg_event_trigger_ddl_commands()",
					true, 0) != SPI_OK_SELECT)
		elog(ERROR, "could not read the commands that were run");
	for (row = 0; row < SPI_processed; row++)
	{
		Oid			class = atooid(spi_text(row, 1));
		Oid			object = atooid(spi_text(row, 2));

		if (strncmp(spi_text(row, 3), "CREATE ", strlen("CREATE ")) == 0 ||
			strcmp(spi_text(row, 3), "SELECT INTO") == 0 ||
			IsA(command, AlterObjectSchemaStmt))
			guard_new_object(lines, spi_text(row, 4), spi_text(row, 5));
		if (ddl_execute_origin() == DDL_FOREIGN)
		{
			rename_guard_renamed(lines, command, class, object, spi_text(row, 5));
			if (class == ProcedureRelationId || class == OperatorRelationId)
				guard_new_name(command, class, object);
		}
		if (class == TriggerRelationId)
		{
			Oid			table = catalog_trigger_table(object);

			table_guard_check_new_trigger(table, object);
			object = table;
		}
		else if (class != RelationRelationId)
			continue;
		if (OidIsValid(object))
			tables = list_append_unique_oid(tables, object);
	}
	if (IsA(command, AlterTableStmt))
	{
		detach_guard_release(lines, (AlterTableStmt *) command);
		guard_key_parts((AlterTableStmt *) command);
		if (ddl_execute_origin() == DDL_FOREIGN)
			forget_identity(lines, (AlterTableStmt *) command);
	}
	foreach(lc, tables)
	{
		if (IsA(command, IndexStmt))
			guard_new_index(lines, get_rel_namespace(lfirst_oid(lc)),
							get_rel_name(lfirst_oid(lc)));
		if (is_copy)
			child_guard_clean_copy(lines, lfirst_oid(lc));
		if (IsA(command, RefreshMatViewStmt))
			matview_guard_refreshed(lines, lfirst_oid(lc));
		else if (!adds_only(command))
			table_guard_check(lfirst_oid(lc));
	}
	part_guard_name(lines, command, tables);
	if (ddl_execute_origin() == DDL_FOREIGN)
		addition_guard_look(lines, command, tables);
	SPI_finish();

	if (IsA(command, GrantStmt))
		grant_guard_follow((GrantStmt *) command);
	if (IsA(command, RenameStmt))
		rename_guard_follow(lines, (RenameStmt *) command);
	if (rename_guard_changes_name(command))
		expression_guard_check();
}

/*
 * NIL: no migration is active.  A transaction with an older snapshot than the start
 * cannot see whom it would disturb; others may see that one has just ended.
 */
static List *
lines_now(void)
{
	List	   *lines = NIL;

	while (lines == NIL && migrations_any_active())
	{
		CHECK_FOR_INTERRUPTS();
		lines = guard_lines();
		if (lines == NIL && IsolationUsesXactSnapshot())
			ereport(ERROR,
					(errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
					 errmsg("could not serialize access due to a migration that was started meanwhile"),
					 errhint("Run the transaction again.")));
	}
	return lines;
}
