// rehearse approve: shows what waits, and signs it with the person's SSH key.
#include <ostream>

#include "orchestrator/base/digest.h"
#include "orchestrator/base/failure.h"
#include "orchestrator/base/file.h"
#include "orchestrator/cli/approving.h"
#include "orchestrator/cli/commands.h"
#include "orchestrator/cli/policy_change.h"
#include "orchestrator/commands/command.h"
#include "orchestrator/guard/ssh_wire.h"
#include "orchestrator/report/terminal.h"
#include "orchestrator/report/words.h"

namespace rehearse {

namespace {

struct Options {
    std::string subject, key, text, signature;
    bool yes = false;
};

Failure cannot_sign(const std::string& message, const std::string& remedy) {
    return Failure({.kind = FailureKind::invalid_input,
                    .operation = "sign",
                    .object = {},
                    .native_code = {},
                    .message = message,
                    .remedy = remedy});
}

/// What the approver is asked to agree to.
void show(const Host& host, Workspace& workspace, const ProposalRecord& record) {
    const Proposal& proposal = record.proposal;
    std::ostream& out = host.log;
    const auto document = [&] { return parse_json_object(proposal.document, proposal.subject); };
    if (proposal.kind == ProposalKind::plan) {
        PlanView view{.plan = plan_from_json(document(), proposal.subject),
                      .hash = PlanHash(proposal.subject)};
        for (const PlanStep& step : view.plan.destroy) {
            for (const std::string& item : step.items) view.items[step.resource].push_back({.name = item});
        }
        out << plan_text(to_json(view, json::object{}), host.colour, 0);
    } else if (proposal.kind == ProposalKind::standing) {
        out << "A standing approval:\n" << pretty_json(document());
    } else {
        out << policy_change_text(workspace, proposal);
    }
    out << "\nproposed by " << words::printable(proposal.by.actor.name) << " at " << to_rfc3339(proposal.at)
        << ", until " << to_rfc3339(proposal.expires) << "\n";
}

/// A file that is removed again.
class Passing {
  public:
    Passing(std::filesystem::path path, const std::string& content) : path_(std::move(path)) {
        write_file_durably(path_, content, 0600);
    }
    Passing(const Passing&) = delete;
    Passing& operator=(const Passing&) = delete;
    ~Passing() {
        std::error_code ignored;
        std::filesystem::remove(path_, ignored);
    }
    [[nodiscard]] const std::filesystem::path& path() const { return path_; }

  private:
    std::filesystem::path path_;
};

/// The public half of the first key of the agent that the policy's file has.
std::string key_of_agent(const PolicyInForce& policy) {
    const CommandResult listed =
        run_command({.arguments = {"ssh-add", "-L"}, .timeout = std::chrono::seconds(10)});
    const auto signers = read_allowed_signers(policy.allowed_signers, "allowed_signers");
    std::string_view rest = listed.output;
    while (listed.succeeded() && !rest.empty()) {
        const std::size_t size = std::min(rest.find('\n'), rest.size());
        const std::string line(rest.substr(0, size));
        rest.remove_prefix(std::min(size + 1, rest.size()));
        for (const AllowedSigner& signer : signers) {
            if (line.find(to_base64(signer.key)) != std::string::npos) return line + "\n";
        }
    }
    throw cannot_sign("the SSH agent has no key that the policy's allowed_signers knows",
                      "add one with ssh-add, or name a key file with --key");
}

std::string sign(const Host& host, const std::filesystem::path& key, const std::string& text) {
    host.log << "Signing with " << key.string() << "; a hardware key wants a touch." << std::endl;
    const CommandResult result = run_command(
        {.arguments = {"ssh-keygen", "-Y", "sign", "-n", std::string(approval_namespace), "-f", key.string()},
         .directory = host.directory,
         .input = text,
         .stop = host.stop,
         .keeps_terminal = true});
    if (!result.succeeded()) {
        throw cannot_sign(
            "ssh-keygen could not sign: " + result.describe() + ": " + words::printable(result.errors),
            "check the key with 'ssh-keygen -y -f KEY' or 'ssh-add -l'");
    }
    return result.output;
}

std::string signature_for(const Host& host, Workspace& workspace, const PolicyInForce& policy,
                          const Options& options, const std::string& text) {
    if (!options.signature.empty()) return read_file(host.directory / options.signature, 64U << 10U);
    if (!options.key.empty()) return sign(host, options.key, text);
    const Passing key(workspace.state() / ("approving-" + random_hex(8) + ".pub"), key_of_agent(policy));
    return sign(host, key.path(), text);
}

void print(const Invocation& invocation, const ProposalRecord& record, const Progress& progress) {
    if (invocation.json()) {
        print_json(invocation.host, to_json(record, progress));
    } else {
        invocation.host.out << words::printable(text_of(progress)) << "\n";
    }
}

int list(const Invocation& invocation, Workspace& workspace, const PolicyInForce& policy) {
    const Host& host = invocation.host;
    json::array all;
    for (const ProposalRecord& record : workspace.ledger().proposals("")) {
        const Progress progress = where_it_stands(record, policy, {}, host.clock.wall());
        if (!progress.closed.empty()) continue;
        all.emplace_back(to_json(record, progress));
        if (invocation.json()) continue;
        host.out << record.proposal.subject << "  " << to_string(record.proposal.kind) << " "
                 << record.proposal.environment << ", proposed by "
                 << words::printable(record.proposal.by.actor.name) << ", until "
                 << to_rfc3339(record.proposal.expires) << ": " << words::printable(text_of(progress))
                 << "\n";
    }
    if (invocation.json()) {
        print_json(host, json::object{{"schema", "rehearse.proposals/v1"}, {"proposals", std::move(all)}});
    } else if (all.empty()) {
        host.out << "Nothing waits for approval.\n";
    }
    return 0;
}

int approve(const Invocation& invocation, const Options& options) {
    const Host& host = invocation.host;
    Workspace workspace = invocation.workspace();
    const PolicyInForce policy = require_policy(workspace);
    if (options.subject.empty()) return list(invocation, workspace, policy);
    ProposalRecord record = find_proposal(workspace, options.subject);
    const WallTime now = host.clock.wall();
    Progress progress = where_it_stands(record, policy, {}, now);
    if (!progress.closed.empty()) {
        host.log << "guard refused: approve: nothing can be approved here any more: "
                 << words::printable(progress.closed) << "; propose it anew\n";
        return 3;
    }
    const std::string text = approval_text(record.proposal, targets_of(record.proposal));
    if (!options.text.empty()) {
        write_file_durably(host.directory / options.text, text, 0600);
        host.log << "Read it, sign it with 'ssh-keygen -Y sign -n " << approval_namespace << " -f KEY "
                 << options.text << "', then 'rehearse approve " << record.proposal.subject << " --signature "
                 << options.text << ".sig'.\n";
        return 0;
    }
    if (host.actor.kind == ActorKind::automation) {
        host.log << "guard refused: approve: an approval is a person's, and this is automation ("
                 << host.actor.name << ")\n";
        return 3;
    }
    show(host, workspace, record);
    const std::string word =
        record.proposal.environment.empty() ? "policy" : record.proposal.environment.text();
    if (!options.yes && !host.asks) {
        host.log << "rehearse: without a terminal to ask on, 'rehearse approve' wants --yes\n";
        return 2;
    }
    if (!options.yes && !confirm(host, "You approve this with your key.", word)) {
        host.log << "Nothing was approved.\n";
        return 3;
    }
    const Approval approval{.nonce = record.proposal.nonce,
                            .decision = Decision::approve,
                            .text = text,
                            .signature = signature_for(host, workspace, policy, options, text),
                            .by = requester(host),
                            .at = host.clock.wall()};
    // Only what counts is kept: the ledger of approvals holds no noise, and the approver hears why.
    const auto signers = read_allowed_signers(policy.allowed_signers, "allowed_signers");
    const auto voter = voter_of(approval, text,
                                {.policy = *policy.policy,
                                 .signers = signers,
                                 .requesters = {record.proposal.by},
                                 .now = host.clock.wall()});
    if (const auto* why = std::get_if<std::string>(&voter)) {
        host.log << "guard refused: approve: this approval does not count: " << words::printable(*why)
                 << "; those who may: " << who_may(*policy.policy, PolicyAct::approve) << "\n";
        return 3;
    }
    workspace.ledger().record_approval(approval);
    record.approvals.push_back(approval);
    print(invocation, record, where_it_stands(record, policy, {}, host.clock.wall()));
    return 0;
}

struct Denial {
    std::string subject, reason;
};

int deny(const Invocation& invocation, const Denial& options) {
    const Host& host = invocation.host;
    Workspace workspace = invocation.workspace();
    const PolicyInForce policy = require_policy(workspace);
    ProposalRecord record = find_proposal(workspace, options.subject);
    // No key and no role: to say no must never be harder than to say yes.
    const Approval denial{.nonce = record.proposal.nonce,
                          .decision = Decision::deny,
                          .reason = options.reason,
                          .by = requester(host),
                          .at = host.clock.wall()};
    workspace.ledger().record_approval(denial);
    record.approvals.push_back(denial);
    print(invocation, record, where_it_stands(record, policy, {}, host.clock.wall()));
    return 0;
}

}  // namespace

void add_approve(Commands& commands) {
    auto options = std::make_shared<Options>();
    Command command = commands.add(
        "approve", "shows what waits for approval, and signs it with your SSH key; without a hash: lists it",
        "rehearse approve sha256:4f1c... --key ~/.ssh/id_ed25519", true);
    command.option("HASH", options->subject, "plan hash or other hash, or its beginning");
    command.option("--key", options->key,
                   "private key, or a public one whose private half the agent has; default: the agent's "
                   "first key that the policy knows");
    command.option("--text", options->text,
                   "sign elsewhere: write what is to be signed into this file, and stop");
    command.option("--signature", options->signature, "take a signature that was made elsewhere");
    command.flag("--yes", options->yes, "don't ask (needed where there is no terminal)");
    commands.on(command, [options](const Invocation& invocation) { return approve(invocation, *options); });
}

void add_deny(Commands& commands) {
    auto options = std::make_shared<Denial>();
    Command command =
        commands.add("deny", "kills what waits for approval: one denial is enough, and needs no key",
                     "rehearse deny sha256:4f1c... --reason 'not during the sale'", true);
    command.option("HASH", options->subject, "plan hash or other hash, or its beginning").required();
    command.option("--reason", options->reason, "why; kept in the ledger");
    commands.on(command, [options](const Invocation& invocation) { return deny(invocation, *options); });
}

}  // namespace rehearse
