/*-------------------------------------------------------------------------
 *
 * edge.c
 *		Edges, and their form in the arguments of the dual-write trigger.
 *-------------------------------------------------------------------------
 */
#include "pgroll.h"

#include "access/relation.h"
#include "catalog/pg_proc.h"
#include "commands/trigger.h"
#include "fmgr.h"
#include "lib/stringinfo.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/json.h"
#include "utils/jsonb.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

#include "schema/names.h"
#include "versioning/edge.h"

static const char *const role_texts[] = {
	[DUAL_WRITE_ONLY] = "only",
	[DUAL_WRITE_FIRST] = "first",
	[DUAL_WRITE_LAST] = "last",
};

static bool migration_changes(const EdgeMigration *migration, List *columns);
static bool serves(const Trigger *trigger, const char *base_schema);
static void append_text_member(StringInfo buf, const char *key,
							   const char *value);
static void append_half(StringInfo buf, const char *key, const EdgeHalf *half);
static List *read_edges(JsonbContainer *object);
static EdgeHalf *read_half(JsonbContainer *edge, const char *key);
static bool read_optional_bool(JsonbContainer *object, const char *key);
static List *read_inputs(JsonbContainer *half);
static JsonbValue *read_member(JsonbContainer *object, const char *key,
							   enum jbvType type);
static char *read_text(JsonbContainer *object, const char *key);
static bool read_bool(JsonbContainer *object, const char *key);
static JsonbContainer *array_object(JsonbContainer *array, int index);
static char *text_of(const JsonbValue *value);
pg_noreturn static void malformed(const char *key);

char *
edge_migration_to_json(const EdgeMigration *migration)
{
	StringInfoData buf;
	ListCell   *lc;

	initStringInfo(&buf);
	appendStringInfoChar(&buf, '{');
	append_text_member(&buf, "base", migration->base_schema);
	appendStringInfoString(&buf, ", ");
	append_text_member(&buf, "migration", migration->name);
	appendStringInfoString(&buf, ", ");
	append_text_member(&buf, "version", migration->version_schema);
	appendStringInfoString(&buf, ", ");
	append_text_member(&buf, "marker", migration->marker);
	appendStringInfoString(&buf, ", \"edges\": [");
	foreach(lc, migration->edges)
	{
		const Edge *edge = lfirst(lc);

		if (foreach_current_index(lc) > 0)
			appendStringInfoString(&buf, ", ");
		appendStringInfoChar(&buf, '{');
		if (edge->up)
			append_half(&buf, "up", edge->up);
		if (edge->up && edge->down)
			appendStringInfoString(&buf, ", ");
		if (edge->down)
			append_half(&buf, "down", edge->down);
		appendStringInfoChar(&buf, '}');
	}
	appendStringInfoString(&buf, "]}");
	return buf.data;
}

EdgeMigration *
edge_migration_from_json(const char *json)
{
	Jsonb	   *jsonb = DatumGetJsonbP(DirectFunctionCall1(jsonb_in,
														   CStringGetDatum(json)));
	EdgeMigration *migration = palloc0(sizeof(EdgeMigration));

	if (!JB_ROOT_IS_OBJECT(jsonb))
		malformed("base");
	migration->base_schema = read_text(&jsonb->root, "base");
	migration->name = read_text(&jsonb->root, "migration");
	migration->version_schema = read_text(&jsonb->root, "version");
	migration->marker = read_text(&jsonb->root, "marker");
	migration->edges = read_edges(&jsonb->root);
	return migration;
}

DualWriteRole
dual_write_role_from_text(const char *text)
{
	for (int role = 0; role < lengthof(role_texts); role++)
		if (strcmp(text, role_texts[role]) == 0)
			return role;
	ereport(ERROR,
			(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
			 errmsg("pgroll_c.dual_write() does not know the role \"%s\"", text),
			 errhint("Its first argument is \"only\", \"first\" or \"last\".")));
}

const char *
dual_write_role_to_text(DualWriteRole role)
{
	return role_texts[role];
}

bool
trigger_is_dual_write(const Trigger *trigger)
{
	char	   *name;
	char	   *schema;

	if (trigger->tgnargs < 2)
		return false;
	name = get_func_name(trigger->tgfoid);
	if (name == NULL || strcmp(name, "dual_write") != 0)
		return false;
	schema = get_namespace_name(get_func_namespace(trigger->tgfoid));
	return schema != NULL && strcmp(schema, PGROLL_SCHEMA) == 0;
}

List *
edge_migrations_from_trigger(const Trigger *trigger)
{
	List	   *migrations = NIL;

	for (int i = 1; i < trigger->tgnargs; i++)
		migrations = lappend(migrations,
							 edge_migration_from_json(trigger->tgargs[i]));
	return migrations;
}

List *
edge_triggers_of_schema(Oid relid, const char *base_schema)
{
	Relation	rel = relation_open(relid, AccessShareLock);
	TriggerDesc *triggers = CopyTriggerDesc(rel->trigdesc);
	List	   *names = NIL;

	for (int i = 0; triggers != NULL && i < triggers->numtriggers; i++)
	{
		Trigger    *trigger = &triggers->triggers[i];

		if (!trigger->tgisclone && name_is_dual_write_trigger(trigger->tgname) &&
			(!trigger_is_dual_write(trigger) || serves(trigger, base_schema)))
			names = lappend(names, trigger->tgname);
	}
	relation_close(rel, AccessShareLock);
	return names;
}

List *
edge_migrations_of_table(Oid relid)
{
	Relation	rel = relation_open(relid, AccessShareLock);
	TriggerDesc *triggers = CopyTriggerDesc(rel->trigdesc);
	List	   *migrations = NIL;

	for (int i = 0; triggers != NULL && i < triggers->numtriggers; i++)
	{
		const Trigger *trigger = &triggers->triggers[i];

		/* Of two, the first says it all, and a restored dump may lack either. */
		if (trigger_is_dual_write(trigger) &&
			(migrations == NIL ||
			 dual_write_role_from_text(trigger->tgargs[0]) != DUAL_WRITE_LAST))
			migrations = list_concat(migrations, edge_migrations_from_trigger(trigger));
	}
	relation_close(rel, AccessShareLock);
	return migrations;
}

bool
edge_changes_any_column(Oid relid, List *columns)
{
	ListCell   *lc;

	foreach(lc, edge_migrations_of_table(relid))
	{
		if (migration_changes(lfirst(lc), columns))
			return true;
	}
	return false;
}

static bool
migration_changes(const EdgeMigration *migration, List *columns)
{
	ListCell   *lc;

	foreach(lc, migration->edges)
	{
		const EdgeHalf *down = ((Edge *) lfirst(lc))->down;

		if (down != NULL && names_include(columns, down->column))
			return true;
	}
	return false;
}

static bool
serves(const Trigger *trigger, const char *base_schema)
{
	ListCell   *lc;

	foreach(lc, edge_migrations_from_trigger(trigger))
	{
		if (strcmp(((EdgeMigration *) lfirst(lc))->base_schema, base_schema) == 0)
			return true;
	}
	return false;
}

static void
append_text_member(StringInfo buf, const char *key, const char *value)
{
	escape_json(buf, key);
	appendStringInfoString(buf, ": ");
	escape_json(buf, value);
}

static void
append_half(StringInfo buf, const char *key, const EdgeHalf *half)
{
	ListCell   *lc;

	escape_json(buf, key);
	appendStringInfoString(buf, ": {");
	append_text_member(buf, "column", half->column);
	appendStringInfoString(buf, ", ");
	append_text_member(buf, "logical", half->logical);
	appendStringInfoString(buf, ", ");
	append_text_member(buf, "expression", half->expression);
	appendStringInfoString(buf, ", \"inputs\": [");
	foreach(lc, half->inputs)
	{
		if (foreach_current_index(lc) > 0)
			appendStringInfoString(buf, ", ");
		escape_json(buf, lfirst(lc));
	}
	appendStringInfo(buf, "], \"not_null\": %s%s%s}",
					 half->not_null ? "true" : "false",
					 half->numbered ? ", \"numbered\": true" : "",
					 half->always ? ", \"always\": true" : "");
}

static List *
read_edges(JsonbContainer *object)
{
	JsonbValue *value = read_member(object, "edges", jbvBinary);
	JsonbContainer *array = value->val.binary.data;
	List	   *edges = NIL;

	if (!JsonContainerIsArray(array))
		malformed("edges");
	for (int i = 0; i < JsonContainerSize(array); i++)
	{
		JsonbContainer *element = array_object(array, i);
		Edge	   *edge = palloc0(sizeof(Edge));

		edge->up = read_half(element, "up");
		edge->down = read_half(element, "down");
		edges = lappend(edges, edge);
	}
	return edges;
}

/* One half of an edge, or NULL where the edge does not have it. */
static EdgeHalf *
read_half(JsonbContainer *edge, const char *key)
{
	JsonbValue	buf;
	JsonbValue *value = getKeyJsonValueFromContainer(edge, key, strlen(key),
													 &buf);
	JsonbContainer *object;
	EdgeHalf   *half;

	if (value == NULL || value->type == jbvNull)
		return NULL;
	if (value->type != jbvBinary ||
		!JsonContainerIsObject(value->val.binary.data))
		malformed(key);
	object = value->val.binary.data;
	half = palloc0(sizeof(EdgeHalf));
	half->column = read_text(object, "column");
	half->logical = read_text(object, "logical");
	half->expression = read_text(object, "expression");
	half->inputs = read_inputs(object);
	half->not_null = read_bool(object, "not_null");
	half->numbered = read_optional_bool(object, "numbered");
	half->always = read_optional_bool(object, "always");
	return half;
}

/* False where there is no such key. */
static bool
read_optional_bool(JsonbContainer *object, const char *key)
{
	JsonbValue	buf;

	return getKeyJsonValueFromContainer(object, key, strlen(key), &buf) != NULL &&
		read_bool(object, key);
}

static List *
read_inputs(JsonbContainer *half)
{
	JsonbValue *value = read_member(half, "inputs", jbvBinary);
	JsonbContainer *array = value->val.binary.data;
	List	   *inputs = NIL;

	if (!JsonContainerIsArray(array))
		malformed("inputs");
	for (int i = 0; i < JsonContainerSize(array); i++)
	{
		JsonbValue *name = getIthJsonbValueFromContainer(array, i);

		if (name->type != jbvString)
			malformed("inputs");
		inputs = lappend(inputs, text_of(name));
	}
	return inputs;
}

static JsonbValue *
read_member(JsonbContainer *object, const char *key, enum jbvType type)
{
	JsonbValue *value = getKeyJsonValueFromContainer(object, key, strlen(key),
													 NULL);

	if (value == NULL || value->type != type)
		malformed(key);
	return value;
}

static char *
read_text(JsonbContainer *object, const char *key)
{
	return text_of(read_member(object, key, jbvString));
}

static bool
read_bool(JsonbContainer *object, const char *key)
{
	return read_member(object, key, jbvBool)->val.boolean;
}

static JsonbContainer *
array_object(JsonbContainer *array, int index)
{
	JsonbValue *value = getIthJsonbValueFromContainer(array, index);

	if (value->type != jbvBinary ||
		!JsonContainerIsObject(value->val.binary.data))
		malformed("edges");
	return value->val.binary.data;
}

static char *
text_of(const JsonbValue *value)
{
	return pnstrdup(value->val.string.val, value->val.string.len);
}

static void
malformed(const char *key)
{
	ereport(ERROR,
			(errcode(ERRCODE_PGROLL_BROKEN_EDGE),
			 errmsg("an argument of a dual-write trigger is malformed"),
			 errdetail("Its member \"%s\" is missing or of another type.", key),
			 errhint("Roll the migration back and start it again: its triggers are made by pgroll_c.start_migration() alone.")));
}
