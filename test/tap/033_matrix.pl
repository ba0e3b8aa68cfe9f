# Every operation, started, written through both versions, backfilled, and rolled
# back or completed: a rollback leaves the catalogs as they were, a completion as
# plain DDL does.
#
# Each case (Cases.pm) has a schema of its own, or two, and as many for the plain
# DDL; all are compared by one pg_dump at a time.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

eval { require DBD::Pg } or plan skip_all => 'needs perl\'s DBD::Pg';
require Session;

use Cases qw(cases set_up fill migration beside schemas in_schema);
use Catalogs qw(dumped_schemas catalog_lines difference);

my $only = $ENV{PGROLL_CASE};
my $node = PostgreSQL::Test::Cluster->new('main');

$node->init;
$node->append_conf('postgresql.conf', q{
autovacuum = off
max_worker_processes = 20
max_locks_per_transaction = 256
});
$node->start;
$node->safe_psql('postgres', 'CREATE ROLE regress_reader; CREATE EXTENSION pgroll_c');

my $session = Session->new($node, 'postgres');
my @cases = grep { (!$only || $_->{name} =~ /$only/) && ($_->{since} // 0) <= $session->version } cases();
my %before;
my %after;
my $number = 0;
our $TODO;

foreach my $case (@cases)
{
	my $suffix = sprintf '%03d', ++$number;

	$case->{schema} = "m$suffix";
	$case->{twin} = "w$suffix";
	eval {
		set_up($session, $case, $_) foreach $case->{schema}, $case->{twin};
		fill($session, $case, $case->{schema}, 20);
		$session->run("SELECT pgroll_c.baseline('01', '$_')") foreach schemas($case, $case->{schema});
		1;
	} or $case->{failure} = "set-up: $@";
}

# started and rolled back
remember(\%before, files => 1);
play($_, 'rollback') foreach grep { !$_->{failure} } @cases;
remember(\%after, files => 1);
foreach my $case (@cases)
{
	my $failure = $case->{failure};
	my ($was, $is) = @{ $case->{kept} // [ '', '' ] };

	foreach my $schema (map { ($_, "${_}_01") } schemas($case, $case->{schema}))
	{
		$failure .= difference($after{$schema}, [ map { s/\Q$was\E/$is/gr } @{ $before{$schema} } ])
		  if !$case->{failure};
	}
	report($case, 'rolled back', $failure);
}

# started again and completed
foreach my $case (@cases)
{
	my $version = $case->{version} // '02';

	next if $case->{failure};
	empty(schemas($case, $case->{schema}));
	fill($session, $case, $_, 20) foreach $case->{schema}, $case->{twin};
	play($case, 'complete');
	$session->search_path($case->{twin});
	$session->run(in_schema($case->{ddl}, $case->{twin}));
	$session->run(in_schema($case->{beside_ddl}, $case->{twin})) if $case->{beside};
	$session->search_path;
	$session->run("SELECT pgroll_c.baseline('" . end_version($case, $_) . "', '$_')") foreach schemas($case, $case->{twin});
	next if !$case->{view_ddl};
	$session->search_path("$case->{twin}_$version");
	$session->run(in_schema($case->{view_ddl}, $case->{twin}));
	$session->search_path;
}
remember(\%after);
foreach my $case (@cases)
{
	my @twins = schemas($case, $case->{twin});
	my $failure = $case->{failure};

	$failure //= join '', map {
		my $twin = shift @twins;
		my $version = end_version($case, $_);

		difference($after{$_}, $after{$twin}) . difference($after{"${_}_$version"}, $after{"${twin}_$version"})
	} schemas($case, $case->{schema});
	report($case, 'completed', $failure);
}

is($session->text(q{
		SELECT string_agg(DISTINCT name, ' ') FROM (SELECT relname FROM pg_class UNION ALL SELECT conname FROM pg_constraint
			UNION ALL SELECT tgname FROM pg_trigger UNION ALL SELECT proname FROM pg_proc UNION ALL SELECT typname FROM pg_type
			UNION ALL SELECT attname FROM pg_attribute WHERE NOT attisdropped UNION ALL SELECT stxname FROM pg_statistic_ext
			UNION ALL SELECT polname FROM pg_policy) AS names (name)
		WHERE name ~ '^[!~_]pgroll_c'}), '-', 'nothing that bears a name of ours is left');
is($session->text(q{
		SELECT count(*) FROM pg_depend d JOIN pg_extension e ON refclassid = 'pg_extension'::regclass AND refobjid = e.oid
		WHERE d.deptype IN ('e', 'x') AND extname = 'pgroll_c'
			AND pg_describe_object(classid, objid, objsubid) ~ '[mw]\d\d\d'}), '0', 'nothing belongs to the extension');
is($session->error('DROP EXTENSION pgroll_c'), '', 'it can be dropped');
$node->stop;
done_testing();

sub report
{
	my ($case, $what, $failure) = @_;

	local $TODO = $case->{todo};
	ok($failure eq '', "$case->{name}: $what") or diag($failure);
}

# The version that a schema of a case is left with.
sub end_version
{
	my ($case, $schema) = @_;

	return $case->{beside} ? '02' : '01' if $schema =~ /x$/;
	return $case->{version} // '02';
}

sub empty
{
	my $schemas = join ', ', map { "'$_'::regnamespace" } @_;
	my $tables = $session->text(qq{
		SELECT string_agg(oid::regclass::text, ', ') FROM pg_class
		WHERE relnamespace IN ($schemas) AND relkind IN ('r', 'p')});

	$session->run("TRUNCATE $tables RESTART IDENTITY CASCADE") if $tables ne '-';
}

# A whole migration.  What is wrong with it is the case's failure.
sub play
{
	my ($case, $end) = @_;
	my $schema = $case->{schema};
	my $version = "${schema}_" . ($case->{version} // '02');
	my $beside = beside($session, $case, $schema);
	# undone in another order than completed
	my @ends = $beside ? ($schema, "${schema}x") : $schema;
	my @active;

	@ends = reverse @ends if $end eq 'rollback';
	eval {
		$session->search_path;
		$session->run('SELECT pgroll_c.start_migration(' . migration($session, $case, $schema) . ')');
		push @active, $schema;
		start_beside($beside) if $beside;
		push @active, "${schema}x" if $beside;
		write_as($case, 'old', "${schema}_01", $schema);
		write_as($case, 'new', $version, $schema);
		$session->search_path;
		$session->run("CALL pgroll_c.wait_for_migration('$_')") foreach @active;
		write_as($case, 'ready', $version, $schema);
		look_as($case, 'sees_old', "${schema}_01", $schema);
		look_as($case, 'sees_new', $version, $schema);
		$session->search_path;
		foreach my $ended (@ends)
		{
			$session->run("SELECT pgroll_c.${end}_migration('$ended')");
			@active = grep { $_ ne $ended } @active;
		}
		look_as($case, 'sees_old', "${schema}_01", $schema) if $end eq 'rollback';
		look_as($case, 'sees_new', $version, $schema) if $end eq 'complete';
		$session->search_path;
		1;
	} and return;
	$case->{failure} = "$end: $@";
	eval { $session->search_path; $session->run("SELECT pgroll_c.rollback_migration('$_')") } foreach @active;
}

# Not while a constraint is validated, or an index built, of a table that it needs.
sub start_beside
{
	my $start = "SELECT pgroll_c.start_migration($_[0])";
	my $state;

	do { $state = $session->error($start) } while $state eq '55006';
	$session->run($start) if $state ne '';
}

sub write_as
{
	my ($case, $who, @schemas) = @_;

	$session->search_path(@schemas);
	foreach my $statement (@{ $case->{$who} })
	{
		my ($text, $expected) = ref $statement ? @$statement : ($statement, '');
		my $sql = in_schema($text, $schemas[-1]);
		my $state = $expected ? $session->error($sql) : ($session->run($sql), '')[1];

		die "$who: $state instead of $expected [$sql]\n" if ($state // '') ne $expected;
	}
}

sub look_as
{
	my ($case, $who, @schemas) = @_;

	$session->search_path(@schemas);
	foreach my $query (sort keys %{ $case->{$who} })
	{
		my $rows = $session->text(in_schema($query, $schemas[-1]));

		die "$who: $rows instead of $case->{$who}{$query} [$query]\n" if $rows ne $case->{$who}{$query};
	}
}

# Schema -> lines that describe it, a twin's as if it were its sibling's.
sub remember
{
	my ($states, %options) = @_;
	my $dumped = dumped_schemas($node, 'postgres');
	my @schemas = map { $_->[0] } $session->rows(q{SELECT nspname FROM pg_namespace WHERE nspname ~ '^[mw]\d\d\d'});

	$session->search_path;
	%$states = ();
	foreach my $schema (@schemas)
	{
		my @lines = (@{ $dumped->{$schema} // [] },
			catalog_lines($session, $schema, %options));

		$states->{$schema} = [ map { s/\bw(\d\d\d)(?!\d)/m$1/gr } @lines ];
	}
}
