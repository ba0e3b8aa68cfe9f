# A throw-away PostgreSQL cluster for histories.

package Histories::Server;

use strict;
use warnings;

use DBI;
use File::Temp 'tempdir';

# Starts one, without slots for background workers unless asked for: then all
# background work is done where the history says.
sub start
{
	my ($class, %options) = @_;
	my $bin = $ENV{PG_CONFIG} ? `"$ENV{PG_CONFIG}" --bindir` : `pg_config --bindir`;
	my $dir = tempdir('/tmp/pgh.XXXXXX', CLEANUP => !$ENV{HISTORIES_KEEP});
	my $self = bless {
		dir => $dir, schemas => 0, databases => 0, pid => $$, %options
	}, $class;

	chomp $bin;
	$self->{bin} = $bin;
	command("$bin/initdb", '-D', "$dir/data", '-A', 'trust', '-U', 'postgres', '--no-sync',
		'--encoding=UTF8', '--locale=C.UTF-8');
	open my $conf, '>>', "$dir/data/postgresql.conf" or die $!;
	print $conf <<~END;
		listen_addresses = ''
		unix_socket_directories = '$dir'
		fsync = off
		jit = off
		autovacuum = off
		max_worker_processes = ${\($options{workers} // 0)}
		log_min_messages = warning
		client_min_messages = error
		END
	close $conf;
	command("$bin/pg_ctl", '-w', '-t', 120, '-c', '-D', "$dir/data", '-l', "$dir/log", 'start');
	$self->do_as_super('postgres',
		'CREATE ROLE regress_histories_owner LOGIN',
		'CREATE ROLE regress_histories_app LOGIN',
		'GRANT SET ON PARAMETER session_replication_role TO regress_histories_app, regress_histories_owner');
	$self->new_database;
	return $self;
}

sub stop
{
	my ($self) = @_;

	return if !$self->{bin} || $self->{pid} != $$;
	system("\"$self->{bin}/pg_ctl\" -D \"$self->{dir}/data\" -m immediate stop > /dev/null 2>&1");
	delete $self->{bin};
}

sub DESTROY { my $status = $?; $_[0]->stop; $? = $status; }

# Did a server process crash?  Its last words.
sub crash
{
	my ($self) = @_;
	my $words = `grep -aE 'TRAP: |PANIC: |was terminated by signal' "$self->{dir}/log"`;

	return $words;
}

sub command
{
	my @command = @_;
	my $output;
	my $pid = open(my $pipe, '-|') // die $!;

	if (!$pid)
	{
		open STDERR, '>&', \*STDOUT;
		exec @command or exit 127;
	}
	# pg_ctl's server would hold the pipe open
	$output = $command[0] =~ /pg_ctl$/ ? '' : do { local $/; <$pipe> };
	waitpid $pid, 0;
	die "@command failed\n" . ($output // '') if $?;
	close $pipe;
}

sub version
{
	my ($self) = @_;

	return $self->{version} //= do
	{
		my $session = $self->connect('postgres');
		my $version = int($session->{pg_server_version} / 10000);

		$session->disconnect;
		$version;
	};
}

sub connect
{
	my ($self, $role, $database) = @_;

	return DBI->connect("dbi:Pg:dbname=" . ($database // $self->{database}) . ";host=$self->{dir}", $role, '', {
		AutoCommit => 1, RaiseError => 0, PrintError => 0, PrintWarn => 0, pg_server_prepare => 0,
		AutoInactiveDestroy => 1
	}) // die "cannot connect: $DBI::errstr";
}

sub do_as_super
{
	my ($self, $database, @sql) = @_;
	my $session = $self->connect('postgres', $database);

	for my $sql (@sql)
	{
		defined $session->do($sql) or die "$sql fails: " . $session->errstr;
	}
	$session->disconnect;
}

# Functions are nobody's to call unless somebody says so.
sub new_database
{
	my ($self) = @_;
	my $database = 'histories_' . ++$self->{databases};

	$self->do_as_super('postgres', "CREATE DATABASE $database");
	$self->do_as_super($database,
		'ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC',
		'CREATE EXTENSION pgroll_c',
		"GRANT CREATE ON DATABASE $database TO regress_histories_owner");
	$self->{database} = $database;
}

# The name of a base schema that was not used before.
sub new_schema
{
	my ($self) = @_;
	my $prefix = $self->{prefix} // 'h';

	$self->new_database if $self->{schemas} && $self->{schemas} % 200 == 0;
	return $prefix . ++$self->{schemas};
}

# What a history made; if that fails, the next one gets another database.
sub drop_schemas
{
	my ($self, $base, $session) = @_;
	my $schemas = $session->selectcol_arrayref(
		q{SELECT quote_ident(nspname) FROM pg_namespace WHERE nspname = ? OR nspname LIKE ? ORDER BY nspname DESC},
		undef, $base, "$base\\_%");

	for my $schema (@$schemas)
	{
		$session->do("DROP SCHEMA $schema CASCADE") // do { $self->new_database; last };
	}
}

1;
