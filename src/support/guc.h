/*-------------------------------------------------------------------------
 *
 * guc.h
 *		The settings of pgroll_c.
 *-------------------------------------------------------------------------
 */
#ifndef PGROLL_GUC_H
#define PGROLL_GUC_H

#include "utils/array.h"

extern bool pgroll_allow_published_tables;
extern int	pgroll_backfill_batch_time;
extern int	pgroll_backfill_max_replica_lag;
extern int	pgroll_backfill_max_snapshot_age;
extern int	pgroll_backfill_max_wal_rate;
extern int	pgroll_lock_retry_timeout;
extern int	pgroll_lock_timeout;

/* Defines them; called once, when the library is loaded. */
extern void guc_init(void);

/* guc_set_local() for each "name=value" of a text[]; NULL: none. */
extern void guc_set_local_list(ArrayType *settings);

/*
 * Set any setting that everybody may set, until the end of the caller's nest level
 * (NewGUCNestLevel()), or of the transaction where there is none.
 */
extern void guc_set_local(const char *name, const char *value);

/*
 * The search_path for the user's own text: the base schema, pg_temp last.  Palloc'd
 * in the current context.
 */
extern char *guc_user_search_path(const char *base_schema);

/*
 * For text that is made of the catalogs and read again, maybe in a session with
 * other settings: all names qualified, values of every type in the form that is
 * read alike everywhere.  As long as guc_set_local().
 */
extern void guc_set_portable_text(void);

/*
 * Such text, and a document's, is read with standard_conforming_strings.  As long
 * as guc_set_local().
 */
extern void guc_set_portable_strings(void);

#endif							/* PGROLL_GUC_H */
