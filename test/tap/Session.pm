# Session: a connection through which a test writes as an application does; each
# statement costs a round trip, not a psql.

package Session;

use strict;
use warnings;

use DBI;

# A session of a PostgreSQL::Test::Cluster.
sub new
{
	my ($class, $node, $database) = @_;
	my $dsn = join ';', 'host=' . $node->host, 'port=' . $node->port, "dbname=$database";
	my $dbh = DBI->connect("dbi:Pg:$dsn", undef, undef,
		{ RaiseError => 1, PrintError => 0, PrintWarn => 0 });

	$dbh->do('SET client_min_messages = error');
	return bless { dbh => $dbh }, $class;
}

# Run statements.  Dies with "SQLSTATE message" where one fails.
sub run
{
	my ($self, $sql) = @_;

	return if eval { $self->{dbh}->do($sql); 1 };
	$self->fail($sql);
}

# The rows that a query gives.
sub rows
{
	my ($self, $sql) = @_;
	my $rows = eval { $self->{dbh}->selectall_arrayref($sql, { pg_direct => 1 }) };

	$self->fail($sql) if !defined $rows;
	return @$rows;
}

# They as one text, as psql -At shows them, but with spaces between the rows.
sub text
{
	my ($self, $sql) = @_;

	return join ' ', map { join '|', map { $_ // q{-} } @$_ } $self->rows($sql);
}

# The SQLSTATE that a statement fails with, or ''.
sub error
{
	my ($self, $sql) = @_;

	return eval { $self->{dbh}->do($sql); 1 } ? '' : $self->{dbh}->state;
}

# The schemas that unqualified names are looked up in.
sub search_path
{
	my ($self, @schemas) = @_;

	$self->run('SET search_path = ' . join ', ', map { $self->{dbh}->quote_identifier($_) } @schemas, 'pg_catalog');
}

sub fail
{
	my ($self, $sql) = @_;
	my $state = $self->{dbh}->state;
	my $message = $self->{dbh}->errstr // $@;

	$self->{dbh}->do('ROLLBACK');
	$message =~ s/\s+/ /g;
	die "$state $message [" . substr($sql, 0, 200) . "]\n";
}

sub quote
{
	my ($self, $text) = @_;

	return $self->{dbh}->quote($text);
}

sub version
{
	my ($self) = @_;

	return int $self->{dbh}{pg_server_version} / 10000;
}

1;
