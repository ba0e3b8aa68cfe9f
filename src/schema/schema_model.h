/*-------------------------------------------------------------------------
 *
 * schema_model.h
 *		What a migration sees of a base schema: tables and columns as values.
 *
 * Names are logical ones, those of the newest version, with the physical ones
 * beside them.  Operations apply themselves to the model in order, so that each
 * sees names, columns and types as the one before it leaves them.
 *
 * A column changes by getting a new generation.  Expressions that are kept in
 * the model read generations: $n is the generation of that number.  So a rename
 * touches no expression, and it is always plain which state of a column an
 * expression meant.
 *-------------------------------------------------------------------------
 */
#ifndef PGROLL_SCHEMA_MODEL_H
#define PGROLL_SCHEMA_MODEL_H

#include "access/attnum.h"
#include "nodes/nodes.h"
#include "nodes/pg_list.h"

/* A sequence that the start makes for a column. */
typedef struct SequenceModel
{
	char	   *name;
	Oid			type;
	char	   *options;		/* " START WITH 5 …", or "" */
} SequenceModel;

/*
 * One state of a column: as it is stored before the migration (attnum is not
 * 0), or as an operation leaves it.
 */
typedef struct Generation
{
	int			number;			/* from 1, within the table */
	char	   *name;			/* logical name when it was made */
	char	   *physical;		/* NULL while nobody stores it; follows the
								 * completion's plan */
	char	   *shadow;			/* the name that the start gives it, or NULL */
	AttrNumber	attnum;			/* 0: not stored before the migration */
	Oid			type;
	int32		typmod;
	Oid			collation;
	bool		not_null;
	char		generated;		/* pg_attribute.attgenerated */
	char		identity;		/* pg_attribute.attidentity */
	char	   *default_text;	/* fully qualified; NULL: none */
	bool		sets_default;	/* the migration says what default_text is */
	Node	   *stored_expr;	/* of a generated column, over generations */
	Node	   *up;				/* its value from earlier generations, or NULL */
	Node	   *down;			/* its value from later ones, or NULL */
	struct Generation *previous;	/* the one that it replaces, or NULL */
	struct Generation *leader;	/* the parent table's, which it is called as */
	bool		current;		/* shown by the newest version */
	SequenceModel *sequence;	/* of a serial or identity column that the
								 * migration adds, or NULL */
	char	   *sequence_made;	/* on a table that the migration creates: what the
								 * server calls the column's sequence, or NULL */
	char	   *sequence_name;	/* … and what it is called from the completion on */
	Node	   *stored_default; /* that the column has from the start, or NULL */
	int			operation;		/* that made it; 0: none */
	int			dropped_by;		/* the operation that took its column out of
								 * the newest version; 0: none */
	bool		gone;			/* the completion's plan has dropped it */
	bool		swapped;		/* … has put it in the place of the old one */
} Generation;

/* A column as the newest version shows it. */
typedef struct ColumnModel
{
	char	   *name;
	Generation *generation;
	char	   *comment;		/* or NULL */
	int			renamed_by;		/* the last operation that did; 0: none */
} ColumnModel;

typedef struct TableModel
{
	Oid			relid;			/* InvalidOid: made by this migration */
	char	   *name;			/* logical */
	char	   *physical;
	char	   *schema;			/* of another one, whose tables no version of
								 * ours shows; NULL: the base schema */
	char		relkind;
	Oid			owner;
	bool		is_typed;		/* CREATE TABLE … OF type */
	char	   *comment;		/* or NULL */
	List	   *columns;		/* ColumnModel *, in logical order */
	List	   *generations;	/* Generation *, by number */
	bool		created;		/* by this migration */
	Oid			made;			/* of a created one: what an active migration has
								 * made of it */
	bool		dropped;		/* hidden from the newest version */
	bool		aside;			/* of a dropped one: the start renames it, since
								 * another gets its name */
	int			operation;		/* that created or dropped it */
	bool		has_edges;		/* a shadow or a down expression exists */
	bool		carried;		/* carry_complete() was called */
	List	   *edge_members;	/* Oid: it and those below it, where the
								 * start's plan adds marker and triggers */
	List	   *objects;		/* ObjectModel *, once they are read */
	bool		objects_read;
	char		sets_identity;	/* pg_class.relreplident that the migration
								 * sets; 0: none */
	struct ObjectModel *identity;	/* by this index, or NULL */
} TableModel;

typedef struct SchemaModel
{
	char	   *base_schema;
	Oid			namespace;
	char	   *previous_version;	/* version schema before this one, or NULL */
	int64		migration;		/* id: part of the names that we make */
	int			next_object;	/* for name_temporary() */
	List	   *chosen_names;	/* char *: qualified, of the indexes that
								 * partitions get, and while they are built */
	List	   *tables;			/* TableModel *, dropped ones included, and
								 * those of other schemas */
	List	   *members;		/* TableModel *: the partitions of those of
								 * which a column changes */
	List	   *sequences;		/* char *: that come with new columns */
	List	   *read_sequences; /* Oid: that defaults of the migration read */
	List	   *not_nulls;		/* char *: that new tables' NOT NULLs get at the start
								 * though a dropped table's has the name */
	List	   *version_namespaces; /* Oid: of all version schemas of ours */
	List	   *concerned;		/* Oid: of a migration that is active, the
								 * tables in which it has made something */
	List	   *made;			/* Oid: of a migration that is active, the tables
								 * that it has created */
	List	   *drops;			/* MigrationDrop *: of a migration that is active,
								 * what its start has found to drop */
	bool		started;		/* read while the migration is active: its up
								 * and down are in the triggers, and not
								 * parsed */
	bool		foreseen;		/* a completion is planned before the start:
								 * what the start makes is not in the catalogs */
} SchemaModel;

/*
 * A table or column of the newest version by its logical name; where there is
 * none, raises undefined_table or undefined_column at path.
 */
extern TableModel *model_table(SchemaModel *model, const char *name, const char *path);
extern ColumnModel *model_column(TableModel *table, const char *name, const char *path);

/* The same, NULL where there is none. */
extern TableModel *model_find_table(SchemaModel *model, const char *name);
extern ColumnModel *model_find_column(TableModel *table, const char *name);

/*
 * The table of that OID; NULL: a partition, or one of another schema that neither
 * inherits from one of these nor is named by the migration.
 */
extern TableModel *model_table_of(const SchemaModel *model, Oid relid);

/* The same, or one of the members; and (TableModel *) all of both. */
extern TableModel *model_stored_table(const SchemaModel *model, Oid relid);
extern List *model_stored_tables(const SchemaModel *model);

/*
 * Can there be something in a table that the migration has made?  Names alone do not
 * tell: others may use them in tables of their own.
 */
extern bool model_concerns(const SchemaModel *model, const TableModel *table);

/*
 * model_table(), for an operation that changes it: raises wrong_object_type
 * where it is no table, insufficient_privilege where the user does not own it.
 */
extern TableModel *model_owned_table(SchemaModel *model, const char *name, const char *path);

extern Generation *model_generation(const TableModel *table, int number);

/* Append an empty generation that operation makes; number and name are set. */
extern Generation *model_add_generation(TableModel *table, const char *name, int operation);

/* A copy of the column's generation, to be a shadow, becomes its current one. */
extern Generation *model_replace_generation(TableModel *table, ColumnModel *column,
											int operation);

/* What was stored of the column before the migration, or NULL. */
extern Generation *model_stored_ancestor(Generation *generation);

/* What the newest version shows of a stored column, or NULL. */
extern Generation *model_newest_of_stored(const TableModel *table, AttrNumber attnum);

/* Take a column out of the newest version, as an operation asks for. */
extern void model_remove_column(TableModel *table, ColumnModel *column, int operation);

/* A name of ours for an object that belongs to name. */
extern char *model_temporary_name(SchemaModel *model, const char *name);

/* Quoted, with the base schema. */
extern char *model_qualified(const SchemaModel *model, const char *physical);

/* A table as it is stored, quoted, with its schema. */
extern char *model_table_sql(const SchemaModel *model, const TableModel *table);

/* Does a sequence of that name come with a new column? */
extern bool model_makes_sequence(const SchemaModel *model, const char *name);

/* Raise duplicate_table, duplicate_column … where a name is taken or reserved. */
extern void model_check_not_reserved(const char *name, const char *path);
extern void model_check_table_free(SchemaModel *model, const char *name, const char *path);
extern void model_check_column_free(TableModel *table, const char *name, const char *path);

#endif							/* PGROLL_SCHEMA_MODEL_H */
