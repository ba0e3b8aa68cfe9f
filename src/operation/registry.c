/*-------------------------------------------------------------------------
 *
 * registry.c
 *		All operations, by name.
 *-------------------------------------------------------------------------
 */
#include "pgroll.h"

#include "operation/registry.h"

static const OperationOps *const all_operations[] = {
	&add_column_ops,
	&alter_column_ops,
	&create_constraint_ops,
	&create_index_ops,
	&create_table_ops,
	&drop_column_ops,
	&drop_constraint_ops,
	&drop_index_ops,
	&drop_multicolumn_constraint_ops,
	&drop_table_ops,
	&rename_column_ops,
	&rename_constraint_ops,
	&rename_table_ops,
	&set_replica_identity_ops,
	&sql_ops,
};

const OperationOps *
registry_find(const char *name, const char *path)
{
	for (int i = 0; i < lengthof(all_operations); i++)
	{
		if (strcmp(all_operations[i]->name, name) == 0)
			return all_operations[i];
	}
	ereport(ERROR,
			(errcode(ERRCODE_PGROLL_INVALID_DOCUMENT),
			 errmsg("unknown operation \"%s\"", name),
			 errdetail("At %s.", path),
			 errhint("The operations are listed in the documentation of pgroll_c.")));
	return NULL;
}
