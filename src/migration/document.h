/*-------------------------------------------------------------------------
 *
 * document.h
 *		jsonb -> Migration.
 *-------------------------------------------------------------------------
 */
#ifndef PGROLL_DOCUMENT_H
#define PGROLL_DOCUMENT_H

#include "utils/jsonb.h"

#include "operation/operation.h"

/*
 * Read the migration document under the name given; rejects unknown keys and
 * operations with the path in the detail.
 */
extern Migration *document_read(const char *base_schema, const char *name,
								Jsonb *document);

#endif							/* PGROLL_DOCUMENT_H */
