// The five verbs, each on a root that is opened anew and has proved its identity.
#include "adapters/files/files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <thread>

#include "adapters/files/capture.h"
#include "adapters/files/place.h"
#include "adapters/files/remove.h"
#include "adapters/files/restore.h"
#include "adapters/files/scan.h"
#include "adapters/support/names.h"
#include "orchestrator/base/file.h"

namespace rehearse {

namespace {

using namespace files;

constexpr KeySpec keys[] = {
    {.name = "root",
     .type = ValueType::path,
     .required = true,
     .help = "The folder whose contents are the resource. Not a symlink, and not '/'."},
    {.name = "include",
     .type = ValueType::text_list,
     .help = "Globs relative to the root; only what matches belongs to the resource. '**' spans folders; a "
             "folder "
             "that matches brings all that is in it. Default: everything."},
    {.name = "exclude",
     .type = ValueType::text_list,
     .help = "Globs relative to the root; what matches is never captured, destroyed or restored. Wins over "
             "include."},
};

constexpr std::string_view normalises[] = {normalised_always, normalised_links, normalised_shared_folders,
                                           normalised_holes, normalised_evm};

constexpr std::size_t largest_marker = 64U << 10U;

std::vector<std::string> texts_of(const json::object& options, std::string_view key) {
    std::vector<std::string> texts;
    const json::value* list = options.if_contains(key);
    if (list == nullptr || list->is_null()) return texts;
    if (list->is_array()) return texts_at(options, key, "options");
    texts.push_back(text_at(options, key, "options"));
    return texts;
}

class FilesAdapter final : public Adapter {
  public:
    FilesAdapter(const ResourceSpec& spec, const AdapterContext& context)
        : clock_(context.clock),
          root_(text_at(spec.options, "root", to_string(spec.mark))),
          include_(texts_of(spec.options, "include")),
          exclude_(texts_of(spec.options, "exclude")) {
        filter_.add(include_, exclude_);
    }

    IdentityReport identify(const Identity* recorded) override {
        return compare_identity(look_at_place(root_), recorded);
    }

    Observation observe(const Selection& selection) override {
        const Place place = usable_place("observe");
        const Selector selector(selection.patterns, "items");
        Observation observation;
        observation.paths.push_back(place.root);
        observation.way_back.push_back(place.marker);
        observation.restore_disk = place.nearest;
        if (!place.folder) {
            observation.unmatched = selection.patterns;
            return observation;
        }
        Scan found = scan({.place = place, .filter = filter_, .selector = &selector, .threads = threads_});
        observation.items = std::move(found.items);
        observation.items_in_resource = found.items_in_resource;
        observation.bytes_in_resource = found.bytes_in_resource;
        for (std::size_t at = 0; at < selection.patterns.size(); ++at) {
            if (!found.matched[at]) observation.unmatched.push_back(selection.patterns[at]);
        }
        observation.obstacles = std::move(found.obstacles);
        if (is_read_only(place.folder.get(), escape_bytes(place.root.string())))
            observation.obstacles.push_back(escape_bytes(place.root.string()) +
                                            " is on a file system that is mounted read-only");
        observation.warnings = std::move(found.warnings);
        return observation;
    }

    CaptureReport capture(TreeWriter& writer) override {
        const Place place = usable_place("capture");
        if (!place.folder) {
            throw Failure({.kind = FailureKind::permanent,
                           .operation = "capture",
                           .object = escape_bytes(place.root.string()),
                           .native_code = "ENOENT",
                           .message = "the root is not there",
                           .remedy = "check 'root' in the environment file"});
        }
        return files::capture({.place = place,
                               .filter = filter_,
                               .include = include_,
                               .exclude = exclude_,
                               .clock = clock_,
                               .threads = threads_},
                              writer);
    }

    std::string drift(const json::object& uncompared) override {
        const std::string then = text_or(uncompared, "fingerprint", "");
        const Place place = usable_place("look for changes in");
        if (then.empty() || !place.folder) return "";
        const Scan now = scan({.place = place, .filter = filter_, .threads = threads_});
        if (digest_of(now.fingerprints) == then) return "";
        return "somebody changed something since the snapshot; what changed last is " + now.newest;
    }

    void destroy(const DestroyRequest& request) override {
        Place place = look_at_place(root_);
        require_identity(place, request.expected, "destroy");
        if (!place.folder) return;  // nothing is there: done before
        std::vector<std::string_view> names(request.items.begin(), request.items.end());
        std::sort(names.begin(), names.end());
        const Removal removal{
            .filter = filter_,
            .is_named =
                [&](const std::string& name) { return std::binary_search(names.begin(), names.end(), name); },
            .may_hold =
                [&](const std::string& folder) {
                    const auto first = std::lower_bound(names.begin(), names.end(), folder);
                    return first != names.end() && first->starts_with(folder);
                },
            .before_each =
                [&] {
                    if (!request.stop.stop_requested()) return;
                    throw Failure({.kind = FailureKind::cancelled,
                                   .operation = "destroy",
                                   .object = escape_bytes(place.root.string()),
                                   .message = "stopped before everything was destroyed"});
                },
            .threads = threads_};
        FileDescriptor root = open_to_read(place.folder.get(), ".", O_DIRECTORY);
        if (!root) throw failure_of(errno, "open", escape_bytes(place.root.string()));
        remove_below(std::move(root), escape_bytes(place.root.string()), filter_.start(), removal);
    }

    RestoreReport restore(const TreeReader& tree, const RestoreRequest& request) override {
        Place place = look_at_place(root_);
        require_identity(place, request.expected, "restore");
        return files::restore({.place = place, .include = include_, .exclude = exclude_, .threads = threads_},
                              tree);
    }

    std::optional<std::string> read_marker() override {
        const Place place = look_at_place(root_);
        if (!place.parent) return std::nullopt;
        const std::string path = escape_bytes(place.marker.string());
        const FileDescriptor file = open_to_read(place.parent.get(), place.marker.filename().string(), 0);
        if (!file && errno == ENOENT) return std::nullopt;
        if (!file) throw failure_of(errno, "read marker", path);
        const Status status = status_of(file.get(), path);
        if (status.type != S_IFREG || status.size > largest_marker) {
            throw refused("read marker", path, "it is not a small regular file",
                          "remove it, then run 'rehearse enroll' again");
        }
        std::string text(status.size, '\0');
        const ssize_t got = ::pread(file.get(), text.data(), text.size(), 0);
        if (got < 0) throw failure_of(errno, "read marker", path);
        text.resize(static_cast<std::size_t>(got));
        return text;
    }

    void write_marker(const std::string& text) override {
        const Place place = usable_place("write marker");
        write_file_durably(place.marker, text, 0600);
    }

  private:
    [[nodiscard]] Place usable_place(const std::string& operation) const {
        Place place = look_at_place(root_);
        if (place.problem.empty()) return place;
        throw refused(operation, escape_bytes(place.root.string()), place.problem,
                      "name the real folder as 'root'");
    }

    const Clock& clock_;
    const std::filesystem::path root_;
    const std::vector<std::string> include_;
    const std::vector<std::string> exclude_;
    Filter filter_;
    unsigned threads_ = std::clamp(std::thread::hardware_concurrency(), 2U, 4U);
};

std::unique_ptr<Adapter> make(const ResourceSpec& spec, const AdapterContext& context) {
    return std::make_unique<FilesAdapter>(spec, context);
}

constexpr AdapterDescriptor descriptor{
    .name = "files",
    .summary =
        "A tree of files: contents, links, owners, modes, times, attributes, ACLs, holes, special files.",
    .destroys =
        "Named files and folders below 'root', never beyond it, never across a mount, never what 'exclude' "
        "leaves out. The root folder itself stays.",
    .item = "file",
    .keys = keys,
    .destroy_keys = {},
    .normalises = normalises,
    .make = make,
    .patterns = "globs of paths below the root; ** spans folders, a folder brings all that is in it"};

}  // namespace

const AdapterDescriptor& files_adapter() { return descriptor; }

}  // namespace rehearse
