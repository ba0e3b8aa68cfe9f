/*-------------------------------------------------------------------------
 *
 * grants.h
 *		GRANT statements that repeat the access list of another object.
 *-------------------------------------------------------------------------
 */
#ifndef PGROLL_GRANTS_H
#define PGROLL_GRANTS_H

#include "schema/catalog_read.h"

/* object is qualified and quoted; column is a bare name. */
extern char *grant_column_sql(const GrantPart *part, const char *column,
							  const char *object);

/*
 * The statements (char *) that give a column of a table the privileges of another
 * one; NIL where it has them.
 */
extern List *grant_follow_column(Oid relid, AttrNumber from, const char *to,
								 const char *table);

/* Takes everything on an object, or "SCHEMA name", from the grantee of part. */
extern char *revoke_all_sql(const GrantPart *part, const char *object);

/* NULL where none of the privileges makes sense for the object's kind. */
extern char *grant_view_sql(const GrantPart *part, const char *object);
extern char *grant_sequence_sql(const GrantPart *part, const char *sequence);
extern char *grant_schema_sql(const GrantPart *part, const char *schema);

#endif							/* PGROLL_GRANTS_H */
