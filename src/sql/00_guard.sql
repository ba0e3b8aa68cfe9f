\echo Use "CREATE EXTENSION pgroll_c" to load this file. \quit
