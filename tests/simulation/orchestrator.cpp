// The ports of a simulated process, and its errand.
#include "tests/simulation/orchestrator.h"

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/redirect_error.hpp>
#include <utility>

#include "orchestrator/base/failure.h"
#include "orchestrator/drill/drill.h"
#include "orchestrator/drill/enrolment.h"
#include "orchestrator/drill/recovery.h"
#include "orchestrator/ledger/sqlite_ledger.h"
#include "tests/simulation/watched_ledger.h"

namespace rehearse::simulation {

namespace {

using namespace std::chrono_literals;

/// Who lives on the simulated host.
class Processes final : public ProcessTable {
  public:
    explicit Processes(Simulation& simulation) : simulation_(simulation) {}
    LeaseOwner self() const override {
        return simulation_.process_of(simulation_.scheduler.running())->owner;
    }
    OwnerLife life(const LeaseOwner& owner) const override {
        const Orchestrator* process = simulation_.process_of(owner);
        if (process == nullptr) return OwnerLife::gone;
        return process->strand.paused ? OwnerLife::stopped : OwnerLife::running;
    }
    Ending end(const LeaseOwner& owner, Duration) const override {
        if (Orchestrator* process = simulation_.process_of(owner)) simulation_.kill(*process);
        return Ending::ended;
    }
    std::vector<LockHolder> lock_holders(const std::filesystem::path& file) const override {
        std::vector<LockHolder> holders;
        for (const void* strand : simulation_.vfs.lock_holders(file.string())) {
            const Orchestrator* process = simulation_.process_of(strand);
            if (process == nullptr || strand == simulation_.scheduler.running()) continue;
            holders.push_back({process->owner, life(process->owner)});
        }
        return holders;
    }

  private:
    Simulation& simulation_;
};

/// Passes while the whole environment is there.
class SimulatedProbe final : public Probe {
  public:
    SimulatedProbe(Simulation& simulation, Orchestrator& process)
        : simulation_(simulation), process_(process) {}
    ProbeTry run() override {
        ProbeTry attempt{.began = process_.steady()};
        process_.pass(100us, 3ms);
        bool up = true;
        for (const auto& [name, resource] : simulation_.resources)
            up = up && resource.there && resource.items.size() >= 4;
        if (up && process_.strikes(Fault::probe_flaps)) up = false;
        if (!up && process_.strikes(Fault::probe_lies)) up = true;
        attempt.passed = up;
        attempt.detail = up ? "all is there" : "something is missing";
        attempt.ended = process_.steady();
        attempt.cost = 50us;
        return attempt;
    }

  private:
    Simulation& simulation_;
    Orchestrator& process_;
};

Failure system_failure(const boost::system::error_code& error) {
    return Failure({.kind = error == boost::asio::error::operation_aborted ? FailureKind::cancelled
                                                                           : FailureKind::permanent,
                    .operation = "wait",
                    .message = error.message()});
}

}  // namespace

Orchestrator::Orchestrator(Simulation& simulation, Errand what, std::int64_t process)
    : strand(simulation.scheduler),
      errand(what),
      owner{.host = "host", .boot = simulation.boot(), .process = process, .process_started = 1},
      simulation_(simulation) {}

Orchestrator::~Orchestrator() { die(); }

void Orchestrator::die() {
    if (std::exchange(dead, true)) return;
    // A caller that died: what it had under way is decided here and now, it is not delivered later.
    if (!finished || !problem.empty()) {
        for (const Scheduler::TimerId& timer : late_) simulation_.decide_late(timer);
    }
    strand.frozen = true;
    strand.paused = false;
    simulation_.scheduler.drop(strand);
    simulation_.vfs.release(&strand);
    world_.reset();
    adapters_.clear();
    store_.reset();
    ledger_.reset();
}

void Orchestrator::start() {
    simulation_.scheduler.job(simulation_.scheduler.now(), &strand, [this] {
        try {
            open();
        } catch (const Failure& failure) {
            problem = failure.what();
            finished = true;
            return;
        }
        boost::asio::co_spawn(strand.executor(), main(), [this](std::exception_ptr error) {
            finished = true;
            try {
                if (error) std::rethrow_exception(error);
            } catch (const std::exception& thrown) {
                problem = thrown.what();
            }
        });
    });
}

void Orchestrator::open() {
    auto real = open_sqlite_ledger({.file = "ledger",
                                    .create = errand == Errand::enroll,
                                    .vfs = simulation_.vfs.name(),
                                    .processes = std::make_shared<Processes>(simulation_)},
                                   *this);
    ledger_ = watch_ledger(std::move(real), simulation_.checks, simulation_.scheduler, strand, *this);
    store_ = make_store(simulation_.repository, *this);
    for (auto& [name, resource] : simulation_.resources) adapters_[name] = make_adapter(resource, *this);
    world_ = std::make_unique<World>(World{
        .clock = *this,
        .sleeper = *this,
        .workers = *this,
        .ledger = *ledger_,
        .store = *store_,
        .observer = *this,
        .alarm = *this,
        .adapters = adapters_,
        .run_command = [this](const CommandRequest& request) { return simulation_.run_command(request); },
        .halted = [this] { return simulation_.halted; },
        .audit_problem = [] { return std::optional<std::string>(); },
        .disk_free = [](const std::filesystem::path&) { return std::uint64_t{1} << 40U; },
        .make_probe = [this](const ProbeSpec&, const Clock&, const QueryFunction&) -> std::unique_ptr<Probe> {
            return std::make_unique<SimulatedProbe>(simulation_, *this);
        },
        .marker_key = Secret(std::string(marker_key)),
        .owner = owner,
        .actor = {.name = "simulation"},
        .host = "host",
        .versions = {},
        .way_back = {"/simulated/workspace"},
        .freeze = {},
        .playbook_alarm = {},
        .stop = stop_.get_token()});
}

Task<void> Orchestrator::main() {
    if (errand == Errand::enroll) {
        const EnrolRequest request{.environment = simulation_.environment};
        (void)co_await enroll(*world_, request);
    } else if (errand == Errand::drill) {
        const std::vector<const AdapterDescriptor*> descriptors;
        const std::string release;
        const PlanView view =
            co_await make_plan(*world_, simulation_.environment, simulation_.playbook, release, descriptors);
        const DrillOutcome outcome = co_await run_drill(*world_, view);
        simulation_.ended(outcome.record);
    } else {
        auto read = [&] { return ledger_->unfinished(); };
        const std::vector<DrillRecord> open = co_await on_worker(*this, read);
        for (const DrillRecord& record : open) {
            const DrillOutcome outcome = co_await resume_drill(*world_, record);
            simulation_.ended(outcome.record);
        }
    }
}

SteadyTime Orchestrator::steady() const { return simulation_.steady(); }
WallTime Orchestrator::wall() const { return simulation_.wall(); }
std::string Orchestrator::boot() const { return simulation_.boot(); }

void Orchestrator::wait_for(SteadyTime instant, Waiting& waiting, std::unique_ptr<Ready> fire) {
    Scheduler& scheduler = simulation_.scheduler;
    const Duration wait = std::max(simulation_.truly(instant - steady()), Duration(0));
    waiting.id = scheduler.at(scheduler.now() + wait, &strand, std::move(fire));
}

Task<void> Orchestrator::until(SteadyTime instant) {
    auto initiate = [this, instant](auto handler) {
        using Handler = decltype(handler);
        struct Fire final : Ready {
            Fire(Handler&& h, Orchestrator& p, SteadyTime at, std::shared_ptr<Waiting> w)
                : handler(std::move(h)), process(p), instant(at), waiting(std::move(w)) {}
            void run() override {
                // The clock ran slower than was thought: it waits for the rest.
                if (process.steady() < instant) {
                    Waiting& place = *waiting;
                    process.wait_for(instant, place, std::make_unique<Fire>(std::move(*this)));
                    return;
                }
                std::move(handler)(boost::system::error_code{});
            }
            Handler handler;
            Orchestrator& process;
            SteadyTime instant;
            std::shared_ptr<Waiting> waiting;
        };
        auto slot = boost::asio::get_associated_cancellation_slot(handler);
        auto waiting = std::make_shared<Waiting>();
        Scheduler& scheduler = simulation_.scheduler;
        if (slot.is_connected()) {
            slot.assign([&scheduler, waiting, self = &strand](boost::asio::cancellation_type) {
                std::unique_ptr<Ready> fire = scheduler.cancel(waiting->id);
                if (!fire) return;
                struct Cancelled final : Ready {
                    explicit Cancelled(Handler&& h) : handler(std::move(h)) {}
                    void run() override {
                        std::move(handler)(boost::system::error_code(boost::asio::error::operation_aborted));
                    }
                    Handler handler;
                };
                Handler back = std::move(static_cast<Fire&>(*fire).handler);
                scheduler.ready(self, std::make_unique<Cancelled>(std::move(back)));
            });
        }
        wait_for(instant, *waiting, std::make_unique<Fire>(std::move(handler), *this, instant, waiting));
    };
    boost::system::error_code error;
    auto token = boost::asio::redirect_error(boost::asio::use_awaitable, error);
    co_await boost::asio::async_initiate<decltype(token), void(boost::system::error_code)>(initiate, token);
    if (error) throw system_failure(error);
}

void Orchestrator::post(std::function<void()> work) {
    const Duration wait = simulation_.random.between(0us, 500us);
    simulation_.scheduler.job(simulation_.scheduler.now() + wait, &strand, std::move(work));
}

void Orchestrator::on_event(const DrillRecord&, const DrillEvent& event) {
    if (simulation_.options.trace) {
        simulation_.note("event " + std::string(to_string(event.kind)) + " " +
                         canonical_json(event.body).substr(0, 200));
    }
}

void Orchestrator::raise(const AlarmMessage& message, const std::optional<CommandSpec>&) {
    pass(0ms, 20ms);
    // There are few alarms: each second one fails, whatever the seed's rate.
    if (random().once_in(2) && strikes(Fault::alarm_fails)) {
        if (!strand.frozen) simulation_.checks.on_alarm_failure(message);
        throw Failure({.kind = FailureKind::permanent, .operation = "alarm", .message = "nobody answers"});
    }
    if (may_change("alarm")) simulation_.checks.on_alarm(message);
}

bool Orchestrator::strikes(Fault fault) { return !strand.frozen && simulation_.strikes(fault); }
void Orchestrator::struck(Fault fault) {
    if (!strand.frozen) simulation_.struck(fault);
}
bool Orchestrator::may_change(const std::string& what) {
    return !strand.frozen && simulation_.may_change(what);
}
void Orchestrator::pass(Duration least, Duration most) {
    simulation_.scheduler.pass(simulation_.random.between(least, most));
}
Duration Orchestrator::now() const { return simulation_.scheduler.now(); }
void Orchestrator::later(Resource& resource, Duration after, bool breaks, std::function<void()> change) {
    late_.push_back(simulation_.deliver_late(resource, after, breaks, std::move(change)));
}
Random& Orchestrator::random() { return simulation_.random; }
void Orchestrator::changed(Resource& resource) {
    resource.changed_at = now();
    simulation_.changed();
}
void Orchestrator::on_destroy(const Resource& resource, const DestroyRequest& request) {
    if (strand.frozen) return;
    simulation_.note("destroy of " + resource.name.text());
    simulation_.checks.on_destroy(resource, request);
}
void Orchestrator::on_restore(Resource& resource, const RestoreRequest& request) {
    if (strand.frozen) return;
    simulation_.note("restore of " + resource.name.text());
    simulation_.checks.on_restore(resource, request);
}
void Orchestrator::on_unreadable(const ResourceName& resource) {
    if (!strand.frozen) simulation_.checks.on_unreadable(resource);
}

}  // namespace rehearse::simulation
