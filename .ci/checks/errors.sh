# An error has a code, a message without a period, details and hints that are
# sentences; every SQLSTATE of ours is raised, tested and documented.

perl -0777 -ne '
sub offence
{
	my ($at, $text) = @_;
	my $line = 1 + (substr($_, 0, $at) =~ tr/\n//);
	print "$ARGV:$line: $text\n";
	$bad = 1;
}

# ereport with nested parentheses; strings may hold unbalanced ones
our $string = qr/"(?:[^"\\]|\\.)*"/s;
our $nested;
$nested = qr/\((?:[^()"]|$string|(??{ $nested }))*\)/s;
while (/\bereport($nested)/g)
{
	my ($at, $call) = ($-[0], $1);
	offence($at, "ereport(ERROR) without errcode")
		if $call =~ /^\(\s*(?:ERROR|FATAL|PANIC)\b/ && $call !~ /\berrcode/;
	while ($call =~ /\b(errmsg|errdetail|errhint)(?:_internal|_plural)?\s*\(\s*($string(?:\s*$string)*)/g)
	{
		my ($kind, $text) = ($1, $2);
		$text = join("", map { substr($_, 1, -1) } $text =~ /$string/g);
		next if $text =~ /^%s$/;
		if ($kind eq "errmsg")
		{
			offence($at, "message ends with a period: $text") if $text =~ /[.!]$/;
			offence($at, "message begins with a capital: $text") if $text =~ /^[A-Z][a-z]/;
			offence($at, "say what is wrong, not that something failed: $text") if $text =~ /failed to/;
		}
		else
		{
			offence($at, "$kind does not begin with a capital: $text") unless $text =~ /^(?:[A-Z\\%]|pgroll_c\.)/;
			offence($at, "$kind does not end with a period: $text") unless $text =~ /(?:[.?](?:\\"|\))?|: %s)$/;
		}
	}
}
END { exit $bad }
' $(find src -name '*.c' | sort)
status=$?

# The rest only once the errors are documented.
[ -f docs/errors.md ] || exit $status
list=$(sed -n "s/^[[:space:]]*X(\([A-Z_]*\), '\(.\)', '\(.\)', '\(.\)'.*/\1 PR\2\3\4/p" src/support/errors.h)
while read -r name code; do
	if ! grep -rqw "ERRCODE_PGROLL_$name" src --include='*.c'; then
		echo "src/support/errors.h: nothing raises $name"
		status=1
	fi
	if ! grep -qw "$code" docs/errors.md; then
		echo "docs/errors.md: $code is missing"
		status=1
	fi
	if ! grep -rqw "$code" expected test --include='*.out' --include='*.pl' --include='*.sql'; then
		echo "no test shows $code ($name)"
		status=1
	fi
done <<< "$list"
exit $status
