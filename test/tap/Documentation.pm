# Documentation: the examples of a page, run and compared with what it shows.
#
# A page is Markdown.  Its blocks "sql" are run in order, in one session of psql.
# A block "text" that follows one is what it prints, notices and errors
# included.  A block whose output is not shown must print no error, unless it
# says "-- fails".  A block under the comment "<!-- not run … -->" is not run.

package Documentation;

use strict;
use warnings;

use Exporter 'import';
use IPC::Run;

use JSON::PP;

our @EXPORT = qw(read_page run_page differences fill_in_page document_differences);

# Parts of a page, in order: {kind, lines, run, follows}.  kind is "prose" or a
# block's language; follows is the part whose output this one is.
sub read_page
{
	my ($file) = @_;
	my @parts = ({ kind => 'prose', lines => [] });
	my $example;

	open(my $in, '<:encoding(UTF-8)', $file) or die "$file: $!";
	while (my $line = <$in>)
	{
		my $part = $parts[-1];

		chomp $line;
		if ($part->{kind} ne 'prose')
		{
			if ($line eq '```')
			{
				push @parts, { kind => 'prose', lines => [] };
				next;
			}
		}
		elsif ($line =~ /^```(\w*)/)
		{
			my $block = { kind => $1, lines => [] };
			my $between = join("\n", @{ $part->{lines} });

			if ($block->{kind} eq 'sql')
			{
				$block->{run} = $between !~ /<!-- not run[^>]*-->\s*$/;
				$example = $block->{run} ? $block : undef;
			}
			elsif ($block->{kind} eq 'text' && $between =~ /^\s*$/)
			{
				$block->{follows} = $example;
			}
			$example = undef if $block->{kind} ne 'sql';
			push @parts, $block;
			next;
		}
		push @{ $part->{lines} }, $line;
	}
	close $in;
	return \@parts;
}

# Run the examples of a page by a psql command; each gets its output.
sub run_page
{
	my ($page, @psql) = @_;
	my @examples = grep { $_->{run} } @$page;
	my $input = '';
	my @outputs;
	my $output;

	foreach my $example (@examples)
	{
		$input .= join("\n", @{ $example->{lines} }) . "\n;\n\\echo ==== next\n";
	}
	utf8::encode($input);
	IPC::Run::run([ @psql, '-XqAt', '-c', "SELECT 'to be seen'" ], '>', \$output)
	  or die 'psql does not run';
	# the command's own ending says nothing: errors are in the output
	IPC::Run::run([ @psql, '-Xq' ], '<', \$input, '>&', \$output);
	utf8::decode($output);
	@outputs = split(/^==== next\n/m, $output, -1);
	foreach my $example (@examples)
	{
		my $text = shift @outputs;

		$text = '' unless defined $text;
		$text =~ s/[ \t]+$//mg;
		$text =~ s/\n+\z//;
		$example->{output} = [ split(/\n/, $text, -1) ];
	}
	return scalar @examples;
}

# What is not as the page says, as texts; none where all is well.
sub differences
{
	my ($page) = @_;
	my %shown = map { $_->{follows} => $_ } grep { $_->{follows} } @$page;
	my @found;

	foreach my $example (grep { $_->{run} } @$page)
	{
		my $sql = join("\n", @{ $example->{lines} });
		my $got = join("\n", @{ $example->{output} });
		my $text = $shown{$example};

		if (defined $text)
		{
			my $expected = join("\n", @{ $text->{lines} });

			push @found, "example:\n$sql\n-- the page shows:\n$expected\n-- it printed:\n$got"
			  if $got ne $expected;
		}
		elsif ($got =~ /^(?:ERROR|FATAL|WARNING|invalid command|\\)/m && $sql !~ /-- fails/)
		{
			push @found, "example:\n$sql\n-- it printed:\n$got";
		}
	}
	return @found;
}

# The page with the outputs that the examples had, as a text.
sub fill_in_page
{
	my ($page) = @_;
	my $text = '';

	foreach my $part (@$page)
	{
		my $lines = $part->{follows} ? $part->{follows}{output} : $part->{lines};
		my $body = join('', map { "$_\n" } @$lines);

		$text .= $part->{kind} eq 'prose' ? $body : "```$part->{kind}\n$body```\n";
	}
	return $text;
}

# A page shows a migration as JSON, as YAML and, as text of its SQL, as JSON again;
# they must say the same.  $from_yaml makes JSON of a text in YAML.
sub document_differences
{
	my ($page, $from_yaml) = @_;
	my $json = JSON::PP->new->canonical->pretty;
	my $sql = join("\n", map { @{ $_->{lines} } } grep { $_->{run} } @$page);
	my (@json, @yaml, @sql, @found);

	foreach my $part (@$page)
	{
		my $text = join("\n", @{ $part->{lines} }) . "\n";

		push @json, $json->encode($json->decode($text)) if $part->{kind} eq 'json';
		push @yaml, $json->encode($json->decode($from_yaml->($text))) if $part->{kind} eq 'yaml';
	}
	while ($sql =~ /'(\{"operations": \[(?:[^']|\'\')*\]\})'/g)
	{
		my $text = $1;
		my $document;

		$text =~ s/\'\'/'/g;
		$document = eval { $json->decode($text) };
		push @sql, $json->encode($document) if defined $document;
	}
	push @found, 'as many JSON as YAML documents are expected' if @json != @yaml;
	for my $i (0 .. $#json)
	{
		push @found, "JSON:\n$json[$i]\nYAML:\n" . ($yaml[$i] || '')
		  if $json[$i] ne ($yaml[$i] || '');
		push @found, "no example runs\n$json[$i]"
		  if $json[$i] =~ /^   "operations"/m && $json[$i] !~ /"version_schema"/ && !grep { $_ eq $json[$i] } @sql;
	}
	return @found;
}

1;
