#!/bin/bash
#
# valgrind.sh ROOT BIN
#
# Puts valgrind before every server process of the tree at ROOT: the program
# postgres in BIN becomes a script that runs the real one under it.  So the
# servers of TAP tests are watched as well.  Children of the postmaster are
# forked and stay under the same valgrind.  initdb's servers are left alone.
#
set -euo pipefail

root=$1
bin=$2

mkdir -p "$root/pgroll/valgrind"
chmod 1777 "$root/pgroll/valgrind"
mv "$root$bin/postgres" "$root$bin/postgres.real"
cat > "$root$bin/postgres" <<END
#!/bin/sh
case "\$1" in
	--boot | --single | --check | --describe-config | --version | -V | -C)
		exec $bin/postgres.real "\$@" ;;
esac
exec valgrind -q --leak-check=no --gen-suppressions=all --time-stamp=yes \\
	--error-markers=VALGRIND-BEGIN,VALGRIND-END \\
	--suppressions=$(dirname "$bin")/valgrind.supp \\
	--trace-children=yes --log-file=/pgroll/valgrind/%p.log \\
	$bin/postgres.real "\$@"
END
chmod 755 "$root$bin/postgres"
