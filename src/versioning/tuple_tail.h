/*-------------------------------------------------------------------------
 *
 * tuple_tail.h
 *		Changes the last columns of a tuple without taking it apart.
 *
 * Shadow columns and markers are added to a table, so they stand at its end.
 * The bytes before them stay as they are, and the tail is made anew.
 *-------------------------------------------------------------------------
 */
#ifndef PGROLL_TUPLE_TAIL_H
#define PGROLL_TUPLE_TAIL_H

#include "access/htup_details.h"
#include "access/tupdesc.h"
#include "access/tupmacs.h"
#include "executor/tuptable.h"
#include "nodes/bitmapset.h"

/* One column, as far as its place in a tuple goes. */
typedef struct TailColumn
{
	int16		len;
	uint8		align;			/* in bytes */
	bool		byval;
	bool		packable;		/* a varlena that may have a short header */
	bool		missing;		/* short tuples have a value of it */
	int			offset;			/* in a rigid tail: from its beginning */
	int			fixed;			/* where it begins in a row without NULLs, or
								 * -1 */
} TailColumn;

typedef struct TupleTail
{
	int			natts;			/* of the table */
	int			first;			/* attribute number; natts + 1: no tail */
	TailColumn *columns;		/* all of the table's, by attribute number - 1 */

	/*
	 * A rigid tail is of fixed length, and without NULLs always of the same
	 * shape; its last column is one byte long, and its bits of the bitmap of
	 * what is not NULL stand in two bytes.
	 */
	bool		rigid;
	bool		all_byval;		/* of a rigid tail */
	int			length;			/* of a rigid tail */
	int			align;			/* of its first column */
	int			byte;			/* the first with bits of the tail */
	int			nbytes;
	uint8		bits[2];		/* the tail's there */
	uint8		last_bit[2];	/* the last column's */
} TupleTail;

/*
 * The tail of a table: its last columns as far as they are all members of
 * columns (attribute numbers).  In the current memory context.
 */
extern TupleTail *tuple_tail_create(TupleDesc tupdesc,
									const Bitmapset *columns);

/*
 * Is a boolean column the last that the tuple has, and not NULL?  Its value is the
 * last byte then: no need to take the tuple apart.
 */
static inline bool
tuple_ends_in_bool(HeapTuple tuple, AttrNumber attnum, bool *value)
{
	if (HeapTupleHeaderGetNatts(tuple->t_data) != attnum ||
		(HeapTupleHasNulls(tuple) &&
		 att_isnull(attnum - 1, tuple->t_data->t_bits)))
		return false;
	*value = ((char *) tuple->t_data)[tuple->t_len - 1] != 0;
	return true;
}

/* New values for columns of the tail; of column first + i in place i. */
typedef struct TailChange
{
	int			n;				/* how many columns get one */
	bool		any_null;		/* is one of the new values NULL? */
	bool	   *replace;
	Datum	   *values;
	bool	   *isnull;
} TailChange;

/* A change of nothing yet.  In the current memory context. */
extern void tail_change_init(TailChange *change, const TupleTail *tail);

static inline void
tail_change_clear(TailChange *change, const TupleTail *tail)
{
	change->n = 0;
	change->any_null = false;
	for (int i = tail->natts - tail->first; i >= 0; i--)
		change->replace[i] = false;
}

/* A column gets at most one value. */
static inline void
tail_change_set(TailChange *change, int i, Datum value, bool isnull)
{
	change->n++;
	change->any_null |= isnull;
	change->replace[i] = true;
	change->values[i] = value;
	change->isnull[i] = isnull;
}

/*
 * A fresh tuple with the new values; NULL where it takes more than this to make
 * it.  Values are not external.
 */
extern HeapTuple tuple_tail_replace(const TupleTail *tail, TupleDesc tupdesc,
									HeapTuple tuple, const TailChange *change);

/*
 * The same in the tuple itself, if it belongs to the slot and is not in a
 * buffer, and there is room for it.  The slot then holds the new values; false:
 * nothing was changed.
 */
extern bool tuple_tail_replace_in_place(const TupleTail *tail,
										TupleTableSlot *slot, HeapTuple tuple,
										const TailChange *change);

#endif							/* PGROLL_TUPLE_TAIL_H */
