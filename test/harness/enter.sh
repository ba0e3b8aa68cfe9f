#!/bin/bash
#
# enter.sh TREE LAYER REPO OUT COMMAND...
#
# The first process of the namespaces that in-tree makes: lays a writable layer
# over TREE, and runs build.sh in it.  LAYER is an empty directory outside.
#
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
tree=$1
layer=$2
repo=$3
out=$4
shift 4

# In memory, unless there is too much to write.
if [ -z "${PGROLL_DISK:-}" ]; then
	mount -t tmpfs -o mode=755 tmpfs "$layer"
fi
mkdir "$layer/upper" "$layer/work" "$layer/root"
mount -t overlay -o "lowerdir=$tree,upperdir=$layer/upper,workdir=$layer/work" overlay "$layer/root"
cd "$layer/root"
mount -t proc proc proc
mount -t tmpfs -o mode=1777 tmpfs dev/shm
mkdir -p pgroll/repo pgroll/out pgroll/build
mount --bind -o ro "$repo" pgroll/repo
mount --bind "$out" pgroll/out
# What stands beside the repository for the tests to read, where it does.
if [ -d "$repo/../shared" ]; then
	mkdir pgroll/shared
	mount --bind -o ro "$repo/../shared" pgroll/shared
fi

bin=/usr/lib/postgresql/$(basename "$tree" | tr -dc 0-9)/bin
[[ $tree != *-debug ]] || bin=/usr/local/pgsql/bin

# The test user installs the extension itself, so that nothing runs as root.
chroot . sh -c "chown postgres /pgroll/out /pgroll/build \$($bin/pg_config --pkglibdir) \
	\$($bin/pg_config --sharedir)/extension"
if [ -n "${PGROLL_VALGRIND:-}" ]; then
	"$here"/valgrind.sh "$PWD" "$bin"
	export PGROLL_VALGRIND_LOGS=/pgroll/valgrind PG_TEST_TIMEOUT_DEFAULT=1800
	export PGROLL_TEST_TIMEOUT=${PGROLL_TEST_TIMEOUT:-5400}
fi

passed=(HOME=/pgroll/build LC_ALL=C.UTF-8 TERM="${TERM:-dumb}"
	PATH="$bin:/usr/sbin:/usr/bin:/sbin:/bin" PG_CONFIG="$bin/pg_config")
while IFS= read -r variable; do
	passed+=("$variable=${!variable}")
done < <(compgen -e | grep -E '^(PGROLL|PG_TEST)_' || true)
passed+=(PGROLL_OUT=/pgroll/out)

status=0
timeout -s KILL "${PGROLL_TIMEOUT:-1500}" env -i "${passed[@]}" chroot . \
	runuser -u postgres -- /pgroll/repo/test/harness/build.sh \
	/pgroll/repo /pgroll/build "$@" || status=$?
exit $status
