// Defaults of the adapter port.
#include "orchestrator/ports/adapter.h"

#include "orchestrator/base/failure.h"

namespace rehearse {

std::string_view to_string(IdentityMatch value) {
    switch (value) {
        case IdentityMatch::same:
            return "same";
        case IdentityMatch::absent:
            return "absent";
        case IdentityMatch::other:
            return "other";
    }
    return "other";
}

std::string Adapter::drift(const json::object&) { return ""; }

std::string Adapter::query(const std::string&, Duration) {
    throw Failure({.kind = FailureKind::invalid_input,
                   .operation = "query",
                   .object = {},
                   .native_code = {},
                   .message = "this adapter answers no SQL",
                   .remedy = "use an http, tcp or command probe"});
}

}  // namespace rehearse
