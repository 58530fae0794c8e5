// Journal: batches events into durable commits, then tells the observer.
#include "orchestrator/drill/journal.h"

#include <algorithm>
#include <exception>
#include <iterator>
#include <utility>

#include "orchestrator/base/failure.h"

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
    // One at a time: what is being committed stays in added_ until it is known to be durable.
    if (!turn_) turn_.emplace(co_await boost::asio::this_coro::executor);
    while (committing_) co_await turn_->wait();
    committing_ = true;
    std::exception_ptr error;
    try {
        if (unsure_) co_await read_back();
        if (!added_.empty() || batch.state) co_await append(std::move(batch));
    } catch (...) {
        error = std::current_exception();
    }
    committing_ = false;
    turn_->all();
    if (error) std::rethrow_exception(error);
}

Task<void> Journal::append(JournalBatch batch) {
    batch.events = added_;
    const std::size_t count = added_.size();
    auto work = [this, &batch] { return world_.ledger.append(lease_, record_.id, batch); };
    std::uint64_t last = 0;
    try {
        last = co_await on_worker(world_.workers, work);
    } catch (const Failure& failure) {
        unsure_ = failure.kind() == FailureKind::unknown_outcome;
        if (!unsure_) forget_end();
        throw;
    }
    // Others may have added events meanwhile.
    const auto end = added_.begin() + static_cast<std::ptrdiff_t>(count);
    std::vector<DrillEvent> events(std::make_move_iterator(added_.begin()), std::make_move_iterator(end));
    added_.erase(added_.begin(), end);
    take_over(std::move(events), last);
}

/// A commit whose outcome was not seen is never sent again: what the ledger has is durable, the rest is not.
Task<void> Journal::read_back() {
    auto read = [this] { return world_.ledger.events(record_.id); };
    const std::vector<DrillEvent> there = co_await on_worker(world_.workers, read);
    unsure_ = false;
    if (there.size() <= events_.size()) {
        forget_end();
        co_return;
    }
    const std::size_t count = std::min(there.size() - events_.size(), added_.size());
    const auto end = added_.begin() + static_cast<std::ptrdiff_t>(count);
    added_.erase(added_.begin(), end);
    std::vector<DrillEvent> events(there.begin() + static_cast<std::ptrdiff_t>(events_.size()), there.end());
    take_over(std::move(events), there.size());
    forget_end();
}

/// A verdict is committed with its result and quarantine or not at all: finish() adds its state anew.
void Journal::forget_end() {
    std::erase_if(added_, [](const DrillEvent& event) {
        return event.kind == EventKind::state &&
               is_terminal(drill_state_from(text_or(event.body, "state", "")));
    });
}

void Journal::take_over(std::vector<DrillEvent> events, std::uint64_t last) {
    std::uint64_t sequence = last - events.size();
    for (DrillEvent& event : events) {
        event.sequence = ++sequence;
        event.epoch = lease_.epoch;
        if (event.kind == EventKind::state)
            record_.state = drill_state_from(text_or(event.body, "state", ""));
        events_.push_back(std::move(event));
        world_.observer.on_event(record_, events_.back());
    }
}

}  // namespace rehearse
