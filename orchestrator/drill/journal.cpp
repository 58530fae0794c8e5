// Journal: batches events into durable commits, then tells the observer.
#include "orchestrator/drill/journal.h"

#include <utility>

namespace rehearse {

Journal::Journal(World& world, Lease& lease, DrillRecord& record, std::vector<DrillEvent> earlier)
    : world_(world), lease_(lease), record_(record), boot_(world.clock.boot()), events_(std::move(earlier)) {}

void Journal::add(EventKind kind, json::object body) {
    added_.push_back({.kind = kind,
                      .steady = world_.clock.steady(),
                      .wall = world_.clock.wall(),
                      .boot = boot_,
                      .body = std::move(body)});
}

Task<void> Journal::write() {
    if (added_.empty()) co_return;
    co_await commit({});
}

Task<void> Journal::enter(DrillState state) {
    add(EventKind::state, {{"state", std::string(to_string(state))}});
    JournalBatch batch;
    batch.state = state;
    co_await commit(std::move(batch));
}

Task<void> Journal::finish(Verdict verdict, json::object result, std::optional<Quarantine> quarantine) {
    const DrillState state = drill_state_from(to_string(verdict));
    add(EventKind::state, {{"state", std::string(to_string(state))}});
    JournalBatch batch;
    batch.state = state;
    batch.verdict = verdict;
    batch.ended_at = world_.clock.wall();
    batch.result = result;
    batch.quarantine = std::move(quarantine);
    record_.verdict = verdict;
    record_.ended_at = batch.ended_at;
    record_.result = std::move(result);
    co_await commit(std::move(batch));
}

Task<void> Journal::commit(JournalBatch batch) {
    batch.events = std::exchange(added_, {});
    const std::optional<DrillState> state = batch.state;
    auto events = batch.events;
    auto append = [this, &batch] { return world_.ledger.append(lease_, record_.id, batch); };
    const std::uint64_t last = co_await on_worker(world_.workers, append);
    if (state) record_.state = *state;
    std::uint64_t sequence = last - events.size();
    for (DrillEvent& event : events) {
        event.sequence = ++sequence;
        event.epoch = lease_.epoch;
        events_.push_back(event);
        world_.observer.on_event(record_, event);
    }
}

}  // namespace rehearse
