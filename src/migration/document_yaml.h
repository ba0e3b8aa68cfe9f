/*-------------------------------------------------------------------------
 *
 * document_yaml.h
 *		YAML -> the jsonb that document.h reads.
 *-------------------------------------------------------------------------
 */
#ifndef PGROLL_DOCUMENT_YAML_H
#define PGROLL_DOCUMENT_YAML_H

#include "utils/jsonb.h"

/*
 * The document of a text in the server's encoding, in the current context.
 * Raises what yaml_read() does.  Whether it is a migration's is for
 * document_read() to find.
 */
extern Jsonb *document_from_yaml(const char *text, int length);

#endif							/* PGROLL_DOCUMENT_YAML_H */
