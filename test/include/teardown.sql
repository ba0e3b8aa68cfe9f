\set ECHO none
-- Nothing of the users' depends on the extension when no migration is active.
RESET ROLE;
RESET search_path;
\set VERBOSITY default
DROP EXTENSION pgroll_c;
SET client_min_messages = warning;
DROP SCHEMA test CASCADE;
DROP OWNED BY regress_owner CASCADE;
DROP ROLE regress_owner;
\set ECHO all
