// First everything but hard links, folder by folder; then the links, when each group's first name is in
// place; then one sync of the file system.
#include "adapters/files/restore.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <map>
#include <mutex>
#include <optional>
#include <unordered_map>

#include "adapters/files/acl.h"
#include "adapters/files/apply.h"
#include "adapters/files/borrowed_tree.h"
#include "adapters/files/remove.h"
#include "adapters/files/restore_file.h"
#include "adapters/files/walk.h"
#include "adapters/support/names.h"
#include "adapters/support/sidecar.h"

namespace rehearse::files {

namespace {

constexpr std::size_t most_discarded = 20;  // names that are told
constexpr std::size_t slice = 256;          // names of one folder that are put right in one go

using Components = std::vector<std::string>;  // of a folder's path below the root

struct FirstName {
    Components folder{};
    std::string name{};
};

/// A folder whose hard links wait for all else.
struct Pending {
    Components folder{};
    Entry entry{};
    std::vector<Entry> links{};
    std::string path{};
    std::string shown{};
};

struct Shared {
    Filter filter{};
    std::unique_ptr<TreeReader> deep{};  // folders too deep for git; null where there are none
    std::string root_path{};
    std::mutex mutex{};
    std::map<InodeId, std::string> claimed{};  // live files with several links: the group they go to
    std::map<std::string, FirstName> firsts{};
    std::vector<Pending> pending{};
    std::atomic<std::uint64_t> restored = 0;
    std::atomic<std::uint64_t> bytes = 0;
    std::atomic<std::uint64_t> removed = 0;
    std::vector<std::string> discarded{};  // as shown

    void discard(std::string shown) {
        std::lock_guard lock(mutex);
        discarded.push_back(std::move(shown));
    }
};

Failure broken_snapshot(const std::string& path, const std::string& what) {
    return Failure({.kind = FailureKind::permanent,
                    .operation = "read snapshot",
                    .object = path,
                    .message = what,
                    .remedy = "use another snapshot; 'rehearse snapshots' lists them"});
}

Components components_of(const Visit& visit) {
    Components all;
    for (const Visit* at = &visit; at->above() != nullptr; at = at->above()) all.push_back(at->name());
    std::reverse(all.begin(), all.end());
    return all;
}

FileDescriptor open_components(int root, const Components& components, const std::string& path) {
    FileDescriptor folder = open_to_read(root, ".", O_DIRECTORY);
    if (!folder) throw failure_of(errno, "open", path);
    for (const std::string& name : components) folder = open_folder(folder.get(), name, path);
    return folder;
}

void settle_folder(int folder, const std::string& path, const Entry& wanted) {
    const Entry live =
        entry_of(wanted.name, status_of(folder, path), attributes_of(folder, false, path), path);
    apply_differences({.file = folder, .path = path}, wanted, live);
}

class RestoreVisit;

/// Some of the names of one folder, so that a large folder keeps all threads busy.
class SliceVisit final : public Visit {
  public:
    SliceVisit(RestoreVisit& owner, FileDescriptor folder, std::size_t begin, std::size_t end);
    std::unique_ptr<Visit> next() override;
    void end() override {}

  private:
    RestoreVisit& owner_;
    std::size_t begin_;
    std::size_t end_;
};

class RestoreVisit final : public Visit {
  public:
    RestoreVisit(Shared& shared, const Visit* above, std::string name, FileDescriptor folder,
                 std::unique_ptr<TreeReader> tree, Entry entry, Filter::State state, bool is_new)
        : Visit(above, std::move(name), std::move(folder), shared.root_path),
          shared_(shared),
          tree_(std::move(tree)),
          entry_(std::move(entry)),
          state_(std::move(state)),
          is_new_(is_new) {
        if (crosses_border()) {
            throw refused("restore", path(), "another file system begins here (a mount or a subvolume)",
                          "unmount it, or leave it out by 'exclude'");
        }
    }

    void preload(std::vector<Entry> entries) {
        entries_ = std::move(entries);
        is_loaded_ = true;
    }

    std::unique_ptr<Visit> next() override {
        if (!is_begun_) begin();
        is_begun_ = true;
        while (leaf_ < leaves_.size()) {
            const std::size_t first = leaf_;
            leaf_ = std::min(first + slice, leaves_.size());
            if (leaves_.size() > slice) {
                FileDescriptor again(::fcntl(folder(), F_DUPFD_CLOEXEC, 0));
                if (!again) throw failure_of(errno, "open", path());
                return std::make_unique<SliceVisit>(*this, std::move(again), first, leaf_);
            }
            restore_leaves(folder(), first, leaf_);
        }
        while (below_ < folders_.size()) {
            if (std::unique_ptr<Visit> visit = enter(folders_[below_++])) return visit;
        }
        return nullptr;
    }

    void end() override {
        if (is_new_ || differs_at_first()) ++shared_.restored;
        if (links_.empty()) {
            settle_folder(folder(), path(), entry_);
            return;
        }
        Pending pending{.folder = components_of(*this),
                        .entry = std::move(entry_),
                        .links = std::move(links_),
                        .path = path(),
                        .shown = shown()};
        std::lock_guard lock(shared_.mutex);
        shared_.pending.push_back(std::move(pending));
    }

    void restore_leaves(int folder, std::size_t begin, std::size_t end) {
        for (std::size_t at = begin; at < end; ++at) restore_leaf(folder, leaves_[at]);
    }

  private:
    struct Below {
        Entry entry{};
        Filter::State state{};
    };

    [[nodiscard]] bool differs_at_first() const {
        return status().mode != entry_.mode || status().uid != entry_.uid || status().gid != entry_.gid ||
               (entry_.mtime && !(status().mtime == *entry_.mtime));
    }

    void begin() {
        make_writable(*this);
        if (!is_new_) live_ = names_in(folder(), path());
        std::sort(live_.begin(), live_.end(), [](const Name& a, const Name& b) { return a.name < b.name; });
        may_inherit_ = ::fgetxattr(folder(), std::string(default_acl).c_str(), nullptr, 0) > 0;
        if (tree_) {
            contents_ = tree_->entries();
            for (std::size_t at = 0; at < contents_.size(); ++at) by_name_[contents_[at].name] = at;
            if (!is_loaded_) {
                read_sidecar(*tree_, path(), [&](const json::object& line) {
                    entries_.push_back(entry_from_json(line, path()));
                });
            }
        }
        remove_extras();
        for (Entry& entry : entries_) {
            const bool is_folder = entry.kind == Kind::folder;
            Filter::Decision decision =
                shared_.filter.decide(state_, entry.name, escape_bytes(entry.name), is_folder);
            if (decision.verdict == Filter::Verdict::left_out) continue;
            if (is_folder) {
                folders_.push_back({std::move(entry), std::move(decision.state)});
                continue;
            }
            make_room(entry.name);
            if (entry.kind == Kind::hard_link) {
                links_.push_back(std::move(entry));
                continue;
            }
            if (entry.links > 1) {
                std::lock_guard lock(shared_.mutex);
                shared_.firsts[shown(entry.name)] = {components_of(*this), entry.name};
            }
            leaves_.push_back(std::move(entry));
        }
        entries_.clear();
    }

    [[nodiscard]] const Name* find_live(const std::string& name) const {
        const auto found = std::lower_bound(live_.begin(), live_.end(), name,
                                            [](const Name& a, const std::string& b) { return a.name < b; });
        return found != live_.end() && found->name == name ? &*found : nullptr;
    }

    [[nodiscard]] bool is_live_folder(const Name& live) const {
        if (live.type != DT_UNKNOWN) return live.type == DT_DIR;
        const std::optional<Status> status = status_at(folder(), live.name, path(live.name));
        return status && status->type == S_IFDIR;
    }

    void remove_extras() {
        if (live_.empty()) return;
        std::vector<std::string_view> wanted;
        wanted.reserve(entries_.size());
        for (const Entry& entry : entries_) wanted.push_back(entry.name);
        std::sort(wanted.begin(), wanted.end());
        for (const Name& live : live_) {
            if (std::binary_search(wanted.begin(), wanted.end(), live.name)) continue;
            if (is_temporary_name(live.name)) {
                static_cast<void>(::unlinkat(folder(), live.name.c_str(), 0));
                continue;
            }
            const bool is_folder = is_live_folder(live);
            Filter::Decision decision =
                shared_.filter.decide(state_, live.name, escape_bytes(live.name), is_folder);
            if (decision.verdict == Filter::Verdict::left_out) continue;
            if (is_folder) {
                remove_folder(live.name, std::move(decision.state),
                              decision.verdict == Filter::Verdict::item);
            } else if (::unlinkat(folder(), live.name.c_str(), 0) == 0) {
                ++shared_.removed;
                shared_.discard(shown(live.name));
            } else if (errno != ENOENT) {
                throw failure_at(errno, "restore", folder(), live.name, path(live.name));
            }
        }
    }

    /// True where the folder is gone: what is left out stays, and keeps it.
    bool remove_folder(const std::string& name, Filter::State state, bool itself) {
        FileDescriptor below = open_folder(folder(), name, path(name));
        const Status inside = status_of(below.get(), path(name));
        if (inside.mount_root || inside.id.device != status().id.device) {
            throw refused("restore", path(name), "another file system begins here (a mount or a subvolume)",
                          "unmount it, or leave it out by 'exclude'");
        }
        const std::uint64_t gone =
            remove_below(std::move(below), path(name), std::move(state),
                         {.filter = shared_.filter, .operation = "restore", .makes_writable = true});
        shared_.removed += gone;
        if (gone > 0 || itself) shared_.discard(shown_below(shown(), name));
        if (!itself) return false;
        if (::unlinkat(folder(), name.c_str(), AT_REMOVEDIR) == 0) {
            ++shared_.removed;
            return true;
        }
        if (errno == ENOTEMPTY || errno == EEXIST) return false;
        if (errno == ENOENT) return true;
        throw failure_at(errno, "restore", folder(), name, path(name));
    }

    /// Takes a folder away where the snapshot has a file of that name.
    void make_room(const std::string& name) {
        const Name* live = find_live(name);
        if (live == nullptr || !is_live_folder(*live)) return;
        Filter::Decision decision = shared_.filter.decide(state_, name, escape_bytes(name), true);
        if (decision.verdict == Filter::Verdict::item && remove_folder(name, std::move(decision.state), true))
            return;
        throw refused(
            "restore", path(name),
            "a folder stands where the snapshot has a file, and it holds something that is left out",
            "move it away, then restore again");
    }

    void restore_leaf(int folder, const Entry& entry) {
        Spot spot{.folder = folder,
                  .tree = tree_.get(),
                  .tree_name = tree_name_of(entry.name),
                  .path = path(entry.name),
                  .is_absent = find_live(entry.name) == nullptr || is_live_folder_gone(entry.name),
                  .may_inherit = may_inherit_,
                  .claim = [&](const InodeId& id) { return claim(id, shown(entry.name)); }};
        if (entry.kind == Kind::file) {
            if (const auto found = by_name_.find(spot.tree_name); found != by_name_.end()) {
                spot.blob = contents_[found->second].id;
            } else if (!entry.is_chunked) {
                throw broken_snapshot(spot.path, "it holds no content for this file");
            }
        }
        const Outcome outcome = restore_file(spot, entry);
        if (outcome.changed) ++shared_.restored;
        if (outcome.replaced) shared_.discard(shown(entry.name));
        shared_.bytes += outcome.bytes;
    }

    [[nodiscard]] bool is_live_folder_gone(const std::string& name) const {
        const Name* live = find_live(name);
        return live != nullptr && live->type == DT_DIR;  // make_room() took it away
    }

    /// Two names that the snapshot keeps apart must not share a file: the first to ask gets it.
    bool claim(const InodeId& id, const std::string& owner) {
        std::lock_guard lock(shared_.mutex);
        return shared_.claimed.emplace(id, owner).first->second == owner;
    }

    std::unique_ptr<Visit> enter(Below& below) {
        const std::string name = below.entry.name;
        const Name* live = find_live(name);
        bool is_new = live == nullptr;
        if (live != nullptr && !is_live_folder(*live)) {
            if (::unlinkat(folder(), name.c_str(), 0) != 0 && errno != ENOENT) {
                throw failure_at(errno, "restore", folder(), name, path(name));
            }
            shared_.discard(shown(name));
            is_new = true;
        }
        if (is_new && ::mkdirat(folder(), name.c_str(), 0700) != 0) {
            if (errno != EEXIST) throw failure_at(errno, "restore", folder(), name, path(name));
            is_new = false;
        }
        FileDescriptor opened = open_below(name);
        std::unique_ptr<TreeReader> tree;
        if (!below.entry.elsewhere.empty()) {
            if (shared_.deep && shared_.deep->has(below.entry.elsewhere)) {
                tree = shared_.deep->directory(below.entry.elsewhere);
            }
        } else if (const auto found = by_name_.find(tree_name_of(name));
                   found != by_name_.end() && contents_[found->second].is_directory) {
            tree = tree_->directory(contents_[found->second].name);
        }
        auto visit = std::make_unique<RestoreVisit>(shared_, this, name, std::move(opened), std::move(tree),
                                                    std::move(below.entry), std::move(below.state), is_new);
        if (is_new && visit->status().uid != ::geteuid()) {
            throw changed_meanwhile("restore", path(name), "somebody replaced it as it was made");
        }
        return visit;
    }

    FileDescriptor open_below(const std::string& name) {
        FileDescriptor opened = open_to_read(folder(), name, O_DIRECTORY);
        if (!opened && errno == EACCES && ::geteuid() != 0) {  // this user's own, but not readable
            static_cast<void>(::fchmodat(folder(), name.c_str(), 0700, AT_SYMLINK_NOFOLLOW));
        }
        return opened ? std::move(opened) : open_folder(folder(), name, path(name));
    }

    Shared& shared_;
    std::unique_ptr<TreeReader> tree_;
    Entry entry_;
    Filter::State state_;
    bool is_new_;
    bool is_loaded_ = false;
    bool is_begun_ = false;
    bool may_inherit_ = false;
    std::vector<Name> live_{};
    std::vector<TreeEntry> contents_{};
    std::unordered_map<std::string_view, std::size_t> by_name_{};  // into contents_
    std::vector<Entry> entries_{};
    std::vector<Entry> leaves_{};
    std::size_t leaf_ = 0;
    std::vector<Below> folders_{};
    std::size_t below_ = 0;
    std::vector<Entry> links_{};
};

SliceVisit::SliceVisit(RestoreVisit& owner, FileDescriptor folder, std::size_t begin, std::size_t end)
    : Visit(&owner, "", std::move(folder), ""), owner_(owner), begin_(begin), end_(end) {}

std::unique_ptr<Visit> SliceVisit::next() {
    owner_.restore_leaves(folder(), begin_, end_);
    return nullptr;
}

void restore_link(int folder, const Pending& pending, const Entry& link, int root, Shared& shared) {
    const std::string path = pending.path + escape_bytes(link.name);
    const auto first = shared.firsts.find(link.target);
    if (first == shared.firsts.end()) {
        throw broken_snapshot(path, "it is a hard link to a file that the snapshot does not hold");
    }
    const FileDescriptor first_folder = open_components(root, first->second.folder, path);
    const std::string& first_name = first->second.name;
    const std::optional<Status> wanted = status_at(first_folder.get(), first_name, path);
    if (!wanted) throw changed_meanwhile("restore", path, "the file that it is a link to vanished");
    const std::optional<Status> live = status_at(folder, link.name, path);
    if (live && live->id == wanted->id) return;
    const std::string temporary = live ? temporary_name() : link.name;
    if (::linkat(first_folder.get(), first_name.c_str(), folder, temporary.c_str(), 0) != 0) {
        if (errno == EEXIST) throw changed_meanwhile("restore", path, "somebody made it meanwhile");
        throw failure_at(errno, "restore", folder, temporary, path);
    }
    const std::optional<Status> made = status_at(folder, temporary, path);
    if (!made || made->id != wanted->id) {
        throw changed_meanwhile("restore", path, "the file that it is a link to was replaced");
    }
    if (live && ::renameat(folder, temporary.c_str(), folder, link.name.c_str()) != 0) {
        const int error = errno;
        static_cast<void>(::unlinkat(folder, temporary.c_str(), 0));
        throw failure_at(error, "restore", folder, link.name, path);
    }
    ++shared.restored;
}

std::vector<std::string> texts_of(const json::object& line, std::string_view key) {
    std::vector<std::string> texts;
    const json::value* list = line.if_contains(key);
    if (list == nullptr || !list->is_array()) return texts;
    for (const json::value& text : list->get_array()) {
        if (text.is_string()) texts.push_back(unescape_bytes(text.get_string()));
    }
    return texts;
}

}  // namespace

RestoreReport restore(const RestoreOrder& order, const TreeReader& tree) {
    Place& place = order.place;
    Shared shared;
    shared.root_path = escape_bytes(place.root.string());
    shared.filter.add(order.include, order.exclude);
    std::optional<Entry> root_entry;
    std::vector<Entry> entries;
    read_sidecar(tree, shared.root_path, [&](const json::object& line) {
        Entry entry = entry_from_json(line, shared.root_path);
        if (entry.name != ".") {
            entries.push_back(std::move(entry));
            return;
        }
        if (integer_at(line, "format", shared.root_path) != 1) {
            throw broken_snapshot(shared.root_path, "a later version of rehearse wrote it");
        }
        shared.filter.add(texts_of(line, "include"), texts_of(line, "exclude"));
        root_entry = std::move(entry);
    });
    if (!root_entry) throw broken_snapshot(shared.root_path, "it holds no file tree");
    if (tree.has(deep_folder)) shared.deep = tree.directory(deep_folder);
    bool is_new = false;
    if (!place.folder) {
        if (!place.parent) {
            throw refused("restore", shared.root_path, "the folder that held the root is not there either",
                          "make it as it was, for example: mkdir -p '" +
                              escape_bytes(place.root.parent_path().string()) + "'");
        }
        const std::string name = place.root.filename().string();
        is_new = ::mkdirat(place.parent.get(), name.c_str(), 0700) == 0;
        if (!is_new && errno != EEXIST) {
            throw failure_at(errno, "restore", place.parent.get(), name, shared.root_path);
        }
        place.folder = open_folder(place.parent.get(), name, shared.root_path);
    }
    FileDescriptor root = open_to_read(place.folder.get(), ".", O_DIRECTORY);
    if (!root) throw failure_of(errno, "open", shared.root_path);
    auto reader = std::make_unique<BorrowedTree>(tree);
    auto visit = std::make_unique<RestoreVisit>(shared, nullptr, "", std::move(root), std::move(reader),
                                                std::move(*root_entry), shared.filter.start(), is_new);
    visit->preload(std::move(entries));
    walk(std::move(visit), order.threads);
    for (const Pending& pending : shared.pending) {
        const FileDescriptor folder = open_components(place.folder.get(), pending.folder, pending.path);
        for (const Entry& link : pending.links) {
            restore_link(folder.get(), pending, link, place.folder.get(), shared);
        }
        settle_folder(folder.get(), pending.path, pending.entry);
    }
    if (::syncfs(place.folder.get()) != 0) throw failure_of(errno, "write to the disk", shared.root_path);
    std::sort(shared.discarded.begin(), shared.discarded.end());
    if (shared.discarded.size() > most_discarded) {
        const std::size_t rest = shared.discarded.size() - most_discarded;
        shared.discarded.resize(most_discarded);
        shared.discarded.push_back("and " + std::to_string(rest) + " more");
    }
    return {.items_restored = shared.restored,
            .bytes_restored = shared.bytes,
            .items_removed = shared.removed,
            .discarded = std::move(shared.discarded)};
}

}  // namespace rehearse::files
