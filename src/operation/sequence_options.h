/*-------------------------------------------------------------------------
 *
 * sequence_options.h
 *		The options of an identity column's sequence, as a document has them.
 *-------------------------------------------------------------------------
 */
#ifndef PGROLL_SEQUENCE_OPTIONS_H
#define PGROLL_SEQUENCE_OPTIONS_H

#include "schema/catalog_sequence.h"
#include "schema/schema_model.h"

typedef struct SequenceOptions
{
	char	   *name;			/* of SEQUENCE NAME, or NULL */
	char	   *text;			/* the others: " START WITH 5 CYCLE", or "" */
} SequenceOptions;

/*
 * Read text (NULL: none) by the server's grammar and check it for a sequence of
 * the type; raises errors at path.  What comes back is written anew, so that
 * nothing of the text gets into a statement.
 */
extern SequenceOptions *sequence_options_read(const SchemaModel *model,
											  const char *text, Oid type,
											  const char *path);

/* " START WITH 5 INCREMENT BY 1 …": all that a sequence has. */
extern char *sequence_options_of_facts(const SequenceFacts *facts);

/*
 * The same, or NULL where the sequence has what one of its type gets that is made with
 * these options (of the same form, or "").
 */
extern char *sequence_options_changed(const char *options, const SequenceFacts *facts);

/* " (SEQUENCE NAME s.n START WITH 5)", or "" where there are none. */
extern char *sequence_options_of_identity(const SequenceOptions *options,
										  const SchemaModel *model);

#endif							/* PGROLL_SEQUENCE_OPTIONS_H */
