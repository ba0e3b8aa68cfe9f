# What hangs on the columns of a table: keys, constraints and indexes.
#
# An object is {number, kind, name, slots}.  kind is "primary", "unique",
# "check", "foreign", "self" (from the first column to the second) or "index"; number stays the same in all versions and forms.
# The expressions of an object read its columns by their place in slots:
#
#	test		of a check: what must not be false; without it, nothing fails
#	keys		of an index: what is in it
#	where		of an index: for which rows
#
# An index has unique and method as well, a foreign key on_delete and on_update.

package Histories::Objects;

use strict;
use warnings;

use Exporter 'import';

use Histories::Expr;
use Histories::Random;

our @EXPORT = qw(form_of is_unique key_of vacuous random_test object_sql index_sql constraint_sql object_name);

# Two versions share an object where they have the same form of it.
sub form_of { return join ' ', $_[0]{number}, @{ $_[0]{slots} }; }

sub is_unique { return $_[0]{kind} =~ /primary|unique/ || $_[0]{unique}; }

# A name that begins with the object's number, so that none is there twice.
sub object_name
{
	my ($number, $kind) = @_;

	return "$number " . (chance(0.2) ? pick('Order', 'ü', q{x"y}, 'n' x 50) : $kind);
}

# What must be different in all rows, undef where it need not be.
sub key_of
{
	my ($object, $values) = @_;
	my $slots = $object->{slots};
	my $value = sub { $values->{ $slots->[ $_[0] ] } };
	my @keys;

	return undef if $object->{where} && (expr_value($object->{where}, $value) // '') ne 'true';
	@keys = $object->{keys} ? map { expr_value($_, $value) } @{ $object->{keys} } : map { $value->($_) } 0 .. $#$slots;
	return undef if grep { !defined } @keys;
	return join "\0", "", @keys;
}

# A condition over columns of these types that few values do not meet.
sub random_test
{
	my (@types) = @_;
	my %test = (text => 'not_bob', integer => 'below', bigint => 'small', boolean => 'given');
	my @tests = map { fn($test{ $types[$_] }, col($_, $types[$_])) } 0 .. $#types;

	return @tests > 1 ? fn(either => @tests) : $tests[0];
}

# SQL

# A check that holds for every row.
sub vacuous
{
	my (@names) = @_;

	return join(' OR ', map { "$_ IS NULL" } @names) . ' OR 1 = 1';
}

# The definition of a constraint; $name gives the SQL of a column by its place.
sub constraint_sql
{
	my ($object, $base, $relation, $name) = @_;
	my @names = map { $name->($_) } 0 .. $#{ $object->{slots} };
	my $list = join(', ', @names);

	return "PRIMARY KEY ($list)" if $object->{kind} eq 'primary';
	return "UNIQUE ($list)" if $object->{kind} eq 'unique';
	return 'CHECK (' . test_sql($object, $name) . ')' if $object->{kind} eq 'check';
	return ($object->{kind} eq 'self' ? "FOREIGN KEY ($names[0]) REFERENCES $relation ($names[1])" :
		"FOREIGN KEY ($list) REFERENCES $base.parents") . " ON DELETE $object->{on_delete} ON UPDATE $object->{on_update}";
}

sub test_sql
{
	my ($object, $name) = @_;

	return expr_sql($object->{test}, $name) if $object->{test};
	return vacuous(map { $name->($_) } 0 .. $#{ $object->{slots} });
}

sub index_sql
{
	my ($object, $relation, $name) = @_;

	return 'CREATE ' . ($object->{unique} ? 'UNIQUE ' : '') . 'INDEX ' . quote_name($object->{name})
	  . " ON $relation USING $object->{method} (" . join(', ', map { expr_sql($_, $name) } @{ $object->{keys} }) . ')'
	  . ($object->{where} ? ' WHERE ' . expr_sql($object->{where}, $name) : '');
}

# The statement that makes it.
sub object_sql
{
	my ($object, $base, $relation, $name) = @_;

	return index_sql($object, $relation, $name) if $object->{kind} eq 'index';
	return "ALTER TABLE $relation ADD " . (defined $object->{name} ? 'CONSTRAINT ' . quote_name($object->{name}) . ' ' : '')
	  . constraint_sql($object, $base, $relation, $name);
}

1;
