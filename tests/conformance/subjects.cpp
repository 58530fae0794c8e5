// The subjects of the conformance suite: one line for each registered adapter.
#include "tests/conformance/subject.h"

namespace rehearse::test {

[[nodiscard]] std::unique_ptr<ConformanceSubject> make_files_subject();
// scripts/new-adapter declares others above this line.

namespace {

std::string nothing_missing() { return {}; }

constexpr ConformanceEntry entries[] = {
    {.adapter = "files", .make = make_files_subject, .missing = nothing_missing},
    // scripts/new-adapter lists others above this line.
};

}  // namespace

std::span<const ConformanceEntry> conformance_subjects() { return entries; }

}  // namespace rehearse::test
