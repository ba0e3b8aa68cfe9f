/*-------------------------------------------------------------------------
 *
 * registry.h
 *		All operations, by name.
 *-------------------------------------------------------------------------
 */
#ifndef PGROLL_REGISTRY_H
#define PGROLL_REGISTRY_H

#include "operation/operation.h"

/* The operation of that name; raises invalid_document where there is none. */
extern const OperationOps *registry_find(const char *name, const char *path);

#endif							/* PGROLL_REGISTRY_H */
