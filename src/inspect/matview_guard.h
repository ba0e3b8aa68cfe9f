/*-------------------------------------------------------------------------
 *
 * matview_guard.h
 *		Materialized views that somebody refreshes while their columns change.
 *-------------------------------------------------------------------------
 */
#ifndef PGROLL_MATVIEW_GUARD_H
#define PGROLL_MATVIEW_GUARD_H

#include "inspect/guard_scope.h"

/*
 * What the active migrations (GuardLine *) have made of it is to be filled again: it
 * must not be older than what it stands for.  So is what they have made themselves.
 */
extern void matview_guard_refreshed(List *lines, Oid matview);

/* The line that has made it, or NULL. */
extern GuardLine *matview_guard_line(List *lines, Oid matview);

#endif							/* PGROLL_MATVIEW_GUARD_H */
