#!/bin/bash
#
# tree.sh: a Debian tree with one PostgreSQL major and what building and testing
# needs, made once and kept in a cache outside the repository.
#
#   tree.sh MAJOR            makes or finds the tree, prints its path
#   tree.sh MAJOR-debug      the same with a server of its own in
#                            /usr/local/pgsql, built with assertions and for
#                            valgrind, and valgrind itself
#
# Exit status 3: this major cannot be had from the machine's package archive.
#
# Nothing is installed on the machine itself but mmdebstrap, and that only where
# a tree has to be made.  A tree is made under another name and renamed when it
# is whole, so a tree that exists is a good one; its stamp is a hash of this
# script, so a changed script makes a new one.
#
set -euo pipefail

flavour=$1
major=${flavour%-debug}
cache=${PGROLL_CACHE:-/var/cache/pgroll_c}
root=$cache/tree-$flavour
work=

# The Debian release whose archive has this major.
suite_of()
{
	case $1 in
		15) echo bookworm ;;
		17) echo trixie ;;
		18) echo forky ;;
		19) echo sid ;;
		*) say "no Debian release is known to have PostgreSQL $1"; exit 3 ;;
	esac
}

say()
{
	echo "tree $flavour: $*" >&2
}

stamp()
{
	{ cat "${BASH_SOURCE[0]}"; echo "$flavour"; } | sha256sum | cut -c1-64
}

# Is this tree whole?  Asks the programs that a run needs.
tree_works()
{
	local bin=/usr/lib/postgresql/$major/bin

	[ "$flavour" = "$major" ] || bin=/usr/local/pgsql/bin
	chroot "$1" $bin/postgres --version &&
		chroot "$1" gcc --version &&
		chroot "$1" perl -MIPC::Run -MDBD::Pg -e1 &&
		chroot "$1" sh -c "test -x \$($bin/pg_config --pkglibdir)/pgxs/src/test/isolation/pg_isolation_regress" &&
		chroot "$1" sh -c "test -f \$($bin/pg_config --sharedir)/extension/pgtap.control"
} > /dev/null 2>&1

# The archive is the one that the machine's own apt uses.
archive_uri()
{
	. /etc/os-release
	{
		apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' \
			"Codename: ${VERSION_CODENAME:-sid}"
		apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' \
			'Origin: Debian' 'Component: main'
	} | sed -n 1p
}

# Settings of the machine's apt that a tree's apt must have as well.
apt_settings()
{
	local name

	for name in Acquire::Check-Valid-Until Acquire::http::Proxy Acquire::https::Proxy; do
		apt-config dump $name
	done
}

# The machine's own apt: its lists, for the archive's address, and mmdebstrap.
# One of us at a time, and another's apt-get may hold the lists for a while.
prepare_machine()
{
	local try

	exec 7> $cache/machine.lock
	flock 7
	if [ -z "$(archive_uri)" ] || ! command -v mmdebstrap > /dev/null; then
		for try in 1 2 3 4 5; do
			! apt-get -q update || break
			sleep 10
		done
		command -v mmdebstrap > /dev/null ||
			DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=120 \
				-qy install --no-install-recommends mmdebstrap
	fi
	exec 7>&-
}

# An empty package that stands for the compilers that postgresql-server-dev-N
# wants for JIT (1 GB that we do not use).
make_dummy_package()
{
	local n provides=

	for n in $(seq 11 30); do
		provides+="clang-$n (= 1:$n.99), llvm-$n-dev (= 1:$n.99), libllvm$n (= 1:$n.99), "
	done
	mkdir -p $work/dummy/DEBIAN
	cat > $work/dummy/DEBIAN/control <<-END
		Package: pgroll-no-llvm
		Version: 1
		Architecture: all
		Maintainer: nobody <nobody@localhost>
		Provides: ${provides%, }
		Description: stands for clang and llvm, which these tests do not use
	END
	dpkg-deb --build $work/dummy $work/dummy.deb
}

# Steps that mmdebstrap runs on the tree while it makes it; $1 is the tree.
write_hooks()
{
	cat > $work/setup <<-END
		[ $major != 19 ] || printf 'Package: src:postgresql-19\nPin: release a=experimental\nPin-Priority: 500\n' \
			> "\$1/etc/apt/preferences.d/postgresql-19"
	END
	cat > $work/essential <<-END
		set -e
		cp $work/dummy.deb "\$1/dummy.deb"
		chroot "\$1" dpkg -i /dummy.deb
		rm "\$1/dummy.deb"
		mkdir -p "\$1/etc/postgresql-common"
		echo create_main_cluster=false > "\$1/etc/postgresql-common/createcluster.conf"
	END
	# pgTAP is SQL only: where a new major has no package, the one before does.
	cat > $work/customize <<-END
		set -e
		chmod 1777 "\$1/dev/shm" "\$1/tmp"
		[ ! -f "\$1/usr/share/postgresql/$major/extension/pgtap.control" ] || exit 0
		cd $work
		APT_CONFIG=\$MMDEBSTRAP_APT_CONFIG apt-get download postgresql-$((major - 1))-pgtap
		dpkg-deb -x postgresql-*-pgtap_*.deb pgtap
		cp pgtap/usr/share/postgresql/*/extension/pgtap* "\$1/usr/share/postgresql/$major/extension/"
	END
	chmod +x $work/setup $work/essential $work/customize
}

bootstrap()
{
	local suite uri key=/usr/share/keyrings/debian-archive-keyring.gpg
	local packages setting options=() sources=()

	suite=$(suite_of $major)
	uri=$(archive_uri)
	sources=("deb [signed-by=$key] $uri $suite main")
	[ $major != 19 ] || sources+=("deb [signed-by=$key] $uri experimental main")
	while IFS= read -r setting; do
		[ -z "$setting" ] || options+=("--aptopt=$setting")
	done <<< "$(apt_settings)"

	packages="postgresql-$major postgresql-server-dev-$major gcc libc6-dev make perl"
	packages+=" libipc-run-perl libdbd-pg-perl libyaml-dev procps"
	[ $major = 19 ] || packages+=" postgresql-$major-pgtap"
	[ "$flavour" = "$major" ] || packages+=" bison flex zlib1g-dev valgrind"

	mmdebstrap --variant=apt --aptopt='APT::Install-Recommends "false"' "${options[@]}" \
		--include="$packages" \
		--dpkgopt='path-exclude=/usr/share/man/*' \
		--dpkgopt='path-exclude=/usr/share/doc/*' \
		--dpkgopt='path-exclude=/usr/share/locale/*' \
		--dpkgopt='path-exclude=/usr/lib/postgresql/*/lib/bitcode/*' \
		--setup-hook="$work/setup \"\$1\"" \
		--essential-hook="$work/essential \"\$1\"" \
		--customize-hook="$work/customize \"\$1\"" \
		$suite $root.tmp "${sources[@]}"
}

# Unpack the source of the same major into the tree, by an apt of its own that
# shares nothing with the machine's.
fetch_source()
{
	local apt=$work/apt uri key=/usr/share/keyrings/debian-archive-keyring.gpg

	uri=$(archive_uri)
	mkdir -p $apt/lists/partial $apt/cache/archives/partial
	: > $apt/status
	echo "deb-src [signed-by=$key] $uri $(suite_of $major) main" > $apt/sources.list
	[ $major != 19 ] ||
		echo "deb-src [signed-by=$key] $uri experimental main" >> $apt/sources.list
	cat > $apt/apt.conf <<-END
		Dir::Etc::sourcelist "$apt/sources.list";
		Dir::Etc::sourceparts "-";
		Dir::Etc::preferencesparts "-";
		Dir::State::lists "$apt/lists";
		Dir::State::status "$apt/status";
		Dir::Cache "$apt/cache";
		APT::Sandbox::User "root";
	END
	apt_settings >> $apt/apt.conf
	(
		export APT_CONFIG=$apt/apt.conf
		cd $apt
		apt-get -q update
		apt-get -q source --download-only postgresql-$major
		mkdir -p $root.tmp/usr/local/src/postgresql
		tar -xf postgresql-*.orig.tar.* --strip-components=1 -C $root.tmp/usr/local/src/postgresql
	)
}

build_debug_server()
{
	fetch_source
	unshare -m --propagation private bash -euc "
		mount -t proc proc $root.tmp/proc
		exec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 chroot $root.tmp bash -euc '
			cd /usr/local/src/postgresql
			./configure --prefix=/usr/local/pgsql --enable-cassert --enable-debug \\
				--enable-tap-tests --without-icu --without-readline \\
				CFLAGS=\"-O1 -g\" CPPFLAGS=-DUSE_VALGRIND
			make -s -j2
			make -s install
			for dir in contrib/pgrowlocks contrib/btree_gist contrib/pageinspect contrib/test_decoding \\
				src/test/isolation src/test/perl src/test/regress; do
				make -s -C \$dir install
			done
			cp src/tools/valgrind.supp /usr/local/pgsql/
			cp /usr/share/postgresql/$major/extension/pgtap* /usr/local/pgsql/share/extension/
			make -s clean
		'"
}

make_tree()
{
	work=$(mktemp -d)
	trap 'rm -rf "$work" "$root.tmp"' EXIT
	rm -rf $root $root.tmp
	prepare_machine
	make_dummy_package
	write_hooks
	bootstrap
	[ "$flavour" = "$major" ] || build_debug_server
	tree_works $root.tmp
	stamp > $root.tmp/pgroll-stamp
	mv $root.tmp $root
}

suite_of $major > /dev/null
mkdir -p $cache
exec 9> $root.lock
flock 9
if [ "$(cat $root/pgroll-stamp 2> /dev/null)" != "$(stamp)" ] || ! tree_works $root; then
	say "making it (log: $root.log)"
	start=$SECONDS
	# A second try, for what a busy network did to the first.  As a job: within
	# a condition bash would not stop at an error.
	for try in 1 2; do
		make_tree > $root.log 2>&1 < /dev/null &
		! wait $! || break
		if [ $try = 2 ]; then
			say "cannot be made; the log ends with:"
			tail -n 15 $root.log | sed 's/^/    /' >&2
			exit 3
		fi
	done
	say "made in $((SECONDS - start)) s"
fi
echo $root
