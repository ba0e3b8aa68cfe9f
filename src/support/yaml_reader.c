/*-------------------------------------------------------------------------
 *
 * yaml_reader.c
 *		YAML text -> a tree of values; every error carries its line and column.
 *
 * libyaml gives the events; the tree is ours, since libyaml's own cannot tell
 * a tagged scalar from an untagged one.  libyaml allocates with malloc(), so what
 * it holds is freed on every way out.  One call of it may take long (its work for
 * some texts is quadratic), and nothing may jump out of it: the function that
 * gives it the text ends the call where the query was cancelled.
 *-------------------------------------------------------------------------
 */
#include "pgroll.h"

#include <yaml.h>

#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "nodes/pg_list.h"

#include "support/yaml_reader.h"

/* They are looked up one by one. */
#define MAX_ANCHORS 1000

#define BYTE_ORDER_MARK "\xEF\xBB\xBF"

typedef struct Anchor
{
	char	   *name;
	YamlNode   *node;
} Anchor;

/* A text that is being read. */
typedef struct YamlSource
{
	yaml_parser_t parser;
	yaml_event_t event;			/* the current one */
	const char *text;			/* in UTF-8 */
	size_t		length;
	size_t		given;			/* how much of it libyaml has */
	YamlNode   *document;
	List	   *anchors;
	int			values;			/* read so far */
	int			depth;
} YamlSource;

/* An item of a map and its place in there. */
typedef struct PlacedItem
{
	YamlItem	item;
	int			place;
} PlacedItem;

static YamlNode *read_document(YamlSource *source);
static YamlNode *read_node(YamlSource *source);
static YamlNode *make_node(YamlSource *source, YamlKind kind);
static YamlTag scalar_tag(const YamlNode *node, const char *tag);
static void check_collection_tag(const YamlNode *node, const char *tag);
static void read_scalar(YamlSource *source, YamlNode *node);
static void read_list(YamlSource *source, YamlNode *node);
static void read_map(YamlSource *source, YamlNode *node);
static YamlNode *read_key(YamlSource *source);
static bool is_merge_key(const YamlNode *key);
static void add_item(YamlNode *node, YamlNode *key, YamlNode *value);
static void merge(YamlSource *source, YamlNode *node, YamlNode *value);
static void merge_map(YamlSource *source, YamlNode *node, const YamlNode *map);
static void keep_unique(YamlNode *node, int n_own);
static int	compare_placed(const void *a, const void *b);
static void add_anchor(YamlSource *source, const char *name, YamlNode *node);
static YamlNode *find_anchor(YamlSource *source);
static char *server_text(const YamlNode *node, const char *text, size_t length);
static void next_event(YamlSource *source);
static int	give_text(void *data, unsigned char *buffer, size_t size, size_t *given);
static void parser_error(YamlSource *source);
static char *parser_error_place(YamlSource *source, const char **hint);

YamlNode *
yaml_read(const char *text, int length)
{
	YamlSource *source = palloc0(sizeof(YamlSource));

	source->text = pg_server_to_any(text, length, PG_UTF8);
	source->length = source->text == text ? length : strlen(source->text);
	/* libyaml would take a byte order mark for a column of the first line. */
	if (strncmp(source->text, BYTE_ORDER_MARK, strlen(BYTE_ORDER_MARK)) == 0)
	{
		source->text += strlen(BYTE_ORDER_MARK);
		source->length -= strlen(BYTE_ORDER_MARK);
	}
	if (!yaml_parser_initialize(&source->parser))
		ereport(ERROR,
				(errcode(ERRCODE_OUT_OF_MEMORY),
				 errmsg("out of memory"),
				 errdetail("A YAML text cannot be read.")));
	PG_TRY();
	{
		yaml_parser_set_encoding(&source->parser, YAML_UTF8_ENCODING);
		yaml_parser_set_input(&source->parser, give_text, source);
		source->document = read_document(source);
	}
	PG_FINALLY();
	{
		yaml_event_delete(&source->event);
		yaml_parser_delete(&source->parser);
	}
	PG_END_TRY();
	return source->document;
}

void
yaml_error(const YamlNode *node, const char *message, const char *hint)
{
	ereport(ERROR,
			(errcode(ERRCODE_PGROLL_INVALID_YAML),
			 errmsg("invalid YAML: %s", message),
			 errdetail("At line %d, column %d.", node->line, node->column),
			 errhint("%s", hint)));
	pg_unreachable();
}

void
yaml_check_values(const YamlNode *node, int values)
{
	if (values > YAML_MAX_VALUES)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("the YAML text has too many values"),
				 errdetail("With what its aliases repeat there are more than %d at line %d, column %d.",
						   YAML_MAX_VALUES, node->line, node->column),
				 errhint("Use fewer aliases, or several migrations.")));
}

void
yaml_check_depth(const YamlNode *node, int depth)
{
	if (depth > YAML_MAX_DEPTH)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("the YAML text is nested too deep"),
				 errdetail("At line %d, column %d there are more than %d lists and maps around a value.",
						   node->line, node->column, YAML_MAX_DEPTH),
				 errhint("Correct the YAML text.")));
}

static YamlNode *
read_document(YamlSource *source)
{
	YamlNode   *node;

	next_event(source);			/* the stream begins */
	next_event(source);
	if (source->event.type == YAML_DOCUMENT_START_EVENT)
	{
		next_event(source);
		node = read_node(source);
		if (node->kind != YAML_KIND_SCALAR || !node->plain || node->text[0] != '\0')
		{
			next_event(source); /* the document ends */
			next_event(source);
			if (source->event.type != YAML_STREAM_END_EVENT)
				yaml_error(make_node(source, YAML_KIND_SCALAR),
						   "a second document begins",
						   "Give each migration's document by itself.");
			return node;
		}
	}
	yaml_error(make_node(source, YAML_KIND_SCALAR), "the document is empty",
			   "Give a migration's document, with the key \"operations\".");
	return NULL;
}

/* The value that begins with the current event, which is then its last one. */
static YamlNode *
read_node(YamlSource *source)
{
	yaml_event_t *event = &source->event;
	YamlNode   *node;

	check_stack_depth();
	switch (event->type)
	{
		case YAML_ALIAS_EVENT:
			return find_anchor(source);
		case YAML_SCALAR_EVENT:
			node = make_node(source, YAML_KIND_SCALAR);
			add_anchor(source, (char *) event->data.scalar.anchor, node);
			read_scalar(source, node);
			break;
		case YAML_SEQUENCE_START_EVENT:
			node = make_node(source, YAML_KIND_LIST);
			check_collection_tag(node, (char *) event->data.sequence_start.tag);
			add_anchor(source, (char *) event->data.sequence_start.anchor, node);
			read_list(source, node);
			break;
		case YAML_MAPPING_START_EVENT:
			node = make_node(source, YAML_KIND_MAP);
			check_collection_tag(node, (char *) event->data.mapping_start.tag);
			add_anchor(source, (char *) event->data.mapping_start.anchor, node);
			read_map(source, node);
			break;
		default:
			elog(ERROR, "unexpected YAML event %d", (int) event->type);
	}
	node->complete = true;
	return node;
}

/* A value that begins at the current event. */
static YamlNode *
make_node(YamlSource *source, YamlKind kind)
{
	YamlNode   *node = palloc0(sizeof(YamlNode));

	node->kind = kind;
	node->line = source->event.start_mark.line + 1;
	node->column = source->event.start_mark.column + 1;
	yaml_check_values(node, ++source->values);
	return node;
}

/* "!" is YAML's way to say that a scalar is a text. */
static YamlTag
scalar_tag(const YamlNode *node, const char *tag)
{
	static const struct
	{
		const char *name;
		YamlTag		tag;
	}			tags[] = {
		{"!", YAML_TAG_TEXT},
		{YAML_STR_TAG, YAML_TAG_TEXT},
		{YAML_NULL_TAG, YAML_TAG_NULL},
		{YAML_BOOL_TAG, YAML_TAG_BOOL},
		{YAML_INT_TAG, YAML_TAG_INT},
		{YAML_FLOAT_TAG, YAML_TAG_FLOAT},
	};

	if (tag == NULL)
		return YAML_TAG_NONE;
	for (int i = 0; i < lengthof(tags); i++)
	{
		if (strcmp(tag, tags[i].name) == 0)
			return tags[i].tag;
	}
	yaml_error(node, psprintf("the tag \"%s\" is not supported here",
							  server_text(node, tag, strlen(tag))),
			   "Leave the tag out.");
	return YAML_TAG_NONE;
}

static void
check_collection_tag(const YamlNode *node, const char *tag)
{
	const char *own = node->kind == YAML_KIND_MAP ? YAML_MAP_TAG : YAML_SEQ_TAG;

	if (tag != NULL && strcmp(tag, "!") != 0 && strcmp(tag, own) != 0)
		yaml_error(node, psprintf("the tag \"%s\" is not supported here",
								  server_text(node, tag, strlen(tag))),
				   "Leave the tag out.");
}

static void
read_scalar(YamlSource *source, YamlNode *node)
{
	node->plain = source->event.data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
	node->tag = scalar_tag(node, (char *) source->event.data.scalar.tag);
	node->text = server_text(node, (char *) source->event.data.scalar.value,
							 source->event.data.scalar.length);
}

static void
read_list(YamlSource *source, YamlNode *node)
{
	yaml_check_depth(node, ++source->depth);
	for (;;)
	{
		next_event(source);
		if (source->event.type == YAML_SEQUENCE_END_EVENT)
			break;
		add_item(node, NULL, read_node(source));
	}
	source->depth--;
}

/* A map's own keys go before those that it merges. */
static void
read_map(YamlSource *source, YamlNode *node)
{
	YamlNode   *merged = NULL;
	int			n_own;

	yaml_check_depth(node, ++source->depth);
	for (;;)
	{
		YamlNode   *key;
		YamlNode   *value;

		next_event(source);
		if (source->event.type == YAML_MAPPING_END_EVENT)
			break;
		key = read_key(source);
		next_event(source);
		value = read_node(source);
		if (!is_merge_key(key))
			add_item(node, key, value);
		else if (merged == NULL)
			merged = value;
		else
			yaml_error(key, "the key \"<<\" is there twice",
					   "Give one \"<<\" a list of the aliases.");
	}
	n_own = node->n_items;
	if (merged != NULL)
		merge(source, node, merged);
	keep_unique(node, n_own);
	source->depth--;
}

static YamlNode *
read_key(YamlSource *source)
{
	YamlNode   *key = read_node(source);

	if (key->kind != YAML_KIND_SCALAR)
		yaml_error(make_node(source, YAML_KIND_SCALAR),
				   "a list or a map cannot be a key", "Use a text as the key.");
	return key;
}

static bool
is_merge_key(const YamlNode *key)
{
	return key->plain && key->tag == YAML_TAG_NONE && strcmp(key->text, "<<") == 0;
}

static void
add_item(YamlNode *node, YamlNode *key, YamlNode *value)
{
	if (node->n_items == node->max_items)
	{
		node->max_items = Max(8, node->max_items * 2);
		node->items = node->items == NULL ?
			palloc(sizeof(YamlItem) * node->max_items) :
			repalloc(node->items, sizeof(YamlItem) * node->max_items);
	}
	node->items[node->n_items].key = key;
	node->items[node->n_items++].value = value;
}

/* Add the items of the map, or of the maps of the list, that "<<" names. */
static void
merge(YamlSource *source, YamlNode *node, YamlNode *value)
{
	if (value->kind != YAML_KIND_LIST)
	{
		merge_map(source, node, value);
		return;
	}
	for (int i = 0; i < value->n_items; i++)
		merge_map(source, node, value->items[i].value);
}

static void
merge_map(YamlSource *source, YamlNode *node, const YamlNode *map)
{
	if (map->kind != YAML_KIND_MAP)
		yaml_error(map, "only maps can be merged by \"<<\"",
				   "Let the alias name a map, or quote the key.");
	source->values += map->n_items;
	yaml_check_values(map, source->values);
	for (int i = 0; i < map->n_items; i++)
		add_item(node, map->items[i].key, map->items[i].value);
}

/*
 * Keep the first item of each key, in order.  A key that is there twice is an
 * error among the first n_own; after these come merged ones, which may be hidden.
 */
static void
keep_unique(YamlNode *node, int n_own)
{
	int			n = node->n_items;
	PlacedItem *placed = palloc(sizeof(PlacedItem) * Max(n, 1));

	for (int i = 0; i < n; i++)
		placed[i] = (PlacedItem) {node->items[i], i};
	qsort(placed, n, sizeof(PlacedItem), compare_placed);
	for (int i = 1; i < n; i++)
	{
		const YamlNode *key = placed[i].item.key;

		if (strcmp(placed[i - 1].item.key->text, key->text) != 0)
			continue;
		if (placed[i].place < n_own)
			yaml_error(key, psprintf("the key \"%s\" is there twice", key->text),
					   "Remove one of the two.");
		node->items[placed[i].place].key = NULL;
	}
	pfree(placed);
	node->n_items = 0;
	for (int i = 0; i < n; i++)
	{
		if (node->items[i].key != NULL)
			node->items[node->n_items++] = node->items[i];
	}
}

static int
compare_placed(const void *a, const void *b)
{
	const PlacedItem *left = a;
	const PlacedItem *right = b;
	int			order = strcmp(left->item.key->text, right->item.key->text);

	return order != 0 ? order : left->place - right->place;
}

/* A later anchor of the same name takes the place of the one before. */
static void
add_anchor(YamlSource *source, const char *name, YamlNode *node)
{
	Anchor	   *anchor;
	ListCell   *lc;

	if (name == NULL)
		return;
	foreach(lc, source->anchors)
	{
		anchor = lfirst(lc);
		if (strcmp(anchor->name, name) == 0)
		{
			anchor->node = node;
			return;
		}
	}
	if (list_length(source->anchors) >= MAX_ANCHORS)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("the YAML text has too many anchors"),
				 errdetail("There are more than %d at line %d, column %d.",
						   MAX_ANCHORS, node->line, node->column),
				 errhint("Remove those that no alias names.")));
	anchor = palloc(sizeof(Anchor));
	anchor->name = pstrdup(name);
	anchor->node = node;
	source->anchors = lappend(source->anchors, anchor);
}

/* What the current event, an alias, names. */
static YamlNode *
find_anchor(YamlSource *source)
{
	const char *name = (char *) source->event.data.alias.anchor;
	YamlNode   *alias = make_node(source, YAML_KIND_SCALAR);
	ListCell   *lc;

	foreach(lc, source->anchors)
	{
		const Anchor *anchor = lfirst(lc);

		if (strcmp(anchor->name, name) != 0)
			continue;
		if (!anchor->node->complete)
			yaml_error(alias, psprintf("the alias \"*%s\" is inside of what it names", name),
					   "Write the value out.");
		return anchor->node;
	}
	yaml_error(alias, psprintf("nothing has the anchor \"&%s\" of this alias", name),
			   "Define the anchor before, or quote the text.");
	return NULL;
}

/* A text of libyaml's, which is in UTF-8, in the server's encoding. */
static char *
server_text(const YamlNode *node, const char *text, size_t length)
{
	char	   *converted;

	if (memchr(text, '\0', length) != NULL)
		yaml_error(node, "a text must not contain the character NUL",
				   "Remove the escape sequence.");
	converted = pg_any_to_server(text, length, PG_UTF8);
	return converted == text ? pnstrdup(text, length) : converted;
}

static void
next_event(YamlSource *source)
{
	CHECK_FOR_INTERRUPTS();
	yaml_event_delete(&source->event);
	if (!yaml_parser_parse(&source->parser, &source->event))
		parser_error(source);
}

/* libyaml asks for more text.  Zero ends its call. */
static int
give_text(void *data, unsigned char *buffer, size_t size, size_t *given)
{
	YamlSource *source = data;

	if (QueryCancelPending || ProcDiePending)
		return 0;
	*given = Min(size, source->length - source->given);
	memcpy(buffer, source->text + source->given, *given);
	source->given += *given;
	return 1;
}

/* libyaml's own error; its texts are short and have no period. */
static void
parser_error(YamlSource *source)
{
	const yaml_parser_t *parser = &source->parser;
	const char *hint = "Correct the YAML text; quote a text with special characters.";
	char	   *place;

	CHECK_FOR_INTERRUPTS();
	if (parser->error == YAML_MEMORY_ERROR)
		ereport(ERROR,
				(errcode(ERRCODE_OUT_OF_MEMORY),
				 errmsg("out of memory"),
				 errdetail("A YAML text cannot be read.")));
	place = parser_error_place(source, &hint);
	if (parser->context != NULL)
		place = psprintf("%s, %s", place, parser->context);
	if (parser->context != NULL &&
		parser->context_mark.index != parser->problem_mark.index)
		place = psprintf("%s that begins at line %d, column %d", place,
						 (int) parser->context_mark.line + 1,
						 (int) parser->context_mark.column + 1);
	ereport(ERROR,
			(errcode(ERRCODE_PGROLL_INVALID_YAML),
			 errmsg("invalid YAML: %s",
					parser->problem != NULL ? parser->problem : "it cannot be read"),
			 errdetail("At %s.", place),
			 errhint("%s", hint)));
}

/*
 * Where it is.  An error of the characters has an offset in bytes instead of a line
 * and a column.
 */
static char *
parser_error_place(YamlSource *source, const char **hint)
{
	const yaml_parser_t *parser = &source->parser;
	size_t		end = Min(parser->problem_offset, source->length);
	int			line = 1;
	int			column = 1;
	size_t		i;

	if (parser->error != YAML_READER_ERROR)
	{
		size_t		at = parser->problem_mark.index;

		/* The index counts characters; what precedes may have several bytes. */
		for (i = 0; i < source->length && at > 0; at--)
			i += pg_encoding_mblen(PG_UTF8, source->text + i);
		if (i < source->length && source->text[i] == '\t')
			*hint = "Indent with spaces instead of tabs.";
		return psprintf("line %d, column %d", (int) parser->problem_mark.line + 1,
						(int) parser->problem_mark.column + 1);
	}
	for (i = 0; i < end; i += pg_encoding_mblen(PG_UTF8, source->text + i))
	{
		column++;
		if (source->text[i] == '\n' ||
			(source->text[i] == '\r' && source->text[i + 1] != '\n'))
		{
			line++;
			column = 1;
		}
	}
	*hint = "Remove the character, or write it as an escape sequence in double quotes.";
	return psprintf("line %d, column %d", line, column);
}
