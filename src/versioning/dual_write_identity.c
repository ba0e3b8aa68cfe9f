/*-------------------------------------------------------------------------
 *
 * dual_write_identity.c
 *		Identity columns in writes of the version that has them anew.
 *-------------------------------------------------------------------------
 */
#include "pgroll.h"

#include "catalog/pg_type.h"
#include "commands/sequence.h"
#include "utils/fmgrprotos.h"
#include "utils/lsyscache.h"

#include "schema/catalog_read.h"
#include "schema/catalog_sequence.h"
#include "versioning/dual_write_identity.h"

static Oid	identity_sequence(Oid relid, const char *column);
static Datum number_of_type(int64 number, Oid type);
pg_noreturn static void raise_always(const EdgeRule *rule, bool is_insert);

bool
dual_write_is_numbered(DualWrite *write, const EdgeRule *rule)
{
	AttrNumber	attnum = write->edges->targets[rule->target].attnum;
	bool		isnull;

	if (!rule->half->numbered || write->writer <= rule->migration)
		return false;
	if (write->is_insert ? !write->awaits[rule->migration] :
		!dual_write_assigned(write, attnum))
		return false;
	(void) edge_row_get(&write->new, attnum, rule->target, &isnull);
	return isnull || (write->is_insert && write->override == OVERRIDING_USER_VALUE);
}

void
dual_write_draw_number(DualWrite *write, int index)
{
	RelationEdges *edges = write->edges;
	const EdgeRule *down = &edges->rules[index + 1];
	Form_pg_attribute att;
	Oid			sequence;

	/* An INSERT has it from the executor; the first of two triggers has drawn it. */
	if (write->is_insert || index + 1 >= edges->nrules || down->numbered_by != index ||
		!dual_write_is_numbered(write, &edges->rules[index]) ||
		(write->first != NULL && write->first->new.is_set[down->target]))
		return;
	att = TupleDescAttr(edges->tupdesc, edges->targets[down->target].attnum - 1);
	sequence = identity_sequence(edges->relid, NameStr(att->attname));
	if (OidIsValid(sequence))
		edge_row_set(&write->new, down->target,
					 number_of_type(nextval_internal(sequence, false), att->atttypid),
					 false);
}

void
dual_write_check_identity(DualWrite *write)
{
	RelationEdges *edges = write->edges;

	if (write->first != NULL || (write->is_insert && write->override != OVERRIDING_NOT_SET))
		return;
	for (int i = 0; i < edges->nrules; i++)
	{
		const EdgeRule *rule = &edges->rules[i];
		AttrNumber	attnum = edges->targets[rule->target].attnum;
		bool		isnull;

		if (!rule->half->always || write->writer <= rule->migration ||
			(write->is_insert ? !write->awaits[rule->migration] :
			 !dual_write_assigned(write, attnum)))
			continue;
		(void) edge_row_get(&write->new, attnum, rule->target, &isnull);
		if (!isnull)
			raise_always(rule, write->is_insert);
	}
}

/* That of a partition or child is its parent's, as for the server. */
static Oid
identity_sequence(Oid relid, const char *column)
{
	List	   *parents = list_make1_oid(relid);
	Oid			sequence = InvalidOid;

	while (parents != NIL && !OidIsValid(sequence))
	{
		relid = linitial_oid(parents);
		sequence = catalog_identity_sequence(relid, get_attnum(relid, column));
		parents = catalog_parents(relid);
	}
	return sequence;
}

static Datum
number_of_type(int64 number, Oid type)
{
	if (type == INT2OID)
		return DirectFunctionCall1(int82, Int64GetDatum(number));
	if (type == INT4OID)
		return DirectFunctionCall1(int84, Int64GetDatum(number));
	return Int64GetDatum(number);
}

static void
raise_always(const EdgeRule *rule, bool is_insert)
{
	const char *column = rule->half->logical;

	ereport(ERROR,
			(errcode(ERRCODE_GENERATED_ALWAYS),
			 is_insert ?
			 errmsg("cannot insert a non-DEFAULT value into column \"%s\"", column) :
			 errmsg("column \"%s\" can only be updated to DEFAULT", column),
			 errdetail("Column \"%s\" is an identity column defined as GENERATED ALWAYS.",
					   column),
			 is_insert ? errhint("Use OVERRIDING SYSTEM VALUE to override.") : 0));
	pg_unreachable();
}
