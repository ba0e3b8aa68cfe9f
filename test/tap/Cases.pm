# Migrations, each with the tables that it needs, the plain DDL that does
# the same, and what applications of both versions write and see.  They are in
# Cases/, by what they are about.
#
#   name        what the case is about
#   setup       statements that make its tables; by default t (id, a int, b text)
#   rows        statements that fill them; ROWS stands for their number
#   operations  the operations, in YAML
#   version     the version schema's name, where the document gives one
#   ddl         what leaves the same tables without a migration
#   view_ddl    what the views of the version have besides those of plain DDL
#   old, new    statements of the old and then of the new version's application while
#               rows await backfill; one that must fail is [ statement, SQLSTATE ]
#   ready       statements of the new version's when they do not any more
#   sees_old,   query => rows, as each version reads them when all rows are
#   sees_new    backfilled
#   kept        what a rollback leaves changed: a text of the catalogs before and after
#   since       the first major release that has what the case needs
#   own_locks   the migration has statements whose locks nobody knows
#   unlocked    what is wrong with the locks that it takes yet
#   todo        what is not as it should be yet: the case may fail
#   beside      the operations of a migration of the other schema: it starts after this
#               one, and ends before it or, completed, after it
#   beside_ddl  what leaves the other schema's tables as that does
#
# Unqualified names are those of the base schema's, or of the version's views.  OTHER
# stands for another base schema with a version 01, which a case has whose setup names
# it; OWN, before a dot, for its own.

package Cases;

use strict;
use warnings;

use Exporter 'import';

use Cases::Carried 'carried_cases';
use Cases::Combined 'combined_cases';
use Cases::Columns qw(column_cases type_cases null_cases metadata_cases);
use Cases::Constraints qw(constraint_cases column_constraint_cases);
use Cases::Default qw($setup $rows);
use Cases::Dependents 'dependent_cases';
use Cases::Indexes 'index_cases';
use Cases::Partitions 'partition_cases';
use Cases::Schemas 'schema_cases';
use Cases::Tables qw(table_cases sql_cases);

our @EXPORT_OK = qw(cases set_up fill migration beside schemas in_schema);

sub cases
{
	my @cases = (table_cases(), column_cases(), type_cases(), null_cases(), metadata_cases(), constraint_cases(),
		column_constraint_cases(), index_cases(), carried_cases(), dependent_cases(), partition_cases(), schema_cases(),
		combined_cases(), sql_cases());

	foreach my $case (@cases)
	{
		$case->{rows} //= $case->{setup} ? '' : $rows;
		$case->{setup} //= $setup;
		$case->{$_} //= [] foreach qw(old new ready);
		$case->{$_} //= {} foreach qw(sees_old sees_new);
	}
	return @cases;
}

# The base schemas that a case has when it is played in one: that, and the other.
sub schemas
{
	my ($case, $schema) = @_;

	return ($schema, $case->{setup} =~ /\bOTHER/ ? "${schema}x" : ());
}

# A text of a case that is played in a schema.
sub in_schema
{
	my ($text, $schema) = @_;

	return $text =~ s/\bOTHER/${schema}x/gr =~ s/\bOWN\./$schema./gr;
}

# Make the tables of a case in schemas of its own.
sub set_up
{
	my ($session, $case, $schema) = @_;

	$session->search_path;
	$session->run("CREATE SCHEMA $_") foreach schemas($case, $schema);
	$session->search_path($schema);
	$session->run(in_schema($case->{setup}, $schema));
	$session->search_path;
}

# Fill them with so many rows.
sub fill
{
	my ($session, $case, $schema, $count) = @_;

	$session->search_path($schema);
	$session->run(in_schema($case->{rows}, $schema) =~ s/\bROWS\b/$count/gr) if $case->{rows};
	$session->search_path;
}

# The arguments of start_migration() and plan_migration().
sub migration
{
	my ($session, $case, $schema) = @_;
	my $envelope = $case->{version} ? "version_schema: $case->{version}\n" : '';

	return arguments($session, $envelope, in_schema($case->{operations}, $schema), $schema);
}

# Those of the other schema's migration, or nothing.
sub beside
{
	my ($session, $case, $schema) = @_;

	return $case->{beside} && arguments($session, '', in_schema($case->{beside}, $schema), "${schema}x");
}

sub arguments
{
	my ($session, $envelope, $operations, $schema) = @_;

	return "'02', pgroll_c.from_yaml(" . $session->quote("${envelope}operations:\n$operations\n") . "), '$schema'";
}

1;
