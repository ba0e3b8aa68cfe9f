# A table and the versions that show it, as values.
#
# A slot is a place where a value is stored; it keeps its number through renames
# and completions.  The rows of the model are hashes by slot.  Both the
# generator and the runner take a table through the same migrations.

package Histories::Table;

use strict;
use warnings;

use Storable 'dclone';

use Histories::Expr;
use Histories::Objects;

# slots: number => {type, not_null, default, generated, physical}
# version: {table => its name, columns => [{name, slot, type, default, not_null}],
#	key => the slots that tell rows from each other, objects => what Objects.pm says}
# active: what start() was given, or undef
sub new
{
	my ($class, %table) = @_;

	return bless { active => undef, %table }, $class;
}

sub copy { return dclone($_[0]); }

# A migration opens: its plan has {document, version, slots, ups, downs}.  ups
# and downs are the halves of its edges: {slot, expr}.
sub start
{
	my ($self, $plan) = @_;
	my %shown = map { $_->{slot} => 1 } @{ $plan->{version}{columns} };

	$self->{active} = $plan;
	$self->{slots}{$_} = { %{ $plan->{slots}{$_} } } for keys %{ $plan->{slots} };
	$plan->{newer} = { map { $_ => 1 } keys %{ $plan->{slots} } };
	$plan->{shown} = \%shown;
	$plan->{up_of} = { map { $_->{slot} => $_ } @{ $plan->{ups} } };
	$plan->{edges} = @{ $plan->{ups} } + @{ $plan->{downs} } > 0;
}

sub complete
{
	my ($self) = @_;
	my $plan = $self->{active};
	my %old_name = map { $_->{slot} => $_->{name} } @{ $self->{version}{columns} };
	my %slot = map { $_->{name} => $_->{slot} } @{ $plan->{version}{columns} };

	$self->move_trigger(sub { $slot{ $old_name{ $_[0] } } }) if $self->{trigger};
	$self->{version} = $plan->{version};
	$self->{physical} = $plan->{version}{table};
	delete @{ $self->{slots} }{ grep { !$plan->{shown}{$_} } keys %{ $self->{slots} } };
	for my $column (@{ $self->{version}{columns} })
	{
		my $slot = $self->{slots}{ $column->{slot} };

		$slot->{physical} = $column->{name};
		$slot->{not_null} = $column->{not_null};
		$slot->{default} = $column->{default};
	}
	$self->{active} = undef;
}

# The user's trigger names columns: it goes on with those of that name.
sub move_trigger
{
	my ($self, $to) = @_;
	my $trigger = $self->{trigger};
	my $slots = $self->{slots};

	$trigger->{$_} = $to->($trigger->{$_}) for grep { $trigger->{$_} } qw(slot changed);
	$trigger->{$_} = expr_replace($trigger->{$_},
		sub { col($to->($_[0]), $slots->{ $to->($_[0]) }{type}) })
	  for grep { $trigger->{$_} } qw(expr if);
}

sub roll_back
{
	my ($self) = @_;

	delete @{ $self->{slots} }{ keys %{ $self->{active}{newer} } };
	$self->{active} = undef;
}

# The columns that a client of "old", "new" or "base" sees, undef where there is
# no such version now.  The base table's are those of the oldest version, then
# what the migration stores beside them.
sub columns
{
	my ($self, $via) = @_;
	my $active = $self->{active};

	return $self->{version}{columns} if $via eq 'old';
	return $active ? $active->{version}{columns} : undef if $via eq 'new';
	return [
		(map { +{ %$_, default => $self->{slots}{ $_->{slot} }{default} } } @{ $self->{version}{columns} }),
		map { $self->newer_column($_) } sort { $a <=> $b } $active ? keys %{ $active->{newer} } : ()
	];
}

sub newer_column
{
	my ($self, $slot) = @_;

	return {
		name => "new $slot", slot => $slot, type => $self->{slots}{$slot}{type},
		default => $self->{slots}{$slot}{default}
	};
}

# The slots that tell rows from each other, for a client of the version.
sub key { return [ @{ ($_[1] eq 'new' ? $_[0]{active}{version} : $_[0]{version})->{key} } ]; }

# The objects of these kinds that writes must meet now: the old version's, then
# what the new one has beside them.
sub objects
{
	my ($self, $kinds) = @_;
	my @old = grep { $_->{kind} =~ $kinds } @{ $self->{version}{objects} };
	my %has = map { form_of($_) => 1 } @old;

	push @old, grep { $_->{kind} =~ $kinds && !$has{ form_of($_) } } @{ $self->{active}{version}{objects} }
	  if $self->{active};
	return @old;
}

# Those that let no two rows be equal.  What the new version has beside the old
# one's binds from the moment at which its index is built: see built.
sub uniques { return grep { is_unique($_) } $_[0]->objects(qr/primary|unique|index/); }

# Is the index of a unique object built: "all", "none", or "some" where it may be.
sub built
{
	my ($self, $object) = @_;

	return 'all' if grep { form_of($_) eq form_of($object) } @{ $self->{version}{objects} };
	return $self->{active}{built}{ form_of($object) } // ($self->{unsure} ? 'some' : 'none');
}

# Those of one column that a version has: by kind.
sub single
{
	my ($self, $via, $slot, $kind) = @_;
	my @versions = $self->{version};

	push @versions, $self->{active}{version} if $self->{active} && $via ne 'old';
	return grep { $_->{kind} eq $kind && @{ $_->{slots} } == 1 && $_->{slots}[0] == $slot } map { @{ $_->{objects} } } @versions;
}

# The slots of the base table that no version before the newest one has.
sub is_newer
{
	my ($self, $slot) = @_;

	return $self->{active} && $self->{active}{newer}{$slot};
}

1;
