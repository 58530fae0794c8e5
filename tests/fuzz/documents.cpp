// The documents that hashes are taken over and people approve: plans and standing approvals.
#include <functional>

#include "orchestrator/model/approval.h"
#include "orchestrator/model/plan.h"
#include "tests/fuzz/fuzz.h"

using namespace rehearse;
using namespace rehearse::fuzz;

namespace {

/// What a document is read as says what the document says: else a person would approve one thing and another
/// would be done.
void check(const json::object& document,
           const std::function<json::object(const json::object&)>& through_model) {
    const auto written = accepted([&] { return through_model(document); });
    if (!written) return;
    const std::string canonical = canonical_json(*written);
    promise(canonical_json(through_model(*written)) == canonical, "what was written reads as itself");
    promise(canonical_json(document) == canonical, "what is read has the hash of what was written");
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto value = accepted([&] { return parse_json(text_of(data, size), "input"); });
    if (!value || !value->is_object()) return 0;
    json::object document = value->get_object();
    if (document.contains("selectors")) {
        check(document,
              [](const json::object& object) { return to_json(standing_from_json(object, "input")); });
    } else {
        // Plans from before the verifier could be checked lack the key; they are read as without it.
        if (json::value* verify = document.if_contains("verify"); verify != nullptr && verify->is_object())
            verify->get_object().emplace("check_verifier", false);
        check(document, [](const json::object& object) { return to_json(plan_from_json(object, "input")); });
    }
    return 0;
}
