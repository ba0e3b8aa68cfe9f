/*-------------------------------------------------------------------------
 *
 * sequence_options.c
 *		The options of an identity column's sequence, as a document has them.
 *
 * The grammar reads the text as a part of the only statement in which it can
 * stand; what it found is then written anew.  The rules are those of
 * init_params() in the server's sequence.c.
 *-------------------------------------------------------------------------
 */
#include "pgroll.h"

#include "catalog/pg_type.h"
#include "commands/defrem.h"
#include "lib/stringinfo.h"
#include "nodes/parsenodes.h"
#include "nodes/value.h"
#include "utils/builtins.h"

#include "operation/sequence_options.h"
#include "versioning/expression.h"

typedef enum OptionNumber
{
	OPTION_START,
	OPTION_INCREMENT,
	OPTION_MINVALUE,
	OPTION_MAXVALUE,
	OPTION_CACHE,
	OPTION_COUNT
} OptionNumber;

static const struct
{
	const char *name;			/* of the grammar's DefElem */
	const char *keywords;
}			option_names[OPTION_COUNT] = {
	[OPTION_START] = {"start", "START WITH"},
	[OPTION_INCREMENT] = {"increment", "INCREMENT BY"},
	[OPTION_MINVALUE] = {"minvalue", "MINVALUE"},
	[OPTION_MAXVALUE] = {"maxvalue", "MAXVALUE"},
	[OPTION_CACHE] = {"cache", "CACHE"},
};

static SequenceOptions *read_guarded(const SchemaModel *model, const char *text,
									 Oid type);
static DefElem **place_of(DefElem **options, const DefElem *option);
static List *raw_options(const char *text);
static char *sequence_name(const SchemaModel *model, List *names);
static SequenceFacts facts_of(DefElem *const *options, Oid type);
static void check_values(DefElem *const *options, Oid type);
static int64 value_of(const DefElem *option, int64 otherwise);
static void raise_value(const char *what, int64 value, const char *problem);

SequenceOptions *
sequence_options_read(const SchemaModel *model, const char *text, Oid type,
					  const char *path)
{
	MemoryContext context = CurrentMemoryContext;
	SequenceOptions *volatile options = NULL;

	PG_TRY();
	{
		options = read_guarded(model, text, type);
	}
	PG_CATCH();
	{
		expression_error_at(path, context);
	}
	PG_END_TRY();
	return options;
}

char *
sequence_options_of_identity(const SequenceOptions *options, const SchemaModel *model)
{
	char	   *name = options->name == NULL ? pstrdup("") :
		psprintf(" SEQUENCE NAME %s", model_qualified(model, options->name));
	char	   *all = psprintf("%s%s", name, options->text);

	return all[0] == '\0' ? all : psprintf(" (%s)", all + 1);
}

char *
sequence_options_changed(const char *text, const SequenceFacts *facts)
{
	DefElem    *options[OPTION_COUNT] = {NULL};
	SequenceFacts made;
	bool		cycle = false;
	ListCell   *lc;

	foreach(lc, raw_options(text))
	{
		DefElem    *option = lfirst(lc);
		DefElem   **place = place_of(options, option);

		if (place != NULL)
			*place = option;
		else
			cycle = strcmp(option->defname, "cycle") == 0 && defGetBoolean(option);
	}
	made = facts_of(options, facts->type);
	if (made.start == facts->start && made.increment == facts->increment &&
		made.min == facts->min && made.max == facts->max &&
		made.cache == facts->cache && cycle == facts->cycle)
		return NULL;
	return sequence_options_of_facts(facts);
}

char *
sequence_options_of_facts(const SequenceFacts *facts)
{
	return psprintf(" START WITH " INT64_FORMAT " INCREMENT BY " INT64_FORMAT
					" MINVALUE " INT64_FORMAT " MAXVALUE " INT64_FORMAT
					" CACHE " INT64_FORMAT "%s",
					facts->start, facts->increment, facts->min, facts->max,
					facts->cache, facts->cycle ? " CYCLE" : "");
}

static SequenceOptions *
read_guarded(const SchemaModel *model, const char *text, Oid type)
{
	SequenceOptions *result = palloc0(sizeof(SequenceOptions));
	DefElem    *options[OPTION_COUNT] = {NULL};
	DefElem    *cycle = NULL;
	StringInfoData sql;
	ListCell   *lc;

	initStringInfo(&sql);
	foreach(lc, raw_options(text))
	{
		DefElem    *option = lfirst(lc);
		DefElem   **place = place_of(options, option);

		if (strcmp(option->defname, "cycle") == 0)
			place = &cycle;
		if (strcmp(option->defname, "sequence_name") == 0 && result->name == NULL)
			result->name = sequence_name(model, (List *) option->arg);
		else if (place != NULL && *place == NULL)
			*place = option;
		else
			ereport(ERROR,
					(errcode(ERRCODE_SYNTAX_ERROR),
					 place != NULL ?
					 errmsg("conflicting or redundant options: \"%s\"", option->defname) :
					 errmsg("an identity column has no sequence option \"%s\"",
							option->defname),
					 errhint("Use SEQUENCE NAME, START, INCREMENT, MINVALUE, MAXVALUE, CACHE and CYCLE, each once.")));
	}
	check_values(options, type);
	for (int i = 0; i < OPTION_COUNT; i++)
	{
		if (options[i] != NULL && options[i]->arg != NULL)
			appendStringInfo(&sql, " %s " INT64_FORMAT, option_names[i].keywords,
							 defGetInt64(options[i]));
	}
	if (cycle != NULL && defGetBoolean(cycle))
		appendStringInfoString(&sql, " CYCLE");
	result->text = sql.data;
	return result;
}

static DefElem **
place_of(DefElem **options, const DefElem *option)
{
	for (int i = 0; i < OPTION_COUNT; i++)
	{
		if (strcmp(option->defname, option_names[i].name) == 0)
			return &options[i];
	}
	return NULL;
}

/*
 * The options (DefElem *): the statement must be one CREATE TABLE of one column
 * with nothing but these.
 */
static List *
raw_options(const char *text)
{
	Node	   *element;

	if (text == NULL || text[0] == '\0')
		return NIL;
	element = expression_raw_table_element("CREATE TABLE t (c int GENERATED ALWAYS AS IDENTITY (",
										   text, "\n))");
	if (element != NULL && IsA(element, ColumnDef))
	{
		ColumnDef  *column = (ColumnDef *) element;

		if (list_length(column->constraints) == 1 && column->collClause == NULL &&
			column->fdwoptions == NIL)
			return linitial_node(Constraint, column->constraints)->options;
	}
	ereport(ERROR,
			(errcode(ERRCODE_SYNTAX_ERROR),
			 errmsg("text is not a list of sequence options")));
	return NIL;
}

/* The sequence stands in the table's schema. */
static char *
sequence_name(const SchemaModel *model, List *names)
{
	char	   *name = strVal(llast(names));

	if (list_length(names) > 2 ||
		(list_length(names) == 2 &&
		 strcmp(strVal(linitial(names)), model->base_schema) != 0))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("sequence \"%s\" must be in the schema of its table, \"%s\"",
						name, model->base_schema),
				 errhint("Give the sequence's name without a schema.")));
	return name;
}

/* What the server takes for those that are not given. */
static SequenceFacts
facts_of(DefElem *const *options, Oid type)
{
	int64		lowest = type == INT2OID ? PG_INT16_MIN :
		type == INT4OID ? PG_INT32_MIN : PG_INT64_MIN;
	int64		highest = type == INT2OID ? PG_INT16_MAX :
		type == INT4OID ? PG_INT32_MAX : PG_INT64_MAX;
	SequenceFacts facts = {.type = type};
	bool		ascends;

	facts.increment = value_of(options[OPTION_INCREMENT], 1);
	ascends = facts.increment > 0;
	facts.min = value_of(options[OPTION_MINVALUE], ascends ? 1 : lowest);
	facts.max = value_of(options[OPTION_MAXVALUE], ascends ? highest : -1);
	facts.start = value_of(options[OPTION_START], ascends ? facts.min : facts.max);
	facts.cache = value_of(options[OPTION_CACHE], 1);
	return facts;
}

static void
check_values(DefElem *const *options, Oid type)
{
	SequenceFacts facts = facts_of(options, type);

	if (facts.increment == 0)
		raise_value("INCREMENT", facts.increment, "must not be zero");
	if (!sequence_type_holds(type, facts.max))
		raise_value("MAXVALUE", facts.max, "is out of range for the type of the column");
	if (!sequence_type_holds(type, facts.min))
		raise_value("MINVALUE", facts.min, "is out of range for the type of the column");
	if (facts.min >= facts.max)
		raise_value("MINVALUE", facts.min,
					psprintf("must be less than MAXVALUE (" INT64_FORMAT ")", facts.max));
	if (facts.start < facts.min || facts.start > facts.max)
		raise_value("START value", facts.start,
					psprintf("is not between MINVALUE (" INT64_FORMAT ") and MAXVALUE (" INT64_FORMAT ")",
							 facts.min, facts.max));
	if (facts.cache <= 0)
		raise_value("CACHE", facts.cache, "must be greater than zero");
}

/* NO MINVALUE and the like have no value. */
static int64
value_of(const DefElem *option, int64 otherwise)
{
	return option == NULL || option->arg == NULL ? otherwise :
		defGetInt64((DefElem *) option);
}

static void
raise_value(const char *what, int64 value, const char *problem)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("sequence option %s (" INT64_FORMAT ") %s", what, value, problem)));
}
