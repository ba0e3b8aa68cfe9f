# Several writers at the same time, each with rows of its own, while a migration
# starts, is worked on by the background worker, and completes or is rolled back.
#
# What becomes of a row depends on its writer's statements alone, so each writer
# knows exactly what its rows hold, although nobody knows the order of the whole.
# While it is not known whether a start or a completion has come, a writer goes
# on through the version that stays.

package Histories::Concurrent;

use strict;
use warnings;

use IO::Handle;
use IO::Select;
use POSIX ();
use Storable qw(dclone fd_retrieve store_fd);
use Time::HiRes qw(sleep time);

use Histories::Expr;
use Histories::Generate;
use Histories::Law;
use Histories::Migrate;
use Histories::Random;
use Histories::Runner;
use Histories::Sql;

use parent -norequire, 'Histories::Runner';

my $writers = 3;
my $filler_rows = 1500;
my $filler_from = 100000;

# Undef, or what went wrong.
sub run
{
	my ($self) = @_;
	my $failure;

	srand($self->{seed});
	$self->{history} = {
		seed => $self->{seed}, table => random_table(alone => 1), parents => [], rows => [],
		baseline => 0, ids => [$filler_from], steps => []
	};
	$self->{live} = $self->{history}{table}{unsure} = 1;
	$self->{from} = $filler_from;
	$self->{statements_of_writers} = 0;
	local $SIG{ALRM} = sub { die { failure => 'it takes too long' } };
	alarm 300;
	eval { $self->run_all; 1; } or $failure = Histories::Runner::failure_text($@);
	alarm 0;
	$failure = $self->end_writers($failure);
	$self->clean_up;
	return $failure;
}

sub run_all
{
	my ($self) = @_;

	$self->set_up;
	$self->fill;
	$self->{names}{old} = $self->must('owner', "SELECT pgroll_c.baseline('01', '$self->{base}')")->[0][0];
	$self->start_writers;
	for my $number (2 .. number(2, 3))
	{
		$self->migrate(sprintf('%02d', $number));
	}
	$self->tell(command => 'stop');
	$self->check;
}

# Rows that nobody writes, so that the backfill takes its time.
sub fill
{
	my ($self) = @_;
	my $table = $self->{table};
	my $model = $self->{model};
	# a key that is a unique constraint keeps the ids that it is given
	my $key = $table->key('base')->[0];
	my ($code) = grep { $_ != $key } map { $_->{slots}[0] } grep { $_->{kind} eq 'unique' } $table->uniques;
	my $history = { %{ $self->{history} }, ids => [ $filler_from .. $filler_from + $filler_rows - 1 ] };
	my $statement = random_insert($history, $table, 'base', plain => 1, rows => $filler_rows, all => 1);
	my @rows;

	delete $statement->{conflict};
	$statement->{how} = 'values';
	for my $row (@{ $statement->{rows} })
	{
		my %value = map { $statement->{slots}[$_] => $row->[$_] } 0 .. $#$row;
		my $result;

		$value{$code} = const(undef, 'text') if $code;
		$row = [ map { $value{$_} } @{ $statement->{slots} } ];
		$result = write_row($table, writer => 'base', assigned => {}, new =>
			  Histories::Model::inserted_values({ table => $table }, $statement, $statement->{slots}, $row));
		next if %{ $result->{errors} };
		push @rows, $row;
		$model->{rows}{ $model->{next_row}++ } = $result->{row} if $result->{row};
	}
	$statement->{rows} = \@rows;
	$self->must('owner', statement_sql($self->{names}, $statement)) if @rows;
	$self->{log}[-1] = '-- and ' . @rows . ' rows more';
}

# Writers

sub start_writers
{
	my ($self) = @_;

	for my $number (1 .. $writers)
	{
		pipe(my $from_us, my $to_writer) or die $!;
		pipe(my $from_writer, my $to_us) or die $!;
		$_->autoflush(1) for $to_writer, $to_us;
		my $pid = fork // die $!;

		if (!$pid)
		{
			close $to_writer;
			close $from_writer;
			close $_ for map { @$_{qw(to from)} } @{ $self->{writers} // [] };
			Histories::Writer::work($self, $number, $from_us, $to_us);
			POSIX::_exit(0);
		}
		close $from_us;
		close $to_us;
		push @{ $self->{writers} }, { pid => $pid, to => $to_writer, from => $from_writer, number => $number };
	}
}

# Send a command to all writers and wait until each has done it.
sub tell
{
	my ($self, %command) = @_;

	for my $writer (@{ $self->{writers} })
	{
		local $SIG{PIPE} = 'IGNORE';
		store_fd(\%command, $writer->{to});
		$writer->{to}->flush;
	}
	for my $writer (@{ $self->{writers} })
	{
		my $answer = eval { fd_retrieve($writer->{from}) } // { failure => 'a writer died' };

		$self->{statements_of_writers} += $answer->{statements} // 0;
		$self->{may_fail} ||= $answer->{may_fail};
		if ($answer->{failure})
		{
			$writer->{gone} = 1;
			push @{ $self->{log} }, "-- writer $writer->{number}:", @{ $answer->{log} // [] };
			$self->fail("writer $writer->{number}: $answer->{failure}");
		}
	}
}

sub end_writers
{
	my ($self, $failure) = @_;

	for my $writer (@{ $self->{writers} // [] })
	{
		close $writer->{to};
		close $writer->{from};
		# it may be about to tell us more than the pipe takes
		kill 'KILL', $writer->{pid} if $failure;
		waitpid $writer->{pid}, 0;
	}
	return $failure;
}

# Migrations

sub migrate
{
	my ($self, $name) = @_;
	my $table = $self->{table};
	my $plan = random_migration($table, $name, safe => 1);
	my $outcome = weighted(complete => 7, roll_back => 3);
	my $call = "SELECT pgroll_c.start_migration('$name', "
	  . quote_text(document_json($plan->{document})) . ", '$self->{base}')";

	push @{ $self->{log} }, "-- $name, $outcome";
	@{$table}{qw(next_slot names)} = @{$plan}{qw(next_slot names)};
	$self->rest;
	$self->{may_fail} = 0;
	$self->tell(command => 'starting', plan => $plan);
	$self->rest;
	$self->{names}{new} = $self->must('owner', $call)->[0][0];
	$self->{model}->start(dclone($plan));
	$self->{model}->forget_awaiting;
	$self->find_newer;
	$self->tell(command => 'started', names => { %{ $self->{names} }, table => undef });
	$self->disturb;
	my $ready = $self->wait_until_ready;
	$outcome = 'roll_back' unless $ready;
	$self->rest;
	$self->settle if $ready;
	$self->tell(command => 'check', ready => $ready);
	$self->check;
	$self->tell(command => 'finishing', how => $outcome);
	$self->rest;
	$self->must('owner', 'SELECT pgroll_c.' . ($outcome eq 'complete' ? 'complete' : 'rollback')
		  . "_migration('$self->{base}')");
	$self->{model}->finish($outcome);
	$self->{names}{old} = $self->{names}{new} if $outcome eq 'complete';
	delete $self->{names}{marker};
	$self->tell(command => 'finished', how => $outcome, names => { %{ $self->{names} }, table => undef });
	$self->rest;
	$self->check_leftovers;
}

sub rest { sleep rand 0.15; }

# What may befall a backfill.
sub disturb
{
	my ($self) = @_;

	return if chance(0.4);
	sleep rand 0.05;
	if (chance(0.5))
	{
		$self->must('super', q{SELECT pg_terminate_backend(pid) FROM pg_stat_activity
			WHERE backend_type = 'pgroll_c worker'});
	}
	else
	{
		# whoever waits for long has a writer's session wait for another of its own
		$self->must('owner', q{SET lock_timeout = '100ms'});
		my ($rows, $state) = $self->sql('owner', 'VACUUM FULL ' . relation_name($self->{names}, { via => 'base' }));
		$self->fail("VACUUM FULL fails: $self->{error}") if $state && $state ne '55P03';
		$self->must('owner', 'RESET lock_timeout');
	}
}

# False where a row cannot be brought to the new version.  A row of the filler
# stays as it is; one of a writer may be mended or gone before the backfill comes.
sub wait_until_ready
{
	my ($self) = @_;
	my ($rows, $state) = $self->sql('owner', "CALL pgroll_c.wait_for_migration('$self->{base}')");
	my $must_fail = my @stopping = $self->{model}->stopping;

	return 0 if $state eq 'PR004' && ($must_fail || $self->{may_fail});
	$self->fail($self->{error}) if $state;
	$self->fail('the migration is ready, though an up fails') if $must_fail;
	$self->fail('the migration is ' . $self->state) if $self->state ne 'ready';
	return 1;
}

# The process of one writer.
package Histories::Writer;

use strict;
use warnings;

use Histories::Generate;
use Histories::Random;
use Histories::Sql;
use Storable qw(dclone fd_retrieve store_fd);

our @ISA = ('Histories::Runner');

sub work
{
	my ($parent, $number, $from, $to) = @_;
	my $table = $parent->{table}->copy;
	my $self = bless {
		log => [], statements => 0, skipped => 0, prepared => {}, live => 1, server => $parent->{server},
		base => $parent->{base}, table => $table, names => { %{ $parent->{names} }, table => $table },
		model => Histories::Model->new(table => $table), from => $number * 1000, to => $number * 1000 + 999,
		vias => [ 'old', 'base' ],
		history => {
			%{ $parent->{history} }, alone => 1, ids => [ map { $number * 1000 + $_ } 1 .. 10 ],
			parents => [ map { $number * 1000 + $_ } 1 .. 4 ], prefix => "w$number ", own => $number * 1000
		}
	}, __PACKAGE__;
	my $select = IO::Select->new($from);
	my $failure;

	srand($parent->{seed} * 10 + $number);
	while (1)
	{
		my $command = {};

		eval {
			if ($select->can_read(0))
			{
				$command = eval { fd_retrieve($from) } // { command => 'gone' };
				$self->obey($command);
			}
			else
			{
				$self->go_on;
			}
			1;
		} or $failure //= Histories::Runner::failure_text($@);
		if ($failure && !$command->{command})
		{
			# to be told when we are asked; nobody shall wait for our locks till then
			$_->disconnect for values %{ delete $self->{sessions} };
			$command = eval { fd_retrieve($from) } // { command => 'gone' };
		}
		last if ($command->{command} // '') eq 'gone';
		next unless $command->{command};
		store_fd({
			failure => $failure, statements => $self->{statements}, may_fail => $self->{may_fail},
			$failure ? (log => $self->{log}) : ()
		}, $to);
		$to->flush;
		$self->{statements} = 0;
		last if $failure || $command->{command} eq 'stop';
	}
	$_->disconnect for values %{ $self->{sessions} // {} };
}

sub go_on
{
	my ($self) = @_;
	my $table = $self->{table};
	my $session = number(0, 1);
	my $kind = weighted(
		statement => 14, begin => 1.5, commit => 3, rollback => 1, savepoint => 0.8, rollback_to => 0.6, read => 2);
	my $method = "step_$kind";

	if ($kind eq 'read')
	{
		my @vias = grep { $_ ne 'base' || $self->{named} } @{ $self->{vias} };

		$self->step_read({ session => $session, via => pick(@vias) }) if @vias;
		return;
	}
	if ($kind ne 'statement')
	{
		$self->$method({ session => $session, level => chance(0.3) ? 'REPEATABLE READ' : 'READ COMMITTED' });
		return;
	}
	my $statement = random_statement($self->{history}, $table);

	# the names of what a migration stores are not known before it has started
	$statement->{returning} = 0 if $statement->{via} eq 'base' && !$self->{named};
	return $self->end_all if !$self->allowed($statement) && chance(0.1);
	return unless $self->allowed($statement);
	$self->run_statement($session, $statement);
	$self->{model}->forget_awaiting if $self->{starting};
}

# Only through versions that are there for sure.
sub allowed
{
	my ($self, $statement) = @_;
	my %may = map { $_ => 1 } @{ $self->{vias} };
	my @all = ($statement, @{ $statement->{parts} // [] }, $statement->{wrap} && $statement->{wrap}{outer} || ());

	return 0 if grep { $_->{via} && !$may{ $_->{via} } } @all;
	return 0 if $self->{finishing} && grep { $_->{kind} eq 'parent' } @all;
	return 0 if !$self->{named} && grep { $self->{table}->is_newer($_) } map { Histories::Model::named_slots($_) } grep { $_->{kind} !~ /cte|parent/ } @all;
	return 1;
}

sub end_all { $_[0]->step_end_all; }

sub obey
{
	my ($self, $command) = @_;
	my $method = "obey_$command->{command}";

	$self->$method($command);
}

# From now on each statement must succeed with the migration and without.
sub obey_starting
{
	my ($self, $command) = @_;

	$self->{model}->start(dclone($command->{plan}));
	@{ $self->{table} }{qw(next_slot names)} = @{ $command->{plan} }{qw(next_slot names)};
	$self->{model}->forget_awaiting;
	$self->{sure} = $self->{starting} = 1;
	$self->{named} = 0;
	# from now on no statement makes a row that the new version refuses
	$self->{may_fail} = grep { $self->cannot_follow($_) } $self->{model}->all_rows;
}

sub obey_started
{
	my ($self, $command) = @_;

	$self->{names} = { %{ $command->{names} }, table => $self->{table} };
	# what was written meanwhile may have been there before the start
	$self->{model}->forget_awaiting;
	$self->{sure} = $self->{starting} = 0;
	$self->{named} = 1;
	$self->{vias} = [ 'old', 'new', 'base' ];
}

sub obey_check
{
	my ($self, $command) = @_;

	$self->step_end_all;
	$self->settle if $command->{ready};
	$self->check;
}

sub obey_finishing
{
	my ($self, $command) = @_;

	$self->step_end_all;
	$self->{sure} = 1;
	# a foreign key's action is a write to the columns of the one or of the other
	$self->{finishing} = 1;
	$self->{vias} = $command->{how} eq 'complete' ? ['new'] : ['old'];
	# so is what a trigger of the user's does
	$self->{vias} = [] if $self->{table}{trigger};
}

sub obey_finished
{
	my ($self, $command) = @_;

	$self->step_end_all;
	$self->{model}->finish($command->{how});
	$self->{names} = { %{ $command->{names} }, table => $self->{table} };
	$self->{sure} = $self->{finishing} = 0;
	$self->{vias} = [ 'old', 'base' ];
	$self->check;
}

sub obey_stop
{
	my ($self) = @_;

	$self->step_end_all;
	$self->check;
}

1;
