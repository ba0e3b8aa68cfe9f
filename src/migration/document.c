/*-------------------------------------------------------------------------
 *
 * document.c
 *		jsonb -> Migration.
 *-------------------------------------------------------------------------
 */
#include "pgroll.h"

#include "migration/document.h"
#include "operation/op_sql.h"
#include "operation/registry.h"
#include "schema/names.h"

static JsonReader *top_reader(Jsonb *document);
static Operation *read_operation(JsonReader *reader, int number);
static void check_isolated(const Migration *migration);

Migration *
document_read(const char *base_schema, const char *name, Jsonb *document)
{
	Migration  *migration = palloc0(sizeof(Migration));
	JsonReader *reader = top_reader(document);
	char	   *own_name = json_string(reader, "name", false);
	char	   *version = json_name(reader, "version_schema", false);
	ListCell   *lc;

	if (own_name != NULL && strcmp(own_name, name) != 0)
		json_error("name", psprintf("the name is not \"%s\"", name));
	if (name[0] == '\0')
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_NAME),
				 errmsg("the name of a migration must not be empty"),
				 errhint("Give a name such as \"02_add_email\".")));
	migration->base_schema = pstrdup(base_schema);
	migration->name = pstrdup(name);
	migration->version_schema = name_version_schema(base_schema,
													version != NULL ? version : name);
	foreach(lc, json_nested_list(reader, "operations", true))
		migration->operations = lappend(migration->operations,
										read_operation(lfirst(lc),
													   foreach_current_index(lc) + 1));
	json_done(reader);
	if (migration->operations == NIL)
		json_error("operations", "the list is empty");
	foreach(lc, migration->operations)
		((Operation *) lfirst(lc))->siblings = migration->operations;
	check_isolated(migration);
	return migration;
}

static JsonReader *
top_reader(Jsonb *document)
{
	JsonbValue	value;

	if (JB_ROOT_IS_SCALAR(document) || !JB_ROOT_IS_OBJECT(document))
		json_error("", "an object is expected");
	value.type = jbvBinary;
	value.val.binary.data = &document->root;
	value.val.binary.len = VARSIZE(document) - VARHDRSZ;
	return json_reader_create(&value, "");
}

static Operation *
read_operation(JsonReader *reader, int number)
{
	char	   *key = json_only_key(reader);
	const OperationOps *ops = registry_find(key, reader->path);
	JsonReader *fields = json_nested(reader, key, true);
	Operation  *operation = ops->parse(fields);

	json_done(fields);
	operation->ops = ops;
	operation->number = number;
	operation->path = json_path(reader, key);
	return operation;
}

/* What the sql operation does to the catalogs, no other operation can foresee. */
static void
check_isolated(const Migration *migration)
{
	ListCell   *lc;

	if (list_length(migration->operations) == 1)
		return;
	foreach(lc, migration->operations)
	{
		Operation  *operation = lfirst(lc);

		if (op_sql_runs_at_start(operation))
			json_error(operation->path,
					   "an sql operation without \"onComplete\" must be alone in its migration");
	}
}
