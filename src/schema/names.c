/*-------------------------------------------------------------------------
 *
 * names.c
 *		Every name that we give to an object, and whether a name is ours.
 *-------------------------------------------------------------------------
 */
#include "pgroll.h"

#include "common/hashfn.h"
#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"

#include "schema/names.h"

static char *clip(char *name);

char *
name_marker(int64 migration)
{
	return psprintf(PGROLL_PREFIX INT64_FORMAT "_pending", migration);
}

char *
name_temporary(int64 migration, int ordinal, const char *name)
{
	return clip(psprintf(PGROLL_PREFIX INT64_FORMAT "_%d_%s",
						 migration, ordinal, name));
}

char *
name_carried(int64 migration, const char *name)
{
	uint32		hash = hash_bytes((const unsigned char *) name, strlen(name));

	return clip(psprintf(PGROLL_PREFIX INT64_FORMAT "_%08x_%s",
						 migration, hash, name));
}

char *
name_new(int64 migration, const char *name)
{
	uint32		hash = hash_bytes((const unsigned char *) name, strlen(name));

	return clip(psprintf(PGROLL_PREFIX INT64_FORMAT "_%08xn_%s",
						 migration, hash, name));
}

bool
name_is_new(const char *name)
{
	const char *original = name_carried_original(name);

	return original != NULL && original[-2] == 'n';
}

const char *
name_carried_original(const char *name)
{
	const char *rest = name;

	if (!name_is_ours(name))
		return NULL;
	rest += strlen(PGROLL_PREFIX);
	rest += strspn(rest, "0123456789");
	if (rest[0] != '_' || strspn(rest + 1, "0123456789abcdef") < 8)
		return NULL;
	rest += rest[9] == 'n' ? 10 : 9;
	return rest[0] == '_' ? rest + 1 : NULL;
}

const char *
name_temporary_original(const char *name)
{
	const char *rest = name;

	if (!name_is_ours(name))
		return NULL;
	rest += strlen(PGROLL_PREFIX);
	rest += strspn(rest, "0123456789");
	if (rest[0] != '_' || strspn(rest + 1, "0123456789") == 0)
		return NULL;
	rest += 1 + strspn(rest + 1, "0123456789");
	return rest[0] == '_' ? rest + 1 : NULL;
}

bool
name_is_ours(const char *name)
{
	return strncmp(name, PGROLL_PREFIX, strlen(PGROLL_PREFIX)) == 0;
}

bool
name_is_dual_write_trigger(const char *name)
{
	return strcmp(name, DUAL_WRITE_TRIGGER_FIRST) == 0 ||
		strcmp(name, DUAL_WRITE_TRIGGER_LAST) == 0;
}

bool
name_is_of_migration(const char *name, int64 migration)
{
	char	   *prefix = psprintf(PGROLL_PREFIX INT64_FORMAT "_", migration);

	return strncmp(name, prefix, strlen(prefix)) == 0;
}

bool
names_include(const List *names, const char *name)
{
	ListCell   *lc;

	foreach(lc, names)
	{
		if (strcmp(lfirst(lc), name) == 0)
			return true;
	}
	return false;
}

char *
name_unlike(const List *names, char *name)
{
	char	   *numbered = name;

	for (int i = 1; names_include(names, numbered); i++)
	{
		char	   *number = psprintf("%d", i);

		numbered = psprintf("%.*s%s",
							pg_mbcliplen(name, strlen(name), NAMEDATALEN - 1 - strlen(number)),
							name, number);
	}
	return numbered;
}

char *
name_version_schema(const char *base_schema, const char *version)
{
	char	   *name = psprintf("%s_%s", base_schema, version);

	if (strlen(name) >= NAMEDATALEN)
		ereport(ERROR,
				(errcode(ERRCODE_NAME_TOO_LONG),
				 errmsg("name of version schema \"%s\" is too long", name),
				 errdetail("It has %d bytes.", (int) strlen(name)),
				 errhint("Give the migration a shorter name, or set version_schema in its document.")));
	return name;
}

/* Cut a name at 63 bytes, between characters. */
static char *
clip(char *name)
{
	name[pg_mbcliplen(name, strlen(name), NAMEDATALEN - 1)] = '\0';
	return name;
}

char *
names_addition(List *columns)
{
	StringInfoData addition;
	ListCell   *lc;

	initStringInfo(&addition);
	foreach(lc, columns)
	{
		if (addition.len >= NAMEDATALEN)
			break;
		appendStringInfo(&addition, "%s%s", addition.len > 0 ? "_" : "",
						 (char *) lfirst(lc));
	}
	return addition.data;
}
