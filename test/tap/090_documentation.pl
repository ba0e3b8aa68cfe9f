# The examples of the documents run, and print what the documents show.
#
# Pages that differ are kept in results-documentation/ beside the other tests'
# output, as they would be with the output that their examples have now: to be
# copied over the old ones where they are right.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;
use File::Basename qw(basename dirname);
use File::Path qw(make_path);
use JSON::PP;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use Documentation;

my $top = "$FindBin::RealBin/../..";
# Its numbers are of other servers.
my @files = grep { basename($_) ne 'benchmarks.md' }
  ("$top/README.md", glob("$top/docs/*.md"), glob("$top/docs/operations/*.md"));
my %must_have_examples = map { $_ => 1 } ("$top/README.md", "$top/docs/quickstart.md",
	glob("$top/docs/operations/[a-z]*.md"));

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION pgroll_c');

foreach my $file (@files)
{
	my $name = substr($file, length("$top/"));
	my $page = read_page($file);
	my $n_examples;
	my @wrong;

	$node->safe_psql('postgres', 'CREATE DATABASE docs');
	$n_examples = run_page($page, $node->installed_command('psql'), '-d', $node->connstr('docs'));
	@wrong = differences($page);
	ok($n_examples > 0, "$name has examples") if $must_have_examples{$file};
	ok(@wrong == 0, "$name prints what it shows, $n_examples examples");
	diag($_) foreach @wrong;
	write_page($name, fill_in_page($page)) if @wrong > 0 && $ENV{PGROLL_OUT};
	@wrong = document_differences($page, \&from_yaml);
	ok(@wrong == 0, "$name shows the same migrations as JSON, as YAML and in SQL");
	diag($_) foreach @wrong;
	$node->safe_psql('postgres', 'DROP DATABASE docs WITH (FORCE)');
	# roles that the page made
	$node->psql('postgres', q{SELECT format('DROP ROLE %I', rolname) FROM pg_roles
		WHERE rolname <> session_user AND rolname !~ '^pg_' \gexec});
}
$node->stop;
done_testing();

# A text in YAML, or what is wrong with it, as JSON.
sub from_yaml
{
	my ($text) = @_;
	my ($status, $stdout, $stderr) =
	  $node->psql('postgres', "SELECT pgroll_c.from_yaml(\$yaml\$$text\$yaml\$)");

	return $status == 0 ? $stdout : JSON::PP->new->allow_nonref->encode($stderr);
}

sub write_page
{
	my ($name, $text) = @_;
	my $file = "$ENV{PGROLL_OUT}/results-documentation/$name";

	make_path(dirname($file));
	open(my $out, '>:encoding(UTF-8)', $file) or die "$file: $!";
	print $out $text;
	close $out;
}
