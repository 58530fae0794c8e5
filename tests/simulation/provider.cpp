// The simulated adapter: the five verbs on a live resource, each with its latency and its ways to go wrong.
#include "tests/simulation/provider.h"

#include <algorithm>
#include <utility>

#include "orchestrator/base/failure.h"

namespace rehearse::simulation {

namespace {

using namespace std::chrono_literals;

Failure failure(FailureKind kind, const std::string& verb, const Resource& resource, std::string message) {
    return Failure({.kind = kind,
                    .operation = verb,
                    .object = resource.name.text(),
                    .message = std::move(message),
                    .remedy = "see the simulation"});
}

class SimulatedAdapter final : public Adapter {
  public:
    SimulatedAdapter(Resource& resource, Provider& provider) : live_(resource), provider_(provider) {}

    IdentityReport identify(const Identity* recorded) override {
        reach("identify");
        const Identity here{{"system", live_.system}};
        if (recorded != nullptr && *recorded != here)
            return {IdentityMatch::other, here, "it is " + live_.system};
        const bool there = is_stale() ? live_.stale_there : live_.there;
        return {there ? IdentityMatch::same : IdentityMatch::absent, here, there ? "" : "it is not there"};
    }

    Observation observe(const Selection& selection) override {
        reach("observe");
        const bool stale = is_stale();
        const auto& items = stale ? live_.stale_items : live_.items;
        Observation seen;
        if (!(stale ? live_.stale_there : live_.there)) return seen;
        std::set<std::string> matched;
        for (const auto& [name, content] : items) {
            ++seen.items_in_resource;
            seen.bytes_in_resource += content.size();
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
        reach("capture");
        const Duration began = provider_.now();
        const auto items = live_.items;
        CaptureReport report{
            .consistent_at = provider_.clock().wall(), .items = items.size(), .restorability_proved = true};
        for (const auto& [name, content] : items) writer.blob(name, content);
        writer.blob("fields", "system " + live_.system);
        provider_.pass(0ms, 4ms);
        live_.capture_began_at = began;
        return report;
    }

    void destroy(const DestroyRequest& request) override {
        reach("destroy");
        const Identity here{{"system", live_.system}};
        if (request.expected != here)
            throw failure(FailureKind::refused, "destroy", live_, "another identity");
        provider_.on_destroy(live_, request);
        if (provider_.strikes(Fault::late_delivery)) {
            provider_.later(live_, provider_.random().between(100ms, 20s), true, [&live = live_, request] {
                for (const std::string& item : request.items) live.items.erase(item);
                if (request.whole) live.there = false;
            });
            throw failure(FailureKind::unknown_outcome, "destroy", live_, "no answer in time");
        }
        const bool half = request.options.contains("half") || provider_.strikes(Fault::partial);
        std::size_t done = 0;
        for (const std::string& item : request.items) {
            if (request.stop.stop_requested())
                throw failure(FailureKind::cancelled, "destroy", live_, "stopped");
            if (half && done * 2 >= request.items.size())
                throw failure(FailureKind::permanent, "destroy", live_, "it failed half-way");
            provider_.pass(0ms, 3ms);
            change("destroy", [&] { live_.items.erase(item); });
            ++done;
        }
        if (request.whole) change("destroy", [&] { live_.there = false; });
        answer("destroy");
    }

    RestoreReport restore(const TreeReader& tree, const RestoreRequest& request) override {
        provider_.on_restore(live_, request);
        reach("restore");
        const Identity here{{"system", live_.system}};
        if (request.expected != here)
            throw failure(FailureKind::refused, "restore", live_, "another identity");
        RestoreReport report;
        std::map<std::string, std::string> wanted;
        for (const TreeEntry& entry : tree.entries()) {
            if (entry.name != "fields") wanted[entry.name] = tree.blob(entry.name);
        }
        if (provider_.strikes(Fault::late_delivery)) {
            // It comes when the drill has long gone on, or another one has begun.
            provider_.later(live_, provider_.random().between(100ms, 60s), false, [&live = live_, wanted] {
                live.there = true;
                live.items = wanted;
            });
            throw failure(FailureKind::unknown_outcome, "restore", live_, "no answer in time");
        }
        const bool half = provider_.strikes(Fault::partial);
        if (!live_.there) change("restore", [&] { live_.there = true; });
        std::size_t done = 0;
        for (const auto& [name, content] : wanted) {
            if (half && done * 2 >= wanted.size())
                throw failure(FailureKind::transient, "restore", live_, "it was made only in part");
            ++done;
            const auto there = live_.items.find(name);
            if (there != live_.items.end() && there->second == content) continue;
            provider_.pass(0ms, 3ms);
            change("restore", [&] { live_.items[name] = content; });
            ++report.items_restored;
            report.bytes_restored += content.size();
        }
        std::vector<std::string> extra;
        for (const auto& [name, content] : live_.items) {
            if (!wanted.contains(name)) extra.push_back(name);
        }
        for (const std::string& name : extra) {
            change("restore", [&] { live_.items.erase(name); });
            ++report.items_removed;
        }
        answer("restore");
        return report;
    }

    std::optional<std::string> read_marker() override {
        reach("read marker");
        return live_.marker;
    }
    void write_marker(const std::string& text) override {
        reach("write marker");
        if (provider_.may_change("marker of " + live_.name.text())) live_.marker = text;
        answer("write marker");
    }

  private:
    /// What was there before the newest change is told once more.
    bool is_stale() {
        return provider_.now() - live_.changed_at < 2s && provider_.strikes(Fault::stale_read);
    }
    /// The call's way to the provider: all that can fail before there is an effect.
    void reach(const std::string& verb) {
        provider_.pass(0ms, 4ms);
        const Duration now = provider_.now();
        const bool effect = verb == "destroy" || verb == "restore" || verb == "write marker";
        if (effect && now < live_.refused_until) {
            provider_.struck(Fault::permission);
            throw failure(FailureKind::refused, verb, live_, "permission lost");
        }
        if (now < live_.throttled_until) {
            provider_.struck(Fault::throttling);
            throw failure(FailureKind::transient, verb, live_, "slow down");
        }
        if (effect && provider_.strikes(Fault::permission)) {
            live_.refused_until = now + provider_.random().between(10ms, 20s);
            throw failure(FailureKind::refused, verb, live_, "permission lost");
        }
        if (provider_.strikes(Fault::throttling)) {
            live_.throttled_until = now + provider_.random().between(10ms, 3s);
            throw failure(FailureKind::transient, verb, live_, "slow down");
        }
        if (provider_.strikes(Fault::fail_before)) {
            throw failure(provider_.random().once_in(2) ? FailureKind::transient : FailureKind::permanent,
                          verb, live_, "no connection");
        }
    }
    void answer(const std::string& verb) {
        provider_.pass(0ms, 4ms);
        if (provider_.strikes(Fault::timeout_after))
            throw failure(FailureKind::unknown_outcome, verb, live_, "no answer in time");
    }
    template <class Change>
    void change(const std::string& verb, Change make) {
        if (!provider_.may_change(verb + " " + live_.name.text())) {
            throw failure(FailureKind::permanent, verb, live_, "the process is dead");
        }
        live_.stale_items = live_.items;
        live_.stale_there = live_.there;
        make();
        live_.engine_change_at = provider_.now();
        provider_.changed(live_);
    }

    Resource& live_;
    Provider& provider_;
};

}  // namespace

std::unique_ptr<Adapter> make_adapter(Resource& resource, Provider& provider) {
    return std::make_unique<SimulatedAdapter>(resource, provider);
}

}  // namespace rehearse::simulation
