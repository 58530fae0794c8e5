// Documents are files of their own, so that people can read plan, approvals, journal and report as they are.
#include "orchestrator/cli/audit_bundle.h"

#include <map>

#include "orchestrator/base/digest.h"
#include "orchestrator/base/failure.h"
#include "orchestrator/base/file.h"
#include "orchestrator/cli/audit_export.h"
#include "orchestrator/cli/audit_verifier.h"

namespace rehearse {

namespace fs = std::filesystem;

SignedTree signed_tree(AuditLog& log) {
    const KeptCheckpoint newest = signed_checkpoint(log);
    SignedTree found{.note = newest.note, .tree = {}};
    log.each(0, newest.size,
             [&](std::uint64_t, const std::string& entry) { found.tree.append(leaf_hash(entry)); });
    return found;
}

json::array hex_array(const std::vector<TreeHash>& hashes) {
    json::array array;
    for (const TreeHash& hash : hashes) array.emplace_back(to_hex(hash));
    return array;
}

void write_bundle(AuditLog& log, const DrillId& drill, const fs::path& folder) {
    if (fs::exists(folder)) {
        throw Failure({.kind = FailureKind::refused,
                       .operation = "audit bundle",
                       .object = folder.string(),
                       .message = "the folder is there already",
                       .remedy = "name a new one"});
    }
    const SignedTree tree = signed_tree(log);
    std::map<std::string, std::string> documents;
    for (std::string& document : log.documents(drill)) {
        const std::string digest = "sha256:" + sha256_hex(document);
        documents[digest] = std::move(document);
    }
    make_directory_durably(folder / "documents", 0755);
    json::array entries;
    log.each(0, tree.tree.size(), [&](std::uint64_t number, const std::string& entry) {
        const json::object told = parse_json_object(entry, "audit log");
        const auto document = documents.find(text_at(told, "document", "audit log"));
        if (document == documents.end()) return;
        const std::string digits = std::to_string(number);
        const std::string name = std::string(digits.size() < 6 ? 6 - digits.size() : 0, '0') + digits + "-" +
                                 text_at(told, "kind", "audit log") + ".json";
        write_file_durably(folder / "documents" / name, document->second, 0644);
        entries.emplace_back(
            json::object{{"entry", entry},
                         {"file", name},
                         {"number", number},
                         {"proof", hex_array(tree.tree.inclusion(number, tree.tree.size()))}});
    });
    if (entries.size() < documents.size()) {
        throw Failure(
            {.kind = FailureKind::permanent,
             .operation = "audit bundle",
             .object = drill.text(),
             .message = "of " + std::to_string(documents.size()) + " documents the audit log knows " +
                        std::to_string(entries.size()),
             .remedy =
                 "run 'rehearse audit verify'; a drill that is older than the audit log has no bundle"});
    }
    const json::object proofs{{"drill", drill.text()}, {"entries", std::move(entries)}};
    write_file_durably(folder / "proofs.json", canonical_json(proofs), 0644);
    write_file_durably(folder / "checkpoint", tree.note, 0644);
    write_file_durably(folder / "verify.py", audit_verifier, 0644);
}

}  // namespace rehearse
