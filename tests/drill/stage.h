// A stage for drills: fake resources, the real ledger, the real snapshot store, real time.
#pragma once

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <memory>
#include <string>
#include <vector>

#include "orchestrator/app/real_clock.h"
#include "orchestrator/app/thread_workers.h"
#include "orchestrator/drill/drill.h"
#include "orchestrator/drill/enrolment.h"
#include "orchestrator/drill/recovery.h"
#include "orchestrator/ledger/sqlite_ledger.h"
#include "orchestrator/snapshots/git_store.h"
#include "tests/support/fake_adapter.h"
#include "tests/support/temporary_folder.h"

namespace rehearse::test {

struct RecordedAlarm : Alarm {
    std::vector<AlarmMessage> raised;
    std::function<void()> on_raise = [] {};
    void raise(const AlarmMessage& message, const std::optional<CommandSpec>&) override {
        on_raise();
        raised.push_back(message);
    }
};

struct SilentObserver : Observer {
    std::function<void(const DrillRecord&, const DrillEvent&)> told = [](const DrillRecord&,
                                                                         const DrillEvent&) {};
    void on_event(const DrillRecord& drill, const DrillEvent& event) override { told(drill, event); }
};

/// A probe that passes while its resource is there.
class FakeProbe : public Probe {
  public:
    FakeProbe(const ProbeSpec& spec, const Clock& clock, QueryFunction query,
              std::function<void()> on_failure)
        : spec_(spec), clock_(clock), query_(std::move(query)), on_failure_(std::move(on_failure)) {}
    ProbeTry run() override {
        ProbeTry result{.began = clock_.steady()};
        try {
            result.detail = query_(spec_.resource, spec_.query, spec_.timeout);
            result.passed = true;
        } catch (const Failure& failure) {
            result.detail = failure.what();
            on_failure_();
        }
        result.ended = clock_.steady();
        return result;
    }

  private:
    ProbeSpec spec_;
    const Clock& clock_;
    QueryFunction query_;
    std::function<void()> on_failure_;
};

/// config and orders, and a frontend that needs both.
class Stage {
  public:
    Stage() {
        for (const char* name : {"config", "orders", "frontend"}) {
            resources.push_back(
                std::make_unique<FakeResource>(FakeResource{.name = name, .history = history}));
            environment.resources.push_back({.name = ResourceName(name), .adapter = "fake"});
        }
        environment.name = EnvironmentName("shop-staging");
        environment.resources[2].needs = {ResourceName("config"), ResourceName("orders")};
        environment.probes.push_back({.name = "works",
                                      .kind = ProbeKind::sql,
                                      .resource = ResourceName("frontend"),
                                      .query = "count"});
        playbook.name = PlaybookName("delete");
        playbook.environment = environment.name;
        playbook.targets = {.rto = std::chrono::minutes(15), .rpo = std::chrono::minutes(5)};
        playbook.steady_state = {"works"};
        for (const char* name : {"config", "orders", "frontend"}) {
            playbook.destroy.push_back({.resource = ResourceName(name)});
        }
        playbook.verify.within = std::chrono::seconds(5);
        open();
        run([&]() -> Task<void> {
            const EnrolRequest request{.environment = environment};
            (void)co_await enroll(*world, request);
        });
    }

    FakeResource& resource(const std::string& name) {
        for (const auto& one : resources) {
            if (one->name == name) return *one;
        }
        throw std::runtime_error("no resource " + name);
    }

    /// Ledger, store and adapters opened anew, as a new process would.
    void open() {
        world.reset();
        ledger = open_sqlite_ledger(folder.path() / "ledger.sqlite", clock, ledger == nullptr);
        store = wrap_store(open_git_store(folder.path() / "snapshots.git", store == nullptr));
        adapters.clear();
        for (const auto& one : resources) {
            adapters[ResourceName(one->name)] = std::make_unique<FakeAdapter>(*one, clock);
        }
        stop = std::stop_source();
        world = std::make_unique<World>(
            World{.clock = clock,
                  .sleeper = sleeper,
                  .workers = workers,
                  .ledger = *ledger,
                  .store = *store,
                  .observer = observer,
                  .alarm = alarm,
                  .adapters = adapters,
                  .run_command =
                      [this](const CommandRequest& request) {
                          history.add("command " + request.arguments.front());
                          return on_command(request);
                      },
                  .halted = [this] { return halted; },
                  .audit_problem = [this] { return audit_problem; },
                  .disk_free = [](const std::filesystem::path&) { return std::uint64_t{1} << 40U; },
                  .make_probe = [this](const ProbeSpec& spec, const Clock& time,
                                       QueryFunction query) -> std::unique_ptr<Probe> {
                      return std::make_unique<FakeProbe>(spec, time, std::move(query),
                                                         [this] { on_failed_probe(); });
                  },
                  .marker_key = Secret("0123456789abcdef0123456789abcdef"),
                  .owner = this_process(),
                  .actor = {.name = "tester"},
                  .host = "stage",
                  .versions = {},
                  .way_back = {folder.path()},
                  .freeze = {},
                  .playbook_alarm = {},
                  .stop = stop.get_token()});
    }

    void run(const std::function<Task<void>()>& work) {
        boost::asio::io_context io(1);
        std::exception_ptr error;
        boost::asio::co_spawn(io, work(), [&](std::exception_ptr thrown) { error = thrown; });
        io.run();
        if (error) std::rethrow_exception(error);
    }

    PlanView plan() {
        PlanView view;
        run([&]() -> Task<void> { view = co_await make_plan(*world, environment, playbook, "", {}); });
        return view;
    }

    DrillOutcome drill() { return drill(plan()); }
    DrillOutcome drill(const PlanView& view) {
        DrillOutcome outcome;
        run([&]() -> Task<void> { outcome = co_await run_drill(*world, view); });
        return outcome;
    }

    DrillOutcome resume() {
        DrillOutcome outcome;
        const DrillRecord record = ledger->unfinished().at(0);
        run([&]() -> Task<void> { outcome = co_await resume_drill(*world, record); });
        return outcome;
    }

    bool whole() {
        for (const auto& one : resources) {
            if (!one->there || one->items != std::map<std::string, std::string>{{"a", "1"}, {"b", "2"}})
                return false;
        }
        return true;
    }

    TemporaryFolder folder;
    RealClock clock;
    RealSleeper sleeper{clock};
    ThreadWorkers workers;
    History history;
    std::vector<std::unique_ptr<FakeResource>> resources;
    Environment environment;
    Playbook playbook;
    SilentObserver observer;
    RecordedAlarm alarm;
    std::optional<std::string> halted;
    std::optional<std::string> audit_problem;
    std::function<void()> on_failed_probe = [] {};  // on a worker thread
    std::function<CommandResult(const CommandRequest&)> on_command = [](const CommandRequest&) {
        return CommandResult{.exit_code = 0};
    };
    /// What stands between the engine and the store, from the next open() on.
    std::function<std::unique_ptr<SnapshotStore>(std::unique_ptr<SnapshotStore>)> wrap_store =
        [](std::unique_ptr<SnapshotStore> real) { return real; };
    std::unique_ptr<Ledger> ledger;
    std::unique_ptr<SnapshotStore> store;
    AdapterSet adapters;
    std::stop_source stop;
    std::unique_ptr<World> world;
};

inline CommandResult failing(const CommandRequest&) { return {.exit_code = 3}; }

inline std::string text(const DrillOutcome& outcome) { return pretty_json(outcome.record.result); }

inline bool mentions(const DrillOutcome& outcome, const std::string& words) {
    return text(outcome).find(words) != std::string::npos;
}

}  // namespace rehearse::test
