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

/*
 * Make a column of the table and its members, which was just added with the type below
 * the domain and holds nothing but NULL, one of the domain.  The table is locked ACCESS
 * EXCLUSIVE.  Raises insufficient_privilege where the user may not use the domain.
 */
extern void column_domain_set(Oid relid, const char *column, Oid domain);

/* What that does, for people: "UPDATE pg_catalog.pg_attribute SET …". */
extern char *column_domain_sql(const char *table, const char *column, Oid domain);

/*
 * Does the type accept NULL, as an INSERT through another version will give?  Its
 * constraints are evaluated with the rights of its owner.
 */
extern bool column_domain_accepts_null(Oid type);

#endif							/* PGROLL_COLUMN_DOMAIN_H */
