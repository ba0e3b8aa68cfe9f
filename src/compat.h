/*-------------------------------------------------------------------------
 *
 * compat.h
 *		Differences between the PostgreSQL releases that we support.
 *
 * The only file that mentions PG_VERSION_NUM.  Callers use the newest
 * signature; each entry says what changed in which release, and goes when that
 * release goes out of support.
 *-------------------------------------------------------------------------
 */
#ifndef PGROLL_COMPAT_H
#define PGROLL_COMPAT_H

#if PG_VERSION_NUM < 150000
#error "pgroll_c needs PostgreSQL 15 or newer"
#endif

/* PG16: pgstat_fetch_stat_local_beentry() was renamed. */
#if PG_VERSION_NUM < 160000
#define pgstat_get_local_beentry_by_index(index) \
	pgstat_fetch_stat_local_beentry(index)
#endif

/* PG18: pg_noreturn, before the declaration, replaced pg_attribute_noreturn(). */
#if PG_VERSION_NUM < 180000
#define pg_noreturn pg_attribute_noreturn()
#endif

/* PG16: hidden visibility became the default and PGDLLEXPORT means something. */

/* PG16: the permissions of range table entries moved to a list of their own. */
#if PG_VERSION_NUM < 160000
#define rte_required_perms(estate, rte) ((rte)->requiredPerms)
#else
#define rte_required_perms(estate, rte) \
	((rte)->perminfoindex == 0 ? (AclMode) 0 : \
	 getRTEPermissionInfo((estate)->es_rteperminfos, rte)->requiredPerms)
#endif

/* PG17: ResultRelInfo has an array of MERGE's actions instead of two lists. */
#if PG_VERSION_NUM < 170000
#define result_rel_is_merge(rel) \
	((rel)->ri_matchedMergeAction != NIL || \
	 (rel)->ri_notMatchedMergeAction != NIL)
#else
#define result_rel_is_merge(rel) \
	((rel)->ri_MergeActions[MERGE_WHEN_MATCHED] != NIL || \
	 (rel)->ri_MergeActions[MERGE_WHEN_NOT_MATCHED_BY_SOURCE] != NIL || \
	 (rel)->ri_MergeActions[MERGE_WHEN_NOT_MATCHED_BY_TARGET] != NIL)
#endif

/* PG18: ExecutorRun() and its hook lost their argument execute_once. */
#if PG_VERSION_NUM < 180000
#define EXECUTOR_RUN_PARAMS \
	QueryDesc *query, ScanDirection direction, uint64 count, bool once
#define EXECUTOR_RUN_ARGS query, direction, count, once
#define executor_run(query, direction, count) \
	ExecutorRun(query, direction, count, true)
#else
#define EXECUTOR_RUN_PARAMS \
	QueryDesc *query, ScanDirection direction, uint64 count
#define EXECUTOR_RUN_ARGS query, direction, count
#define executor_run(query, direction, count) \
	ExecutorRun(query, direction, count)
#endif

#endif							/* PGROLL_COMPAT_H */
