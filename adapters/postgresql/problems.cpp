// By SQLSTATE: data (22), constraints (23), functions' own errors (38, 39, P0), names and types (42, but for
// rights).
#include "adapters/postgresql/problems.h"

namespace rehearse::postgresql {

bool Problems::take(const Failure& failure) {
    const std::string& code = failure.fields().native_code;
    const std::string family = code.substr(0, 2);
    const bool of_an_object = family == "22" || family == "23" || family == "38" || family == "39" ||
                              family == "P0" || family == "HV" || family == "0A" ||
                              (family == "42" && code != "42501");
    if (!of_an_object) return false;
    keep(failure);
    return true;
}

void Problems::keep(const Failure& failure) {
    const std::lock_guard lock(mutex_);
    kept_.emplace_back(failure.what());
}

void Problems::tell(const std::string& database) const {
    if (kept_.empty()) return;
    std::string list;
    for (const std::string& problem : kept_) list += (list.empty() ? "" : "; ") + problem;
    throw Failure(
        {.kind = FailureKind::permanent,
         .operation = "restore",
         .object = database,
         .message = "it is in its place again, but for: " + list,
         .remedy = "'rehearse diff' names what lacks; put it right by hand, then 'rehearse clear'"});
}

}  // namespace rehearse::postgresql
