# The model of a database under several sessions: what each sees, and what each
# statement does.
#
# Rows are immutable; a session's transaction is a set of rows over what is
# committed, or over its snapshot.  A statement that would have to wait for
# another session, or whose outcome is not determined, is passed over.

package Histories::Model;

use strict;
use warnings;

use Exporter 'import';

use Histories::Expr;
use Histories::Keys;
use Histories::Law;
use Histories::Objects;
use Histories::References;

our @EXPORT = qw(copied_rows);

# table: a Histories::Table.  rows: by a number of ours.  parents: the keys of
# the parent table.  pets: {owner} by id.  transactions: by session.
sub new
{
	my ($class, %model) = @_;

	return bless {
		rows => {}, parents => {}, pets => {}, transactions => {}, next_row => 1, %model
	}, $class;
}

# Transactions

sub begin
{
	my ($self, $session, $level) = @_;

	$self->{transactions}{$session} = { level => $level, rows => {}, written => {}, parents => {}, pets => {}, marks => [] };
}

sub transaction { return $_[0]{transactions}{ $_[1] }; }

sub commit
{
	my ($self, $session) = @_;
	my $transaction = delete $self->{transactions}{$session};

	return if $transaction->{failed};
	put($self->{rows}, $transaction->{rows});
	put($self->{parents}, $transaction->{parents});
	put($self->{pets}, $transaction->{pets});
}

sub roll_back { delete $_[0]{transactions}{ $_[1] }; }

sub savepoint
{
	my ($self, $session) = @_;
	my $transaction = $self->{transactions}{$session};

	push @{ $transaction->{marks} }, { map { $_ => { %{ $transaction->{$_} } } } qw(rows written parents pets) };
}

sub roll_back_to
{
	my ($self, $session) = @_;
	my $transaction = $self->{transactions}{$session};
	my $mark = pop @{ $transaction->{marks} };

	@{$transaction}{qw(rows written parents pets)} = @{$mark}{qw(rows written parents pets)};
	$transaction->{failed} = 0;
}

# An error ends the innermost subtransaction: what it wrote is gone and free for
# others from then on, not only when the client says ROLLBACK.
sub fail_transaction
{
	my ($self, $session) = @_;
	my $transaction = $self->{transactions}{$session};
	my $mark = $transaction->{marks}[-1] // { rows => {}, written => {}, parents => {}, pets => {} };

	$transaction->{failed} = 1;
	$transaction->{$_} = { %{ $mark->{$_} } } for qw(rows written parents pets);
}

# The first statement of a transaction with a snapshot takes it.
sub take_snapshot
{
	my ($self, $session) = @_;
	my $transaction = $self->{transactions}{$session};

	return if !$transaction || $transaction->{level} eq 'READ COMMITTED';
	$transaction->{snapshot} //= { rows => { %{ $self->{rows} } }, parents => { %{ $self->{parents} } } };
}

sub put
{
	my ($to, $from) = @_;

	for my $key (keys %$from)
	{
		if ($from->{$key}) { $to->{$key} = $from->{$key}; }
		else { delete $to->{$key}; }
	}
}

# What the session sees of the rows or parents; with latest, beyond its snapshot.
sub visible
{
	my ($self, $session, $what, $latest) = @_;
	my $transaction = $self->{transactions}{$session};
	my %seen = %{ $transaction && $transaction->{snapshot} && !$latest ? $transaction->{snapshot}{$what} :
		  $self->{$what} };

	put(\%seen, $transaction->{$what}) if $transaction;
	return \%seen;
}

# Migrations change all rows, those in snapshots included, without writing them.

sub start
{
	my ($self, $plan) = @_;
	my $table = $self->{table};

	$table->start($plan);
	for my $row ($self->all_rows)
	{
		$row->{awaits} = $plan->{edges} ? 1 : 0;
		$row->{values}{$_} = default_value($plan->{slots}{$_}) for keys %{ $plan->{slots} };
	}
}

# Nobody knows which rows await: what is stored in them is then as at the start.
sub forget_awaiting
{
	my ($self) = @_;
	my $plan = $self->{table}{active};

	return unless $plan->{edges};
	for my $row ($self->all_rows)
	{
		$row->{awaits} = undef;
		$row->{values}{ $_->{slot} } = undef for @{ $plan->{ups} };
	}
}

sub default_value { return $_[0]{default} ? $_[0]{default}[1] : undef; }

sub finish
{
	my ($self, $how) = @_;
	my $table = $self->{table};

	$how eq 'complete' ? $table->complete : $table->roll_back;
	for my $row ($self->all_rows)
	{
		$row->{awaits} = 0;
		delete @{ $row->{values} }{ grep { !$table->{slots}{$_} } keys %{ $row->{values} } };
	}
}

sub all_rows
{
	my ($self) = @_;
	my %rows;

	for my $state ($self, map { $_, $_->{snapshot} // () } values %{ $self->{transactions} })
	{
		$rows{$_} = $_ for grep { $_ } values %{ $state->{rows} };
	}
	return values %rows;
}

# The committed rows that await and that nobody holds, by number; with those of
# a hash of ids held.
sub backfillable
{
	my ($self, $held) = @_;
	my $id = $self->{table}->key('base')->[0];
	my %locked = map { %{ $_->{rows} } } values %{ $self->{transactions} };

	return grep {
		my $row = $self->{rows}{$_};
		($row->{awaits} // 1) && !exists $locked{$_} && !$held->{ $row->{values}{$id} }
	} keys %{ $self->{rows} };
}

# The committed rows that await and that somebody holds.
sub held_rows
{
	my ($self, $held) = @_;
	my %free = map { $_ => 1 } $self->backfillable($held);

	return map { $self->{rows}{$_} }
	  grep { ($self->{rows}{$_}{awaits} // 1) && !$free{$_} } sort keys %{ $self->{rows} };
}

# Do the backfill of these rows; gives the SQLSTATEs of those that fail.
sub backfill
{
	my ($self, @numbers) = @_;
	my %errors;
	my %done;

	for my $number (@numbers)
	{
		my $result = backfill_row($self->{table}, $self->{rows}{$number});

		%errors = (%errors, %{ $result->{errors} });
		$done{$number} = $result->{row} unless %{ $result->{errors} };
	}
	put($self->{rows}, \%done) unless %errors;
	return keys %errors;
}

# The rows that stop the tasks of the migration: their backfill fails, or what
# it makes of them is twice in a key, or breaks a constraint.
sub stopping
{
	my ($self) = @_;
	my $table = $self->{table};
	my %after = map { $_ => backfill_row($table, $self->{rows}{$_}) } keys %{ $self->{rows} };
	my @failing = sort grep { %{ $after{$_}{errors} } } keys %after;
	my %rows = map { $_ => $after{$_}{row} } grep { !%{ $after{$_}{errors} } } keys %after;

	return (@failing, duplicates($table, \%rows), orphans($table, \%rows, $self->{parents}));
}

# Statements

# What a statement of a session would do: {rows}, {parents} to be put, {errors}
# of which one must come, {maybe} that may, {returning} rows; or {skip}, why the
# history goes on without it.
sub predict
{
	my ($self, $session, $statement) = @_;
	my $work = {
		model => $self, session => $session, statement => $statement, table => $self->{table},
		transaction => $self->{transactions}{$session}, rows => {}, written => {}, parents => {}, pets => {}, errors => {},
		maybe => {}, returning => []
	};

	$work->{seen} = $self->visible($session, 'rows');
	$work->{latest} = $self->visible($session, 'rows', 1);
	$work->{latest_parents} = $self->visible($session, 'parents', 1);
	$work->{latest_pets} = $self->visible($session, 'pets', 1);
	eval { run_wrapped($work, $statement); 1 } or do
	{
		die $@ unless ref $@ eq 'HASH';
		return { skip => $@->{skip} } if $@->{skip};
		$work->{errors}{ $@->{state} } = 1;
	};
	return $work;
}

# Make what was predicted true.
sub apply
{
	my ($self, $work) = @_;
	my $transaction = $work->{transaction};

	put_marked($transaction ? $transaction->{$_} : $self->{$_}, $work->{$_}, $transaction) for qw(rows parents pets);
	%{ $transaction->{written} } = (%{ $transaction->{written} }, %{ $work->{written} }) if $transaction;
}

sub put_marked
{
	my ($to, $from, $keep) = @_;

	return put($to, $from) unless $keep;
	$to->{$_} = $from->{$_} for keys %$from;
}

my %run = (
	insert => \&run_insert, update => \&run_update, delete => \&run_delete, merge => \&run_merge,
	cte => \&run_cte, parent => \&run_parent, pet => \&run_pet);

sub run_wrapped
{
	my ($work, $statement) = @_;
	my $outer = ($statement->{wrap} // {})->{outer};

	skip('no such version') unless exists_via($work->{table}, $outer, $statement);
	if ($outer)
	{
		my @targets = matching($work, $outer);
		my $before = { %{ $work->{seen} } };

		skip('the outer statement must meet one row') if @targets > 1;
		return unless @targets;
		$run{ $statement->{kind} }->($work, $statement);
		end_statement($work, $statement);
		skip('the same row twice') if exists $work->{rows}{ $targets[0] };
		$work->{seen} = $before;
		$work->{returning} = [];
		run_update($work, { %$outer, replica => $statement->{replica} });
	}
	else
	{
		$run{ $statement->{kind} }->($work, $statement);
	}
	end_statement($work, $statement);
}

# Do the versions and the columns that statements name exist now?
sub exists_via
{
	my ($table, @statements) = @_;

	for my $statement (map { $_ && $_->{parts} ? @{ $_->{parts} } : $_ } @statements)
	{
		my $columns;
		my %named;

		next unless $statement;
		$columns = $table->columns($statement->{via}) or return 0;
		%named = map { $_->{slot} => 1 } @$columns;
		return 0 if grep { !$named{$_} } named_slots($statement);
	}
	return 1;
}

sub named_slots
{
	my ($statement) = @_;
	my @sets = map { @$_ } grep { $_ } @{$statement}{qw(set first)};
	my @values = map { @$_ } @{ $statement->{rows} // [] };
	my $where = $statement->{where} // [''];
	my @slots = map { $_->[0] } @sets;

	push @sets, @{ $statement->{conflict}{set} // [] } if $statement->{conflict};
	push @slots, map { $_->[0] } @{ $statement->{conflict}{set} // [] } if $statement->{conflict};
	push @slots, @{ $statement->{conflict}{target} // [] } if $statement->{conflict};
	push @slots, @{ $statement->{slots} // [] };
	push @slots, @{ $statement->{insert}{slots} } if $statement->{insert};
	push @values, map { $_->[1] } @sets;
	push @slots, $where->[1] if $where->[0] =~ /^(null|is)$/;
	push @slots, map { s/^excluded //r } map { expr_columns($_) } grep { ref } @values;
	return @slots;
}

# The value of a column of a row as it is stored.
sub stored
{
	my ($table, $row, $slot) = @_;

	skip('whether the row awaits is not known')
	  if !defined $row->{awaits} && $table->{active} && $table->{active}{up_of}{$slot};
	return $row->{values}{$slot};
}

# The numbers of the rows that a statement's WHERE selects.
sub matching
{
	my ($work, $statement) = @_;
	my $table = $work->{table};
	my $id = $table->key($statement->{via})->[0];
	my ($kind, @arguments) = @{ $statement->{where} };
	my %ids = map { $_ => 1 } @arguments;
	my $seen = $work->{seen};
	my $key = sub { stored($table, $_[0], $id) };
	my $test = {
		all => sub { 1 },
		ids => sub { $ids{ $key->($_[0]) // '' } },
		mod => sub { my $value = $key->($_[0]); defined $value && remainder($value, $arguments[0]) == $arguments[1] },
		null => sub { !defined stored($table, $_[0], $arguments[0]) },
		is => sub {
			my $value = stored($table, $_[0], $arguments[0]);
			defined $value && defined $arguments[1] && $value eq $arguments[1];
		}
	}->{$kind};

	return sort { $a <=> $b } grep {
		(!defined $statement->{part} || $seen->{$_}{member} eq $statement->{part})
		  && $test->($seen->{$_})
	} keys %$seen;
}

# The new values of a row: [slot, expression] each, read from the row.
sub assigned_values
{
	my ($work, $statement, $set, $row, $excluded) = @_;
	my $table = $work->{table};
	my %default = map { $_->{slot} => default_value($_) } @{ $table->columns($statement->{via}) };
	my %values;

	for my $item (@$set)
	{
		my ($slot, $expr) = @$item;

		$values{$slot} = ref $expr ? expr_value($expr, sub {
			my ($name) = @_;

			return $excluded->{values}{$1} if $name =~ /^excluded (\d+)/;
			return stored($table, $row, $name);
		}) : $default{$slot};
	}
	return \%values;
}

# Let the law decide over one row of the statement, and note what comes out.
sub write_to
{
	my ($work, $statement, $number, %write) = @_;
	my $transaction = $work->{transaction};
	my $row = $write{old};
	my $result;

	if ($row && $transaction && $transaction->{snapshot} && !$transaction->{rows}{$number})
	{
		my $now = $work->{model}{rows}{$number};

		# constraints are checked before the row is found to have changed, unless
		# a trigger has locked it
		if (!$now || $now != $row)
		{
			fail_with('40001') if has_before_triggers($work->{table});
			$work->{errors}{40001} = 1;
		}
	}
	skip('whether the row awaits is not known') if $row && !defined $row->{awaits} && $write{loose};
	skip('whether ups or downs come first')
	  if $work->{table}{trigger} && names_newer($work, $statement);
	$result = write_row($work->{table}, %write, replica => $statement->{replica},
		writer => $write{writer} // $statement->{via});
	$work->{errors} = { %{ $work->{errors} }, %{ $result->{errors} } };
	$work->{maybe} = { %{ $work->{maybe} }, %{ $result->{maybe} } };
	return keep_lock($work, $number, $row) unless $result->{row};
	note_row($work, $statement, $number, $row, $result->{row});
	return $result->{row};
}

# A row that the user's trigger drops stays as it is, but an UPDATE has locked it.
sub keep_lock
{
	my ($work, $number, $row) = @_;

	return unless $row;
	skip('another session holds the row') if held($work, $number);
	$work->{rows}{$number} //= $row;
	return;
}

# Does a write to the base table name columns that only the newest version has?
sub names_newer
{
	my ($work, $statement) = @_;

	return $statement->{via} eq 'base' && grep { $work->{table}->is_newer($_) } named_slots($statement);
}

sub note_row
{
	my ($work, $statement, $number, $old, $new) = @_;

	skip('another session holds the row') if held($work, $number);
	if ($new && !%{ $work->{errors} })
	{
		check_foreign_keys($work, $statement, $old, $new);
		check_unique($work, $number, $old, $new);
	}
	note_references($work, $old, $new);
	$work->{rows}{$number} = $new;
	$work->{written}{$new} = $new if $new;
	if ($new) { $work->{latest}{$number} = $new; }
	else { delete $work->{latest}{$number}; }
	push @{ $work->{returning} }, [ $statement->{via}, $new // $old ] unless $statement->{quiet};
}

sub has_before_triggers
{
	my ($table) = @_;

	return $table->{trigger} || $table->{active} && $table->{active}{edges};
}

sub run_update
{
	my ($work, $statement) = @_;

	for my $number (matching($work, $statement))
	{
		my $row = $work->{seen}{$number};
		my $set = assigned_values($work, $statement, $statement->{set}, $row);
		my %new = (%{ $row->{values} }, %$set);

		$work->{errors}{23514} = 1 if leaves_partition($work, $statement, \%new);
		write_to($work, $statement, $number, old => $row, new => \%new,
			assigned => { map { $_ => 1 } keys %$set });
	}
}

# A statement that names a partition may not put a row elsewhere.
sub leaves_partition
{
	my ($work, $statement, $values) = @_;
	my $table = $work->{table};

	return defined $statement->{part} && $table->{kind} eq 'partitioned' &&
	  member_of($table, { values => $values }) ne $statement->{part};
}

sub run_delete
{
	my ($work, $statement) = @_;
	my $transaction = $work->{transaction};

	for my $number (matching($work, $statement))
	{
		my $row = $work->{seen}{$number};
		my $now = $work->{model}{rows}{$number};

		fail_with('40001')
		  if $transaction && $transaction->{snapshot} && !$transaction->{rows}{$number} &&
		  (!$now || $now != $row);
		stored($work->{table}, $row, $_->{slot}) for
		  $statement->{returning} ? @{ $work->{table}->columns($statement->{via}) } : ();
		note_row($work, $statement, $number, $row, undef);
	}
}

# The values of an inserted row: those listed, the version's defaults for its
# other columns, the base table's for what the version does not have.
sub inserted_values
{
	my ($work, $statement, $slots, $row) = @_;
	my $table = $work->{table};
	my %values = map { $_ => default_value($table->{slots}{$_}) } keys %{ $table->{slots} };
	my %default = map { $_->{slot} => default_value($_) } @{ $table->columns($statement->{via}) };

	%values = (%values, %default);
	draw_numbers($work, $statement, $slots, \%values);
	for my $place (0 .. $#$slots)
	{
		my $expr = $row->[$place];

		$values{ $slots->[$place] } = ref $expr ? expr_value($expr, sub { undef }) :
		  $default{ $slots->[$place] };
	}
	return \%values;
}

# What is drawn from the sequence of the key, in the order of the columns: the
# base table's column has it, and a serial's default the new version as well.
sub draw_numbers
{
	my ($work, $statement, $slots, $values) = @_;
	my $table = $work->{table};
	my %named = map { $_ => 1 } @$slots;

	for my $slot (sort { $a <=> $b } grep { $table->{slots}{$_}{numbered} && !$named{$_} } keys %$values)
	{
		next if $table->is_newer($slot) && ($statement->{via} ne 'new' || $table->{slots}{$slot}{numbered} ne 'serial');
		$values->{$slot} = ++$work->{model}{number};
	}
}

sub run_insert
{
	my ($work, $statement) = @_;
	my $conflict = $statement->{conflict};
	my %touched;

	for my $row (@{ $statement->{rows} })
	{
		my $values = inserted_values($work, $statement, $statement->{slots}, $row);
		my $copies = copied_rows($statement);
		my %write = (
			new => $values, assigned => { map { $_ => 1 } @{ $statement->{slots} } },
			loose => $copies,
			member => defined $statement->{part} && $statement->{part} eq 'child' ? 'child' : undef);
		my $number = $work->{model}{next_row}++;

		delete $write{member} unless defined $write{member};
		$work->{errors}{23514} = 1 if leaves_partition($work, $statement, $values);
		$conflict ? insert_or_update($work, $statement, $number, \%write, \%touched) :
		  write_to($work, $statement, $number, %write);
	}
}

# Does the statement go as COPY?
sub copied_rows
{
	my ($statement) = @_;

	return $statement->{how} eq 'copy' && !$statement->{conflict} &&
	  !grep { grep { !ref } @$_ } @{ $statement->{rows} };
}

sub insert_or_update
{
	my ($work, $statement, $number, $write, $touched) = @_;
	my $conflict = $statement->{conflict};
	my $table = $work->{table};
	my $transaction = $work->{transaction};
	my $result = write_row($table, %$write, replica => $statement->{replica},
		writer => $statement->{via});
	my @targets = arbiters($work, $conflict);
	my $other;
	my $set;

	$work->{errors} = { %{ $work->{errors} }, %{ $result->{errors} } };
	$work->{maybe} = { %{ $work->{maybe} }, %{ $result->{maybe} } };
	return if !$result->{row} || %{ $work->{errors} };
	check_others_keys($work, $number, $result->{row});
	for my $key (@targets)
	{
		($other) = same_key($work->{latest}, $number, $result->{row}, $key);
		last if $other;
	}
	if (!$other)
	{
		note_row($work, $statement, $number, undef, $result->{row});
		$touched->{$number} = 1;
		return;
	}
	fail_with('40001') if $transaction && $transaction->{snapshot} && !$work->{rows}{$other} &&
	  !$transaction->{rows}{$other} &&
	  ($transaction->{snapshot}{rows}{$other} // 0) != $work->{latest}{$other};
	return unless $conflict->{set};
	fail_with('21000') if $touched->{$other}++;
	$set = assigned_values($work, $statement, $conflict->{set}, $work->{latest}{$other}, $result->{row});
	write_to($work, $statement, $other, old => $work->{latest}{$other},
		new => { %{ $work->{latest}{$other}{values} }, %$set },
		assigned => { map { $_ => 1 } keys %$set });
}

# The unique objects that an ON CONFLICT is about.
sub arbiters
{
	my ($work, $conflict) = @_;
	my $table = $work->{table};
	my @keys = grep { $table->built($_) ne 'none' } $table->uniques;

	skip('the index may not be built') if grep { $table->built($_) ne 'all' } @keys;
	return @keys unless $conflict->{target};
	@keys = grep { !$_->{where} && !$_->{keys} && "@{ $_->{slots} }" eq "@{ $conflict->{target} }" } @keys;
	# the index of a partitioned table is made when the migration is completed
	skip('no such unique index') if !@keys || $table->{kind} eq 'partitioned' && !grep { $_ == $keys[0] } @{ $table->{version}{objects} };
	return @keys;
}

sub remainder { return $_[0] - $_[1] * int($_[0] / $_[1]); }

sub run_merge
{
	my ($work, $statement) = @_;
	my $table = $work->{table};
	my $id = $table->key($statement->{via})->[0];

	for my $source (@{ $statement->{source} })
	{
		my ($key, $flag) = @$source;
		my @numbers = grep { (stored($table, $work->{seen}{$_}, $id) // '') eq $key } sort keys %{ $work->{seen} };

		if (@numbers)
		{
			merge_matched($work, $statement, $_, $flag) for @numbers;
		}
		elsif ($statement->{insert})
		{
			my ($slots, $row) = @{ $statement->{insert} }{qw(slots row)};
			my @row = map { $slots->[$_] == $id ? const($key, 'integer') : $row->[$_] } 0 .. $#$slots;

			write_to($work, $statement, $work->{model}{next_row}++, loose => 1, among => { map { $_ => 1 } @$slots },
				new => inserted_values($work, $statement, $slots, \@row));
		}
	}
}

sub merge_slots
{
	my ($statement) = @_;
	my @sets = (@{ $statement->{first} }, $statement->{second} eq 'update' ? @{ $statement->{set} } : ());

	return { map { $_ => 1 } map { $_->[0] } @sets };
}

sub merge_matched
{
	my ($work, $statement, $number, $flag) = @_;
	my $row = $work->{seen}{$number};
	my $set;

	if ($flag ne 'true' && $statement->{second} ne 'update')
	{
		run_delete($work, { %$statement, where => [ ids => $row->{values}{ $work->{table}->key($statement->{via})->[0] } ] })
		  if $statement->{second} eq 'delete' && !exists $work->{rows}{$number};
		return;
	}
	$set = assigned_values($work, $statement, $flag eq 'true' ? $statement->{first} : $statement->{set}, $row);
	write_to($work, $statement, $number, old => $row, loose => 1, among => merge_slots($statement),
		new => { %{ $row->{values} }, %$set });
}

# All parts see what was there before the first.
sub run_cte
{
	my ($work, $statement) = @_;
	my %codes = map { map { $_ => 1 } @{ $_->{slots} } } grep { $_->{kind} ne 'primary' } $work->{table}->uniques;

	for my $part (@{ $statement->{parts} })
	{
		skip('the order of the parts would matter')
		  if grep { $codes{$_} } named_slots($part);
		$run{ $part->{kind} }->($work, { %$part, quiet => 1, replica => $statement->{replica} });
	}
}

1;
