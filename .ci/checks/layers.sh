# A file includes only its own layer and layers below.

perl -e '
my %rank = (support => 0, schema => 1, state => 1, ddl => 2, versioning => 3,
			operation => 4, worker => 4, migration => 5, inspect => 5, api => 6);
my $bad = 0;
for my $file (sort glob("src/*/*.[ch]"))
{
	my ($layer) = $file =~ m{^src/(\w+)/};
	open(my $in, "<", $file) or die "$file: $!";
	if (!exists $rank{$layer})
	{
		print "$file: \"$layer\" is no layer\n";
		$bad = 1;
		next;
	}
	while (<$in>)
	{
		next unless m{^\s*#\s*include\s+"([^"]+)"};
		my $header = $1;
		my ($other) = $header =~ m{^(\w+)/};
		# Operations decide and schema reads catalogs; neither runs SQL.
		if ($layer =~ /^(operation|schema)$/ && $header =~ m{/spi\.h$})
		{
			print "$file:$.: layer $layer runs no SQL, so it does not include $header\n";
			$bad = 1;
		}
		next if !-e "src/$header" || !defined $other || $other eq $layer;
		next if exists $rank{$other} && $rank{$other} < $rank{$layer};
		print "$file:$.: layer $layer does not include $header\n";
		$bad = 1;
	}
}
exit $bad;
'
