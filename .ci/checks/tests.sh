# Tests come in pairs, have names of their own, and do not sleep.

status=0
offence()
{
	echo "$*"
	status=1
}

pairs()
{
	local file

	for file in $1/*.$2; do
		[ ! -e $file ] || [ -f $3/$(basename $file .$2).out ] || offence "$file: no expected output"
	done
	for file in $3/*.out; do
		[ ! -e $file ] || [ -f $1/$(basename $file .out).$2 ] || offence "$file: no test"
	done
}
pairs sql sql expected
pairs test/isolation/specs spec test/isolation/expected

twice=$(ls sql/*.sql test/isolation/specs/*.spec test/pgtap/*.sql test/tap/*.pl 2> /dev/null |
	sed -E 's#.*/([0-9]{3}_)?##; s#\.[a-z]+$##' | sort | uniq -d)
[ -z "$twice" ] || offence "two tests of one name: "$twice

numbers=$(ls test/tap/*.pl 2> /dev/null | sed -E 's#.*/([0-9]*).*#\1#' | sort | uniq -d)
[ -z "$numbers" ] || offence "two TAP tests of one number: "$numbers

sleeping=$(grep -rnE 'pg_sleep|\bsleep[ (][0-9$]' sql test --include='*.sql' --include='*.spec' --include='*.pl' |
	grep -v -e '-- holds' -e '# holds' || true)
[ -z "$sleeping" ] || offence "sleeping:"$'\n'"$sleeping"
exit $status
