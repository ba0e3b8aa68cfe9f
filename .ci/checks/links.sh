# Links between the documents lead somewhere.

perl -ne '
	while (/\]\(([^)#\s]+)(?:#[^)]*)?\)/g)
	{
		my ($to, $dir) = ($1, $ARGV);
		next if $to =~ /^[a-z]+:/;
		$dir =~ s{[^/]*$}{};
		next if -e "$dir$to";
		print "$ARGV:$.: no $to\n";
		$bad = 1;
	}
	close ARGV if eof;
	END { exit $bad }
' $(find . -name '*.md' -not -path './build/*' -not -path './.git/*' | sort)
