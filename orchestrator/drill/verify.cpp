// Proving that what came back equals what was there.
#include "orchestrator/drill/verify.h"

#include <fnmatch.h>

#include <algorithm>

#include "orchestrator/drill/snapshot.h"

namespace rehearse {

namespace {
constexpr std::size_t most_differences = 1000;
}

bool is_accepted(const std::vector<std::string>& patterns, const std::string& resource_and_path) {
    return std::any_of(patterns.begin(), patterns.end(), [&](const std::string& pattern) {
        return ::fnmatch(pattern.c_str(), resource_and_path.c_str(), 0) == 0;
    });
}

Task<Compared> verify(Execution& execution, std::string role, std::set<ResourceName> capture) {
    const SteadyTime began = execution.world.clock.steady();
    Compared compared;
    compared.after = co_await take_drill_snapshot(execution, role, std::move(capture));
    compared.equal = compared.after.tree == execution.before->tree;
    if (!compared.equal) {
        auto diff = [&] {
            return execution.world.store.diff(execution.before->id, compared.after.id, most_differences);
        };
        compared.differences = co_await on_worker(execution.world.workers, diff);
        for (const auto& [resource, tree] : execution.before->trees) {
            const auto now = compared.after.trees.find(resource);
            if (now == compared.after.trees.end() || now->second != tree) compared.different.insert(resource);
        }
    }
    json::array differences;
    bool accepted = true;
    for (const TreeDifference& difference : compared.differences) {
        const bool fine =
            is_accepted(execution.plan.verify.accept, difference.resource.text() + "/" + difference.path);
        accepted = accepted && fine;
        differences.emplace_back(json::object{{"resource", difference.resource.text()},
                                              {"kind", std::string(to_string(difference.kind))},
                                              {"path", difference.path},
                                              {"before", difference.before_id},
                                              {"after", difference.after_id},
                                              {"accepted", fine}});
    }
    // A list that was cut can't be accepted as a whole; nor can trees that differ without a listed
    // difference.
    accepted = accepted && !compared.differences.empty() && compared.differences.size() < most_differences;
    execution.journal.add(EventKind::note, {{"text", "compared"},
                                            {"compared", role},
                                            {"equal", compared.equal},
                                            {"accepted", compared.equal || accepted},
                                            {"before", execution.before->tree.text()},
                                            {"after", compared.after.tree.text()},
                                            {"differences", std::move(differences)}});
    execution.journal.add(EventKind::step_outcome,
                          {{"step", "verify-" + role},
                           {"stage", "verify"},
                           {"outcome", "done"},
                           {"message", ""},
                           {"began_ns", nanoseconds(began)},
                           {"ended_ns", nanoseconds(execution.world.clock.steady())}});
    co_return compared;
}

}  // namespace rehearse
