// A scan finds the hard link groups, a second walk reads, and a second scan proves that nothing changed since
// it was read: so all that was captured held at one instant, between the two.
#include "adapters/files/capture.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <mutex>
#include <set>
#include <unordered_map>

#include "adapters/files/content.h"
#include "adapters/files/entry.h"
#include "adapters/files/scan.h"
#include "adapters/files/walk.h"
#include "adapters/support/names.h"
#include "adapters/support/sidecar.h"
#include "orchestrator/base/digest.h"

namespace rehearse::files {

namespace {

/// git's own tools recurse over nested trees, and a checkout wants paths that fit: deeper folders stand
/// beside.
constexpr std::size_t deepest_tree = 64;
constexpr std::size_t longest_tree_path = 2048;  // bytes

struct Link {
    std::uint64_t links = 0;
    std::string first{};
};

/// Folders that stand beside the tree. Made at the beginning, since the root's writer is the root visit's
/// own; git drops it where it stays empty.
class DeepFolders {
  public:
    explicit DeepFolders(TreeWriter& root) : writer_(root.directory(deep_folder)) {}
    std::unique_ptr<TreeWriter> folder(const std::string& key) {
        std::lock_guard lock(mutex_);
        return writer_->directory(key);
    }
    void finish() { writer_->finish(); }

  private:
    std::mutex mutex_;
    std::unique_ptr<TreeWriter> writer_;
};

struct Shared {
    const CaptureRequest& request;
    std::map<InodeId, Link> links{};
    DeepFolders deep;
    std::mutex mutex{};
    Fingerprints fingerprints{};
    std::atomic<std::uint64_t> items = 0;
    std::atomic<std::uint64_t> bytes = 0;
    std::atomic<bool> has_shared_folders = false;
    std::atomic<bool> has_sparse = false;
    std::atomic<bool> has_outside_links = false;
    std::atomic<bool> has_evm = false;
};

struct Nesting {
    std::size_t depth = 0;
    std::size_t length = 0;  // bytes of the path in the tree
};

class CaptureVisit final : public Visit {
  public:
    struct Below {
        SidecarLine line{};
        std::atomic<bool> holds_items = false;
    };

    CaptureVisit(Shared& shared, const Visit* above, std::string name, FileDescriptor folder,
                 std::unique_ptr<TreeWriter> own_writer, TreeWriter* writer, Filter::State filter,
                 Nesting nesting, Below* below)
        : Visit(above, std::move(name), std::move(folder), escape_bytes(shared.request.place.root.string())),
          shared_(shared),
          own_writer_(std::move(own_writer)),
          writer_(own_writer_ ? own_writer_.get() : writer),
          filter_(std::move(filter)),
          nesting_(nesting),
          below_(below) {
        if (crosses_border()) {
            throw refused("capture", path(), "another file system begins here (a mount or a subvolume)",
                          "unmount it, or leave it out by 'exclude'");
        }
    }

    void set_writer(std::unique_ptr<TreeWriter> writer) {
        own_writer_ = std::move(writer);
        writer_ = own_writer_.get();
    }

    std::unique_ptr<Visit> next() override {
        if (!is_listed_) begin();
        while (at_ < names_.size()) {
            const Name& name = names_[at_++];
            if (std::unique_ptr<Visit> below = capture_name(name)) return below;
        }
        return nullptr;
    }

    void end() override {
        for (const std::unique_ptr<Below>& passage : passages_) {
            if (!passage->holds_items) continue;
            lines_.push_back(std::move(passage->line));
        }
        if (above() == nullptr) {
            lines_.push_back(root_line());
            shared_.deep.finish();
        }
        const bool holds_items = !lines_.empty();
        write_sidecar(*writer_, std::move(lines_));
        if (own_writer_) own_writer_->finish();
        if (below_ != nullptr && holds_items) below_->holds_items = true;
        std::lock_guard lock(shared_.mutex);
        shared_.fingerprints[fingerprint_key(shown())] = sum_;
    }

  private:
    void begin() {
        names_ = names_in(folder(), path());
        std::sort(names_.begin(), names_.end(), [](const Name& a, const Name& b) { return a.name < b.name; });
        is_listed_ = true;
        const bool is_shared = shared_.request.filter.may_leave_out_in(filter_);
        sum_ = fingerprint_of(".", status(), is_shared);
        if (is_shared) shared_.has_shared_folders = true;
    }

    SidecarLine line_of(const Entry& entry) {
        return {.name = escape_bytes(entry.name), .text = canonical_json(to_json(entry))};
    }

    SidecarLine root_line() {
        Entry entry = entry_of(".", status(), attributes(folder(), false, path()), path());
        if (shared_.request.filter.may_leave_out_in(filter_)) entry.mtime.reset();
        json::object line = to_json(entry);
        line["format"] = 1;
        for (const auto& [key, texts] : {std::pair{"include", &shared_.request.include},
                                         std::pair{"exclude", &shared_.request.exclude}}) {
            json::array list;
            for (const std::string& text : *texts) list.emplace_back(escape_bytes(text));
            if (!list.empty()) line[key] = std::move(list);
        }
        return {.name = ".", .text = canonical_json(line)};
    }

    Attributes attributes(int file, bool is_path_only, const std::string& path) {
        Attributes all = attributes_of(file, is_path_only, path);
        for (const auto& [name, value] : all) {
            if (name == "security.evm") shared_.has_evm = true;
        }
        return all;
    }

    std::unique_ptr<Visit> capture_name(const Name& name) {
        unsigned char type = name.type;
        if (type == DT_UNKNOWN) {
            const std::optional<Status> status = status_at(folder(), name.name, path(name.name));
            if (!status) throw vanished(name.name);
            type = static_cast<unsigned char>(IFTODT(status->type));
        }
        Filter::Decision decision =
            shared_.request.filter.decide(filter_, name.name, escape_bytes(name.name), type == DT_DIR);
        if (decision.verdict == Filter::Verdict::left_out) return nullptr;
        if (type == DT_DIR) return capture_folder(name.name, std::move(decision));
        ++shared_.items;
        if (type == DT_REG) {
            capture_file(name.name);
        } else {
            capture_other(name.name);
        }
        return nullptr;
    }

    Failure vanished(const std::string& name) const {
        return changed_meanwhile("capture", path(name),
                                 "it vanished or was replaced while its folder was read");
    }

    std::unique_ptr<Visit> capture_folder(const std::string& name, Filter::Decision decision) {
        const bool is_shared = shared_.request.filter.may_leave_out_in(decision.state);
        const bool is_passage = decision.verdict == Filter::Verdict::passage;
        const std::string tree_name = tree_name_of(name);
        Nesting nesting{.depth = nesting_.depth + 1, .length = nesting_.length + tree_name.size() + 1};
        const bool is_deep = nesting.depth > deepest_tree || nesting.length > longest_tree_path;
        if (is_deep) nesting = {};
        auto passage = std::make_unique<Below>();
        auto visit = std::make_unique<CaptureVisit>(
            shared_, this, name, open_folder(folder(), name, path(name)), nullptr, nullptr,
            std::move(decision.state), nesting, is_passage ? passage.get() : nullptr);
        Entry entry =
            entry_of(name, visit->status(), attributes(visit->folder(), false, visit->path()), path(name));
        if (is_shared) entry.mtime.reset();
        entry.is_passage = is_passage;
        if (is_deep) entry.elsewhere = sha256_hex(visit->shown()).substr(0, 40);
        visit->set_writer(is_deep ? shared_.deep.folder(entry.elsewhere) : writer_->directory(tree_name));
        sum_ += fingerprint_of(name, visit->status(), is_shared);
        if (is_passage) {
            passage->line = line_of(entry);
            passages_.push_back(std::move(passage));
        } else {
            ++shared_.items;
            lines_.push_back(line_of(entry));
        }
        return visit;
    }

    /// The group of a file with several links: fills in its part of the entry. True where only a reference to
    /// the group's first name is to be written.
    bool is_reference(const Status& status, const std::string& name, Entry& entry) {
        if (status.links < 2) return false;
        const auto found = shared_.links.find(status.id);
        if (found == shared_.links.end()) return false;
        const Link& link = found->second;
        if (status.links > link.links) shared_.has_outside_links = true;
        if (link.links < 2) return false;
        if (link.first == shown(name)) {
            entry.links = link.links;
            return false;
        }
        entry.kind = Kind::hard_link;
        entry.target = link.first;
        return true;
    }

    void capture_file(const std::string& name) {
        const std::string path = this->path(name);
        const FileDescriptor file = open_to_read(folder(), name, 0);
        if (!file) {
            if (errno == ENOENT || errno == ELOOP || errno == ENXIO || errno == ENODEV) throw vanished(name);
            throw failure_of(errno, "read", path,
                             "run as a user who may read it, or leave it out by 'exclude'");
        }
        const Status before = status_of(file.get(), path);
        if (before.type != S_IFREG) throw vanished(name);
        if (before.mount_root || before.id.device != status().id.device) {
            throw refused("capture", path, "something is mounted on it",
                          "unmount it, or leave it out by 'exclude'");
        }
        Entry entry;
        Status status = before;
        if (!is_reference(before, name, entry)) {
            status = capture_content(file.get(), before, *writer_, tree_name_of(name), entry, path);
            shared_.bytes += status.size;
            if (entry.is_sparse) shared_.has_sparse = true;
        }
        Entry whole = entry_of(name, status, attributes(file.get(), false, path), path);
        whole.take_content(entry);
        if (!is_unchanged(status, status_of(file.get(), path))) {
            throw changed_meanwhile("capture", path, "it changed while it was read");
        }
        sum_ += fingerprint_of(name, status, false);
        lines_.push_back(line_of(whole));
    }

    void capture_other(const std::string& name) {
        const std::string path = this->path(name);
        const FileDescriptor file = open_at(folder(), name, O_PATH);
        if (!file) throw vanished(name);
        const Status status = status_of(file.get(), path);
        if (status.type == S_IFREG || status.type == S_IFDIR) throw vanished(name);
        Entry entry = entry_of(name, status, attributes(file.get(), true, path), path);
        if (entry.kind == Kind::symlink) {
            entry.target.resize(status.size + 1);
            const ssize_t got = ::readlinkat(file.get(), "", entry.target.data(), entry.target.size());
            if (got < 0) throw failure_of(errno, "read", path);
            if (static_cast<std::size_t>(got) > status.size && status.size != 0) throw vanished(name);
            entry.target.resize(static_cast<std::size_t>(got));
        }
        static_cast<void>(is_reference(status, name, entry));
        sum_ += fingerprint_of(name, status, false);
        lines_.push_back(line_of(entry));
    }

    Shared& shared_;
    std::unique_ptr<TreeWriter> own_writer_;
    TreeWriter* writer_;
    Filter::State filter_;
    Nesting nesting_;
    Below* below_;
    bool is_listed_ = false;
    std::vector<Name> names_{};
    std::size_t at_ = 0;
    std::vector<SidecarLine> lines_{};
    std::vector<std::unique_ptr<Below>> passages_{};
    std::uint64_t sum_ = 0;
};

}  // namespace

CaptureReport capture(const CaptureRequest& request, TreeWriter& writer) {
    Shared shared{.request = request, .deep = DeepFolders(writer)};
    Scan before = scan({.place = request.place, .filter = request.filter, .threads = request.threads});
    for (auto& [id, group] : before.groups) {
        shared.links.emplace(id, Link{.links = group.names.size(), .first = group.names.front()});
    }
    FileDescriptor root = open_to_read(request.place.folder.get(), ".", O_DIRECTORY);
    if (!root) throw failure_of(errno, "open", escape_bytes(request.place.root.string()));
    walk(std::make_unique<CaptureVisit>(shared, nullptr, "", std::move(root), nullptr, &writer,
                                        request.filter.start(), Nesting{}, nullptr),
         request.threads);
    CaptureReport report;
    report.consistent_at = request.clock.wall();
    const Scan after = scan({.place = request.place,
                             .filter = request.filter,
                             .expected = &shared.fingerprints,
                             .threads = request.threads});
    if (after.groups.size() != before.groups.size()) {
        throw changed_meanwhile("capture", escape_bytes(request.place.root.string()),
                                "hard links changed while it was captured");
    }
    for (const auto& [id, group] : after.groups) {
        const auto found = before.groups.find(id);
        if (found == before.groups.end() || found->second.names != group.names) {
            throw changed_meanwhile("capture",
                                    escape_bytes(request.place.root.string()) + "/" + group.names.front(),
                                    "its hard links changed while it was captured");
        }
    }
    report.uncompared["fingerprint"] = digest_of(after.fingerprints);
    report.items = shared.items;
    report.bytes = shared.bytes;
    report.normalised.emplace_back(normalised_always);
    if (shared.has_outside_links) report.normalised.emplace_back(normalised_links);
    if (shared.has_shared_folders) report.normalised.emplace_back(normalised_shared_folders);
    if (shared.has_sparse) report.normalised.emplace_back(normalised_holes);
    if (shared.has_evm) report.normalised.emplace_back(normalised_evm);
    report.restorability_proved = false;
    report.restorability =
        "files are not restored into a scratch place; every blob is read back and hashed before anything is "
        "destroyed";
    return report;
}

}  // namespace rehearse::files
