# pgroll_c: build and install with PGXS; `make test` and `make demo` need nothing beforehand

EXTENSION   = pgroll_c
# The control file is the only place the version is written.
EXTVERSION := $(shell sed -n "s/^default_version *= *'\(.*\)'/\1/p" $(EXTENSION).control)

MODULE_big  = $(EXTENSION)
OBJS        = $(patsubst %.c,%.o,$(sort $(wildcard src/*.c src/*/*.c)))
PROVE_TESTS = $(sort $(wildcard test/tap/*.pl))
PG_CPPFLAGS = -I$(srcdir)/src -DPGROLL_VERSION='"$(EXTVERSION)"'
PG_CFLAGS   = -Wall -Wextra -Wno-unused-parameter -Wno-sign-compare -Wno-missing-field-initializers
SHLIB_LINK  = -lyaml -Wl,--version-script=src/exports.map

SQL_PARTS   = $(sort $(wildcard src/sql/*.sql))
DATA        = $(wildcard src/sql/upgrade/$(EXTENSION)--*--*.sql)
DATA_built  = $(EXTENSION)--$(EXTVERSION).sql
EXTRA_CLEAN = $(EXTENSION)--*.sql

# These find or make a PostgreSQL of their own (test/README.md).
OWN_GOALS   = test test-versions test-cassert test-valgrind histories locks demo check-style format

PG_CONFIG ?= pg_config
ifneq ($(filter-out $(OWN_GOALS),$(or $(MAKECMDGOALS),all)),)
PGXS := $(shell $(PG_CONFIG) --pgxs)
include $(PGXS)
endif

# PGXS does not track headers here (autodepend is empty): rebuild on any change.
$(OBJS): $(wildcard src/*.h src/*/*.h)

$(DATA_built): $(SQL_PARTS)
	cat $^ > $@

# The whole suite, or T="name …", on PostgreSQL 15 or PG=major.
test:
	@test/run $(PG) $(T)

# The whole suite on every other major that can be had.
test-versions:
	@test/versions $(T)

# The whole suite against a server with assertions, and under valgrind.
test-cassert:
	@test/run $(or $(PG),15)-debug $(T)

test-valgrind:
	@PGROLL_VALGRIND=1 PGROLL_TIMEOUT=14400 test/run $(or $(PG),15)-debug $(T)

# COUNT random histories from SEED, a random one by default, and a twentieth as
# many with several writers at the same time.
histories:
	@PGROLL_TIMEOUT=28800 test/with-postgres "$(PG)" test/histories/run --both --keep-going \
		--count $(or $(COUNT),2000) $(if $(SEED),--seed $(SEED))

# What every operation locks, and for how long, on tables of ROWS rows.
locks:
	@PGROLL_ROWS=$(or $(ROWS),1000000) PGROLL_DISK=1 PGROLL_TIMEOUT=14400 PGROLL_TEST_TIMEOUT=14400 \
		test/run $(PG) locks; status=$$?; cat build/test-*/locks.txt; exit $$status

# A migration while two applications write all the time.
demo:
	@test/with-postgres "$(PG)" demo/run

# The house rules that a script can check, and the indenter.
check-style:
	@test/with-postgres "$(PG)" .ci/checks/run $(T)

format:
	@.ci/format

# Against the server that is running, one database per file.
REGRESS_TESTS   = $(basename $(notdir $(sort $(wildcard sql/*.sql))))
ISOLATION_TESTS = $(basename $(notdir $(sort $(wildcard test/isolation/specs/*.spec))))

installcheck: installcheck-regress installcheck-isolation installcheck-tap

installcheck-regress:
	@for t in $(REGRESS_TESTS); do \
		$(pg_regress_installcheck) --dbname=regression_pgroll_c $$t || exit 1; \
	done

installcheck-isolation:
	@for t in $(ISOLATION_TESTS); do \
		$(pg_isolation_regress_installcheck) --inputdir=test/isolation --outputdir=output_iso \
			--load-extension=$(EXTENSION) --dbname=isolation_pgroll_c $$t || exit 1; \
	done

installcheck-tap:
	$(if $(wildcard test/tap/*.pl),$(prove_installcheck))

.PHONY: $(OWN_GOALS) installcheck-regress installcheck-isolation installcheck-tap
