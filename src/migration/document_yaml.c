/*-------------------------------------------------------------------------
 *
 * document_yaml.c
 *		YAML -> the jsonb that document.h reads.
 *
 * A scalar without quotes is what YAML's core schema says, but not in a field of
 * the document that is a text: version_schema: 0010 and default: 1.50 are meant as
 * they are written, and would lose that on their way through a JSON number.  Only
 * here is the writing still known, so here is the list of those fields.  A field that
 * it lacks gets a number or a boolean, which the readers of SQL texts take as well
 * (json_text()); so a gap in it is an inconvenience, not a wrong migration.
 *-------------------------------------------------------------------------
 */
#include "pgroll.h"

#include "fmgr.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/json.h"
#include "utils/fmgrprotos.h"

#include "migration/document_yaml.h"
#include "support/yaml_scalar.h"

/* Aliases must not make much of little. */
#define SIZE_FACTOR 10
#define SIZE_FREE (1024 * 1024)

/* How the value of a key is read. */
typedef enum FieldKind
{
	FIELD_OTHER,
	FIELD_TEXT,					/* a scalar, or each of a list, is a text */
	FIELD_TEXTS,				/* the same, or a map from columns to texts */
	FIELD_INDEX,				/* create_index */
	FIELD_INDEX_COLUMNS			/* its columns: a list, or a map from columns */
} FieldKind;

static const struct
{
	const char *key;
	FieldKind	kind;
}			fields[] = {
	{"check", FIELD_TEXT},
	{"collate", FIELD_TEXT},
	{"column", FIELD_TEXT},
	{"columns", FIELD_TEXT},
	{"comment", FIELD_TEXT},
	{"constraint", FIELD_TEXT},
	{"create_index", FIELD_INDEX},
	{"default", FIELD_TEXT},
	{"down", FIELD_TEXTS},
	{"elements", FIELD_TEXT},
	{"expression", FIELD_TEXT},
	{"from", FIELD_TEXT},
	{"include_columns", FIELD_TEXT},
	{"index", FIELD_TEXT},
	{"index_method", FIELD_TEXT},
	{"match_type", FIELD_TEXT},
	{"method", FIELD_TEXT},
	{"name", FIELD_TEXT},
	{"nulls", FIELD_TEXT},
	{"on_delete", FIELD_TEXT},
	{"on_delete_set_columns", FIELD_TEXT},
	{"on_update", FIELD_TEXT},
	{"params", FIELD_TEXT},
	{"predicate", FIELD_TEXT},
	{"sequence_options", FIELD_TEXT},
	{"sort", FIELD_TEXT},
	{"storage_parameters", FIELD_TEXT},
	{"table", FIELD_TEXT},
	{"tablespace", FIELD_TEXT},
	{"to", FIELD_TEXT},
	{"type", FIELD_TEXT},
	{"up", FIELD_TEXTS},
	{"user_specified_values", FIELD_TEXT},
	{"version_schema", FIELD_TEXT},
};

/* A document that is being written as JSON; aliases are written out. */
typedef struct Writer
{
	StringInfoData json;
	int64		size_limit;
	int			values;			/* written so far */
	int			depth;
} Writer;

static void write_value(Writer *writer, const YamlNode *node, FieldKind field);
static void write_scalar(Writer *writer, const YamlNode *node, bool is_text);
static void write_list(Writer *writer, const YamlNode *node, FieldKind field);
static void write_map(Writer *writer, const YamlNode *node, FieldKind field);
static FieldKind field_of(const char *key, FieldKind around);
static void write_index_columns(Writer *writer, const YamlNode *node);
static void write_index_column(Writer *writer, const YamlItem *column);
static void check_size(const Writer *writer, const YamlNode *node);

Jsonb *
document_from_yaml(const char *text, int length)
{
	Writer		writer = {0};

	initStringInfo(&writer.json);
	writer.size_limit = (int64) length * SIZE_FACTOR + SIZE_FREE;
	write_value(&writer, yaml_read(text, length), FIELD_OTHER);
	return DatumGetJsonbP(DirectFunctionCall1(jsonb_in,
											  CStringGetDatum(writer.json.data)));
}

static void
write_value(Writer *writer, const YamlNode *node, FieldKind field)
{
	check_stack_depth();
	CHECK_FOR_INTERRUPTS();
	yaml_check_values(node, ++writer->values);
	if (node->kind == YAML_KIND_SCALAR)
	{
		write_scalar(writer, node, field != FIELD_OTHER);
		check_size(writer, node);
		return;
	}
	yaml_check_depth(node, ++writer->depth);
	if (node->kind == YAML_KIND_LIST)
		write_list(writer, node, field);
	else if (field == FIELD_INDEX_COLUMNS)
		write_index_columns(writer, node);
	else
		write_map(writer, node, field);
	writer->depth--;
}

/* null stays null in a text field, too: it drops a default or a comment. */
static void
write_scalar(Writer *writer, const YamlNode *node, bool is_text)
{
	YamlType	type = yaml_scalar_type(node);

	if (type == YAML_TYPE_NULL)
		appendStringInfoString(&writer->json, "null");
	else if (type == YAML_TYPE_TEXT || is_text)
		escape_json(&writer->json, node->text);
	else if (type == YAML_TYPE_BOOL)
		appendStringInfoString(&writer->json,
							   yaml_scalar_bool(node) ? "true" : "false");
	else
		appendStringInfoString(&writer->json, yaml_scalar_number(node));
}

static void
write_list(Writer *writer, const YamlNode *node, FieldKind field)
{
	appendStringInfoChar(&writer->json, '[');
	for (int i = 0; i < node->n_items; i++)
	{
		const YamlNode *item = node->items[i].value;

		if (i > 0)
			appendStringInfoChar(&writer->json, ',');
		write_value(writer, item,
					field != FIELD_OTHER && item->kind == YAML_KIND_SCALAR ?
					FIELD_TEXT : FIELD_OTHER);
	}
	appendStringInfoChar(&writer->json, ']');
}

static void
write_map(Writer *writer, const YamlNode *node, FieldKind field)
{
	appendStringInfoChar(&writer->json, '{');
	for (int i = 0; i < node->n_items; i++)
	{
		const YamlItem *item = &node->items[i];

		if (i > 0)
			appendStringInfoChar(&writer->json, ',');
		escape_json(&writer->json, item->key->text);
		appendStringInfoChar(&writer->json, ':');
		write_value(writer, item->value, field_of(item->key->text, field));
	}
	appendStringInfoChar(&writer->json, '}');
}

/* How the value of a key is read in the map that a field of another kind is. */
static FieldKind
field_of(const char *key, FieldKind around)
{
	if (around == FIELD_TEXTS)
		return FIELD_TEXT;
	if (around == FIELD_INDEX && strcmp(key, "columns") == 0)
		return FIELD_INDEX_COLUMNS;
	for (int i = 0; i < lengthof(fields); i++)
	{
		if (strcmp(fields[i].key, key) == 0)
			return fields[i].kind;
	}
	return FIELD_OTHER;
}

/*
 * Older files have the columns of an index as a map from column to settings,
 * and mean them in that order, which jsonb does not keep: so a list is made.
 */
static void
write_index_columns(Writer *writer, const YamlNode *node)
{
	appendStringInfoChar(&writer->json, '[');
	for (int i = 0; i < node->n_items; i++)
	{
		if (i > 0)
			appendStringInfoChar(&writer->json, ',');
		write_index_column(writer, &node->items[i]);
	}
	appendStringInfoChar(&writer->json, ']');
}

static void
write_index_column(Writer *writer, const YamlItem *column)
{
	const YamlNode *settings = column->value;
	bool		is_null = settings->kind == YAML_KIND_SCALAR &&
		yaml_scalar_type(settings) == YAML_TYPE_NULL;

	if (!is_null && settings->kind != YAML_KIND_MAP)
		yaml_error(settings, "the settings of an index's column must be a map",
				   "Give the columns as a list, or a map for each.");
	yaml_check_values(settings, ++writer->values);
	appendStringInfoString(&writer->json, "{\"column\":");
	escape_json(&writer->json, column->key->text);
	for (int i = 0; i < settings->n_items; i++)
	{
		const YamlItem *item = &settings->items[i];

		if (strcmp(item->key->text, "column") == 0)
			yaml_error(item->key, "the key \"column\" is there twice",
					   "Give the columns as a list.");
		appendStringInfoChar(&writer->json, ',');
		escape_json(&writer->json, item->key->text);
		appendStringInfoChar(&writer->json, ':');
		write_value(writer, item->value, field_of(item->key->text, FIELD_OTHER));
	}
	appendStringInfoChar(&writer->json, '}');
}

static void
check_size(const Writer *writer, const YamlNode *node)
{
	if (writer->json.len > writer->size_limit)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("the aliases of the YAML text repeat too much"),
				 errdetail("At line %d, column %d there are more than %d times as many bytes as in the text.",
						   node->line, node->column, SIZE_FACTOR),
				 errhint("Use fewer aliases, or several migrations.")));
}
