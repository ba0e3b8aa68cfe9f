/*-------------------------------------------------------------------------
 *
 * index_copy.h
 *		What has been built for an index whose columns have shadows.
 *-------------------------------------------------------------------------
 */
#ifndef PGROLL_INDEX_COPY_H
#define PGROLL_INDEX_COPY_H

#include "access/attmap.h"
#include "ddl/step.h"
#include "schema/catalog_object.h"

/*
 * Raise object_not_in_prerequisite_state where the copy, which is found by its name, was
 * built for another definition than the index has now: for an index that had its name
 * then, or with a function that did.  The map has, by attribute number of the table, the
 * attribute that stands for it in a copy; label is the table, for people.
 */
extern void index_copy_check(const IndexFacts *index, Oid copy, const AttrMap *map,
							 const char *label);

/*
 * The steps of a completion by which the copy, which is called qualified by then, gets the
 * options that the index has: they may have been set since it was built.
 */
extern void index_copy_options(Oid index, Oid copy, char *qualified, MigrationPlan *plan);

#endif							/* PGROLL_INDEX_COPY_H */
