// One visit per folder; results are collected under one lock, folder by folder.
#include "adapters/files/scan.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <mutex>

#include "adapters/files/entry.h"
#include "adapters/files/walk.h"
#include "adapters/support/names.h"

namespace rehearse::files {

namespace {

constexpr std::size_t most_lines = 20;  // of obstacles or warnings of one kind

struct Shared {
    const ScanRequest& request;
    bool is_root_user = ::geteuid() == 0;
    std::mutex mutex{};
    Scan scan{};
    std::uint64_t sockets = 0;
    std::vector<std::string> socket_names{};
    std::pair<time_t, long> newest_time{};
};

std::uint64_t mix(std::uint64_t hash, std::uint64_t value) {
    hash ^= value + 0x9e3779b97f4a7c15 + (hash << 6U) + (hash >> 2U);
    hash = (hash ^ (hash >> 30U)) * 0xbf58476d1ce4e5b9;
    return hash ^ (hash >> 27U);
}

class ScanVisit final : public Visit {
  public:
    ScanVisit(Shared& shared, ScanVisit* above, std::string name, FileDescriptor folder, Filter::State filter,
              Selector::State selector, bool is_selected)
        : Visit(above, std::move(name), std::move(folder), escape_bytes(shared.request.place.root.string())),
          shared_(shared),
          above_(above),
          filter_(std::move(filter)),
          selector_(std::move(selector)),
          is_selected_(is_selected) {}

    std::unique_ptr<Visit> next() override {
        if (!is_listed_) {
            names_ = names_in(folder(), path());
            is_listed_ = true;
            can_write_ = shared_.is_root_user || ::faccessat(folder(), ".", W_OK | X_OK, AT_EACCESS) == 0;
            // A name that went away leaves only its folder's time.
            newest_time_ = {status().ctime.tv_sec, status().ctime.tv_nsec};
            sum_ = fingerprint_of(".", status(), shared_.request.filter.may_leave_out_in(filter_));
        }
        while (at_ < names_.size()) {
            const Name& name = names_[at_++];
            if (std::unique_ptr<Visit> below = look_at(name)) return below;
        }
        return nullptr;
    }

    void end() override {
        const std::uint64_t key = fingerprint_key(shown());
        if (shared_.request.expected != nullptr) {
            const auto found = shared_.request.expected->find(key);
            if (found == shared_.request.expected->end() || found->second != sum_) {
                throw changed_meanwhile("capture", newest_.empty() ? path() : path(newest_),
                                        "it or something beside it changed while it was captured");
            }
        }
        const bool holds_foreign = holds_foreign_;
        if (holds_foreign && above_ != nullptr) above_->holds_foreign_ = true;
        if (above_ != nullptr && filter_.included && !holds_foreign) {
            ++count_;
            if (is_selected_ && shared_.request.selector != nullptr) {
                items_.push_back({.name = shown(), .bytes = 0, .detail = "directory"});
            }
        }
        std::lock_guard lock(shared_.mutex);
        Scan& scan = shared_.scan;
        scan.items_in_resource += count_;
        scan.bytes_in_resource += bytes_;
        std::move(items_.begin(), items_.end(), std::back_inserter(scan.items));
        for (const std::uint32_t pattern : matched_) scan.matched[pattern] = true;
        add(scan.obstacles, obstacles_);
        add(scan.warnings, warnings_);
        for (auto& [id, links, name] : links_) {
            LinkGroup& group = scan.groups[id];
            group.links = links;
            group.names.push_back(std::move(name));
        }
        scan.fingerprints[key] = sum_;
        if (newest_time_ >= shared_.newest_time) {
            shared_.newest_time = newest_time_;
            scan.newest = newest_.empty() ? path() : path(newest_);
        }
    }

  private:
    static void add(std::vector<std::string>& all, std::vector<std::string>& some) {
        std::move(some.begin(), some.end(), std::back_inserter(all));
    }

    std::unique_ptr<Visit> look_at(const Name& name) {
        const std::string escaped = escape_bytes(name.name);
        std::optional<Status> status;
        bool is_folder = name.type == DT_DIR;
        if (name.type == DT_UNKNOWN) {
            status = status_at(folder(), name.name, path(name.name));
            if (!status) return nullptr;
            is_folder = status->type == S_IFDIR;
        }
        Filter::Decision decision = shared_.request.filter.decide(filter_, name.name, escaped, is_folder);
        if (decision.verdict == Filter::Verdict::left_out) {
            holds_foreign_ = true;
            return nullptr;
        }
        if (!status) status = status_at(folder(), name.name, path(name.name));
        if (!status) return nullptr;  // gone: the folder's own times tell, where that matters
        Selector::Step step;
        bool is_selected = is_selected_;
        if (shared_.request.selector != nullptr) {
            step = shared_.request.selector->step(selector_, name.name, escaped, is_folder);
            is_selected = is_selected || !step.matched.empty();
            matched_.insert(matched_.end(), step.matched.begin(), step.matched.end());
        }
        const bool is_shared =
            status->type == S_IFDIR && shared_.request.filter.may_leave_out_in(decision.state);
        sum_ += fingerprint_of(name.name, *status, is_shared);
        remember_newest(name.name, *status);
        if (is_selected) look_for_obstacles(name.name, *status);
        if (status->type == S_IFDIR) {
            FileDescriptor below = open_folder(folder(), name.name, path(name.name));
            auto visit =
                std::make_unique<ScanVisit>(shared_, this, name.name, std::move(below),
                                            std::move(decision.state), std::move(step.state), is_selected);
            if (visit->crosses_border()) {
                obstacles_.push_back(
                    visit->path() +
                    " is another file system (a mount or a subvolume): unmount it or exclude it");
                holds_foreign_ = true;
                return nullptr;
            }
            return visit;
        }
        count(name.name, *status, is_selected);
        return nullptr;
    }

    void count(const std::string& name, const Status& status, bool is_selected) {
        const Kind kind = kind_of(status, path(name));
        ++count_;
        // Holes come back as holes: only what is allocated has to find room.
        if (kind == Kind::file) bytes_ += std::min(status.size, status.blocks * 512);
        if (status.links > 1) links_.emplace_back(status.id, status.links, shown(name));
        if (kind == Kind::socket) {
            warnings_.push_back(path(name) +
                                " is a socket: its name comes back, not the process that listened on it");
        }
        if (!is_selected || shared_.request.selector == nullptr) return;
        items_.push_back({.name = shown(name),
                          .bytes = kind == Kind::file ? status.size : 0,
                          .detail = kind == Kind::file ? std::string() : std::string(to_string(kind))});
    }

    void look_for_obstacles(const std::string& name, const Status& status) {
        if (status.immutable || status.append_only) {
            obstacles_.push_back(path(name) +
                                 " carries the immutable or append-only flag: run 'chattr -i -a' on it");
        }
        if (status.mount_root && status.type != S_IFDIR) {
            obstacles_.push_back(path(name) + " is a mount: unmount it or exclude it");
        }
        if (shared_.is_root_user) return;
        if (!can_write_ && !said_unwritable_) {
            said_unwritable_ = true;
            obstacles_.push_back(path() + " is not writable for this user");
        }
        if (status.uid != ::geteuid()) {
            obstacles_.push_back(path(name) + " belongs to user " + std::to_string(status.uid) +
                                 ": only root can give it back to its owner");
        }
        if (status.type == S_IFCHR || status.type == S_IFBLK) {
            obstacles_.push_back(path(name) + " is a device node: only root can make it again");
        }
    }

    /// The last one changed is the likely culprit where a fingerprint differs.
    void remember_newest(const std::string& name, const Status& status) {
        const auto key = std::pair(status.ctime.tv_sec, status.ctime.tv_nsec);
        if (key >= newest_time_) {
            newest_ = name;
            newest_time_ = key;
        }
    }

    Shared& shared_;
    ScanVisit* above_;
    Filter::State filter_;
    Selector::State selector_;
    bool is_selected_;
    bool is_listed_ = false;
    bool can_write_ = true;
    bool said_unwritable_ = false;
    std::vector<Name> names_{};
    std::size_t at_ = 0;
    std::atomic<bool> holds_foreign_ = false;  // something below is left out: the folder cannot go
    std::uint64_t sum_ = 0;
    std::uint64_t count_ = 0;
    std::uint64_t bytes_ = 0;
    std::vector<Item> items_{};
    std::vector<std::uint32_t> matched_{};
    std::vector<std::string> obstacles_{};
    std::vector<std::string> warnings_{};
    std::vector<std::tuple<InodeId, std::uint64_t, std::string>> links_{};
    std::string newest_{};
    std::pair<time_t, long> newest_time_{};
};

void shorten(std::vector<std::string>& lines, const std::string& what) {
    std::sort(lines.begin(), lines.end());
    if (lines.size() <= most_lines) return;
    const std::size_t rest = lines.size() - most_lines;
    lines.resize(most_lines);
    lines.push_back("and " + std::to_string(rest) + " more " + what);
}

}  // namespace

std::uint64_t fingerprint_key(const std::string& shown_folder) {
    std::uint64_t hash = 1;
    for (const char c : shown_folder) hash = mix(hash, static_cast<unsigned char>(c));
    return hash;
}

std::uint64_t fingerprint_of(const std::string& name, const Status& status, bool is_shared) {
    std::uint64_t hash = std::hash<std::string>{}(name);
    const auto add = [&](auto value) { hash = mix(hash, static_cast<std::uint64_t>(value)); };
    for (const std::uint64_t value : {status.id.device, status.id.inode}) add(value);
    add(status.type | status.mode);
    add(status.uid);
    add(status.gid);
    if (is_shared) return hash;
    add(status.ctime.tv_sec);
    add(status.ctime.tv_nsec);
    add(status.mtime.tv_sec);
    add(status.mtime.tv_nsec);
    if (status.type != S_IFDIR) add(status.size);
    return hash;
}

std::string digest_of(const Fingerprints& fingerprints) {
    std::uint64_t sum = 0;
    for (const auto& [folder, fingerprint] : fingerprints) sum += mix(mix(1, folder), fingerprint);
    std::string text(16, '0');
    for (std::size_t at = text.size(); at-- > 0; sum >>= 4U) text[at] = "0123456789abcdef"[sum & 15U];
    return text;
}

Scan scan(const ScanRequest& request) {
    Shared shared{.request = request};
    const Selector everything;
    const Selector& selector = request.selector == nullptr ? everything : *request.selector;
    shared.scan.matched.resize(selector.texts().size());
    FileDescriptor root = open_to_read(request.place.folder.get(), ".", O_DIRECTORY);
    if (!root) throw failure_of(errno, "open", escape_bytes(request.place.root.string()));
    walk(std::make_unique<ScanVisit>(shared, nullptr, "", std::move(root), request.filter.start(),
                                     selector.start(), selector.empty()),
         request.threads);
    Scan& scan = shared.scan;
    for (auto& [id, group] : scan.groups) {
        std::sort(group.names.begin(), group.names.end());
        if (group.links > group.names.size()) {
            scan.warnings.push_back(
                escape_bytes(request.place.root.string()) + "/" + group.names.front() +
                " has links outside the resource: after a restore it is a file of its own");
        }
    }
    std::sort(scan.items.begin(), scan.items.end(),
              [](const Item& a, const Item& b) { return a.name < b.name; });
    shorten(scan.obstacles, "obstacles");
    shorten(scan.warnings, "warnings");
    return std::move(shared.scan);
}

}  // namespace rehearse::files
