// The log's SQL. An entry holds its document's digest, not the document: so an export names no item and no
// secret, and a plan of megabytes is not kept twice.
#include "orchestrator/ledger/audit.h"

#include <map>
#include <set>

#include "orchestrator/base/digest.h"

namespace rehearse {

CompactRange audit_tree(Database& database) {
    auto row = database.query("SELECT size, hashes FROM audit_tree");
    if (!row.next()) throw database.damaged("the audit log's tree is gone");
    try {
        return {static_cast<std::uint64_t>(row.integer(0)), row.text(1)};
    } catch (const Failure& failure) {
        throw database.damaged("the audit log's tree is damaged: " + failure.fields().message);
    }
}

void record(Database& database, const AuditEntry& entry, std::string_view document) {
    const std::string text = canonical_json(json::object{{"actor", entry.actor},
                                                         {"at", to_rfc3339(entry.at)},
                                                         {"document", "sha256:" + sha256_hex(document)},
                                                         {"drill", entry.drill},
                                                         {"environment", entry.environment},
                                                         {"kind", std::string(entry.kind)}});
    CompactRange tree = audit_tree(database);
    database.query("INSERT INTO audit_entries(number, entry) VALUES (?, ?)").with(tree.size(), text).run();
    tree.append(leaf_hash(text));
    database.query("UPDATE audit_tree SET size = ?, hashes = ?").with(tree.size(), tree.to_text()).run();
}

std::string row_document(const Query& row) { return canonical_json(row.row()); }

void record_row(Database& database, const AuditEntry& entry, Query& row) {
    if (!row.next()) throw database.damaged("a row that was just written can't be read");
    record(database, entry, row_document(row));
}

namespace {

void add_rows(std::vector<std::string>& documents, Query& row) {
    while (row.next()) documents.push_back(row_document(row));
}

void add_approvals(Database& database, const DrillId& drill, std::vector<std::string>& documents) {
    std::vector<std::string> nonces;
    {
        auto row = database.query("SELECT nonce FROM approved_runs WHERE drill = ?");
        row.with(drill.text());
        while (row.next()) nonces.push_back(row.text(0));
    }
    for (const std::string& nonce : nonces) {
        for (const std::string_view sql : {audited::proposal, audited::approval}) {
            auto row = database.query(sql);
            add_rows(documents, row.with(nonce));
        }
        auto row = database.query(audited::use);
        add_rows(documents, row.with(nonce, drill.text()));
    }
}

}  // namespace

std::vector<std::string> audit_documents(Database& database, const DrillId& drill) {
    std::vector<std::string> documents;
    bool ended = false;
    {
        auto row = database.query("SELECT plan, result, verdict FROM drill_records WHERE id = ?");
        if (!row.with(drill.text()).next()) return documents;
        documents.push_back(row.text(0));
        if (!row.is_null(1)) documents.push_back(row.text(1));
        ended = !row.is_null(2);
    }
    add_approvals(database, drill, documents);
    for (const std::string_view sql : {audited::drill, audited::end}) {
        if (sql == audited::end && !ended) continue;
        auto row = database.query(sql);
        add_rows(documents, row.with(drill.text()));
    }
    auto row = database.query("SELECT * FROM drill_events WHERE drill = ? ORDER BY sequence");
    add_rows(documents, row.with(drill.text()));
    return documents;
}

void check_audited(Database& database, std::vector<std::string>& findings) {
    std::map<std::string, std::set<std::string>> told;  // drill -> digests of its documents
    std::set<std::string> known;
    {
        auto row = database.query("SELECT entry FROM audit_entries ORDER BY number");
        while (row.next()) {
            const json::object entry = row.object(0);
            const std::string digest = text_at(entry, "document", "audit log");
            const std::string kind = text_at(entry, "kind", "audit log"),
                              drill = text_at(entry, "drill", "audit log");
            known.insert(digest);
            // These rows change later, which the log tells by an entry of its own.
            if (!drill.empty() && kind != "due_time" && kind != "quarantine") told[drill].insert(digest);
        }
    }
    for (auto& [drill, digests] : told) {
        std::string unknown;
        for (const std::string& document : audit_documents(database, DrillId(drill))) {
            const std::string digest = "sha256:" + sha256_hex(document);
            if (!known.contains(digest)) unknown = document;
            digests.erase(digest);
        }
        if (unknown.empty() && digests.empty()) continue;
        findings.push_back("the rows of drill " + drill + " are not what the audit log tells: " +
                           (unknown.empty() ? std::to_string(digests.size()) + " are gone"
                                            : "it does not know " + unknown.substr(0, 160)));
    }
}

}  // namespace rehearse
