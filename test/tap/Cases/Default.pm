# The table that cases have where they make no other.

package Cases::Default;

use strict;
use warnings;

use Exporter 'import';

our @EXPORT_OK = qw($setup $rows);
our $setup = 'CREATE TABLE t (id int PRIMARY KEY, a int, b text)';
our $rows = q{INSERT INTO t SELECT i, i, 'b' || i FROM generate_series(1, ROWS) i};

1;
