/*-------------------------------------------------------------------------
 *
 * constraint_error.h
 *		Errors of constraints that stand for another while a migration is active.
 *-------------------------------------------------------------------------
 */
#ifndef PGROLL_CONSTRAINT_ERROR_H
#define PGROLL_CONSTRAINT_ERROR_H

/*
 * Rename the constraints of errors that are about to be reported, as below.  Code
 * that catches an error before, such as an EXCEPTION clause, sees what
 * constraint_error_rename() has made of it.
 */
extern void constraint_error_init(void);

/*
 * To be called in PG_CATCH().  Where the error is a violation of a constraint or
 * index that we made in the place of another, rethrow it with that one's name:
 * it has the name by which an application knows it, and will have it after the
 * completion.  Otherwise return.
 */
extern void constraint_error_rename(void);

/* The same in an error that was caught; false where there is nothing to do. */
extern bool constraint_error_rename_in(ErrorData *error);

#endif							/* PGROLL_CONSTRAINT_ERROR_H */
