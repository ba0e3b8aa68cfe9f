/*-------------------------------------------------------------------------
 *
 * yaml_scalar.h
 *		What a scalar of YAML is, by the core schema of YAML 1.2.
 *-------------------------------------------------------------------------
 */
#ifndef PGROLL_YAML_SCALAR_H
#define PGROLL_YAML_SCALAR_H

#include "support/yaml_reader.h"

typedef enum YamlType
{
	YAML_TYPE_TEXT,
	YAML_TYPE_NULL,
	YAML_TYPE_BOOL,
	YAML_TYPE_INT,
	YAML_TYPE_FLOAT
} YamlType;

/* What it is; an error (invalid_yaml) where its tag says something else. */
extern YamlType yaml_scalar_type(const YamlNode *scalar);

/* The value of a boolean; a number as JSON has it, or an error where it cannot. */
extern bool yaml_scalar_bool(const YamlNode *scalar);
extern char *yaml_scalar_number(const YamlNode *scalar);

#endif							/* PGROLL_YAML_SCALAR_H */
