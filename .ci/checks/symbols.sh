# The library exports what the server must see and nothing else.

if [ ! -f pgroll_c.so ]; then
	echo "pgroll_c.so is not built"
	exit 1
fi
! nm -D --defined-only pgroll_c.so | awk '{ print $3 }' |
	grep -vE '^(Pg_magic_func|_PG_init|pg_finfo_pgroll_[a-z0-9_]+|pgroll_[a-z0-9_]+)$'
