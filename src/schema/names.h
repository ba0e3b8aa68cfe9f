/*-------------------------------------------------------------------------
 *
 * names.h
 *		Every name that we give to an object, and whether a name is ours.
 *-------------------------------------------------------------------------
 */
#ifndef PGROLL_NAMES_H
#define PGROLL_NAMES_H

#include "nodes/pg_list.h"

/* So many names do we try where the server would try without end. */
#define MAX_TRIED_NAMES 100

/* The trigger's names: '!' and '~' sort before and after what people use. */
#define DUAL_WRITE_TRIGGER_FIRST "!pgroll_c_dual_write"
#define DUAL_WRITE_TRIGGER_LAST "~pgroll_c_dual_write"

/*
 * Within a completion: of a part that the server is to find before an equal foreign key;
 * it takes the first by name, and '!' sorts before other names.
 */
#define PART_FOUND_FIRST "!pgroll_c_part"

/* "_pgroll_c_7_pending": the marker of migration 7. */
extern char *name_marker(int64 migration);

/*
 * "_pgroll_c_7_2_age": the ordinal'th object that migration 7 makes for a
 * column, constraint or index; the end of the name is cut where it is too long,
 * and the two numbers keep it unique.
 */
extern char *name_temporary(int64 migration, int ordinal, const char *name);

/*
 * The name, while migration 7 is active, of what stands for the object of that
 * name: "_pgroll_c_7_1a2b3c4d_age_check", the middle a hash of the whole name.
 */
extern char *name_carried(int64 migration, const char *name);

/*
 * The same of what stands for nothing yet: "_pgroll_c_7_1a2b3c4dn_age_check" gets
 * its name at the completion, when that of another object may have come free.
 */
extern char *name_new(int64 migration, const char *name);
extern bool name_is_new(const char *name);

/*
 * The name that name_carried() or name_new() was given, or its beginning; NULL: not
 * such a name.
 */
extern const char *name_carried_original(const char *name);

/* The same for name_temporary(). */
extern const char *name_temporary_original(const char *name);

/* Was the name made by one of the above, or by them for this migration? */
extern bool name_is_ours(const char *name);
extern bool name_is_of_migration(const char *name, int64 migration);

/*
 * The name, or with a number where it is one of the names (char *) already, as the server
 * calls the columns of an index (ChooseIndexColumnNames() of indexcmds.c).
 */
extern char *name_unlike(const List *names, char *name);

/* Is it one of the names (char *)? */
extern bool names_include(const List *names, const char *name);

/* Is it one of the trigger's names? */
extern bool name_is_dual_write_trigger(const char *name);

/* "public_02_x"; raises name_too_long where that has more than 63 bytes. */
extern char *name_version_schema(const char *base_schema, const char *version);

/*
 * What the server puts between a table's name and the label in the name of an index or a
 * foreign key of columns (char *): "a_b", as far as a name goes.  As its
 * ChooseIndexNameAddition().
 */
extern char *names_addition(List *columns);

#endif							/* PGROLL_NAMES_H */
