/*-------------------------------------------------------------------------
 *
 * table_guard.c
 *		Keep a table in flight consistent after somebody's DDL on it.
 *
 * Each check looks at what the table is like now, not at the command that made
 * it so; what was mended once is left alone.  That a dump is restored statement
 * by statement must not be an error in between: a "first" trigger may stand
 * without its "last" one.
 *-------------------------------------------------------------------------
 */
#include "pgroll.h"

#include "access/relation.h"
#include "catalog/partition.h"
#include "catalog/pg_class.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_trigger.h"
#include "commands/trigger.h"
#include "storage/bufmgr.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/syscache.h"

#include "ddl/ddl_execute.h"
#include "inspect/table_guard.h"
#include "schema/catalog_object.h"
#include "schema/catalog_read.h"
#include "schema/names.h"
#include "state/migrations.h"
#include "state/tasks.h"
#include "versioning/dual_write_ddl.h"
#include "versioning/edge.h"
#include "versioning/edge_build.h"
#include "worker/launcher.h"

/*
 * What is known of a table in flight, copied out of the relcache so that the
 * table can be altered.
 */
typedef struct InFlight
{
	Oid			relid;
	char	   *table;			/* qualified and quoted */
	Oid			owner;
	bool		is_stored;		/* no partitioned table */
	bool		has_rows;		/* its storage is not empty */
	DualWriteRole role;			/* of the first of our triggers */
	List	   *arguments;		/* its arguments after the role (char *) */
	List	   *migrations;		/* the same, EdgeMigration * */
	bool		has_first;
	bool		first_always;
	bool		has_last;
	bool		last_always;
	List	   *others;			/* names of other BEFORE ROW triggers (char *) */
} InFlight;

static InFlight *read_in_flight(Oid relid);
static void note_own_trigger(InFlight *table, const Trigger *trigger);
static bool fires_before_row_written(const Trigger *trigger);
static void check_update_columns(const InFlight *table,
								 const Trigger *trigger);
static bool trigger_is_of(const InFlight *table, const Trigger *trigger,
						  const char *column);
static void check_one(Oid relid);
static InFlight *parent_in_flight(Oid relid);
static bool equal_arguments(const InFlight *a, const InFlight *b);
static InFlight *adopt_child(Oid relid, const InFlight *parent);
static void check_columns(const InFlight *table);
static void check_half_columns(const InFlight *table, const char *migration,
							   const EdgeHalf *half);
static void check_column(const InFlight *table, const char *migration,
						 const char *column);
static void mend_enabling(const InFlight *table);
static void check_order(const InFlight *table);
static void split_trigger(const InFlight *table);
static void mend_marker_default(const InFlight *table);
static bool has_default(Oid relid, const char *column);
static void queue_backfill(const InFlight *table, const EdgeMigration *edges);

void
table_guard_check(Oid relid)
{
	ListCell   *lc;

	if (!SearchSysCacheExists1(RELOID, ObjectIdGetDatum(relid)))
		return;
	foreach(lc, find_all_inheritors(relid, AccessShareLock, NULL))
		check_one(lfirst_oid(lc));
}

void
table_guard_check_new_trigger(Oid relid, Oid trigger)
{
	InFlight   *table = read_in_flight(relid);
	Relation	rel;
	TriggerDesc *triggers;
	int			i;

	if (table == NULL)
		return;
	rel = relation_open(relid, AccessShareLock);
	triggers = CopyTriggerDesc(rel->trigdesc);
	relation_close(rel, AccessShareLock);
	for (i = 0; triggers != NULL && i < triggers->numtriggers; i++)
	{
		if (triggers->triggers[i].tgoid == trigger)
			check_update_columns(table, &triggers->triggers[i]);
	}
}

void
table_guard_check_columns(Oid relid)
{
	InFlight   *table = read_in_flight(relid);

	if (table != NULL)
		check_columns(table);
}

/* NULL where the relation is gone, no table, or not in flight. */
static InFlight *
read_in_flight(Oid relid)
{
	Relation	rel = try_relation_open(relid, AccessShareLock);
	InFlight   *table = NULL;
	TriggerDesc *triggers;
	int			i;

	if (rel == NULL)
		return NULL;
	triggers = CopyTriggerDesc(rel->trigdesc);	/* it may go with an
												 * invalidation */
	for (i = 0; triggers != NULL && i < triggers->numtriggers; i++)
	{
		if (trigger_is_dual_write(&triggers->triggers[i]))
		{
			if (table == NULL)
				table = palloc0(sizeof(InFlight));
			note_own_trigger(table, &triggers->triggers[i]);
		}
	}
	if (table != NULL)
	{
		table->relid = relid;
		table->table = catalog_relation_name(relid);
		table->owner = rel->rd_rel->relowner;
		table->is_stored = rel->rd_rel->relkind == RELKIND_RELATION;
		table->has_rows = table->is_stored && RelationGetNumberOfBlocks(rel) > 0;
		for (i = 0; i < triggers->numtriggers; i++)
		{
			const Trigger *trigger = &triggers->triggers[i];

			if (fires_before_row_written(trigger) &&
				!trigger_is_dual_write(trigger))
				table->others = lappend(table->others, pstrdup(trigger->tgname));
		}
	}
	relation_close(rel, AccessShareLock);
	return table;
}

static void
note_own_trigger(InFlight *table, const Trigger *trigger)
{
	DualWriteRole role = dual_write_role_from_text(trigger->tgargs[0]);
	bool		always = trigger->tgenabled == TRIGGER_FIRES_ALWAYS;
	int			i;

	/* Of two, only the first has to be read: their migrations are the same. */
	if (role == DUAL_WRITE_LAST)
	{
		table->has_last = true;
		table->last_always = always;
		if (table->arguments != NIL)
			return;
	}
	else
	{
		table->has_first = true;
		table->role = role;
		table->first_always = always;
	}

	table->arguments = NIL;
	for (i = 1; i < trigger->tgnargs; i++)
		table->arguments = lappend(table->arguments, pstrdup(trigger->tgargs[i]));
	table->migrations = edge_migrations_from_trigger(trigger);
}

static bool
fires_before_row_written(const Trigger *trigger)
{
	return TRIGGER_FOR_BEFORE(trigger->tgtype) &&
		TRIGGER_FOR_ROW(trigger->tgtype) &&
		(TRIGGER_FOR_INSERT(trigger->tgtype) ||
		 TRIGGER_FOR_UPDATE(trigger->tgtype));
}

static void
check_update_columns(const InFlight *table, const Trigger *trigger)
{
	ListCell   *lc;
	ListCell   *lc2;

	foreach(lc, table->migrations)
	{
		EdgeMigration *migration = lfirst(lc);

		foreach(lc2, migration->edges)
		{
			Edge	   *edge = lfirst(lc2);

			if (edge->up == NULL || edge->down == NULL ||
				!trigger_is_of(table, trigger, edge->down->column) ||
				trigger_is_of(table, trigger, edge->up->column))
				continue;
			ereport(ERROR,
					(errcode(ERRCODE_PGROLL_PROTECTED),
					 errmsg("trigger \"%s\" of table \"%s\" would miss updates by the new version",
							trigger->tgname, table->table),
					 errdetail("The migration \"%s\" keeps the new form of column \"%s\" in column \"%s\".",
							   migration->name, edge->down->column,
							   edge->up->column),
					 errhint("Add column \"%s\" to the UPDATE OF list, or create the trigger after the migration.",
							 edge->up->column)));
		}
	}
}

static bool
trigger_is_of(const InFlight *table, const Trigger *trigger, const char *column)
{
	AttrNumber	attnum = get_attnum(table->relid, column);
	int			i;

	for (i = 0; i < trigger->tgnattr; i++)
	{
		if (trigger->tgattr[i] == attnum)
			return true;
	}
	return false;
}

static void
check_one(Oid relid)
{
	InFlight   *table = read_in_flight(relid);
	InFlight   *parent = parent_in_flight(relid);

	if (table == NULL && parent != NULL)
		table = adopt_child(relid, parent);
	if (table == NULL)
		return;

	check_columns(table);
	mend_enabling(table);
	check_order(table);
	if (parent != NULL)
	{
		ListCell   *lc;

		mend_marker_default(table);
		foreach(lc, table->migrations)
			queue_backfill(table, lfirst(lc));
	}
}

/*
 * What the table is to have from its parents: the same of all of them that are in
 * flight, which they may have from a parent of their own.
 */
static InFlight *
parent_in_flight(Oid relid)
{
	InFlight   *found = NULL;
	ListCell   *lc;

	foreach(lc, catalog_parents(relid))
	{
		InFlight   *parent = read_in_flight(lfirst_oid(lc));

		if (parent == NULL)
			continue;
		if (found != NULL && !equal_arguments(found, parent))
			ereport(ERROR,
					(errcode(ERRCODE_PGROLL_PROTECTED),
					 errmsg("table \"%s\" cannot inherit from two tables that are being migrated",
							catalog_relation_name(relid)),
					 errdetail("They are \"%s\" and \"%s\".", found->table,
							   parent->table),
					 errhint("Complete the migrations or roll them back first.")));
		found = parent;
	}
	return found;
}

static bool
equal_arguments(const InFlight *a, const InFlight *b)
{
	ListCell   *lc;
	ListCell   *lc2;

	if (list_length(a->arguments) != list_length(b->arguments))
		return false;
	forboth(lc, a->arguments, lc2, b->arguments)
	{
		if (strcmp(lfirst(lc), lfirst(lc2)) != 0)
			return false;
	}
	return true;
}

/* Partitions get the trigger from the server, inheritance children from us. */
static InFlight *
adopt_child(Oid relid, const InFlight *parent)
{
	char	   *table = catalog_relation_name(relid);

	ddl_execute_own(dual_write_ddl_create(table, DUAL_WRITE_ONLY,
										  parent->arguments, true));
	ddl_execute_own(dual_write_ddl_enable(table, DUAL_WRITE_ONLY));
	return read_in_flight(relid);
}

/* A column that went away with its type, say. */
static void
check_columns(const InFlight *table)
{
	ListCell   *lc;
	ListCell   *lc2;

	foreach(lc, table->migrations)
	{
		EdgeMigration *migration = lfirst(lc);

		check_column(table, migration->name, migration->marker);
		foreach(lc2, migration->edges)
		{
			Edge	   *edge = lfirst(lc2);

			check_half_columns(table, migration->name, edge->up);
			check_half_columns(table, migration->name, edge->down);
		}
	}
}

static void
check_half_columns(const InFlight *table, const char *migration,
				   const EdgeHalf *half)
{
	ListCell   *lc;

	if (half == NULL)
		return;
	check_column(table, migration, half->column);
	foreach(lc, half->inputs)
		check_column(table, migration, lfirst(lc));
}

static void
check_column(const InFlight *table, const char *migration, const char *column)
{
	if (get_attnum(table->relid, column) != InvalidAttrNumber)
		return;
	ereport(ERROR,
			(errcode(ERRCODE_PGROLL_PROTECTED),
			 errmsg("cannot drop column \"%s\" of table \"%s\"", column,
					table->table),
			 errdetail("The migration \"%s\" is in progress and needs it.",
					   migration),
			 errhint("Complete the migration or roll it back first.")));
}

/* DISABLE TRIGGER ALL or USER, and ENABLE TRIGGER of the same, reach ours too. */
static void
mend_enabling(const InFlight *table)
{
	if (table->has_first && !table->first_always)
		ddl_execute_own(dual_write_ddl_enable(table->table, table->role));
	if (table->has_last && !table->last_always)
		ddl_execute_own(dual_write_ddl_enable(table->table, DUAL_WRITE_LAST));
}

/* Ours must see the old columns complete, and what the others make of them. */
static void
check_order(const InFlight *table)
{
	ListCell   *lc;

	foreach(lc, table->others)
	{
		const char *other = lfirst(lc);

		if (strcmp(other, dual_write_ddl_name(DUAL_WRITE_FIRST)) < 0 ||
			strcmp(other, dual_write_ddl_name(DUAL_WRITE_LAST)) > 0)
			ereport(ERROR,
					(errcode(ERRCODE_PGROLL_TRIGGER_ORDER),
					 errmsg("trigger \"%s\" of table \"%s\" would fire outside the dual-write triggers",
							other, table->table),
					 errdetail("Triggers fire in the order of their names, and the migration's are \"%s\" and \"%s\".",
							   dual_write_ddl_name(DUAL_WRITE_FIRST),
							   dual_write_ddl_name(DUAL_WRITE_LAST)),
					 errhint("Give the trigger a name that begins with a letter.")));
	}
	if (table->has_first && table->role == DUAL_WRITE_ONLY && table->others != NIL)
		split_trigger(table);
}

/* Make the one trigger two, on the topmost table that has it. */
static void
split_trigger(const InFlight *table)
{
	const char *name = table->table;
	List	   *ancestors = get_rel_relispartition(table->relid) ?
		get_partition_ancestors(table->relid) : NIL;
	ListCell   *lc;

	foreach(lc, ancestors)
	{
		InFlight   *ancestor = read_in_flight(lfirst_oid(lc));

		if (ancestor != NULL)
			name = ancestor->table;
	}
	ddl_execute_own(dual_write_ddl_create(name, DUAL_WRITE_FIRST,
										  table->arguments, true));
	ddl_execute_own(dual_write_ddl_enable(name, DUAL_WRITE_FIRST));
	ddl_execute_own(dual_write_ddl_create(name, DUAL_WRITE_LAST,
										  table->arguments, true));
	ddl_execute_own(dual_write_ddl_enable(name, DUAL_WRITE_LAST));
}

/*
 * A partition or child that was made by hand may lack the default, which says
 * that a row that no trigger saw awaits backfill.
 */
static void
mend_marker_default(const InFlight *table)
{
	ListCell   *lc;

	foreach(lc, table->migrations)
	{
		EdgeMigration *migration = lfirst(lc);

		if (!has_default(table->relid, migration->marker))
			ddl_execute_own(psprintf("ALTER TABLE %s ALTER COLUMN %s SET DEFAULT true",
									 table->table,
									 quote_identifier(migration->marker)));
	}
}

static bool
has_default(Oid relid, const char *column)
{
	FormData_pg_attribute row;

	return catalog_column_row(relid, column, &row) && row.atthasdef;
}

/*
 * Rows that came with a new partition or child await backfill.  Of one that was
 * empty when it came there is nothing to do, and that is kept, too: rows that it
 * has the next time we look were written under our trigger.
 */
static void
queue_backfill(const InFlight *table, const EdgeMigration *edges)
{
	MigrationRow *migration = migration_active(edges->base_schema);
	TaskSpec	spec = {.kind = TASK_BACKFILL,.relation = table->relid};
	int64		task;

	if (!table->is_stored || migration == NULL || !edge_migration_has_up(edges) ||
		strcmp(migration->name, edges->name) != 0 ||
		task_exists(migration->id, TASK_BACKFILL, table->relid))
		return;
	task = task_add(migration->id, &spec);
	if (!table->has_rows)
	{
		task_set_done(task);
		return;
	}

	spec.kind = TASK_LAST_PASS;
	task_add(migration->id, &spec);
	spec.kind = TASK_OLD_SNAPSHOTS;
	spec.relation = InvalidOid;
	task_add(migration->id, &spec);
	if (migration->is_home)
		launcher_request_at_commit();
}
