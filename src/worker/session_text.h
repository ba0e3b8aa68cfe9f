/*-------------------------------------------------------------------------
 *
 * session_text.h
 *		Other sessions, as text for people who wait for them.
 *-------------------------------------------------------------------------
 */
#ifndef PGROLL_SESSION_TEXT_H
#define PGROLL_SESSION_TEXT_H

/* The session of a process: its pid, role, application and state. */
extern char *session_text_by_pid(int pid);

/* The session, or the prepared transaction, that runs a transaction. */
extern char *session_text_by_xid(TransactionId xid);

#endif							/* PGROLL_SESSION_TEXT_H */
