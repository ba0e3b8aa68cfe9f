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

#endif							/* PGROLL_COMPAT_H */
