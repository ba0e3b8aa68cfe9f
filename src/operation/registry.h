/*-------------------------------------------------------------------------
 *
 * registry.h
 *		All operations, by name.
 *-------------------------------------------------------------------------
 */
#ifndef PGROLL_REGISTRY_H
#define PGROLL_REGISTRY_H

#include "operation/operation.h"

/*
 * The operation of that name.  Raises invalid_document where there is none,
 * feature_not_supported where the document format has it and we do not.
 */
extern const OperationOps *registry_find(const char *name, const char *path);

#endif							/* PGROLL_REGISTRY_H */
