// Names, digests and documents of proposals.
#include "orchestrator/model/approval.h"

#include "orchestrator/base/digest.h"
#include "orchestrator/base/failure.h"

namespace rehearse {

namespace {

constexpr std::string_view standing_schema = "rehearse.standing/v1";

json::array texts(const std::vector<std::string>& values) {
    json::array array;
    for (const std::string& value : values) array.emplace_back(value);
    return array;
}

}  // namespace

std::string_view to_string(ProposalKind kind) {
    switch (kind) {
        case ProposalKind::plan:
            return "plan";
        case ProposalKind::standing:
            return "standing";
        case ProposalKind::policy:
            return "policy";
    }
    return "";
}

ProposalKind proposal_kind_from(std::string_view text) {
    for (const ProposalKind kind : {ProposalKind::plan, ProposalKind::standing, ProposalKind::policy}) {
        if (to_string(kind) == text) return kind;
    }
    throw Failure({.kind = FailureKind::invalid_input,
                   .operation = "read proposal",
                   .object = std::string(text),
                   .native_code = {},
                   .message = "there is no such kind of proposal",
                   .remedy = {}});
}

std::string_view to_string(Decision decision) { return decision == Decision::approve ? "approve" : "deny"; }

std::string targets_digest(const Plan& plan) {
    json::array targets;
    for (const PlanStep& step : plan.destroy) {
        targets.emplace_back(json::object{{"resource", step.resource.text()},
                                          {"patterns", texts(step.patterns)},
                                          {"options", step.options},
                                          {"items", texts(step.items)}});
    }
    return "sha256:" + sha256_hex(canonical_json(targets));
}

json::array selectors_of(const Plan& plan) {
    json::array selectors;
    for (const PlanStep& step : plan.destroy) {
        selectors.emplace_back(json::object{{"resource", step.resource.text()},
                                            {"patterns", texts(step.patterns)},
                                            {"options", step.options}});
    }
    return selectors;
}

json::object to_json(const Standing& standing) {
    return {{"schema", standing_schema},
            {"playbook", standing.playbook.text()},
            {"playbook_digest", standing.playbook_digest},
            {"environment", standing.environment.text()},
            {"selectors", standing.selectors},
            {"approvals", standing.approvals},
            {"max_items", standing.max_items},
            {"runs", standing.runs},
            {"expires", to_rfc3339(standing.expires)}};
}

Standing standing_from_json(const json::object& document, const std::string& origin) {
    if (text_at(document, "schema", origin) != standing_schema) {
        throw Failure({.kind = FailureKind::invalid_input,
                       .operation = "read standing approval",
                       .object = origin,
                       .native_code = {},
                       .message = "it is of another schema than " + std::string(standing_schema),
                       .remedy = {}});
    }
    const Standing standing{.playbook = PlaybookName(text_at(document, "playbook", origin)),
                            .playbook_digest = text_at(document, "playbook_digest", origin),
                            .environment = EnvironmentName(text_at(document, "environment", origin)),
                            .selectors = array_at(document, "selectors", origin),
                            .approvals = number_at<int>(document, "approvals", origin),
                            .max_items = number_at<std::uint64_t>(document, "max_items", origin),
                            .runs = number_at<std::uint64_t>(document, "runs", origin),
                            .expires = parse_rfc3339(text_at(document, "expires", origin))};
    require_understood(to_json(standing), document, origin);
    return standing;
}

}  // namespace rehearse
