/*-------------------------------------------------------------------------
 *
 * exclusion_definition.c
 *		The exclusion constraint of a document.
 *
 * The grammar reads the elements as those of the only statement in which they can
 * stand.  What it found is looked up in the base schema, checked as the server does
 * it when it makes the index, and written anew: nothing of the text itself gets
 * into a statement.
 *-------------------------------------------------------------------------
 */
#include "pgroll.h"

#include "access/amapi.h"
#include "access/htup_details.h"
#include "catalog/namespace.h"
#include "catalog/index.h"
#include "catalog/pg_operator.h"
#include "commands/defrem.h"
#include "nodes/nodeFuncs.h"
#include "nodes/parsenodes.h"
#include "nodes/value.h"
#include "lib/stringinfo.h"
#include "parser/parse_oper.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/regproc.h"
#include "utils/syscache.h"

#include "operation/exclusion_definition.h"
#include "operation/operation_util.h"
#include "schema/catalog_object.h"
#include "support/guc.h"
#include "versioning/expression.h"

/* "room COLLATE x opclass DESC WITH =" */
typedef struct ExclusionElement
{
	Node	   *expr;			/* over generations: a column or an expression */
	bool		is_column;
	char	   *tail;			/* what stands behind it, "" or with a space */
} ExclusionElement;

static List *raw_elements(const ExclusionDefinition *def);
static void check_method(const ExclusionDefinition *def, int ncolumns);
static ExclusionElement *resolve_element(const ExclusionDefinition *def,
										 TableModel *table, IndexElem *raw,
										 List *operator);
static char *resolve_opclass(const ExclusionDefinition *def, IndexElem *raw, Oid type,
							 Oid *opclass);
static char *resolve_operator(List *name, Oid type, Oid opclass);
static char *qualified_operator(Oid operator);
static char *order_sql(const ExclusionDefinition *def, const IndexElem *raw);

ExclusionDefinition *
exclusion_definition_parse(JsonReader *reader)
{
	ExclusionDefinition *def = palloc0(sizeof(ExclusionDefinition));

	def->path = reader->path;
	def->method = json_text(reader, "index_method", false);
	if (def->method == NULL || def->method[0] == '\0')
		def->method = pstrdup(DEFAULT_INDEX_TYPE);
	def->elements_source = json_text(reader, "elements", true);
	def->predicate_source = json_text(reader, "predicate", false);
	if (def->predicate_source != NULL && def->predicate_source[0] == '\0')
		def->predicate_source = NULL;
	json_done(reader);
	return def;
}

void
exclusion_definition_resolve(ExclusionDefinition *def, SchemaModel *model,
							 TableModel *table)
{
	MemoryContext context = CurrentMemoryContext;
	int			guc_level = NewGUCNestLevel();
	const char *volatile field = "index_method";
	List	   *elements;
	ListCell   *lc;

	guc_set_local("search_path", guc_user_search_path(model->base_schema));
	guc_set_portable_strings();
	PG_TRY();
	{
		check_method(def, 1);
		field = "elements";
		elements = raw_elements(def);
		check_method(def, list_length(elements));
		foreach(lc, elements)
		{
			List	   *element = lfirst(lc);

			def->elements = lappend(def->elements,
									resolve_element(def, table, linitial(element),
													lsecond(element)));
		}
	}
	PG_CATCH();
	{
		expression_error_at(psprintf("%s.%s", def->path, field), context);
	}
	PG_END_TRY();
	AtEOXact_GUC(false, guc_level);
	if (def->predicate_source != NULL)
		def->predicate = expression_parse(model, table, def->predicate_source,
										  psprintf("%s.predicate", def->path),
										  EXPRESSION_PREDICATE);
}

List *
exclusion_definition_columns(const ExclusionDefinition *def, const TableModel *table)
{
	Bitmapset  *inputs = expression_inputs(def->predicate);
	List	   *generations = NIL;
	int			number = -1;
	ListCell   *lc;

	foreach(lc, def->elements)
		inputs = bms_add_members(inputs,
								 expression_inputs(((ExclusionElement *) lfirst(lc))->expr));
	while ((number = bms_next_member(inputs, number)) >= 0)
		generations = lappend(generations, model_generation(table, number));
	return generations;
}

char *
exclusion_definition_sql(const ExclusionDefinition *def, const TableModel *table)
{
	List	   *names = operation_newest_names(table);
	StringInfoData sql;
	ListCell   *lc;

	initStringInfo(&sql);
	appendStringInfo(&sql, "EXCLUDE USING %s (", quote_identifier(def->method));
	foreach(lc, def->elements)
	{
		const ExclusionElement *element = lfirst(lc);
		char	   *expr = expression_deparse_names(element->expr, names);

		appendStringInfo(&sql, element->is_column ? "%s%s%s" : "%s(%s)%s",
						 foreach_current_index(lc) > 0 ? ", " : "",
						 expr, element->tail);
	}
	appendStringInfoChar(&sql, ')');
	return sql.data;
}

char *
exclusion_definition_where(const ExclusionDefinition *def, const TableModel *table)
{
	if (def->predicate == NULL)
		return pstrdup("");
	return psprintf(" WHERE (%s)",
					expression_deparse_names(def->predicate, operation_newest_names(table)));
}

/*
 * Lists of an IndexElem and an operator's name.  The statement must be one CREATE
 * TABLE of one exclusion constraint with nothing but these.
 */
static List *
raw_elements(const ExclusionDefinition *def)
{
	Node	   *element = expression_raw_table_element("CREATE TABLE t (EXCLUDE (",
													   def->elements_source, "\n))");

	if (element != NULL && IsA(element, Constraint))
	{
		Constraint *constraint = (Constraint *) element;

		if (constraint->contype == CONSTR_EXCLUSION &&
			constraint->where_clause == NULL && constraint->including == NIL &&
			constraint->options == NIL && constraint->indexspace == NULL &&
			!constraint->deferrable && !constraint->initdeferred)
			return constraint->exclusions;
	}
	ereport(ERROR,
			(errcode(ERRCODE_SYNTAX_ERROR),
			 errmsg("text is not a list of exclusion elements"),
			 errhint("Give columns and operators: \"room WITH =, during WITH &&\".")));
	return NIL;
}

static void
check_method(const ExclusionDefinition *def, int ncolumns)
{
	const IndexAmRoutine *routine =
		GetIndexAmRoutineByAmId(get_index_am_oid(def->method, false), false);

	if (ncolumns > 1 && !routine->amcanmulticol)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("access method \"%s\" does not support multicolumn indexes",
						def->method),
				 errhint("Give one element, or use another method.")));
	if (routine->amgettuple == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("access method \"%s\" does not support exclusion constraints",
						def->method),
				 errhint("Use gist, or for equality btree.")));
}

static ExclusionElement *
resolve_element(const ExclusionDefinition *def, TableModel *table, IndexElem *raw,
				List *operator)
{
	ExclusionElement *element = palloc0(sizeof(ExclusionElement));
	StringInfoData tail;
	Node	   *expr = raw->expr;
	Oid			opclass;
	char	   *opclass_sql;

	if (raw->name != NULL)
	{
		ColumnRef  *column = makeNode(ColumnRef);

		column->fields = list_make1(makeString(raw->name));
		column->location = -1;
		expr = (Node *) column;
	}
	element->is_column = raw->name != NULL;
	element->expr = expression_transform(table, expr, def->elements_source,
										 EXPRESSION_INDEX);
	initStringInfo(&tail);
	if (raw->collation != NIL && !type_is_collatable(exprType(element->expr)))
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("collations are not supported by type %s",
						format_type_be(exprType(element->expr))),
				 errhint("Leave COLLATE out.")));
	if (raw->collation != NIL)
		appendStringInfo(&tail, " COLLATE %s",
						 catalog_collation_name(get_collation_oid(raw->collation, false)));
	opclass_sql = resolve_opclass(def, raw, exprType(element->expr), &opclass);
	appendStringInfo(&tail, "%s%s WITH %s", opclass_sql, order_sql(def, raw),
					 resolve_operator(operator, exprType(element->expr), opclass));
	element->tail = tail.data;
	return element;
}

static char *
resolve_opclass(const ExclusionDefinition *def, IndexElem *raw, Oid type, Oid *opclass)
{
	*opclass = ResolveOpClass(raw->opclass, type, def->method,
							  get_index_am_oid(def->method, false));
	if (raw->opclassopts != NIL)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("parameters of an operator class are not supported in an exclusion constraint"),
				 errhint("Leave the parameters out, or add the constraint with an sql operation.")));
	return raw->opclass == NIL ? pstrdup("") :
		psprintf(" %s", catalog_opclass_name(*opclass));
}

/* The rules of the server's ComputeIndexAttrs(). */
static char *
resolve_operator(List *name, Oid type, Oid opclass)
{
	Oid			operator = compatible_oper_opid(name, type, type, false);

	if (get_commutator(operator) != operator)
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("operator %s is not commutative", format_operator(operator)),
				 errhint("Only commutative operators can be used in exclusion constraints.")));
	if (get_op_opfamily_strategy(operator, get_opclass_family(opclass)) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("operator %s does not belong to the family of operator class %s",
						format_operator(operator), catalog_opclass_name(opclass)),
				 errhint("The exclusion operator must be related to the index operator class.")));
	return qualified_operator(operator);
}

static char *
qualified_operator(Oid operator)
{
	HeapTuple	tuple = SearchSysCache1(OPEROID, ObjectIdGetDatum(operator));
	Form_pg_operator form;
	char	   *name;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for operator %u", operator);
	form = (Form_pg_operator) GETSTRUCT(tuple);
	name = psprintf("OPERATOR(%s.%s)",
					quote_identifier(get_namespace_name(form->oprnamespace)),
					NameStr(form->oprname));
	ReleaseSysCache(tuple);
	return name;
}

static char *
order_sql(const ExclusionDefinition *def, const IndexElem *raw)
{
	Oid			method = get_index_am_oid(def->method, false);

	if (raw->ordering == SORTBY_DEFAULT && raw->nulls_ordering == SORTBY_NULLS_DEFAULT)
		return pstrdup("");
	if (!GetIndexAmRoutineByAmId(method, false)->amcanorder)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("access method \"%s\" does not support ASC/DESC and NULLS FIRST/LAST options",
						def->method),
				 errhint("Leave the order out.")));
	return psprintf("%s%s",
					raw->ordering == SORTBY_DESC ? " DESC" : "",
					raw->nulls_ordering == SORTBY_NULLS_FIRST ? " NULLS FIRST" :
					raw->nulls_ordering == SORTBY_NULLS_LAST ? " NULLS LAST" : "");
}
