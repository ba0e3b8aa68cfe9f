# processes.sh: sourced by the benchmarks: looking at server processes.

ticks=$(getconf CLK_TCK)

sql()
{
	psql -XAtq -v ON_ERROR_STOP=1 "$@"
}

# median COLUMN: of that column of the lines of its input
median()
{
	awk -v c=$1 '{ print $c }' | sort -n |
		awk '{ v[NR] = $1 } END { print (NR % 2) ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'
}

# The background worker's process, once there is one.
worker_process()
{
	local pid=

	while [ -z "$pid" ]; do
		pid=$(sql -c "SELECT pid FROM pg_stat_activity WHERE backend_type = 'pgroll_c worker'")
	done
	echo $pid
}

# watch_worker: as long as it lives: worker_seconds, the processor time, and
# worker_memory, the most private memory in kB that it has had.
watch_worker()
{
	local pid stat memory

	pid=$(worker_process)
	worker_memory=0
	while read -r -a stat 2> /dev/null < /proc/$pid/stat; do
		worker_ticks=$((stat[13] + stat[14]))
		memory=$(awk '/^RssAnon/ { print $2 }' /proc/$pid/status 2> /dev/null) || break
		((${memory:-0} <= worker_memory)) || worker_memory=$memory
		sleep 0.05
	done
	worker_seconds=$(awk "BEGIN { print $worker_ticks / $ticks }")
}

# start_backfill TYPE UP DOWN: a migration of customers.balance whose only task is
# the backfill.
start_backfill()
{
	sql > "$work"/start.out 2>&1 <<-END
		BEGIN;
		SELECT pgroll_c.start_migration('02_balance', '{"operations": [
			{"alter_column": {"table": "customers", "column": "balance",
				"type": "$1", "up": "$2", "down": "$3"}}]}');
		DELETE FROM pgroll_c.task WHERE kind <> 'backfill';
		COMMIT;
	END
}
