/*-------------------------------------------------------------------------
 *
 * owned_sequence.h
 *		Numbers of a sequence that a column of a table owns.
 *-------------------------------------------------------------------------
 */
#ifndef PGROLL_OWNED_SEQUENCE_H
#define PGROLL_OWNED_SEQUENCE_H

#include "nodes/nodes.h"

/*
 * expr, in which nextval() of a sequence that the column of the table owns (or
 * the same column of a parent table) takes no privilege on the sequence.
 */
extern Node *owned_sequence_values(Node *expr, Oid relid, const char *column);

#endif							/* PGROLL_OWNED_SEQUENCE_H */
