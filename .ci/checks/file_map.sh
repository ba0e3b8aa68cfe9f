# The file map of src/README.md names every source file, and none that is gone.

[ -f src/README.md ] || exit 0
status=0
# name.[ch] stands for two files
named=$(grep -oE '[a-z0-9_]+\.(c|h|\[ch\]|sql)\b|[a-z0-9_]+\.\[ch\]' src/README.md |
	sed -E 's/^(.*)\.\[ch\]$/\1.c\n\1.h/' | sort -u)
present=$(find src -name '*.[ch]' -o -name '*.sql' | grep -v '^src/sql/upgrade/' | sed 's#.*/##' | sort -u)
for name in $(comm -13 <(echo "$named") <(echo "$present")); do
	echo "src/README.md does not name $name"
	status=1
done
for name in $(comm -23 <(echo "$named") <(echo "$present")); do
	echo "src/README.md names $name, which is not there"
	status=1
done
exit $status
