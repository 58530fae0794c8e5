// First the trees are walked for the list of objects; then the packs' cached pages are dropped and everything
// is read in the order it lies on the disk.
#include "orchestrator/snapshots/verification.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <map>
#include <thread>
#include <unordered_set>
#include <utility>

#include "orchestrator/base/digest.h"
#include "orchestrator/base/failure.h"
#include "orchestrator/snapshots/commit_format.h"
#include "orchestrator/snapshots/loose_object.h"
#include "orchestrator/snapshots/tree_format.h"

namespace rehearse {
namespace {

constexpr std::size_t read_ahead = 1U << 20U;
constexpr std::size_t share = 512;      // objects a thread takes at a time
constexpr std::size_t named_paths = 5;  // of a damaged object, in the message

struct Checked {
    ObjectId id;
    ObjectType type = ObjectType::blob;
    std::uint32_t pack = 0;  // position in packs_; `elsewhere` where no pack of ours has it
    PackIndex::Place place;
    std::uint64_t size = 0;
    std::array<std::uint8_t, 32> sha256{};
    bool good = false;
};
constexpr std::uint32_t elsewhere = ~std::uint32_t{0};

using ObjectIds = std::unordered_set<ObjectId, ObjectIdHash>;

class SnapshotCheck {
  public:
    /// Neither `whole` objects nor what lies below them are read.
    SnapshotCheck(const ObjectDatabase& database, const ObjectId& commit, const ObjectIds& whole)
        : database_(database), commit_(commit), whole_(whole) {}

    Verification run() {
        database_.refresh();
        list_objects();
        locate();
        read_all();
        report_damage();
        return proof();
    }

    void add_objects_to(ObjectIds& ids) const {
        for (const Checked& checked : objects_) ids.insert(checked.id);
    }

  private:
    void add(const ObjectId& id, ObjectType type) {
        Checked checked;
        checked.id = id;
        checked.type = type;
        objects_.push_back(checked);
    }

    /// Calls for every entry of every tree of the snapshot; each tree is read once.
    template <class Call>
    void walk(Call call) const {
        const std::optional<SnapshotCommit> commit =
            parse_commit(database_.read(commit_, ObjectType::commit).content);
        if (!commit) throw database_.lost(commit_, ObjectType::commit, "its bytes are no commit");
        ObjectIds seen;
        std::vector<std::pair<ObjectId, std::string>> pending{{commit->tree, ""}};
        while (!pending.empty()) {
            const auto [tree, path] = std::move(pending.back());
            pending.pop_back();
            const std::optional<std::vector<TreeItem>> items = parse_tree(read_tree(tree, path));
            if (!items)
                throw in_snapshot(database_.lost(tree, ObjectType::tree, "its bytes are no tree"), path);
            for (const TreeItem& item : *items) {
                if (whole_.contains(item.id)) continue;
                const bool is_new = seen.insert(item.id).second;
                call(item, path, is_new);
                if (!is_new || item.mode != TreeMode::directory) continue;
                pending.emplace_back(item.id, path + printable(item.name) + "/");
            }
        }
    }

    [[nodiscard]] std::string read_tree(const ObjectId& tree, const std::string& path) const {
        try {
            return database_.read(tree, ObjectType::tree).content;
        } catch (const Failure& failure) {
            throw in_snapshot(failure, path);
        }
    }

    [[nodiscard]] Failure in_snapshot(const Failure& failure, const std::string& where) const {
        FailureFields fields = failure.fields();
        fields.operation = "verify snapshot";
        fields.object =
            to_hex(commit_) + ": " + (where.empty() ? "its root" : where) + " (" + fields.object + ")";
        return Failure(std::move(fields));
    }

    void list_objects() {
        add(commit_, ObjectType::commit);
        const std::optional<SnapshotCommit> commit =
            parse_commit(database_.read(commit_, ObjectType::commit).content);
        if (commit) add(commit->tree, ObjectType::tree);
        walk([&](const TreeItem& item, const std::string&, bool is_new) {
            if (is_new) add(item.id, item.mode == TreeMode::directory ? ObjectType::tree : ObjectType::blob);
        });
    }

    void locate() {
        std::map<const Pack*, std::uint32_t> known;
        for (Checked& object : objects_) {
            object.pack = elsewhere;
            for (const ObjectDatabase::Place& place : database_.places(object.id)) {
                const auto [entry, is_new] =
                    known.emplace(place.pack.get(), static_cast<std::uint32_t>(packs_.size()));
                if (is_new) packs_.push_back(place.pack);
                object.pack = entry->second;
                object.place = place.place;
                break;
            }
        }
        std::sort(objects_.begin(), objects_.end(), [](const Checked& a, const Checked& b) {
            return std::tie(a.pack, a.place.offset, a.id) < std::tie(b.pack, b.place.offset, b.id);
        });
        for (const std::shared_ptr<const Pack>& pack : packs_) check_frame(pack);
    }

    void check_frame(const std::shared_ptr<const Pack>& pack) const {
        PackReader reader(pack);
        reader.forget_cache();
        const std::string why = reader.why_not_whole();
        if (why.empty()) return;
        throw Failure({.kind = FailureKind::permanent,
                       .operation = "verify snapshot",
                       .object = to_hex(commit_) + ": " + pack->path().string(),
                       .native_code = {},
                       .message = why + ": git would refuse the whole pack",
                       .remedy = "what is damaged: git -C " + database_.repository().string() +
                                 " fsck --full; an index alone is made again by: git index-pack " +
                                 pack->path().string()});
    }

    void read_all() {
        std::atomic<std::size_t> next = 0;
        std::exception_ptr broken[2];
        const auto work = [&](std::exception_ptr& mine) {
            try {
                read_shares(next);
            } catch (...) {
                mine = std::current_exception();
            }
        };
        {
            const std::jthread other([&] { work(broken[1]); });
            work(broken[0]);
        }
        for (const std::exception_ptr& one : broken) {
            if (one) std::rethrow_exception(one);
        }
    }

    void read_shares(std::atomic<std::size_t>& next) {
        const CodecPool::Loan codec(database_.codecs());
        std::unique_ptr<PackReader> reader;
        Object object;
        for (;;) {
            const std::size_t begin = next.fetch_add(share);
            if (begin >= objects_.size()) return;
            const std::size_t end = std::min(begin + share, objects_.size());
            for (std::size_t i = begin; i < end; ++i) {
                Checked& checked = objects_[i];
                if (checked.pack == elsewhere) {
                    read_loose(checked, *codec);
                    continue;
                }
                const std::shared_ptr<const Pack>& pack = packs_[checked.pack];
                if (!reader || &reader->pack() != pack.get()) reader = std::make_unique<PackReader>(pack);
                const bool read = reader->read_exactly(checked.place, read_ahead, *codec, object);
                if (!read || !judge(checked, object, *codec)) read_other_copies(checked, *codec);
            }
        }
    }

    void read_other_copies(Checked& checked, Codec& codec) const {
        for (const ObjectDatabase::Place& place : database_.places(checked.id)) {
            if (place.pack == packs_[checked.pack]) continue;
            Object object;
            PackReader reader(place.pack);
            if (reader.read_exactly(place.place, 0, codec, object) && judge(checked, object, codec)) return;
        }
        read_loose(checked, codec);
    }

    void read_loose(Checked& checked, Codec& codec) const {
        std::string ignored;
        const std::optional<Object> object =
            read_loose_object(database_.repository(), checked.id, codec, ignored);
        if (object) static_cast<void>(judge(checked, *object, codec));
    }

    static bool judge(Checked& checked, const Object& object, Codec& codec) {
        checked.good = object.type == checked.type && codec.id_of(object.type, object.content) == checked.id;
        if (!checked.good) return false;
        checked.size = object.content.size();
        const std::string sha256 = codec.sha256(object.content);
        std::copy(sha256.begin(), sha256.end(), checked.sha256.begin());
        return true;
    }

    void report_damage() const {
        std::vector<ObjectId> damaged, good;
        const Checked* first = nullptr;
        for (const Checked& checked : objects_) {
            if (checked.good) {
                good.push_back(checked.id);
            } else {
                damaged.push_back(checked.id);
                if (first == nullptr) first = &checked;
            }
        }
        database_.trust(good);
        if (first == nullptr) return;
        database_.distrust(damaged);
        std::string why = first->pack == elsewhere
                              ? "it is not in the store, or damaged there"
                              : "its bytes in " + packs_[first->pack]->path().string() + " are damaged";
        if (damaged.size() > 1) why += "; so are " + std::to_string(damaged.size() - 1) + " more objects";
        const std::string paths = first->id == commit_ ? "the commit" : paths_of(first->id);
        throw in_snapshot(database_.lost(first->id, first->type, why), paths);
    }

    [[nodiscard]] std::string paths_of(const ObjectId& id) const {
        std::string paths;
        std::size_t found = 0;
        walk([&](const TreeItem& item, const std::string& path, bool) {
            if (item.id != id || ++found > named_paths) return;
            paths += (paths.empty() ? "" : ", ") + path + printable(item.name);
        });
        if (found > named_paths) paths += " and " + std::to_string(found - named_paths) + " more";
        return paths;
    }

    Verification proof() {
        std::sort(objects_.begin(), objects_.end(),
                  [](const Checked& a, const Checked& b) { return a.id < b.id; });
        Verification verification;
        Digest digest(Digest::Algorithm::sha256);
        for (const Checked& checked : objects_) {
            ++verification.objects;
            verification.bytes += checked.size;
            digest.update(to_hex(checked.id) + " " + hex(checked.sha256) + "\n");
        }
        verification.digest = digest.hex();
        return verification;
    }

    static std::string hex(const std::array<std::uint8_t, 32>& bytes) {
        static constexpr char digits[] = "0123456789abcdef";
        std::string text;
        for (const std::uint8_t byte : bytes) {
            text += digits[byte >> 4U];
            text += digits[byte & 15U];
        }
        return text;
    }

    const ObjectDatabase& database_;
    const ObjectId commit_;
    const ObjectIds& whole_;
    std::vector<Checked> objects_;
    std::vector<std::shared_ptr<const Pack>> packs_;
};

}  // namespace

Verification verify_snapshot(const ObjectDatabase& database, const ObjectId& commit) {
    const ObjectIds none;
    return SnapshotCheck(database, commit, none).run();
}

StoreReport check_snapshots(const ObjectDatabase& database, const std::vector<ObjectId>& commits) {
    StoreReport report;
    ObjectIds whole;
    for (const ObjectId& commit : commits) {
        ++report.snapshots;
        try {
            SnapshotCheck check(database, commit, whole);
            const Verification read = check.run();
            check.add_objects_to(whole);
            report.objects += read.objects;
            report.bytes += read.bytes;
        } catch (const Failure& failure) {
            report.damaged.push_back(failure.fields());
        }
    }
    return report;
}

}  // namespace rehearse
