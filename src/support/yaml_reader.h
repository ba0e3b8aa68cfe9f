/*-------------------------------------------------------------------------
 *
 * yaml_reader.h
 *		YAML text -> a tree of values; every error carries its line and column.
 *-------------------------------------------------------------------------
 */
#ifndef PGROLL_YAML_READER_H
#define PGROLL_YAML_READER_H

/* A text is to be of at most so many values, nested so deep. */
#define YAML_MAX_VALUES 1000000
#define YAML_MAX_DEPTH 100

typedef enum YamlKind
{
	YAML_KIND_SCALAR,
	YAML_KIND_LIST,
	YAML_KIND_MAP
} YamlKind;

/* What a tag says of a scalar. */
typedef enum YamlTag
{
	YAML_TAG_NONE,
	YAML_TAG_TEXT,
	YAML_TAG_NULL,
	YAML_TAG_BOOL,
	YAML_TAG_INT,
	YAML_TAG_FLOAT
} YamlTag;

typedef struct YamlNode YamlNode;

/* One of a list or of a map. */
typedef struct YamlItem
{
	YamlNode   *key;			/* a scalar; NULL in a list */
	YamlNode   *value;
} YamlItem;

/*
 * A value.  One that aliases name stands in several places of the tree, but never
 * inside itself.  Merge keys are done: a map has each key once.
 */
struct YamlNode
{
	YamlKind	kind;
	int			line;			/* where it begins, from 1 */
	int			column;
	YamlTag		tag;			/* of a scalar */
	bool		plain;			/* a scalar without quotes, not a block */
	char	   *text;			/* of a scalar, in the server's encoding */
	YamlItem   *items;			/* of a list or map, in the order of the text */
	int			n_items;
	int			max_items;		/* for how many there is room */
	bool		complete;		/* all its items are read */
};

/*
 * The one document of a text in the server's encoding, palloc'd in the current
 * context.  Raises invalid_yaml where it is malformed, empty, or has several
 * documents, and program_limit_exceeded where it is too large.
 */
extern YamlNode *yaml_read(const char *text, int length);

/* Raise invalid_yaml at a node. */
pg_noreturn extern void yaml_error(const YamlNode *node, const char *message,
								   const char *hint);

/* Raise program_limit_exceeded at a node, where there is more than a limit allows. */
extern void yaml_check_values(const YamlNode *node, int values);
extern void yaml_check_depth(const YamlNode *node, int depth);

#endif							/* PGROLL_YAML_READER_H */
