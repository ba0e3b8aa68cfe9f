# docs/reference.md has a section for each function, procedure and view of users.

[ -f docs/reference.md ] || exit 0
status=0
names=$(sed -nE 's/^CREATE (FUNCTION|PROCEDURE|VIEW) @extschema@\.([a-z_]+).*/\2/p' \
	src/sql/20_api.sql src/sql/40_views.sql)
for name in $names; do
	grep -qx "### $name" docs/reference.md || { echo "docs/reference.md: no section \"$name\""; status=1; }
done
for name in $(sed -n 's/^### //p' docs/reference.md); do
	grep -qx "$name" <<< "$names" || { echo "docs/reference.md: \"$name\" is not there"; status=1; }
done
exit $status
