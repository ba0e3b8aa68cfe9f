/*-------------------------------------------------------------------------
 *
 * start_check.h
 *		What is looked at before a migration or baseline is opened.
 *-------------------------------------------------------------------------
 */
#ifndef PGROLL_START_CHECK_H
#define PGROLL_START_CHECK_H

#include "utils/jsonb.h"

/*
 * May the current role make schemas, and is the base one there?  Raises
 * undefined_schema, wrong_object_type for a version schema, insufficient_privilege.
 */
extern void start_check_may(const char *base_schema);

/*
 * Raise migration_exists where the name was used, migration_active where another is in
 * progress.
 */
extern void start_check_name(const char *base_schema, const char *name, Jsonb *document);

/* Raise duplicate_schema. */
extern void start_check_version_schema(const char *version_schema);

#endif							/* PGROLL_START_CHECK_H */
