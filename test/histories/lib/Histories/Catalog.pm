# Part of the runner: what the catalogs say of the table, against a table that
# plain DDL makes of the same columns and objects.

package Histories::Catalog;

use strict;
use warnings;

use Histories::Expr;
use Histories::Objects;
use Histories::Sql;

# While no migration is active.
sub check_catalog
{
	my ($self) = @_;
	my $table = $self->{table};
	my $plain = "$self->{base}_plain";
	my $relation = quote_name($plain) . '.' . quote_name($table->{physical});
	my %facts;

	$self->look('owner', 'BEGIN');
	$self->look('owner', $_) for "CREATE SCHEMA $plain", table_sql($plain, $relation, $table),
	  map { object_sql($_, $self->{base}, $relation, place_names($table, $_)) } @{ $table->{version}{objects} };
	$self->look('owner', $_) for $table->{pets} ? pets_sql($plain, $relation, $table, $table->{version}{pets}) : ();
	$self->look('owner', "ALTER TABLE $relation REPLICA IDENTITY " . $self->identity_sql) if $table->{version}{identity};
	$facts{$_} = $self->look('owner', facts_sql($_, $table)) for $self->{base}, $plain;
	$self->look('owner', 'ROLLBACK');
	$self->compare('the catalogs', 'table | kind | name | definition | properties', @facts{ $plain, $self->{base} });
}

sub identity_sql
{
	my ($self) = @_;
	my $version = $self->{table}{version};
	my $identity = $version->{identity};
	my ($key) = grep { $_->{number} == $identity->{number} } @{ $version->{objects} };

	return $identity->{type} eq 'index' ? 'USING INDEX ' . quote_name($key->{name}) : $identity->{type};
}

# Objects of partitions and children are called as the server likes, and so are
# those without a name.
sub facts_sql
{
	my ($schema, $table) = @_;
	my $root = quote_text($table->{physical});
	my @named = map { quote_text($_->{name}) } grep { defined $_->{name} } @{ $table->{version}{objects} };
	my $named = '(' . join(', ', q{''}, @named) . ')';

	return qq{
		WITH tables AS (SELECT * FROM pg_class WHERE relnamespace = '$schema'::regnamespace
			AND relkind IN ('r', 'p') AND relname !~ '^(words|parents|extra)')
		SELECT relname, 'column', attname, format_type(atttypid, atttypmod)
				|| coalesce(' ' || regexp_replace(pg_get_expr(adbin, adrelid), 'nextval.*', 'nextval'), ''),
				concat_ws(' ', attnotnull, attgenerated, attidentity, attislocal, attinhcount)
			FROM tables t JOIN pg_attribute a ON a.attrelid = t.oid
				LEFT JOIN pg_attrdef ON adrelid = t.oid AND adnum = attnum
			WHERE attnum > 0 AND NOT attisdropped
		UNION ALL SELECT t.relname, 'sequence', attname, format_type(seqtypid, -1), concat_ws(' ', seqstart, seqincrement, seqmin, seqmax, seqcache, seqcycle, deptype)
			FROM tables t JOIN pg_attribute a ON a.attrelid = t.oid JOIN pg_depend ON refobjid = t.oid AND refobjsubid = attnum
				AND classid = 'pg_class'::regclass AND deptype IN ('a', 'i') JOIN pg_sequence ON seqrelid = objid
		UNION ALL SELECT relname, 'table', NULL, relreplident::text, relkind::text FROM tables
		UNION ALL SELECT relname, 'constraint ' || contype::text, CASE WHEN conname IN $named AND relname = $root THEN conname END,
				replace(pg_get_constraintdef(c.oid), '$schema.', ''), concat_ws(' ', convalidated, condeferrable, CASE WHEN contype <> 'n' THEN concat_ws(' ', conislocal, coninhcount) END)
			FROM tables t JOIN pg_constraint c ON c.conrelid = t.oid
		UNION ALL SELECT t.relname, 'index', CASE WHEN i.relname IN $named AND t.relname = $root THEN i.relname END,
				regexp_replace(replace(pg_get_indexdef(i.oid), '$schema.', ''), ' INDEX .* ON ', ' INDEX ON '),
				concat_ws(' ', indisvalid, indisready, indisunique, indisprimary, indisreplident, indisclustered)
			FROM tables t JOIN pg_index x ON x.indrelid = t.oid JOIN pg_class i ON i.oid = x.indexrelid} =~ s/\s+/ /gr;
}

# Which unique indexes of the new version bind already?  Of a partitioned table
# there are several.
sub note_built
{
	my ($self) = @_;
	my $table = $self->{table};

	for my $object (grep { $table->built($_) ne 'all' } $table->uniques)
	{
		my $certain = $table->{kind} ne 'partitioned' && defined $object->{name};
		my $found = $self->look('owner', "SELECT indisready, indisvalid FROM pg_index JOIN pg_class ON oid = indexrelid
			WHERE relnamespace = '$self->{base}'::regnamespace AND relname ~ '^_pgroll_c_[0-9]+_[0-9a-z]+_$object->{number} '");

		$table->{active}{built}{ form_of($object) } = $self->state eq 'ready' ? 'all' :
		  !$certain ? 'some' :
		  !@$found || !$found->[0][0] ? 'none' :
		  # a build that was cancelled near its end binds, and ON CONFLICT does not find it
		  $found->[0][1] ? 'all' : 'some';
	}
}

1;
