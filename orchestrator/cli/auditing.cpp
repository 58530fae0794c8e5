// Sealing never fails a command: a drill is over by then, and what it did is in the log already.
#include "orchestrator/cli/auditing.h"

#include <algorithm>
#include <ostream>

#include "orchestrator/base/failure.h"
#include "orchestrator/base/file.h"
#include "orchestrator/cli/console.h"

namespace rehearse {

namespace {

namespace fs = std::filesystem;

fs::path second_place(Workspace& workspace) {
    const auto& settings = workspace.files().settings;
    return settings ? settings->checkpoints : fs::path();
}

/// One log's files sort by size: "rehearse-3f0a...-000000001234.checkpoint".
std::string prefix_of(const AuditKey& key) {
    std::string prefix = key.origin() + "-";
    std::replace(prefix.begin(), prefix.end(), '/', '-');
    return prefix;
}

std::string name_of(const AuditKey& key, std::uint64_t size) {
    const std::string digits = std::to_string(size);
    return prefix_of(key) + std::string(digits.size() < 12 ? 12 - digits.size() : 0, '0') + digits +
           ".checkpoint";
}

void send(const Host& host, Workspace& workspace, const AuditKey& key) {
    const fs::path place = second_place(workspace);
    if (place.empty()) return;
    for (const KeptCheckpoint& checkpoint : workspace.audit_log().unsent()) {
        write_file_durably(place / name_of(key, checkpoint.size), checkpoint.note, 0644);
        workspace.audit_log().mark_sent(checkpoint.size, host.clock.wall());
    }
}

void warn(const Host& host, Workspace& workspace, const std::string& what, const std::string& problem) {
    host.log << "rehearse: " << what << ": " << problem << std::endl;
    try {
        CommandAlarm(host, workspace.files().settings ? workspace.files().settings->alarm : std::nullopt)
            .raise({.environment = {}, .drill = {}, .summary = what, .text = what + ": " + problem + "\n"},
                   std::nullopt);
    } catch (const Failure& failure) {
        host.log << "rehearse: the alarm was not delivered: " << failure.what() << std::endl;
    }
}

}  // namespace

Elsewhere checkpoints_elsewhere(Workspace& workspace, std::size_t limit) {
    Elsewhere found;
    try {
        const fs::path place = second_place(workspace);
        if (place.empty()) return found;
        const std::string prefix = prefix_of(workspace.audit_key());
        std::vector<fs::path> files;
        for (const auto& entry : fs::directory_iterator(place)) {
            const std::string name = entry.path().filename();
            if (name.starts_with(prefix) && name.ends_with(".checkpoint")) files.push_back(entry.path());
        }
        std::sort(files.rbegin(), files.rend());
        files.resize(std::min(files.size(), limit));
        for (const fs::path& file : files) found.notes.push_back(read_file(file, 4096));
    } catch (const std::exception& error) {
        found.problem = std::string("the second place of the checkpoints can't be read: ") + error.what();
    }
    return found;
}

void seal_audit(const Host& host, Workspace& workspace) {
    try {
        const AuditKey key = workspace.audit_key();
        workspace.audit_log().seal(key, host.clock.wall());
        try {
            send(host, workspace, key);
        } catch (const std::exception& error) {
            warn(host, workspace,
                 "the audit log's checkpoints did not reach their second place, and will be sent later",
                 error.what());
        }
    } catch (const std::exception& error) {
        warn(host, workspace, "the audit log was not signed", error.what());
    }
}

void tell_audit(const Host& host, Workspace& workspace, std::string_view kind, json::object document) {
    try {
        document["host"] = host.name;
        workspace.audit_log().tell(kind, host.actor.name, host.clock.wall(), canonical_json(document));
    } catch (const Failure& failure) {
        host.log << "rehearse: the audit log does not tell of this: " << failure.what() << std::endl;
    }
}

}  // namespace rehearse
