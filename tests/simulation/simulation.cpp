// The machine: processes start, die and are started again; faults strike; the world goes on.
#include "tests/simulation/simulation.h"

#include <algorithm>
#include <iostream>
#include <utility>

#include "orchestrator/base/failure.h"
#include "orchestrator/ledger/sqlite_ledger.h"
#include "tests/simulation/orchestrator.h"
#include "tests/simulation/randomness.h"

namespace rehearse::simulation {

namespace {

using namespace std::chrono_literals;

constexpr Duration healed_after = 3min;      // of virtual time, in liveness mode
constexpr Duration all_over_within = 90min;  // of virtual time, after that
constexpr int most_resumes_in_trouble = 6;   // then the faults stop in safety mode, too
constexpr std::uint64_t most_steps = 3'000'000;

/// Nobody's process: to look at the ledger from outside.
class Nobody final : public ProcessTable {
  public:
    LeaseOwner self() const override { return {}; }
    OwnerLife life(const LeaseOwner&) const override { return OwnerLife::gone; }
    Ending end(const LeaseOwner&, Duration) const override { return Ending::forbidden; }
    std::vector<LockHolder> lock_holders(const std::filesystem::path&) const override { return {}; }
};

class LookingClock final : public Clock {
  public:
    explicit LookingClock(const Simulation& simulation) : simulation_(simulation) {}
    SteadyTime steady() const override { return simulation_.steady(); }
    WallTime wall() const override { return simulation_.wall(); }
    std::string boot() const override { return simulation_.boot(); }

  private:
    const Simulation& simulation_;
};

}  // namespace

Simulation::Simulation(const Options& given, Counters& counted)
    : options(given),
      random(given.seed),
      scheduler(random.branch()),
      vfs("simulated", disk,
          {.before_change = [this](const char* operation,
                                   const std::string& file) { return disk_fault(operation, file); },
           .frozen = [this] { return scheduler.running() != nullptr && scheduler.running()->frozen; },
           .process = [this] { return static_cast<void*>(scheduler.running()); },
           .wait =
               [this](std::int64_t microseconds) { scheduler.pass(std::chrono::microseconds(microseconds)); },
           .wall_milliseconds = [this] { return to_milliseconds(wall().since_epoch); }}),
      counters(counted),
      checks(options, resources, repository, counters),
      draws_(random.branch()) {
    sqlite3_test_control(SQLITE_TESTCTRL_PRNG_SEED, static_cast<int>(options.seed), nullptr);
    make_shape();
}

Simulation::~Simulation() = default;

WallTime Simulation::wall() const {
    constexpr Duration begin = 495'000h;  // in 2026
    const Duration drift = scheduler.now() / 1000 * wall_drift_permille_;
    return {begin + scheduler.now() + drift + wall_step_};
}

void Simulation::note(const std::string& what) {
    if (options.trace) {
        const Orchestrator* process = process_of(scheduler.running());
        std::cerr << to_text(scheduler.now()) << " [" << (process == nullptr ? 0 : process->owner.process)
                  << "] " << what << "\n";
    }
    const auto mix = [this](std::uint64_t value) { digest_ = (digest_ ^ value) * 1099511628211ULL; };
    mix(static_cast<std::uint64_t>(scheduler.now().count()));
    for (const char byte : what) mix(static_cast<unsigned char>(byte));
}

void Simulation::ended(const DrillRecord& record) {
    endings_ += " " + std::string(to_string(*record.verdict)) + ":";
    for (const json::value& finding : record.result.at("reasons").as_array())
        endings_ += " (" + std::string(finding.as_string()) + ")";
    note(endings_);
}

bool Simulation::strikes(Fault fault) {
    if (quiet_ || healed_ || !options.has(fault) || !draws_.once_in(options.rate)) return false;
    counters.strike(checks.state(), fault);
    note(std::string(to_string(fault)));
    return true;
}

bool Simulation::may_change(const std::string& what) {
    Strand* strand = scheduler.running();
    if (strand != nullptr && strand->frozen) return false;
    if (quiet_) return true;
    ++counters.changes;
    const std::uint64_t number = ++changes_of_.back();
    if (durable_change_) distinct_points_.back().push_back(number);
    durable_change_ = !what.starts_with("write ") && !what.starts_with("create ") &&
                      !what.starts_with("truncate ") && !what.starts_with("delete ");
    note(what);
    if (next_crash_ >= options.crashes.size() || options.crashes[next_crash_].at != number) return true;
    crashing_ = options.crashes[next_crash_++].loss;
    crashing_strand_ = strand;
    ++counters.crashed[static_cast<std::size_t>(checks.state())][static_cast<std::size_t>(*crashing_)];
    // The disk and the providers stand still from here on, whatever memory does as it goes.
    for (const auto& process : processes_) {
        if (*crashing_ != Loss::none || &process->strand == strand) process->strand.frozen = true;
    }
    return false;
}

DiskFault Simulation::disk_fault(const char* operation, const std::string& file) {
    scheduler.pass(draws_.between(0us, 100us));
    if (!may_change(std::string(operation) + " " + file)) return DiskFault::none;
    const bool write = std::string_view(operation) == "write";
    if (write && scheduler.now() < full_until_ && !healed_) return DiskFault::full;
    // There are many writes: each strikes less often.
    if (!draws_.once_in(10)) return DiskFault::none;
    if (write && strikes(Fault::disk_full)) {
        full_until_ = scheduler.now() + draws_.between(1ms, 20s);
        return DiskFault::full;
    }
    if (!write && strikes(Fault::sync_fails)) return DiskFault::sync_fails;
    return DiskFault::none;
}

void Simulation::changed() { checks.on_change(steady()); }

Orchestrator* Simulation::process_of(const LeaseOwner& owner) {
    if (owner.boot != boot()) return nullptr;
    for (const auto& process : processes_) {
        if (process->owner.process == owner.process && !process->dead) return process.get();
    }
    return nullptr;
}

Orchestrator* Simulation::process_of(const void* strand) {
    for (const auto& process : processes_) {
        if (&process->strand == strand && !process->dead) return process.get();
    }
    return nullptr;
}

Orchestrator* Simulation::anybody() {
    for (const auto& process : processes_) {
        if (!process->dead && !process->finished) return process.get();
    }
    return nullptr;
}

Scheduler::TimerId Simulation::deliver_late(Resource& resource, Duration after,
                                            std::function<void()> change) {
    ++resource.late;
    const auto delivery =
        scheduler.at(scheduler.now() + after, nullptr, [this, &resource, change = std::move(change)] {
            --resource.late;
            note("late delivery to " + resource.name.text());
            change();
            resource.foreign_change_at = scheduler.now();
            changed();
        });
    late_[delivery] = &resource;
    return delivery;
}

void Simulation::decide_late(Scheduler::TimerId delivery) {
    const std::unique_ptr<Ready> waiting = scheduler.cancel(delivery);
    if (waiting == nullptr) return;
    if (random.once_in(2)) {
        waiting->run();
    } else {
        --late_.at(delivery)->late;
    }
}

void Simulation::kill(Orchestrator& process) {
    note("kill");
    checks.on_takeover(steady());
    ++counters.takeovers;
    process.die();
}

CommandResult Simulation::run_command(const CommandRequest& request) {
    scheduler.pass(random.between(1ms, 20ms));
    const std::string stage = request.environment.at("REHEARSE_STAGE");
    const Strand* strand = scheduler.running();
    if (strand->frozen || !may_change("command " + stage)) return {.exit_code = -1, .signal = 9};
    checks.on_command(request.environment.at("REHEARSE_DRILL"), request.environment.at("REHEARSE_STEP"));
    const bool fails = request.arguments.back() == "fails";
    for (auto& [name, resource] : resources) {
        if (stage == "change") resource.items["a"] = "of the release";
        if (stage == "rollback" && !fails) resource.items["a"] = request.arguments.back() + name.text();
    }
    if (fails || strikes(Fault::hook_fails)) return {.exit_code = 3};
    return {.exit_code = 0};
}

void Simulation::start(Errand errand) {
    if (errand == Errand::resume) ++resumes_;
    processes_.push_back(std::make_unique<Orchestrator>(*this, errand, ++pids_));
    processes_.back()->start();
}

void Simulation::start_later(Errand errand, Duration after) {
    ++starting_;
    scheduler.at(scheduler.now() + after, nullptr, [this, errand] {
        --starting_;
        start(errand);
    });
}

void Simulation::crash() {
    const Loss loss = *std::exchange(crashing_, std::nullopt);
    note("crash");
    ++counters.reboots;
    for (const auto& process : processes_) {
        if (loss != Loss::none || &process->strand == crashing_strand_) process->die();
    }
    std::erase_if(processes_, [](const auto& process) { return process->dead; });
    if (loss != Loss::none) {
        disk.crash(loss, random);
        repository.crash(loss, random);
        vfs.release_all();
        ++boots_;
        booted_at_ = scheduler.now();
    }
    changes_of_.push_back(0);
    distinct_points_.emplace_back();
    durable_change_ = true;
    reopen_and_check(false, loss != Loss::none);
    start_later(Errand::resume, random.between(1s, 60s));
}

void Simulation::reap() {
    bool again = false;
    for (const auto& process : processes_) {
        if (!process->finished && !process->dead) continue;
        // A person, or serve, tries again until nothing is left open.
        again = again || (process->finished && !process->problem.empty());
        note("ended: " + process->problem);
        process->die();
    }
    std::erase_if(processes_, [](const auto& process) { return process->dead; });
    if (again && starting_ == 0) start_later(Errand::resume, random.between(1s, 60s));
}

void Simulation::reopen_and_check(bool at_end, bool lasting) {
    const bool before = std::exchange(quiet_, true);
    // Looked at on a copy: a hot journal is rolled back by the process that comes, not by the one who looks.
    Disk copy = disk.copy();
    Vfs looking("looking", copy,
                {.before_change = [](const char*, const std::string&) { return DiskFault::none; },
                 .frozen = [] { return false; },
                 .process = []() -> void* { return nullptr; },
                 .wait = [](std::int64_t) {},
                 .wall_milliseconds = [] { return std::int64_t{0}; }});
    const LookingClock clock(*this);
    try {
        const auto ledger = open_sqlite_ledger(
            {.file = "ledger", .vfs = looking.name(), .processes = std::make_shared<Nobody>()}, clock);
        if (at_end) {
            checks.check_end(*ledger);
        } else {
            checks.check_ledger(*ledger, lasting);
        }
    } catch (const Failure& failure) {
        checks.violate(std::string("the ledger can't be opened any more: ") + failure.what());
    }
    quiet_ = before;
}

void Simulation::schedule_troubles() {
    const auto at = [this](Fault fault, Duration least, Duration most, std::function<void()> trouble) {
        if (!options.has(fault)) return;
        scheduler.at(scheduler.now() + draws_.between(least, most), nullptr,
                     [this, fault, trouble = std::move(trouble)] {
                         if (healed_) return;
                         counters.strike(checks.state(), fault);
                         note(std::string(to_string(fault)));
                         trouble();
                     });
    };
    at(Fault::neighbour, 10ms, 3s, [this] {
        auto one = resources.begin();
        std::advance(one, static_cast<std::ptrdiff_t>(draws_.below(resources.size())));
        one->second.items[draws_.once_in(2) ? "a" : "new"] = "a neighbour's";
        one->second.foreign_change_at = scheduler.now();
        changed();
    });
    at(Fault::wall_step, 10ms, 5s, [this] { wall_step_ += draws_.between(-48h, 48h); });
    at(Fault::wall_drift, 0s, 0s,
       [this] { wall_drift_permille_ = static_cast<std::int64_t>(draws_.below(200)) - 100; });
    at(Fault::second_orchestrator, 10ms, 60s,
       [this] { start(draws_.once_in(2) ? Errand::resume : Errand::drill); });
    at(Fault::stop_signal, 10ms, 3s, [this] {
        if (Orchestrator* process = anybody()) process->signal_stop();
    });
    at(Fault::halt, 10ms, 3s, [this] {
        halted = "a person said so";
        scheduler.at(scheduler.now() + draws_.between(1s, 60s), nullptr, [this] { halted.reset(); });
    });
    at(Fault::pause, 10ms, 3s, [this] {
        Orchestrator* process = anybody();
        if (process == nullptr) return;
        process->strand.paused = true;
        const std::int64_t id = process->owner.process;
        const std::string boot_then = boot();
        scheduler.at(scheduler.now() + draws_.between(1s, 2min), nullptr, [this, id, boot_then] {
            const LeaseOwner owner{.host = "host", .boot = boot_then, .process = id};
            if (Orchestrator* paused = process_of(owner)) paused->strand.paused = false;
        });
    });
}

Result Simulation::run() {
    const SeededOpenSsl seeded(random);
    start(Errand::enroll);
    while (!processes_.empty() && scheduler.step()) reap();
    quiet_ = false;
    schedule_troubles();
    start(Errand::drill);
    std::optional<Duration> healed_at;
    while (!processes_.empty() || starting_ > 0) {
        if (!healed_ &&
            ((options.heal && scheduler.now() > healed_after) || resumes_ > most_resumes_in_trouble)) {
            healed_ = true;
            halted.reset();
            healed_at = scheduler.now();
            note("healed");
        }
        if (!scheduler.step()) {
            checks.violate("nothing is left to run, and a process still waits: a deadlock");
            break;
        }
        if (crashing_) crash();
        reap();
        if (healed_at && scheduler.now() - *healed_at > all_over_within) {
            checks.violate("no terminal state within 90 virtual minutes after the faults stopped");
            break;
        }
        if (scheduler.steps() > most_steps) {
            checks.violate("it goes on for ever: " + std::to_string(most_steps) + " steps");
            break;
        }
        if (!checks.violations().empty()) break;
    }
    for (const auto& process : processes_) process->die();
    processes_.clear();
    if (checks.violations().empty()) reopen_and_check(true, true);
    ++counters.runs;
    Result result{.violations = checks.violations(),
                  .changes_of = changes_of_,
                  .distinct_points = distinct_points_,
                  .digest = digest_,
                  .ending = endings_};
    for (const std::uint64_t changes : changes_of_) result.changes += changes;
    return result;
}

Result simulate(const Options& options, Counters& counters) {
    Simulation simulation(options, counters);
    return simulation.run();
}

}  // namespace rehearse::simulation
