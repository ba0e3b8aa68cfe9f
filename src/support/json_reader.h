/*-------------------------------------------------------------------------
 *
 * json_reader.h
 *		Typed getters over a jsonb object; every error carries its path.
 *-------------------------------------------------------------------------
 */
#ifndef PGROLL_JSON_READER_H
#define PGROLL_JSON_READER_H

#include "nodes/pg_list.h"
#include "utils/jsonb.h"

/* One object of the document, and which of its keys have been asked for. */
typedef struct JsonReader
{
	JsonbContainer *object;
	char	   *path;			/* "operations[2].alter_column", "" at the top */
	List	   *known;			/* char *: the keys that a getter asked for */
} JsonReader;

/* A reader for the object at value; an error where it is not an object. */
extern JsonReader *json_reader_create(JsonbValue *value, const char *path);

/* The path of a key of this object, for an error's detail. */
extern char *json_path(const JsonReader *reader, const char *key);

/* Is the key there (with null, too)?  Is it there and null? */
extern bool json_has(JsonReader *reader, const char *key);
extern bool json_is_null(JsonReader *reader, const char *key);

/*
 * The getters below raise invalid_document (name_too_long for a name) at the key's
 * path where the value is of another type, or required and absent.  What they
 * return is palloc'd in the current context.
 *
 * A string, or NULL where the key is absent and not required.  A name is a
 * string of 1 to 63 bytes.  A text may also be a number or a boolean, taken as
 * its text, as files written in YAML have them.
 */
extern char *json_string(JsonReader *reader, const char *key, bool required);
extern char *json_name(JsonReader *reader, const char *key, bool required);
extern char *json_text(JsonReader *reader, const char *key, bool required);

/* A boolean; absent where the key is not there. */
extern bool json_bool(JsonReader *reader, const char *key, bool absent);

/* The index of the string in choices (NULL-terminated, any case), or absent. */
extern int	json_choice(JsonReader *reader, const char *key,
						const char *const *choices, int absent);

/* A reader of a nested object, NULL where it is absent and not required. */
extern JsonReader *json_nested(JsonReader *reader, const char *key, bool required);

/* Readers (JsonReader *) of a list of objects; names, texts (char *) of one of those. */
extern List *json_nested_list(JsonReader *reader, const char *key, bool required);
extern List *json_name_list(JsonReader *reader, const char *key, bool required);
extern List *json_text_list(JsonReader *reader, const char *key, bool required);

/* An element of a list that has names (reader is NULL) and objects (name is NULL). */
typedef struct JsonItem
{
	char	   *name;
	JsonReader *reader;
	char	   *path;
} JsonItem;

/* Such a list (JsonItem *). */
extern List *json_item_list(JsonReader *reader, const char *key, bool required);

/* Is the value of a key an object? */
extern bool json_is_object(JsonReader *reader, const char *key);

/* The keys (char *) of an object, which has lost their order. */
extern List *json_keys(const JsonReader *reader);

/* The only key of an object; an error where it has none or several. */
extern char *json_only_key(JsonReader *reader);

/* Raise an error where the object has a key that no getter asked for. */
extern void json_done(JsonReader *reader);

/* Raise invalid_document at a path. */
pg_noreturn extern void json_error(const char *path, const char *message);

#endif							/* PGROLL_JSON_READER_H */
