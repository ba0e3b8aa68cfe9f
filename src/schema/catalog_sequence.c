/*-------------------------------------------------------------------------
 *
 * catalog_sequence.c
 *		Sequences that belong to columns, as values.
 *-------------------------------------------------------------------------
 */
#include "pgroll.h"

#include "access/htup_details.h"
#include "catalog/dependency.h"
#include "catalog/index.h"
#include "catalog/pg_class.h"
#include "catalog/pg_sequence.h"
#include "catalog/pg_type.h"
#include "commands/comment.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

#include "schema/catalog_sequence.h"

static List *sequences_of(Oid relid, AttrNumber attnum, char deptype);
static int64 type_min(Oid type);
static int64 type_max(Oid type);

List *
catalog_owned_sequences(Oid relid, AttrNumber attnum)
{
	return sequences_of(relid, attnum, DEPENDENCY_AUTO);
}

Oid
catalog_identity_sequence(Oid relid, AttrNumber attnum)
{
	List	   *sequences = sequences_of(relid, attnum, DEPENDENCY_INTERNAL);

	return sequences == NIL ? InvalidOid : linitial_oid(sequences);
}

List *
catalog_column_sequences(Oid relid, AttrNumber attnum)
{
	if (attnum == InvalidAttrNumber)
		return getOwnedSequences(relid);
	return list_concat(sequences_of(relid, attnum, DEPENDENCY_AUTO),
					   sequences_of(relid, attnum, DEPENDENCY_INTERNAL));
}

Oid
catalog_sequence_table(Oid sequence)
{
	AttrNumber	attnum;

	return catalog_sequence_column(sequence, &attnum);
}

Oid
catalog_sequence_column(Oid sequence, AttrNumber *attnum)
{
	Oid			table = InvalidOid;
	int32		column;

	if (!sequenceIsOwned(sequence, DEPENDENCY_AUTO, &table, &column) &&
		!sequenceIsOwned(sequence, DEPENDENCY_INTERNAL, &table, &column))
		return InvalidOid;
	*attnum = column;
	return table;
}

Oid
catalog_table_of_relation(Oid relid)
{
	Oid			table = get_rel_relkind(relid) == RELKIND_SEQUENCE ?
		catalog_sequence_table(relid) : IndexGetRelation(relid, true);

	return OidIsValid(table) ? table : relid;
}

SequenceFacts *
catalog_sequence(Oid sequence)
{
	SequenceFacts *facts = palloc0(sizeof(SequenceFacts));
	HeapTuple	tuple = SearchSysCache1(SEQRELID, ObjectIdGetDatum(sequence));
	Form_pg_sequence form;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for sequence %u", sequence);
	form = (Form_pg_sequence) GETSTRUCT(tuple);
	facts->oid = sequence;
	facts->namespace = get_rel_namespace(sequence);
	facts->name = get_rel_name(sequence);
	facts->type = form->seqtypid;
	facts->start = form->seqstart;
	facts->increment = form->seqincrement;
	facts->min = form->seqmin;
	facts->max = form->seqmax;
	facts->cache = form->seqcache;
	facts->cycle = form->seqcycle;
	facts->persistence = get_rel_persistence(sequence);
	facts->comment = GetComment(sequence, RelationRelationId, 0);
	ReleaseSysCache(tuple);
	return facts;
}

void
sequence_set_type(SequenceFacts *sequence, Oid type)
{
	if (sequence->max == type_max(sequence->type))
		sequence->max = type_max(type);
	if (sequence->min == type_min(sequence->type))
		sequence->min = type_min(type);
	sequence->type = type;
}

bool
sequence_type_is_possible(Oid type)
{
	return type == INT2OID || type == INT4OID || type == INT8OID;
}

bool
sequence_type_is_wider(Oid type, Oid than)
{
	return sequence_type_is_possible(type) && sequence_type_is_possible(than) &&
		get_typlen(type) > get_typlen(than);
}

bool
sequence_type_holds(Oid type, int64 number)
{
	return number >= type_min(type) && number <= type_max(type);
}

static List *
sequences_of(Oid relid, AttrNumber attnum, char deptype)
{
	List	   *owned = NIL;
	ListCell   *lc;

	foreach(lc, getOwnedSequences(relid))
	{
		Oid			table_oid;
		int32		column;

		if (sequenceIsOwned(lfirst_oid(lc), deptype, &table_oid, &column) &&
			column == attnum)
			owned = lappend_oid(owned, lfirst_oid(lc));
	}
	return owned;
}

static int64
type_min(Oid type)
{
	return type == INT2OID ? PG_INT16_MIN :
		type == INT4OID ? PG_INT32_MIN : PG_INT64_MIN;
}

static int64
type_max(Oid type)
{
	return type == INT2OID ? PG_INT16_MAX :
		type == INT4OID ? PG_INT32_MAX : PG_INT64_MAX;
}
