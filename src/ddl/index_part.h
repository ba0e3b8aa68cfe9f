/*-------------------------------------------------------------------------
 *
 * index_part.h
 *		Partitions' indexes that are attached to that of the whole table.
 *
 * The server has no statement to take one out of it: it only lets go of the indexes of a
 * partition that it detaches, and drops all of them with the whole.
 *-------------------------------------------------------------------------
 */
#ifndef PGROLL_INDEX_PART_H
#define PGROLL_INDEX_PART_H

/*
 * The index becomes one of its table alone; nothing happens where it is.  Neither it nor
 * the other one may serve a key as a part of the whole.
 */
extern void index_part_release(Oid index);

/* Give it another name, whatever the user may do. */
extern void index_part_rename(Oid index, const char *name);

/*
 * Let the whole, and what it is a part of, be valid where each partition has a valid part:
 * the server looks only when one is attached, not when a partition without one goes.
 */
extern void index_part_validate(Oid whole);

/* What the first does, for people; whole and part are qualified and quoted. */
extern char *index_part_release_sql(const char *whole, const char *part);

#endif							/* PGROLL_INDEX_PART_H */
