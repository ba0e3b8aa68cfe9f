/*-------------------------------------------------------------------------
 *
 * guc.h
 *		The settings of pgroll_c.
 *-------------------------------------------------------------------------
 */
#ifndef PGROLL_GUC_H
#define PGROLL_GUC_H

extern bool pgroll_allow_published_tables;
extern int	pgroll_backfill_batch_time;
extern int	pgroll_backfill_max_replica_lag;
extern int	pgroll_backfill_max_snapshot_age;
extern int	pgroll_backfill_max_wal_rate;
extern int	pgroll_lock_retry_timeout;
extern int	pgroll_lock_timeout;

extern void guc_init(void);

/*
 * For text that is made of the catalogs and read again, maybe in a session with
 * other settings: all names qualified, values of every type in the form that is
 * read alike everywhere.  Until the end of the caller's nest level.
 */
extern void guc_set_portable_text(void);

/*
 * Such text, and a document's, is read with standard_conforming_strings.  Until
 * the end of the caller's nest level, or of the transaction where there is none.
 */
extern void guc_set_portable_strings(void);

#endif							/* PGROLL_GUC_H */
