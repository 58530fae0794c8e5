// The subjects of the conformance suite: one line for each registered adapter.
#include "tests/conformance/subject.h"
#include "tests/support/postgres_server.h"

namespace rehearse::test {

[[nodiscard]] std::unique_ptr<ConformanceSubject> make_files_subject();
[[nodiscard]] std::unique_ptr<ConformanceSubject> make_process_subject();
[[nodiscard]] std::string process_subject_misses();
[[nodiscard]] std::unique_ptr<ConformanceSubject> make_postgresql_subject();
// scripts/new-adapter declares others above this line.

namespace {

std::string nothing_missing() { return {}; }

constexpr ConformanceEntry entries[] = {
    {.adapter = "files", .make = make_files_subject, .missing = nothing_missing},
    {.adapter = "process", .make = make_process_subject, .missing = process_subject_misses},
    {.adapter = "postgresql", .make = make_postgresql_subject, .missing = PostgresServer::missing},
    // scripts/new-adapter lists others above this line.
};

}  // namespace

std::span<const ConformanceEntry> conformance_subjects() { return entries; }

}  // namespace rehearse::test
