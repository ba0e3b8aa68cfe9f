# A migration while it is made.
#
# Each column that an operation leaves is a generation; up and down read
# generations and are put into each other in the end.  A column of the draft is
# {name, generation}; objects hang on such columns, whatever they will be called
# and made of.

package Histories::Draft;

use strict;
use warnings;

use Exporter 'import';

use Histories::Expr;
use Histories::Objects;
use Histories::Original;
use Histories::Random;

our @EXPORT = qw(new_draft finish_plan is_key operation readable text_of place_text changeable generation_of
  new_generation half nature may_have_default allowed_types add_object whole_objects set_default no_bare_column converted);

# Options: safe, where no up or down may fail or change a key.
sub new_draft
{
	my ($table, $name, %options) = @_;
	my $version = $table->{version};
	my $draft = {
		name => $name,
		table => $version->{table},
		plain => $table->{kind} eq 'plain',
		kind => $table->{kind},
		safe => $options{safe},
		alone => $table->{alone},
		referenced => $table->{pets},
		pets => $version->{pets},
		renamed => 0,
		operations => [],
		generations => {},
		columns => [],
		next => $table->{next_slot},
		names => [ @{ $table->{names} } ],
		risk => $options{safe} ? 0 : 0.03
	};
	my %column;

	for my $column (@{ $version->{columns} })
	{
		my $slot = $table->{slots}{ $column->{slot} };

		$draft->{generations}{ $column->{slot} } = {
			number => $column->{slot}, type => $column->{type}, stored => 1,
			default => $slot->{default}, not_null => $column->{not_null},
			generated => $slot->{generated}, fixed => $slot->{fixed}, kept => $slot->{kept},
			short => $slot->{short}, numbered => $slot->{numbered}
		};
		push @{ $draft->{columns} },
		  $column{ $column->{slot} } = { name => $column->{name}, generation => $column->{slot} };
	}
	$draft->{identity} = $version->{identity};
	$draft->{key} = [ @column{ @{ $version->{key} } } ];
	$draft->{objects} = [ map { +{ %$_, columns => [ @column{ @{ $_->{slots} } } ] } } @{ $version->{objects} } ];
	return $draft;
}

sub operation
{
	my ($draft, $kind, $fields) = @_;

	push @{ $draft->{operations} }, { $kind => $fields };
}

# The columns that expressions may read now, by generation.
sub readable
{
	my ($draft) = @_;

	return map { [ $_->{generation}, $draft->{generations}{ $_->{generation} }{type} ] }
	  @{ $draft->{columns} };
}

# SQL of an expression over the columns of now.
sub text_of
{
	my ($draft, $expr) = @_;
	my %name = map { $_->{generation} => $_->{name} } @{ $draft->{columns} };

	return expr_sql($expr, sub { quote_name($name{ $_[0] }) });
}

# A column to be changed, with its generation.
sub changeable
{
	my ($draft, $test) = @_;
	my @candidates = grep {
		my $generation = $draft->{generations}{ $_->{generation} };
		!$generation->{fixed} && !$generation->{generated} && $test->($generation, $_)
	} @{ $draft->{columns} };

	return unless @candidates;
	my $column = pick(@candidates);
	return ($column, $draft->{generations}{ $column->{generation} });
}

sub new_generation
{
	my ($draft, %generation) = @_;
	my $number = $draft->{next}++;

	$draft->{generations}{$number} = { number => $number, %generation };
	return $draft->{generations}{$number};
}

# What stands for the column now.
sub generation_of { return $_[0]{generations}{ $_[1]{generation} }; }

# SQL of an expression that reads columns by their place.
sub place_text
{
	my ($expr, @columns) = @_;

	return expr_sql($expr, sub { quote_name($columns[ $_[0] ]{name}) });
}

# up or down of a column: half of the time over the column itself alone.
sub half
{
	my ($draft, $column, $type, $own, $total) = @_;
	my $nature = nature($draft, $column);
	my @columns = ([ $own->{number}, $own->{type} ]);

	return kept_value($type, $own)
	  if $nature =~ /foreign|self/ || $nature && $draft->{safe} || $nature eq 'primary' && chance(0.8);
	return other_value($type, $own)
	  if $nature eq 'primary' || $nature eq 'unique' && ($own->{type} eq 'text' || chance(0.4));
	return other_value($type, generation_of($draft, $draft->{key}[0])) if $nature eq 'unique' && chance(0.8);
	@columns = (@columns, @columns, readable($draft)) if chance(0.3);
	return random_expr($type, \@columns, total => $total, risky => chance($draft->{risk}));
}

# The most demanding object that hangs on the column; what tells rows from each
# other counts as a primary key.
sub nature
{
	my ($draft, $column) = @_;
	my %kinds = map { $_->{kind} => 1 } grep { hangs_on($_, $column) } @{ $draft->{objects} };

	return 'self' if $kinds{self} || $draft->{referenced} && is_key($draft, $column);
	return 'primary' if is_key($draft, $column);
	# what was unique goes on to have short values, for the sake of the old version
	return (grep { $kinds{$_} } qw(foreign unique))[0] // (generation_of($draft, $column)->{short} ? 'unique' : '');
}

sub is_key { return scalar grep { $_ == $_[1] } @{ $_[0]{key} }; }

sub hangs_on
{
	my ($object, $column) = @_;

	return scalar grep { $_ == $column } @{ $object->{columns} };
}

# The same value in another type.
sub kept_value
{
	my ($type, $own) = @_;
	return converted($type, $own->{type}, col($own->{number}, $own->{type}));
}

# From one type of whole numbers to the other.
sub converted
{
	my ($type, $from, $value) = @_;

	return $type eq $from ? $value : fn($type eq 'bigint' ? 'int_big' : 'big_int', $value);
}

# Would a foreign key set it to its default, or clients that know nothing of each
# other have the same?
sub may_have_default
{
	my ($draft, $column) = @_;

	return 0 if $draft->{alone} && nature($draft, $column) eq 'unique';
	return !grep { hangs_on($_, $column) && ($_->{on_delete} // '') eq 'SET DEFAULT' } @{ $draft->{objects} };
}

# A different one for each, mostly.
sub other_value
{
	my ($type, $own) = @_;
	my %functions = (text => [qw(reverse tilde chop)], integer => [qw(minus twice half)], bigint => [qw(big_minus triple third)]);
	my $value = fn(pick(@{ $functions{ $own->{type} } }), col($own->{number}, $own->{type}));

	return converted($type, $own->{type}, $value);
}

# The types that a column may get, for all that hangs on it.
sub allowed_types
{
	my ($draft, $column) = @_;
	my $generation = generation_of($draft, $column);
	my @objects = grep { hangs_on($_, $column) } @{ $draft->{objects} };

	return $generation->{type} if $generation->{kept} || grep { reads_types($_) } @objects;
	return @types unless nature($draft, $column) || grep { $_->{method} } @objects;
	return grep { ($_ eq 'text') == ($generation->{type} eq 'text') && $_ ne 'boolean' } @types;
}

# Would an expression of the object mean something else with another type?
sub reads_types
{
	my ($object) = @_;

	return 1 if $object->{test} || $object->{where};
	return scalar grep { $_->[0] ne 'col' } @{ $object->{keys} // [] };
}

sub add_object
{
	my ($draft, $kind, $columns, %object) = @_;
	my $number = $draft->{next}++;
	my $object = { number => $number, kind => $kind, name => object_name($number, $kind), columns => $columns, made => 1, %object };

	push @{ $draft->{objects} }, $object;
	return $object;
}

# An object goes with the first of its columns that is dropped.
sub whole_objects
{
	my ($draft) = @_;
	my %there = map { $_ => 1 } @{ $draft->{columns} };

	return grep { !grep { !$there{$_} } @{ $_->{columns} } } @{ $draft->{objects} };
}

sub plain_object
{
	my %object = %{ $_[0] };

	delete $object{made};
	$object{slots} = [ map { $_->{generation} } @{ delete $object{columns} } ];
	return \%object;
}

sub set_default
{
	my ($fields, $generation) = @_;

	if (chance(0.2))
	{
		$generation->{default} = undef;
		$fields->{default} = undef;
	}
	else
	{
		$generation->{default} = const(random_default($generation->{type}), $generation->{type});
		$fields->{default} = expr_sql($generation->{default});
	}
}

# The bare column in both directions would make no shadow.
sub no_bare_column
{
	my ($expr) = @_;
	my %twice = (text => 'reverse', integer => 'minus', bigint => 'big_minus', boolean => 'not');

	return $expr if $expr->[0] ne 'col';
	return fn($twice{ $expr->[2] }, fn($twice{ $expr->[2] }, $expr));
}

# What the migration stores, and the halves of its edges.
sub finish_plan
{
	my ($table, $draft) = @_;
	my $generations = $draft->{generations};
	my %current = map { $_->{generation} => 1 } @{ $draft->{columns} };
	my (@ups, @downs, %slots);

	for my $number (sort { $a <=> $b } keys %$generations)
	{
		my $generation = $generations->{$number};

		if ($generation->{stored})
		{
			push @downs, { slot => $number, expr => downwards($generation->{down}, $generations, \%current) }
			  if !$current{$number} && $generation->{down};
			next;
		}
		next unless $current{$number};
		$slots{$number} = {
			type => $generation->{type}, not_null => $generation->{not_null},
			default => $generation->{stored_default},
			kept => $generation->{kept}, short => $generation->{short}, numbered => $generation->{numbered}
		};
		push @ups, { slot => $number, expr => upwards($generation->{up}, $generations) }
		  if $generation->{up};
	}
	return {
		document => { operations => $draft->{operations} },
		from => $table->{version}{name},
		version => {
			name => $draft->{name},
			table => $draft->{table},
			identity => $draft->{identity}, pets => $draft->{pets},
			key => [ map { $_->{generation} } @{ $draft->{key} } ],
			objects => [ map { plain_object($_) } whole_objects($draft) ],
			columns => [ map { my $generation = $generations->{ $_->{generation} };
				+{
					name => $_->{name}, slot => $_->{generation}, type => $generation->{type},
					default => $generation->{default}, not_null => $generation->{not_null},
					generated => $generation->{generated}
				} } @{ $draft->{columns} } ]
		},
		slots => \%slots, ups => \@ups, downs => \@downs,
		next_slot => $draft->{next}, names => $draft->{names}
	};
}

# up reads what the old version shows: what is stored, what earlier operations
# make of it, the default of a column that has no up.
sub upwards
{
	my ($expr, $generations) = @_;

	return expr_replace($expr, sub {
		my $generation = $generations->{ $_[0] };

		return $generation->{generated} if $generation->{generated};
		return undef if $generation->{stored};
		return upwards($generation->{up}, $generations) if $generation->{up};
		return $generation->{stored_default} // const(undef, $generation->{type});
	});
}

# down reads what the new version shows; of a column that is gone there, what
# its own down makes, or what is stored.
sub downwards
{
	my ($expr, $generations, $current) = @_;

	return expr_replace($expr, sub {
		my $generation = $generations->{ $_[0] };

		return $generation->{generated} if $generation->{generated} && $current->{ $_[0] };
		return undef if $current->{ $_[0] };
		return downwards($generation->{down}, $generations, $current) if $generation->{down};
		return undef if $generation->{stored};
		return const(undef, $generation->{type});
	});
}

1;
