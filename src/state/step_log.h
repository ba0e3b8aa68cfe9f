/*-------------------------------------------------------------------------
 *
 * step_log.h
 *		The table pgroll_c.step_log: what was run, when and for how long.
 *-------------------------------------------------------------------------
 */
#ifndef PGROLL_STEP_LOG_H
#define PGROLL_STEP_LOG_H

/* lock_mode and relation may be NULL; phase is phase_name()'s. */
extern void step_log_add(int64 migration, const char *phase, int step,
						 const char *command, const char *lock_mode,
						 const char *relation, double duration_ms);

#endif							/* PGROLL_STEP_LOG_H */
