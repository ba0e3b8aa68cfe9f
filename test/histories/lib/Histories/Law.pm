# The law of dual writes: what becomes of a row that is written.
#
# This says in perl what docs/concepts.md ("Dual writes") says in words, and
# knows nothing of how the extension does it.  A row is {values, awaits}: by
# slot, as stored; awaits is true where the backfill has yet to come, and undef
# where it may have.

package Histories::Law;

use strict;
use warnings;

use Exporter 'import';
use Scalar::Util 'blessed';

use Histories::Expr;
use Histories::Objects;

our @EXPORT = qw(write_row backfill_row differs member_of);

# What becomes of a row.  %write:
#	old		the row of an UPDATE, undef for an INSERT
#	new		the values of the tuple that the statement makes
#	assigned	the slots that it names
#	loose	MERGE and COPY: assigned means that the value differs
#	among	of MERGE, the slots that any of its actions names
#	writer	"old", "new" or "base"
#	replica	session_replication_role = replica
#
# Gives {row}, {row} undef where the user's trigger drops it; {errors} holds the
# SQLSTATEs of which one must be raised, {maybe} those that may be.
sub write_row
{
	my ($table, %write) = @_;
	my $self = {
		table => $table, %write, values => { %{ $write{new} } }, errors => {}, maybe => {},
		active => $table->{active} && $table->{active}{edges} ? $table->{active} : undef
	};
	my $dropped;

	$self->{insert} = !$write{old};
	if ($write{loose})
	{
		my $before = $write{old} ? $write{old}{values} : {};

		$self->{assigned} = { map { $_ => 1 }
			  grep { (!$write{among} || $write{among}{$_}) && differs($before->{$_}, $self->{values}{$_}) }
			  keys %{ $self->{values} } };
	}
	apply_edges($self) if $self->{active};
	$dropped = fire_trigger($self, $self->{insert});
	if (!$dropped && !$self->{insert} && member_of($table, $write{old}) ne member_of($table, $self))
	{
		# a row that moves to another partition is inserted there as it is
		$dropped = fire_trigger($self, 1);
	}
	return { row => undef, errors => {}, maybe => {} } if $dropped;
	return finish($self);
}

# The marker's row after the backfill; {errors} where an up fails.
sub backfill_row
{
	my ($table, $row) = @_;
	my $self = {
		table => $table, old => $row, active => $table->{active}, values => { %{ $row->{values} } },
		errors => {}, maybe => {}, assigned => {}, writer => 'old', insert => 0
	};

	inherit($self);
	return finish($self);
}

# Steps 1 to 4.
sub apply_edges
{
	my ($self) = @_;
	my $active = $self->{active};
	my %from_old;

	inherit($self) unless $self->{insert};
	if ($self->{writer} ne 'new')
	{
		for my $up (@{ $active->{ups} })
		{
			my $reads_change = grep { changed($self, $_) } expr_columns($up->{expr});

			next unless $reads_change || $self->{insert} && !$self->{assigned}{ $up->{slot} };
			$from_old{ $up->{slot} } = 1 if $reads_change;
			# both sides changed: the old one wins, but a replica keeps what was sent
			run_half($self, $up) unless $self->{replica} && changed_for($self, $up->{slot});
		}
	}
	return if $self->{writer} eq 'old';
	my $numbered = number_new($self);
	for my $down (@{ $active->{downs} })
	{
		next if $numbered && $self->{table}{slots}{ $down->{slot} }{numbered};
		if ($self->{writer} eq 'new')
		{
			next unless $self->{insert} || grep { changed_for($self, $_) } expr_columns($down->{expr});
		}
		else
		{
			# the base table: a newer version's write only of what that one has alone
			next if changed($self, $down->{slot});
			next unless grep { $active->{newer}{$_} && !$from_old{$_} && changed_for($self, $_) }
				expr_columns($down->{expr});
		}
		run_down($self, $down);
	}
}

# An identity column that a client of the newer version does not give
# gets the number that the old column drew.
sub number_new
{
	my ($self) = @_;
	my $slots = $self->{table}{slots};

	return 0 unless $self->{insert} && $self->{writer} eq 'new';
	for my $up (grep { ($slots->{ $_->{slot} }{numbered} // '') eq 'identity' && !defined $self->{values}{ $_->{slot} } } @{ $self->{active}{ups} })
	{
		run_half($self, $up);
		return 1;
	}
	return 0;
}

# NEW' of a row that awaits has of OLD' what the statement did not assign.
sub inherit
{
	my ($self) = @_;

	return unless awaits($self);
	for my $up (@{ $self->{active}{ups} })
	{
		$self->{values}{ $up->{slot} } = old_value($self, $up->{slot})
		  unless $self->{assigned}{ $up->{slot} };
	}
}

sub awaits
{
	my ($self) = @_;

	return $self->{old} && (!defined $self->{old}{awaits} || $self->{old}{awaits});
}

# A column of OLD'; where its up fails, the failure.
sub old_value
{
	my ($self, $slot) = @_;
	my $up = $self->{active}{up_of}{$slot};

	return $self->{old}{values}{$slot} unless $up && awaits($self);
	return evaluate($up->{expr}, $self->{old}{values});
}

sub changed
{
	my ($self, $slot) = @_;

	return 0 unless $self->{assigned}{$slot};
	return 1 if $self->{insert};
	return differs(old_value($self, $slot), $self->{values}{$slot});
}

# The same; that OLD' can not be evaluated may or may not be noticed.
sub changed_for
{
	my ($self, $slot) = @_;

	if ($self->{assigned}{$slot} && !$self->{insert} && blessed(my $failure = old_value($self, $slot)))
	{
		$self->{maybe}{ $failure->{state} } = 1;
		return 1;
	}
	return changed($self, $slot);
}

sub run_half
{
	my ($self, $half) = @_;

	$self->{values}{ $half->{slot} } = evaluate($half->{expr}, $self->{values});
}

# A down half fails at once; what an up makes may be made again from what the
# user's trigger changes.
sub run_down
{
	my ($self, $half) = @_;
	my $value;

	run_half($self, $half);
	$value = $self->{values}{ $half->{slot} };
	$self->{errors}{ $value->{state} } = 1 if blessed($value);
}

# The value of an expression, or an object that says how it fails.
sub evaluate
{
	my ($expr, $values) = @_;
	my $value;

	return $value if eval {
		$value = expr_value($expr, sub {
			my $input = $values->{ $_[0] };

			die { state => $input->{state} } if blessed($input);
			return $input;
		});
		1;
	};
	die $@ unless ref $@ eq 'HASH';
	return bless { state => $@->{state} }, 'Histories::Failure';
}

sub differs
{
	my ($one, $two) = @_;

	return 1 if blessed($one) || blessed($two);
	return defined $one != defined $two unless defined $one && defined $two;
	return $one ne $two;
}

# The user's trigger sees complete old columns; what it changes is carried over.
sub fire_trigger
{
	my ($self, $insert) = @_;
	my $trigger = $self->{table}{trigger};
	my $values = $self->{values};
	my $after;

	return 0 if !$trigger || $self->{replica};
	if ($trigger->{when} eq 'skip')
	{
		$after = evaluate($trigger->{if}, $values);
		$self->{errors}{ $after->{state} } = 1 if blessed($after);
		return defined $after && $after eq 'true';
	}
	return 0 if $trigger->{when} eq 'insert' && !$insert;
	return 0 if $trigger->{when} eq 'changed' &&
	  ($insert || !differs($self->{old}{values}{ $trigger->{changed} }, $values->{ $trigger->{changed} }));
	$after = evaluate($trigger->{expr}, $values);
	if (blessed($after))
	{
		$self->{errors}{ $after->{state} } = 1;
		return 0;
	}
	return 0 unless differs($values->{ $trigger->{slot} }, $after);
	$values->{ $trigger->{slot} } = $after;
	carry_over($self, $trigger->{slot}) if $self->{active};
	return 0;
}

sub carry_over
{
	my ($self, $slot) = @_;
	my $active = $self->{active};
	my %made;

	for my $up (@{ $active->{ups} })
	{
		my $before = $self->{values}{ $up->{slot} };

		next unless reads($up, $slot);
		# the newer version's own column stays as it is given, unless what the
		# trigger changes is its old form
		next if $self->{writer} eq 'new' && !is_old_form($active, $slot, $up->{slot});
		run_half($self, $up);
		next unless differs($before, $self->{values}{ $up->{slot} });
		$self->{maybe}{ $before->{state} } = 1 if blessed($before);
		$made{ $up->{slot} } = $up;
	}
	return unless $self->{writer} eq 'new';
	for my $down (@{ $active->{downs} })
	{
		next if $down->{slot} == $slot;
		# a new column that has followed the trigger is a change, too
		run_down($self, $down)
		  if grep { $_ == $slot || $made{$_} && !reads($made{$_}, $down->{slot}) } expr_columns($down->{expr});
	}
}

sub reads
{
	my ($half, $slot) = @_;

	return scalar grep { $_ == $slot } expr_columns($half->{expr});
}

# Does a down half make the old column of the new one?
sub is_old_form
{
	my ($active, $old, $new) = @_;

	return scalar grep { $_->{slot} == $old && reads($_, $new) } @{ $active->{downs} };
}

sub finish
{
	my ($self) = @_;
	my $slots = $self->{table}{slots};
	my $values = $self->{values};
	my $errors = $self->{errors};

	for my $slot (keys %$slots)
	{
		$values->{$slot} = evaluate($slots->{$slot}{generated}, $values)
		  if $slots->{$slot}{generated};
		$errors->{ $values->{$slot}{state} } = 1 if blessed($values->{$slot});
		$errors->{23502} = 1 if $slots->{$slot}{not_null} && !defined $values->{$slot};
	}
	for my $check (grep { $_->{test} } $self->{table}->objects(qr/check/))
	{
		my $holds = evaluate(expr_replace($check->{test}, sub { col($check->{slots}[ $_[0] ]) }), $values);

		$errors->{23514} = 1 if defined $holds && !blessed($holds) && $holds eq 'false';
	}
	return {
		row => { values => $values, awaits => 0, member => member_of($self->{table}, $self) },
		errors => $errors, maybe => $self->{maybe}
	};
}

# Which partition or child a row is in.
sub member_of
{
	my ($table, $row) = @_;
	my $region;

	return $row->{member} // ($row->{old} ? $row->{old}{member} : '') if $table->{kind} eq 'inherited';
	return '' if $table->{kind} ne 'partitioned';
	$region = $row->{values}{ $table->key('base')->[1] };
	return defined $region && $region =~ /\A[01]\z/ ? $region : 2;
}

1;
