# No blanks at the ends of lines, no carriage returns, a newline at the end.

files=$(find . \( -name .git -o -name build -o -name expected -o -name 'results*' \) -prune -o \
	-type f \( -name '*.[ch]' -o -name '*.sql' -o -name '*.sh' -o -name '*.md' -o -name '*.pl' \
	-o -name '*.pm' -o -name '*.spec' -o -name Makefile \) -print | sort)
status=0
! grep -nE '[[:blank:]]+$|'$'\r' $files || status=1
for file in $files; do
	[ -z "$(tail -c 1 $file)" ] || { echo "$file: no newline at its end"; status=1; }
done
exit $status
