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

#endif							/* PGROLL_GUC_H */
