/*-------------------------------------------------------------------------
 *
 * column_domain.h
 *		Columns whose type is a domain with constraints.
 *-------------------------------------------------------------------------
 */
#ifndef PGROLL_COLUMN_DOMAIN_H
#define PGROLL_COLUMN_DOMAIN_H

/*
 * Would the server rewrite a table to add a column of the type?  Then the column is
 * added with the type below the domain, and made one of the domain while it holds
 * nothing but NULL.
 */
extern bool column_domain_is_needed(Oid type);

/* "SELECT pgroll_c.column_becomes_domain(…)" */
extern char *column_domain_sql(const char *table, const char *column, Oid domain);

/* Does the type accept NULL, as an INSERT through another version will give? */
extern bool column_domain_accepts_null(Oid type);

#endif							/* PGROLL_COLUMN_DOMAIN_H */
