#
# load.sh: applications that write all the time, and what they noticed; to be
# sourced after cluster.sh.
#
# An application is a pgbench that runs the scripts of a directory, one statement
# a transaction, and logs each.  A phase is a name and the time of its begin.
#

declare -A app_pid
load=$cluster/load
mkdir $load

# app_start NAME DIRECTORY VERSION_SCHEMA ROWS RATE: about RATE statements a
# second over four connections, of which each prepares its statements once.
app_start()
{
	local name=$1 scripts=$2 options=()
	local script

	for script in read@4 price@3 insert@2 delete@1 $(basename -s .sql $scripts/stat*.sql)@3; do
		options+=(-f $scripts/${script%@*}.sql@${script#*@})
	done
	PGUSER=shop PGAPPNAME="$name" PGOPTIONS="-c search_path=$3,public" \
		pgbench -n -M prepared -c 4 -j 1 -T 100000 -R $5 -D rows=$4 "${options[@]}" \
		-l --log-prefix=$load/$name > $load/$name.out 2> $load/$name.err &
	app_pid[$name]=$!
}

# pgbench ends in good order, its log written, when the time of its -T is over;
# this signal is what tells it so.
app_stop()
{
	kill -ALRM ${app_pid[$1]} 2> /dev/null || true
	wait ${app_pid[$1]} || echo "pgbench ended with status $?" >> $load/$1.err
}

phase()
{
	echo "$EPOCHREALTIME $1" >> $load/phases
}

# phase_seconds NAME: how long it took.
phase_seconds()
{
	awk -v name="$1" 'seen { print $1 - seen; exit } $2 == name { seen = $1 }' $load/phases
}

# One line per statement that NAME ran: the phase in which it began, how long it
# took in ms, or "failed", the script's number, when it began.  Time that pgbench
# spent before it sent the statement does not count.  A log line is: client, number, us or "failed", script, seconds
# and microseconds at the end, us behind schedule.
app_statements()
{
	cat $load/$1.[0-9]* | awk -v phases=$load/phases '
		BEGIN {
			while ((getline line < phases) > 0) {
				split(line, part, " ")
				begin[++n] = part[1]
				name[n] = part[2]
			}
		}
		{
			took = $3 == "failed" ? 0 : ($3 - $7) / 1e6
			began = $5 + $6 / 1e6 - took
			for (i = n; i > 1 && began < begin[i]; i--)
				;
			printf "%s %s %d %.6f\n", name[i],
				$3 == "failed" ? $3 : sprintf("%.3f", took * 1e3), $4, began
		}'
}

# Statements of NAME that failed: a connection of pgbench ends at its first error.
app_failed()
{
	local aborted

	aborted=$(grep -c 'aborted' $load/$1.err || true)
	echo $(($(app_statements $1 | grep -c failed) + aborted))
}

# summary: of times in ms, one a line, how many there are, the longest and the 99th
# percentile.
summary()
{
	sort -n | awk '
		$1 != "failed" { ms[++n] = $1 }
		END {
			if (n == 0)
				print "0 - -"
			else
				printf "%d %.1f %.1f\n", n, ms[n], ms[int((n - 1) * 0.99) + 1]
		}'
}

# app_summary NAME PHASE: the same of the statements that NAME began in a phase, of
# all where PHASE is empty.
app_summary()
{
	app_statements $1 | awk -v phase="$2" 'phase == "" || $1 == phase { print $2 }' | summary
}
