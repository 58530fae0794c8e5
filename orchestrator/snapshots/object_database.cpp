// Packs are read with pread (a map of them would count as our memory and turn a bad disk into SIGBUS).
#include "orchestrator/snapshots/object_database.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <map>

#include "orchestrator/base/file.h"
#include "orchestrator/snapshots/delta.h"
#include "orchestrator/snapshots/loose_object.h"
#include "orchestrator/snapshots/remedy.h"

namespace rehearse {
namespace {

namespace fs = std::filesystem;
constexpr std::size_t idle_reader_limit = 32;
constexpr std::size_t first_guess = 8U << 10U;
constexpr std::size_t kept_window = 64U << 10U;
constexpr unsigned delta_by_offset = 6;
constexpr unsigned delta_by_id = 7;
constexpr std::size_t longest_chain = 4096;  // git makes none longer than 4095
constexpr std::string_view distrusted_file = "rehearse-distrusted";

struct ObjectHeader {
    unsigned type = 0;
    std::size_t size = 0;
    std::size_t length = 0;  // of the header itself
};

/// Type and size: four bits of size beside the type, then seven a byte.
std::optional<ObjectHeader> object_header(std::string_view bytes) {
    ObjectHeader header;
    unsigned shift = 4;
    for (const char byte_ : bytes.substr(0, 10)) {
        const auto byte = static_cast<std::uint8_t>(byte_);
        if (header.length++ == 0) {
            header.type = (byte >> 4U) & 7U;
            header.size = byte & 15U;
        } else {
            header.size |= std::size_t{byte & 0x7fU} << shift;
            shift += 7;
        }
        if ((byte & 0x80U) == 0) return header;
    }
    return std::nullopt;
}

struct BaseDistance {
    std::uint64_t value = 0;
    std::size_t length = 0;
};

/// How far before a delta its base begins: seven bits a byte, highest first, each further byte adding one.
std::optional<BaseDistance> base_distance(std::string_view bytes) {
    BaseDistance distance;
    for (const char byte_ : bytes.substr(0, 9)) {
        const auto byte = static_cast<std::uint8_t>(byte_);
        if (distance.length++ != 0) ++distance.value;
        distance.value = (distance.value << 7U) | (byte & 0x7fU);
        if ((byte & 0x80U) == 0) return distance;
    }
    return std::nullopt;
}

/// What a zlib stream of `size` bytes takes at most, whoever compressed it.
std::size_t packed_bound(std::size_t size) { return size + size / 512 + 1024; }

}  // namespace

PackReader::PackReader(std::shared_ptr<const Pack> pack)
    : pack_(std::move(pack)), file_(::open(pack_->path().c_str(), O_RDONLY | O_CLOEXEC)) {
    struct stat status {};
    if (!file_ || ::fstat(file_.get(), &status) != 0) {
        throw failure_from_errno(errno, "read snapshot", pack_->path(),
                                 remedy_for(errno, pack_->path().parent_path()));
    }
    size_ = static_cast<std::uint64_t>(status.st_size);
}

std::string_view PackReader::bytes_at(std::uint64_t offset, std::size_t least, std::size_t ahead) {
    if (offset >= size_) return {};
    least = static_cast<std::size_t>(std::min<std::uint64_t>(least, size_ - offset));
    const bool inside = offset >= window_offset_ && offset + least <= window_offset_ + window_filled_;
    if (!inside) {
        const std::size_t wanted =
            static_cast<std::size_t>(std::min<std::uint64_t>(std::max(least, ahead), size_ - offset));
        if (window_.size() < wanted) window_.resize(wanted);
        window_offset_ = offset;
        window_filled_ = 0;
        while (window_filled_ < wanted) {
            const ssize_t got = ::pread(file_.get(), window_.data() + window_filled_, wanted - window_filled_,
                                        static_cast<off_t>(offset + window_filled_));
            if (got < 0 && errno == EINTR) continue;
            if (got < 0) {
                throw failure_from_errno(errno, "read snapshot", pack_->path(),
                                         remedy_for(errno, pack_->path().parent_path()));
            }
            if (got == 0) break;
            window_filled_ += static_cast<std::size_t>(got);
        }
    }
    const std::size_t start = static_cast<std::size_t>(offset - window_offset_);
    return std::string_view(window_).substr(start, window_filled_ - std::min(start, window_filled_));
}

std::optional<PackReader::Entry> PackReader::entry_at(std::uint64_t offset, std::size_t ahead, Codec& codec) {
    std::string_view bytes = bytes_at(offset, first_guess, ahead);
    const std::optional<ObjectHeader> header = object_header(bytes);
    if (!header || header->type == 0 || header->type == 5) return std::nullopt;
    std::size_t data_at = header->length;
    Entry entry;
    entry.type = header->type;
    if (entry.type == delta_by_offset) {
        const std::optional<BaseDistance> distance = base_distance(bytes.substr(data_at));
        if (!distance || distance->value == 0 || distance->value >= offset) return std::nullopt;
        entry.base = offset - distance->value;
        data_at += distance->length;
    } else if (entry.type == delta_by_id) {
        if (bytes.size() < data_at + ObjectId::size) return std::nullopt;
        const std::optional<PackIndex::Place> base =
            pack_->index().find(ObjectId::from_raw(bytes.data() + data_at));
        if (!base) return std::nullopt;
        entry.base = base->offset;
        data_at += ObjectId::size;
    }
    const std::size_t most = data_at + packed_bound(header->size);
    if (bytes.size() < most) bytes = bytes_at(offset, most, ahead);
    if (bytes.size() < data_at) return std::nullopt;
    if (!codec.inflate(bytes.substr(data_at), header->size, entry.content)) return std::nullopt;
    entry.crc = crc32_of(bytes.substr(0, data_at + codec.consumed()));
    return entry;
}

bool PackReader::resolve(std::optional<Entry> entry, Codec& codec, Object& out) {
    std::vector<std::string> deltas;  // the last one is nearest to the base
    while (entry && (entry->type == delta_by_offset || entry->type == delta_by_id)) {
        if (deltas.size() == longest_chain) return false;
        deltas.push_back(std::move(entry->content));
        entry = entry_at(entry->base, 0, codec);
    }
    if (!entry) return false;
    out.type = static_cast<ObjectType>(entry->type);
    out.content = std::move(entry->content);
    std::string base;
    for (auto delta = deltas.rbegin(); delta != deltas.rend(); ++delta) {
        base.swap(out.content);
        if (!apply_delta(base, *delta, out.content)) return false;
    }
    return true;
}

bool PackReader::read(std::uint64_t offset, std::size_t ahead, Codec& codec, Object& out) {
    return resolve(entry_at(offset, ahead, codec), codec, out);
}

bool PackReader::read_exactly(const PackIndex::Place& place, std::size_t ahead, Codec& codec, Object& out) {
    std::optional<Entry> entry = entry_at(place.offset, ahead, codec);
    return entry && entry->crc == place.crc && resolve(std::move(entry), codec, out);
}

void PackReader::shrink() {
    if (window_.capacity() <= kept_window) return;
    window_ = std::string();
    window_filled_ = 0;
}

std::string PackReader::why_not_whole() {
    if (!pack_->index().check()) return "its index file is damaged";
    const std::string_view start = bytes_at(0, 12, 12);
    std::string expected("PACK\0\0\0\2", 8);
    for (const unsigned shift : {24U, 16U, 8U, 0U}) {
        expected += static_cast<char>(pack_->index().count() >> shift);
    }
    if (start.substr(0, 12) != expected) return "it does not begin as a pack with that index does";
    if (size_ < 12 + ObjectId::size ||
        bytes_at(size_ - ObjectId::size, ObjectId::size, 0) != pack_->index().pack_checksum().raw()) {
        return "it does not end as its index says: it was cut short or changed";
    }
    return {};
}

void PackReader::forget_cache() {
    ::posix_fadvise(file_.get(), 0, 0, POSIX_FADV_DONTNEED);
    window_filled_ = 0;
}

ObjectDatabase::ObjectDatabase(fs::path repository)
    : repository_(std::move(repository)), packs_(std::make_shared<Packs>()) {
    load_distrusted();
    refresh();
}

void ObjectDatabase::refresh() const {
    std::map<std::string, std::shared_ptr<const Pack>> known;
    const std::shared_ptr<const Packs> before = packs();
    for (const std::shared_ptr<const Pack>& pack : *before) known.emplace(pack->path(), pack);
    auto found = std::make_shared<Packs>();
    std::error_code error;
    for (fs::directory_iterator entry(pack_directory(), error), end; !error && entry != end;
         entry.increment(error)) {
        if (entry->path().extension() != ".idx") continue;
        fs::path path = entry->path();
        path.replace_extension(".pack");
        if (const auto old = known.find(path); old != known.end()) {
            found->push_back(old->second);
        } else if (std::optional<PackIndex> index = PackIndex::open(entry->path())) {
            found->push_back(std::make_shared<const Pack>(path, std::move(*index)));
        }
    }
    if (error) {
        throw failure_from_errno(error.value(), "read snapshots", pack_directory(),
                                 remedy_for(error.value(), repository_));
    }
    // Most objects live in the largest packs.
    std::sort(found->begin(), found->end(),
              [](const auto& a, const auto& b) { return a->index().count() > b->index().count(); });
    const std::lock_guard lock(mutex_);
    packs_ = std::move(found);
}

std::shared_ptr<const ObjectDatabase::Packs> ObjectDatabase::packs() const {
    const std::lock_guard lock(mutex_);
    return packs_;
}

bool ObjectDatabase::has(const ObjectId& id) const {
    std::shared_ptr<const Packs> packs;
    {
        const std::lock_guard lock(mutex_);
        if (!distrusted_.empty() && distrusted_.contains(id)) return false;
        packs = packs_;
    }
    return std::any_of(packs->begin(), packs->end(), [&](const auto& pack) { return pack->index().has(id); });
}

std::vector<ObjectDatabase::Place> ObjectDatabase::places(const ObjectId& id) const {
    std::vector<Place> found;
    const std::shared_ptr<const Packs> all = packs();
    for (const std::shared_ptr<const Pack>& pack : *all) {
        if (const std::optional<PackIndex::Place> place = pack->index().find(id)) {
            found.push_back({.pack = pack, .place = *place});
        }
    }
    return found;
}

std::vector<ObjectId> ObjectDatabase::with_prefix(const ObjectId& prefix, std::size_t digits) const {
    std::vector<ObjectId> found;
    const std::shared_ptr<const Packs> all = packs();
    for (const std::shared_ptr<const Pack>& pack : *all) {
        pack->index().each_with_prefix(prefix, digits, [&](const ObjectId& id) { found.push_back(id); });
    }
    const std::string wanted = to_hex(prefix).substr(0, digits);
    std::error_code ignored;
    for (const fs::directory_entry& entry :
         fs::directory_iterator(repository_ / "objects" / wanted.substr(0, 2), ignored)) {
        const std::string hex = wanted.substr(0, 2) + entry.path().filename().string();
        const std::optional<ObjectId> id = object_id_from(hex);
        if (id && hex.starts_with(wanted)) found.push_back(*id);
    }
    std::sort(found.begin(), found.end());
    found.erase(std::unique(found.begin(), found.end()), found.end());
    return found;
}

std::unique_ptr<PackReader> ObjectDatabase::borrow(const std::shared_ptr<const Pack>& pack) const {
    {
        const std::lock_guard lock(mutex_);
        for (auto reader = idle_readers_.begin(); reader != idle_readers_.end(); ++reader) {
            if (&(*reader)->pack() != pack.get()) continue;
            std::unique_ptr<PackReader> taken = std::move(*reader);
            idle_readers_.erase(reader);
            return taken;
        }
    }
    return std::make_unique<PackReader>(pack);
}

void ObjectDatabase::give_back(std::unique_ptr<PackReader> reader) const {
    reader->shrink();
    const std::lock_guard lock(mutex_);
    idle_readers_.push_front(std::move(reader));
    if (idle_readers_.size() > idle_reader_limit) idle_readers_.pop_back();
}

std::optional<Object> ObjectDatabase::read_any_copy(const ObjectId& id, std::string& why) const {
    const CodecPool::Loan codec(codecs_);
    for (const Place& place : places(id)) {
        try {
            std::unique_ptr<PackReader> reader = borrow(place.pack);
            Object object;
            const bool read = reader->read(place.place.offset, 0, *codec, object);
            give_back(std::move(reader));
            if (read && codec->id_of(object.type, object.content) == id) return object;
            why = "its bytes in " + place.pack->path().string() + " are damaged";
        } catch (const Failure& failure) {
            if (failure.kind() != FailureKind::permanent) throw;  // rights, open files: no damage
            why = failure.what();
        }
    }
    std::optional<Object> loose = read_loose_object(repository_, id, *codec, why);
    if (loose && codec->id_of(loose->type, loose->content) != id) {
        why = "its file below " + (repository_ / "objects").string() + " is damaged";
        loose.reset();
    }
    return loose;
}

Object ObjectDatabase::read(const ObjectId& id, ObjectType type) const {
    std::string why;
    std::optional<Object> object = read_any_copy(id, why);
    if (!object) {
        refresh();
        object = read_any_copy(id, why);
    }
    if (!object && !why.empty()) distrust({id});
    if (!object) throw lost(id, type, why.empty() ? "it is not in the store" : why);
    if (object->type != type) {
        throw lost(id, type, "it is a " + std::string(to_string(object->type)));
    }
    return std::move(*object);
}

bool ObjectDatabase::is_commit(const ObjectId& id) const {
    std::string why;
    const std::optional<Object> object = read_any_copy(id, why);
    return object && object->type == ObjectType::commit;
}

Failure ObjectDatabase::lost(const ObjectId& id, ObjectType type, const std::string& why) const {
    std::string remedy =
        "take a new snapshot while the environment is whole (rehearse snapshot ENVIRONMENT):"
        " it writes damaged objects anew; what else is damaged: git -C " +
        repository_.string() + " fsck --full";
    std::error_code ignored;
    for (const fs::directory_entry& entry : fs::directory_iterator(pack_directory(), ignored)) {
        fs::path index = entry.path();
        if (index.extension() != ".pack" || fs::exists(index.replace_extension(".idx"), ignored)) continue;
        remedy = "a pack has lost its index, make it again: git index-pack " + entry.path().string();
        break;
    }
    return Failure({.kind = FailureKind::permanent,
                    .operation = "read snapshot",
                    .object = std::string(to_string(type)) + " " + to_hex(id),
                    .native_code = {},
                    .message = why,
                    .remedy = std::move(remedy)});
}

void ObjectDatabase::load_distrusted() {
    const fs::path path = repository_ / distrusted_file;
    std::error_code ignored;
    if (!fs::exists(path, ignored)) return;
    const std::string text = read_file(path);
    for (std::size_t at = 0; at + 41 <= text.size(); at += 41) {
        if (const std::optional<ObjectId> id = object_id_from(std::string_view(text).substr(at, 40))) {
            distrusted_.insert(*id);
        }
    }
}

void ObjectDatabase::save_distrusted(const std::lock_guard<std::mutex>&) const {
    const fs::path path = repository_ / distrusted_file;
    std::string text;
    for (const ObjectId& id : distrusted_) text += to_hex(id) + "\n";
    try {
        if (text.empty()) {
            remove_file_durably(path);
        } else {
            write_file_durably(path, text);
        }
    } catch (const Failure&) {
        return;  // a store that cannot be written to is not healed by a note; this process still knows
    }
}

void ObjectDatabase::distrust(const std::vector<ObjectId>& ids) const {
    const std::lock_guard lock(mutex_);
    const std::size_t before = distrusted_.size();
    distrusted_.insert(ids.begin(), ids.end());
    if (distrusted_.size() != before) save_distrusted(lock);
}

void ObjectDatabase::trust(const std::vector<ObjectId>& ids) const {
    const std::lock_guard lock(mutex_);
    if (distrusted_.empty()) return;
    std::size_t forgotten = 0;
    for (const ObjectId& id : ids) forgotten += distrusted_.erase(id);
    if (forgotten != 0) save_distrusted(lock);
}

}  // namespace rehearse
