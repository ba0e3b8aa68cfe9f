# Catalogs: what schemas hold, as lines of text that can be compared.

package Catalogs;

use strict;
use warnings;

use Exporter 'import';
use PostgreSQL::Test::Utils;

our @EXPORT_OK = qw(dumped_schemas catalog_lines difference);

# What pg_dump -s makes of a database: schema -> its entries, in the order of
# their headings.  The lines of a table stand in the order of the alphabet, since
# a column that was swapped stands last.
sub dumped_schemas
{
	my ($node, $database) = @_;
	my ($stdout, $stderr) = run_command([ 'pg_dump', '-s', '-d', $node->connstr($database) ]);
	my %schemas;

	die "pg_dump: $stderr" if $stderr ne '';
	foreach my $entry (split /^--\n(?=-- Name: )/m, $stdout)
	{
		my ($heading, $type, $schema) =
		  $entry =~ /^(-- Name: .*; Type: (.*); Schema: (.*); Owner: .*)\n--\n/ or next;
		my ($text) = $entry =~ /\n--\n(.*)/s;
		my @lines = grep { $_ ne '' && !/^(--|SET default_|\\)/ } split /\n/, $text;

		@lines = sort map { s/,$//r } @lines if $type eq 'TABLE';
		push @{ $schemas{$schema} }, join "\n", $heading, @lines;
	}
	$_ = [ sort @$_ ] foreach values %schemas;
	return \%schemas;
}

# What pg_dump does not show of a schema.  With "files" also what only a table
# that was not rewritten keeps.
sub catalog_lines
{
	my ($session, $schema, %options) = @_;
	my $name = $session->quote($schema);
	my $newer = join "\n", map { $session->version >= $_->[0] ? $_->[1] : '' } (
		[ 18, q{UNION ALL SELECT 'enforced ' || c.conrelid::regclass || ' ' || c.conname || ' ' || c.conenforced
			FROM pg_constraint c JOIN relation r ON r.oid = c.conrelid} ]);
	my @lines = map { $_->[0] } $session->rows(qq{
		WITH relation AS (
			SELECT * FROM pg_class WHERE relnamespace = $name\::regnamespace)
		SELECT format('relation %s: %s', oid::regclass, (to_jsonb(relation)
				- '{oid,relname,relnamespace,reltype,reloftype,relfilenode,relam,reltoastrelid,relacl}'::text[]
				- '{relpages,reltuples,relallvisible,relallfrozen,relfrozenxid,relminmxid}'::text[]
				- '{relnatts,relhastriggers,relhasindex,relhasrules,relhassubclass,relchecks}'::text[])
			|| jsonb_build_object('acl', (SELECT array_agg(a::text ORDER BY a::text) FROM unnest(relacl) a),
				'am', (SELECT amname FROM pg_am a WHERE a.oid = relam),
				'toast', (SELECT reloptions FROM pg_class t WHERE t.oid = relation.reltoastrelid)))
		FROM relation WHERE relkind <> 'c'
		UNION ALL
		SELECT format('column %s.%s: %s', r.oid::regclass, attname,
			jsonb_build_object('type', format_type(atttypid, atttypmod), 'target', coalesce(attstattarget, -1),
				'storage', attstorage, 'compression', attcompression, 'not null', attnotnull,
				'default', (SELECT pg_get_expr(adbin, adrelid) FROM pg_attrdef d WHERE adrelid = r.oid AND adnum = attnum),
				'identity', attidentity, 'generated', attgenerated, 'local', attislocal, 'parents', attinhcount,
				'collation', (SELECT collname FROM pg_collation c WHERE c.oid = attcollation),
				'acl', (SELECT array_agg(x::text ORDER BY x::text) FROM unnest(attacl) x), 'options', (SELECT array_agg(o ORDER BY o) FROM unnest(attoptions) o WHERE o !~ '^pg_attver'),
				'comment', col_description(r.oid, attnum)))
		FROM relation r JOIN pg_attribute ON attrelid = r.oid
		WHERE attnum > 0 AND NOT attisdropped
		UNION ALL
		SELECT format('constraint %s %s: %s %s %s %s %s %s', conrelid::regclass, conname, contype,
			pg_get_constraintdef(c.oid), convalidated, conislocal, coninhcount,
			-- of a foreign key it says nothing: true where the partition had it first
			CASE WHEN contype <> 'f' THEN connoinherit END)
		FROM pg_constraint c JOIN relation r ON r.oid = conrelid
		UNION ALL
		SELECT format('trigger %s %s: %s', tgrelid::regclass, tgname, tgenabled)
		FROM pg_trigger JOIN relation r ON r.oid = tgrelid WHERE NOT tgisinternal
		UNION ALL
		SELECT format('trigger of %s on %s: %s %s %s %s', conname, tgrelid::regclass, tgfoid::regproc, tgenabled,
			tgdeferrable, tginitdeferred)
		FROM pg_trigger JOIN relation r ON r.oid = tgrelid JOIN pg_constraint c ON c.oid = tgconstraint WHERE tgisinternal
		UNION ALL
		SELECT format('index %s: %s', indexrelid::regclass, to_jsonb(i)
			- '{indexrelid,indrelid,indkey,indexprs,indpred,indcheckxmin,indcollation,indclass}'::text[])
			|| pg_get_indexdef(indexrelid)
		FROM pg_index i JOIN relation r ON r.oid = indexrelid
		UNION ALL
		SELECT format('statistics %s: %s', stxname, to_jsonb(s)
			- '{oid,stxrelid,stxname,stxnamespace,stxkeys,stxexprs}'::text[]) || pg_get_statisticsobjdef(s.oid)
		FROM pg_statistic_ext s JOIN relation r ON r.oid = stxrelid
		UNION ALL
		SELECT format('owned sequence %s: %s %s %s', d.objid::regclass, d.deptype, d.refobjid::regclass, attname)
		FROM pg_depend d JOIN relation r ON r.oid = d.objid
			JOIN pg_attribute ON attrelid = refobjid AND attnum = refobjsubid
		WHERE r.relkind = 'S' AND d.classid = 'pg_class'::regclass AND d.deptype IN ('a', 'i')
		UNION ALL
		SELECT format('rule %s %s: %s', ev_class::regclass, rulename, ev_enabled)
		FROM pg_rewrite JOIN relation r ON r.oid = ev_class
		UNION ALL
		SELECT format('published %s: %s %s', prrelid::regclass, (SELECT array_agg(attname ORDER BY attname) FROM pg_attribute
				WHERE attrelid = prrelid AND attnum = ANY (prattrs)), pg_get_expr(prqual, prrelid))
		FROM pg_publication_rel JOIN relation r ON r.oid = prrelid
		UNION ALL
		SELECT 'type ' || typname FROM pg_type WHERE typnamespace = $name\::regnamespace AND typrelid = 0 AND typelem = 0
		UNION ALL
		SELECT 'function ' || oid::regprocedure FROM pg_proc WHERE pronamespace = $name\::regnamespace
		$newer
		ORDER BY 1});

	push @lines, map { $_->[0] } $session->rows(qq{
		SELECT format('file of %s: %s', oid::regclass, pg_relation_filenode(oid)) FROM pg_class
		WHERE relnamespace = $name\::regnamespace AND relkind IN ('r', 'i', 'm', 'S')
		UNION ALL
		SELECT format('file of the TOAST table of %s: %s', oid::regclass, pg_relation_filenode(reltoastrelid)) FROM pg_class
		WHERE relnamespace = $name\::regnamespace AND reltoastrelid <> 0
		ORDER BY 1}) if $options{files};
	return @lines;
}

# The lines that only one of two lists has, or ''.  A TOAST table that a column
# has brought stays without it; it is no difference.
sub difference
{
	my ($is, $expected) = @_;
	my %is = map { $_ => 1 } @$is;
	my %expected = map { $_ => 1 } @$expected;
	my %had_toast = map { /^(file of the TOAST table of .*):/ ? ($1 => 1) : () } @$expected;
	my @more = grep { !$expected{$_} && (!/^(file of the TOAST table of .*):/ || $had_toast{$1}) } @$is;

	return join '', (map { "is       $_\n" } @more), (map { "expected $_\n" } grep { !$is{$_} } @$expected);
}

1;
