# Differences between PostgreSQL releases are in src/compat.h alone.

! grep -rn 'PG_VERSION_NUM\|PG_MAJORVERSION' src --include='*.c' --include='*.h' |
	grep -v '^src/compat\.h:'
