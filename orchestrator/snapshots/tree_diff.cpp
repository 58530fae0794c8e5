// A merge walk over both trees, without recursion: trees may be deeper than a stack is.
#include "orchestrator/snapshots/tree_diff.h"

#include <algorithm>
#include <set>
#include <tuple>
#include <utility>

#include "orchestrator/base/failure.h"
#include "orchestrator/ports/tree.h"
#include "orchestrator/ports/tree_name.h"
#include "orchestrator/snapshots/sidecar_diff.h"
#include "orchestrator/snapshots/tree_format.h"

namespace rehearse {
namespace {

using Items = std::vector<TreeItem>;

bool comes_first(const TreeDifference& a, const TreeDifference& b) {
    return std::tie(a.resource, a.path, a.kind) < std::tie(b.resource, b.path, b.kind);
}

/// The differences that sort first, a bounded number of them.
class Differences {
  public:
    explicit Differences(std::size_t limit) : limit_(limit) {}
    void add(TreeDifference difference) {
        all_.push_back(std::move(difference));
        if (limit_ != 0 && all_.size() >= 2 * limit_ + 1024) cut();
    }
    std::vector<TreeDifference> take() {
        std::sort(all_.begin(), all_.end(), comes_first);
        if (limit_ != 0 && all_.size() > limit_) all_.resize(limit_);
        return std::move(all_);
    }

  private:
    void cut() {
        const auto end = all_.begin() + static_cast<std::ptrdiff_t>(limit_);
        std::nth_element(all_.begin(), end, all_.end(), comes_first);
        all_.erase(end, all_.end());
    }
    std::size_t limit_;
    std::vector<TreeDifference> all_;
};

void sort_by_name(Items& items) {
    std::sort(items.begin(), items.end(),
              [](const TreeItem& a, const TreeItem& b) { return a.name < b.name; });
}

bool has_name(const Items& by_name, std::string_view name) {
    const auto found =
        std::lower_bound(by_name.begin(), by_name.end(), name,
                         [](const TreeItem& item, std::string_view wanted) { return item.name < wanted; });
    return found != by_name.end() && found->name == name;
}

/// Calls for every name on either side; both are sorted by name.
template <class Call>
void merge(const Items& before, const Items& after, Call call) {
    auto a = before.begin();
    auto b = after.begin();
    while (a != before.end() || b != after.end()) {
        if (b == after.end() || (a != before.end() && a->name < b->name)) {
            call(&*a++, nullptr);
        } else if (a == before.end() || b->name < a->name) {
            call(nullptr, &*b++);
        } else {
            call(&*a++, &*b++);
        }
    }
}

/// True for the content of one large file: a directory of chunks.
bool is_content(const Items& items) {
    return !items.empty() && std::all_of(items.begin(), items.end(), [](const TreeItem& item) {
        return item.mode != TreeMode::directory && is_chunk_name(item.name);
    });
}

class Walk {
  public:
    Walk(const ObjectDatabase& database, Differences& differences)
        : database_(database), differences_(differences) {}

    void resources(const ObjectId& before_id, const ObjectId& after_id) {
        const Items before = read(before_id);
        const Items after = read(after_id);
        merge(before, after, [&](const TreeItem* a, const TreeItem* b) {
            if (a != nullptr && b != nullptr && a->id == b->id) return;
            resource_ = ResourceName(printable((a != nullptr ? a : b)->name));
            pending_.push_back({.path = {}, .before = side(a), .after = side(b)});
            while (!pending_.empty()) {
                const Pending next = std::move(pending_.back());
                pending_.pop_back();
                directory(next);
            }
        });
    }

  private:
    /// One side of a path: nothing, a blob or a tree.
    struct Side {
        std::optional<ObjectId> id;
        bool is_tree = false;
    };
    /// A path that is a directory on one side at least.
    struct Pending {
        std::string path;  // printable, without a '/' at its end; empty: the resource itself
        Side before, after;
    };

    static Side side(const TreeItem* item) {
        if (item == nullptr) return {};
        return {.id = item->id, .is_tree = item->mode == TreeMode::directory};
    }

    [[nodiscard]] Items read(const std::optional<ObjectId>& id) const {
        if (!id) return {};
        std::optional<Items> items = parse_tree(database_.read(*id, ObjectType::tree).content);
        if (!items) throw database_.lost(*id, ObjectType::tree, "its bytes are no tree");
        sort_by_name(*items);
        return std::move(*items);
    }
    [[nodiscard]] Items read(const Side& side) const { return side.is_tree ? read(side.id) : Items{}; }

    void report(ChangeKind kind, std::string path, const Side& before, const Side& after) {
        differences_.add({.resource = resource_,
                          .kind = kind,
                          .path = std::move(path),
                          .before_id = before.id ? to_hex(*before.id) : "",
                          .after_id = after.id ? to_hex(*after.id) : ""});
    }

    static ChangeKind kind_of(const Side& before, const Side& after) {
        if (!after.id) return ChangeKind::missing;
        if (!before.id) return ChangeKind::extra;
        return *before.id == *after.id ? ChangeKind::metadata : ChangeKind::changed;
    }

    static std::string below(const std::string& path, std::string_view name) {
        return path.empty() ? printable(name) : path + "/" + printable(name);
    }

    void directory(const Pending& at) {
        const Items before = read(at.before);
        const Items after = read(at.after);
        const bool content_before = at.before.is_tree && is_content(before);
        const bool content_after = at.after.is_tree && is_content(after);
        if (!at.path.empty() && (content_before || !at.before.is_tree) &&
            (content_after || !at.after.is_tree)) {
            report(kind_of(at.before, at.after), at.path, at.before, at.after);
            return;
        }
        if (at.before.id && !at.before.is_tree) report(ChangeKind::missing, at.path, at.before, {});
        if (at.after.id && !at.after.is_tree) report(ChangeKind::extra, at.path, {}, at.after);

        Side sidecar_before, sidecar_after;
        std::set<std::string, std::less<>> reported;
        merge(before, after, [&](const TreeItem* a, const TreeItem* b) {
            const TreeItem& any = a != nullptr ? *a : *b;
            if (a != nullptr && b != nullptr && a->id == b->id && a->mode == b->mode) return;
            if (any.name == sidecar_name) {
                sidecar_before = side(a);
                sidecar_after = side(b);
                return;
            }
            reported.insert(any.name);
            const Side one = side(a);
            const Side other = side(b);
            if (one.is_tree || other.is_tree) {
                pending_.push_back({.path = below(at.path, any.name), .before = one, .after = other});
            } else {
                report(kind_of(one, other), below(at.path, any.name), one, other);
            }
        });
        if (!sidecar_before.id && !sidecar_after.id) return;

        bool accounted = false;
        const bool understood = compare_sidecars(
            database_, blobs(sidecar_before), blobs(sidecar_after), [&](const SidecarChange& change) {
                accounted = true;
                if (reported.contains(change.name)) return;
                const bool is_self = change.name == ".";
                const bool there_before = is_self ? at.before.is_tree : has_name(before, change.name);
                const bool there_after = is_self ? at.after.is_tree : has_name(after, change.name);
                const std::string path = !is_self          ? below(at.path, change.name)
                                         : at.path.empty() ? std::string(".")
                                                           : at.path;
                using Sides = SidecarChange::Sides;
                report(kind_of(change, there_before, there_after), path,
                       change.sides == Sides::after_only ? Side{} : sidecar_before,
                       change.sides == Sides::before_only ? Side{} : sidecar_after);
            });
        // No difference is ever hidden: a sidecar that explains nothing is itself the finding.
        if (!understood || !accounted) {
            report(ChangeKind::metadata, below(at.path, sidecar_name), sidecar_before, sidecar_after);
        }
    }

    /// An item that has no blob or tree of its own (a link, a FIFO) is all in its line.
    static ChangeKind kind_of(const SidecarChange& change, bool there_before, bool there_after) {
        if (there_before && there_after) return ChangeKind::metadata;
        switch (change.sides) {
            case SidecarChange::Sides::before_only:
                return ChangeKind::missing;
            case SidecarChange::Sides::after_only:
                return ChangeKind::extra;
            case SidecarChange::Sides::both:
                return change.another_thing ? ChangeKind::changed : ChangeKind::metadata;
        }
        return ChangeKind::metadata;
    }

    [[nodiscard]] SidecarBlobs blobs(const Side& sidecar) const {
        if (!sidecar.id) return {};
        if (!sidecar.is_tree) return {*sidecar.id};
        SidecarBlobs parts;
        for (const TreeItem& part : read(sidecar.id)) parts.push_back(part.id);
        return parts;
    }

    const ObjectDatabase& database_;
    Differences& differences_;
    ResourceName resource_;
    std::vector<Pending> pending_;
};

}  // namespace

std::vector<TreeDifference> diff_trees(const ObjectDatabase& database, const ObjectId& before,
                                       const ObjectId& after, std::size_t limit) {
    Differences differences(limit);
    if (before != after) Walk(database, differences).resources(before, after);
    return differences.take();
}

}  // namespace rehearse
