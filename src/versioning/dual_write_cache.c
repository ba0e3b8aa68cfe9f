/*-------------------------------------------------------------------------
 *
 * dual_write_cache.c
 *		The edges of a table, resolved against its columns, per session.
 *
 * An entry is filled, then marked valid; invalidation only marks it, since a
 * running statement may use it.  It is freed when it is asked for again, or
 * when the last statement that uses it ends.
 *-------------------------------------------------------------------------
 */
#include "pgroll.h"

#include "access/sysattr.h"
#include "access/tupdesc_details.h"
#include "catalog/pg_trigger.h"
#include "catalog/pg_type.h"
#include "commands/trigger.h"
#include "miscadmin.h"
#include "nodes/plannodes.h"
#include "optimizer/optimizer.h"
#include "utils/builtins.h"
#include "utils/hsearch.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/plancache.h"
#include "utils/syscache.h"

#include "support/guc.h"
#include "support/spi.h"
#include "versioning/dual_write_cache.h"
#include "versioning/owned_sequence.h"
#include "versioning/stored_expression.h"

typedef struct CacheEntry
{
	Oid			relid;			/* hash key */
	RelationEdges *edges;
} CacheEntry;

/* A rule without a subquery as planned for a user. */
typedef struct PlannedRule
{
	Oid			user;			/* InvalidOid where it is the same for all */
	CachedExpression *cached;
	Expr	   *bound;			/* the same with columns for parameters */
} PlannedRule;

static HTAB *cache = NULL;

/* How many invalidations came; tells whether one came during a fill. */
static uint64 invalidations = 0;

static void cache_init(void);
static RelationEdges *edges_build(Relation relation,
								  const TriggerDesc *triggers,
								  const Trigger *trigger);
static void edges_free(RelationEdges *edges);
static const Trigger *dual_write_trigger(const TriggerDesc *triggers);
static void resolve_migrations(RelationEdges *edges, Relation relation,
							   List *migrations);
static void check_marker(const RelationEdges *edges, Relation relation,
						 int migration);
static void resolve_half(RelationEdges *edges, Relation relation,
						 const EdgeHalf *half, int migration, bool is_up);
static void resolve_targets(RelationEdges *edges);
static bool is_paired(const RelationEdges *edges, const EdgeRule *up,
					  AttrNumber input);
static void check_order(const RelationEdges *edges, int index);
static void resolve_tail(RelationEdges *edges);
static int	target_index(RelationEdges *edges, AttrNumber attnum);
static AttrNumber column_attnum(RelationEdges *edges, Relation relation,
								int migration, const char *column);
static Node *rule_parse(RelationEdges *edges, EdgeRule *rule);
static void note_dependencies(RelationEdges *edges, Node *expr);
static char *find_misplaced(const TriggerDesc *triggers);
static void relcache_changed(Datum arg, Oid relid);
static void syscache_changed(Datum arg, int cacheid, uint32 hashvalue);

RelationEdges *
relation_edges_get(Relation relation)
{
	Oid			relid = RelationGetRelid(relation);
	TriggerDesc *triggers;
	const Trigger *trigger;
	CacheEntry *entry;
	bool		found;

	if (cache == NULL)
		cache_init();
	entry = hash_search(cache, &relid, HASH_FIND, NULL);
	if (entry != NULL)
	{
		if (entry->edges->valid)
			return entry->edges;
		entry->edges->cached = false;
		if (entry->edges->pins == 0)
			edges_free(entry->edges);
		hash_search(cache, &relid, HASH_REMOVE, NULL);
	}

	/*
	 * Ours, as each look at a function may bring an invalidation of the
	 * other.
	 */
	triggers = CopyTriggerDesc(relation->trigdesc);
	trigger = dual_write_trigger(triggers);
	if (trigger != NULL)
	{
		RelationEdges *edges = edges_build(relation, triggers, trigger);

		entry = hash_search(cache, &relid, HASH_ENTER, &found);
		Assert(!found);
		entry->edges = edges;
		edges->cached = true;
		FreeTriggerDesc(triggers);
		return edges;
	}
	FreeTriggerDesc(triggers);
	return NULL;
}

void
relation_edges_pin(RelationEdges *edges)
{
	edges->pins++;
}

void
relation_edges_unpin(RelationEdges *edges)
{
	Assert(edges->pins > 0);
	edges->pins--;
	if (edges->pins == 0 && !edges->cached)
		edges_free(edges);
}

AttrNumber
relation_edges_marker(const RelationEdges *edges, const char *version_schema)
{
	for (int i = 0; i < edges->nmigrations; i++)
		if (strcmp(edges->migrations[i].migration->version_schema,
				   version_schema) == 0)
			return edges->migrations[i].marker;
	return InvalidAttrNumber;
}

Bitmapset *
relation_edges_backfill_columns(const RelationEdges *edges)
{
	Bitmapset  *columns = NULL;

	for (int i = 0; i < edges->nmigrations; i++)
	{
		const EdgeVersion *version = &edges->migrations[i];

		columns = bms_add_member(columns, version->marker -
								 FirstLowInvalidHeapAttributeNumber);
		for (int j = 0; j < version->nups; j++)
		{
			const EdgeRule *rule = &edges->rules[version->ups[j]];

			columns = bms_add_member(columns,
									 edges->targets[rule->target].attnum -
									 FirstLowInvalidHeapAttributeNumber);
		}
	}
	return columns;
}

void
relation_edges_resolve(RelationEdges *edges, EdgeRule *rule)
{
	EdgeTarget *target = &edges->targets[rule->target];
	Form_pg_attribute attribute = TupleDescAttr(edges->tupdesc,
												target->attnum - 1);
	uint64		before = invalidations;
	SecurityScope scope;
	Node	   *expr;
	MemoryContext old;

	/*
	 * Names are looked up as the table's owner, who need not be the one who
	 * writes: a role may lack USAGE on the schema of a function.
	 */
	restricted_begin(&scope, edges->owner);
	expr = stored_expression_coerce(rule_parse(edges, rule),
									attribute->atttypid, attribute->atttypmod);
	restricted_end(&scope);
	if (expr == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_PGROLL_BROKEN_EDGE),
				 errmsg("expression of migration \"%s\" for column \"%s\" of table \"%s\" has another type than the column",
						edges->migrations[rule->migration].migration->name,
						rule->half->logical, get_rel_name(edges->relid)),
				 errdetail("The type of column \"%s\" was changed since the migration was started.",
						   rule->half->column),
				 errhint("Change the type back, or undo the migration with pgroll_c.rollback_migration().")));

	old = MemoryContextSwitchTo(edges->context);
	note_dependencies(edges, expr);
	rule->has_subquery = stored_expression_has_subquery(expr);
	rule->has_user_function = stored_expression_has_user_function(expr);
	rule->expr = owned_sequence_values(copyObject(expr), edges->relid,
									   rule->half->column);
	MemoryContextSwitchTo(old);
	if (before != invalidations)
		edges->valid = false;
}

Expr *
relation_edges_plan(RelationEdges *edges, EdgeRule *rule)
{
	/* an inlined function's EXECUTE is checked while it is planned */
	Oid			user = rule->has_user_function ? GetUserId() : InvalidOid;
	PlannedRule *planned;
	MemoryContext old;
	ListCell   *lc;

	foreach(lc, rule->plans)
	{
		planned = lfirst(lc);
		if (planned->user == user && planned->cached->is_valid)
			return planned->bound;
		/* no statement but the caller's uses the table's plans */
		if (!planned->cached->is_valid && edges->pins == 1)
		{
			FreeCachedExpression(planned->cached);
			rule->plans = foreach_delete_current(rule->plans, lc);
			pfree(planned);
		}
	}
	old = MemoryContextSwitchTo(edges->context);
	planned = palloc(sizeof(PlannedRule));
	planned->user = user;
	MemoryContextSwitchTo(old);

	/*
	 * Planned with parameters: from 19 the planner looks columns up in a
	 * query.
	 */
	planned->cached = GetCachedExpression(rule->expr);
	MemoryContextSwitchTo(edges->context);
	planned->bound = (Expr *) stored_expression_bind(planned->cached->expr,
													 rule->inputs);
	rule->plans = lappend(rule->plans, planned);
	MemoryContextSwitchTo(old);
	return planned->bound;
}

static void
cache_init(void)
{
	HASHCTL		control = {
		.keysize = sizeof(Oid),
		.entrysize = sizeof(CacheEntry),
	};

	cache = hash_create("pgroll_c edges", 32, &control, HASH_ELEM | HASH_BLOBS);
	CacheRegisterRelcacheCallback(relcache_changed, (Datum) 0);
	CacheRegisterSyscacheCallback(PROCOID, syscache_changed, (Datum) 0);
	CacheRegisterSyscacheCallback(TYPEOID, syscache_changed, (Datum) 0);
}

static RelationEdges *
edges_build(Relation relation, const TriggerDesc *triggers,
			const Trigger *trigger)
{
	uint64		before = invalidations;
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext,
												  "pgroll_c edges of a table",
												  ALLOCSET_SMALL_SIZES);
	MemoryContext old = MemoryContextSwitchTo(context);
	RelationEdges *edges = palloc0(sizeof(RelationEdges));

	edges->relid = RelationGetRelid(relation);
	edges->owner = relation->rd_rel->relowner;
	edges->context = context;
	edges->tupdesc = CreateTupleDescCopyConstr(RelationGetDescr(relation));
	edges->misplaced = find_misplaced(triggers);
	resolve_migrations(edges, relation, edge_migrations_from_trigger(trigger));
	MemoryContextSwitchTo(old);
	MemoryContextSetParent(context, CacheMemoryContext);
	edges->valid = (before == invalidations);
	return edges;
}

static void
edges_free(RelationEdges *edges)
{
	for (int i = 0; i < edges->nrules; i++)
	{
		ListCell   *lc;

		foreach(lc, edges->rules[i].plans)
			FreeCachedExpression(((PlannedRule *) lfirst(lc))->cached);
	}
	MemoryContextDelete(edges->context);
}

/* Both triggers of a pair have the same edges, so any will do. */
static const Trigger *
dual_write_trigger(const TriggerDesc *triggers)
{
	for (int i = 0; triggers != NULL && i < triggers->numtriggers; i++)
		if (trigger_is_dual_write(&triggers->triggers[i]))
			return &triggers->triggers[i];
	return NULL;
}

static void
resolve_migrations(RelationEdges *edges, Relation relation, List *migrations)
{
	int			nedges = 0;
	ListCell   *lc;
	ListCell   *le;

	foreach(lc, migrations)
		nedges += list_length(((EdgeMigration *) lfirst(lc))->edges);
	edges->migrations = palloc0(list_length(migrations) * sizeof(EdgeVersion));
	edges->rules = palloc0(2 * nedges * sizeof(EdgeRule));
	edges->targets = palloc0(2 * nedges * sizeof(EdgeTarget));
	foreach(lc, migrations)
	{
		EdgeMigration *migration = lfirst(lc);
		int			index = edges->nmigrations++;
		EdgeVersion *version = &edges->migrations[index];

		version->migration = migration;
		version->search_path = guc_user_search_path(migration->base_schema);
		version->marker = column_attnum(edges, relation, index,
										migration->marker);
		check_marker(edges, relation, index);
		version->ups = palloc(list_length(migration->edges) * sizeof(int));
		version->downs = palloc(list_length(migration->edges) * sizeof(int));
		foreach(le, migration->edges)
		{
			const Edge *edge = lfirst(le);

			if (edge->up)
				resolve_half(edges, relation, edge->up, index, true);
			if (edge->down)
				resolve_half(edges, relation, edge->down, index, false);
			if (edge->up && edge->up->numbered && edge->down)
				edges->rules[edges->nrules - 1].numbered_by = edges->nrules - 2;
		}
		/* what the last edge made of the first's result, it takes back first */
		for (int i = 0; i < version->ndowns / 2; i++)
		{
			int			swap = version->downs[i];

			version->downs[i] = version->downs[version->ndowns - 1 - i];
			version->downs[version->ndowns - 1 - i] = swap;
		}
	}
	resolve_targets(edges);
	resolve_tail(edges);
}

/* It is read and set as what it should be. */
static void
check_marker(const RelationEdges *edges, Relation relation, int migration)
{
	const EdgeVersion *version = &edges->migrations[migration];
	Form_pg_attribute attribute = TupleDescAttr(edges->tupdesc,
												version->marker - 1);

	if (attribute->atttypid != BOOLOID)
		ereport(ERROR,
				(errcode(ERRCODE_PGROLL_BROKEN_EDGE),
				 errmsg("column \"%s\" of table \"%s\", which migration \"%s\" needs, is not of type boolean",
						NameStr(attribute->attname),
						RelationGetRelationName(relation),
						version->migration->name),
				 errhint("Change the type back, or undo the migration with pgroll_c.rollback_migration().")));
}

static void
resolve_half(RelationEdges *edges, Relation relation, const EdgeHalf *half,
			 int migration, bool is_up)
{
	EdgeVersion *version = &edges->migrations[migration];
	int			index = edges->nrules++;
	EdgeRule   *rule = &edges->rules[index];
	AttrNumber	attnum = column_attnum(edges, relation, migration,
									   half->column);
	ListCell   *lc;

	rule->half = half;
	rule->migration = migration;
	rule->is_up = is_up;
	rule->numbered_by = -1;
	rule->target = target_index(edges, attnum);
	rule->varlena = TupleDescAttr(edges->tupdesc, attnum - 1)->attlen == -1;
	if (is_up)
	{
		EdgeTarget *target = &edges->targets[rule->target];

		target->up_migration = migration;
		target->up_rule = index;
		version->ups[version->nups++] = index;
		edges->newer_columns =
			bms_add_member(edges->newer_columns,
						   attnum - FirstLowInvalidHeapAttributeNumber);
	}
	else
		version->downs[version->ndowns++] = index;
	if (half->not_null)
		edges->has_not_null = true;
	if (half->always)
		edges->has_always = true;
	if (half->numbered)
		edges->has_numbers = true;

	rule->inputs = palloc(list_length(half->inputs) * sizeof(AttrNumber));
	rule->input_types = palloc(list_length(half->inputs) * sizeof(Oid));
	foreach(lc, half->inputs)
	{
		const char *input = lfirst(lc);

		attnum = column_attnum(edges, relation, migration, input);
		rule->input_types[rule->ninputs] =
			TupleDescAttr(edges->tupdesc, attnum - 1)->atttypid;
		rule->inputs[rule->ninputs++] = attnum;
		edges->columns =
			bms_add_member(edges->columns,
						   attnum - FirstLowInvalidHeapAttributeNumber);
		/* a column that a migration adds without an up */
		if (!is_up && strncmp(input, PGROLL_PREFIX,
							  strlen(PGROLL_PREFIX)) == 0)
			edges->newer_columns =
				bms_add_member(edges->newer_columns,
							   attnum - FirstLowInvalidHeapAttributeNumber);
	}
}

/* All targets are known: which inputs are some half's target? */
static void
resolve_targets(RelationEdges *edges)
{
	for (int i = 0; i < edges->nrules; i++)
	{
		EdgeRule   *rule = &edges->rules[i];

		rule->input_targets = palloc(rule->ninputs * sizeof(int));
		rule->input_paired = palloc(rule->ninputs * sizeof(bool));
		for (int j = 0; j < rule->ninputs; j++)
		{
			rule->input_targets[j] = -1;
			for (int k = 0; k < edges->ntargets; k++)
				if (edges->targets[k].attnum == rule->inputs[j])
					rule->input_targets[j] = k;
			rule->input_paired[j] = rule->is_up &&
				is_paired(edges, rule, rule->inputs[j]);
		}
		if (rule->is_up)
			check_order(edges, i);
	}
}

/* Does a down half of the migration make the input of the up half's column? */
static bool
is_paired(const RelationEdges *edges, const EdgeRule *up, AttrNumber input)
{
	const EdgeVersion *version = &edges->migrations[up->migration];

	for (int i = 0; i < version->ndowns; i++)
	{
		const EdgeRule *down = &edges->rules[version->downs[i]];

		if (edges->targets[down->target].attnum != input)
			continue;
		for (int j = 0; j < down->ninputs; j++)
			if (down->inputs[j] == edges->targets[up->target].attnum)
				return true;
	}
	return false;
}

/* OLD' is made recursively, so no up half may read its own or a later one's column. */
static void
check_order(const RelationEdges *edges, int index)
{
	const EdgeRule *rule = &edges->rules[index];

	for (int i = 0; i < rule->ninputs; i++)
	{
		int			target = rule->input_targets[i];

		if (target >= 0 && edges->targets[target].up_rule >= index)
			ereport(ERROR,
					(errcode(ERRCODE_PGROLL_BROKEN_EDGE),
					 errmsg("the \"up\" expression of column \"%s\" in a dual-write trigger reads a column that it or a later one sets",
							rule->half->logical),
					 errhint("Roll the migration back and start it again: its triggers are made by pgroll_c.start_migration() alone.")));
	}
}

/* What the fast paths need: the columns that we set, and absent markers. */
static void
resolve_tail(RelationEdges *edges)
{
	TupleConstr *constr = edges->tupdesc->constr;
	Bitmapset  *ours = NULL;

	for (int i = 0; i < edges->ntargets; i++)
		ours = bms_add_member(ours, edges->targets[i].attnum);
	for (int i = 0; i < edges->nmigrations; i++)
	{
		EdgeVersion *version = &edges->migrations[i];
		int			attnum = version->marker;

		ours = bms_add_member(ours, attnum);
		version->missing_awaits =
			!TupleDescAttr(edges->tupdesc, attnum - 1)->atthasmissing ||
			!constr->missing[attnum - 1].am_present ||
			DatumGetBool(constr->missing[attnum - 1].am_value);
	}
	edges->tail = tuple_tail_create(edges->tupdesc, ours);
}

static int
target_index(RelationEdges *edges, AttrNumber attnum)
{
	int			i;

	for (i = 0; i < edges->ntargets; i++)
		if (edges->targets[i].attnum == attnum)
			return i;
	edges->ntargets++;
	edges->targets[i].attnum = attnum;
	edges->targets[i].up_migration = -1;
	edges->targets[i].up_rule = -1;
	return i;
}

static AttrNumber
column_attnum(RelationEdges *edges, Relation relation, int migration,
			  const char *column)
{
	const char *name = edges->migrations[migration].migration->name;

	for (int i = 0; i < edges->tupdesc->natts; i++)
	{
		Form_pg_attribute attribute = TupleDescAttr(edges->tupdesc, i);

		if (attribute->attisdropped ||
			strcmp(NameStr(attribute->attname), column) != 0)
			continue;
		if (attribute->attgenerated)
			ereport(ERROR,
					(errcode(ERRCODE_PGROLL_BROKEN_EDGE),
					 errmsg("column \"%s\" of table \"%s\" has become a generated column, which migration \"%s\" cannot carry",
							column, RelationGetRelationName(relation), name),
					 errhint("Undo that with ALTER TABLE, or undo the migration with pgroll_c.rollback_migration().")));
		edges->columns =
			bms_add_member(edges->columns, attribute->attnum -
						   FirstLowInvalidHeapAttributeNumber);
		return attribute->attnum;
	}
	ereport(ERROR,
			(errcode(ERRCODE_PGROLL_BROKEN_EDGE),
			 errmsg("table \"%s\" has no column \"%s\", which migration \"%s\" needs",
					RelationGetRelationName(relation), column, name),
			 errdetail("It was renamed or dropped since the migration was started."),
			 errhint("Give the column its name back, or undo the migration with pgroll_c.rollback_migration().")));
}

/*
 * The analyzed expression of a rule.  What the text names may be gone, and that
 * is reported as the migration's trouble, not as the writer's.
 */
static Node *
rule_parse(RelationEdges *edges, EdgeRule *rule)
{
	MemoryContext context = CurrentMemoryContext;
	int32	   *typmods = palloc(rule->ninputs * sizeof(int32));
	Oid		   *collations = palloc(rule->ninputs * sizeof(Oid));
	Node	   *volatile expr = NULL;

	for (int i = 0; i < rule->ninputs; i++)
	{
		Form_pg_attribute attribute = TupleDescAttr(edges->tupdesc,
													rule->inputs[i] - 1);

		typmods[i] = attribute->atttypmod;
		collations[i] = attribute->attcollation;
	}
	PG_TRY();
	{
		expr = stored_expression_parse(rule->half->expression, rule->ninputs,
									   rule->input_types, typmods,
									   collations);
	}
	PG_CATCH();
	{
		ErrorData  *error;

		MemoryContextSwitchTo(context);
		error = CopyErrorData();
		if (!stored_expression_is_unreadable(error->sqlerrcode))
			PG_RE_THROW();
		FlushErrorState();
		ereport(ERROR,
				(errcode(ERRCODE_PGROLL_BROKEN_EDGE),
				 errmsg("expression of migration \"%s\" for column \"%s\" of table \"%s\" has become invalid: %s",
						edges->migrations[rule->migration].migration->name,
						rule->half->logical, get_rel_name(edges->relid),
						error->message),
				 errdetail("The expression is: %s", rule->half->expression),
				 errhint("Bring back what it names, or undo the migration with pgroll_c.rollback_migration().")));
	}
	PG_END_TRY();
	return expr;
}

/* What a change of makes the entry invalid, besides the table itself. */
static void
note_dependencies(RelationEdges *edges, Node *expr)
{
	List	   *relations;
	List	   *items;
	bool		row_security;

	extract_query_dependencies(copyObject(expr), &relations, &items,
							   &row_security);
	edges->relations = list_concat(edges->relations, relations);
	edges->items = list_concat(edges->items, items);
}

/*
 * The name of a BEFORE ROW trigger of the user's that fires outside of ours, or
 * NULL.
 */
static char *
find_misplaced(const TriggerDesc *triggers)
{
	bool		first = false;
	bool		last = false;
	char	   *outside = NULL;

	for (int i = 0; i < triggers->numtriggers; i++)
	{
		const Trigger *trigger = &triggers->triggers[i];

		if (!TRIGGER_FOR_ROW(trigger->tgtype) ||
			!TRIGGER_FOR_BEFORE(trigger->tgtype) ||
			trigger->tgenabled == TRIGGER_DISABLED ||
			!(TRIGGER_FOR_INSERT(trigger->tgtype) ||
			  TRIGGER_FOR_UPDATE(trigger->tgtype)))
			continue;
		if (!trigger_is_dual_write(trigger))
		{
			if (!first || last)
				outside = trigger->tgname;
		}
		else
		{
			DualWriteRole role = dual_write_role_from_text(trigger->tgargs[0]);

			first = first || role != DUAL_WRITE_LAST;
			last = last || role != DUAL_WRITE_FIRST;
		}
	}
	return outside ? pstrdup(outside) : NULL;
}

static void
relcache_changed(Datum arg, Oid relid)
{
	HASH_SEQ_STATUS status;
	CacheEntry *entry;

	invalidations++;
	hash_seq_init(&status, cache);
	while ((entry = hash_seq_search(&status)) != NULL)
		if (!OidIsValid(relid) || entry->relid == relid ||
			list_member_oid(entry->edges->relations, relid))
			entry->edges->valid = false;
}

static void
syscache_changed(Datum arg, int cacheid, uint32 hashvalue)
{
	HASH_SEQ_STATUS status;
	CacheEntry *entry;

	invalidations++;
	hash_seq_init(&status, cache);
	while ((entry = hash_seq_search(&status)) != NULL)
	{
		ListCell   *lc;

		foreach(lc, entry->edges->items)
		{
			const PlanInvalItem *item = lfirst(lc);

			if (item->cacheId == cacheid &&
				(hashvalue == 0 || item->hashValue == hashvalue))
				entry->edges->valid = false;
		}
	}
}
