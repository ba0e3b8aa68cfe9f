# pgroll_c: build and install with PGXS; `make test` and `make demo` need nothing beforehand

EXTENSION   = pgroll_c
# The control file is the only place the version is written.
EXTVERSION := $(shell sed -n "s/^default_version *= *'\(.*\)'/\1/p" $(EXTENSION).control)

MODULE_big  = $(EXTENSION)
OBJS        = $(patsubst %.c,%.o,$(sort $(wildcard src/*.c src/*/*.c)))
PG_CPPFLAGS = -I$(srcdir)/src -DPGROLL_VERSION='"$(EXTVERSION)"'
PG_CFLAGS   = -Wall -Wextra -Wno-unused-parameter -Wno-sign-compare -Wno-missing-field-initializers
SHLIB_LINK  = -Wl,--version-script=src/exports.map

SQL_PARTS   = $(sort $(wildcard src/sql/*.sql))
DATA        = $(wildcard src/sql/upgrade/$(EXTENSION)--*--*.sql)
DATA_built  = $(EXTENSION)--$(EXTVERSION).sql
EXTRA_CLEAN = $(EXTENSION)--*.sql

PG_CONFIG ?= pg_config
PGXS := $(shell $(PG_CONFIG) --pgxs)
include $(PGXS)

# PGXS does not track headers here (autodepend is empty): rebuild on any change.
$(OBJS): $(wildcard src/*.h src/*/*.h)

$(DATA_built): $(SQL_PARTS)
	cat $^ > $@
