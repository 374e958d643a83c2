#pragma once
#include <libpq-fe.h>

// Swift does not see character macros: each error field that we read has a function of its own here.
static inline const char *cpostgres_sqlstate(const PGresult *result) { return PQresultErrorField(result, PG_DIAG_SQLSTATE); }
static inline const char *cpostgres_severity(const PGresult *result) { return PQresultErrorField(result, PG_DIAG_SEVERITY_NONLOCALIZED); }
static inline const char *cpostgres_message(const PGresult *result) { return PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY); }
static inline const char *cpostgres_detail(const PGresult *result) { return PQresultErrorField(result, PG_DIAG_MESSAGE_DETAIL); }
static inline const char *cpostgres_hint(const PGresult *result) { return PQresultErrorField(result, PG_DIAG_MESSAGE_HINT); }
static inline const char *cpostgres_constraint(const PGresult *result) { return PQresultErrorField(result, PG_DIAG_CONSTRAINT_NAME); }
