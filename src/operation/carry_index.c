/*-------------------------------------------------------------------------
 *
 * carry_index.c
 *		Indexes of the columns that get a shadow, and the keys that they serve.
 *
 * Where a table is partitioned, each partition's are built by themselves; at the
 * completion the partitioned tables get theirs, over no rows, and those that were
 * attached are attached again.
 *-------------------------------------------------------------------------
 */
#include "pgroll.h"

#include "access/table.h"
#include "catalog/index.h"
#include "catalog/partition.h"
#include "catalog/pg_class.h"
#include "catalog/pg_constraint.h"
#include "nodes/nodeFuncs.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

#include "ddl/partition_constraint.h"
#include "operation/carry.h"
#include "operation/carry_incoming.h"
#include "operation/carry_index.h"
#include "operation/index_copy.h"
#include "operation/operation_util.h"
#include "operation/partition_index.h"
#include "schema/catalog_constraint.h"
#include "schema/catalog_depend.h"
#include "schema/catalog_object.h"
#include "schema/catalog_read.h"
#include "schema/names.h"
#include "schema/object_model.h"
#include "versioning/expression.h"

/* The table, or one relation of the tree of a partitioned one. */
typedef struct IndexHome
{
	SchemaModel *model;
	TableModel *table;			/* the whole */
	Oid			relid;
	Oid			namespace;
	char	   *relation;		/* qualified and quoted */
	char	   *label;			/* its name, for people */
	bool		is_leaf;		/* has rows */
	List	   *names;			/* char *: its columns, with the shadows in the
								 * place of what they replace */
	List	   *indexes;		/* IndexFacts *: those that are carried */
} IndexHome;

static List *homes_of(SchemaModel *model, TableModel *table);
static List *column_names(TableModel *table, Oid relid);
static AttrNumber whole_attnum(const IndexHome *home, AttrNumber attnum);
static List *carried_indexes(const IndexHome *home);
static bool is_referenced(Oid index);
static bool is_dropped(const IndexHome *home, const IndexFacts *facts);
static Oid	built_index(const IndexHome *home, const IndexFacts *facts);
static Oid	whole_of(const IndexHome *home, Oid index);
static bool is_attached_early(const IndexFacts *facts);
static bool is_attached(const IndexHome *home, const IndexFacts *facts);
static void attach_tasks(List *homes, const IndexFacts *whole, MigrationPlan *plan);
static IndexFacts *part_of(const IndexHome *home, Oid whole);
static void attach_task(const IndexHome *home, const IndexFacts *part, MigrationPlan *plan);
static void start_index(const IndexHome *home, const IndexFacts *facts,
						MigrationPlan *plan);
static char *index_sql(const IndexHome *home, const IndexFacts *facts,
					   const char *how, const char *name, const char *relation);
static char *index_tail(const IndexFacts *facts);
static char *included_sql(const IndexHome *home, const IndexFacts *facts);
static char *index_column_sql(const IndexHome *home, const IndexFacts *facts,
							  const IndexColumn *column, bool included);
static ConstraintFacts *key_of(const IndexHome *home, const IndexFacts *facts);
static void complete_index(const IndexHome *home, IndexFacts *facts,
						   MigrationPlan *plan);
static bool serves_own_key(const IndexHome *home, const IndexFacts *facts);
static void add_key(const IndexHome *home, const IndexFacts *facts, MigrationPlan *plan);
static void complete_details(const IndexHome *home, const IndexFacts *facts,
							  MigrationPlan *plan);
static AttrMap *attributes_of_copies(const IndexHome *home);
static IndexMember *member_of(const IndexHome *home, const IndexFacts *facts);
static void create_on_only(const IndexHome *home, const IndexFacts *facts,
						   MigrationPlan *plan);
static void complete_columns(const IndexHome *home, const IndexFacts *facts,
							 Oid index, bool attached, MigrationPlan *plan);
static char *index_column_name(const IndexHome *home, const IndexFacts *facts,
							   Oid index, bool attached, AttrNumber attnum);
static void complete_roles(const IndexHome *home, const IndexFacts *facts,
						   MigrationPlan *plan);
static void attach(const IndexHome *home, const IndexFacts *facts, MigrationPlan *plan);
static void alter_home(const IndexHome *home, const char *action, MigrationPlan *plan);
static char *in_schema_of(const IndexHome *home, const char *index);

void
carry_indexes_start(SchemaModel *model, TableModel *table, MigrationPlan *plan)
{
	List	   *homes = homes_of(model, table);
	ListCell   *lc;
	ListCell   *lc2;

	foreach(lc, homes)
	{
		IndexHome  *home = lfirst(lc);

		foreach(lc2, home->is_leaf ? home->indexes : NIL)
			start_index(home, lfirst(lc2), plan);
	}
	foreach(lc, table->relkind == RELKIND_PARTITIONED_TABLE ?
			((IndexHome *) linitial(homes))->indexes : NIL)
	{
		if (is_attached_early(lfirst(lc)))
			attach_tasks(homes, lfirst(lc), plan);
	}
}

char *
carry_index_sql(const IndexFacts *facts, Oid relid, List *names, const char *name,
				const char *relation)
{
	IndexHome	home = {.relid = relid,.names = names};

	return index_sql(&home, facts, "", name, relation);
}

/*
 * Parents first, so that there is something to attach the partitions' to; the keys of
 * partitioned tables when all is attached.
 */
void
carry_indexes_complete(SchemaModel *model, TableModel *table, MigrationPlan *plan)
{
	List	   *homes = homes_of(model, table);
	ListCell   *lc;
	ListCell   *lc2;

	foreach(lc, homes)
	{
		foreach(lc2, ((IndexHome *) lfirst(lc))->indexes)
			complete_index(lfirst(lc), lfirst(lc2), plan);
	}
	for (int i = list_length(homes) - 1; i > 0; i--)
	{
		IndexHome  *home = list_nth(homes, i);

		foreach(lc2, home->indexes)
			attach(home, lfirst(lc2), plan);
	}
	foreach(lc, homes)
	{
		IndexHome  *home = lfirst(lc);

		foreach(lc2, home->indexes)
		{
			IndexFacts *facts = lfirst(lc2);

			if (!home->is_leaf && serves_own_key(home, facts))
				add_key(home, facts, plan);
		}
	}
	foreach(lc, homes)
	{
		IndexHome  *home = lfirst(lc);

		foreach(lc2, home->indexes)
		{
			complete_roles(home, lfirst(lc2), plan);
			complete_details(home, lfirst(lc2), plan);
		}
	}
}

/* IndexHome *, parents first; an inheritance child is a table of its own. */
static List *
homes_of(SchemaModel *model, TableModel *table)
{
	List	   *homes = NIL;
	ListCell   *lc;

	foreach(lc, table->relkind == RELKIND_PARTITIONED_TABLE ?
			catalog_table_tree(table->relid) : list_make1_oid(table->relid))
	{
		IndexHome  *home = palloc0(sizeof(IndexHome));

		home->model = model;
		home->table = table;
		home->relid = lfirst_oid(lc);
		home->namespace = get_rel_namespace(home->relid);
		home->relation = home->relid == table->relid ?
			model_table_sql(model, table) :
			catalog_relation_name(home->relid);
		home->label = home->relid == table->relid ? table->name :
			get_rel_name(home->relid);
		home->is_leaf = get_rel_relkind(home->relid) != RELKIND_PARTITIONED_TABLE;
		home->names = column_names(table, home->relid);
		home->indexes = carried_indexes(home);
		homes = lappend(homes, home);
	}
	return homes;
}

/* By attribute number of the relation; as far as the completion's plan goes. */
static List *
column_names(TableModel *table, Oid relid)
{
	List	   *names = catalog_column_names(relid);
	ListCell   *lc;

	foreach(lc, names)
	{
		Generation *newest = model_newest_of_stored(table, get_attnum(table->relid,
																	  lfirst(lc)));

		if (newest != NULL)
			lfirst(lc) = newest->physical;
	}
	return names;
}

/* The number that the whole table has for a column of a partition. */
static AttrNumber
whole_attnum(const IndexHome *home, AttrNumber attnum)
{
	if (attnum <= 0 || home->relid == home->table->relid)
		return attnum;
	return get_attnum(home->table->relid, get_attname(home->relid, attnum, false));
}

/*
 * IndexFacts *; first those that foreign keys reference: of equal ones the server takes
 * the first that was built, when these are made again.
 */
static List *
carried_indexes(const IndexHome *home)
{
	List	   *referenced = NIL;
	List	   *carried = NIL;
	ListCell   *lc;

	foreach(lc, catalog_indexes(home->relid))
	{
		IndexFacts *facts = lfirst(lc);
		Bitmapset  *attnums = NULL;
		int			attnum = -1;

		if (name_is_ours(facts->name) || is_dropped(home, facts))
			continue;
		if (facts->reads_row)
			carry_refuse_row(home->label, facts->name);
		while ((attnum = bms_next_member(facts->attnums, attnum)) >= 0)
			attnums = bms_add_member(attnums, whole_attnum(home, attnum));
		if (!carry_covers(home->table, attnums))
			continue;
		if (is_referenced(facts->oid))
			referenced = lappend(referenced, facts);
		else
			carried = lappend(carried, facts);
	}
	return list_concat(referenced, carried);
}

/* By a foreign key? */
static bool
is_referenced(Oid index)
{
	ListCell   *lc;

	foreach(lc, catalog_depending_objects(RelationRelationId, index, InvalidAttrNumber))
	{
		if (((Dependent *) lfirst(lc))->object.classId == ConstraintRelationId)
			return true;
	}
	return false;
}

/* The index, or that of the whole table to which it belongs? */
static bool
is_dropped(const IndexHome *home, const IndexFacts *facts)
{
	return home->relid == home->table->relid ?
		object_is_dropped(home->table, facts->name) :
		object_part_is_dropped(home->table, facts->oid);
}

static void
start_index(const IndexHome *home, const IndexFacts *facts, MigrationPlan *plan)
{
	char	   *name = name_carried(home->model->migration, facts->name);

	if (OidIsValid(built_index(home, facts)))
		return;
	operation_keep_index_name(plan, facts->oid);
	plan_index_build(plan, 0, home->relid, home->relation, name,
					 index_sql(home, facts, "CONCURRENTLY ", name, home->relation));
}

/*
 * What stands for the index, or InvalidOid.  Where the whole table has its part, the
 * server has made that of a partition which came since then, and named it.
 */
static Oid
built_index(const IndexHome *home, const IndexFacts *facts)
{
	Oid			index = catalog_index_of_table(home->relid,
											   name_carried(home->model->migration,
															get_rel_name(facts->oid)));
	Oid			parent;
	Relation	rel;

	if (OidIsValid(index) || !get_rel_relispartition(facts->oid))
		return index;
	parent = get_partition_parent(facts->oid, false);
	parent = built_index(&(IndexHome) {
		.model = home->model,
		.relid = IndexGetRelation(parent, false),
	}, &(IndexFacts) {.oid = parent});
	if (!OidIsValid(parent))
		return InvalidOid;
	rel = table_open(home->relid, AccessShareLock);
	index = index_get_partition(rel, parent);
	table_close(rel, AccessShareLock);
	return index;
}

/* The whole table's index to which a partition's belongs; InvalidOid: it is its own. */
static Oid
whole_of(const IndexHome *home, Oid index)
{
	Oid			whole = catalog_topmost(index);

	return IndexGetRelation(whole, false) == home->table->relid ? whole : InvalidOid;
}

/*
 * Is the whole of it made before the completion?  A foreign key can reference no other,
 * and ON CONFLICT finds no other.
 */
static bool
is_attached_early(const IndexFacts *facts)
{
	return facts->unique;
}

/* Is what stands for the index attached before the completion? */
static bool
is_attached(const IndexHome *home, const IndexFacts *facts)
{
	Oid			whole = whole_of(home, facts->oid);

	if (!OidIsValid(whole) || home->table->relkind != RELKIND_PARTITIONED_TABLE)
		return false;
	if (home->model->foreseen)
		return is_attached_early(facts);
	return OidIsValid(catalog_index_of_table(home->table->relid,
											 name_carried(home->model->migration,
														  get_rel_name(whole))));
}

/* Those that make the index of a partitioned table of its partitions', once built. */
static void
attach_tasks(List *homes, const IndexFacts *whole, MigrationPlan *plan)
{
	ListCell   *lc;

	foreach(lc, homes)
	{
		IndexHome  *home = lfirst(lc);
		IndexFacts *part = home->is_leaf ? NULL : part_of(home, whole->oid);
		char	   *name;

		if (part == NULL || OidIsValid(built_index(home, part)))
			continue;
		operation_keep_index_name(plan, part->oid);
		name = name_carried(home->model->migration, part->name);
		plan_step(plan, (Step) {
			.phase = PHASE_BACKGROUND,
			.command = index_sql(home, part, "", name,
								 psprintf("ONLY %s", home->relation)),
			.lock = ShareLock,
			.relation = home->relid,
			.relation_name = home->relation,
			.task = TASK_ATTACH,
			.task_object = name,
		});
	}
	for (int i = list_length(homes) - 1; i > 0; i--)
	{
		IndexHome  *home = list_nth(homes, i);
		IndexFacts *part = part_of(home, whole->oid);

		if (part != NULL && !get_rel_relispartition(built_index(home, part)))
			attach_task(home, part, plan);
	}
}

/* The relation's part of the whole table's index; NULL: none yet. */
static IndexFacts *
part_of(const IndexHome *home, Oid whole)
{
	ListCell   *lc;

	foreach(lc, home->indexes)
	{
		IndexFacts *facts = lfirst(lc);

		if (whole_of(home, facts->oid) == whole)
			return facts;
	}
	return NULL;
}

static void
attach_task(const IndexHome *home, const IndexFacts *part, MigrationPlan *plan)
{
	Oid			parent = get_partition_parent(part->oid, false);
	char	   *name = name_carried(home->model->migration, part->name);

	plan_step(plan, (Step) {
		.phase = PHASE_BACKGROUND,
		.command = psprintf("ALTER INDEX %s ATTACH PARTITION %s",
							quote_qualified_identifier(get_namespace_name(get_rel_namespace(parent)),
													   name_carried(home->model->migration,
																	get_rel_name(parent))),
							in_schema_of(home, name)),
		.lock = AccessExclusiveLock,
		.relation = home->relid,
		.relation_name = in_schema_of(home, name),
		.task = TASK_ATTACH,
		.task_object = name,
	});
}

static char *
index_sql(const IndexHome *home, const IndexFacts *facts, const char *how,
		  const char *name, const char *relation)
{
	StringInfoData sql;
	ListCell   *lc;

	initStringInfo(&sql);
	appendStringInfo(&sql, "CREATE %sINDEX %s%s ON %s USING %s (",
					 facts->unique ? "UNIQUE " : "", how, quote_identifier(name),
					 relation, quote_identifier(facts->method));
	foreach(lc, facts->columns)
		appendStringInfo(&sql, "%s%s", foreach_current_index(lc) > 0 ? ", " : "",
						 index_column_sql(home, facts, lfirst(lc), false));
	appendStringInfo(&sql, ")%s", included_sql(home, facts));
	if (facts->nulls_not_distinct)
		appendStringInfoString(&sql, " NULLS NOT DISTINCT");
	appendStringInfoString(&sql, index_tail(facts));
	if (facts->predicate != NULL)
		appendStringInfo(&sql, " WHERE %s",
						 expression_deparse_stored(facts->predicate, home->names));
	return sql.data;
}

/* " INCLUDE (a, b)", or nothing */
static char *
included_sql(const IndexHome *home, const IndexFacts *facts)
{
	StringInfoData sql;
	ListCell   *lc;

	initStringInfo(&sql);
	foreach(lc, facts->included)
		appendStringInfo(&sql, "%s%s",
						 foreach_current_index(lc) > 0 ? ", " : " INCLUDE (",
						 index_column_sql(home, facts, lfirst(lc), true));
	if (facts->included != NIL)
		appendStringInfoChar(&sql, ')');
	return sql.data;
}

/* " WITH (…) TABLESPACE x", or a part of it */
static char *
index_tail(const IndexFacts *facts)
{
	StringInfoData sql;

	initStringInfo(&sql);
	if (facts->options != NULL)
		appendStringInfo(&sql, " WITH (%s)", facts->options);
	if (facts->tablespace != NULL)
		appendStringInfo(&sql, " TABLESPACE %s", quote_identifier(facts->tablespace));
	return sql.data;
}

/*
 * A default operator class and the column's own collation are left out: those
 * of the shadow's type are meant.
 */
static char *
index_column_sql(const IndexHome *home, const IndexFacts *facts,
				 const IndexColumn *column, bool included)
{
	StringInfoData sql;
	Oid			own_collation = InvalidOid;

	initStringInfo(&sql);
	/* Only where it is not the expression's own, which may have none any more. */
	if (column->expr != NULL)
	{
		appendStringInfo(&sql, "(%s)",
						 expression_deparse_stored(column->expr, home->names));
		own_collation = exprCollation(column->expr);
	}
	else
	{
		int32		typmod;
		Oid			type;

		appendStringInfoString(&sql,
							   quote_identifier(list_nth(home->names,
														 column->attnum - 1)));
		get_atttypetypmodcoll(home->relid, column->attnum, &type, &typmod,
							  &own_collation);
	}
	if (included)
		return sql.data;
	if (OidIsValid(column->collation) && column->collation != own_collation)
		appendStringInfo(&sql, " COLLATE %s", catalog_collation_name(column->collation));
	if (!column->opclass_is_default || column->opclass_options != NULL)
		appendStringInfo(&sql, " %s", catalog_opclass_name(column->opclass));
	if (column->opclass_options != NULL)
		appendStringInfo(&sql, " (%s)", column->opclass_options);
	if (facts->can_order)
		appendStringInfo(&sql, "%s%s", column->descending ? " DESC" : "",
						 column->nulls_first == column->descending ? "" :
						 column->nulls_first ? " NULLS FIRST" : " NULLS LAST");
	return sql.data;
}

/* The constraint that the index serves, or NULL. */
static ConstraintFacts *
key_of(const IndexHome *home, const IndexFacts *facts)
{
	ListCell   *lc;

	foreach(lc, catalog_constraints(home->relid))
	{
		ConstraintFacts *constraint = lfirst(lc);

		if (constraint->index == facts->oid)
			return constraint;
	}
	return NULL;
}

static void
complete_index(const IndexHome *home, IndexFacts *facts, MigrationPlan *plan)
{
	bool		attached = is_attached(home, facts);
	Oid			index = built_index(home, facts);

	if (home->is_leaf || attached)
		carry_must_exist(home->model->foreseen || OidIsValid(index), home->label,
						 facts->name);
	if (home->relid == home->table->relid)
		facts->name = object_final_name(home->table, facts->name);
	if (home->is_leaf && serves_own_key(home, facts))
		add_key(home, facts, plan);
	else if (home->is_leaf || attached)
		index_member_rename(member_of(home, facts), 0, plan);
	else
		create_on_only(home, facts, plan);
	complete_columns(home, facts, index, attached, plan);
	if (OidIsValid(index) && (home->is_leaf || attached))
	{
		index_copy_check(facts, index, attributes_of_copies(home), home->label);
		index_copy_options(facts->oid, index, in_schema_of(home, facts->name), plan);
	}
}

/* By attribute number of the relation, that of its shadow, or its own. */
static AttrMap *
attributes_of_copies(const IndexHome *home)
{
	AttrMap    *map = make_attrmap(list_length(home->names));

	for (AttrNumber attnum = 1; attnum <= map->maplen; attnum++)
	{
		Generation *shadow = get_attname(home->relid, attnum, true) == NULL ? NULL :
			carry_shadow_of(home->table, whole_attnum(home, attnum));

		map->attnums[attnum - 1] = shadow == NULL ? attnum :
			get_attnum(home->relid, shadow->shadow);
	}
	return map;
}

/*
 * Does it serve a key that is no part of a partitioned table's?  The index itself may be
 * a part of one that serves none.
 */
static bool
serves_own_key(const IndexHome *home, const IndexFacts *facts)
{
	const ConstraintFacts *key = key_of(home, facts);

	return key != NULL && !key->inherited;
}

static void
add_key(const IndexHome *home, const IndexFacts *facts, MigrationPlan *plan)
{
	ConstraintFacts *key = key_of(home, facts);

	index_member_add_key(member_of(home, facts), 0, key->type, key->deferrable,
						 key->initially_deferred, plan);
}

/* What is said of the index, or of the key that it serves, and what takes it along. */
static void
complete_details(const IndexHome *home, const IndexFacts *facts, MigrationPlan *plan)
{
	ConstraintFacts *key = key_of(home, facts);
	ListCell   *lc;

	foreach(lc, operation_extensions_sql(psprintf("INDEX %s", in_schema_of(home, facts->name)),
										 catalog_extensions(RelationRelationId, facts->oid)))
		plan_step(plan, (Step) {
			.phase = PHASE_COMPLETE,
			.command = lfirst(lc),
			.lock = AccessExclusiveLock,
			.relation = home->relid,
			.relation_name = home->relation,
		});
	if (facts->comment != NULL)
		plan_comment(plan, PHASE_COMPLETE, 0, home->relid, home->relation,
					 psprintf("INDEX %s", in_schema_of(home, facts->name)),
					 facts->comment);
	if (key != NULL && key->comment != NULL)
		plan_comment(plan, PHASE_COMPLETE, 0, home->relid, home->relation,
					 psprintf("CONSTRAINT %s ON %s", quote_identifier(facts->name),
							  home->relation), key->comment);
}

/* The index as it will be: it and the key that it serves have one name. */
static IndexMember *
member_of(const IndexHome *home, const IndexFacts *facts)
{
	IndexMember *member = palloc0(sizeof(IndexMember));

	member->relid = home->relid;
	member->table = home->relid == home->table->relid ? home->table : NULL;
	member->schema = get_namespace_name(home->namespace);
	member->label = home->label;
	member->is_leaf = home->is_leaf;
	member->name = facts->name;
	member->index = built_index(home, facts);
	member->built_name = OidIsValid(member->index) ? get_rel_name(member->index) :
		name_carried(home->model->migration, get_rel_name(facts->oid));
	return member;
}

/* Of a partitioned table, without its partitions: no row is read. */
static void
create_on_only(const IndexHome *home, const IndexFacts *facts, MigrationPlan *plan)
{
	plan_step(plan, (Step) {
		.phase = PHASE_COMPLETE,
		.command = index_sql(home, facts, "", facts->name,
							 psprintf("ONLY %s", home->relation)),
		.lock = ShareLock,
		.relation = home->relid,
		.relation_name = home->relation,
	});
}

/*
 * An index's columns keep the names that the table's had when it was built.  Those of the
 * whole table's are renamed with what is attached to it.
 */
static void
complete_columns(const IndexHome *home, const IndexFacts *facts, Oid index,
				 bool attached, MigrationPlan *plan)
{
	AttrNumber	last = catalog_last_attnum(facts->oid);
	char	   *qualified = in_schema_of(home, facts->name);
	List	   *present = NIL;
	List	   *wanted = NIL;

	for (AttrNumber attnum = 1; attnum <= last; attnum++)
	{
		int			target = catalog_statistics_target(facts->oid, attnum);

		present = lappend(present, attached && home->relid != home->table->relid ?
						  get_attname(whole_of(home, facts->oid), attnum, false) :
						  name_unlike(present, index_column_name(home, facts, index, attached,
																 attnum)));
		wanted = lappend(wanted, get_attname(facts->oid, attnum, false));
		if (target >= 0)
			plan_step(plan, (Step) {
				.phase = PHASE_COMPLETE,
				.command = psprintf("ALTER INDEX %s ALTER COLUMN %d SET STATISTICS %d",
									qualified, attnum, target),
				.lock = ShareUpdateExclusiveLock,
				.relation = index,
				.relation_name = qualified,
			});
	}
	operation_rename_index_columns(home->model, 0, index, qualified, qualified, present,
								   wanted, plan);
}

/*
 * Of the carried index.  While it is only foreseen (InvalidOid): what the table's
 * column will be called when it is built; an expression's comes out the same.
 */
static char *
index_column_name(const IndexHome *home, const IndexFacts *facts, Oid index,
				  bool attached, AttrNumber attnum)
{
	int			n_keys = list_length(facts->columns);
	IndexColumn *column;
	Generation *shadow;

	if (OidIsValid(index))
		return get_attname(index, attnum, false);
	column = attnum <= n_keys ? list_nth(facts->columns, attnum - 1) :
		list_nth(facts->included, attnum - 1 - n_keys);
	if (column->attnum != 0 && !home->is_leaf && !attached)
		return list_nth(home->names, column->attnum - 1);
	shadow = carry_shadow_of(home->table, whole_attnum(home, column->attnum));
	return shadow != NULL ? shadow->shadow : get_attname(facts->oid, attnum, false);
}

/* What the table says of the index. */
static void
complete_roles(const IndexHome *home, const IndexFacts *facts, MigrationPlan *plan)
{
	if (facts->replica_identity)
		alter_home(home, psprintf("REPLICA IDENTITY USING INDEX %s",
								  quote_identifier(facts->name)), plan);
	if (facts->clustered)
		alter_home(home, psprintf("CLUSTER ON %s", quote_identifier(facts->name)),
				   plan);
}

/* As it was before. */
static void
attach(const IndexHome *home, const IndexFacts *facts, MigrationPlan *plan)
{
	Oid			parent;
	char	   *whole;

	if (!get_rel_relispartition(facts->oid) || is_attached(home, facts))
		return;
	parent = get_partition_parent(facts->oid, false);
	whole = get_rel_name(parent);
	if (IndexGetRelation(parent, false) == home->table->relid)
		whole = object_final_name(home->table, whole);
	index_member_attach(member_of(home, facts),
						quote_qualified_identifier(get_namespace_name(get_rel_namespace(parent)),
												   whole), 0, plan);
}

static void
alter_home(const IndexHome *home, const char *action, MigrationPlan *plan)
{
	plan_step(plan, (Step) {
		.phase = PHASE_COMPLETE,
		.command = psprintf("ALTER TABLE %s%s %s", home->is_leaf ? "" : "ONLY ",
							home->relation, action),
		.lock = AccessExclusiveLock,
		.relation = home->relid,
		.relation_name = home->relation,
		.also = operation_other_members(home->relid),
	});
}

static char *
in_schema_of(const IndexHome *home, const char *index)
{
	return quote_qualified_identifier(get_namespace_name(home->namespace), index);
}
