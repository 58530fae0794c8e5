// The SQL of proposals, approvals and policies.
#include "orchestrator/ledger/approvals.h"

#include <algorithm>

#include "orchestrator/base/digest.h"
#include "orchestrator/ledger/audit.h"
#include "orchestrator/ledger/seal.h"

namespace rehearse {

namespace {

Failure refused(const std::string& object, const std::string& message, const std::string& remedy) {
    return Failure({.kind = FailureKind::refused,
                    .operation = "record",
                    .object = object,
                    .native_code = {},
                    .message = message,
                    .remedy = remedy});
}

ActorKind actor_kind_from(Database& database, const std::string& text) {
    for (const ActorKind kind : {ActorKind::person, ActorKind::automation}) {
        if (to_string(kind) == text) return kind;
    }
    throw database.damaged("no actor has the kind '" + text + "'");
}

std::string seal_of(const Proposal& proposal) {
    return seal({proposal.nonce, to_string(proposal.kind), proposal.subject, proposal.environment.text(),
                 std::to_string(proposal.runs), proposal.by.actor.name, to_string(proposal.by.actor.kind),
                 proposal.by.account, std::to_string(proposal.at.since_epoch.count()),
                 std::to_string(proposal.expires.since_epoch.count())});
}

std::vector<Approval> approvals_of(Database& database, const std::string& nonce) {
    std::vector<Approval> found;
    auto row = database.query(
        "SELECT decision, text, signature, reason, actor, actor_kind, account, at_ns FROM approvals WHERE "
        "nonce = ? ORDER BY number");
    row.with(nonce);
    while (row.next()) {
        const std::string decision = row.text(0);
        // Whatever is no approval counts against.
        found.push_back(
            {.nonce = nonce,
             .decision = decision == "approve" ? Decision::approve : Decision::deny,
             .text = row.text(1),
             .signature = row.text(2),
             .reason = row.text(3),
             .by = {.actor = {.name = row.text(4), .kind = actor_kind_from(database, row.text(5))},
                    .account = row.text(6)},
             .at = {Duration(row.integer(7))}});
    }
    return found;
}

std::vector<DrillId> runs_of(Database& database, const std::string& nonce) {
    std::vector<DrillId> found;
    auto row = database.query("SELECT drill FROM approved_runs WHERE nonce = ? ORDER BY drill");
    row.with(nonce);
    while (row.next()) found.emplace_back(row.text(0));
    return found;
}

std::vector<ProposalRecord> read_rows(Database& database, Query& row) {
    std::vector<ProposalRecord> found;
    while (row.next()) {
        Proposal proposal{
            .kind = proposal_kind_from(row.text(0)),
            .subject = row.text(1),
            .environment = EnvironmentName(row.text(2)),
            .document = row.text(3),
            .nonce = row.text(4),
            .runs = static_cast<std::uint64_t>(row.integer(5)),
            .by = {.actor = {.name = row.text(6), .kind = actor_kind_from(database, row.text(7))},
                   .account = row.text(8)},
            .at = {Duration(row.integer(9))},
            .expires = {Duration(row.integer(10))}};
        if (seal_of(proposal) != row.text(11) ||
            proposal.subject != "sha256:" + sha256_hex(proposal.document))
            throw database.damaged("the proposal " + proposal.subject + " is not what was recorded");
        found.push_back({.proposal = std::move(proposal)});
    }
    for (ProposalRecord& record : found) {
        record.proposal.used_by = runs_of(database, record.proposal.nonce);
        record.approvals = approvals_of(database, record.proposal.nonce);
    }
    return found;
}

}  // namespace

void insert_proposal(Database& database, const Proposal& proposal) {
    if (proposal.subject != "sha256:" + sha256_hex(proposal.document))
        throw database.damaged("a proposal's subject is not its document's digest");
    database
        .query(
            "INSERT INTO proposals(nonce, kind, subject, environment, document, runs, actor, actor_kind, "
            "account, at_ns, expires_ns, seal) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
        .with(proposal.nonce, to_string(proposal.kind), proposal.subject, proposal.environment.text(),
              proposal.document, proposal.runs, proposal.by.actor.name, to_string(proposal.by.actor.kind),
              proposal.by.account, proposal.at.since_epoch, proposal.expires.since_epoch, seal_of(proposal))
        .run();
    auto row = database.query(audited::proposal);
    record_row(database,
               {.kind = "proposal",
                .environment = proposal.environment.text(),
                .actor = proposal.by.actor.name,
                .at = proposal.at},
               row.with(proposal.nonce));
}

std::vector<ProposalRecord> read_proposals(Database& database, const std::string& subject) {
    const std::string prefix = subject.starts_with("sha256:") ? subject : "sha256:" + subject;
    auto row = database.query(
        "SELECT kind, subject, environment, document, nonce, runs, actor, actor_kind, account, at_ns, "
        "expires_ns, seal FROM proposals WHERE substr(subject, 1, length(?1)) = ?1 ORDER BY number DESC");
    row.with(prefix);
    return read_rows(database, row);
}

std::vector<ProposalRecord> read_proposals_for(Database& database, const PlanHash& hash,
                                               const EnvironmentName& environment) {
    auto row = database.query(
        "SELECT kind, subject, environment, document, nonce, runs, actor, actor_kind, account, at_ns, "
        "expires_ns, seal FROM proposals WHERE environment = ?2 AND ((kind = 'plan' AND subject = ?1) OR "
        "kind = 'standing') ORDER BY number DESC");
    row.with(hash.text(), environment.text());
    return read_rows(database, row);
}

void insert_approval(Database& database, const Approval& approval) {
    database
        .query(
            "INSERT INTO approvals(nonce, decision, text, signature, reason, actor, actor_kind, account, "
            "at_ns) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)")
        .with(approval.nonce, to_string(approval.decision), approval.text, approval.signature,
              approval.reason, approval.by.actor.name, to_string(approval.by.actor.kind), approval.by.account,
              approval.at.since_epoch)
        .run();
    auto row = database.query(audited::approval);
    record_row(database,
               {.kind = approval.decision == Decision::approve ? "approval" : "denial",
                .actor = approval.by.actor.name,
                .at = approval.at},
               row.with(approval.nonce));
}

void use_proposal(Database& database, const std::string& nonce, const DrillId& drill, WallTime now) {
    const std::string remedy = "plan again, and have the new plan approved";
    std::int64_t runs = 0;
    {
        auto row = database.query("SELECT runs, expires_ns FROM proposals WHERE nonce = ?");
        if (!row.with(nonce).next()) throw refused(drill.text(), "its approvals are of no proposal", remedy);
        runs = row.integer(0);
        if (now.since_epoch.count() >= row.integer(1))
            throw refused(drill.text(), "its approvals expired", remedy);
    }
    const auto said = approvals_of(database, nonce);
    if (std::any_of(said.begin(), said.end(),
                    [](const Approval& approval) { return approval.decision == Decision::deny; })) {
        throw refused(drill.text(), "the plan was denied", remedy);
    }
    if (static_cast<std::int64_t>(runs_of(database, nonce).size()) >= runs)
        throw refused(drill.text(), "its approvals were used up by another drill", remedy);
    database.query("INSERT INTO approved_runs(nonce, drill) VALUES (?, ?)").with(nonce, drill.text()).run();
    auto row = database.query(audited::use);
    record_row(database, {.kind = "approval_used", .drill = drill.text(), .at = now},
               row.with(nonce, drill.text()));
}

void insert_policy(Database& database, const AdoptedPolicy& policy, const std::string& replaces) {
    const auto before = newest_policy(database);
    if ((before ? before->digest : "") != replaces) {
        throw refused("policy.yaml", "another policy was adopted meanwhile",
                      "look at it with 'rehearse policy', then adopt again");
    }
    database
        .query(
            "INSERT INTO policies(digest, document, actor, actor_kind, account, at_ns) VALUES (?, ?, ?, ?, "
            "?, ?)")
        .with(policy.digest, policy.document, policy.by.actor.name, to_string(policy.by.actor.kind),
              policy.by.account, policy.at.since_epoch)
        .run();
    auto row = database.query("SELECT * FROM policies ORDER BY number DESC LIMIT 1");
    record_row(database, {.kind = "policy", .actor = policy.by.actor.name, .at = policy.at}, row);
}

std::optional<AdoptedPolicy> newest_policy(Database& database) {
    auto row = database.query(
        "SELECT digest, document, actor, actor_kind, account, at_ns FROM policies ORDER BY number DESC "
        "LIMIT 1");
    if (!row.next()) return std::nullopt;
    AdoptedPolicy policy{
        .digest = row.text(0),
        .document = row.text(1),
        .by = {.actor = {.name = row.text(2), .kind = actor_kind_from(database, row.text(3))},
               .account = row.text(4)},
        .at = {Duration(row.integer(5))}};
    if (policy.digest != "sha256:" + sha256_hex(policy.document))
        throw database.damaged("the adopted policy is not what was recorded");
    return policy;
}

}  // namespace rehearse
