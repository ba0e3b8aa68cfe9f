# Each operation has one ops table, a regress test and a page in the docs.

[ -d docs/operations ] || exit 0
status=0
names=$(grep -rhoE '\.name = "[a-z_]+"' src/operation --include='*.c' | cut -d'"' -f2 | sort)
for name in $names; do
	[ -f docs/operations/$name.md ] || { echo "docs/operations/$name.md is missing"; status=1; }
	grep -rqF "\"$name\"" sql || { echo "no regress test uses \"$name\""; status=1; }
done
for name in $(uniq -d <<< "$names"); do
	echo "$name: more than one ops table"
	status=1
done
for page in docs/operations/*.md; do
	name=$(basename $page .md)
	[ $name = README ] || grep -qx $name <<< "$names" || { echo "$page: no such operation"; status=1; }
done
[ -n "$names" ] || { echo "no ops table found"; status=1; }
exit $status
