// An export is checked by making it again from its own entries: each file must come out byte by byte.
#include "orchestrator/cli/audit_export.h"

#include <algorithm>
#include <map>

#include "orchestrator/audit/tiles.h"
#include "orchestrator/base/failure.h"
#include "orchestrator/base/file.h"

namespace rehearse {

namespace {

namespace fs = std::filesystem;

std::multimap<std::uint64_t, Checkpoint> opened(const std::vector<std::string>& notes,
                                                const std::string& verifier) {
    std::multimap<std::uint64_t, Checkpoint> found;
    for (const std::string& note : notes) {
        const Checkpoint checkpoint = open_checkpoint(note, verifier);
        found.emplace(checkpoint.size, checkpoint);
    }
    return found;
}

}  // namespace

KeptCheckpoint signed_checkpoint(AuditLog& log) {
    if (const auto newest = log.newest_checkpoint()) return *newest;
    throw Failure({.kind = FailureKind::invalid_input,
                   .operation = "audit",
                   .object = "audit log",
                   .message = "it was never signed, or has no entry",
                   .remedy = "run 'rehearse audit verify'"});
}

std::uint64_t write_export(AuditLog& log, const fs::path& folder) {
    const KeptCheckpoint newest = signed_checkpoint(log);
    const auto write = [&](const std::string& path, const std::string& content) {
        fs::create_directories((folder / path).parent_path());
        write_file_durably(folder / path, content, 0644);
    };
    TileMaker maker(write);
    log.each(0, newest.size, [&](std::uint64_t, const std::string& entry) { maker.append(entry); });
    maker.finish();
    write("checkpoint", newest.note);
    return newest.size;
}

std::vector<std::string> problems_of_export(const fs::path& folder, const std::string& verifier,
                                            const std::vector<std::string>& elsewhere, std::uint64_t& size) {
    std::vector<std::string> problems;
    try {
        const Checkpoint newest = open_checkpoint(read_file(folder / "checkpoint", 4096), verifier);
        size = newest.size;
        auto checkpoints = opened(elsewhere, verifier);
        if (!checkpoints.empty() && checkpoints.rbegin()->first > size)
            problems.push_back("the export is truncated or stale: it has " + std::to_string(size) +
                               " entries, " + std::to_string(checkpoints.rbegin()->first) + " were signed");
        checkpoints.emplace(newest.size, newest);
        TileMaker maker([&](const std::string& path, const std::string& content) {
            if (read_file(folder / path, 64U << 20U) != content) problems.push_back(path + " was changed");
        });
        auto next = checkpoints.begin();
        const auto compare = [&] {
            for (; next != checkpoints.end() && next->first == maker.range().size(); ++next) {
                if (next->second.root != maker.range().root())
                    problems.push_back("the first " + std::to_string(next->first) +
                                       " entries are not those that a checkpoint signed");
            }
        };
        compare();
        constexpr std::uint64_t width = 256;
        for (std::uint64_t begin = 0; begin < size; begin += width) {
            const std::uint64_t count = std::min(width, size - begin);
            const std::string path = entry_bundle_path(begin / width, count);
            for (const std::string& entry :
                 entries_of_bundle(read_file(folder / path, 64U << 20U), count, path)) {
                maker.append(entry);
                compare();
            }
        }
        maker.finish();
    } catch (const Failure& failure) {
        problems.emplace_back(failure.what());
    }
    return problems;
}

}  // namespace rehearse
