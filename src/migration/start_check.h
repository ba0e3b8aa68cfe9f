/*-------------------------------------------------------------------------
 *
 * start_check.h
 *		What a baseline, a start and the plan of one look at first.
 *-------------------------------------------------------------------------
 */
#ifndef PGROLL_START_CHECK_H
#define PGROLL_START_CHECK_H

#include "utils/jsonb.h"

/*
 * Is it a base schema, and may the current role change it and make schemas?  Raises
 * undefined_schema, wrong_object_type for a version schema, insufficient_privilege.
 */
extern void start_check_schema(const char *base_schema);

/*
 * Raise migration_exists where the name was used, be it for the same document (NULL: a
 * baseline's), migration_active where another migration is in progress.
 */
extern void start_check_name(const char *base_schema, const char *name, Jsonb *document);

/* Raise duplicate_schema. */
extern void start_check_version_schema(const char *version_schema);

#endif							/* PGROLL_START_CHECK_H */
