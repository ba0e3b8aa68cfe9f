#
# cluster.sh: a throw-away cluster; to be sourced.
#
# cluster_start [LINE...] makes and starts one with the programs of the PATH in
# a directory of its own under /tmp, with LINEs added to its configuration, and
# sets PGHOST and the like.  It is gone when the shell ends; its log stays in
# PGROLL_OUT.
#

cluster=$(mktemp -d /tmp/pgr.XXXXXX)	# short: it holds the server's socket
cluster_log=$cluster/server.log

cluster_stop()
{
	local job

	for job in $(jobs -p); do
		kill $job 2> /dev/null || true
	done
	if [ -f $cluster/data/postmaster.pid ]; then
		pg_ctl -D $cluster/data -m immediate stop > /dev/null 2>&1 || true
	fi
	[ ! -f $cluster_log ] || cp $cluster_log $PGROLL_OUT/
	cp $cluster/data/core* $PGROLL_OUT/ 2> /dev/null || true
	rm -rf $cluster
}
trap cluster_stop EXIT
trap 'exit 130' INT TERM HUP

cluster_start()
{
	initdb -D $cluster/data -A trust -U postgres --no-sync --encoding=UTF8 \
		--locale=C.UTF-8 > $cluster/initdb.log || return
	{
		echo "listen_addresses = ''"
		echo "unix_socket_directories = '$cluster'"
		echo "fsync = off"
		echo "jit = off"
		echo "shared_buffers = 512MB"
		echo "log_line_prefix = '%m [%p] %a '"
		[ $# = 0 ] || printf '%s\n' "$@"
	} >> $cluster/data/postgresql.conf
	export PGHOST=$cluster PGPORT=5432 PGUSER=postgres PGDATABASE=postgres
	pg_ctl -w -t 300 -D $cluster/data -l $cluster_log start > /dev/null ||
		{ cat $cluster_log; return 1; }
}

# psql that prints nothing but the answer, and fails at the first error.
sql()
{
	psql -XAtq -v ON_ERROR_STOP=1 "$@"
}
