/*-------------------------------------------------------------------------
 *
 * column_sequence.c
 *		The sequence of a serial or identity column.
 *
 * On a table with rows neither can be added as such: the server would rewrite
 * it.  So the start makes the sequence, the shadow owns it (and takes it along
 * in a rollback), and up draws numbers from it for old rows and for those that
 * the old version writes; as of an identity, that takes no privilege on the
 * sequence (versioning/owned_sequence.c).  The server makes an identity only
 * with a sequence of its own: at the completion that one gets the name and the
 * state of ours.
 *-------------------------------------------------------------------------
 */
#include "pgroll.h"

#include "catalog/dependency.h"
#include "catalog/pg_attribute.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "commands/comment.h"
#include "commands/defrem.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "nodes/value.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"

#include "ddl/access_list.h"
#include "ddl/grants.h"
#include "operation/column_sequence.h"
#include "operation/drop_check.h"
#include "operation/operation_util.h"
#include "operation/sequence_options.h"
#include "operation/shadow_column.h"
#include "schema/catalog_read.h"
#include "schema/catalog_sequence.h"
#include "schema/names.h"
#include "schema/object_model.h"
#include "versioning/expression.h"

static void check_can_number(const ColumnDefinition *def, const TableModel *table,
							 const char *path);
static void follow_changes(SchemaModel *model, const TableModel *table,
						   const Generation *generation, Oid sequence,
						   MigrationPlan *plan);
static List *grant_texts(List *grants, const char *sequence);
static char *choose_name(const ColumnDefinition *def, SchemaModel *model,
						 const TableModel *table, const char *path);
static bool is_named(const ColumnDefinition *def);
static char *tried_name(const ColumnDefinition *def, const TableModel *table, int place);
static char *made_name(const ColumnDefinition *def, SchemaModel *model,
					   const TableModel *table);
static char *name_in_the_end(const ColumnDefinition *def, SchemaModel *model,
							 const TableModel *table, char *made);
static bool is_free_at_start(SchemaModel *model, const char *name);
static bool is_made(const SchemaModel *model, const TableModel *table,
					const char *name);
static Node *next_value(const char *sequence);
static void sequence_step(SchemaModel *model, const Generation *generation,
						  Phase phase, char *command, Oid relation, LOCKMODE lock,
						  MigrationPlan *plan);

void
column_sequence_note(const ColumnDefinition *def, SchemaModel *model,
					 const TableModel *table, Generation *generation,
					 const char *path)
{
	char	   *name;

	if (def->serial == NULL && def->identity == '\0')
		return;
	name = model->started && !is_named(def) ? made_name(def, model, table) :
		choose_name(def, model, table, path);
	if (name == NULL)
		return;					/* somebody has dropped or renamed it */
	generation->sequence_made = name;
	generation->sequence_name = is_named(def) ? name :
		name_in_the_end(def, model, table, name);
	model->sequences = lappend(lappend(model->sequences, name), generation->sequence_name);
	if (def->serial != NULL)
		generation->default_text =
			expression_deparse(next_value(model_qualified(model, name)));
}

void
column_sequence_forget(SchemaModel *model, const Generation *generation)
{
	ListCell   *lc;

	for (const Generation *g = generation; g != NULL; g = g->previous)
	{
		foreach(lc, g->sequence_made != NULL ? model->sequences : NIL)
		{
			const char *name = lfirst(lc);

			if (name == g->sequence_made || name == g->sequence_name)
				model->sequences = foreach_delete_current(model->sequences, lc);
		}
	}
}

void
column_sequence_add(const ColumnDefinition *def, SchemaModel *model,
					const TableModel *table, Generation *generation,
					const char *path)
{
	SequenceModel *sequence = palloc0(sizeof(SequenceModel));
	Node	   *value;

	check_can_number(def, table, path);
	sequence->name = choose_name(def, model, table, path);
	sequence->type = def->type;
	sequence->options = def->options != NULL ? def->options->text : "";
	model->sequences = lappend(model->sequences, sequence->name);
	generation->sequence = sequence;
	value = next_value(model_qualified(model, sequence->name));
	generation->up = value;
	if (def->serial == NULL)
		return;
	generation->default_text = expression_deparse(value);
	generation->sets_default = true;
}

void
column_sequence_create(SchemaModel *model, const TableModel *table,
					   const Generation *generation, MigrationPlan *plan)
{
	const SequenceModel *sequence = generation->sequence;
	char	   *name = model_qualified(model, sequence->name);
	Oid			type = generation->identity != '\0' ||
		sequence_type_is_wider(generation->type, sequence->type) ?
		generation->type : sequence->type;

	sequence_step(model, generation, PHASE_START,
				  psprintf("CREATE %sSEQUENCE %s AS %s%s",
						   get_rel_persistence(table->relid) == RELPERSISTENCE_UNLOGGED ?
						   "UNLOGGED " : "", name,
						   format_type_be(type),
						   sequence->options),
				  InvalidOid, AccessExclusiveLock, plan);
	if (table->owner != GetUserId())
		sequence_step(model, generation, PHASE_START,
					  psprintf("ALTER SEQUENCE %s OWNER TO %s", name,
							   quote_identifier(GetUserNameFromId(table->owner, false))),
					  InvalidOid, AccessExclusiveLock, plan);
}

void
column_sequence_own(SchemaModel *model, const TableModel *table,
					const Generation *generation, MigrationPlan *plan)
{
	sequence_step(model, generation, PHASE_START,
				  psprintf("ALTER SEQUENCE %s OWNED BY %s.%s",
						   model_qualified(model, generation->sequence->name),
						   model_table_sql(model, table),
						   quote_identifier(generation->physical)),
				  InvalidOid, ShareRowExclusiveLock, plan);
}

void
column_sequence_to_identity(SchemaModel *model, TableModel *table,
							const Generation *generation, MigrationPlan *plan)
{
	const SequenceModel *sequence = generation->sequence;
	char	   *name = model_qualified(model, sequence->name);
	char	   *aside = name_carried(model->migration, sequence->name);
	char	   *aside_name = model_qualified(model, aside);
	Oid			relid = get_relname_relid(sequence->name, model->namespace);
	char	   *options = !OidIsValid(relid) ? NULL :
		sequence_options_changed(sequence->options, catalog_sequence(relid));

	if (OidIsValid(relid))
		drop_check_own_sequence(model, relid);
	sequence_step(model, generation, PHASE_COMPLETE,
				  psprintf("ALTER SEQUENCE %s RENAME TO %s", name, quote_identifier(aside)),
				  relid, AccessExclusiveLock, plan);
	shadow_alter_table(model, table, generation->operation, PHASE_COMPLETE,
					   psprintf("ALTER COLUMN %s ADD GENERATED %s AS IDENTITY (SEQUENCE NAME %s%s)",
								quote_identifier(generation->physical),
								generation->identity == ATTRIBUTE_IDENTITY_ALWAYS ?
								"ALWAYS" : "BY DEFAULT", name,
								options != NULL ? options : sequence->options),
					   plan);
	sequence_step(model, generation, PHASE_COMPLETE,
				  psprintf("SELECT pg_catalog.setval(%s, last_value, is_called) FROM %s",
						   quote_literal_cstr(name), aside_name),
				  relid, AccessExclusiveLock, plan);
	if (OidIsValid(relid))
		follow_changes(model, table, generation, relid, plan);
	sequence_step(model, generation, PHASE_COMPLETE,
				  psprintf("DROP SEQUENCE %s", aside_name), relid,
				  AccessExclusiveLock, plan);
}

void
column_sequences_name_created(SchemaModel *model, TableModel *table, int operation,
							  MigrationPlan *plan)
{
	ListCell   *lc;

	foreach(lc, table->generations)
	{
		Generation *generation = lfirst(lc);
		char	   *made = generation->sequence_made;

		if (made == NULL || strcmp(made, generation->sequence_name) == 0 ||
			generation->operation >= operation ||
			(operation != PG_INT32_MAX &&
			 operation_name_comes_late(model, generation->sequence_name, operation)) ||
			model_newest_generation(table, generation) == NULL)
			continue;
		plan_step(plan, (Step) {
			.phase = PHASE_COMPLETE,
			.operation = generation->operation,
			/* the user's sql may have dropped it */
			.command = psprintf("ALTER SEQUENCE IF EXISTS %s RENAME TO %s",
								model_qualified(model, made),
								quote_identifier(generation->sequence_name)),
			.lock = AccessExclusiveLock,
			.relation = get_relname_relid(made, model->namespace),
			.relation_name = model_qualified(model, made),
		});
		generation->sequence_made = generation->sequence_name;
	}
}

/* What was granted since the start, taken away, or said of the sequence. */
static void
follow_changes(SchemaModel *model, const TableModel *table,
			   const Generation *generation, Oid sequence, MigrationPlan *plan)
{
	char	   *name = model_qualified(model, generation->sequence->name);
	char	   *comment = GetComment(sequence, RelationRelationId, 0);
	List	   *given = grant_texts(catalog_default_grants(OBJECT_SEQUENCE, table->owner,
														   model->namespace), name);
	List	   *wanted = grant_texts(catalog_relation_grants(sequence), name);
	Acl		   *acl = access_list_of_grantors(sequence, 0);
	ListCell   *lc;

	if (list_difference(given, wanted) != NIL)
	{
		foreach(lc, catalog_default_grants(OBJECT_SEQUENCE, table->owner, model->namespace))
			sequence_step(model, generation, PHASE_COMPLETE,
						  revoke_all_sql(lfirst(lc), psprintf("SEQUENCE %s", name)),
						  sequence, AccessExclusiveLock, plan);
		given = NIL;
	}
	foreach(lc, list_difference(wanted, given))
		sequence_step(model, generation, PHASE_COMPLETE, strVal(lfirst(lc)), sequence,
					  AccessExclusiveLock, plan);
	if (acl != NULL)
		plan_access_list(plan, PHASE_COMPLETE, generation->operation, sequence, name,
						 NULL, acl);
	if (get_rel_persistence(sequence) != get_rel_persistence(table->relid))
		sequence_step(model, generation, PHASE_COMPLETE,
					  psprintf("ALTER SEQUENCE %s SET %s", name,
							   get_rel_persistence(sequence) == RELPERSISTENCE_UNLOGGED ?
							   "UNLOGGED" : "LOGGED"),
					  sequence, AccessExclusiveLock, plan);
	if (comment != NULL)
		sequence_step(model, generation, PHASE_COMPLETE,
					  psprintf("COMMENT ON SEQUENCE %s IS %s", name,
							   quote_literal_cstr(comment)),
					  sequence, AccessExclusiveLock, plan);
}

/* The statements (String *) that give a sequence the privileges. */
static List *
grant_texts(List *grants, const char *sequence)
{
	List	   *texts = NIL;
	ListCell   *lc;

	foreach(lc, grants)
	{
		char	   *grant = grant_sequence_sql(lfirst(lc), sequence);

		if (grant != NULL)
			texts = lappend(texts, makeString(grant));
	}
	return texts;
}

/* The rules of the server for an identity of a table with members. */
static void
check_can_number(const ColumnDefinition *def, const TableModel *table,
				 const char *path)
{
	if (def->identity == '\0')
		return;
	if (table->relkind == RELKIND_PARTITIONED_TABLE ?
		partitions_have_identity : operation_other_members(table->relid) == NIL)
		return;
	ereport(ERROR,
			(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
			 errmsg("identity column \"%s\" cannot be added to table \"%s\", which has partitions or children",
					def->name, table->name),
			 errdetail("At %s.generated.identity.", path),
			 errhint("Add a column of type serial or bigserial.")));
}

/*
 * The name that the document gives, or PostgreSQL's own choice.  Once the
 * migration is active, the sequence tells which one that was.
 */
static char *
choose_name(const ColumnDefinition *def, SchemaModel *model, const TableModel *table,
			const char *path)
{
	if (is_named(def))
	{
		model_check_relation_free(model, def->options->name,
								  psprintf("%s.generated.identity.sequence_options", path));
		return def->options->name;
	}
	for (int i = 0;; i++)
	{
		char	   *name = tried_name(def, table, i);

		if (!OidIsValid(table->relid))
		{
			if (!is_free_at_start(model, name))
				continue;
			/* What takes the name at the completion would find it taken. */
			if (!model->started)
				model_check_relation_free(model, name, psprintf("%s.name", path));
			return name;
		}
		if (model->started ? is_made(model, table, name) :
			model_relation_is_free(model, name))
			return name;
		if (model->started && i >= MAX_TRIED_NAMES)
			return name;		/* somebody has dropped it */
	}
}

static bool
is_named(const ColumnDefinition *def)
{
	return def->options != NULL && def->options->name != NULL;
}

/* The names that the server tries, from 0. */
static char *
tried_name(const ColumnDefinition *def, const TableModel *table, int place)
{
	return makeObjectName(table->name, def->name,
						  place == 0 ? "seq" : psprintf("seq%d", place));
}

/* Which one has the server chosen for a table that an active migration has made? */
static char *
made_name(const ColumnDefinition *def, SchemaModel *model, const TableModel *table)
{
	for (int i = 0; i < MAX_TRIED_NAMES; i++)
	{
		char	   *name = tried_name(def, table, i);
		Oid			relid = get_relname_relid(name, model->namespace);

		if (OidIsValid(relid) && get_rel_relkind(relid) == RELKIND_SEQUENCE &&
			catalog_sequence_table(relid) == table->made &&
			!model_makes_sequence(model, name))
			return name;
	}
	return NULL;
}

/*
 * A table that the migration drops has its sequences until the completion.  What the
 * server would have chosen without those:
 */
static char *
name_in_the_end(const ColumnDefinition *def, SchemaModel *model, const TableModel *table,
				char *made)
{
	for (int i = 0; i < MAX_TRIED_NAMES; i++)
	{
		char	   *name = tried_name(def, table, i);

		if (strcmp(name, made) == 0)
			break;
		if (model_relation_is_vacated(model, name) &&
			model_relation_is_unclaimed(model, name))
			return name;
	}
	return made;
}

/* Of a new table's sequence the server chooses the name, by what there is then. */
static bool
is_free_at_start(SchemaModel *model, const char *name)
{
	TableModel *same = model_find_table(model, name);

	return !(same != NULL && same->created) && !model_creates_index(model, name) &&
		!model_makes_sequence(model, name) &&
		(model->started || !OidIsValid(get_relname_relid(name, model->namespace)));
}

/* Is it a sequence of this migration, which an earlier operation does not have? */
static bool
is_made(const SchemaModel *model, const TableModel *table, const char *name)
{
	Oid			relid = get_relname_relid(name, model->namespace);
	Oid			owner;
	int32		attnum;
	char	   *column;

	if (model_makes_sequence(model, name) || !OidIsValid(relid) ||
		!sequenceIsOwned(relid, DEPENDENCY_AUTO, &owner, &attnum) ||
		owner != table->relid)
		return false;
	column = get_attname(owner, attnum, true);
	return column != NULL && name_is_of_migration(column, model->migration);
}

/* The tree of nextval('s.n'::regclass), where there is no such sequence yet. */
static Node *
next_value(const char *sequence)
{
	CoerceViaIO *regclass = makeNode(CoerceViaIO);

	regclass->arg = (Expr *) makeConst(UNKNOWNOID, -1, InvalidOid, -2,
									   CStringGetDatum(sequence), false, false);
	regclass->resulttype = REGCLASSOID;
	regclass->coerceformat = COERCE_EXPLICIT_CAST;
	regclass->location = -1;
	return (Node *) makeFuncExpr(F_NEXTVAL, INT8OID, list_make1(regclass), InvalidOid,
								 InvalidOid, COERCE_EXPLICIT_CALL);
}

static void
sequence_step(SchemaModel *model, const Generation *generation, Phase phase,
			  char *command, Oid relation, LOCKMODE lock, MigrationPlan *plan)
{
	plan_step(plan, (Step) {
		.phase = phase,
		.operation = generation->operation,
		.command = command,
		.lock = lock,
		.relation = relation,
		.relation_name = model_qualified(model, generation->sequence->name),
	});
}
