/*-------------------------------------------------------------------------
 *
 * json_reader.c
 *		Typed getters over a jsonb object; every error carries its path.
 *-------------------------------------------------------------------------
 */
#include "pgroll.h"

#include "utils/builtins.h"
#include "utils/numeric.h"

#include "support/json_reader.h"

static JsonbValue *find_key(JsonReader *reader, const char *key, bool required);
static bool key_is_known(const JsonReader *reader, const char *key, int length);
static void wrong_type(const JsonReader *reader, const char *key,
					   const char *expected);
static List *list_elements(JsonReader *reader, const char *key, bool required);
static char *text_of(const JsonbValue *value);
static char *string_of(const JsonbValue *value);
static char *check_name(char *name, const char *path);

JsonReader *
json_reader_create(JsonbValue *value, const char *path)
{
	JsonReader *reader;

	if (value->type != jbvBinary || !JsonContainerIsObject(value->val.binary.data))
		json_error(path, "an object is expected");
	reader = palloc0(sizeof(JsonReader));
	reader->object = value->val.binary.data;
	reader->path = pstrdup(path);
	return reader;
}

char *
json_path(const JsonReader *reader, const char *key)
{
	if (reader->path[0] == '\0')
		return pstrdup(key);
	return psprintf("%s.%s", reader->path, key);
}

bool
json_has(JsonReader *reader, const char *key)
{
	return find_key(reader, key, false) != NULL;
}

bool
json_is_null(JsonReader *reader, const char *key)
{
	JsonbValue *value = find_key(reader, key, false);

	return value != NULL && value->type == jbvNull;
}

char *
json_string(JsonReader *reader, const char *key, bool required)
{
	JsonbValue *value = find_key(reader, key, required);

	if (value == NULL)
		return NULL;
	if (value->type != jbvString)
		wrong_type(reader, key, "a string");
	return string_of(value);
}

char *
json_name(JsonReader *reader, const char *key, bool required)
{
	char	   *name = json_string(reader, key, required);

	if (name == NULL)
		return NULL;
	return check_name(name, json_path(reader, key));
}

char *
json_text(JsonReader *reader, const char *key, bool required)
{
	JsonbValue *value = find_key(reader, key, required);
	char	   *text;

	if (value == NULL)
		return NULL;
	text = text_of(value);
	if (text == NULL)
		wrong_type(reader, key, "a string");
	return text;
}

bool
json_bool(JsonReader *reader, const char *key, bool absent)
{
	JsonbValue *value = find_key(reader, key, false);

	if (value == NULL)
		return absent;
	if (value->type != jbvBool)
		wrong_type(reader, key, "true or false");
	return value->val.boolean;
}

int
json_choice(JsonReader *reader, const char *key, const char *const *choices,
			int absent)
{
	char	   *text = json_string(reader, key, false);
	StringInfoData list;

	if (text == NULL)
		return absent;
	initStringInfo(&list);
	for (int i = 0; choices[i] != NULL; i++)
	{
		if (pg_strcasecmp(text, choices[i]) == 0)
			return i;
		appendStringInfo(&list, "%s\"%s\"", i > 0 ? ", " : "", choices[i]);
	}
	ereport(ERROR,
			(errcode(ERRCODE_PGROLL_INVALID_DOCUMENT),
			 errmsg("value \"%s\" is not allowed in the migration document", text),
			 errdetail("At %s.", json_path(reader, key)),
			 errhint("Use one of %s.", list.data)));
	return absent;
}

JsonReader *
json_nested(JsonReader *reader, const char *key, bool required)
{
	JsonbValue *value = find_key(reader, key, required);

	if (value == NULL)
		return NULL;
	return json_reader_create(value, json_path(reader, key));
}

List *
json_nested_list(JsonReader *reader, const char *key, bool required)
{
	List	   *readers = NIL;
	ListCell   *lc;
	int			i = 0;

	foreach(lc, list_elements(reader, key, required))
		readers = lappend(readers,
						  json_reader_create(lfirst(lc),
											 psprintf("%s[%d]",
													  json_path(reader, key), i++)));
	return readers;
}

List *
json_name_list(JsonReader *reader, const char *key, bool required)
{
	List	   *names = NIL;
	ListCell   *lc;
	int			i = 0;

	foreach(lc, list_elements(reader, key, required))
	{
		JsonbValue *value = lfirst(lc);
		char	   *path = psprintf("%s[%d]", json_path(reader, key), i++);

		if (value->type != jbvString)
			json_error(path, "a name is expected");
		names = lappend(names, check_name(string_of(value), path));
	}
	return names;
}

List *
json_text_list(JsonReader *reader, const char *key, bool required)
{
	List	   *texts = NIL;
	ListCell   *lc;
	int			i = 0;

	foreach(lc, list_elements(reader, key, required))
	{
		char	   *text = text_of(lfirst(lc));

		if (text == NULL)
			json_error(psprintf("%s[%d]", json_path(reader, key), i),
					   "a string is expected");
		texts = lappend(texts, text);
		i++;
	}
	return texts;
}

List *
json_item_list(JsonReader *reader, const char *key, bool required)
{
	List	   *items = NIL;
	ListCell   *lc;
	int			i = 0;

	foreach(lc, list_elements(reader, key, required))
	{
		JsonbValue *value = lfirst(lc);
		JsonItem   *item = palloc0(sizeof(JsonItem));

		item->path = psprintf("%s[%d]", json_path(reader, key), i++);
		if (value->type == jbvString)
			item->name = check_name(string_of(value), item->path);
		else
			item->reader = json_reader_create(value, item->path);
		items = lappend(items, item);
	}
	return items;
}

bool
json_is_object(JsonReader *reader, const char *key)
{
	JsonbValue *value = find_key(reader, key, false);

	return value != NULL && value->type == jbvBinary &&
		JsonContainerIsObject(value->val.binary.data);
}

List *
json_keys(const JsonReader *reader)
{
	JsonbIterator *it = JsonbIteratorInit(reader->object);
	JsonbValue	value;
	List	   *keys = NIL;
	JsonbIteratorToken token;

	while ((token = JsonbIteratorNext(&it, &value, true)) != WJB_DONE)
	{
		if (token == WJB_KEY)
			keys = lappend(keys, string_of(&value));
	}
	return keys;
}

char *
json_only_key(JsonReader *reader)
{
	List	   *keys = json_keys(reader);

	if (list_length(keys) != 1)
		json_error(reader->path, "an operation must have exactly one key");
	return linitial(keys);
}

void
json_done(JsonReader *reader)
{
	JsonbIterator *it = JsonbIteratorInit(reader->object);
	JsonbValue	value;
	JsonbIteratorToken token;

	while ((token = JsonbIteratorNext(&it, &value, true)) != WJB_DONE)
	{
		if (token == WJB_KEY &&
			!key_is_known(reader, value.val.string.val, value.val.string.len))
			ereport(ERROR,
					(errcode(ERRCODE_PGROLL_INVALID_DOCUMENT),
					 errmsg("unknown key \"%s\" in the migration document",
							string_of(&value)),
					 errdetail("At %s.", json_path(reader, string_of(&value))),
					 errhint("Remove the key or correct its spelling.")));
	}
}

void
json_error(const char *path, const char *message)
{
	ereport(ERROR,
			(errcode(ERRCODE_PGROLL_INVALID_DOCUMENT),
			 errmsg("invalid migration document: %s", message),
			 errdetail("At %s.", path[0] == '\0' ? "the top level" : path),
			 errhint("Correct the migration document.")));
	pg_unreachable();
}

/* Look a key up, and remember that it is a known one. */
static JsonbValue *
find_key(JsonReader *reader, const char *key, bool required)
{
	JsonbValue *value = getKeyJsonValueFromContainer(reader->object, key,
													 strlen(key), NULL);

	if (!key_is_known(reader, key, strlen(key)))
		reader->known = lappend(reader->known, pstrdup(key));
	if (value == NULL && required)
		ereport(ERROR,
				(errcode(ERRCODE_PGROLL_INVALID_DOCUMENT),
				 errmsg("required key \"%s\" is missing in the migration document", key),
				 errdetail("At %s.", reader->path[0] == '\0' ? "the top level" : reader->path),
				 errhint("Add the key.")));
	return value;
}

static bool
key_is_known(const JsonReader *reader, const char *key, int length)
{
	ListCell   *lc;

	foreach(lc, reader->known)
	{
		const char *known = lfirst(lc);

		if (strlen(known) == length && memcmp(known, key, length) == 0)
			return true;
	}
	return false;
}

static void
wrong_type(const JsonReader *reader, const char *key, const char *expected)
{
	json_error(json_path(reader, key), psprintf("%s is expected", expected));
}

/* The elements (JsonbValue *) of a list. */
static List *
list_elements(JsonReader *reader, const char *key, bool required)
{
	JsonbValue *value = find_key(reader, key, required);
	List	   *elements = NIL;
	int			n;

	if (value == NULL)
		return NIL;
	if (value->type != jbvBinary || !JsonContainerIsArray(value->val.binary.data) ||
		JsonContainerIsScalar(value->val.binary.data))
		wrong_type(reader, key, "a list");
	n = JsonContainerSize(value->val.binary.data);
	for (int i = 0; i < n; i++)
		elements = lappend(elements,
						   getIthJsonbValueFromContainer(value->val.binary.data, i));
	return elements;
}

/* NULL where the value has no text. */
static char *
text_of(const JsonbValue *value)
{
	switch (value->type)
	{
		case jbvString:
			return string_of(value);
		case jbvNumeric:
			return numeric_normalize(value->val.numeric);
		case jbvBool:
			return pstrdup(value->val.boolean ? "true" : "false");
		default:
			return NULL;
	}
}

static char *
string_of(const JsonbValue *value)
{
	return pnstrdup(value->val.string.val, value->val.string.len);
}

static char *
check_name(char *name, const char *path)
{
	if (name[0] == '\0')
		json_error(path, "a name must not be empty");
	if (strlen(name) >= NAMEDATALEN)
		ereport(ERROR,
				(errcode(ERRCODE_NAME_TOO_LONG),
				 errmsg("name \"%s\" is too long", name),
				 errdetail("At %s: it has %d bytes.", path, (int) strlen(name)),
				 errhint("Use a name of at most %d bytes.", NAMEDATALEN - 1)));
	return name;
}
