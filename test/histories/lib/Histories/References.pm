# Part of the model: what foreign keys do with writes to what they reference.

package Histories::References;

use strict;
use warnings;

use Exporter 'import';

use Histories::Expr;
use Histories::Keys;
use Histories::Objects;

our @EXPORT = qw(run_parent run_pet note_references end_statement);

# A write to the parent table; a foreign key's action is a write to the base
# table of its one column.
sub run_parent
{
	my ($work, $statement) = @_;
	my @keys = foreign_keys($work->{table});
	my $parents = $work->{latest_parents};
	my $transaction = $work->{transaction};
	my ($code, $to) = @{$statement}{qw(code to)};

	skip('no foreign key') unless @keys;
	skip('a replica does not check') if $statement->{replica};
	skip('a snapshot') if $transaction && $transaction->{level} ne 'READ COMMITTED';
	skip('another session writes')
	  if grep { $_ != ($transaction // 0) && (%{ $_->{parents} } || %{ $_->{rows} }) } values %{ $work->{model}{transactions} };
	if ($statement->{do} eq 'insert')
	{
		fail_with('23505') if $parents->{$code};
		$work->{parents}{$code} = $parents->{$code} = 1;
		return;
	}
	return unless $parents->{$code};
	return if $statement->{do} eq 'update' && $code == $to;
	fail_with('23505') if $statement->{do} eq 'update' && $parents->{$to};
	$work->{parents}{$code} = 0;
	$work->{parents}{$to} = 1 if $statement->{do} eq 'update';
	delete $parents->{$code};
	$parents->{$to} = 1 if $statement->{do} eq 'update';
	act($work, $statement, $_) for @keys;
}

# What a foreign key does with the rows that reference what is gone.
sub act
{
	my ($work, $statement, $key) = @_;
	my $action = $key->{"on_$statement->{do}"};
	my $slot = $key->{slots}[0];

	for my $number (sort { $a <=> $b } keys %{ $work->{seen} })
	{
		my $row = exists $work->{rows}{$number} ? $work->{rows}{$number} : $work->{seen}{$number};
		my $write = { %$statement, quiet => 1 };
		my $value = {
			CASCADE => $statement->{to}, 'SET NULL' => undef,
			'SET DEFAULT' => Histories::Model::default_value($work->{table}{slots}{$slot}) }->{$action};

		next unless $row && ($row->{values}{$slot} // '') eq $statement->{code};
		if ($action eq 'NO ACTION')
		{
			$work->{errors}{23503} = 1;
		}
		elsif ($action eq 'CASCADE' && $statement->{do} eq 'delete')
		{
			Histories::Model::note_row($work, $write, $number, $row, undef);
		}
		else
		{
			Histories::Model::write_to($work, $write, $number, old => $row, writer => 'base',
				new => { %{ $row->{values} }, $slot => $value }, assigned => { $slot => 1 });
		}
	}
}

# References of the table to itself: from its first column to its second.  Both
# forms of the two have the same values, so it is enough to look at the old one.
sub self_references
{
	my ($table) = @_;

	return grep { $_->{kind} eq 'self' } @{ $table->{version}{objects} };
}

# The foreign key of the table pets, as far as it is like one of the table itself.
sub pets_reference
{
	my ($table) = @_;

	return $table->{pets} ? { kind => 'pets', slots => [ undef, $table->key('base')->[0] ], %{ $table->{pets} } } : ();
}

# They are looked at when the statement is over.
sub note_references
{
	my ($work, $old, $new) = @_;

	for my $key (self_references($work->{table}), pets_reference($work->{table}))
	{
		my ($slot, $target) = @{ $key->{slots} };
		my ($before, $after) = map { $_ ? $_->{values} : {} } $old, $new;

		push @{ $work->{made} }, [ $key, $after->{$slot} ]
		  if defined $slot && defined $after->{$slot} && ($before->{$slot} // '') ne $after->{$slot};
		push @{ $work->{gone} }, [ $key, $before->{$target}, $after->{$target} ]
		  if $old && $before->{$target} ne ($after->{$target} // '');
	}
}

sub end_statement
{
	my ($work, $statement) = @_;
	my $gone = $work->{gone} // [];
	my @made = @{ delete $work->{made} // [] };

	return if %{ $work->{errors} } || !@$gone && !@made;
	skip('a replica does not check') if $statement->{replica};
	skip('a snapshot') if $work->{transaction} && $work->{transaction}{snapshot};
	skip('another session writes')
	  if grep { $_ != ($work->{transaction} // 0) && (%{ $_->{rows} } || %{ $_->{pets} }) } values %{ $work->{model}{transactions} };
	skip('keys go and are referenced at the same time') if @$gone && @made;
	for (@made)
	{
		my ($key, $value) = @$_;

		$work->{errors}{23503} = 1 unless rows_with($work, $key->{slots}[1], $value);
	}
	while (my $event = shift @$gone)
	{
		$event->[0]{kind} eq 'pets' ? follow_pets($work, @$event) : follow($work, @$event);
	}
	delete @{$work}{qw(gone made)};
}

sub rows_with
{
	my ($work, $slot, $value) = @_;
	my $rows = $work->{latest};
	my @found = sort { $a <=> $b } grep { ($rows->{$_}{values}{$slot} // '') eq $value } keys %$rows;

	return @found;
}

# What becomes of the rows that reference a row whose key is gone.
sub follow
{
	my ($work, $key, $from, $to) = @_;
	my ($slot, $target) = @{ $key->{slots} };
	my $action = defined $to ? $key->{on_update} : $key->{on_delete};
	my $write = { kind => 'update', via => 'base', quiet => 1 };

	for my $number (rows_with($work, $slot, $from))
	{
		my $row = $work->{latest}{$number};

		if ($action eq 'NO ACTION')
		{
			$work->{errors}{23503} = 1 unless rows_with($work, $target, $from);
		}
		elsif ($action eq 'CASCADE' && !defined $to)
		{
			Histories::Model::note_row($work, $write, $number, $row, undef);
		}
		else
		{
			my $value = $action eq 'CASCADE' ? $to : undef;

			Histories::Model::write_to($work, $write, $number, old => $row, writer => 'base',
				new => { %{ $row->{values} }, $slot => $value }, assigned => { $slot => 1 });
		}
	}
}

sub follow_pets
{
	my ($work, $key, $from, $to) = @_;
	my $action = defined $to ? $key->{on_update} : $key->{on_delete};
	my $pets = $work->{latest_pets};

	for my $id (grep { ($pets->{$_}{owner} // '') eq $from } sort keys %$pets)
	{
		if ($action eq 'NO ACTION')
		{
			$work->{errors}{23503} = 1 unless rows_with($work, $key->{slots}[1], $from);
			next;
		}
		set_pet($work, $id, $action eq 'CASCADE' && !defined $to ? undef : { owner => $action eq 'CASCADE' ? $to : undef });
	}
}

# undef where it is gone.
sub set_pet
{
	my ($work, $id, $pet) = @_;

	$work->{pets}{$id} = $pet // 0;
	if ($pet) { $work->{latest_pets}{$id} = $pet; }
	else { delete $work->{latest_pets}{$id}; }
}

# A write to the table pets, of one row.
sub run_pet
{
	my ($work, $statement) = @_;
	my ($id, $owner, $do) = @{$statement}{qw(id owner do)};
	my $there = $work->{latest_pets}{$id};

	skip('a replica does not check') if $statement->{replica};
	skip('a snapshot') if $work->{transaction} && $work->{transaction}{level} ne 'READ COMMITTED';
	skip('another session writes')
	  if grep { $_ != ($work->{transaction} // 0) && (%{ $_->{rows} } || %{ $_->{pets} }) } values %{ $work->{model}{transactions} };
	fail_with('23505') if $do eq 'insert' && $there;
	return if $do ne 'insert' && !$there;
	fail_with('23503') if $do ne 'delete' && defined $owner && ($do eq 'insert' || ($there->{owner} // '') ne $owner) &&
	  !rows_with($work, $work->{table}->key('base')->[0], $owner);
	set_pet($work, $id, $do eq 'delete' ? undef : { owner => $owner });
}

1;
