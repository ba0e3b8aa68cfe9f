#!/bin/bash
#
# build.sh REPO BUILD COMMAND...
#
# Copies the sources to the empty directory BUILD, builds them without a
# warning, installs them where PG_CONFIG says, and runs COMMAND in the copy.
# Exit status 4 where the build fails.
#
set -euo pipefail

repo=$1
build=$2
shift 2

tar -C "$repo" --exclude=./.git --exclude=./build --exclude='*.o' --exclude='*.so' -cf - . |
	tar -C "$build" -xf - --no-same-owner
cd "$build"
options="PG_CONFIG=$PG_CONFIG with_llvm=no"
if ! make -s -k -j2 $options COPT=-Werror > build.log 2>&1 ||
	! make -s install $options >> build.log 2>&1; then
	echo "the build failed:"
	head -n 80 build.log
	exit 4
fi
exec "$@"
