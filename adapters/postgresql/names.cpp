// A digest stands for the name, which may be as long as names can be.
#include "adapters/postgresql/names.h"

#include "adapters/postgresql/sql_text.h"
#include "orchestrator/base/digest.h"

namespace rehearse::postgresql {

std::string build_name(const std::string& database) {
    return "rehearse_build_" + sha256_hex(database).substr(0, 16);
}

std::string old_name(const std::string& database) {
    return "rehearse_old_" + sha256_hex(database).substr(0, 16);
}

std::string drop_statement(Connection& maintenance, const std::string& name) {
    return "DROP DATABASE IF EXISTS " + identifier(name) +
           (maintenance.server_version() >= 130000 ? " WITH (FORCE)" : "");
}

}  // namespace rehearse::postgresql
