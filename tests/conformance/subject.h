// What the conformance suite needs of an adapter's real world: a resource that it can seed, change and look
// around.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "orchestrator/ports/adapter.h"

namespace rehearse::test {

/// One live resource in a fresh place, and a second one beside it. Made anew for each promise; may share a
/// server.
class ConformanceSubject {
  public:
    virtual ~ConformanceSubject() = default;

    /// Brings the resource into one known state with at least two items, from whatever state it is in.
    virtual void seed() = 0;
    /// A new adapter on the resource: each verb may be asked of another one, as after a restart.
    [[nodiscard]] virtual std::unique_ptr<Adapter> adapter() = 0;
    /// An adapter of the same kind on another resource that is there too: its identity differs.
    [[nodiscard]] virtual std::unique_ptr<Adapter> other() = 0;
    /// Changes one item behind the adapter's back, so that a capture must differ.
    virtual void change_one_item() = 0;
    /// Adds one item that seed() does not make. False where the kind of resource has no such thing.
    [[nodiscard]] virtual bool add_one_item() = 0;
    /// Patterns for Selection that mean at least one item and not all. Empty: items are not chosen one by
    /// one.
    [[nodiscard]] virtual std::vector<std::string> some_items() = 0;
    /// All that lies around the resource and no verb may touch, as text: the second resource, neighbours.
    [[nodiscard]] virtual std::string outside() = 0;
};

struct ConformanceEntry {
    std::string_view adapter;  // as registered
    std::unique_ptr<ConformanceSubject> (*make)();
    /// Why it cannot run here ("PostgreSQL is not installed"); empty: it can.
    std::string (*missing)();
};

/// One line for each registered adapter, in subjects.cpp.
[[nodiscard]] std::span<const ConformanceEntry> conformance_subjects();

}  // namespace rehearse::test
