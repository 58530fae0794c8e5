// Reading policy.yaml, and showing what a change of it changes.
#include "orchestrator/cli/policy_change.h"

#include <algorithm>
#include <vector>

#include "orchestrator/base/digest.h"
#include "orchestrator/base/failure.h"
#include "orchestrator/base/file.h"
#include "orchestrator/guard/allowed_signers.h"
#include "orchestrator/playbook/policy.h"
#include "orchestrator/report/words.h"

namespace rehearse {

namespace {

constexpr std::size_t largest_policy = 1U << 20U;
constexpr std::size_t most_compared = 4'000'000;  // pairs of lines

std::vector<std::string> lines_of(const std::string& text) {
    std::vector<std::string> lines;
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t end = std::min(text.find('\n', at), text.size());
        lines.push_back(text.substr(at, end - at));
        at = end + 1;
    }
    return lines;
}

/// The lines that went with -, those that came with +, the others with a space: by the longest common
/// sequence.
std::string difference(const std::string& before, const std::string& after) {
    const std::vector<std::string> a = lines_of(before), b = lines_of(after);
    if (a.size() * b.size() > most_compared) return after;
    std::vector<std::vector<std::size_t>> common(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
    for (std::size_t i = a.size(); i-- > 0;) {
        for (std::size_t j = b.size(); j-- > 0;) {
            common[i][j] =
                a[i] == b[j] ? common[i + 1][j + 1] + 1 : std::max(common[i + 1][j], common[i][j + 1]);
        }
    }
    std::string text;
    const auto line = [&](char sign, const std::string& content) {
        text += std::string(1, sign) + " " + words::printable(content) + "\n";
    };
    std::size_t i = 0, j = 0;
    while (i < a.size() || j < b.size()) {
        if (i < a.size() && j < b.size() && a[i] == b[j]) {
            line(' ', a[i++]);
            ++j;
        } else if (j == b.size() || (i < a.size() && common[i + 1][j] >= common[i][j + 1])) {
            line('-', a[i++]);
        } else {
            line('+', b[j++]);
        }
    }
    return text;
}

std::string read_signers(const std::filesystem::path& file) {
    try {
        return read_file(file, largest_policy);
    } catch (const Failure& failure) {
        FailureFields fields = failure.fields();
        fields.kind = FailureKind::invalid_input;
        fields.operation = "read the policy's allowed_signers";
        fields.remedy =
            "list whose keys sign there, a line each (ssh-keygen(1), ALLOWED SIGNERS); an empty file where "
            "nobody does yet";
        throw Failure(std::move(fields));
    }
}

}  // namespace

PolicyFiles read_policy_files(const Workspace& workspace) {
    Loaded<Policy> loaded = load_policy(workspace.policy_file());
    if (!loaded.problems.empty()) throw failure_from(loaded.problems);
    const std::string signers = read_signers(loaded.value->allowed_signers_file);
    (void)read_allowed_signers(signers, loaded.value->allowed_signers_file);
    PolicyFiles files{
        .policy = std::move(*loaded.value),
        .document = policy_document(read_file(workspace.policy_file(), largest_policy), signers),
        .digest = {}};
    files.digest = "sha256:" + sha256_hex(files.document);
    return files;
}

std::string policy_change_text(Workspace& workspace, const Proposal& proposal) {
    const json::object after = parse_json_object(proposal.document, proposal.subject);
    json::object before;
    if (const auto adopted = workspace.ledger().adopted_policy())
        before = parse_json_object(adopted->document, adopted->digest);
    std::string text = "A changed policy (- in force, + proposed):\n";
    for (const char* file : {"policy", "allowed_signers"}) {
        text += std::string("\n") + file + ":\n" +
                difference(text_or(before, file, ""), text_at(after, file, proposal.subject));
    }
    return text;
}

}  // namespace rehearse
