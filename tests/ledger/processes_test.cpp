// The same with real processes: contending, stopped, killed at random.
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <random>
#include <set>

#include "tests/ledger/child.h"
#include "tests/ledger/support.h"

using namespace rehearse;
using namespace rehearse::test;

namespace {

struct Real {
    TemporaryFolder folder;
    KernelClock clock{this_process().boot, std::chrono::seconds(30)};
    std::filesystem::path file = folder.path() / "ledger.sqlite";

    [[nodiscard]] std::unique_ptr<Ledger> open(
        std::chrono::milliseconds patience = std::chrono::seconds(10)) const {
        return open_sqlite_ledger({.file = file, .create = true, .patience = patience}, clock);
    }
};

}  // namespace

TEST_SUITE("processes") {
    TEST_CASE("this process is known by host, boot, pid and start time") {
        const auto table = linux_process_table();
        const LeaseOwner self = this_process();
        CHECK(self.process == ::getpid());
        CHECK_FALSE(self.host.empty());
        CHECK_FALSE(self.boot.empty());
        CHECK(table->life(self) == OwnerLife::running);
        LeaseOwner other = self;
        other.process_started += 1;
        CHECK(table->life(other) == OwnerLife::gone);
        other = self;
        other.boot = "another";
        CHECK(table->life(other) == OwnerLife::gone);
        other.host = "another";
        CHECK(table->life(other) == OwnerLife::remote);
        other = self;
        other.host += "/pid:[1]";
        CHECK(table->life(other) == OwnerLife::remote);
    }

    TEST_CASE("this process and pid 1 are never ended, nor one whose start time differs") {
        const auto table = linux_process_table();
        CHECK(table->end(this_process(), {}) == Ending::forbidden);
        LeaseOwner init = this_process();
        init.process = 1;
        CHECK(table->end(init, {}) == Ending::forbidden);
        Real real;
        Child child({"hold", real.file, "shop", "60000"});
        REQUIRE(child.line() == "held 1");
        LeaseOwner other = this_process();
        other.process = child.process();
        other.process_started = 1;
        CHECK(table->end(other, {}) == Ending::ended);
        CHECK(::waitpid(child.process(), nullptr, WNOHANG) == 0);
    }

    TEST_CASE("a process that ended, reaped or not, is gone") {
        Real real;
        const auto ledger = real.open();
        Child child({"hold", real.file, "shop", "60000"});
        REQUIRE(child.line() == "held 1");
        child.kill(SIGKILL);
        siginfo_t info{};
        REQUIRE(::waitid(P_PID, static_cast<id_t>(child.process()), &info, WEXITED | WNOWAIT) == 0);
        CHECK(ledger->acquire_lease(EnvironmentName("shop"), this_process(), std::chrono::minutes(1)).epoch ==
              2);
    }

    TEST_CASE("a live process keeps its lease against another one") {
        Real real;
        const auto ledger = real.open();
        Child child({"hold", real.file, "shop", "60000"});
        REQUIRE(child.line() == "held 1");
        const Failure failure = failure_of([&] {
            (void)ledger->acquire_lease(EnvironmentName("shop"), this_process(), std::chrono::minutes(1));
        });
        CHECK(failure.kind() == FailureKind::refused);
        CHECK(mentions(failure, "process " + std::to_string(child.process()) + " on this host"));
        CHECK(::waitpid(child.process(), nullptr, WNOHANG) == 0);
    }

    TEST_CASE("a stopped owner beyond its expiry is killed before its successor begins") {
        Real real;
        const auto ledger = real.open();
        Child child({"hold", real.file, "shop", "20000"});
        REQUIRE(child.line() == "held 1");
        child.kill(SIGSTOP);
        child.wait_until_stopped();
        CHECK(ledger->acquire_lease(EnvironmentName("shop"), this_process(), std::chrono::minutes(1)).epoch ==
              2);
        CHECK(child.was_killed());
    }

    TEST_CASE(
        "an owner stopped in the middle of a commit holds the ledger's lock, and is ended all the same") {
        Real real;
        const auto ledger = real.open(std::chrono::milliseconds(100));
        Child child({"stop-in-commit", real.file, "shop", "20000"});
        REQUIRE(child.line() == "held 1");
        child.wait_until_stopped();
        const Failure failure = failure_of([&] { (void)ledger->epoch(EnvironmentName("shop")); });
        CHECK(failure.kind() == FailureKind::transient);
        CHECK(mentions(failure, "process " + std::to_string(child.process()) + " (stopped)"));
        CHECK(ledger->acquire_lease(EnvironmentName("shop"), this_process(), std::chrono::minutes(1)).epoch ==
              2);
        CHECK(child.was_killed());
        CHECK(ledger->check().empty());
    }

    TEST_CASE(
        "a process that starts while a stopped owner holds the lock can take over, and may not read before") {
        Real real;
        Child child({"stop-in-commit", real.file, "shop", "20000"});
        REQUIRE(child.line() == "held 1");
        child.wait_until_stopped();
        const auto ledger = real.open(std::chrono::milliseconds(100));
        CHECK(failure_of([&] { (void)ledger->drills({}); }).kind() == FailureKind::transient);
        CHECK(::waitpid(child.process(), nullptr, WNOHANG) == 0);
        CHECK(ledger->acquire_lease(EnvironmentName("shop"), this_process(), std::chrono::minutes(1)).epoch ==
              2);
        CHECK(ledger->drills({}).empty());
    }

    TEST_CASE(
        "whoever asks what is open, to take it over, ends a stopped and expired owner that holds the lock") {
        Real real;
        Child child({"stop-in-commit", real.file, "shop", "20000"});
        REQUIRE(child.line() == "held 1");
        child.wait_until_stopped();
        const auto ledger = real.open(std::chrono::milliseconds(100));
        CHECK(ledger->unfinished().empty());
        CHECK(child.was_killed());
    }

    TEST_CASE("a drill elsewhere that a stopped and expired owner keeps from writing ends it, and goes on") {
        Real real;
        const auto ledger = real.open(std::chrono::milliseconds(100));
        const EnvironmentName other("other");
        Lease lease = ledger->acquire_lease(other, this_process(), std::chrono::minutes(1));
        Child child({"stop-in-commit", real.file, "shop", "20000"});
        REQUIRE(child.line() == "held 1");
        child.wait_until_stopped();
        ledger->renew_lease(lease, std::chrono::minutes(2));
        CHECK(child.was_killed());
    }

    TEST_CASE("an owner stopped in a commit whose lease holds is left alone, and named") {
        Real real;
        const auto ledger = real.open(std::chrono::milliseconds(100));
        Child child({"stop-in-commit", real.file, "shop", "60000"});
        REQUIRE(child.line() == "held 1");
        child.wait_until_stopped();
        const Failure failure = failure_of([&] {
            (void)ledger->acquire_lease(EnvironmentName("shop"), this_process(), std::chrono::minutes(1));
        });
        CHECK(failure.kind() == FailureKind::transient);
        CHECK(mentions(failure, std::to_string(child.process())));
        child.kill(SIGCONT);
        CHECK(child.wait() == 0);
    }

    TEST_CASE("processes that contend for a lease hold it one after the other, and each epoch once") {
        Real real;
        constexpr int rounds = 8;
        std::vector<std::unique_ptr<Child>> children;
        for (int i = 0; i < 3; ++i) {
            children.push_back(std::make_unique<Child>(
                std::vector<std::string>{"contend", real.file, "shop", std::to_string(rounds)}));
        }
        std::set<std::string> epochs;
        for (const auto& child : children) {
            for (int i = 0; i < rounds; ++i) {
                const std::string line = child->line();
                CAPTURE(line);
                CHECK(epochs.insert(line).second);
            }
            CHECK(child->wait() == 0);
        }
        const auto ledger = real.open();
        CHECK(ledger->epoch(EnvironmentName("shop")) == 3 * rounds);
        CHECK(ledger->drills({}).size() == 3 * rounds);
        CHECK(ledger->check().empty());
    }

    TEST_CASE("after kill -9 at any moment every acknowledged event is there, and the journal is whole") {
        Real real;
        const auto ledger = real.open();
        std::mt19937 random(20261123);
        for (int round = 0; round < 15; ++round) {
            const std::string drill = "drill-" + std::to_string(round);
            Child child({"append", real.file, "shop", drill});
            const int acknowledged = static_cast<int>(random() % 8);
            std::string last = "0";
            for (int i = 0; i < acknowledged; ++i) last = child.line();
            // Somewhere within the next commits: how far is left to chance.
            const auto moment =
                std::chrono::steady_clock::now() + std::chrono::microseconds(random() % 25'000);
            while (std::chrono::steady_clock::now() < moment) {
            }
            child.kill(SIGKILL);
            for (std::string line = child.line(); !line.empty(); line = child.line()) last = line;
            child.wait();
            CAPTURE(round);
            CHECK(ledger->events(DrillId(drill)).size() >= std::stoul(last));
        }
        CHECK(ledger->epoch(EnvironmentName("shop")) <= 15);
        CHECK(ledger->check() == std::vector<std::string>{});
    }
}
