// Interlocks on who the live resources are: whether they can be read, markers, identities. A host name proves
// nothing.
#include "orchestrator/guard/guard.h"

namespace rehearse {

namespace {

std::string enroll_again(const GuardFacts& facts) {
    return "if this really is " + facts.plan.environment.text() + ", run 'rehearse enroll " +
           facts.plan.environment.text() + "' again";
}

const ResourceFacts* facts_of(const GuardFacts& facts, const ResourceName& name) {
    for (const ResourceFacts& resource : facts.resources) {
        if (resource.resource == name) return &resource;
    }
    return nullptr;
}

}  // namespace

InterlockResult check_reachable(const GuardFacts& facts) {
    InterlockResult result{.passed = facts.unreadable.empty()};
    result.saw = facts.unreadable.empty()
                     ? std::to_string(facts.plan.resources.size()) + " resources"
                     : std::to_string(facts.unreadable.size()) + " of " +
                           std::to_string(facts.plan.resources.size()) + " resources can't be read";
    for (const auto& [name, why] : facts.unreadable) {
        FailureFields told = why;
        told.remedy.clear();  // it stands in the result's own
        result.reason += (result.reason.empty() ? "" : "; ") + name.text() + ": " + Failure(told).what();
        const std::string& remedy = why.remedy.empty() ? "run 'rehearse doctor'" : why.remedy;
        if (result.remedy.find(remedy) == std::string::npos) {
            result.remedy += (result.remedy.empty() ? "" : "; ") + remedy;
        }
    }
    return result;
}

InterlockResult check_marker(const GuardFacts& facts) {
    InterlockResult result{.saw = std::to_string(facts.resources.size()) + " resources"};
    for (const PlanResource& resource : facts.plan.resources) {
        const ResourceFacts* known = facts_of(facts, resource.name);
        std::string problem;
        if (known == nullptr) {
            problem = "nothing is known of it";
        } else if (!known->marker) {
            problem = known->marker_problem.empty() ? "it carries no marker" : known->marker_problem;
        } else if (known->marker->environment != facts.plan.environment ||
                   known->marker->resource != resource.name) {
            problem = "its marker is for " + known->marker->environment.text() + "/" +
                      known->marker->resource.text();
        } else if (known->marker->identity != resource.identity) {
            problem = "its marker was planted for another identity";
        } else if (facts.enrolment && known->marker->nonce != facts.enrolment->nonce) {
            problem = "its marker is of another enrolment";
        } else if (known->marker->epoch > facts.ledger_epoch) {
            problem = "its marker holds epoch " + std::to_string(known->marker->epoch) +
                      ", newer than the ledger's " + std::to_string(facts.ledger_epoch) +
                      ": another orchestrator works here, or this ledger is an old copy";
        }
        if (!problem.empty()) {
            result.reason += (result.reason.empty() ? "" : "; ") + resource.name.text() + ": " + problem;
        }
    }
    result.passed = result.reason.empty() && !facts.plan.resources.empty();
    if (!result.passed) result.remedy = enroll_again(facts);
    return result;
}

InterlockResult check_identity(const GuardFacts& facts) {
    InterlockResult result;
    for (const PlanResource& resource : facts.plan.resources) {
        const ResourceFacts* known = facts_of(facts, resource.name);
        if (known == nullptr) {
            result.reason +=
                (result.reason.empty() ? "" : "; ") + resource.name.text() + ": nothing is known of it";
            continue;
        }
        result.saw += (result.saw.empty() ? "" : ", ") + resource.name.text() + " " +
                      std::string(to_string(known->identity.match));
        if (known->identity.match == IdentityMatch::same) continue;
        const std::string why =
            known->identity.match == IdentityMatch::absent
                ? known->identity.explanation
                : "it is not the one that was enrolled (" + known->identity.explanation + ")";
        result.reason += (result.reason.empty() ? "" : "; ") + resource.name.text() + ": " + why;
    }
    result.passed = result.reason.empty() && !facts.plan.resources.empty();
    if (!result.passed) {
        result.remedy =
            "check the connection, path or command in the environment file; " + enroll_again(facts);
    }
    return result;
}

InterlockResult check_snapshot_identity(const GuardFacts& facts) {
    InterlockResult result{.saw = facts.snapshot ? "snapshot " + facts.snapshot->id.text() : "no snapshot"};
    if (!facts.snapshot) {
        result.reason = "there is no snapshot of this drill";
        return result;
    }
    for (const PlanResource& resource : facts.plan.resources) {
        const auto captured = facts.snapshot->identities.find(resource.name);
        if (captured != facts.snapshot->identities.end() && captured->second == resource.identity) continue;
        result.reason += (result.reason.empty() ? "" : "; ") + resource.name.text() +
                         ": the snapshot was taken of another identity than the plan names";
    }
    result.passed = result.reason.empty();
    if (!result.passed) result.remedy = "run the drill again; it takes a snapshot of its own";
    return result;
}

}  // namespace rehearse
