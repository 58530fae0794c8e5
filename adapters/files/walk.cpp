// Depth first on an explicit stack; a folder goes to another thread when one is idle.
#include "adapters/files/walk.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

#include "adapters/support/names.h"
#include "orchestrator/base/digest.h"

namespace rehearse::files {

namespace {

constexpr std::size_t open_folders = 48;     // per thread; the rest of the stack is parked
constexpr int deepest_nesting = 4;           // stacks that one thread works on at once, while it waits
constexpr std::size_t longest_shown = 2048;  // bytes of a path that are shown before it is cut

struct Frame {
    std::unique_ptr<Visit> visit;
    int elsewhere = 0;  // visits below it that are offered to, or run on, other threads
};

struct Offer {
    std::unique_ptr<Visit> visit;
    Frame* from;
};

class Walker {
  public:
    explicit Walker(unsigned threads) : helpers_(threads > 1 ? threads - 1 : 0) {}

    void run(std::unique_ptr<Visit> root) {
        {
            std::vector<std::jthread> helpers;
            for (unsigned at = 0; at < helpers_; ++at) helpers.emplace_back([this] { help(); });
            go(std::move(root), 0);
            {
                std::lock_guard lock(mutex_);
                done_ = true;
            }
            changed_.notify_all();
        }
        if (failure_) std::rethrow_exception(failure_);
    }

  private:
    void help() {
        std::unique_lock lock(mutex_);
        while (true) {
            ++idle_;
            changed_.wait(lock, [&] { return done_ || !offers_.empty(); });
            --idle_;
            if (offers_.empty()) return;
            Offer offer = std::move(offers_.back());
            offers_.pop_back();
            lock.unlock();
            go(std::move(offer.visit), 0);
            lock.lock();
            --offer.from->elsewhere;
            changed_.notify_all();
        }
    }

    /// Never throws: the first failure is kept, and every thread stops at it.
    void go(std::unique_ptr<Visit> first, int nesting) {
        std::deque<Frame> stack;
        try {
            stack.push_back({std::move(first)});
            while (!stack.empty()) step(stack, nesting);
        } catch (...) {
            std::lock_guard lock(mutex_);
            if (!failure_) failure_ = std::current_exception();
            failed_ = true;
        }
        while (!stack.empty()) {  // what runs elsewhere still refers to these frames
            std::unique_lock lock(mutex_);
            Frame& top = stack.back();
            std::vector<Offer> unclaimed = take_back(top);
            changed_.wait(lock, [&] { return top.elsewhere == 0; });
            lock.unlock();
            unclaimed.clear();
            stack.pop_back();
        }
    }

    void step(std::deque<Frame>& stack, int nesting) {
        Frame& top = stack.back();
        std::unique_ptr<Visit> below = stopped() ? nullptr : top.visit->next();
        if (stopped()) throw Stopped();
        if (!below) {
            below = wait_for(top, nesting);
            if (stopped()) throw Stopped();
        } else if (give(below, top)) {
            return;
        }
        if (below) {
            stack.push_back({std::move(below)});
            if (stack.size() > open_folders) stack[stack.size() - 1 - open_folders].visit->park();
            return;
        }
        top.visit->end();
        const Frame ended = std::move(stack.back());
        stack.pop_back();
        if (!stack.empty() && stack.back().visit->folder() < 0) stack.back().visit->unpark(*ended.visit);
    }

    bool give(std::unique_ptr<Visit>& below, Frame& top) {
        if (helpers_ == 0) return false;
        {
            std::lock_guard lock(mutex_);
            if (offers_.size() >= idle_) return false;
            offers_.push_back({std::move(below), &top});
            ++top.elsewhere;
        }
        changed_.notify_all();
        return true;
    }

    /// Waits until nothing below `top` runs elsewhere, and works on what others offer meanwhile; gives back
    /// what no other thread has taken up. No two threads can wait for each other: all that is waited for
    /// began later.
    std::unique_ptr<Visit> wait_for(Frame& top, int nesting) {
        std::unique_lock lock(mutex_);
        for (auto offer = offers_.begin(); offer != offers_.end(); ++offer) {
            if (offer->from != &top) continue;
            std::unique_ptr<Visit> back = std::move(offer->visit);
            offers_.erase(offer);
            --top.elsewhere;
            return back;
        }
        while (top.elsewhere != 0) {
            if (nesting >= deepest_nesting) {
                changed_.wait(lock, [&] { return top.elsewhere == 0; });
                break;
            }
            ++idle_;
            changed_.wait(lock, [&] { return top.elsewhere == 0 || !offers_.empty(); });
            --idle_;
            if (offers_.empty() || top.elsewhere == 0) continue;
            Offer offer = std::move(offers_.back());
            offers_.pop_back();
            lock.unlock();
            go(std::move(offer.visit), nesting + 1);
            lock.lock();
            --offer.from->elsewhere;
            changed_.notify_all();
        }
        return nullptr;
    }

    std::vector<Offer> take_back(Frame& top) {
        std::vector<Offer> taken;
        for (auto offer = offers_.begin(); offer != offers_.end();) {
            if (offer->from == &top) {
                taken.push_back(std::move(*offer));
                offer = offers_.erase(offer);
                --top.elsewhere;
            } else {
                ++offer;
            }
        }
        return taken;
    }

    struct Stopped {};  // thrown only after failure_ is set: never the failure itself
    [[nodiscard]] bool stopped() const { return failed_; }

    const unsigned helpers_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<Offer> offers_;
    std::size_t idle_ = 0;
    bool done_ = false;
    std::exception_ptr failure_;
    std::atomic<bool> failed_ = false;
};

}  // namespace

Visit::Visit(const Visit* above, std::string name, FileDescriptor folder, const std::string& path)
    : above_(above),
      name_(std::move(name)),
      folder_(std::move(folder)),
      shown_(above == nullptr ? std::string() : shown_below(above->shown(), name_)),
      root_path_(above == nullptr ? path : above->root_path_),
      status_(status_of(folder_.get(), this->path())) {}

bool Visit::crosses_border() const {
    return above_ != nullptr && (status_.mount_root || status_.id.device != above_->status_.id.device);
}

std::string Visit::shown(const std::string& name) const { return shown_ + escape_bytes(name); }

void Visit::unpark(const Visit& below) {
    FileDescriptor folder = open_to_read(below.folder(), "..", O_DIRECTORY);
    if (!folder) throw failure_of(errno, "open", path());
    if (status_of(folder.get(), path()).id != status_.id) {
        throw changed_meanwhile("open", below.path(), "it was moved to another folder");
    }
    folder_ = std::move(folder);
}

void make_writable(const Visit& visit) {
    const uid_t user = ::geteuid();
    if (user == 0 || visit.status().uid != user || (visit.status().mode & S_IRWXU) == S_IRWXU) return;
    static_cast<void>(
        ::fchmod(visit.folder(), visit.status().mode | S_IRWXU));  // the effect itself will tell
}

void walk(std::unique_ptr<Visit> root, unsigned threads) { Walker(threads).run(std::move(root)); }

std::string shown_below(const std::string& above, const std::string& name) {
    std::string shown = above + escape_bytes(name) + "/";
    if (shown.size() > longest_shown)
        shown = "%~" + sha256_hex(above).substr(0, 40) + "/" + escape_bytes(name) + "/";
    return shown;
}

}  // namespace rehearse::files
