/*-------------------------------------------------------------------------
 *
 * column_attributes.c
 *		What hangs on a column alone, in each table that has it, for its shadow.
 *
 * A partition or inheritance child has a comment, grants, storage, a statistics
 * target and options of its own, whatever its parent has.
 *-------------------------------------------------------------------------
 */
#include "pgroll.h"

#include "access/htup_details.h"
#include "access/toast_compression.h"
#include "catalog/pg_attribute.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "commands/comment.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

#include "ddl/access_list.h"
#include "ddl/grants.h"
#include "operation/column_attributes.h"
#include "operation/operation_util.h"
#include "schema/catalog_object.h"
#include "schema/catalog_read.h"

/* The old column in one of the tables that have it. */
typedef struct MemberColumn
{
	Oid			relid;
	char	   *relation;		/* quoted, with schema */
	AttrNumber	attnum;
	int			target;			/* of statistics; -1: the default */
	char		storage;		/* '\0': the type's, or none to choose */
	char		compression;	/* '\0': the default */
	char	   *options;		/* of SET (…), or NULL */
} MemberColumn;

static List *member_columns(SchemaModel *model, const TableModel *table,
							const Generation *old);
static MemberColumn *read_member(Oid relid, AttrNumber attnum);
static void set_attributes(const MemberColumn *member, const MemberColumn *top,
						   const Generation *generation, MigrationPlan *plan);
static char *attribute_actions(const MemberColumn *member, const MemberColumn *top,
							   const char *name, Oid type);
static void follow_attributes(const MemberColumn *member,
							  const Generation *generation, MigrationPlan *plan);
static const char *text_or_empty(const char *text);
static const char *storage_name(char storage);
static void member_step(const MemberColumn *member, const Generation *generation,
						Phase phase, char *command, MigrationPlan *plan);
static void comment_step(Oid relid, char *relation,
						 const Generation *generation, const char *comment,
						 MigrationPlan *plan);

void
column_attributes_start(SchemaModel *model, TableModel *table,
						const Generation *generation, const Generation *old,
						MigrationPlan *plan)
{
	List	   *members = member_columns(model, table, old);
	ListCell   *lc;
	ListCell   *lc2;

	foreach(lc, members)
	{
		MemberColumn *member = lfirst(lc);

		set_attributes(member, linitial(members), generation, plan);
		foreach(lc2, catalog_column_grants(member->relid, member->attnum))
			member_step(member, generation, PHASE_START,
						grant_column_sql(lfirst(lc2), generation->physical,
										 member->relation), plan);
	}
}

void
column_attributes_follow(SchemaModel *model, TableModel *table,
						 const Generation *generation, const Generation *old,
						 MigrationPlan *plan)
{
	ListCell   *lc;
	ListCell   *lc2;

	if (model->foreseen)
		return;					/* the start copies them */
	foreach(lc, member_columns(model, table, old))
	{
		MemberColumn *member = lfirst(lc);
		Acl		   *acl = access_list_of_grantors(member->relid, member->attnum);

		follow_attributes(member, generation, plan);
		foreach(lc2, grant_follow_column(member->relid, member->attnum,
										 generation->physical, member->relation))
			member_step(member, generation, PHASE_COMPLETE, lfirst(lc2), plan);
		/* Until now the owner was the grantor, who takes away what others do. */
		if (acl != NULL)
			plan_access_list(plan, PHASE_COMPLETE, generation->operation, member->relid,
							 member->relation, generation->physical, acl);
	}
}

void
column_attributes_complete(SchemaModel *model, TableModel *table,
						   Generation *generation, MigrationPlan *plan)
{
	ColumnModel *column = model_find_column(table, generation->name);
	const Generation *old = model_stored_ancestor(generation);
	ListCell   *lc;

	if (column != NULL && column->comment != NULL)
		comment_step(table->relid, model_table_sql(model, table),
					 generation, column->comment, plan);
	foreach(lc, old == NULL ? NIL : member_columns(model, table, old))
	{
		MemberColumn *member = lfirst(lc);
		char	   *comment = GetComment(member->relid, RelationRelationId,
										 member->attnum);

		/* The table's own may be another in the newest version. */
		if (member->relid != table->relid && comment != NULL)
			comment_step(member->relid, member->relation, generation, comment, plan);
	}
}

/* Of the table itself (under the name that it has now) and those below it. */
static List *
member_columns(SchemaModel *model, const TableModel *table, const Generation *old)
{
	char	   *name = get_attname(table->relid, old->attnum, false);
	List	   *members = NIL;
	ListCell   *lc;

	foreach(lc, catalog_table_tree(table->relid))
	{
		Oid			relid = lfirst_oid(lc);
		MemberColumn *member = read_member(relid, get_attnum(relid, name));

		if (member == NULL)
			continue;
		if (relid == table->relid)
			member->relation = model_table_sql(model, table);
		members = lappend(members, member);
	}
	return members;
}

/* NULL where the table has gone: one below another may, until it is locked. */
static MemberColumn *
read_member(Oid relid, AttrNumber attnum)
{
	MemberColumn *member = palloc0(sizeof(MemberColumn));
	HeapTuple	tuple = SearchSysCache2(ATTNUM, ObjectIdGetDatum(relid),
										Int16GetDatum(attnum));
	Form_pg_attribute att;
	Datum		options;
	bool		isnull;

	if (!HeapTupleIsValid(tuple))
		return NULL;
	att = (Form_pg_attribute) GETSTRUCT(tuple);
	member->relid = relid;
	member->relation = catalog_relation_name(relid);
	member->attnum = attnum;
	member->target = catalog_statistics_target(relid, attnum);
	if (att->attlen == -1 && att->attstorage != get_typstorage(att->atttypid))
		member->storage = att->attstorage;
	member->compression = att->attcompression;
	options = SysCacheGetAttr(ATTNUM, tuple, Anum_pg_attribute_attoptions, &isnull);
	if (!isnull)
		member->options = catalog_options_text(options);
	ReleaseSysCache(tuple);
	return member;
}

/*
 * In one table alone, but that a statistics target and storage reach those below
 * the topmost (top) from there.
 */
static void
set_attributes(const MemberColumn *member, const MemberColumn *top,
			   const Generation *generation, MigrationPlan *plan)
{
	char	   *actions = attribute_actions(member, top, generation->physical,
											generation->type);

	if (actions[0] != '\0')
		plan_step(plan, (Step) {
			.phase = PHASE_START,
			.operation = generation->operation,
			.command = psprintf("ALTER TABLE %s%s %s", member == top ? "" : "ONLY ",
								member->relation, actions + 2),
			.lock = AccessExclusiveLock,
			.relation = member->relid,
			.relation_name = member->relation,
			.also = operation_other_members(member->relid),
		});
}

char *
column_attributes_sql(Oid relid, AttrNumber attnum, Oid type)
{
	MemberColumn *column = read_member(relid, attnum);

	return attribute_actions(column, column, get_attname(relid, attnum, false), type);
}

/* ", ALTER COLUMN … SET …" for each that is not the default, or not as top has it */
static char *
attribute_actions(const MemberColumn *member, const MemberColumn *top,
				  const char *name, Oid type)
{
	const char *column = quote_identifier(name);
	char		storage = get_typstorage(type);
	bool		can_choose = get_typlen(type) == -1 && storage != TYPSTORAGE_PLAIN;
	StringInfoData actions;

	initStringInfo(&actions);
	if (member->target != (member == top ? -1 : top->target))
		appendStringInfo(&actions, ", ALTER COLUMN %s SET STATISTICS %d", column,
						 member->target);
	if (can_choose && member->storage != (member == top ? '\0' : top->storage))
		appendStringInfo(&actions, ", ALTER COLUMN %s SET STORAGE %s", column,
						 storage_name(member->storage != '\0' ? member->storage :
									  storage));
	if (can_choose && member->compression != '\0')
		appendStringInfo(&actions, ", ALTER COLUMN %s SET COMPRESSION %s", column,
						 GetCompressionMethodName(member->compression));
	if (member->options != NULL)
		appendStringInfo(&actions, ", ALTER COLUMN %s SET (%s)", column,
						 member->options);
	return actions.data;
}

/* What ALTER COLUMN has changed of the old column since the start. */
static void
follow_attributes(const MemberColumn *member, const Generation *generation,
				  MigrationPlan *plan)
{
	const char *column = quote_identifier(generation->physical);
	const MemberColumn *shadow = read_member(member->relid,
											 get_attnum(member->relid,
														generation->physical));
	char		storage = get_typstorage(generation->type);
	bool		can_choose = get_typlen(generation->type) == -1 &&
		storage != TYPSTORAGE_PLAIN;
	StringInfoData actions;

	if (shadow == NULL)
		return;
	initStringInfo(&actions);
	if (member->target != shadow->target)
		appendStringInfo(&actions, ", ALTER COLUMN %s SET STATISTICS %d", column,
						 member->target);
	if (can_choose && member->storage != shadow->storage)
		appendStringInfo(&actions, ", ALTER COLUMN %s SET STORAGE %s", column,
						 storage_name(member->storage != '\0' ? member->storage :
									  storage));
	if (can_choose && member->compression != shadow->compression)
		appendStringInfo(&actions, ", ALTER COLUMN %s SET COMPRESSION %s", column,
						 member->compression == '\0' ? "DEFAULT" :
						 GetCompressionMethodName(member->compression));
	if (shadow->options != NULL && strcmp(shadow->options, text_or_empty(member->options)) != 0)
		appendStringInfo(&actions, ", ALTER COLUMN %s RESET (n_distinct, n_distinct_inherited)",
						 column);
	if (member->options != NULL && strcmp(member->options, text_or_empty(shadow->options)) != 0)
		appendStringInfo(&actions, ", ALTER COLUMN %s SET (%s)", column,
						 member->options);
	if (actions.len > 0)
		member_step(member, generation, PHASE_COMPLETE,
					psprintf("ALTER TABLE ONLY %s %s", member->relation,
							 actions.data + 2), plan);
}

static const char *
text_or_empty(const char *text)
{
	return text != NULL ? text : "";
}

static const char *
storage_name(char storage)
{
	switch (storage)
	{
		case TYPSTORAGE_PLAIN:
			return "PLAIN";
		case TYPSTORAGE_EXTERNAL:
			return "EXTERNAL";
		case TYPSTORAGE_EXTENDED:
			return "EXTENDED";
		case TYPSTORAGE_MAIN:
			return "MAIN";
		default:
			elog(ERROR, "unexpected storage \"%c\"", storage);
	}
	return NULL;
}

static void
member_step(const MemberColumn *member, const Generation *generation, Phase phase,
			char *command, MigrationPlan *plan)
{
	plan_step(plan, (Step) {
		.phase = phase,
		.operation = generation->operation,
		.command = command,
		.lock = AccessExclusiveLock,
		.relation = member->relid,
		.relation_name = member->relation,
	});
}

static void
comment_step(Oid relid, char *relation, const Generation *generation,
			 const char *comment, MigrationPlan *plan)
{
	plan_comment(plan, PHASE_COMPLETE, generation->operation, relid, relation,
				 psprintf("COLUMN %s.%s", relation,
						  quote_identifier(generation->physical)), comment);
}
