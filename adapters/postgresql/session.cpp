// Why each: a setting of the role, the database or the server must not change a snapshot.
#include "adapters/postgresql/session.h"

namespace rehearse::postgresql {

void fix_session(Connection& connection) {
    const char* encoding = PQparameterStatus(connection.get(), "server_encoding");
    std::string sql =
        "set search_path = ''; set datestyle = 'ISO, YMD'; set intervalstyle = 'postgres'; "
        "set timezone = 'UTC'; set extra_float_digits = 3; set bytea_output = 'hex'; set lc_monetary = 'C'; "
        "set standard_conforming_strings = on; set array_nulls = on; set quote_all_identifiers = off; "
        "set transform_null_equals = off; set xmloption = content; set row_security = off; "
        "set statement_timeout = 0; set lock_timeout = 0; set idle_in_transaction_session_timeout = 0; "
        "set synchronize_seqscans = off; set default_transaction_read_only = off; "
        "set default_transaction_isolation = 'read committed'; set default_transaction_deferrable = off; "
        "set client_min_messages = warning; ";
    if (encoding != nullptr) sql += std::string("set client_encoding = '") + encoding + "'; ";
    // Sorting beats walking a random key through its index (2.5 x); 64 MB keeps most sorts off the disk.
    sql += "set work_mem = '64MB'; set jit = off;";
    connection.run(sql);
}

void fix_restoring_session(Connection& connection) {
    fix_session(connection);
    // The last commit of a restore waits for the disk, and with it for all before it.
    connection.run(
        "set synchronous_commit = off; set check_function_bodies = off; set maintenance_work_mem = '256MB'; "
        "set default_tablespace = ''; set default_table_access_method = heap; "
        "set vacuum_cost_delay = 0");
}

void set_usual_path(Connection& connection, const std::string& search_path) {
    connection.run("select set_config('rehearse.search_path', $1, false)", {search_path});
}

const std::string usual_path_here =
    "select set_config('search_path', current_setting('rehearse.search_path', true), true)";

void with_usual_path(Connection& connection, const std::function<void()>& work) {
    try {
        return work();
    } catch (const Failure& failure) {
        const std::string& code = failure.fields().native_code;
        if (code != "42883" && code != "42P01" && code != "42704" && code != "3F000") throw;
    }
    connection.run("select set_config('search_path', current_setting('rehearse.search_path', true), false)");
    try {
        work();
    } catch (...) {
        connection.try_run("set search_path = ''");
        throw;
    }
    connection.run("set search_path = ''");
}

std::string dump_options() {
    return "-c timezone=UTC -c lc_monetary=C -c bytea_output=hex -c xmloption=content "
           "-c quote_all_identifiers=off -c array_nulls=on -c jit=off -c default_transaction_read_only=off";
}

}  // namespace rehearse::postgresql
