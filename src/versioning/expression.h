/*-------------------------------------------------------------------------
 *
 * expression.h
 *		The user's expressions: text -> checked tree -> fully qualified text.
 *
 * up, down, checks and defaults are read once, at start, in the base schema's
 * name space.  The trees read columns as parameters: $n is generation n of the
 * table (schema_model.h).
 *-------------------------------------------------------------------------
 */
#ifndef PGROLL_EXPRESSION_H
#define PGROLL_EXPRESSION_H

#include "nodes/bitmapset.h"
#include "nodes/nodes.h"

#include "schema/schema_model.h"

typedef enum ExpressionKind
{
	EXPRESSION_ROW,				/* up or down: columns, subqueries */
	EXPRESSION_CHECK,			/* columns, no subqueries */
	EXPRESSION_PREDICATE,		/* of an index: the same, immutable */
	EXPRESSION_INDEX,			/* a column of an index: likewise */
	EXPRESSION_GENERATED,		/* the same, without generated columns */
	EXPRESSION_DEFAULT			/* neither */
} ExpressionKind;

/*
 * Parse and check text against the columns of table as the model shows them now
 * (table may be NULL for a default).  Errors of the parser keep their SQLSTATE
 * and get path as detail.  No system columns, whole rows, aggregates, window
 * functions, set-returning functions.
 */
extern Node *expression_parse(const SchemaModel *model, TableModel *table,
							  const char *text, const char *path,
							  ExpressionKind kind);

/*
 * The same of a raw tree, a part of text.  To be called with the search_path of the
 * user's texts; errors are those of the parser.
 */
extern Node *expression_transform(TableModel *table, Node *raw, const char *text,
								  ExpressionKind kind);

/*
 * Check that the value can be assigned to type (42804 at path), and give an
 * unknown literal that type.
 */
extern Node *expression_assignable(Node *expr, Oid type, const char *path);

/* A reference to a generation. */
extern Node *expression_column(const Generation *generation);

/* A NULL of the generation's type. */
extern Node *expression_null(const Generation *generation);

/* Is it nothing but a reference to this generation? */
extern bool expression_is_column(Node *expr, const Generation *generation);

/* The generations (by number) that it reads. */
extern Bitmapset *expression_inputs(Node *expr);

/*
 * Can the column get this type in the catalog alone, every value staying as it
 * is stored?  The idea is that of ATColumnChangeRequiresRewrite() in tablecmds.c.
 */
extern bool expression_is_free_widening(const Generation *generation, Oid type,
										int32 typmod);

/* Value of expr as another generation's type, without its length or precision. */
extern Node *expression_cast(Node *expr, const Generation *generation);

/*
 * Text in which parameter n is $n; search_path is "pg_catalog, pg_temp" while
 * it is made, so that everything else is named with its schema.
 */
extern char *expression_deparse(Node *expr);

/*
 * Text in which generation n is called by names[n - 1] (char *), quoted where
 * necessary.
 */
extern char *expression_deparse_names(Node *expr, List *names);

/*
 * The same for an expression of the catalogs, whose column references have the
 * attribute numbers of their table: names[attnum - 1].
 */
extern char *expression_deparse_stored(Node *expr, List *names);

/* The same for a trigger's condition, with old and new before the names. */
extern char *expression_deparse_condition(Node *condition, List *names);

/*
 * Rethrow the error that is being caught, in context, with the place in the
 * document in its detail.
 */
pg_noreturn extern void expression_error_at(const char *path, MemoryContext context);

/* A type's name as the document gives it, resolved in the base schema. */
extern void expression_parse_type(const SchemaModel *model, const char *text,
								  const char *path, Oid *type, int32 *typmod);

/* Raise an error where text is not one or more statements that a migration may run. */
extern void expression_check_statements(const char *text, const char *path);

/*
 * The raw trees (RawStmt *) of before, text and after together.  Where the parser
 * says at which character it stopped, it is one of text.
 */
extern List *expression_raw_parse(const char *before, const char *text,
								  const char *after);

/*
 * The only element of the CREATE TABLE that they are together, which says nothing else;
 * NULL where they are anything more or else.
 */
extern Node *expression_raw_table_element(const char *before, const char *text,
										  const char *after);

/* A type for a statement of ours: with schema and modifiers. */
extern char *expression_type_name(Oid type, int32 typmod);

#endif							/* PGROLL_EXPRESSION_H */
