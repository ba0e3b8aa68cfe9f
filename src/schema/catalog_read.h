/*-------------------------------------------------------------------------
 *
 * catalog_read.h
 *		System catalogs -> SchemaModel.
 *-------------------------------------------------------------------------
 */
#ifndef PGROLL_CATALOG_READ_H
#define PGROLL_CATALOG_READ_H

#include "catalog/pg_attribute.h"
#include "nodes/parsenodes.h"

#include "schema/schema_model.h"

/*
 * Read the base schema as it is stored now, our own columns left out.  The
 * columns of a table stand in the order of its view in version_schema (NULL:
 * none), new ones after them.  Takes ACCESS SHARE on each table only while it
 * reads it.  Raises undefined_schema.
 */
extern SchemaModel *catalog_read_schema(const char *base_schema,
										const char *version_schema,
										int64 migration);

/*
 * One table as it is stored now, in the order of its view in the version before
 * the model's; NULL where it is gone.
 */
extern TableModel *catalog_read_table(const SchemaModel *model, Oid relid);

/*
 * The table of that OID, of another schema, read into the model where it is not there
 * yet; NULL where it is gone.
 */
extern TableModel *catalog_read_elsewhere(SchemaModel *model, Oid relid);

/*
 * GRANT statements' parts for an ACL: privileges by grantee, e.g. "SELECT, INSERT" to
 * "app" (quoted) WITH GRANT OPTION or not.  owner's own rights are left out.
 */
typedef struct GrantPart
{
	AclMode		privileges;
	char	   *grantee;		/* quoted, or PUBLIC */
	bool		grantable;
} GrantPart;

/* GrantPart * for the access list of a relation, column (attnum > 0), schema. */
extern List *catalog_relation_grants(Oid relid);
extern List *catalog_column_grants(Oid relid, AttrNumber attnum);
extern List *catalog_schema_grants(Oid namespace);

/*
 * What ALTER DEFAULT PRIVILEGES gives away of a new object of an owner, in a schema
 * or (InvalidOid) outside of one.
 */
extern List *catalog_default_grants(ObjectType type, Oid owner, Oid namespace);

/* May the current user act as the owner of a table of the schema? */
extern bool catalog_user_owns_table_in(Oid namespace);

/* What a model of the schema is read from: its relations (Oid) without partitions. */
extern List *catalog_relations_of_schema(Oid namespace);

/* Views (Oid) of a schema, in the order of their OIDs. */
extern List *catalog_views_of_schema(Oid namespace);

/* A table, its partitions and inheritance children, at all levels (Oid). */
extern List *catalog_table_tree(Oid relid);

/* What a partition, or its index, is a part of at the top; itself: it is none. */
extern Oid	catalog_topmost(Oid relid);

/*
 * A partition, at any level, that DETACH PARTITION … CONCURRENTLY has not let go of yet;
 * InvalidOid: none.  The tree is without it.
 */
extern Oid	catalog_partition_being_detached(Oid relid);

/* The direct parents (Oid), of a partition or of an inheritance child. */
extern List *catalog_parents(Oid relid);

/* A copy of a column's row, as far as its fixed fields go; false where there is none. */
extern bool catalog_column_row(Oid relid, const char *column, FormData_pg_attribute *row);

/* A column's own default, of a generated one what it is made by; NULL: it has none. */
extern Node *catalog_column_default(Oid relid, const char *column);

/* From how many of its parents a table has a column; 0 where it has none. */
extern int	catalog_column_parents(Oid relid, const char *column);

/*
 * Does a column come from a parent table, did the table declare it itself (an
 * inheritance child may do both)?  False where there is no such column.
 */
extern bool catalog_column_is_inherited(Oid relid, const char *column);
extern bool catalog_column_is_local(Oid relid, const char *column);

/* Is it NOT NULL, also where that is not valid (from 18 on)? */
extern bool catalog_column_is_not_null(Oid relid, const char *column);

/* Is the table, or one of its partitions, partitioned by the column? */
extern bool catalog_is_partitioned_by(Oid relid, const char *column);

#endif							/* PGROLL_CATALOG_READ_H */
