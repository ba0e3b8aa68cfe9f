# cluster.sh: sourced by the benchmarks: a cluster of their own in $work, with
# the PostgreSQL of PG_CONFIG, that goes away with the script.

[ "$(id -u)" != 0 ] || { echo "$0: not as root; try test/in-tree 15 bench/..." >&2; exit 2; }
PG_CONFIG=${PG_CONFIG:-pg_config}
PG_CONFIG_BIN=$("$PG_CONFIG" --bindir)
work=$(mktemp -d "${TMPDIR:-/tmp}/pgroll-bench.XXXXXX")

stop_cluster()
{
	"$PG_CONFIG_BIN"/pg_ctl -D "$work"/data -m immediate stop > "$work"/stop.log 2>&1 || true
	rm -rf "$work"
}
trap stop_cluster EXIT

${CC:-gcc} -O2 -fPIC -shared -I"$("$PG_CONFIG" --includedir-server)" \
	-o "$work"/nothing.so "$here"/nothing.c
"$PG_CONFIG_BIN"/initdb -D "$work"/data -A trust -U postgres --no-sync --encoding=UTF8 \
	--locale=C.UTF-8 > "$work"/initdb.log
cat >> "$work"/data/postgresql.conf <<CONF
listen_addresses = ''
unix_socket_directories = '$work'
fsync = off
jit = off
autovacuum = off
shared_buffers = ${SHARED_BUFFERS:-512MB}
max_wal_size = 8GB
checkpoint_timeout = 1h
CONF
"$PG_CONFIG_BIN"/pg_ctl -D "$work"/data -w -l "$work"/log start > "$work"/start.log
export PGHOST=$work PGUSER=postgres PGDATABASE=postgres
