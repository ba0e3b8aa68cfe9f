# Expressions that exist twice: as SQL, for the migration documents and the
# statements, and as perl, for the model.
#
# An expression is a tree of [col => name, type], [const => value, type] and
# [fn => name, type, argument, ...].  Values are PostgreSQL's text, undef is NULL.

package Histories::Expr;

use strict;
use warnings;

use Digest::MD5 'md5_hex';
use Exporter 'import';

use Histories::Random;

our @EXPORT = qw(col const fn expr_type expr_sql expr_value expr_columns expr_replace
  literal random_expr random_value random_default quote_name quote_text fail_with);

my %range = (integer => 2147483647, bigint => 9e15);

# name => [type, SQL, argument types, function, flags].  Functions without the
# flag "null" are strict.  "risky" ones fail for some values; "total" ones are
# never NULL; "keeps" ones lose nothing.
my %functions = (
	upper => [ 'text', 'upper(%s)', ['text'], sub { uc $_[0] } ],
	lower => [ 'text', 'lower(%s)', ['text'], sub { lc $_[0] } ],
	reverse => [ 'text', 'reverse(%s)', ['text'], sub { scalar reverse $_[0] }, 'keeps' ],
	left => [ 'text', 'left(%s, 3)', ['text'], sub { substr $_[0], 0, 3 } ],
	tilde => [ 'text', q{%s || '~'}, ['text'], sub { "$_[0]~" }, 'keeps' ],
	chop => [ 'text', q{rtrim(%s, '~')}, ['text'], sub { $_[0] =~ s/~+\z//r } ],
	none => [ 'text', q{coalesce(%s, 'none')}, ['text'], sub { $_[0] // 'none' }, 'null total' ],
	no_bob => [ 'text', q{nullif(%s, 'bob')}, ['text'],
		sub { defined $_[0] && $_[0] ne 'bob' ? $_[0] : undef }, 'null' ],
	md5 => [ 'text', 'md5(%s)', ['text'], sub { md5_hex($_[0]) } ],
	first => [ 'text', q{split_part(%s, ' ', 1)}, ['text'], sub { part($_[0], 0) } ],
	second => [ 'text', q{split_part(%s, ' ', 2)}, ['text'], sub { part($_[0], 1) } ],
	join => [ 'text', q{%s || ' ' || %s}, [ 'text', 'text' ], sub { "$_[0] $_[1]" } ],
	slash => [ 'text', q{coalesce(%s, '') || '/' || coalesce(%s, '')}, [ 'text', 'text' ],
		sub { ($_[0] // '') . '/' . ($_[1] // '') }, 'null total' ],
	any_of => [ 'text', 'coalesce(%s, %s)', [ 'text', 'text' ], sub { $_[0] // $_[1] }, 'null' ],
	int_text => [ 'text', '%s::text', ['integer'], sub { $_[0] }, 'keeps' ],
	years => [ 'text', q{%s::text || ' y'}, ['integer'], sub { "$_[0] y" } ],
	big_text => [ 'text', '%s::text', ['bigint'], sub { $_[0] }, 'keeps' ],
	bool_text => [ 'text', '%s::text', ['boolean'], sub { $_[0] }, 'keeps' ],
	twist => [ 'text', 'twist(%s)', ['text'], sub { '<' . scalar(reverse $_[0]) . '>' } ],
	word => [ 'text', '(SELECT w.word FROM words w WHERE w.place = %s)', ['integer'],
		sub { word($_[0]) }, 'null' ],

	length => [ 'integer', 'length(%s)', ['text'], sub { length $_[0] } ],
	digits => [ 'integer', q{CASE WHEN %1$s ~ '^[0-9]{1,6}$' THEN %1$s::integer END}, ['text'],
		sub { defined $_[0] && $_[0] =~ /\A[0-9]{1,6}\z/ ? $_[0] + 0 : undef }, 'null' ],
	to_int => [ 'integer', '%s::integer', ['text'],
		sub { $_[0] =~ /\A\s*([-+]?[0-9]+)\s*\z/ ? $1 + 0 : fail_with('22P02') }, 'risky' ],
	known => [ 'integer', 'CASE WHEN %1$s IN (2, 4) THEN %1$s END', ['integer'],
		sub { defined $_[0] && $_[0] =~ /\A[24]\z/ ? $_[0] : undef }, 'null' ],
	twice => [ 'integer', '%s * 2 + 1', ['integer'], sub { $_[0] * 2 + 1 }, 'keeps' ],
	half => [ 'integer', '%s / 2', ['integer'], sub { quotient($_[0], 2) } ],
	minus => [ 'integer', '- %s', ['integer'], sub { 0 - $_[0] }, 'keeps' ],
	rest => [ 'integer', '%s %% 7', ['integer'], sub { $_[0] - 7 * quotient($_[0], 7) } ],
	zero => [ 'integer', 'coalesce(%s, 0)', ['integer'], sub { $_[0] // 0 }, 'null total' ],
	no_three => [ 'integer', 'nullif(%s, 3)', ['integer'],
		sub { defined $_[0] && $_[0] != 3 ? $_[0] : undef }, 'null' ],
	share => [ 'integer', '60 / %s', ['integer'],
		sub { $_[0] == 0 ? fail_with('22012') : quotient(60, $_[0]) }, 'risky' ],
	sum => [ 'integer', '%s + %s', [ 'integer', 'integer' ], sub { $_[0] + $_[1] } ],
	big_int => [ 'integer', '(%s %% 1000000)::integer', ['bigint'],
		sub { $_[0] - 1000000 * quotient($_[0], 1000000) } ],
	bool_int => [ 'integer', '%s::integer', ['boolean'], sub { $_[0] eq 'true' ? 1 : 0 } ],

	int_big => [ 'bigint', '%s::bigint', ['integer'], sub { $_[0] }, 'keeps' ],
	big_minus => [ 'bigint', '- %s', ['bigint'], sub { 0 - $_[0] }, 'keeps' ],
	triple => [ 'bigint', '%s * 3', ['bigint'], sub { $_[0] * 3 }, 'keeps' ],
	third => [ 'bigint', '%s / 3', ['bigint'], sub { quotient($_[0], 3) } ],
	big_zero => [ 'bigint', 'coalesce(%s, 0)', ['bigint'], sub { $_[0] // 0 }, 'null total' ],
	mixed => [ 'bigint', '%s + %s', [ 'bigint', 'integer' ], sub { $_[0] + $_[1] } ],

	many => [ 'boolean', '%s > 5', ['integer'], sub { bool($_[0] > 5) } ],
	not_bob => [ 'boolean', q{%s <> 'bob'}, ['text'], sub { bool($_[0] ne 'bob') } ],
	below => [ 'boolean', '%s < 60', ['integer'], sub { bool($_[0] < 60) } ],
	small => [ 'boolean', '%s <> 7', ['bigint'], sub { bool($_[0] != 7) } ],
	given => [ 'boolean', '%s IS NOT NULL', ['boolean'], sub { bool(defined $_[0]) }, 'null total' ],
	either => [ 'boolean', '%s OR %s', [ 'boolean', 'boolean' ], sub { either(@_) }, 'null' ],
	is_ann => [ 'boolean', q{%s = 'ann'}, ['text'], sub { bool($_[0] eq 'ann') } ],
	is_null => [ 'boolean', '%s IS NULL', ['text'], sub { bool(!defined $_[0]) }, 'null total' ],
	not => [ 'boolean', 'NOT %s', ['boolean'], sub { bool($_[0] ne 'true') }, 'keeps' ],
	falsely => [ 'boolean', 'coalesce(%s, false)', ['boolean'], sub { $_[0] // 'false' },
		'null total' ]);

my %total = (text => 'none', integer => 'zero', bigint => 'big_zero', boolean => 'falsely');

sub col { return [ col => @_ ]; }
sub const { return [ const => @_ ]; }

sub fn
{
	my ($name, @arguments) = @_;

	return [ fn => $name, $functions{$name}[0], @arguments ];
}

sub expr_type { return $_[0][2]; }

# The expression in SQL; $name gives the SQL of a column.
sub expr_sql
{
	my ($expr, $name) = @_;
	my ($kind, $value, $type, @arguments) = @$expr;

	return $name->($value) if $kind eq 'col';
	return literal($value, $type) if $kind eq 'const';
	return '(' . sprintf($functions{$value}[1], map { expr_sql($_, $name) } @arguments) . ')';
}

# Its value; $column gives that of a column.
sub expr_value
{
	my ($expr, $column) = @_;
	my ($kind, $value, $type, @arguments) = @$expr;
	my $function;

	return $column->($value) if $kind eq 'col';
	return $value if $kind eq 'const';
	$function = $functions{$value};
	@arguments = map { scalar expr_value($_, $column) } @arguments;
	return undef if !has($function, 'null') && grep { !defined } @arguments;
	$value = $function->[3]->(@arguments);
	fail_with('22003')
	  if defined $value && $range{$type} && abs($value) > $range{$type};
	return $value;
}

# The columns that it reads.
sub expr_columns
{
	my ($expr) = @_;
	my ($kind, $value, $type, @arguments) = @$expr;
	my %columns;

	return $value if $kind eq 'col';
	return () if $kind eq 'const';
	$columns{$_} = 1 for map { expr_columns($_) } @arguments;
	return sort keys %columns;
}

# With other expressions in the place of columns; $by gives one or undef.
sub expr_replace
{
	my ($expr, $by) = @_;
	my ($kind, $value, $type, @arguments) = @$expr;

	return $by->($value) // $expr if $kind eq 'col';
	return $expr if $kind eq 'const';
	return [ fn => $value, $type, map { expr_replace($_, $by) } @arguments ];
}

# A constant in SQL, with its type.
sub literal
{
	my ($value, $type) = @_;

	return "NULL::$type" unless defined $value;
	return $value if $type eq 'boolean';
	return quote_text($value) . '::text' if $type eq 'text';
	return "'$value'::$type";
}

sub quote_name { return '"' . $_[0] =~ s/"/""/gr . '"'; }
sub quote_text { return "'" . $_[0] =~ s/'/''/gr . "'"; }

# What the model says where the server raises an error.
sub fail_with { die { state => $_[0] }; }

# An expression of the type over some of the columns, [name, type] each.  With
# risky, one that may fail; with total, one that is rarely NULL.
sub random_expr
{
	my ($type, $columns, %options) = @_;
	my $depth = $options{depth} // number(1, 2);
	my $expr = random_call($type, $columns, $depth, $options{risky});

	$expr = fn($total{$type}, $expr) if $options{total} && chance(0.9);
	return $expr;
}

sub random_call
{
	my ($type, $columns, $depth, $risky) = @_;
	my @bare = grep { $_->[1] eq $type } @$columns;
	my @names;

	if ($depth > 0)
	{
		@names = grep {
			my $function = $functions{$_};
			$function->[0] eq $type
			  && ($risky || !has($function, 'risky'))
			  && !grep { !reachable($_, $columns, $depth - 1) } @{ $function->[2] }
		} sort keys %functions;
	}
	if (@names && (!@bare || chance(0.8)))
	{
		my $name = pick(@names);

		return fn($name, map { random_call($_, $columns, $depth - 1, $risky) } @{ $functions{$name}[2] });
	}
	return col(@{ pick(@bare) }) if @bare;
	return const(random_value($type), $type);
}

# Can an expression of the type read a column?
sub reachable
{
	my ($type, $columns, $depth) = @_;

	return 1 if grep { $_->[1] eq $type } @$columns;
	return 0 if $depth <= 0;
	return scalar grep {
		my $function = $functions{$_};
		$function->[0] eq $type
		  && !grep { !reachable($_, $columns, $depth - 1) } @{ $function->[2] }
	} keys %functions;
}

sub random_value
{
	my ($type, $null) = @_;

	return undef if chance($null // 0);
	return pick('true', 'false') if $type eq 'boolean';
	return chance(0.8) ? number(0, 9) : pick(-3, 60, 1000) if $type eq 'integer';
	return chance(0.7) ? number(0, 9) : pick(-7, 5000000000) if $type eq 'bigint';
	return long_text() if chance(0.04);
	return pick('ann', 'Ann', 'bob', 'Bob', 'cyd', 'Dee Fox', 'dee fox', '12', '7', '07', '0',
		'', 'true', q{o'neill}, 'a~', 'x y z', 'none');
}

# A value for a default: the catalogs hold no long ones.
sub random_default
{
	my ($type) = @_;
	my $value = random_value($type);

	return length $value > 1000 ? 'short' : $value;
}

# Too long to be stored in the row, and random enough not to be compressed.
sub long_text
{
	my $text = number(0, 99);

	$text .= ' ' . md5_hex($text) for 1 .. number(70, 250);
	return $text;
}

sub has { return ($_[0][4] // '') =~ /\b$_[1]\b/; }
sub bool { return $_[0] ? 'true' : 'false'; }
sub either { return (grep { ($_ // '') eq 'true' } @_) ? 'true' : (grep { !defined } @_) ? undef : 'false'; }
sub quotient { return int($_[0] / $_[1]) || 0; }

sub part
{
	my @parts = split / /, $_[0], -1;

	return $parts[ $_[1] ] // '';
}

# What the table words of every history holds.
sub word
{
	my ($place) = @_;

	return undef unless defined $place && $place >= 0 && $place <= 9;
	return (qw(zero one two three four five six seven eight nine))[$place];
}

1;
