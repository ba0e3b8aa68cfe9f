/*-------------------------------------------------------------------------
 *
 * catalog_sequence.h
 *		Sequences that belong to columns, as values.
 *-------------------------------------------------------------------------
 */
#ifndef PGROLL_CATALOG_SEQUENCE_H
#define PGROLL_CATALOG_SEQUENCE_H

#include "access/attnum.h"
#include "nodes/pg_list.h"

typedef struct SequenceFacts
{
	Oid			oid;
	Oid			namespace;
	char	   *name;
	Oid			type;
	int64		start;
	int64		increment;
	int64		min;
	int64		max;
	int64		cache;
	bool		cycle;
	char		persistence;	/* pg_class.relpersistence */
	char	   *comment;		/* or NULL */
} SequenceFacts;

/* Sequences (Oid) owned by a column, identity sequences not included. */
extern List *catalog_owned_sequences(Oid relid, AttrNumber attnum);

/* The sequence of an identity column; InvalidOid where it is none. */
extern Oid	catalog_identity_sequence(Oid relid, AttrNumber attnum);

/*
 * The sequences (Oid) that a column owns or has as its identity; of all columns where
 * attnum is InvalidAttrNumber.
 */
extern List *catalog_column_sequences(Oid relid, AttrNumber attnum);

/* The table of the column that it belongs to in either way, or InvalidOid; and the column. */
extern Oid	catalog_sequence_table(Oid sequence);
extern Oid	catalog_sequence_column(Oid sequence, AttrNumber *attnum);

/* The table of an index, or of a sequence that belongs to a column; else the relation. */
extern Oid	catalog_table_of_relation(Oid relid);

extern SequenceFacts *catalog_sequence(Oid sequence);

/*
 * Give it another type: as ALTER SEQUENCE … AS does, a limit that was the old
 * type's becomes the new one's.
 */
extern void sequence_set_type(SequenceFacts *sequence, Oid type);

extern bool sequence_type_holds(Oid type, int64 number);

/* May a sequence have the type, can it hold more than the other one? */
extern bool sequence_type_is_possible(Oid type);
extern bool sequence_type_is_wider(Oid type, Oid than);

#endif							/* PGROLL_CATALOG_SEQUENCE_H */
