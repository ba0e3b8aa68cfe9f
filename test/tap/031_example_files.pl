# The pgroll tool's example migrations are read, and its schema agrees with us
# on what is a text.  Both are not part of this repository.

use strict;
use warnings;

use FindBin;
use File::Basename qw(basename);
use JSON::PP;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $shared = "$FindBin::RealBin/../../../shared";
my @files = glob("$shared/pgroll-examples/[0-9]*.{yaml,json}");

plan skip_all => 'the pgroll tool\'s examples are not beside the repository'
  if !@files || !-r "$shared/pgroll-schema.json";

my $json = JSON::PP->new->utf8->canonical->allow_nonref;
my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION pgroll_c');

foreach my $file (@files)
{
	my $document = from_yaml(slurp_file($file));
	my @wrong = defined $document ? wrong_values('', $document) : ('it cannot be read');

	is_deeply(\@wrong, [], basename($file));
	ok(ref $document->{operations} eq 'ARRAY' && @{ $document->{operations} } > 0,
		basename($file) . ' has operations') if defined $document;
}

# key of the schema -> kinds of its values
my $schema = $json->decode(slurp_file("$shared/pgroll-schema.json"));
my %kinds;

collect_kinds($schema);
ok(keys %kinds > 40, 'the schema has properties');
foreach my $key (sort keys %kinds)
{
	is_deeply(from_yaml("{$key: 1.50}"), { $key => '"1.50"' }, "$key is a text")
	  if $kinds{$key}{string};
	is_deeply(from_yaml("{$key: [1.50]}"), { $key => ['"1.50"'] }, "$key is a list of texts")
	  if $kinds{$key}{list};
	is_deeply(from_yaml("{$key: true}"), { $key => 'true' }, "$key is a boolean")
	  if $kinds{$key}{boolean};
}
$node->stop;
done_testing();

# The document of a text, its scalars as they stand in JSON.
sub from_yaml
{
	my ($text) = @_;
	my ($stdout, $stderr);
	my $status = $node->psql('postgres', "SELECT pgroll_c.from_yaml(\$yaml\$$text\$yaml\$)",
		stdout => \$stdout, stderr => \$stderr);

	diag($stderr) if $status != 0;
	return $status == 0 ? with_scalars($json->decode($stdout)) : undef;
}

sub with_scalars
{
	my ($value) = @_;

	return { map { $_ => with_scalars($value->{$_}) } keys %$value } if ref $value eq 'HASH';
	return [ map { with_scalars($_) } @$value ] if ref $value eq 'ARRAY';
	return $json->encode($value);
}

# What a migration cannot have: numbers, and booleans and nulls in the wrong places.
sub wrong_values
{
	my ($key, $value) = @_;

	return map { wrong_values($_, $value->{$_}) } sort keys %$value if ref $value eq 'HASH';
	return map { wrong_values($key, $_) } @$value if ref $value eq 'ARRAY';
	return () if $value =~ /^"/;
	return () if $value eq 'null' && $key =~ /^(comment|default)$/;
	return () if $value =~ /^(true|false)$/ && $key =~ /^(deferrable|initially_deferred|
		no_inherit|nullable|nulls_not_distinct|onComplete|pk|unique)$/x;
	return ("$key: $value");
}

sub collect_kinds
{
	my ($node) = @_;

	if (ref $node eq 'HASH')
	{
		my $properties = ref $node->{properties} eq 'HASH' ? $node->{properties} : {};

		foreach my $key (keys %$properties)
		{
			my $kind = kind_of($properties->{$key});

			$kinds{$key}{$kind} = 1 if $kind;
		}
		collect_kinds($_) foreach values %$node;
	}
	elsif (ref $node eq 'ARRAY')
	{
		collect_kinds($_) foreach @$node;
	}
}

# "string", "boolean", "list" (of strings) or nothing.
sub kind_of
{
	my ($property) = @_;
	my $type;

	return '' if ref $property ne 'HASH';
	$property = $schema->{'$defs'}{$1} if ($property->{'$ref'} || '') =~ m{([^/]+)$};
	$type = $property->{type} || '';
	return 'string' if (ref $type ? "@$type" : $type) =~ /\bstring\b/;
	return 'list' if $type eq 'array' && kind_of($property->{items}) eq 'string';
	return $type eq 'boolean' ? $type : '';
}
