// No adapter is registered without being asked for its promises.
#include "adapters/registry.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "tests/conformance/subject.h"

using namespace rehearse;

TEST_CASE("every registered adapter has a subject in the conformance suite") {
    const auto subjects = test::conformance_subjects();
    for (const AdapterDescriptor* adapter : registered_adapters()) {
        CAPTURE(adapter->name);
        CHECK(std::any_of(subjects.begin(), subjects.end(), [&](const test::ConformanceEntry& entry) {
            return entry.adapter == adapter->name;
        }));
    }
}

TEST_CASE("every registered adapter says what it is, what it destroys and what it leaves out") {
    for (const AdapterDescriptor* adapter : registered_adapters()) {
        CAPTURE(adapter->name);
        CHECK_FALSE(adapter->summary.empty());
        CHECK_FALSE(adapter->destroys.empty());
        CHECK_FALSE(adapter->item.empty());
        CHECK((adapter->make != nullptr));
        for (const KeySpec& key : adapter->keys) CHECK_FALSE(key.help.empty());
    }
}
