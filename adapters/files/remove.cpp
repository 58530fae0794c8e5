// Files go on the way down, folders on the way up; what vanished meanwhile counts as gone.
#include "adapters/files/remove.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>

#include "adapters/support/names.h"

namespace rehearse::files {

namespace {

struct Shared {
    const Removal& removal;
    std::atomic<std::uint64_t> removed = 0;
};

class RemoveVisit final : public Visit {
  public:
    RemoveVisit(Shared& shared, const Visit* above, std::string name, FileDescriptor folder,
                const std::string& path, Filter::State state)
        : Visit(above, std::move(name), std::move(folder), path), shared_(shared), state_(std::move(state)) {
        if (crosses_border()) {
            throw refused(shared_.removal.operation, this->path(),
                          "another file system begins here (a mount or a subvolume)",
                          "unmount it, or leave it out by 'exclude'");
        }
    }

    std::unique_ptr<Visit> next() override {
        if (!is_listed_) {
            names_ = names_in(folder(), path());
            if (shared_.removal.makes_writable) make_writable(*this);
        }
        is_listed_ = true;
        while (at_ < names_.size()) {
            const Name& name = names_[at_++];
            if (std::unique_ptr<Visit> below = handle(name)) return below;
        }
        return nullptr;
    }

    void end() override {
        for (const std::string& name : folders_) {
            if (shared_.removal.before_each) shared_.removal.before_each();
            if (::unlinkat(folder(), name.c_str(), AT_REMOVEDIR) == 0) {
                ++shared_.removed;
            } else if (errno != ENOENT && errno != ENOTEMPTY && errno != EEXIST && errno != ENOTDIR) {
                throw failure_at(errno, shared_.removal.operation, folder(), name, path(name));
            }
        }
    }

  private:
    std::unique_ptr<Visit> handle(const Name& name) {
        bool is_folder = name.type == DT_DIR;
        if (name.type == DT_UNKNOWN) {
            const std::optional<Status> status = status_at(folder(), name.name, path(name.name));
            if (!status) return nullptr;
            is_folder = status->type == S_IFDIR;
        }
        const Removal& removal = shared_.removal;
        Filter::Decision decision =
            removal.filter.decide(state_, name.name, escape_bytes(name.name), is_folder);
        if (decision.verdict == Filter::Verdict::left_out) return nullptr;
        if (is_folder) {
            const std::string shown = shown_below(this->shown(), name.name);
            if (removal.may_hold && !removal.may_hold(shown)) return nullptr;
            FileDescriptor below = open_to_read(folder(), name.name, O_DIRECTORY);
            if (!below) {
                if (errno == ENOENT) return nullptr;
                if (errno == ENOTDIR || errno == ELOOP) {
                    throw changed_meanwhile(removal.operation, path(name.name),
                                            "it was a folder and is none now");
                }
                throw failure_at(errno, removal.operation, folder(), name.name, path(name.name));
            }
            const bool goes =
                decision.verdict == Filter::Verdict::item && (!removal.is_named || removal.is_named(shown));
            if (goes) folders_.push_back(name.name);
            return std::make_unique<RemoveVisit>(shared_, this, name.name, std::move(below), std::string(),
                                                 std::move(decision.state));
        }
        if (removal.is_named && !removal.is_named(shown(name.name))) return nullptr;
        if (removal.before_each) removal.before_each();
        if (::unlinkat(folder(), name.name.c_str(), 0) == 0) {
            ++shared_.removed;
        } else if (errno == EISDIR) {
            throw changed_meanwhile(removal.operation, path(name.name), "it was a file and is a folder now");
        } else if (errno != ENOENT) {
            throw failure_at(errno, removal.operation, folder(), name.name, path(name.name));
        }
        return nullptr;
    }

    Shared& shared_;
    Filter::State state_;
    bool is_listed_ = false;
    std::vector<Name> names_{};
    std::size_t at_ = 0;
    std::vector<std::string> folders_{};
};

}  // namespace

std::uint64_t remove_below(FileDescriptor folder, const std::string& path, Filter::State state,
                           const Removal& removal) {
    Shared shared{.removal = removal};
    walk(std::make_unique<RemoveVisit>(shared, nullptr, "", std::move(folder), path, std::move(state)),
         removal.threads);
    return shared.removed;
}

}  // namespace rehearse::files
