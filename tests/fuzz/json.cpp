// JSON: what is accepted has one canonical form, whichever way it was written.
#include "orchestrator/base/json.h"

#include "tests/fuzz/fuzz.h"

using namespace rehearse;
using namespace rehearse::fuzz;

namespace {

/// The place that a failure names as "input:line:column" is one of the input.
void check_place(std::string_view text, const Failure& failure) {
    long line = 0, column = 0;
    promise(std::sscanf(failure.fields().object.c_str(), "input:%ld:%ld", &line, &column) == 2,
            "what is not JSON is named by line and column");
    promise(is_inside(text, line, column), "the place named is inside the input");
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text = text_of(data, size);
    json::value value;
    try {
        value = parse_json(text, "input");
    } catch (const Failure& failure) {
        check_place(text, failure);
        return 0;
    }
    const auto canonical = accepted([&] { return canonical_json(value); });
    if (!canonical) return 0;  // a fraction
    promise(parse_json(*canonical, "canonical") == value, "the canonical form says the same");
    promise(canonical_json(parse_json(*canonical, "canonical")) == *canonical, "the canonical form is one");
    promise(canonical_json(parse_json(pretty_json(value), "pretty")) == *canonical,
            "the pretty form has the same canonical form");
    return 0;
}
