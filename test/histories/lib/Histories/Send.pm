# Part of the runner: the ways in which a statement gets to the server.

package Histories::Send;

use strict;
use warnings;

use Histories::Expr;
use Histories::Model;
use Histories::Sql;

sub returns
{
	my ($self, $statement) = @_;

	return $statement->{returning} && $self->wrap_of($statement) !~ /copy|do|function|nested/;
}

# Send it the way that the history says.
sub send_statement
{
	my ($self, $name, $statement) = @_;
	my $wrap = $self->wrap_of($statement);
	my $method = "send_$wrap";
	my ($rows, $state);

	$statement = { %$statement, returning => 0 } unless $self->returns($statement);
	$self->must($name, 'SET session_replication_role = replica') if $statement->{replica};
	($rows, $state) = $self->$method($name, $statement);
	$self->must($name, 'SET session_replication_role = origin')
	  if $statement->{replica} && !($state && $self->{model}->transaction($name));
	return ($rows, $state);
}

sub send_plain
{
	my ($self, $name, $statement) = @_;

	return $self->sql($name, statement_sql($self->{names}, $statement));
}

sub send_fresh { return send_plain(@_); }

sub send_do
{
	my ($self, $name, $statement) = @_;

	my $sql = statement_sql($self->{names}, $statement);

	$sql = "PERFORM 1; $sql" if $sql !~ /^WITH.*SELECT 1$/s;
	$sql = "EXECUTE " . quote_text($sql) if $sql =~ /^WITH/;
	return $self->sql($name, "DO \$do\$ BEGIN $sql; END \$do\$");
}

sub send_function
{
	my ($self, $name, $statement) = @_;

	return $self->sql($name, "SELECT $self->{base}.run(" . quote_text(statement_sql($self->{names}, $statement)) . ')');
}

sub send_nested
{
	my ($self, $name, $statement) = @_;
	my $outer = { %{ $statement->{wrap}{outer} }, returning => 0 };

	return $self->sql($name, statement_sql($self->{names}, $outer) . " AND $self->{base}.run("
		  . quote_text(statement_sql($self->{names}, $statement)) . ')');
}

# With constants as parameters, so that the same statement comes again.
sub with_parameters
{
	my ($self, $statement, $typed) = @_;
	my @parameters;
	my $names = { %{ $self->{names} }, parameters => \@parameters, typed => $typed };

	return (statement_sql($names, $statement), @parameters);
}

sub send_prepared
{
	my ($self, $name, $statement) = @_;
	my ($sql, @parameters) = $self->with_parameters($statement);
	my $known;
	my $types = join(', ', map { $_->[2] } @parameters);
	my $handle;

	$self->session($name);
	$known = $self->{prepared}{$name} //= {};
	$handle = $known->{"$sql $types"};

	if (!$handle)
	{
		my $prepared = 'p' . keys %$known;
		my ($rows, $state) = $self->sql($name, "PREPARE $prepared" . (@parameters ? " ($types)" : '') . " AS $sql");

		return ($rows, $state) if $state;
		$handle = $known->{"$sql $types"} = $prepared;
	}
	return $self->sql($name, "EXECUTE $handle"
		  . (@parameters ? ' (' . join(', ', map { literal($_->[1], $_->[2]) } @parameters) . ')' : ''));
}

sub send_bound
{
	my ($self, $name, $statement) = @_;
	my ($sql, @parameters) = $self->with_parameters($statement, 1);

	return $self->sql($name, $sql, map { $_->[1] } @parameters);
}

# Through a view of the user's own over that of the version.
sub send_view
{
	my ($self, $name, $statement) = @_;
	my $view = 'v' . ++$self->{views};
	my ($rows, $state);
	my $relation = relation_name($self->{names}, $statement);
	my $sql = statement_sql($self->{names}, $statement);

	# dropping it, a transaction with a snapshot cannot tell whom it disturbs
	return $self->send_plain($name, $statement)
	  if $self->{live} || ($self->{model}->transaction($name) // { level => '' })->{level} =~ /^(REPEATABLE|SERIALIZABLE)/ || $sql =~ /\bDEFAULT\b/ || $statement->{kind} !~ /insert|update|delete/;
	($rows, $state) = $self->sql($name, "CREATE TEMP VIEW $view AS SELECT * FROM $relation");
	return ($rows, $state) if $state;
	$sql =~ s/\Q$relation\E/pg_temp.$view/;
	($rows, $state) = $self->sql($name, $sql);
	$self->must($name, "DROP VIEW pg_temp.$view") unless $state && $self->{model}->transaction($name);
	return ($rows, $state);
}

# By search_path, in which the version is the first.
sub send_path
{
	my ($self, $name, $statement) = @_;
	my $sql = statement_sql($self->{names}, $statement);
	my $schema;

	return $self->sql($name, $sql) if $statement->{kind} =~ /cte|parent|pet/;
	($schema) = relation_name($self->{names}, $statement) =~ /^("[^"]*")\./;
	$sql =~ s/\Q$schema\E\.//;
	$self->must($name, "SET search_path = $schema, $self->{base}");
	return $self->sql($name, $sql);
}

sub send_copy
{
	my ($self, $name, $statement) = @_;
	my $session = $self->session($name);
	my $sql = statement_sql($self->{names}, $statement);
	my ($rows, $state) = ([], '');

	push @{ $self->{log} }, "$name: $sql", copy_data($statement);
	$self->{statements}++;
	return ($rows, $self->note_error($session)) unless $session->do($sql);
	$session->pg_putcopydata($_) for copy_data($statement);
	$state = $self->note_error($session) unless $session->pg_putcopyend;
	return ($rows, $state);
}

sub note_error
{
	my ($self, $session) = @_;

	$self->{error} = $session->errstr;
	push @{ $self->{log} }, '-- ' . $session->state . ": $self->{error}";
	return $session->state;
}

1;
