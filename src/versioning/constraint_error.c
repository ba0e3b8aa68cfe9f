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

static emit_log_hook_type previous_hook = NULL;

static void make_not_null(ErrorData *error, const char *check);
static void rename_in_report(ErrorData *error);
static void rename_key_columns(ErrorData *error);
static char *replace_name(const char *text, const char *name, const char *original);

void
constraint_error_init(void)
{
	previous_hook = emit_log_hook;
	emit_log_hook = rename_in_report;
}

void
constraint_error_rename(void)
{
	MemoryContext catching;
	ErrorData  *error;

	if (ERRCODE_TO_CATEGORY(geterrcode()) != ERRCODE_INTEGRITY_CONSTRAINT_VIOLATION)
		return;
	catching = MemoryContextSwitchTo(TopTransactionContext);
	error = CopyErrorData();
	if (!constraint_error_rename_in(error))
	{
		FreeErrorData(error);
		MemoryContextSwitchTo(catching);
		return;
	}
	FlushErrorState();
	ReThrowError(error);
}

bool
constraint_error_rename_in(ErrorData *error)
{
	const char *original;

	rename_key_columns(error);
	if (error->constraint_name != NULL &&
		(original = name_carried_original(error->constraint_name)) != NULL)
	{
		if (name_temporary_original(original) != NULL)
		{
			make_not_null(error, name_temporary_original(original));
			return true;
		}
		error->message = replace_name(error->message, error->constraint_name, original);
		error->constraint_name = pstrdup(original);
		return true;
	}
	if (error->column_name != NULL &&
		(original = name_temporary_original(error->column_name)) != NULL)
	{
		error->message = replace_name(error->message, error->column_name, original);
		error->column_name = pstrdup(original);
		return true;
	}
	return false;
}

/* A check that is called after a column stands for the NOT NULL of that. */
static void
make_not_null(ErrorData *error, const char *check)
{
	const char *suffix = " not null";
	int			length = strlen(check) - strlen(suffix);

	error->sqlerrcode = ERRCODE_NOT_NULL_VIOLATION;
	/* It is cut off where the column's name is long. */
	error->column_name = length > 0 && strcmp(check + length, suffix) == 0 ?
		pnstrdup(check, length) : pstrdup(check);
	error->message = psprintf("null value in column \"%s\" of relation \"%s\" violates not-null constraint",
							  error->column_name,
							  error->table_name == NULL ? "" : error->table_name);
	error->constraint_name = NULL;
}

/*
 * What the executor's hooks do not see: COPY, and constraints that are checked when
 * the transaction ends.
 */
static void
rename_in_report(ErrorData *error)
{
	if (ERRCODE_TO_CATEGORY(error->sqlerrcode) == ERRCODE_INTEGRITY_CONSTRAINT_VIOLATION)
		(void) constraint_error_rename_in(error);
	if (previous_hook)
		previous_hook(error);
}

/* A detail like 'Key (column, column)=(1, 2) already exists.' */
static void
rename_key_columns(ErrorData *error)
{
	StringInfoData detail;
	const char *values;

	if (error->detail == NULL || (values = strstr(error->detail, ")=(")) == NULL)
		return;
	initStringInfo(&detail);
	for (const char *next = error->detail; next < values; next++)
	{
		const char *original = name_temporary_original(next);

		/* The original name is the rest of the temporary one. */
		if (original != NULL && original < values)
			next = original;
		appendStringInfoChar(&detail, *next);
	}
	appendStringInfoString(&detail, values);
	error->detail = detail.data;
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
