# from_yaml() in databases that are not in UTF-8, and bytes that are no text.

use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->start;

foreach my $encoding (qw(UTF8 LATIN1 SQL_ASCII))
{
	$node->safe_psql('postgres', "CREATE DATABASE \"in_$encoding\" TEMPLATE template0
		ENCODING '$encoding' LC_COLLATE 'C' LC_CTYPE 'C'");
	$node->safe_psql("in_$encoding", 'CREATE EXTENSION pgroll_c');
}

# What from_yaml() gives of an SQL expression, or the SQLSTATE.
sub from_yaml
{
	my ($encoding, $expression) = @_;
	my ($stdout, $stderr) = ('', '');

	$node->psql("in_$encoding", qq{\\set VERBOSITY sqlstate
		SET client_encoding = 'SQL_ASCII';
		SELECT encode(convert_to(pgroll_c.from_yaml($expression) ->> 'a', '$encoding'), 'hex')},
		stdout => \$stdout, stderr => \$stderr);
	return $stderr =~ /ERROR: +(\w+)/ ? $1 : $stdout;
}

is(from_yaml('UTF8', q{'a: ' || chr(233)}), 'c3a9', 'a letter in UTF-8');
is(from_yaml('LATIN1', q{'a: ' || chr(233)}), 'e9', 'the same in LATIN1');
is(from_yaml('LATIN1', q{'a: "\u00e9"'}), 'e9', 'an escape sequence in LATIN1');
is(from_yaml('LATIN1', q{'a: "\u20ac"'}), '22P05', 'one that LATIN1 lacks');
is(from_yaml('SQL_ASCII', q{'a: ' || chr(195) || chr(169)}), 'c3a9', 'UTF-8 without an encoding');
is(from_yaml('SQL_ASCII', q{'a: "\u00e9"'}), 'c3a9', 'an escape sequence without an encoding');
is(from_yaml('SQL_ASCII', "'a: ' || chr($_)"), '22021', "byte $_ is no text") foreach (128, 233, 255);
is(from_yaml('SQL_ASCII', q{'a: ' || chr(195)}), '22021', 'half a letter');
is(from_yaml('SQL_ASCII', q{chr(255) || chr(254) || 'a: 1'}), '22021', 'UTF-16 is not read');
is($node->safe_psql('in_LATIN1', q{SELECT pgroll_c.from_yaml(
	'"a' || chr(233) || '": &' || 'x b' || E'\n' || 'c: *x')->>'c'}), 'b', 'keys in LATIN1');
like(($node->psql('in_LATIN1', q{SELECT pgroll_c.from_yaml(chr(233) || ': !' || chr(233) || ' b')}))[2],
	qr/ERROR:  invalid YAML: .*\nDETAIL:  At line 1, column 5/, 'columns count characters');

$node->stop;
done_testing();
