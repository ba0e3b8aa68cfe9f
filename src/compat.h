/*-------------------------------------------------------------------------
 *
 * compat.h
 *		Differences between the PostgreSQL releases that we support.
 *
 * The only file that mentions PG_VERSION_NUM.  Callers use the newest
 * signature; each entry says what changed in which release, and goes when that
 * release goes out of support.
 *-------------------------------------------------------------------------
 */
#ifndef PGROLL_COMPAT_H
#define PGROLL_COMPAT_H

#if PG_VERSION_NUM < 150000
#error "pgroll_c needs PostgreSQL 15 or newer"
#endif

/* PG16: pgstat_fetch_stat_local_beentry() was renamed. */
#if PG_VERSION_NUM < 160000
#define pgstat_get_local_beentry_by_index(index) \
	pgstat_fetch_stat_local_beentry(index)
#endif

/*
 * PG16: the header of a chunk of memory became smaller.  How much of
 * GetMemoryChunkSpace() is not for use, at most.
 */
#if defined(MEMORY_CONTEXT_CHECKING)
#define CHUNK_OVERHEAD (4 * MAXIMUM_ALIGNOF)
#elif PG_VERSION_NUM < 160000
#define CHUNK_OVERHEAD (2 * MAXIMUM_ALIGNOF)
#else
#define CHUNK_OVERHEAD MAXIMUM_ALIGNOF
#endif

/* PG17: the kind of not-null constraints; tables have such from 18 on. */
#if PG_VERSION_NUM < 170000
#define CONSTRAINT_NOTNULL 'n'
#endif

/* PG17: partitioned tables can have identity columns. */
#if PG_VERSION_NUM < 170000
#define partitions_have_identity false
#else
#define partitions_have_identity true
#endif

/* PG18: NOT NULL is a constraint with a name. */
#if PG_VERSION_NUM < 180000
#define not_null_has_name false
#else
#define not_null_has_name true
#endif

/* PG18: constraints that are not enforced, and keys that compare periods. */
#if PG_VERSION_NUM < 180000
#define constraint_is_enforced(form) true
#define constraint_has_period(form) false
#else
#define constraint_is_enforced(form) ((form)->conenforced)
#define constraint_has_period(form) ((form)->conperiod)
#endif

/* PG18: generated columns that are never stored. */
#if PG_VERSION_NUM < 180000
#define generation_is_virtual(generation) false
#else
#define generation_is_virtual(generation) \
	((generation)->generated == ATTRIBUTE_GENERATED_VIRTUAL)
#endif

/* PG18: StoreAttrDefault() lost an argument, add_column_mode. */
#if PG_VERSION_NUM < 180000
#define store_attr_default(rel, attnum, expr, is_internal) \
	StoreAttrDefault(rel, attnum, expr, is_internal, false)
#else
#define store_attr_default(rel, attnum, expr, is_internal) \
	StoreAttrDefault(rel, attnum, expr, is_internal)
#endif

/* PG18: pg_noreturn, before the declaration, replaced pg_attribute_noreturn(). */
#if PG_VERSION_NUM < 180000
#define pg_noreturn pg_attribute_noreturn()
#endif

/* PG16: "relfilenode" became "relfilenumber", a field of rd_locator. */
#if PG_VERSION_NUM < 160000
#define relation_file_number(rel) ((rel)->rd_node.relNode)
#else
#define relation_file_number(rel) ((rel)->rd_locator.relNumber)
#endif

/*
 * PG16: what a statement may do to a relation moved from the range table entry
 * to a list beside the range table.  PG18: the executor is told which
 * relations were not pruned.
 */
#if PG_VERSION_NUM < 160000
#define add_permissions(permissions, rte) ((void) (permissions), (rte))
#define init_range_table(estate, range_table, permissions) \
	ExecInitRangeTable(estate, range_table)
#elif PG_VERSION_NUM < 180000
#define add_permissions(permissions, rte) \
	addRTEPermissionInfo(&(permissions), rte)
#define init_range_table(estate, range_table, permissions) \
	ExecInitRangeTable(estate, range_table, permissions)
#else
#define add_permissions(permissions, rte) \
	addRTEPermissionInfo(&(permissions), rte)
#define init_range_table(estate, range_table, permissions) \
	ExecInitRangeTable(estate, range_table, permissions, \
					   bms_make_singleton(1))
#endif

/* PG16: an update says which indexes need new entries, not whether any does. */
#if PG_VERSION_NUM < 160000
typedef bool TU_UpdateIndexes;
#define TU_None false
#define only_summarizing_indexes(update_indexes) false
#define index_is_summarizing(info) false
#else
#define only_summarizing_indexes(update_indexes) \
	((update_indexes) == TU_Summarizing)
#define index_is_summarizing(info) ((info)->ii_Summarizing)
#endif

/* PG16: a change of columns that only summarizing indexes have may be HOT. */
#if PG_VERSION_NUM < 160000
#define INDEX_ATTR_BITMAP_HOT_BLOCKING INDEX_ATTR_BITMAP_ALL
#endif

/* PG17: processes are known by number, a backend id is no longer that. */
#if PG_VERSION_NUM < 170000
#define process_of_vxid(vxid) BackendIdGetProc((vxid).backendId)
#else
#define process_of_vxid(vxid) ProcNumberGetProc((vxid).procNumber)
#endif

/* PG17: an extension may name what it waits for. */
#if PG_VERSION_NUM < 170000
#define wait_event_named(name) PG_WAIT_EXTENSION
#else
#define wait_event_named(name) WaitEventExtensionNew(name)
#endif

/* PG19: the relations that a statement writes are a set, not a list. */
#if PG_VERSION_NUM < 190000
#define is_result_relation(plan, index) \
	list_member_int((plan)->resultRelations, index)
#else
#define is_result_relation(plan, index) \
	bms_is_member(index, (plan)->resultRelationRelids)
#endif

/* PG19: flags and options for scans and updates of the table access method. */
#if PG_VERSION_NUM < 190000
#define begin_tid_range_scan(rel, snapshot, first, last) \
	table_beginscan_tidrange(rel, snapshot, first, last)
#define update_tuple(rel, tid, slot, cid, snapshot, wait, failure, mode, indexes) \
	table_tuple_update(rel, tid, slot, cid, snapshot, InvalidSnapshot, wait, \
					   failure, mode, indexes)
#else
#define begin_tid_range_scan(rel, snapshot, first, last) \
	table_beginscan_tidrange(rel, snapshot, first, last, SO_NONE)
#define update_tuple(rel, tid, slot, cid, snapshot, wait, failure, mode, indexes) \
	table_tuple_update(rel, tid, slot, cid, 0, snapshot, InvalidSnapshot, wait, \
					   failure, mode, indexes)
#endif

/* PG19: pg_plan_query() gained an ExplainState argument. */
#if PG_VERSION_NUM < 190000
#define plan_query(query, string, options, params) \
	pg_plan_query(query, string, options, params)
#else
#define plan_query(query, string, options, params) \
	pg_plan_query(query, string, options, params, NULL)
#endif

/* PG16: the permissions of range table entries moved to a list of their own. */
#if PG_VERSION_NUM < 160000
#define rte_required_perms(estate, rte) ((rte)->requiredPerms)
#define rte_selected_columns(query, rte) ((void) (query), (rte)->selectedCols)
#else
#define rte_required_perms(estate, rte) \
	((rte)->perminfoindex == 0 ? (AclMode) 0 : \
	 getRTEPermissionInfo((estate)->es_rteperminfos, rte)->requiredPerms)
#define rte_selected_columns(query, rte) \
	(getRTEPermissionInfo((query)->rteperminfos, (RangeTblEntry *) (rte))->selectedCols)
#endif

/* PG17: ResultRelInfo has an array of MERGE's actions instead of two lists. */
#if PG_VERSION_NUM < 170000
#define result_rel_is_merge(rel) \
	((rel)->ri_matchedMergeAction != NIL || \
	 (rel)->ri_notMatchedMergeAction != NIL)
#else
#define result_rel_is_merge(rel) \
	((rel)->ri_MergeActions[MERGE_WHEN_MATCHED] != NIL || \
	 (rel)->ri_MergeActions[MERGE_WHEN_NOT_MATCHED_BY_SOURCE] != NIL || \
	 (rel)->ri_MergeActions[MERGE_WHEN_NOT_MATCHED_BY_TARGET] != NIL)
#endif

/* PG18: the parts of a foreign key are called after it, no longer after its columns. */
#if PG_VERSION_NUM < 180000
#define FOREIGN_KEY_NAMES_PARTS false
#else
#define FOREIGN_KEY_NAMES_PARTS true
#endif

/* PG18: ExecutorRun() and its hook lost their argument execute_once. */
#if PG_VERSION_NUM < 180000
#define EXECUTOR_RUN_PARAMS \
	QueryDesc *query, ScanDirection direction, uint64 count, bool once
#define EXECUTOR_RUN_ARGS query, direction, count, once
#define executor_run(query, direction, count) \
	ExecutorRun(query, direction, count, true)
#else
#define EXECUTOR_RUN_PARAMS \
	QueryDesc *query, ScanDirection direction, uint64 count
#define EXECUTOR_RUN_ARGS query, direction, count
#define executor_run(query, direction, count) \
	ExecutorRun(query, direction, count)
#endif

/*
 * PG16: one function checks the privileges on, or owner of, any object; here of those
 * that we ask for.
 */
#if PG_VERSION_NUM < 160000
#include "catalog/pg_collation.h"
#include "catalog/pg_database.h"
#include "catalog/pg_extension.h"
#include "catalog/pg_namespace.h"
#include "catalog/pg_opclass.h"
#include "catalog/pg_operator.h"
#include "catalog/pg_opfamily.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_ts_config.h"
#include "catalog/pg_ts_dict.h"
#include "catalog/pg_type.h"
#define object_ownercheck(classid, object, role) \
	((classid) == ProcedureRelationId ? pg_proc_ownercheck(object, role) : \
	 (classid) == OperatorRelationId ? pg_oper_ownercheck(object, role) : \
	 (classid) == TypeRelationId ? pg_type_ownercheck(object, role) : \
	 (classid) == NamespaceRelationId ? pg_namespace_ownercheck(object, role) : \
	 (classid) == CollationRelationId ? pg_collation_ownercheck(object, role) : \
	 (classid) == OperatorClassRelationId ? pg_opclass_ownercheck(object, role) : \
	 (classid) == OperatorFamilyRelationId ? pg_opfamily_ownercheck(object, role) : \
	 (classid) == TSConfigRelationId ? pg_ts_config_ownercheck(object, role) : \
	 (classid) == TSDictionaryRelationId ? pg_ts_dict_ownercheck(object, role) : \
	 (classid) == ExtensionRelationId ? pg_extension_ownercheck(object, role) : \
	 pg_class_ownercheck(object, role))
#define object_aclcheck(classid, object, role, mode) \
	((classid) == DatabaseRelationId ? \
	 pg_database_aclcheck(object, role, mode) : \
	 (classid) == TypeRelationId ? pg_type_aclcheck(object, role, mode) : \
	 pg_namespace_aclcheck(object, role, mode))
#endif

/* PG18: grouping expressions have a range table entry of their own. */
#if PG_VERSION_NUM < 180000
#define entry_group_expressions(rte) NIL
#else
#define entry_group_expressions(rte) \
	((rte)->rtekind == RTE_GROUP ? (rte)->groupexprs : NIL)
#endif

/* PG17: the privilege MAINTAIN. */
#if PG_VERSION_NUM < 170000
#define ACL_MAINTAIN 0
#endif

/* PG16: it takes more than membership to give an object to another role. */
#if PG_VERSION_NUM < 160000
#define may_give_to(role, owner) is_member_of_role(role, owner)
#else
#define may_give_to(role, owner) member_can_set_role(role, owner)
#endif

/* PG18: PortalRun() lost its argument run_once. */
#if PG_VERSION_NUM < 180000
#define portal_run(portal, count, top_level, dest, alt_dest, completion) \
	PortalRun(portal, count, top_level, true, dest, alt_dest, completion)
#else
#define portal_run(portal, count, top_level, dest, alt_dest, completion) \
	PortalRun(portal, count, top_level, dest, alt_dest, completion)
#endif

/* PG19: tables may be excluded from a publication; also, volatile constraints. */
#if PG_VERSION_NUM < 190000
#define GetRelationIncludedPublications(relid) GetRelationPublications(relid)
#define domain_has_constraints(type) DomainHasConstraints(type)
#else
#define domain_has_constraints(type) DomainHasConstraints(type, NULL)
#endif

#endif							/* PGROLL_COMPAT_H */
