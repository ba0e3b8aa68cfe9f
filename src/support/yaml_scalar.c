/*-------------------------------------------------------------------------
 *
 * yaml_scalar.c
 *		What a scalar of YAML is, by the core schema of YAML 1.2.
 *
 * So "yes", "on" and dates are texts, and 0o17 is a number but 017 is seventeen.
 *-------------------------------------------------------------------------
 */
#include "pgroll.h"

#include <ctype.h>

#include "fmgr.h"
#include "utils/builtins.h"

#include "support/yaml_scalar.h"

/* A longer number, or one with a larger exponent, is not meant as one. */
#define MAX_NUMBER_LENGTH 1000
#define MAX_EXPONENT 1000

#define NUMBER_HINT "Quote it, if a text is meant."

static YamlType plain_type(const char *text);
static bool is_one_of(const char *text, const char *const *words);
static bool is_decimal(const char *text, YamlType *type);
static bool is_based(const char *text);
static bool is_infinite(const char *text);

static const char *const null_words[] = {"", "~", "null", "Null", "NULL", NULL};
static const char *const true_words[] = {"true", "True", "TRUE", NULL};
static const char *const false_words[] = {"false", "False", "FALSE", NULL};
static const char *const inf_words[] = {".inf", ".Inf", ".INF", NULL};
static const char *const nan_words[] = {".nan", ".NaN", ".NAN", NULL};

YamlType
yaml_scalar_type(const YamlNode *scalar)
{
	YamlType	type = plain_type(scalar->text);
	bool		fits = false;

	switch (scalar->tag)
	{
		case YAML_TAG_NONE:
			return scalar->plain ? type : YAML_TYPE_TEXT;
		case YAML_TAG_TEXT:
			return YAML_TYPE_TEXT;
		case YAML_TAG_NULL:
			fits = type == YAML_TYPE_NULL;
			break;
		case YAML_TAG_BOOL:
			fits = type == YAML_TYPE_BOOL;
			break;
		case YAML_TAG_INT:
			fits = type == YAML_TYPE_INT;
			break;
		case YAML_TAG_FLOAT:
			fits = type == YAML_TYPE_FLOAT || type == YAML_TYPE_INT;
			break;
	}
	if (!fits)
		yaml_error(scalar, psprintf("\"%s\" is not what its tag says", scalar->text),
				   "Leave the tag out.");
	return type;
}

bool
yaml_scalar_bool(const YamlNode *scalar)
{
	return is_one_of(scalar->text, true_words);
}

char *
yaml_scalar_number(const YamlNode *scalar)
{
	const char *text = scalar->text;
	const char *e = strpbrk(text, "eE");
	long		exponent = e != NULL ? strtol(e + 1, NULL, 10) : 0;
	Datum		number;

	if (is_infinite(text))
		yaml_error(scalar, psprintf("JSON has no number \"%s\"", text), NUMBER_HINT);
	if (is_based(text))
	{
		uint64		value;

		errno = 0;
		value = strtou64(text + 2, NULL, text[1] == 'x' ? 16 : 8);
		if (errno != 0)
			yaml_error(scalar, psprintf("the number \"%s\" is out of range", text),
					   NUMBER_HINT);
		return psprintf(UINT64_FORMAT, value);
	}
	if (strlen(text) > MAX_NUMBER_LENGTH ||
		exponent > MAX_EXPONENT || exponent < -MAX_EXPONENT)
		yaml_error(scalar, "a number is out of range", NUMBER_HINT);
	number = DirectFunctionCall3(numeric_in, CStringGetDatum(text),
								 ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1));
	return DatumGetCString(DirectFunctionCall1(numeric_out, number));
}

/* What a text without quotes and tag is. */
static YamlType
plain_type(const char *text)
{
	YamlType	type;

	if (is_one_of(text, null_words))
		return YAML_TYPE_NULL;
	if (is_one_of(text, true_words) || is_one_of(text, false_words))
		return YAML_TYPE_BOOL;
	if (is_decimal(text, &type))
		return type;
	if (is_based(text))
		return YAML_TYPE_INT;
	return is_infinite(text) ? YAML_TYPE_FLOAT : YAML_TYPE_TEXT;
}

static bool
is_one_of(const char *text, const char *const *words)
{
	for (int i = 0; words[i] != NULL; i++)
	{
		if (strcmp(text, words[i]) == 0)
			return true;
	}
	return false;
}

/* [-+]? ( [0-9]+ (\. [0-9]*)? | \. [0-9]+ ) ( [eE] [-+]? [0-9]+ )? */
static bool
is_decimal(const char *text, YamlType *type)
{
	size_t		whole;
	size_t		fraction = 0;

	*type = YAML_TYPE_INT;
	text += strspn(text, "-+") == 1 ? 1 : 0;
	whole = strspn(text, "0123456789");
	text += whole;
	if (*text == '.')
	{
		*type = YAML_TYPE_FLOAT;
		fraction = strspn(++text, "0123456789");
		text += fraction;
	}
	if (whole + fraction == 0)
		return false;
	if (*text == 'e' || *text == 'E')
	{
		*type = YAML_TYPE_FLOAT;
		text++;
		text += strspn(text, "-+") == 1 ? 1 : 0;
		if (!isdigit((unsigned char) *text))
			return false;
		text += strspn(text, "0123456789");
	}
	return *text == '\0';
}

/* 0o [0-7]+ | 0x [0-9a-fA-F]+ */
static bool
is_based(const char *text)
{
	const char *digits;

	if (text[0] != '0' || (text[1] != 'o' && text[1] != 'x'))
		return false;
	digits = text[1] == 'o' ? "01234567" : "0123456789abcdefABCDEF";
	return text[2] != '\0' && text[2 + strspn(text + 2, digits)] == '\0';
}

static bool
is_infinite(const char *text)
{
	if (is_one_of(text, nan_words))
		return true;
	return is_one_of(text + (*text == '-' || *text == '+' ? 1 : 0), inf_words);
}
