/*
 * nothing.c
 *		For bench/trigger: a row trigger that does nothing, and the processor
 *		time that the session has used.
 */
#include "postgres.h"

#include <sys/resource.h>

#include "commands/trigger.h"
#include "fmgr.h"

PG_MODULE_MAGIC;

PG_FUNCTION_INFO_V1(bench_nothing);
PG_FUNCTION_INFO_V1(bench_cpu);

Datum
bench_nothing(PG_FUNCTION_ARGS)
{
	TriggerData *trigdata = (TriggerData *) fcinfo->context;

	if (TRIGGER_FIRED_BY_UPDATE(trigdata->tg_event))
		return PointerGetDatum(trigdata->tg_newtuple);
	return PointerGetDatum(trigdata->tg_trigtuple);
}

/* Microseconds, of the processor. */
Datum
bench_cpu(PG_FUNCTION_ARGS)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	PG_RETURN_INT64((int64) (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000 +
					usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}
