// Draws what runs next; moves virtual time only where nothing is ready.
#include "tests/simulation/scheduler.h"

#include <algorithm>

namespace rehearse::simulation {

namespace {

struct Call final : Ready {
    explicit Call(std::function<void()> f) : function(std::move(f)) {}
    void run() override { function(); }
    std::function<void()> function;
};

}  // namespace

Scheduler::TimerId Scheduler::at(Duration instant, Strand* strand, std::unique_ptr<Ready> work) {
    const TimerId id{std::max(instant, now_), ++numbers_};
    timers_.emplace(id, Entry{strand, std::move(work)});
    return id;
}

Scheduler::TimerId Scheduler::at(Duration instant, Strand* strand, std::function<void()> work) {
    return at(instant, strand, std::make_unique<Call>(std::move(work)));
}

std::unique_ptr<Ready> Scheduler::cancel(TimerId id) {
    const auto found = timers_.find(id);
    if (found == timers_.end()) return nullptr;
    std::unique_ptr<Ready> work = std::move(found->second.work);
    timers_.erase(found);
    return work;
}

void Scheduler::ready(Strand* strand, std::unique_ptr<Ready> work) {
    ready_.push_back({strand, std::move(work)});
}

void Scheduler::run(Strand* strand, Ready& work) {
    Strand* before = std::exchange(running_, strand);
    work.run();
    running_ = before;
}

bool Scheduler::step() {
    ++steps_;
    const auto runs = [](const Entry& entry) { return entry.strand == nullptr || !entry.strand->paused; };
    // What is due competes with what is ready.
    for (auto timer = timers_.begin(); timer != timers_.end() && timer->first.first <= now_;) {
        if (!runs(timer->second)) {
            ++timer;
            continue;
        }
        ready_.push_back(std::move(timer->second));
        timer = timers_.erase(timer);
    }
    std::size_t eligible = 0;
    for (const Entry& entry : ready_) eligible += runs(entry) ? 1 : 0;
    if (eligible > 0) {
        std::uint64_t drawn = random_.below(eligible);
        std::size_t at = 0;
        while (!runs(ready_[at]) || drawn-- > 0) ++at;
        Entry entry = std::move(ready_[at]);
        ready_[at] = std::move(ready_.back());
        ready_.pop_back();
        now_ += random_.between(Duration(0), std::chrono::microseconds(20));
        run(entry.strand, *entry.work);
        return true;
    }
    for (auto timer = timers_.begin(); timer != timers_.end(); ++timer) {
        if (!runs(timer->second)) continue;
        now_ = std::max(now_, timer->first.first);
        Entry entry = std::move(timer->second);
        timers_.erase(timer);
        run(entry.strand, *entry.work);
        return true;
    }
    return false;
}

void Scheduler::job(Duration instant, Strand* strand, std::function<void()> work) {
    at(instant, strand, [this, strand, held = std::move(work)]() mutable {
        jobs_.push_back({strand, std::make_unique<Fiber>(stacks_, std::move(held))});
        run_job(std::prev(jobs_.end()));
    });
}

void Scheduler::run_job(std::list<Job>::iterator job) {
    Fiber* before = std::exchange(fiber_, job->fiber.get());
    const auto job_before = std::exchange(current_job_, job);
    job->fiber->resume();
    fiber_ = before;
    current_job_ = job_before;
    if (job->fiber->ended()) jobs_.erase(job);
}

void Scheduler::pass(Duration time) {
    if (fiber_ == nullptr || (running_ != nullptr && running_->frozen)) return;
    const auto job = current_job_;
    at(now_ + time, job->strand, [this, job] { run_job(job); });
    Fiber& fiber = *fiber_;
    fiber.suspend();
}

void Scheduler::drop(Strand& strand) {
    // What blocking work refers to lives in the coroutines that wait for it: it ends first.
    for (auto job = jobs_.begin(); job != jobs_.end();) {
        const auto next = std::next(job);
        if (job->strand == &strand && job->fiber.get() != fiber_) {
            Strand* before = std::exchange(running_, &strand);
            while (!job->fiber->ended()) {
                Fiber* fiber = job->fiber.get();
                Fiber* fiber_before = std::exchange(fiber_, fiber);
                const auto job_before = std::exchange(current_job_, job);
                fiber->resume();
                fiber_ = fiber_before;
                current_job_ = job_before;
            }
            running_ = before;
            jobs_.erase(job);
        }
        job = next;
    }
    strand.close();
    for (bool found = true; found;) {
        std::vector<Entry> dropped;
        for (std::size_t at = 0; at < ready_.size();) {
            if (ready_[at].strand != &strand) {
                ++at;
                continue;
            }
            dropped.push_back(std::move(ready_[at]));
            ready_[at] = std::move(ready_.back());
            ready_.pop_back();
        }
        for (auto timer = timers_.begin(); timer != timers_.end();) {
            if (timer->second.strand != &strand) {
                ++timer;
                continue;
            }
            dropped.push_back(std::move(timer->second));
            timer = timers_.erase(timer);
        }
        found = !dropped.empty();
    }
}

}  // namespace rehearse::simulation
