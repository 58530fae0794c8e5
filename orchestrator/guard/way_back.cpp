// Interlocks that keep the way back open: nothing it needs is a target, nothing stands in its way, there is
// room.
#include <algorithm>
#include <map>

#include "orchestrator/guard/guard.h"

namespace rehearse {

namespace {

/// Lexical, on paths that were resolved by who gathered them.
bool is_inside(const std::filesystem::path& path, const std::filesystem::path& folder) {
    const auto [mismatch, rest] = std::mismatch(folder.begin(), folder.end(), path.begin(), path.end());
    return mismatch == folder.end() || (std::next(mismatch) == folder.end() && mismatch->empty());
}

bool is_destroyed(const Plan& plan, const ResourceName& resource) {
    return std::any_of(plan.destroy.begin(), plan.destroy.end(),
                       [&](const PlanStep& step) { return step.resource == resource; });
}

std::string join(const std::vector<std::string>& values) {
    std::string text;
    for (const std::string& value : values) text += (text.empty() ? "" : ", ") + value;
    return text;
}

}  // namespace

InterlockResult check_way_back(const GuardFacts& facts) {
    InterlockResult result;
    std::vector<std::filesystem::path> needed = facts.way_back;
    for (const ResourceFacts& resource : facts.resources) {
        needed.insert(needed.end(), resource.way_back.begin(), resource.way_back.end());
    }
    result.saw = std::to_string(needed.size()) + " paths that the way back needs";
    for (const ResourceFacts& resource : facts.resources) {
        // Any resource may be written by its restore, so all roots count; rollback drills change without
        // naming.
        for (const std::filesystem::path& target : resource.paths) {
            for (const std::filesystem::path& path : needed) {
                if (!is_inside(path, target)) continue;
                result.reason += (result.reason.empty() ? "" : "; ") + resource.resource.text() + ": " +
                                 path.string() + " lies inside " + target.string();
            }
            for (const std::filesystem::path& path : facts.way_back) {
                if (!is_inside(target, path)) continue;
                result.reason += (result.reason.empty() ? "" : "; ") + resource.resource.text() + ": " +
                                 target.string() + " lies inside " + path.string();
            }
        }
    }
    result.passed = result.reason.empty() && !facts.way_back.empty();
    if (!result.passed && result.reason.empty()) result.reason = "what the way back needs is not known";
    if (!result.passed)
        result.remedy = "move the workspace, the program or the marker out of what the drill touches";
    return result;
}

InterlockResult check_sessions(const GuardFacts& facts) {
    InterlockResult result;
    std::size_t count = 0;
    for (const ResourceFacts& resource : facts.resources) {
        if (!is_destroyed(facts.plan, resource.resource) || resource.sessions.empty()) continue;
        count += resource.sessions.size();
        const PlanResource* planned = find_resource(facts.plan, resource.resource);
        if (planned != nullptr && text_or(planned->options, "sessions", "refuse") == "disconnect") continue;
        result.reason += (result.reason.empty() ? "" : "; ") + resource.resource.text() + " is in use by " +
                         join(resource.sessions);
    }
    result.saw = std::to_string(count) + " sessions of other people";
    result.passed = result.reason.empty();
    if (!result.passed) {
        result.remedy =
            "end them, stop the application in a before_destroy hook, or set 'sessions: disconnect' in the "
            "environment file";
    }
    return result;
}

InterlockResult check_obstacles(const GuardFacts& facts) {
    InterlockResult result;
    std::size_t count = 0;
    for (const ResourceFacts& resource : facts.resources) {
        count += resource.obstacles.size();
        if (!resource.obstacles.empty()) {
            result.reason += (result.reason.empty() ? "" : "; ") + resource.resource.text() + ": " +
                             join(resource.obstacles);
        }
    }
    result.saw = std::to_string(count) + " obstacles";
    result.passed = count == 0;
    if (!result.passed) result.remedy = "mend them, then run 'rehearse doctor'";
    return result;
}

InterlockResult check_disk(const GuardFacts& facts) {
    InterlockResult result;
    constexpr std::uint64_t reserve = 64U << 20U;  // for logs, the ledger and the file system itself
    std::map<std::filesystem::path, std::pair<std::uint64_t, std::uint64_t>> places;  // needed, free
    for (const ResourceFacts& resource : facts.resources) {
        if (resource.restore_disk.empty()) continue;
        auto& [needed, free] = places[resource.restore_disk];
        needed += resource.bytes;
        free = resource.disk_free;
    }
    for (const auto& [path, sizes] : places) {
        const auto& [needed, free] = sizes;
        result.saw += (result.saw.empty() ? "" : ", ") + path.string() + ": needs " +
                      std::to_string(needed >> 20U) + " MiB, free " + std::to_string(free >> 20U) + " MiB";
        if (free < needed + reserve) {
            result.reason += (result.reason.empty() ? "" : "; ") + path.string() + ": the restore needs " +
                             std::to_string((needed + reserve) >> 20U) + " MiB, free are " +
                             std::to_string(free >> 20U) + " MiB";
        }
    }
    if (places.empty()) result.saw = "nothing is restored to a local disk";
    result.passed = result.reason.empty();
    if (!result.passed) result.remedy = "free some disk space";
    return result;
}

}  // namespace rehearse
