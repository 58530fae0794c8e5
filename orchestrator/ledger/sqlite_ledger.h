// The ledger in one SQLite file: drills, journals, leases, enrolments, quarantines, due times. No hidden
// state: another process sees all there is.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "orchestrator/ledger/process_table.h"
#include "orchestrator/ports/ledger.h"

namespace rehearse {

struct SqliteLedgerOptions {
    std::filesystem::path file;  // workspace/.rehearse/ledger.sqlite; its folder must be there
    bool create = false;  // makes a ledger where there is no file; an empty or damaged one is never remade
    std::string vfs{};    // SQLite VFS; empty: the default one
    std::chrono::milliseconds patience{10'000};       // with a lock of another process
    std::shared_ptr<const ProcessTable> processes{};  // none: the real one
};

/// Opens the ledger. Blocking, and usable from several threads and processes. `clock` outlives it. Fails:
/// refused (no permission, or made by a newer rehearse), permanent (missing, damaged, not a ledger, disk
/// full), transient (locked by another process for too long).
[[nodiscard]] std::unique_ptr<Ledger> open_sqlite_ledger(const SqliteLedgerOptions& options,
                                                         const Clock& clock);
[[nodiscard]] std::unique_ptr<Ledger> open_sqlite_ledger(const std::filesystem::path& file,
                                                         const Clock& clock, bool create);

}  // namespace rehearse
