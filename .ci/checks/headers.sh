# Each file of C begins by saying what it is; each header has its guard.

status=0
for file in $(find src -name '*.[ch]' | sort); do
	name=$(basename $file)
	guard=PGROLL_$(tr a-z. A-Z_ <<< ${name#pgroll})
	guard=${guard/__/_}
	if ! sed -n 1,5p $file | tr '\n' '~' | grep -qE "^/\*-+~ \*~ \* $name~ \*		[^ ]"; then
		echo "$file: does not begin with its name and a sentence"
		status=1
	fi
	if [[ $file = *.h ]] && ! grep -qE "^#ifndef ($guard|PGROLL_H)$" $file; then
		echo "$file: no #ifndef $guard"
		status=1
	fi
done
exit $status
