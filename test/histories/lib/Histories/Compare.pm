# Part of the runner: what is stored, and what each version shows, against the model.

package Histories::Compare;

use strict;
use warnings;

use Histories::Expr;
use Histories::Law;
use Histories::Sql;

sub text_of
{
	return join ' | ', map { defined $_ ? (length $_ > 60 ? substr($_, 0, 50) . '… (' . length($_) . ')' : $_) : 'NULL' } @_;
}

sub full_text { return join "\x01", map { $_ // "\x02" } @_; }

sub compare
{
	my ($self, $what, $heading, $expected, $found) = @_;
	my %count;
	my %text;

	for my $item ([ 1, $expected ], [ -1, $found ])
	{
		for my $row (@{ $item->[1] })
		{
			$count{ full_text(@$row) } += $item->[0];
			$text{ full_text(@$row) } = text_of(@$row);
		}
	}
	return unless grep { $_ } values %count;
	my @lines = map {
		("  predicted: $text{$_}\n") x ($count{$_} > 0 ? $count{$_} : 0),
		("  found:     $text{$_}\n") x ($count{$_} < 0 ? -$count{$_} : 0)
	} sort grep { $count{$_} } keys %count;

	splice @lines, 20, -1, "  …\n" if @lines > 22;
	$self->fail("$what\n  columns:   $heading\n" . join('', @lines));
}

sub check_returning
{
	my ($self, $work, $statement, $rows) = @_;
	my @slots = map { $_->{slot} } @{ $self->{table}->columns($statement->{via}) };

	$self->compare('RETURNING', join(' | ', @slots),
		[ map { my $row = $_->[1]; [ map { $row->{values}{$_} } @slots ] } @{ $work->{returning} } ], $rows);
}

# What is stored, and what each version shows, against the model.
sub check
{
	my ($self) = @_;

	# while others work, all that is compared must be of one instant
	$self->look('owner', 'BEGIN ISOLATION LEVEL REPEATABLE READ') if $self->{live};
	$self->compare_all;
	$self->look('owner', 'COMMIT') if $self->{live};
}

sub compare_all
{
	my ($self) = @_;
	my $table = $self->{table};
	my $names = $self->{names};
	my @slots = sort { $a <=> $b } keys %{ $table->{slots} };
	my $own = $self->own_rows('base');
	my $marker = $table->{active} && $names->{marker};
	my $found = $self->look('owner', 'SELECT (SELECT relname FROM pg_class WHERE oid = t.tableoid), '
		  . ($marker // 'false') . '::text, ' . join(', ', map { column_name($names, 'base', $_) . '::text' } @slots)
		  . ' FROM ' . relation_name($names, { via => 'base' }) . " AS t $own");
	my @rows = $self->settled_rows($found, \@slots);

	$self->compare('the base table', join(' | ', 'member', 'awaits', map { $self->slot_heading($_) } @slots),
		[ map { my $row = $_; [ $self->member_name($row), $row->{awaits} ? 'true' : 'false',
			map { $row->{values}{$_} } @slots ] } @rows ], $found);
	$self->check_pets if $table->{pets};
	$self->check_version('owner', $_, \@rows) for defined $names->{old} ? 'old' : (), $table->{active} ? 'new' : ();
}

# What the base table and each version show; the new one's rows may await.
sub check_pets
{
	my ($self) = @_;
	my $names = $self->{names};
	my $pets = $self->{model}{pets};
	my $ready = $self->{table}{active} && $self->state eq 'ready';

	for my $schema (grep { defined } $names->{base}, $names->{old}, $ready ? $names->{new} : undef)
	{
		$self->compare("the pets in $schema", 'id | owner', [ map { [ $_, $pets->{$_}{owner} ] } sort keys %$pets ],
			$self->look('owner', "SELECT id::text, owner::text FROM " . quote_name($schema) . '.pets'));
	}
}

# The backfill is over: no row awaits any more.
sub settle
{
	my ($self) = @_;
	my $model = $self->{model};

	$model->backfill($model->backfillable({})) if @{ $self->{table}{active}{ups} };
}

# Does the backfill of the row fail?
sub cannot_follow
{
	my ($self, $row) = @_;

	return scalar %{ backfill_row($self->{table}, $row)->{errors} };
}

# A condition for the rows that this model knows of.
sub own_rows
{
	my ($self, $via) = @_;

	return '' unless $self->{from};
	return 'WHERE t.' . column_name($self->{names}, $via, $self->{table}->key($via)->[0])
	  . " BETWEEN $self->{from} AND " . ($self->{to} // 2 * $self->{from});
}

sub slot_heading
{
	my ($self, $slot) = @_;

	return "$slot " . column_name($self->{names}, 'base', $slot);
}

sub member_name
{
	my ($self, $row) = @_;

	return 'part_' . $row->{member} if $row->{member} ne '';
	return $self->{table}{physical};
}

# The committed rows of the model; where it does not know whether they await,
# as the marker says.
sub settled_rows
{
	my ($self, $found, $slots) = @_;
	my @key = @{ $self->{table}->key('base') };
	my %place = map { $slots->[$_] => $_ + 2 } 0 .. $#$slots;
	my %awaits = map { my $row = $_; join(' ', $row->[0], map { $row->[ $place{$_} ] } @key) => $row->[1] } @$found;

	return map {
		my $row = $_;
		!defined $row->{awaits} && ($awaits{ join(' ', $self->member_name($row), map { $row->{values}{$_} } @key) } // '') eq 'false' ?
		  backfill_row($self->{table}, $row)->{row} :
		  { %$row, awaits => $row->{awaits} // 1 }
	} values %{ $self->{model}{rows} };
}

sub check_version
{
	my ($self, $session, $via, $rows) = @_;
	my $names = $self->{names};
	my @slots = map { $_->{slot} } @{ $self->{table}->columns($via) };
	my $log = @{ $self->{log} };
	my ($found, $state) = $self->sql($session, 'SELECT ' . join(', ', map { column_name($names, $via, $_) . '::text' } @slots)
		  . ' FROM ' . relation_name($names, { via => $via }) . ' AS t ' . $self->own_rows($via));
	my $transaction = $self->{model}->transaction($session);

	# a read, too, may be what a serializable transaction fails at
	if ($state && $state eq '40001' && $transaction && $transaction->{level} eq 'SERIALIZABLE')
	{
		$self->{model}->fail_transaction($session);
		return;
	}
	$self->fail("the $via version cannot be read: $self->{error}") if $state;
	# those whose new key is not there yet may be anybody's
	$rows = [ grep { defined $_->{values}{ $self->{table}->key($via)->[0] } } @$rows ] if $self->{from};
	$#{ $self->{log} } = $log - 1;
	$self->compare("the $via version", join(' | ', map { "$_ " . column_name($names, $via, $_) } @slots),
		[ map { my $row = $_; [ map { $row->{values}{$_} } @slots ] } @$rows ], $found);
}

# Nothing of ours is left in the base schema.
sub check_leftovers
{
	my ($self) = @_;
	my $base = quote_text($self->{base});
	my $found = $self->look('owner', qq{
		SELECT 'column ' || attrelid::regclass || '.' || attname FROM pg_attribute
			WHERE attrelid IN (SELECT oid FROM pg_class WHERE relnamespace = $base\::regnamespace)
				AND attname ~ 'pgroll' AND NOT attisdropped
		UNION ALL SELECT 'trigger ' || tgname FROM pg_trigger
			WHERE tgrelid IN (SELECT oid FROM pg_class WHERE relnamespace = $base\::regnamespace)
				AND tgfoid = 'pgroll_c.dual_write'::regproc
		UNION ALL SELECT 'constraint ' || conname FROM pg_constraint
			WHERE connamespace = $base\::regnamespace AND conname ~ 'pgroll'} =~ s/\s+/ /gr);

	$self->fail('left behind: ' . join(', ', map { $_->[0] } @$found)) if @$found;
}

1;
