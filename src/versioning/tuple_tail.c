/*-------------------------------------------------------------------------
 *
 * tuple_tail.c
 *		Changes the last columns of a tuple without taking it apart.
 *-------------------------------------------------------------------------
 */
#include "pgroll.h"

#include "access/htup_details.h"
#include "access/tupmacs.h"
#include "catalog/pg_type.h"
#include "utils/memutils.h"

#include "versioning/tuple_tail.h"

#define ALIGN_TO(offset, align) TYPEALIGN(align, offset)

/* How a rigid tail changes. */
typedef enum RigidChange
{
	RIGID_STAYS,				/* all of it is there before and after */
	RIGID_GROWS,				/* of its last column alone to all of it */
	RIGID_OTHER
} RigidChange;

/* A tuple whose rigid tail has grown; in bytes. */
typedef struct RigidShape
{
	bool		has_null;
	int			hoff;
	int			data;			/* before the tail */
	int			begin;			/* of the tail, in the data */
	int			length;
} RigidShape;

static uint8 align_bytes(char align);
static void find_rigid(TupleTail *tail);
static inline RigidChange rigid_change(const TupleTail *tail, HeapTuple tuple,
									   const TailChange *change);
static pg_attribute_always_inline void store_rigid(const TupleTail *tail,
												   HeapTuple tuple,
												   const TailChange *change);
static inline RigidShape grown_shape(const TupleTail *tail, HeapTuple tuple);
static inline void set_grown_header(const TupleTail *tail,
									HeapTupleHeader header,
									const RigidShape *shape);
static bool has_bits(const TupleTail *tail, HeapTupleHeader header,
					 const uint8 *bits);
static HeapTuple replace_any(const TupleTail *tail, TupleDesc tupdesc,
							 HeapTuple tuple, const TailChange *change);
static inline void zero_padding(char *at, int n);
static HeapTuple grown_copy(const TupleTail *tail, HeapTuple tuple);
static inline bool grow_in_place(const TupleTail *tail, HeapTuple tuple);
static bool chunk_can_grow(void *chunk, Size size);
static int	tail_offset(const TupleTail *tail, HeapTuple tuple, int natts,
						bool first_stays);
static int	fixed_tail_offset(const TupleTail *tail, HeapTuple tuple,
							  bool first_stays);
static int	walk_to_tail(const TupleTail *tail, HeapTuple tuple);
static bool keep_others(const TupleTail *tail, HeapTuple tuple, int natts,
						int offset, Datum *values, bool *isnull,
						const bool *replace);
static int	skip(const TailColumn *column, const char *data, int *start);
static int	tail_end(const TupleTail *tail, int offset, const Datum *values,
					 const bool *isnull);
static void fill_tail(const TupleTail *tail, HeapTupleHeader header,
					  int offset, const Datum *values, const bool *isnull);
static Size fill_varlena(const TailColumn *column, char *start, int *offset,
						 struct varlena *value, HeapTupleHeader header);
static bool fill_nulls(const TupleTail *tail, HeapTupleHeader from,
					   const bool *isnull, uint8 *bits);

TupleTail *
tuple_tail_create(TupleDesc tupdesc, const Bitmapset *columns)
{
	TupleTail  *tail = palloc(sizeof(TupleTail));
	int			offset = 0;

	tail->natts = tupdesc->natts;
	tail->columns = palloc(tupdesc->natts * sizeof(TailColumn));
	for (int i = 0; i < tupdesc->natts; i++)
	{
		Form_pg_attribute attribute = TupleDescAttr(tupdesc, i);
		TailColumn *column = &tail->columns[i];

		column->len = attribute->attlen;
		column->align = align_bytes(attribute->attalign);
		column->byval = attribute->attbyval;
		column->packable = attribute->attlen == -1 &&
			attribute->attstorage != TYPSTORAGE_PLAIN;
		column->missing = attribute->atthasmissing;

		/* a varlena may begin before where its alignment says */
		column->fixed = offset;
		if (offset >= 0 && offset % column->align != 0)
			column->fixed = column->len > 0 ? ALIGN_TO(offset, column->align) : -1;
		offset = column->len > 0 && column->fixed >= 0 ?
			column->fixed + column->len : -1;
	}
	tail->first = tail->natts + 1;
	while (tail->first > 1 && bms_is_member(tail->first - 1, columns) &&
		   tail->columns[tail->first - 2].len != -2)
		tail->first--;
	find_rigid(tail);
	return tail;
}

void
tail_change_init(TailChange *change, const TupleTail *tail)
{
	int			n = tail->natts - tail->first + 1;

	change->replace = palloc(n * sizeof(bool));
	change->values = palloc(n * sizeof(Datum));
	change->isnull = palloc(n * sizeof(bool));
	tail_change_clear(change, tail);
}

HeapTuple
tuple_tail_replace(const TupleTail *tail, TupleDesc tupdesc, HeapTuple tuple,
				   const TailChange *change)
{
	HeapTuple	result;

	Assert(tail->first <= tail->natts);
	switch (rigid_change(tail, tuple, change))
	{
		case RIGID_STAYS:
			result = heap_copytuple(tuple);
			break;
		case RIGID_GROWS:
			result = grown_copy(tail, tuple);
			break;
		default:
			return replace_any(tail, tupdesc, tuple, change);
	}
	store_rigid(tail, result, change);
	return result;
}

bool
tuple_tail_replace_in_place(const TupleTail *tail, TupleTableSlot *slot,
							HeapTuple tuple, const TailChange *change)
{
	RigidChange kind = rigid_change(tail, tuple, change);
	uint8		hoff = tuple->t_data->t_hoff;

	if (kind == RIGID_OTHER || !TTS_SHOULDFREE(slot) ||
		!(TTS_IS_HEAPTUPLE(slot) || TTS_IS_BUFFERTUPLE(slot)) ||
		((HeapTupleTableSlot *) slot)->tuple != tuple ||
		(kind == RIGID_GROWS && !grow_in_place(tail, tuple)))
		return false;
	store_rigid(tail, tuple, change);
	/* what the slot has taken from it may not be so any more */
	if (slot->tts_nvalid >= tail->first || tuple->t_data->t_hoff != hoff)
		slot->tts_nvalid = 0;
	return true;
}

/* Kept apart, so that what comes with most rows stays small. */
static pg_noinline HeapTuple
replace_any(const TupleTail *tail, TupleDesc tupdesc, HeapTuple tuple,
			const TailChange *change)
{
	Datum	   *values = change->values;
	bool	   *isnull = change->isnull;
	const bool *replace = change->replace;
	HeapTupleHeader from = tuple->t_data;
	int			natts = HeapTupleHeaderGetNatts(from);
	uint8		bits[(MaxHeapAttributeNumber + 7) / 8];
	HeapTupleHeader to;
	HeapTuple	result;
	bool		has_null;
	int			offset;
	int			length;
	int			hoff;

	offset = tail_offset(tail, tuple, natts, !replace[0] || !isnull[0]);
	if (offset < 0 || !keep_others(tail, tuple, natts, offset, values, isnull,
								   replace))
		return NULL;
	has_null = fill_nulls(tail, from, isnull, bits);
	hoff = SizeofHeapTupleHeader;
	if (has_null)
		hoff += BITMAPLEN(tail->natts);
	hoff = MAXALIGN(hoff);
	length = hoff + tail_end(tail, offset, values, isnull);

	result = palloc(HEAPTUPLESIZE + length);
	to = (HeapTupleHeader) ((char *) result + HEAPTUPLESIZE);
	memset(to, 0, hoff);
	result->t_len = length;
	result->t_self = tuple->t_self;
	result->t_tableOid = tuple->t_tableOid;
	result->t_data = to;
	HeapTupleHeaderSetDatumLength(to, length);
	HeapTupleHeaderSetTypeId(to, tupdesc->tdtypeid);
	HeapTupleHeaderSetTypMod(to, tupdesc->tdtypmod);
	to->t_ctid = from->t_ctid;
	HeapTupleHeaderSetNatts(to, tail->natts);
	to->t_hoff = hoff;
	to->t_infomask = from->t_infomask & (HEAP_HASVARWIDTH | HEAP_HASEXTERNAL);
	if (has_null)
	{
		to->t_infomask |= HEAP_HASNULL;
		memcpy(to->t_bits, bits, BITMAPLEN(tail->natts));
	}
	memcpy((char *) to + hoff, (char *) from + from->t_hoff, offset);
	memset((char *) to + hoff + offset, 0, length - hoff - offset);
	fill_tail(tail, to, offset, values, isnull);
	return result;
}

static uint8
align_bytes(char align)
{
	switch (align)
	{
		case TYPALIGN_CHAR:
			return 1;
		case TYPALIGN_SHORT:
			return ALIGNOF_SHORT;
		case TYPALIGN_INT:
			return ALIGNOF_INT;
		default:
			return ALIGNOF_DOUBLE;
	}
}

static void
find_rigid(TupleTail *tail)
{
	const TailColumn *last = NULL;

	tail->rigid = false;
	tail->all_byval = true;
	tail->length = 0;
	for (int i = tail->first - 1; i < tail->natts; i++)
	{
		TailColumn *column = &tail->columns[i];

		if (column->len <= 0 ||
			(last != NULL && (last->len % column->align != 0 ||
							  last->align % column->align != 0)))
			return;
		column->offset = tail->length;
		tail->length += column->len;
		last = column;
	}
	tail->byte = (tail->first - 1) / 8;
	tail->nbytes = (tail->natts - 1) / 8 - tail->byte + 1;
	tail->align = last == NULL ? 1 : tail->columns[tail->first - 1].align;
	tail->rigid = last != NULL && last->len == 1 && tail->nbytes <= 2;
	for (int i = tail->first - 1; i < tail->natts; i++)
		tail->all_byval = tail->all_byval && tail->columns[i].byval;
	memset(tail->bits, 0, sizeof(tail->bits));
	memset(tail->last_bit, 0, sizeof(tail->last_bit));
	for (int i = tail->first - 1; tail->rigid && i < tail->natts; i++)
		tail->bits[i / 8 - tail->byte] |= 1 << (i % 8);
	if (tail->rigid)
		tail->last_bit[tail->nbytes - 1] = 1 << ((tail->natts - 1) % 8);
}

static bool
has_bits(const TupleTail *tail, HeapTupleHeader header, const uint8 *bits)
{
	const uint8 *at = &header->t_bits[tail->byte];

	return (at[0] & tail->bits[0]) == bits[0] &&
		(tail->nbytes == 1 || (at[1] & tail->bits[1]) == bits[1]);
}

/*
 * The two cases that come with most rows, made short: all of a rigid tail is
 * there and some of it changes, or nothing but its last column is there and all
 * of it comes.
 */
static inline RigidChange
rigid_change(const TupleTail *tail, HeapTuple tuple, const TailChange *change)
{
	HeapTupleHeader header = tuple->t_data;

	if (!tail->rigid || change->any_null ||
		HeapTupleHeaderGetNatts(header) != tail->natts)
		return RIGID_OTHER;
	if (!HeapTupleHasNulls(tuple))
		return RIGID_STAYS;
	if (change->n == tail->natts - tail->first + 1 &&
		has_bits(tail, header, tail->last_bit))
		return RIGID_GROWS;
	return has_bits(tail, header, tail->bits) ? RIGID_STAYS : RIGID_OTHER;
}

/* The values of a rigid tail, which stands at the tuple's end. */
static pg_attribute_always_inline void
store_rigid(const TupleTail *tail, HeapTuple tuple, const TailChange *change)
{
	const TailColumn *column = &tail->columns[tail->first - 1];
	char	   *start = (char *) tuple->t_data + tuple->t_len - tail->length;

	for (int i = 0; i <= tail->natts - tail->first; i++, column++)
	{
		if (!change->replace[i])
			continue;
		if (column->byval)
			store_att_byval(start + column->offset, change->values[i],
							column->len);
		else
			memcpy(start + column->offset, DatumGetPointer(change->values[i]),
				   column->len);
	}
}

/* The shape of a tuple that gets room for its tail in place of its last byte. */
static inline RigidShape
grown_shape(const TupleTail *tail, HeapTuple tuple)
{
	HeapTupleHeader header = tuple->t_data;
	uint8		others = header->t_bits[tail->byte] | tail->bits[0];
	RigidShape	shape;

	/* of the bits before the tail; those after it are not set */
	shape.has_null = others != (tail->nbytes == 1 && tail->natts % 8 != 0 ?
								(1 << (tail->natts % 8)) - 1 : 0xFF);
	for (int i = 0; i < tail->byte && !shape.has_null; i++)
		shape.has_null = header->t_bits[i] != 0xFF;
	shape.hoff = shape.has_null ? header->t_hoff : MAXALIGN(SizeofHeapTupleHeader);
	shape.data = tuple->t_len - header->t_hoff - 1;
	shape.begin = ALIGN_TO(shape.data, tail->align);
	shape.length = shape.hoff + shape.begin + tail->length;
	return shape;
}

/* What the header says of the grown tuple; its data is in its place. */
static inline void
set_grown_header(const TupleTail *tail, HeapTupleHeader header,
				 const RigidShape *shape)
{
	header->t_hoff = shape->hoff;
	HeapTupleHeaderSetDatumLength(header, shape->length);
	if (!shape->has_null)
		header->t_infomask &= ~HEAP_HASNULL;
	else
	{
		header->t_bits[tail->byte] |= tail->bits[0];
		if (tail->nbytes > 1)
			header->t_bits[tail->byte + 1] |= tail->bits[1];
	}
	zero_padding((char *) header + shape->hoff + shape->data,
				 shape->begin - shape->data);
}

/* Up to seven bytes: too few for a call of memset(). */
static inline void
zero_padding(char *at, int n)
{
	if (n & 1)
		*at++ = 0;
	if (n & 2)
	{
		memset(at, 0, 2);
		at += 2;
	}
	if (n & 4)
		memset(at, 0, 4);
}

/* A copy of a tuple with room for the tail in place of its last byte. */
static HeapTuple
grown_copy(const TupleTail *tail, HeapTuple tuple)
{
	HeapTupleHeader from = tuple->t_data;
	RigidShape	shape = grown_shape(tail, tuple);
	HeapTuple	result = palloc(HEAPTUPLESIZE + shape.length);
	HeapTupleHeader to = (HeapTupleHeader) ((char *) result + HEAPTUPLESIZE);

	result->t_len = shape.length;
	result->t_self = tuple->t_self;
	result->t_tableOid = tuple->t_tableOid;
	result->t_data = to;
	memcpy(to, from, shape.hoff);
	memcpy((char *) to + shape.hoff, (char *) from + from->t_hoff, shape.data);
	set_grown_header(tail, to, &shape);
	return result;
}

/*
 * The same in the tuple's own memory.  False: there is not enough of it, or what
 * would be moved may be among the values.
 */
static inline bool
grow_in_place(const TupleTail *tail, HeapTuple tuple)
{
	HeapTupleHeader header = tuple->t_data;
	RigidShape	shape = grown_shape(tail, tuple);

	if (shape.hoff != header->t_hoff && !tail->all_byval)
		return false;
	if ((char *) header != (char *) tuple + HEAPTUPLESIZE)
		return false;
	/* without a null bitmap it may even be shorter */
	if (shape.length > tuple->t_len &&
		!chunk_can_grow(tuple, HEAPTUPLESIZE + shape.length))
		return false;
	if (shape.hoff != header->t_hoff)
		memmove((char *) header + shape.hoff, (char *) header + header->t_hoff,
				shape.data);
	tuple->t_len = shape.length;
	set_grown_header(tail, header, &shape);
	return true;
}

/*
 * A chunk of memory is most often longer than what was asked for.  Only an
 * AllocSet says how much longer, and keeps the chunk's place.
 */
static bool
chunk_can_grow(void *chunk, Size size)
{
	if (!IsA(GetMemoryChunkContext(chunk), AllocSetContext) ||
		size > GetMemoryChunkSpace(chunk) - CHUNK_OVERHEAD)
		return false;
#ifdef MEMORY_CONTEXT_CHECKING
	if (repalloc(chunk, size) != chunk)
		elog(ERROR, "a chunk of memory was moved although there was room for it");
#endif
	return true;
}

/*
 * Where the tail's first value would begin, before alignment; or, where the
 * first column has a value and will have one (first_stays), where it does
 * begin.  -1: the tuple lacks more columns than the tail's.
 */
static int
tail_offset(const TupleTail *tail, HeapTuple tuple, int natts,
			bool first_stays)
{
	int			offset;

	if (natts == tail->first - 1)
		return tuple->t_len - tuple->t_data->t_hoff;
	if (natts != tail->natts)
		return -1;
	offset = fixed_tail_offset(tail, tuple, first_stays);
	if (offset < 0)
		offset = walk_to_tail(tail, tuple);
	return offset;
}

/*
 * From the tuple's end backwards, where that is certain: all values of the tail
 * are of fixed length and follow each other without padding.  What padding
 * there is before the first of them is unknown, so the first must be one byte
 * long, or keep its place.
 */
static int
fixed_tail_offset(const TupleTail *tail, HeapTuple tuple, bool first_stays)
{
	HeapTupleHeader header = tuple->t_data;
	bool		has_nulls = (header->t_infomask & HEAP_HASNULL) != 0;
	int			offset = tuple->t_len - header->t_hoff;
	const TailColumn *next = NULL;
	bool		present = false;

	for (int i = tail->natts - 1; i >= tail->first - 1; i--)
	{
		const TailColumn *column = &tail->columns[i];

		present = !has_nulls || !att_isnull(i, header->t_bits);
		if (!present)
			continue;
		if (column->len < 0)
			return -1;
		if (next != NULL && (column->len % next->align != 0 ||
							 column->align % next->align != 0))
			return -1;
		offset -= column->len;
		next = column;
	}
	/* present is that of the tail's first column now */
	if (next == NULL || next->align == 1 || (present && first_stays))
		return offset;
	return -1;
}

/* From the tuple's beginning, column by column. */
static int
walk_to_tail(const TupleTail *tail, HeapTuple tuple)
{
	HeapTupleHeader header = tuple->t_data;
	bool		has_nulls = (header->t_infomask & HEAP_HASNULL) != 0;
	const char *data = (char *) header + header->t_hoff;
	int			offset = 0;
	int			start;

	for (int i = 0; i < tail->first - 1; i++)
	{
		if (has_nulls && att_isnull(i, header->t_bits))
			continue;
		start = offset;
		offset = skip(&tail->columns[i], data, &start);
	}
	return offset;
}

/*
 * Takes the values of the tail that are not replaced from the tuple.  Returns
 * false where the tuple is too short to have one that is not NULL.
 */
static bool
keep_others(const TupleTail *tail, HeapTuple tuple, int natts, int offset,
			Datum *values, bool *isnull, const bool *replace)
{
	HeapTupleHeader header = tuple->t_data;
	bool		has_nulls = (header->t_infomask & HEAP_HASNULL) != 0;
	const char *data = (char *) header + header->t_hoff;

	for (int i = tail->first - 1; i < tail->natts; i++)
	{
		int			n = i - (tail->first - 1);
		const TailColumn *column = &tail->columns[i];
		bool		absent = i >= natts ||
			(has_nulls && att_isnull(i, header->t_bits));
		int			start = offset;

		if (!absent)
			offset = skip(column, data, &start);
		if (replace[n])
			continue;
		if (i >= natts && column->missing)
			return false;
		isnull[n] = absent;
		if (!absent)
			values[n] = fetch_att(data + start, column->byval, column->len);
	}
	return true;
}

/* The offset after a column that may begin at *start; where it does begin. */
static int
skip(const TailColumn *column, const char *data, int *start)
{
	const char *value;

	/* a varlena with a short header is not aligned, and begins not with 0 */
	if (column->len != -1 || data[*start] == 0)
		*start = ALIGN_TO(*start, column->align);
	value = data + *start;
	if (column->len > 0)
		return *start + column->len;
	if (column->len == -1)
		return *start + VARSIZE_ANY(value);
	return *start + strlen(value) + 1;
}

/* The offset of the tuple's end. */
static int
tail_end(const TupleTail *tail, int offset, const Datum *values,
		 const bool *isnull)
{
	for (int i = tail->first - 1; i < tail->natts; i++)
	{
		const TailColumn *column = &tail->columns[i];
		int			n = i - (tail->first - 1);
		struct varlena *value;

		if (isnull[n])
			continue;
		if (column->len > 0)
		{
			offset = ALIGN_TO(offset, column->align) + column->len;
			continue;
		}
		value = (struct varlena *) DatumGetPointer(values[n]);
		if (VARATT_IS_EXTERNAL(value) || VARATT_IS_SHORT(value))
			offset += VARSIZE_ANY(value);
		else if (column->packable && VARATT_CAN_MAKE_SHORT(value))
			offset += VARATT_CONVERTED_SHORT_SIZE(value);
		else
			offset = ALIGN_TO(offset, column->align) + VARSIZE(value);
	}
	return offset;
}

static void
fill_tail(const TupleTail *tail, HeapTupleHeader header, int offset,
		  const Datum *values, const bool *isnull)
{
	char	   *data = (char *) header + header->t_hoff;

	for (int i = tail->first - 1; i < tail->natts; i++)
	{
		const TailColumn *column = &tail->columns[i];
		int			n = i - (tail->first - 1);

		if (isnull[n])
			continue;
		if (column->len == -1)
		{
			Size		length =
				fill_varlena(column, data, &offset,
							 (struct varlena *) DatumGetPointer(values[n]),
							 header);

			offset += length;
			continue;
		}
		offset = ALIGN_TO(offset, column->align);
		if (column->byval)
			store_att_byval(data + offset, values[n], column->len);
		else
			memcpy(data + offset, DatumGetPointer(values[n]), column->len);
		offset += column->len;
	}
}

/* As heap_fill_tuple() does it; returns the length, and aligns *offset. */
static Size
fill_varlena(const TailColumn *column, char *start, int *offset,
			 struct varlena *value, HeapTupleHeader header)
{
	Size		length;

	header->t_infomask |= HEAP_HASVARWIDTH;
	if (VARATT_IS_EXTERNAL(value) || VARATT_IS_SHORT(value))
	{
		if (VARATT_IS_EXTERNAL(value))
			header->t_infomask |= HEAP_HASEXTERNAL;
		length = VARSIZE_ANY(value);
		memcpy(start + *offset, value, length);
	}
	else if (column->packable && VARATT_CAN_MAKE_SHORT(value))
	{
		length = VARATT_CONVERTED_SHORT_SIZE(value);
		SET_VARSIZE_SHORT(start + *offset, length);
		memcpy(start + *offset + 1, VARDATA(value), length - 1);
	}
	else
	{
		*offset = ALIGN_TO(*offset, column->align);
		length = VARSIZE(value);
		memcpy(start + *offset, value, length);
	}
	return length;
}

/* The bitmap of what is not NULL; false where it is not needed. */
static bool
fill_nulls(const TupleTail *tail, HeapTupleHeader from, const bool *isnull,
		   uint8 *bits)
{
	int			before = tail->first - 1;
	bool		has_null = false;

	memset(bits, 0xFF, BITMAPLEN(tail->natts));
	if (from->t_infomask & HEAP_HASNULL)
	{
		int			bytes = before / 8;

		memcpy(bits, from->t_bits, bytes);
		if (before % 8 != 0)
			bits[bytes] = from->t_bits[bytes] | (0xFF << (before % 8));
		for (int i = 0; i <= bytes && !has_null; i++)
			has_null = bits[i] != 0xFF;
	}
	for (int i = before; i < tail->natts; i++)
	{
		if (!isnull[i - before])
			continue;
		bits[i / 8] &= ~(1 << (i % 8));
		has_null = true;
	}
	/* no bits after the last column, as heap_form_tuple() leaves them */
	if (tail->natts % 8 != 0)
		bits[tail->natts / 8] &= ~(0xFF << (tail->natts % 8));
	return has_null;
}
