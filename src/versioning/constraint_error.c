/*-------------------------------------------------------------------------
 *
 * constraint_error.c
 *		Errors of constraints that stand for another while a migration is active.
 *
 * Also NOT NULL of a column that has its final name only later.
 *
 * Two constraints of a table can't have one name, so until the completion the
 * one on the shadow is called otherwise (names.h).  Its name tells whose place
 * it takes; the end of a very long one is cut.
 *-------------------------------------------------------------------------
 */
#include "pgroll.h"

#include "lib/stringinfo.h"
#include "utils/memutils.h"

#include "schema/names.h"
#include "versioning/constraint_error.h"

static char *replace_name(const char *text, const char *name, const char *original);

void
constraint_error_rename(void)
{
	MemoryContext catching;
	ErrorData  *error;
	const char *original;

	if (ERRCODE_TO_CATEGORY(geterrcode()) != ERRCODE_INTEGRITY_CONSTRAINT_VIOLATION)
		return;
	catching = MemoryContextSwitchTo(TopTransactionContext);
	error = CopyErrorData();
	if (error->constraint_name != NULL &&
		(original = name_carried_original(error->constraint_name)) != NULL)
	{
		error->message = replace_name(error->message, error->constraint_name, original);
		error->constraint_name = pstrdup(original);
	}
	else if (error->column_name != NULL &&
			 (original = name_temporary_original(error->column_name)) != NULL)
	{
		error->message = replace_name(error->message, error->column_name, original);
		error->column_name = pstrdup(original);
	}
	else
	{
		FreeErrorData(error);
		MemoryContextSwitchTo(catching);
		return;
	}
	FlushErrorState();
	ReThrowError(error);
}

/* The first occurrence of the name, which is like nothing else in a message. */
static char *
replace_name(const char *text, const char *name, const char *original)
{
	const char *place = strstr(text, name);

	if (place == NULL)
		return pstrdup(text);
	return psprintf("%.*s%s%s", (int) (place - text), text, original,
					place + strlen(name));
}
