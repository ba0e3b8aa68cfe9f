/*-------------------------------------------------------------------------
 *
 * matview_guard.h
 *		Materialized views that somebody refreshes while their columns change.
 *-------------------------------------------------------------------------
 */
#ifndef PGROLL_MATVIEW_GUARD_H
#define PGROLL_MATVIEW_GUARD_H

#include "nodes/pg_list.h"

/*
 * What the active migrations (GuardLine *) have made of it is to be filled again: it
 * must not be older than what it stands for.
 */
extern void matview_guard_refreshed(List *lines, Oid matview);

#endif							/* PGROLL_MATVIEW_GUARD_H */
