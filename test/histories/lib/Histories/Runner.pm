# Runs a history against a server, and compares each version with the model.

package Histories::Runner;

use strict;
use warnings;

use Time::HiRes qw(sleep time);

use Histories::Catalog;
use Histories::Compare;
use Histories::Expr;
use Histories::Model;
use Histories::Send;
use Histories::Sql;

our @ISA = qw(Histories::Catalog Histories::Compare Histories::Send);

# server: a Histories::Server.  history: what random_history() gives, or a
# selection of its steps.
sub new
{
	my ($class, %runner) = @_;

	return bless {
		log => [], statements => 0, skipped => 0, prepared => {}, %runner
	}, $class;
}

# Undef, or what went wrong.
sub run
{
	my ($self) = @_;
	my $failure;

	eval {
		$self->set_up;
		for my $step (@{ $self->{history}{steps} })
		{
			$self->{step} = $step;
			$self->run_step($step);
		}
		$self->check;
		$self->check_leftovers unless $self->{table}{active};
		1;
	} or $failure = failure_text($@);
	$self->clean_up;
	return $failure;
}

# What was died of, as text.
sub failure_text
{
	my ($error) = @_;

	return ref $error eq 'HASH' && $error->{failure} ? $error->{failure} :
	  'died: ' . (ref $error ? join(' ', %$error) : $error);
}

sub fail { die { failure => $_[1] }; }

# Connections

sub session
{
	my ($self, $name) = @_;

	return $self->{sessions}{$name} //= $self->connect($name);
}

sub connect
{
	my ($self, $name) = @_;
	my $role = $name =~ /^\d/ ? 'regress_histories_app' :
	  $name eq 'super' ? 'postgres' : 'regress_histories_owner';
	my $session = $self->{server}->connect($role);

	$session->do("SET search_path = $self->{base}");
	$session->do('SET plan_cache_mode = force_generic_plan') if $self->{history}{seed} % 2;
	$session->do('SET lock_timeout = 5000') if $name =~ /^\d/;
	delete $self->{prepared}{$name};
	return $session;
}

# Run SQL in a session; gives rows and the SQLSTATE of an error or ''.
sub sql
{
	my ($self, $name, $sql, @values) = @_;
	my $session = $self->session($name);
	my $handle;
	my $rows = [];

	push @{ $self->{log} }, "$name: $sql;" . (@values ? '  -- ' . join(', ', map { $_ // 'NULL' } @values) : '');
	$self->{statements}++;
	$session->{pg_server_prepare} = @values ? 1 : 0;
	$handle = @values ? $session->prepare_cached($sql, { pg_placeholder_dollaronly => 1 }) :
	  $session->prepare($sql, { pg_direct => 1 });
	if ($handle && $handle->execute(@values))
	{
		$rows = $handle->fetchall_arrayref if $handle->{NUM_OF_FIELDS};
		return ($rows, '');
	}
	$self->{error} = $session->errstr;
	push @{ $self->{log} }, '-- ' . $session->state . ": $self->{error}";
	return ($rows, $session->state || 'no SQLSTATE');
}

# A look that is in the log only if it fails.
sub look
{
	my ($self, $name, $sql) = @_;
	my $log = @{ $self->{log} };
	my $rows = $self->must($name, $sql);

	$#{ $self->{log} } = $log - 1;
	return $rows;
}

# The same, of what must not fail.
sub must
{
	my ($self, $name, $sql) = @_;
	my ($rows, $state) = $self->sql($name, $sql);

	$self->fail("$sql\nfails: $self->{error}") if $state;
	return $rows;
}

# The history's own schemas

sub set_up
{
	my ($self) = @_;
	my $history = $self->{history};
	my $table = $self->{table} = $history->{table}->copy;

	$self->{base} = $self->{server}->new_schema;
	$self->{model} = Histories::Model->new(table => $table);
	$self->{names} = { base => $self->{base}, table => $table, newer => {} };
	$self->must('super', "CREATE SCHEMA $self->{base} AUTHORIZATION regress_histories_owner");
	$self->must('owner', $_) for setup_sql($self->{base}, $table);
	for my $code (@{ $history->{parents} })
	{
		next if $code % 2;
		$self->must('owner', "INSERT INTO $self->{base}.parents VALUES ($code)");
		$self->{model}{parents}{$code} = 1;
	}
	$self->run_statement('owner', $_) for @{ $history->{rows} };
	$self->{names}{old} = $self->must('owner', "SELECT pgroll_c.baseline('01', '$self->{base}')")->[0][0]
	  if $history->{baseline};
}

sub clean_up
{
	my ($self) = @_;

	my @log = @{ $self->{log} };

	$_->disconnect for values %{ delete $self->{sessions} // {} };
	return unless $self->{base};
	$self->sql('super', "SELECT pgroll_c.rollback_migration('$self->{base}')")
	  if $self->{table} && $self->{table}{active};
	$self->{server}->drop_schemas($self->{base}, $self->session('super'));
	$_->disconnect for values %{ delete $self->{sessions} // {} };
	$self->{log} = \@log;
}

# Steps

sub run_step
{
	my ($self, $step) = @_;
	my $method = "step_$step->{step}";

	$self->$method($step);
}

sub step_statement
{
	my ($self, $step) = @_;

	$self->run_statement($step->{session}, $step->{statement});
}

sub step_begin
{
	my ($self, $step) = @_;
	my $name = $step->{session};

	return if $self->{model}->transaction($name);
	$self->must($name, "BEGIN ISOLATION LEVEL $step->{level}");
	$self->{model}->begin($name, $step->{level});
}

sub step_commit { $_[0]->end_transaction($_[1]{session}, 'COMMIT'); }
sub step_rollback { $_[0]->end_transaction($_[1]{session}, 'ROLLBACK'); }

sub end_transaction
{
	my ($self, $name, $how) = @_;
	my $model = $self->{model};
	my $transaction = $model->transaction($name);
	my ($rows, $state);

	return unless $transaction;
	($rows, $state) = $self->sql($name, $how);
	if ($state)
	{
		$self->fail("$how fails: $self->{error}")
		  unless $state eq '40001' && $transaction->{level} eq 'SERIALIZABLE';
		$how = 'ROLLBACK';
	}
	$how eq 'COMMIT' ? $model->commit($name) : $model->roll_back($name);
}

sub step_savepoint
{
	my ($self, $step) = @_;
	my $transaction = $self->{model}->transaction($step->{session});

	return if !$transaction || $transaction->{failed};
	$self->must($step->{session}, 'SAVEPOINT s');
	$self->{model}->savepoint($step->{session});
}

# Back to the last savepoint, which is gone then.
sub step_rollback_to
{
	my ($self, $step) = @_;
	my $transaction = $self->{model}->transaction($step->{session});

	return if !$transaction || !@{ $transaction->{marks} };
	$self->must($step->{session}, 'ROLLBACK TO SAVEPOINT s');
	$self->must($step->{session}, 'RELEASE SAVEPOINT s');
	$self->{model}->roll_back_to($step->{session});
}

sub step_end_all
{
	my ($self) = @_;

	$self->end_transaction($_, 'COMMIT') for sort keys %{ $self->{model}{transactions} };
}

# A transaction that used the tables keeps migrations from locking them.
sub step_end_touching
{
	my ($self) = @_;
	my $transactions = $self->{model}{transactions};

	$self->end_transaction($_, 'COMMIT') for grep { $transactions->{$_}{touched} } sort keys %$transactions;
}

sub step_end_snapshots { $_[0]->step_end_all; }

# A transaction with a snapshot from before what comes, and no locks.
sub step_straddle
{
	my ($self, $step) = @_;
	my $name = $step->{session};

	return if $self->{model}->transaction($name);
	$self->step_begin($step);
	$self->must($name, "SELECT count(*) FROM $self->{base}.words");
	$self->{model}->take_snapshot($name);
}

sub step_start
{
	my ($self, $step) = @_;
	my $call = "SELECT pgroll_c.start_migration('$step->{name}', "
	  . quote_text(document_json($step->{plan}{document})) . ", '$self->{base}')";
	my $plan = $step->{plan};

	# shrinking may leave out the one before
	return if $self->{table}{active} || $plan->{from} ne $self->{table}{version}{name};
	$self->step_end_touching;
	if ($step->{mode} eq 'undone')
	{
		$self->must('owner', $_) for 'BEGIN', $call, 'ROLLBACK';
		$self->check_leftovers;
	}
	if ($step->{mode} eq 'transaction')
	{
		$self->must('owner', 'BEGIN');
		$self->{model}->begin('owner', 'READ COMMITTED');
	}
	$self->{names}{new} = $self->must('owner', $call)->[0][0];
	$self->{model}->start(Storable::dclone($plan));
	$self->find_newer;
	if ($step->{mode} eq 'transaction')
	{
		$self->run_statement('owner', { %$_, wrap => undef, sure => 1 }) for @{ $step->{writes} };
		$self->end_transaction('owner', 'COMMIT');
	}
}

# The physical names of what the migration stores, from the new version's view.
sub find_newer
{
	my ($self) = @_;
	my $names = $self->{names};
	my $table = $self->{table};
	my $version = $table->{active}{version};
	my $view = quote_name($names->{new}) . '.' . quote_name($version->{table});
	my $definition = $self->look('owner', 'SELECT pg_get_viewdef(' . quote_text($view) . '::regclass)')->[0][0];
	my @items = split /,\n/, $definition =~ s/\n\s+FROM .*//sr;

	for my $place (0 .. $#items)
	{
		my ($physical) = $items[$place] =~ /((?:"(?:[^"]|"")*"|[^\s".]+))(?:\s+AS\s+.*)?\s*\z/s;

		$names->{newer}{ $version->{columns}[$place]{slot} } = $physical;
	}
	$names->{marker} = $self->look('owner', 'SELECT quote_ident(attname) FROM pg_attribute WHERE attrelid = '
		  . quote_text(relation_name($names, { via => 'base' })) . q{::regclass AND attname ~ '^_pgroll_c_[0-9]+_pending$'})->[0][0];
	$self->fail('there is ' . ($names->{marker} ? 'a' : 'no') . ' marker')
	  if !$names->{marker} != !$table->{active}{edges};
}

# The rows that nobody holds are backfilled; then the work is interrupted.  The
# tables of a tree are done one after the other: the first that has rows held is
# the last that is begun.
sub step_backfill
{
	my ($self, $step) = @_;
	my $model = $self->{model};
	my %held = map { $_ => 1 } @{ $step->{held} };
	my $id = column_name($self->{names}, 'base', $self->{table}->key('base')->[0]);
	my $base = relation_name($self->{names}, { via => 'base' });
	my $free = "$id NOT IN (" . join(', ', sort keys %held) . ') AND NOT ' . $self->locked_by_others;
	my @numbers;
	my $last;

	return unless $self->{table}{active} && @{ $self->{table}{active}{ups} };
	return if $self->state ne 'started';
	return if my @failing = $model->stopping;
	# the rows that foreign keys have locked are not known
	return if grep { %{ $_->{pets} } || %{ $_->{rows} } && $self->{table}->objects(qr/self/) }
		values %{ $model->{transactions} };
	@numbers = $model->backfillable(\%held);
	($last) = sort map { $_->{member} } $model->held_rows(\%held);
	if (defined $last)
	{
		@numbers = grep { $model->{rows}{$_}{member} le $last } @numbers;
		# a parent comes before its child
		$free .= ' AND (SELECT relname FROM pg_class WHERE oid = t.tableoid) '
		  . ($last eq '' ? "<> 'part_child'" : "<= 'part_$last'")
		  if $self->{table}{kind} eq 'partitioned' || $self->{table}{kind} eq 'inherited' && $last eq '';
	}
	$self->must('holder', 'BEGIN');
	$self->must('holder', "SELECT 1 FROM $base WHERE $id IN (" . join(', ', sort keys %held)
		  . ') AND NOT ' . $self->locked_by_others . ' FOR UPDATE NOWAIT');
	$self->run_in_background("CALL pgroll_c.run_tasks('$self->{base}')",
		"SELECT count(*) = 0 FROM $base AS t WHERE $self->{names}{marker} AND $free");
	$self->must('holder', 'ROLLBACK');
	$model->backfill(@numbers);
	$self->note_built;
}

# A condition for the rows, by key, that open transactions hold.
sub locked_by_others
{
	my ($self) = @_;
	my $model = $self->{model};
	my %locked = map { %{ $_->{rows} } } values %{ $model->{transactions} };
	my @key = @{ $self->{table}->key('base') };
	my @conditions = map {
		my $row = $model->{rows}{$_};
		'(' . join(' AND ', map { column_name($self->{names}, 'base', $_) . " = $row->{values}{$_}" } @key) . ')'
	} grep { $model->{rows}{$_} } sort keys %locked;

	return '(' . join(' OR ', 'false', @conditions) . ')';
}

# Let a session work until the condition holds, then cancel it.
sub run_in_background
{
	my ($self, $call, $condition) = @_;
	my $worker = $self->session('worker');
	my $until = time + 60;
	my $cancelled = 0;

	push @{ $self->{log} }, "worker: $call;  -- until $condition";
	$worker->do($call, { pg_async => 1 });
	while (!$worker->pg_ready)
	{
		# again: a cancellation that comes before the statement begins is lost
		if ($self->is_true($condition))
		{
			$cancelled = 1;
			$self->session('owner')->do("SELECT pg_cancel_backend($worker->{pg_pid})");
		}
		$self->fail("$call goes on, but does not hold:\n$condition") if time > $until;
		sleep 0.003;
	}
	# of an error, some versions of DBD::Pg tell nothing but the SQLSTATE
	$worker->pg_result;
	return if $cancelled && $worker->state eq '57014';
	$self->fail("$call fails: " . $worker->state . ' ' . ($worker->errstr // '')) if $worker->state;
	$self->fail("$call ends, but does not hold:\n$condition") unless $self->is_true($condition);
}

sub is_true
{
	my ($self, $condition) = @_;

	return $self->session('owner')->selectrow_array($condition);
}

sub state
{
	my ($self) = @_;

	return $self->session('owner')->selectrow_array(
		"SELECT state FROM pgroll_c.status('$self->{base}')");
}

sub step_rewrite
{
	my ($self) = @_;

	return if grep { $_->{touched} } values %{ $self->{model}{transactions} };
	$self->must('owner', 'VACUUM FULL ' . relation_name($self->{names}, { via => 'base' }));
}

# All tasks are done; rows that stop them are mended before.
sub step_ready
{
	my ($self) = @_;
	my $model = $self->{model};
	my $call = "CALL pgroll_c.run_tasks('$self->{base}')";

	return unless $self->{table}{active};
	$self->step_end_all;
	while ($self->state eq 'started' && (my @failing = $model->stopping))
	{
		my @numbers = @{ $self->{table}{active}{ups} } ? $model->backfillable({}) : ();
		my ($rows, $state) = $self->sql('owner', $call);

		$self->fail("$call succeeds, though a row stops it") unless $state;
		$self->fail('the migration is ' . $self->state) if $self->state ne 'failed';
		$model->{rows}{$_}{awaits} = undef for @numbers;
		$self->note_built;
		$self->check;
		$self->mend(@failing);
		$self->must('owner', "SELECT pgroll_c.retry_migration('$self->{base}')");
	}
	$self->must('owner', $call);
	$self->fail('the migration is ' . $self->state) if $self->state ne 'ready';
	$self->note_built;
	$self->settle;
}

# Delete rows, through the old version.
sub mend
{
	my ($self, @failing) = @_;
	my $model = $self->{model};
	my $id = $self->{table}->key('old')->[0];

	if ($self->{table}{pets})
	{
		$self->must('owner', "DELETE FROM $self->{base}.pets");
		$model->{pets} = {};
	}
	if ($self->{table}->objects(qr/self/))
	{
		# one by one they may not go
		$self->must('owner', 'DELETE FROM ' . relation_name($self->{names}, { via => 'old' }));
		$model->{rows} = {};
	}
	for my $number (@failing)
	{
		# another one with the same id in another partition may have gone with it
		my $row = $model->{rows}{$number} or next;
		my $key = $row->{values}{$id};

		$self->must('owner', 'DELETE FROM ' . relation_name($self->{names}, { via => 'old' }) . ' WHERE '
			  . column_name($self->{names}, 'old', $id) . " = $key");
		delete $model->{rows}{$_}
		  for grep { $model->{rows}{$_}{values}{$id} == $key } keys %{ $model->{rows} };
	}
}

sub step_complete
{
	my ($self, $step) = @_;
	my $call = "SELECT pgroll_c.complete_migration('$self->{base}')";
	my ($rows, $state);

	return unless $self->{table}{active};
	$self->step_end_touching;
	if ($self->state ne 'ready')
	{
		($rows, $state) = $self->sql('owner', $call);
		$self->fail('a migration that is not ready was completed') unless $state;
		$self->step_ready;
	}
	$self->finish($step, $call, 'complete');
}

sub step_roll_back
{
	my ($self, $step) = @_;

	return unless $self->{table}{active};
	$self->step_end_touching;
	$self->finish($step, "SELECT pgroll_c.rollback_migration('$self->{base}')", 'roll_back');
}

sub finish
{
	my ($self, $step, $call, $how) = @_;

	if ($step->{mode} eq 'undone')
	{
		$self->must('owner', $_) for 'BEGIN', $call, 'ROLLBACK';
		$self->check;
	}
	$self->must('owner', $call);
	$self->{model}->finish($how);
	$self->{names}{old} = $self->{names}{new} if $how eq 'complete';
	delete $self->{names}{marker};
	$self->check;
	$self->check_leftovers;
	$self->check_catalog;
}

# Statements

# Predict what the statement does, run it, and compare what it says.
sub run_statement
{
	my ($self, $name, $statement) = @_;
	my $model = $self->{model};
	my $transaction = $model->transaction($name);
	my $work;
	my ($rows, $state);

	return if $transaction && $transaction->{failed};
	$self->set_number if $statement->{numbered};
	$work = $model->predict($name, $statement);
	if ($work->{skip} || !$self->server_can($statement) || ($statement->{sure} || $self->{sure}) && (%{ $work->{errors} } || %{ $work->{maybe} }))
	{
		$self->{skipped}++;
		return;
	}
	if ($self->wrap_of($statement) eq 'fresh' && !$transaction)
	{
		$self->session($name)->disconnect;
		delete $self->{sessions}{$name};
	}
	# this loads the library: before, NULL in such a column would not count, and what a
	# statement on the table of the parents says is not looked at
	$self->must($name, 'SELECT pgroll_c.awaits_backfill()')
	  if $statement->{kind} eq 'parent' || grep { Histories::Model::names_newer($work, $_) } writes_of($statement);
	($rows, $state) = $self->send_statement($name, $statement);
	if ($transaction)
	{
		$transaction->{touched} = 1;
		$model->take_snapshot($name);
	}
	if ($state)
	{
		$model->fail_transaction($name) if $transaction;
		$self->check_error($work, $state);
		return;
	}
	$self->fail('must fail with ' . join(' or ', sort keys %{ $work->{errors} })) if %{ $work->{errors} };
	$model->apply($work);
	$self->check_returning($work, $statement, $rows) if $rows && @$rows && $self->returns($statement);
}

# The next numbers that the sequence of the key gives shall be known.
sub set_number
{
	my ($self) = @_;
	my $names = $self->{names};
	my $table = $self->{table};
	my $column = column_name($names, 'base', $table->key('base')->[0]) =~ s/^"|"$//gr =~ s/""/"/gr;

	$self->{model}{number} = ($self->{numbers} += 10) + 100;
	$self->must('owner', 'SELECT setval(pg_get_serial_sequence(' . quote_text(relation_name($names, { via => 'base' })) . ', '
		  . quote_text($column) . "), $self->{model}{number})") if $table->{slots}{ $table->key('base')->[0] }{numbered};
}

# A statement and those that are parts of it.
sub writes_of
{
	my ($statement) = @_;

	return ($statement, @{ $statement->{parts} // [] },
		grep { $_ } ($statement->{wrap} // {})->{outer});
}

sub check_error
{
	my ($self, $work, $state) = @_;
	my $transaction = $work->{transaction};
	my $active = $self->{table}{active};

	# without dual writes, the library may not be loaded
	$self->fail("the error has a name of ours: $self->{error}")
	  if $state =~ /^23/ && $active && $active->{edges} && ($self->{error} =~ /(.*)/)[0] =~ /_pgroll_c_/;
	return if $work->{errors}{$state} || $work->{maybe}{$state};
	# where one row fails, another may be held, or written since the snapshot
	return if $state eq '55P03' && %{ $work->{errors} };
	return if $state eq '40001' && $transaction &&
	  ($self->{live} || %{ $work->{errors} } ? $transaction->{level} ne 'READ COMMITTED' : $transaction->{level} eq 'SERIALIZABLE');
	# which of several errors comes first depends on the order of the rows
	return if keys %{ $work->{errors} } && $self->may_be_other($work, $state);
	$self->fail("fails: $self->{error}\n(SQLSTATE $state, predicted: "
		  . (join(' or ', sort keys %{ $work->{errors} }, keys %{ $work->{maybe} }) || 'success') . ')');
}

sub may_be_other
{
	my ($self, $work, $state) = @_;
	my $statement = $work->{statement};

	return 0 unless $state =~ /^(22|23|21)/;
	return 1 if $statement->{wrap} && $statement->{wrap}{outer};
	return $statement->{kind} =~ /cte|merge|parent|pet/ || @{ $statement->{rows} // [] } > 1 ||
	  keys %{ $work->{errors} } > 1 ||
	  $statement->{where} && (() = Histories::Model::matching($work, $statement)) > 1;
}

sub server_can
{
	my ($self, $statement) = @_;

	return 1 if $statement->{kind} ne 'merge';
	return 1 if $self->{server}->version >= 17;
	return $statement->{via} eq 'base' || $statement->{via} eq 'old' && !defined $self->{names}{old};
}

sub wrap_of
{
	my ($self, $statement) = @_;
	my $kind = $statement->{wrap} ? $statement->{wrap}{kind} : 'plain';

	return 'copy' if $statement->{kind} eq 'insert' && copied_rows($statement);
	return $kind;
}

sub step_check { $_[0]->check; }

# What a session sees within its transaction.
sub step_read
{
	my ($self, $step) = @_;
	my $name = $step->{session};
	my $model = $self->{model};
	my $transaction = $model->transaction($name);

	return if $transaction && $transaction->{failed};
	return unless $self->{table}->columns($step->{via});
	my @rows = values %{ $model->visible($name, 'rows') };
	return if grep { !defined $_->{awaits} } @rows;
	if ($transaction)
	{
		$transaction->{touched} = 1;
		$model->take_snapshot($name);
	}
	$self->check_version($name, $step->{via}, \@rows);
}

1;
