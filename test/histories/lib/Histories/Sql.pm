# Tables and statements of a history in SQL.

package Histories::Sql;

use strict;
use warnings;

use Exporter 'import';
use JSON::PP;

use Histories::Expr;
use Histories::Model;
use Histories::Objects;
use Histories::Random;

our @EXPORT = qw(setup_sql table_sql place_names statement_sql copy_data document_json relation_name column_name);

# names: {base => schema, old => schema, new => schema, table => a Histories::Table,
# newer => {slot => physical column}}

# What the tables of a history are before the first migration.
sub setup_sql
{
	my ($base, $table) = @_;
	my $relation = quote_name($base) . '.' . quote_name($table->{physical});
	my @sql = (
		"CREATE TABLE $base.words (place integer PRIMARY KEY, word text)",
		"INSERT INTO $base.words VALUES (0, 'zero'), (1, 'one'), (2, 'two'), (3, 'three'), (4, 'four'), "
		  . "(5, 'five'), (6, 'six'), (7, 'seven'), (8, 'eight'), (9, 'nine')",
		"CREATE TABLE $base.parents (code integer PRIMARY KEY, label text)",
		"CREATE FUNCTION $base.twist(word text) RETURNS text LANGUAGE plpgsql STRICT AS "
		  . q{$$ BEGIN RETURN '<' || reverse(word) || '>'; END $$},
		"CREATE FUNCTION $base.run(command text) RETURNS boolean LANGUAGE plpgsql AS "
		  . '$$ BEGIN EXECUTE command; RETURN true; END $$');

	push @sql, table_sql($base, $relation, $table);
	push @sql, map { object_sql($_, $base, $relation, place_names($table, $_)) } @{ $table->{version}{objects} };
	push @sql, trigger_sql($base, $relation, $table) if $table->{trigger};
	push @sql, "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA $base TO regress_histories_app",
	  "GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA $base TO regress_histories_app",
	  "GRANT USAGE ON SCHEMA $base TO regress_histories_app";
	return @sql;
}

# The table, with its partitions or child, and without what hangs on it.
sub table_sql
{
	my ($base, $relation, $table) = @_;
	my $region = $table->key('base')->[1];

	return (
		"CREATE TABLE $relation (" . join(', ', column_definitions($table)) . ')'
		  . ($region ? ' PARTITION BY LIST (' . quote_name($table->{slots}{$region}{physical}) . ')' : ''),
		$region ? map { partition_sql($base, $relation, $_) } 0 .. 2 : (),
		$table->{kind} eq 'inherited' ? "CREATE TABLE $base.part_child () INHERITS ($relation)" : ());
}

# The columns of an object, by place, as the base table calls them.
sub place_names
{
	my ($table, $object) = @_;

	return sub { quote_name($table->{slots}{ $object->{slots}[ $_[0] ] }{physical}) };
}

sub column_definitions
{
	my ($table) = @_;
	my $slots = $table->{slots};
	my $name = sub { quote_name($slots->{ $_[0] }{physical}) };
	my @parts;

	for my $number (sort { $a <=> $b } keys %$slots)
	{
		my $slot = $slots->{$number};
		my $text = $name->($number) . " $slot->{type}";

		$text .= ' NOT NULL' if $slot->{not_null};
		$text .= ' DEFAULT ' . expr_sql($slot->{default}) if $slot->{default};
		$text .= ' GENERATED ALWAYS AS (' . expr_sql($slot->{generated}, $name) . ') STORED'
		  if $slot->{generated};
		push @parts, $text;
	}
	return @parts;
}

sub partition_sql
{
	my ($base, $relation, $number) = @_;

	return "CREATE TABLE $base.part_$number PARTITION OF $relation "
	  . ($number < 2 ? "FOR VALUES IN ($number)" : 'DEFAULT');
}

sub trigger_sql
{
	my ($base, $relation, $table) = @_;
	my $trigger = $table->{trigger};
	my $name = sub { 'NEW.' . quote_name($table->{slots}{ $_[0] }{physical}) };
	my $changed = $trigger->{changed} && quote_name($table->{slots}{ $trigger->{changed} }{physical});
	my $set = $name->($trigger->{slot}) . ' := ' . expr_sql($trigger->{expr}, $name) . ';';
	my %body = (
		always => $set,
		insert => "IF TG_OP = 'INSERT' THEN $set END IF;",
		changed => $changed ? "IF TG_OP = 'UPDATE' AND NEW.$changed IS DISTINCT FROM OLD.$changed THEN $set END IF;" : '',
		skip => $trigger->{if} ? 'IF ' . expr_sql($trigger->{if}, $name) . ' THEN RETURN NULL; END IF;' : '');

	return (
		"CREATE FUNCTION $base.mine() RETURNS trigger LANGUAGE plpgsql SET search_path = $base AS "
		  . quote_text("BEGIN $body{ $trigger->{when} } RETURN NEW; END"),
		"CREATE TRIGGER mine BEFORE INSERT OR UPDATE ON $relation FOR EACH ROW EXECUTE FUNCTION $base.mine()",
		$table->{kind} eq 'inherited' ?
		  "CREATE TRIGGER mine BEFORE INSERT OR UPDATE ON $base.part_child FOR EACH ROW EXECUTE FUNCTION $base.mine()" : ());
}

sub document_json { return JSON::PP->new->canonical->allow_blessed->encode($_[0]); }

# The relation that a statement names, by version.
sub relation_name
{
	my ($names, $statement) = @_;
	my $table = $names->{table};
	my $via = $statement->{via};

	return quote_name($names->{base}) . ".part_$statement->{part}" if defined $statement->{part};
	return quote_name($names->{base}) . '.' . quote_name($table->{physical})
	  if $via eq 'base' || $via eq 'old' && !defined $names->{old};
	return quote_name($names->{$via}) . '.' .
	  quote_name(($via eq 'new' ? $table->{active}{version} : $table->{version})->{table});
}

sub column_name
{
	my ($names, $via, $slot) = @_;
	my $table = $names->{table};

	if ($via eq 'base' || $via eq 'old' && !defined $names->{old})
	{
		return $names->{newer}{$slot} if $table->is_newer($slot);
		return quote_name($table->{slots}{$slot}{physical});
	}
	for my $column (@{ $table->columns($via) })
	{
		return quote_name($column->{name}) if $column->{slot} == $slot;
	}
	die "no column for slot $slot in version $via";
}

sub expr_of
{
	my ($names, $via, $expr, $target) = @_;

	return 'DEFAULT' unless ref $expr;
	if ($names->{parameters} && $expr->[0] eq 'const')
	{
		push @{ $names->{parameters} }, $expr;
		return '$' . @{ $names->{parameters} } . ($names->{typed} ? "::$expr->[2]" : '');
	}
	return expr_sql($expr, sub {
		my ($name) = @_;

		return 'excluded.' . column_name($names, $via, $1) if $name =~ /^excluded (\d+)/;
		return ($target ? "$target." : '') . column_name($names, $via, $name);
	});
}

# A statement in SQL, without its wrapping.
sub statement_sql
{
	my ($names, $statement) = @_;
	my %write = (
		insert => \&insert_sql, update => \&update_sql, delete => \&delete_sql, merge => \&merge_sql,
		cte => \&cte_sql, parent => \&parent_sql);

	return $write{ $statement->{kind} }->($names, $statement);
}

sub where_sql
{
	my ($names, $statement) = @_;
	my ($kind, @arguments) = @{ $statement->{where} };
	my $table = $names->{table};
	my $column = sub { 't.' . column_name($names, $statement->{via}, $_[0]) };
	my $id = $column->($table->key($statement->{via})->[0]);

	return 'true' if $kind eq 'all';
	return "$id = " . expr_of($names, $statement->{via}, const($arguments[0], 'integer'))
	  if $kind eq 'ids' && @arguments == 1;
	return "$id IN (" . join(', ', @arguments) . ')' if $kind eq 'ids';
	return "$id % $arguments[0] = $arguments[1]" if $kind eq 'mod';
	return $column->($arguments[0]) . ' IS NULL' if $kind eq 'null';
	return $column->($arguments[0]) . ' = ' . literal($arguments[1], $table->{slots}{ $arguments[0] }{type});
}

sub set_sql
{
	my ($names, $statement, $set, $as_row, $target) = @_;
	my @names = map { column_name($names, $statement->{via}, $_->[0]) } @$set;
	my @values = map { expr_of($names, $statement->{via}, $_->[1], $target // 't') } @$set;

	return '(' . join(', ', @names) . ') = ROW(' . join(', ', @values) . ')' if $as_row;
	return join(', ', map { "$names[$_] = $values[$_]" } 0 .. $#names);
}

sub returning_sql
{
	my ($names, $statement, $target) = @_;
	my $columns = $names->{table}->columns($statement->{via});

	return '' unless $statement->{returning};
	return ' RETURNING ' . join(', ', map {
		"$target." . column_name($names, $statement->{via}, $_->{slot}) . '::text'
	} @$columns);
}

sub update_sql
{
	my ($names, $statement) = @_;

	return 'UPDATE ' . relation_name($names, $statement) . ' AS t SET '
	  . set_sql($names, $statement, $statement->{set}, $statement->{row} && $statement->{set}[0])
	  . ($statement->{from} ? ' FROM (VALUES (1)) AS one (x)' : '')
	  . ' WHERE ' . where_sql($names, $statement) . returning_sql($names, $statement, 't');
}

sub delete_sql
{
	my ($names, $statement) = @_;

	return 'DELETE FROM ' . relation_name($names, $statement) . ' AS t WHERE '
	  . where_sql($names, $statement) . returning_sql($names, $statement, 't');
}

sub insert_sql
{
	my ($names, $statement) = @_;
	my $via = $statement->{via};
	my $conflict = $statement->{conflict};
	my $sql = 'INSERT INTO ' . relation_name($names, $statement) . ' AS t ('
	  . join(', ', map { column_name($names, $via, $_) } @{ $statement->{slots} }) . ') ';
	my @rows = map { '(' . join(', ', map { expr_of($names, $via, $_) } @$_) . ')' } @{ $statement->{rows} };

	return $sql =~ s/^INSERT INTO (.*) AS t \(/COPY $1 (/sr . 'FROM STDIN' if copied_rows($statement);
	if ($statement->{how} eq 'select' && !grep { /\bDEFAULT\b/ } @rows)
	{
		$sql .= join ' UNION ALL ', map { 'SELECT ' . substr($_, 1, -1) } @rows;
	}
	else
	{
		$sql .= 'VALUES ' . join(', ', @rows);
	}
	if ($conflict)
	{
		$sql .= ' ON CONFLICT';
		$sql .= ' (' . join(', ', map { column_name($names, $via, $_) } @{ $conflict->{target} }) . ')'
		  if $conflict->{target};
		$sql .= $conflict->{set} ? ' DO UPDATE SET ' . set_sql($names, $statement, $conflict->{set}) : ' DO NOTHING';
	}
	return $sql . returning_sql($names, $statement, 't');
}

# The lines of a COPY.
sub copy_data
{
	my ($statement) = @_;

	return map {
		join("\t", map { defined $_->[1] ? $_->[1] =~ s/\\/\\\\/gr : '\N' } @$_) . "\n"
	} @{ $statement->{rows} };
}

sub merge_sql
{
	my ($names, $statement) = @_;
	my $via = $statement->{via};
	my $id = $names->{table}->key($via)->[0];
	my $sql = 'MERGE INTO ' . relation_name($names, $statement) . ' AS t USING (VALUES '
	  . join(', ', map { "($_->[0], $_->[1])" } @{ $statement->{source} })
	  . ') AS s (key, flag) ON t.' . column_name($names, $via, $id) . ' = s.key'
	  . ' WHEN MATCHED AND s.flag THEN UPDATE SET ' . set_sql($names, $statement, $statement->{first});

	$sql .= ' WHEN MATCHED THEN ';
	$sql .= $statement->{second} eq 'update' ?
	  'UPDATE SET ' . set_sql($names, $statement, $statement->{set}) :
	  $statement->{second} eq 'delete' ? 'DELETE' : 'DO NOTHING';
	if (my $insert = $statement->{insert})
	{
		my @values = map {
			$insert->{slots}[$_] == $id ? 's.key' : expr_of($names, $via, $insert->{row}[$_])
		} 0 .. $#{ $insert->{slots} };

		$sql .= ' WHEN NOT MATCHED THEN INSERT ('
		  . join(', ', map { column_name($names, $via, $_) } @{ $insert->{slots} })
		  . ') VALUES (' . join(', ', @values) . ')';
	}
	return $sql;
}

sub cte_sql
{
	my ($names, $statement) = @_;
	my @parts = map { statement_sql($names, $_) } @{ $statement->{parts} };
	my $main = $statement->{main} ? pop @parts : 'SELECT 1';
	my $number = 0;

	return 'WITH ' . join(', ', map { 'c' . ++$number . " AS ($_ RETURNING 1)" } @parts) . " $main";
}

sub parent_sql
{
	my ($names, $statement) = @_;
	my $schema = $statement->{via} ne 'base' ? $names->{ $statement->{via} } : undef;
	my $relation = quote_name($schema // $names->{base}) . '.parents';

	return {
		insert => "INSERT INTO $relation (code) VALUES ($statement->{code})",
		update => "UPDATE $relation SET code = $statement->{to} WHERE code = $statement->{code}",
		delete => "DELETE FROM $relation WHERE code = $statement->{code}"
	}->{ $statement->{do} };
}

1;
