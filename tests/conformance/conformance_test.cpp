// The promises of the adapter contract, asked of every registered adapter.
#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <functional>
#include <stop_token>

#include "orchestrator/base/failure.h"
#include "tests/conformance/subject.h"
#include "tests/support/breaking_tree.h"
#include "tests/support/memory_tree.h"

using namespace rehearse;
using test::BreakingTree;
using test::ConformanceEntry;
using test::ConformanceSubject;
using test::MemoryTrees;

namespace {

/// A subject with what every promise needs.
struct World {
    explicit World(const ConformanceEntry& entry) : name(entry.adapter), subject(entry.make()) {
        subject->seed();
    }

    [[nodiscard]] Identity identity() { return subject->adapter()->identify(nullptr).live; }
    TreeId capture() {
        const auto writer = trees.writer();
        report = subject->adapter()->capture(*writer);
        return writer->finish();
    }
    [[nodiscard]] std::vector<std::string> items(std::vector<std::string> patterns = {}) {
        std::vector<std::string> names;
        for (Item& item : subject->adapter()->observe({.patterns = std::move(patterns)}).items) {
            names.push_back(std::move(item.name));
        }
        return names;
    }
    [[nodiscard]] DestroyRequest everything(const Identity& expected) {
        return {
            .items = items(), .whole = true, .expected = expected, .idempotency_key = "destroy", .epoch = 1};
    }
    RestoreReport restore(const TreeId& tree, const Identity& expected) {
        return subject->adapter()->restore(*trees.open(tree), {.expected = expected,
                                                               .uncompared = report.uncompared,
                                                               .idempotency_key = "restore",
                                                               .epoch = 1});
    }

    std::string name;
    std::unique_ptr<ConformanceSubject> subject;
    MemoryTrees trees;
    CaptureReport report{};
};

void for_each_adapter(const std::function<void(World&)>& promise) {
    for (const ConformanceEntry& entry : test::conformance_subjects()) {
        CAPTURE(entry.adapter);
        if (const std::string missing = entry.missing(); !missing.empty()) {
            MESSAGE("not asked of " << std::string(entry.adapter) << ": " << missing);
            continue;
        }
        World world(entry);
        promise(world);
    }
}

FailureKind kind_of_failure(const std::function<void()>& act) {
    try {
        act();
    } catch (const Failure& failure) {
        CHECK(std::string(failure.what()) != "");
        return failure.kind();
    }
    FAIL("it did not fail");
    return FailureKind::permanent;
}

}  // namespace

TEST_CASE("the same state gives the same tree") {
    for_each_adapter([](World& world) {
        const TreeId first = world.capture();
        CHECK(world.capture() == first);
        CHECK(world.report.items > 0);
        CHECK_FALSE(world.trees.open(first)->entries().empty());
    });
}

TEST_CASE("capture declares when its state held and what it leaves out") {
    for_each_adapter([](World& world) {
        static_cast<void>(world.capture());
        CHECK(world.report.consistent_at.since_epoch.count() > 0);
        CHECK((world.report.restorability_proved || !world.report.restorability.empty()));
        for (const std::string& name : world.report.normalised) CHECK_FALSE(name.empty());
    });
}

TEST_CASE("a changed item changes the tree, and restore puts it right") {
    for_each_adapter([](World& world) {
        const Identity identity = world.identity();
        const TreeId before = world.capture();
        const json::object uncompared = world.report.uncompared;
        world.subject->change_one_item();
        CHECK(world.capture() != before);
        world.report.uncompared = uncompared;
        world.restore(before, identity);
        CHECK(world.capture() == before);
    });
}

TEST_CASE("an added item changes the tree, and restore takes it away") {
    for_each_adapter([](World& world) {
        const Identity identity = world.identity();
        const TreeId before = world.capture();
        const json::object uncompared = world.report.uncompared;
        if (!world.subject->add_one_item()) return;
        CHECK(world.capture() != before);
        world.report.uncompared = uncompared;
        world.restore(before, identity);
        CHECK(world.capture() == before);
    });
}

TEST_CASE("what was destroyed comes back equal, and nothing around it is touched") {
    for_each_adapter([](World& world) {
        const Identity identity = world.identity();
        const std::string outside = world.subject->outside();
        const std::vector<std::string> items = world.items();
        CHECK(items.size() >= 1);
        CHECK(std::is_sorted(items.begin(), items.end()));
        CHECK(std::adjacent_find(items.begin(), items.end()) == items.end());
        const TreeId before = world.capture();
        world.subject->adapter()->destroy(world.everything(identity));
        CHECK(world.items().empty());
        CHECK(world.subject->outside() == outside);
        const RestoreReport report = world.restore(before, identity);
        CHECK(report.items_restored > 0);
        CHECK(world.capture() == before);
        CHECK(world.items() == items);
        CHECK(world.subject->outside() == outside);
    });
}

TEST_CASE("destroying some items leaves the others as they are") {
    for_each_adapter([](World& world) {
        const std::vector<std::string> patterns = world.subject->some_items();
        if (patterns.empty()) return;
        const Identity identity = world.identity();
        const TreeId before = world.capture();
        const std::vector<std::string> all = world.items();
        const std::vector<std::string> some = world.items(patterns);
        REQUIRE(!some.empty());
        REQUIRE(some.size() < all.size());
        std::vector<std::string> others;
        std::set_difference(all.begin(), all.end(), some.begin(), some.end(), std::back_inserter(others));
        world.subject->adapter()->destroy(
            {.items = some, .expected = identity, .idempotency_key = "some", .epoch = 1});
        CHECK(world.items() == others);
        CHECK(world.items(patterns).empty());
        world.restore(before, identity);
        CHECK(world.capture() == before);
    });
}

TEST_CASE("destroying twice is safe") {
    for_each_adapter([](World& world) {
        const Identity identity = world.identity();
        const TreeId before = world.capture();
        const DestroyRequest request = world.everything(identity);
        world.subject->adapter()->destroy(request);
        CHECK_NOTHROW(world.subject->adapter()->destroy(request));
        CHECK(world.items().empty());
        world.restore(before, identity);
        CHECK(world.capture() == before);
    });
}

TEST_CASE("restoring twice is safe, and the second time nothing is left to do") {
    for_each_adapter([](World& world) {
        const Identity identity = world.identity();
        const TreeId before = world.capture();
        world.subject->adapter()->destroy(world.everything(identity));
        world.restore(before, identity);
        const RestoreReport second = world.restore(before, identity);
        CHECK(second.items_restored == 0);
        CHECK(second.items_removed == 0);
        CHECK(world.capture() == before);
    });
}

TEST_CASE("a restore that broke off anywhere is finished by the next one") {
    for_each_adapter([](World& world) {
        const Identity identity = world.identity();
        const TreeId before = world.capture();
        const json::object uncompared = world.report.uncompared;
        for (const int blobs : {0, 1, 2, 3, 5, 8, 13}) {
            CAPTURE(blobs);
            world.subject->adapter()->destroy(world.everything(identity));
            std::atomic<int> left = blobs;
            const BreakingTree breaking(world.trees.open(before), left);
            try {
                world.subject->adapter()->restore(breaking, {.expected = identity, .uncompared = uncompared});
            } catch (const Failure&) {
            }
            world.report.uncompared = uncompared;
            world.restore(before, identity);
            CHECK(world.capture() == before);
        }
    });
}

TEST_CASE("a blob with a flipped byte fails the restore") {
    for_each_adapter([](World& world) {
        const Identity identity = world.identity();
        const TreeId before = world.capture();
        if (world.trees.files(before).empty()) return;
        world.subject->adapter()->destroy(world.everything(identity));
        // Whichever content is spoiled, the restore may not pass over it: spoil all of them.
        std::vector<std::string> trees{before.text()};
        const std::function<void(const TreeReader&)> spoil = [&](const TreeReader& tree) {
            for (const TreeEntry& entry : tree.entries()) {
                if (entry.is_directory) {
                    spoil(*tree.directory(entry.name));
                } else {
                    world.trees.flip_byte(BlobId(entry.id));
                }
            }
        };
        spoil(*world.trees.open(before));
        CHECK(kind_of_failure([&] { world.restore(before, identity); }) == FailureKind::permanent);
    });
}

TEST_CASE("an identity that differs is seen, and neither destroy nor restore touches anything") {
    for_each_adapter([](World& world) {
        const Identity identity = world.identity();
        const TreeId before = world.capture();
        const auto other = world.subject->other();
        const Identity foreign = other->identify(nullptr).live;
        CHECK(foreign != identity);
        CHECK(world.subject->adapter()->identify(&identity).match == IdentityMatch::same);
        const IdentityReport report = world.subject->adapter()->identify(&foreign);
        CHECK(report.match == IdentityMatch::other);
        CHECK_FALSE(report.explanation.empty());
        CHECK(report.live == identity);
        const DestroyRequest request = world.everything(foreign);
        CHECK(kind_of_failure([&] { world.subject->adapter()->destroy(request); }) == FailureKind::refused);
        CHECK(kind_of_failure([&] { world.restore(before, foreign); }) == FailureKind::refused);
        CHECK(world.capture() == before);
    });
}

TEST_CASE("identity stays the same across destroy and restore") {
    for_each_adapter([](World& world) {
        const Identity identity = world.identity();
        const TreeId before = world.capture();
        world.subject->adapter()->destroy(world.everything(identity));
        CHECK(world.subject->adapter()->identify(&identity).match != IdentityMatch::other);
        world.restore(before, identity);
        CHECK(world.subject->adapter()->identify(&identity).match == IdentityMatch::same);
        CHECK(world.identity() == identity);
    });
}

TEST_CASE("a marker is read back as it was written, is no item, and survives a destroy") {
    for_each_adapter([](World& world) {
        const TreeId before = world.capture();
        const std::vector<std::string> items = world.items();
        CHECK_FALSE(world.subject->adapter()->read_marker().has_value());
        for (const std::string& text :
             {std::string("{\"epoch\":1}\n"), std::string("{\"epoch\":2,\"x\":\"'\\\"\u00e9\"}")}) {
            world.subject->adapter()->write_marker(text);
            CHECK(world.subject->adapter()->read_marker() == text);
        }
        CHECK(world.items() == items);
        CHECK(world.capture() == before);
        const std::optional<std::string> marker = world.subject->adapter()->read_marker();
        const Identity identity = world.identity();
        world.subject->adapter()->destroy(world.everything(identity));
        CHECK(world.subject->adapter()->read_marker() == marker);
        world.restore(before, identity);
        CHECK(world.subject->adapter()->read_marker() == marker);
        CHECK(world.capture() == before);
    });
}

TEST_CASE("a destroy that is asked to stop says so, and what it left is restored") {
    for_each_adapter([](World& world) {
        const Identity identity = world.identity();
        const TreeId before = world.capture();
        std::stop_source stop;
        stop.request_stop();
        DestroyRequest request = world.everything(identity);
        request.stop = stop.get_token();
        CHECK(kind_of_failure([&] { world.subject->adapter()->destroy(request); }) == FailureKind::cancelled);
        CHECK(world.items() == request.items);
        world.restore(before, identity);
        CHECK(world.capture() == before);
    });
}

TEST_CASE("a pattern that selects nothing is reported") {
    for_each_adapter([](World& world) {
        if (world.subject->some_items().empty()) return;
        const Observation observation =
            world.subject->adapter()->observe({.patterns = {"there-is-no-such-item"}});
        CHECK(observation.items.empty());
        CHECK(observation.unmatched == std::vector<std::string>{"there-is-no-such-item"});
        CHECK(observation.items_in_resource > 0);
    });
}
