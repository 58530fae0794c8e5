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
           .wall_milliseconds = [this] { return to_milliseconds(wall().since_epoch); },
           // There are many reads: each strikes less often.
           .read_fails =
               [this] {
                   return options.has(Fault::read_fails) && draws_.once_in(4) && strikes(Fault::read_fails);
               }}),
      counters(counted),
      checks(options, resources, repository, counters),
      draws_(random.branch()) {
    sqlite3_test_control(SQLITE_TESTCTRL_PRNG_SEED, static_cast<int>(options.seed), nullptr);
    make_shape();
}

Simulation::~Simulation() = default;

SteadyTime Simulation::steady() const {
    const Duration passed = scheduler.now() - steady_since_;
    return steady_then_ + (passed + passed / 1000 * steady_drift_permille_);
}

Duration Simulation::truly(Duration steady) const {
    return steady / (1000 + steady_drift_permille_) * 1000 + (steady_drift_permille_ == 0 ? 0ns : 1us);
}

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
    std::uint64_t rate = fault == Fault::alarm_fails ? 1 : options.rate;
    if (fault == Fault::probe_lies || fault == Fault::hook_fails) rate = std::min<std::uint64_t>(rate, 8);
    if (quiet_ || healed_ || !options.has(fault) || !draws_.once_in(rate)) return false;
    struck(fault);
    return true;
}

void Simulation::struck(Fault fault) {
    counters.strike(checks.state(), fault);
    note(std::string(to_string(fault)));
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
    if (next_crash_ >= options.crashes.size()) return true;
    const std::uint64_t from = next_crash_ > 0 || !options.state ? 0 : crashes_from_.value_or(number);
    if (options.crashes[next_crash_].at != number - from) return true;
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

void Simulation::changed(bool foreign) { checks.on_change(steady(), foreign); }

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

Scheduler::TimerId Simulation::deliver_late(Resource& resource, Duration after, bool breaks,
                                            std::function<void()> change) {
    resource.late += breaks ? 1 : 0;
    const auto delivery =
        scheduler.at(scheduler.now() + after, nullptr, [this, &resource, breaks, change = std::move(change)] {
            resource.late -= breaks ? 1 : 0;
            note("late delivery to " + resource.name.text());
            const auto items = resource.items;
            const bool there = resource.there;
            change();
            if (resource.items == items && resource.there == there) return;
            resource.foreign_change_at = scheduler.now();
            changed();
        });
    if (breaks) late_[delivery] = &resource;
    return delivery;
}

void Simulation::decide_late(Scheduler::TimerId delivery) {
    const std::unique_ptr<Ready> waiting = scheduler.cancel(delivery);
    if (waiting == nullptr) return;
    if (random.once_in(2)) {
        waiting->run();
    } else if (const auto breaks = late_.find(delivery); breaks != late_.end()) {
        --breaks->second->late;
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
        // Some releases take something away, so that the probes fail until the rollback.
        const bool takes = options.faults != 0 && options.seed / 2 % 2 == 0;
        if (stage != "change" && (stage != "rollback" || fails)) continue;
        resource.stale_items = resource.items;
        resource.stale_there = resource.there;
        resource.changed_at = scheduler.now();
        resource.items["a"] = stage == "change" ? "of the release" : request.arguments.back() + name.text();
        if (takes && stage == "change") resource.items.erase("d");
        if (takes && stage == "rollback") resource.items["d"] = "d";
    }
    changed();
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
        steady_since_ = scheduler.now();
        steady_then_ = {1h};
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
                 .wall_milliseconds = [] { return std::int64_t{0}; },
                 .read_fails = [] { return false; }});
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
        const auto strike = [this, fault, trouble = std::move(trouble)] {
            if (healed_) return;
            struck(fault);
            trouble();
        };
        const Duration wait =
            options.state ? draws_.between(0ms, draws_.once_in(2) ? 1ms : 12ms) : draws_.between(least, most);
        const auto soon = [this, wait, strike] { scheduler.at(scheduler.now() + wait, nullptr, strike); };
        if (options.state) {
            in_state_.emplace_back(soon);
        } else {
            soon();
        }
    };
    at(Fault::neighbour, 10ms, 3s, [this] {
        auto one = resources.begin();
        std::advance(one, static_cast<std::ptrdiff_t>(draws_.below(resources.size())));
        if (options.has(Fault::probe_lies) || draws_.once_in(3)) {
            one->second.items.erase("d");
        } else {
            one->second.items[draws_.once_in(2) ? "a" : "new"] = "a neighbour's";
        }
        one->second.foreign_change_at = scheduler.now();
        changed(true);
    });
    at(Fault::wall_step, 10ms, 5s, [this] { wall_step_ += draws_.between(-48h, 48h); });
    at(Fault::wall_drift, 0s, 3s,
       [this] { wall_drift_permille_ = static_cast<std::int64_t>(draws_.below(200)) - 100; });
    at(Fault::steady_drift, 0s, 3s, [this] {
        steady_then_ = steady();
        steady_since_ = scheduler.now();
        steady_drift_permille_ = static_cast<std::int64_t>(draws_.below(200)) - 100;
    });
    const bool pauses = options.has(Fault::pause) && options.has(Fault::second_orchestrator);
    at(Fault::second_orchestrator, 10ms, 60s, [this, pauses] {
        start(draws_.once_in(2) ? Errand::resume : Errand::drill);
        // Once the lease of the one that is paused has run out, another one comes.
        if (pauses) start_later(Errand::resume, draws_.between(30s, 60s));
    });
    at(Fault::stop_signal, 10ms, 3s, [this] {
        if (Orchestrator* process = anybody()) process->signal_stop();
    });
    at(Fault::halt, 10ms, 3s, [this] {
        halted = "a person said so";
        scheduler.at(scheduler.now() + draws_.between(1s, 60s), nullptr, [this] { halted.reset(); });
    });
    at(Fault::pause, 10ms, 3s, [this, pauses] {
        Orchestrator* process = anybody();
        if (process == nullptr) return;
        process->strand.paused = true;
        const std::int64_t id = process->owner.process;
        const std::string boot_then = boot();
        scheduler.at(scheduler.now() + draws_.between(pauses ? 30s : 1s, 2min), nullptr,
                     [this, id, boot_then] {
                         const LeaseOwner owner{.host = "host", .boot = boot_then, .process = id};
                         if (Orchestrator* paused = process_of(owner)) paused->strand.paused = false;
                     });
    });
}

void Simulation::enter_state() {
    if (checks.state() == std::exchange(state_, checks.state()) || options.state != state_) return;
    if (!crashes_from_) crashes_from_ = changes_of_.back();
    for (const auto& trouble : std::exchange(in_state_, {})) trouble();
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
        enter_state();
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
