/*-------------------------------------------------------------------------
 *
 * guc.h
 *		The settings of pgroll_c.
 *-------------------------------------------------------------------------
 */
#ifndef PGROLL_GUC_H
#define PGROLL_GUC_H

extern int	pgroll_backfill_batch_time;
extern int	pgroll_lock_retry_timeout;
extern int	pgroll_lock_timeout;

extern void guc_init(void);

#endif							/* PGROLL_GUC_H */
