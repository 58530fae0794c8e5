// A resource in memory with a history: for tests of the engine, beside the real adapters' own tests on real
// servers.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "orchestrator/base/failure.h"
#include "orchestrator/ports/adapter.h"

namespace rehearse::test {

/// What all fakes of one test write down, in order: "destroy orders", "restore config".
struct History {
    std::mutex mutex;
    std::vector<std::string> lines;
    void add(const std::string& line) {
        const std::lock_guard lock(mutex);
        lines.push_back(line);
    }
    [[nodiscard]] std::vector<std::string> of(const std::string& verb) {
        const std::lock_guard lock(mutex);
        std::vector<std::string> found;
        for (const std::string& line : lines) {
            if (line.starts_with(verb + " ")) found.push_back(line.substr(verb.size() + 1));
        }
        return found;
    }
};

/// The live state, which outlives the adapters as a server outlives its clients.
struct FakeResource {
    std::string name;
    History& history;
    std::map<std::string, std::string> items{{"a", "1"}, {"b", "2"}};
    bool there = true;
    std::string system = "system-1";
    std::optional<std::string> marker{};
    std::string drifted{};  // what somebody changed since the last capture
    // Faults, each asked right where it would happen:
    std::function<void()> on_look = [] {};             // before identify answers
    std::function<void()> on_destroy = [] {};          // before the effect
    std::function<void()> after_half_destroy = [] {};  // after the first item
    std::function<void()> on_restore = [] {};
    std::function<void()> after_restore = [] {};
    std::function<void()> on_capture = [] {};
};

class FakeAdapter : public Adapter {
  public:
    FakeAdapter(FakeResource& resource, const Clock& clock) : live_(resource), clock_(clock) {}

    IdentityReport identify(const Identity* recorded) override {
        live_.on_look();
        const Identity here{{"system", live_.system}};
        if (recorded != nullptr && *recorded != here)
            return {IdentityMatch::other, here, "it is " + live_.system};
        return {live_.there ? IdentityMatch::same : IdentityMatch::absent, here,
                live_.there ? "" : "it is not there"};
    }

    std::string drift(const json::object&) override { return live_.drifted; }

    Observation observe(const Selection& selection) override {
        Observation seen;
        std::set<std::string> matched;
        for (const auto& [name, content] : live_.items) {
            if (!live_.there) continue;
            ++seen.items_in_resource;
            bool wanted = selection.patterns.empty();
            for (const std::string& pattern : selection.patterns) {
                if (pattern != "*" && pattern != name) continue;
                matched.insert(pattern);
                wanted = true;
            }
            if (wanted) seen.items.push_back({.name = name, .bytes = content.size()});
        }
        for (const std::string& pattern : selection.patterns) {
            if (!matched.contains(pattern)) seen.unmatched.push_back(pattern);
        }
        return seen;
    }

    CaptureReport capture(TreeWriter& writer) override {
        live_.history.add("capture " + live_.name);
        live_.on_capture();
        for (const auto& [name, content] : live_.items) writer.blob(name, content);
        return {.consistent_at = clock_.wall(), .items = live_.items.size(), .restorability_proved = true};
    }

    void destroy(const DestroyRequest& request) override {
        if (identify(&request.expected).match != IdentityMatch::same) {
            throw Failure(
                {.kind = FailureKind::refused, .operation = "destroy", .message = "another identity"});
        }
        live_.on_destroy();
        live_.history.add("destroy " + live_.name);
        bool half = false;
        for (const std::string& item : request.items) {
            if (request.stop.stop_requested())
                throw Failure({.kind = FailureKind::cancelled, .message = "stopped"});
            live_.items.erase(item);
            if (!half) live_.after_half_destroy();
            half = true;
        }
        if (request.whole) live_.there = false;
    }

    RestoreReport restore(const TreeReader& tree, const RestoreRequest& request) override {
        if (identify(&request.expected).match == IdentityMatch::other) {
            throw Failure(
                {.kind = FailureKind::refused, .operation = "restore", .message = "another identity"});
        }
        live_.on_restore();
        live_.history.add("restore " + live_.name);
        RestoreReport report;
        std::map<std::string, std::string> wanted;
        for (const TreeEntry& entry : tree.entries()) wanted[entry.name] = tree.blob(entry.name);
        for (const auto& [name, content] : wanted) {
            if (live_.items[name] != content || !live_.there) ++report.items_restored;
        }
        live_.items = wanted;
        live_.there = true;
        live_.after_restore();
        return report;
    }

    std::optional<std::string> read_marker() override { return live_.marker; }
    void write_marker(const std::string& text) override { live_.marker = text; }
    std::string query(const std::string&, Duration) override {
        if (!live_.there) throw Failure({.kind = FailureKind::transient, .message = "not there"});
        return std::to_string(live_.items.size());
    }

  private:
    FakeResource& live_;
    const Clock& clock_;
};

}  // namespace rehearse::test
