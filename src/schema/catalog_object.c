/*-------------------------------------------------------------------------
 *
 * catalog_object.c
 *		Indexes and smaller facts of a table, as texts and values.
 *-------------------------------------------------------------------------
 */
#include "pgroll.h"

#include "access/attmap.h"
#include "access/htup_details.h"
#include "access/relation.h"
#include "access/reloptions.h"
#include "access/table.h"
#include "catalog/index.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_collation.h"
#include "catalog/pg_index.h"
#include "catalog/pg_opclass.h"
#include "catalog/pg_operator.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_publication_rel.h"
#include "catalog/pg_trigger.h"
#include "catalog/pg_type.h"
#include "commands/comment.h"
#include "commands/defrem.h"
#include "commands/tablespace.h"
#include "commands/trigger.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/catcache.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/syscache.h"

#include "schema/catalog_object.h"
#include "schema/names.h"

static bool is_usable(Relation index);
static List *indexes_of(Oid relid, bool valid);
static IndexFacts *read_index(Relation index);
static void read_index_columns(IndexFacts *facts, Relation index);
static Node *stored_tree(Relation index, AttrNumber attnum);
static IndexColumn *read_index_column(Relation index, int place,
									  ListCell **expression);
static int	compare_indexes(const ListCell *a, const ListCell *b);
static void note_columns(IndexFacts *facts, Node *tree);
static AttrMap *map_by_names(Oid relid, Oid other);
static bool reads_mapped_columns(Relation index, const AttrMap *map);

char *
catalog_collation_name(Oid collation)
{
	HeapTuple	tuple = SearchSysCache1(COLLOID, ObjectIdGetDatum(collation));
	Form_pg_collation form;
	char	   *name;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for collation %u", collation);
	form = (Form_pg_collation) GETSTRUCT(tuple);
	name = quote_qualified_identifier(get_namespace_name(form->collnamespace),
									  NameStr(form->collname));
	ReleaseSysCache(tuple);
	return name;
}

char *
catalog_opclass_name(Oid opclass)
{
	HeapTuple	tuple = SearchSysCache1(CLAOID, ObjectIdGetDatum(opclass));
	Form_pg_opclass form;
	char	   *name;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for opclass %u", opclass);
	form = (Form_pg_opclass) GETSTRUCT(tuple);
	name = quote_qualified_identifier(get_namespace_name(form->opcnamespace),
									  NameStr(form->opcname));
	ReleaseSysCache(tuple);
	return name;
}

char *
catalog_relation_name(Oid relid)
{
	char	   *name = get_rel_name(relid);

	if (name == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("relation with OID %u has been dropped meanwhile", relid)));
	return quote_qualified_identifier(get_namespace_name(get_rel_namespace(relid)),
									  name);
}

int
catalog_count_overloads(Oid class, const char *name, Oid namespace)
{
	bool		is_function = class == ProcedureRelationId;
	CatCList   *list = is_function ?
		SearchSysCacheList1(PROCNAMEARGSNSP, CStringGetDatum(name)) :
		SearchSysCacheList1(OPERNAMENSP, CStringGetDatum(name));
	int			count = 0;

	for (int i = 0; i < list->n_members; i++)
	{
		HeapTuple	tuple = &list->members[i]->tuple;

		count += namespace == (is_function ?
							   ((Form_pg_proc) GETSTRUCT(tuple))->pronamespace :
							   ((Form_pg_operator) GETSTRUCT(tuple))->oprnamespace);
	}
	ReleaseSysCacheList(list);
	return count;
}

char *
catalog_options_text(Datum options)
{
	Datum	   *elements;
	int			n;
	StringInfoData list;

	initStringInfo(&list);
	deconstruct_array(DatumGetArrayTypeP(options), TEXTOID, -1, false,
					  TYPALIGN_INT, &elements, NULL, &n);
	for (int i = 0; i < n; i++)
	{
		char	   *name = TextDatumGetCString(elements[i]);
		char	   *value = strchr(name, '=');

		if (value == NULL)
			elog(ERROR, "option \"%s\" has no value", name);
		*value++ = '\0';
		/* The server's own bookkeeping, which no statement may set. */
		if (strcmp(name, "pg_attver") == 0)
			continue;
		appendStringInfo(&list, "%s%s=%s", list.len > 0 ? ", " : "",
						 quote_identifier(name), quote_literal_cstr(value));
	}
	return list.len > 0 ? list.data : NULL;
}

char *
catalog_publication_of_all_columns(Oid relid)
{
	List	   *publications = GetAllTablesPublications();
	ListCell   *lc;

	publications = list_concat(publications,
							   GetSchemaPublications(get_rel_namespace(relid)));
	foreach(lc, GetRelationIncludedPublications(relid))
	{
		HeapTuple	tuple = SearchSysCache2(PUBLICATIONRELMAP,
											ObjectIdGetDatum(relid),
											ObjectIdGetDatum(lfirst_oid(lc)));
		bool		isnull = true;

		if (!HeapTupleIsValid(tuple))
			continue;
		(void) SysCacheGetAttr(PUBLICATIONRELMAP, tuple,
							   Anum_pg_publication_rel_prattrs, &isnull);
		ReleaseSysCache(tuple);
		if (isnull)
			publications = lappend_oid(publications, lfirst_oid(lc));
	}
	if (publications == NIL)
		return NULL;
	return get_publication_name(linitial_oid(publications), true);
}

List *
catalog_columns_of_migration(Oid relid, int64 migration)
{
	Relation	rel = relation_open(relid, AccessShareLock);
	List	   *names = NIL;

	for (int i = 0; i < RelationGetNumberOfAttributes(rel); i++)
	{
		Form_pg_attribute att = TupleDescAttr(RelationGetDescr(rel), i);

		if (!att->attisdropped && att->attinhcount == 0 &&
			name_is_of_migration(NameStr(att->attname), migration))
			names = lappend(names, pstrdup(NameStr(att->attname)));
	}
	relation_close(rel, AccessShareLock);
	return names;
}

List *
catalog_own_triggers(Oid relid)
{
	Relation	rel = relation_open(relid, AccessShareLock);
	TriggerDesc *triggers = rel->trigdesc;
	List	   *names = NIL;

	for (int i = 0; triggers != NULL && i < triggers->numtriggers; i++)
	{
		Trigger    *trigger = &triggers->triggers[i];

		if (!trigger->tgisclone && name_is_dual_write_trigger(trigger->tgname))
			names = lappend(names, pstrdup(trigger->tgname));
	}
	relation_close(rel, AccessShareLock);
	return names;
}

bool
catalog_has_before_triggers(Oid relid)
{
	Relation	rel = relation_open(relid, AccessShareLock);
	TriggerDesc *triggers = rel->trigdesc;
	bool		found = false;

	for (int i = 0; triggers != NULL && i < triggers->numtriggers; i++)
	{
		Trigger    *trigger = &triggers->triggers[i];

		if (!TRIGGER_FOR_ROW(trigger->tgtype) || !TRIGGER_FOR_BEFORE(trigger->tgtype) ||
			!(TRIGGER_FOR_INSERT(trigger->tgtype) || TRIGGER_FOR_UPDATE(trigger->tgtype)) ||
			name_is_dual_write_trigger(trigger->tgname))
			continue;
		if (strcmp(trigger->tgname, DUAL_WRITE_TRIGGER_FIRST) < 0 ||
			strcmp(trigger->tgname, DUAL_WRITE_TRIGGER_LAST) > 0)
			ereport(ERROR,
					(errcode(ERRCODE_PGROLL_TRIGGER_ORDER),
					 errmsg("trigger \"%s\" of table \"%s\" does not sort between the dual-write triggers",
							trigger->tgname, RelationGetRelationName(rel)),
					 errdetail("BEFORE triggers fire in the order of their names; ours are \"%s\" and \"%s\".",
							   DUAL_WRITE_TRIGGER_FIRST, DUAL_WRITE_TRIGGER_LAST),
					 errhint("Rename the trigger with ALTER TRIGGER.")));
		found = true;
	}
	relation_close(rel, AccessShareLock);
	return found;
}

AttrNumber
catalog_last_attnum(Oid relid)
{
	HeapTuple	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relid));
	AttrNumber	natts;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for relation %u", relid);
	natts = ((Form_pg_class) GETSTRUCT(tuple))->relnatts;
	ReleaseSysCache(tuple);
	return natts;
}

int
catalog_statistics_target(Oid relid, AttrNumber attnum)
{
	HeapTuple	tuple = SearchSysCache2(ATTNUM, ObjectIdGetDatum(relid),
										Int16GetDatum(attnum));
	Datum		target;
	bool		isnull;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for attribute %d of relation %u",
			 attnum, relid);
	/* PG17 made the statistics target nullable, and NULL its default. */
	target = SysCacheGetAttr(ATTNUM, tuple, Anum_pg_attribute_attstattarget, &isnull);
	ReleaseSysCache(tuple);
	return isnull ? -1 : DatumGetInt16(target);
}

List *
catalog_column_names(Oid relid)
{
	AttrNumber	last = catalog_last_attnum(relid);
	List	   *names = NIL;

	for (AttrNumber attnum = 1; attnum <= last; attnum++)
	{
		char	   *name = get_attname(relid, attnum, true);

		names = lappend(names, name != NULL ? name : psprintf("?%d", attnum));
	}
	return names;
}

List *
catalog_indexes(Oid relid)
{
	return indexes_of(relid, true);
}

IndexFacts *
catalog_index(Oid index)
{
	Relation	rel = index_open(index, AccessShareLock);
	IndexFacts *facts = read_index(rel);

	index_close(rel, AccessShareLock);
	return facts;
}

List *
catalog_invalid_indexes(Oid relid)
{
	return indexes_of(relid, false);
}

/* A partitioned table's that is not valid yet has parts of its own already. */
static bool
is_usable(Relation index)
{
	return index->rd_index->indisvalid ||
		index->rd_rel->relkind == RELKIND_PARTITIONED_INDEX;
}

static List *
indexes_of(Oid relid, bool valid)
{
	Relation	rel = table_open(relid, AccessShareLock);
	List	   *found = NIL;
	ListCell   *lc;

	foreach(lc, RelationGetIndexList(rel))
	{
		Relation	index = index_open(lfirst_oid(lc), AccessShareLock);

		if (is_usable(index) == valid && index->rd_index->indislive)
			found = lappend(found, read_index(index));
		index_close(index, AccessShareLock);
	}
	table_close(rel, AccessShareLock);
	list_sort(found, compare_indexes);
	return found;
}

List *
catalog_index_options(Oid index)
{
	HeapTuple	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(index));
	bool		isnull;
	Datum		options;
	List	   *found = NIL;

	if (!HeapTupleIsValid(tuple))
		return NIL;
	options = SysCacheGetAttr(RELOID, tuple, Anum_pg_class_reloptions, &isnull);
	if (!isnull)
		found = untransformRelOptions(options);
	ReleaseSysCache(tuple);
	return found;
}

bool
catalog_is_index(Oid relid)
{
	char		relkind = get_rel_relkind(relid);

	return relkind == RELKIND_INDEX || relkind == RELKIND_PARTITIONED_INDEX;
}

bool
catalog_index_is_key(const IndexFacts *index, Bitmapset *attnums)
{
	ListCell   *lc;

	if (!index->valid || !index->unique || !index->immediate || index->predicate != NULL ||
		list_length(index->columns) != bms_num_members(attnums))
		return false;
	foreach(lc, index->columns)
	{
		if (!bms_is_member(((IndexColumn *) lfirst(lc))->attnum, attnums))
			return false;
	}
	return true;
}

Oid
catalog_index_of_table(Oid relid, const char *name)
{
	Oid			index = get_relname_relid(name, get_rel_namespace(relid));

	return OidIsValid(index) && IndexGetRelation(index, true) == relid ?
		index : InvalidOid;
}

/* As the server compares them where it attaches a partition. */
bool
catalog_indexes_are_alike(Oid index, Oid other)
{
	Relation	rel = index_open(index, AccessShareLock);
	Relation	other_rel = index_open(other, AccessShareLock);
	AttrMap    *map = map_by_names(rel->rd_index->indrelid, other_rel->rd_index->indrelid);
	int			n_keys = IndexRelationGetNumberOfKeyAttributes(rel);
	bool		alike;

	alike = reads_mapped_columns(other_rel, map) &&
		n_keys == IndexRelationGetNumberOfKeyAttributes(other_rel) &&
		memcmp(rel->rd_indoption, other_rel->rd_indoption, n_keys * sizeof(int16)) == 0 &&
		CompareIndexInfo(BuildIndexInfo(rel), BuildIndexInfo(other_rel),
						 rel->rd_indcollation, other_rel->rd_indcollation,
						 rel->rd_opfamily, other_rel->rd_opfamily, map);
	index_close(other_rel, AccessShareLock);
	index_close(rel, AccessShareLock);
	return alike;
}

bool
catalog_index_reads_own_column(Oid index, int64 migration)
{
	Relation	rel = index_open(index, AccessShareLock);
	Bitmapset  *attnums = read_index(rel)->attnums;
	Oid			table = rel->rd_index->indrelid;
	int			attnum = -1;

	index_close(rel, AccessShareLock);
	while ((attnum = bms_next_member(attnums, attnum)) >= 0)
	{
		if (name_is_of_migration(get_attname(table, attnum, false), migration))
			return true;
	}
	return false;
}

static IndexFacts *
read_index(Relation index)
{
	IndexFacts *facts = palloc0(sizeof(IndexFacts));
	HeapTuple	tuple = SearchSysCache1(RELOID,
										ObjectIdGetDatum(RelationGetRelid(index)));
	Datum		options;
	bool		isnull;

	facts->oid = RelationGetRelid(index);
	facts->name = pstrdup(RelationGetRelationName(index));
	facts->method_oid = index->rd_rel->relam;
	facts->method = get_am_name(index->rd_rel->relam);
	facts->can_order = index->rd_indam->amcanorder;
	facts->valid = index->rd_index->indisvalid;
	facts->unique = index->rd_index->indisunique;
	facts->immediate = index->rd_index->indimmediate;
	facts->nulls_not_distinct = index->rd_index->indnullsnotdistinct;
	facts->replica_identity = index->rd_index->indisreplident;
	facts->clustered = index->rd_index->indisclustered;
	read_index_columns(facts, index);
	facts->predicate = stored_tree(index, Anum_pg_index_indpred);
	note_columns(facts, facts->predicate);
	options = SysCacheGetAttr(RELOID, tuple, Anum_pg_class_reloptions, &isnull);
	if (!isnull)
		facts->options = catalog_options_text(options);
	if (OidIsValid(index->rd_rel->reltablespace))
		facts->tablespace = get_tablespace_name(index->rd_rel->reltablespace);
	facts->comment = GetComment(facts->oid, RelationRelationId, 0);
	ReleaseSysCache(tuple);
	return facts;
}

static void
read_index_columns(IndexFacts *facts, Relation index)
{
	List	   *expressions = (List *) stored_tree(index, Anum_pg_index_indexprs);
	ListCell   *expression = list_head(expressions);
	int			n_key = IndexRelationGetNumberOfKeyAttributes(index);

	for (int i = 0; i < IndexRelationGetNumberOfAttributes(index); i++)
	{
		ListCell   *before = expression;
		IndexColumn *column = read_index_column(index, i, &expression);

		if (column->expr != NULL)
		{
			note_columns(facts, column->expr);
			if (before != NULL)
				expression = lnext(expressions, before);
		}
		else
			facts->attnums = bms_add_member(facts->attnums, column->attnum);
		if (i < n_key)
			facts->columns = lappend(facts->columns, column);
		else
			facts->included = lappend(facts->included, column);
	}
}

/* What the relcache has of it is simplified: it lacks what was inlined. */
static Node *
stored_tree(Relation index, AttrNumber attnum)
{
	bool		isnull;
	Datum		tree = SysCacheGetAttr(INDEXRELID, index->rd_indextuple, attnum, &isnull);

	return isnull ? NULL : stringToNode(TextDatumGetCString(tree));
}

static IndexColumn *
read_index_column(Relation index, int place, ListCell **expression)
{
	IndexColumn *column = palloc0(sizeof(IndexColumn));
	int			n_key = IndexRelationGetNumberOfKeyAttributes(index);
	Oid			type;
	Datum		options;

	column->attnum = index->rd_index->indkey.values[place];
	if (column->attnum == 0)
		column->expr = lfirst(*expression);
	if (place >= n_key)
		return column;
	column->opclass = get_index_column_opclass(RelationGetRelid(index), place + 1);
	/* of the table's column: what the index stores may be of another type */
	type = column->expr != NULL ? exprType(column->expr) :
		get_atttype(index->rd_index->indrelid, column->attnum);
	column->opclass_is_default =
		column->opclass == GetDefaultOpClass(type, index->rd_rel->relam);
	column->collation = index->rd_indcollation[place];
	column->descending = (index->rd_indoption[place] & INDOPTION_DESC) != 0;
	column->nulls_first = (index->rd_indoption[place] & INDOPTION_NULLS_FIRST) != 0;
	options = get_attoptions(RelationGetRelid(index), place + 1);
	if (options != (Datum) 0)
		column->opclass_options = catalog_options_text(options);
	return column;
}

static int
compare_indexes(const ListCell *a, const ListCell *b)
{
	return strcmp(((IndexFacts *) lfirst(a))->name,
				  ((IndexFacts *) lfirst(b))->name);
}

/* pull_varattnos() offsets what it finds. */
static void
note_columns(IndexFacts *facts, Node *tree)
{
	Bitmapset  *offset = NULL;
	int			number = -1;

	pull_varattnos(tree, 1, &offset);
	while ((number = bms_next_member(offset, number)) >= 0)
	{
		int			attnum = number + FirstLowInvalidHeapAttributeNumber;

		if (attnum > 0)
			facts->attnums = bms_add_member(facts->attnums, attnum);
		facts->reads_row |= attnum == InvalidAttrNumber;
	}
}

/* From the columns of another table to those of this one; 0: it has none of the name. */
static AttrMap *
map_by_names(Oid relid, Oid other)
{
	AttrNumber	last = catalog_last_attnum(other);
	AttrMap    *map = make_attrmap(last);

	for (AttrNumber attnum = 1; attnum <= last; attnum++)
	{
		char	   *name = get_attname(other, attnum, true);

		map->attnums[attnum - 1] = name == NULL ? InvalidAttrNumber :
			get_attnum(relid, name);
	}
	return map;
}

static bool
reads_mapped_columns(Relation index, const AttrMap *map)
{
	Bitmapset  *attnums = read_index(index)->attnums;
	int			attnum = -1;

	while ((attnum = bms_next_member(attnums, attnum)) >= 0)
	{
		if (attnum == 0 || map->attnums[attnum - 1] == InvalidAttrNumber)
			return false;
	}
	return true;
}
