// Layout (gitformat-pack): magic, version, 256 fan-out words, ids, CRCs, offsets, far offsets, two checksums.
#include "orchestrator/snapshots/pack_index.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "orchestrator/base/failure.h"
#include "orchestrator/snapshots/codec.h"
#include "orchestrator/snapshots/remedy.h"

namespace rehearse {
namespace {

constexpr std::uint32_t magic = 0xff744f63;
constexpr std::uint32_t version = 2;
constexpr std::size_t fan_out_at = 8;
constexpr std::size_t ids_at = fan_out_at + std::size_t{256} * 4;
constexpr std::size_t bytes_per_object = ObjectId::size + 4 + 4;
constexpr std::size_t trailer_size = 2 * ObjectId::size;
constexpr std::uint32_t far_offset = 0x80000000;

Failure unreadable(int error, const std::filesystem::path& path) {
    return failure_from_errno(error, "read snapshots", path, remedy_for(error, path.parent_path()));
}

/// Gathers small writes into large ones and keeps the checksum.
class IndexOutput {
  public:
    explicit IndexOutput(const std::function<void(std::string_view)>& sink) : sink_(sink) {}
    void bytes(std::string_view bytes) {
        buffer_ += bytes;
        if (buffer_.size() >= (64U << 10U)) flush();
    }
    void word(std::uint32_t value) {
        const std::array<char, 4> raw{static_cast<char>(value >> 24U), static_cast<char>(value >> 16U),
                                      static_cast<char>(value >> 8U), static_cast<char>(value)};
        bytes({raw.data(), raw.size()});
    }
    void finish() {
        flush();
        sink_(sha1_.finish().raw());
    }

  private:
    void flush() {
        sha1_.update(buffer_);
        sink_(buffer_);
        buffer_.clear();
    }

    const std::function<void(std::string_view)>& sink_;
    RunningSha1 sha1_;
    std::string buffer_;
};

}  // namespace

void write_pack_index(std::vector<PackEntry>& entries, const ObjectId& pack_checksum,
                      const std::function<void(std::string_view)>& sink) {
    std::sort(entries.begin(), entries.end(),
              [](const PackEntry& a, const PackEntry& b) { return a.id < b.id; });
    IndexOutput out(sink);
    out.word(magic);
    out.word(version);
    std::uint32_t below = 0;
    for (unsigned first = 0; first < 256; ++first) {
        while (below < entries.size() && entries[below].id.bytes[0] <= first) ++below;
        out.word(below);
    }
    for (const PackEntry& entry : entries) out.bytes(entry.id.raw());
    for (const PackEntry& entry : entries) out.word(entry.crc);
    std::uint32_t far = 0;
    for (const PackEntry& entry : entries) {
        out.word(entry.offset < far_offset ? static_cast<std::uint32_t>(entry.offset) : far_offset | far++);
    }
    for (const PackEntry& entry : entries) {
        if (entry.offset < far_offset) continue;
        out.word(static_cast<std::uint32_t>(entry.offset >> 32U));
        out.word(static_cast<std::uint32_t>(entry.offset));
    }
    out.bytes(pack_checksum.raw());
    out.finish();
}

std::optional<PackIndex> PackIndex::open(const std::filesystem::path& path) {
    const FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    struct stat status {};
    if (!file && errno == ENOENT) return std::nullopt;
    if (!file || ::fstat(file.get(), &status) != 0) throw unreadable(errno, path);
    const auto size = static_cast<std::size_t>(status.st_size);
    if (size < ids_at + trailer_size) return std::nullopt;
    void* bytes = ::mmap(nullptr, size, PROT_READ, MAP_SHARED, file.get(), 0);
    if (bytes == MAP_FAILED) throw unreadable(errno, path);
    PackIndex index(static_cast<const std::uint8_t*>(bytes), size);
    if (index.word_at(0) != magic || index.word_at(4) != version) return std::nullopt;
    std::uint32_t last = 0;
    for (std::size_t i = 0; i < 256; ++i) {
        const std::uint32_t below = index.word_at(fan_out_at + i * 4);
        if (below < last) return std::nullopt;
        last = below;
    }
    index.count_ = last;
    const std::size_t least = ids_at + std::size_t{last} * bytes_per_object + trailer_size;
    if (size < least || (size - least) % 8 != 0 || (size - least) / 8 > last) return std::nullopt;
    return index;
}

PackIndex::PackIndex(PackIndex&& other) noexcept
    : bytes_(std::exchange(other.bytes_, nullptr)), size_(other.size_), count_(other.count_) {}

PackIndex::~PackIndex() {
    if (bytes_ != nullptr) ::munmap(const_cast<std::uint8_t*>(bytes_), size_);
}

std::uint32_t PackIndex::word_at(std::size_t at) const {
    return (std::uint32_t{bytes_[at]} << 24U) | (std::uint32_t{bytes_[at + 1]} << 16U) |
           (std::uint32_t{bytes_[at + 2]} << 8U) | std::uint32_t{bytes_[at + 3]};
}

ObjectId PackIndex::id_at(std::uint32_t position) const {
    return ObjectId::from_raw(bytes_ + ids_at + std::size_t{position} * ObjectId::size);
}

std::uint32_t PackIndex::lower_bound(const ObjectId& id) const {
    const std::size_t first = id.bytes[0];
    std::uint32_t low = first == 0 ? 0 : word_at(fan_out_at + (first - 1) * 4);
    std::uint32_t high = word_at(fan_out_at + first * 4);
    while (low < high) {
        const std::uint32_t middle = low + (high - low) / 2;
        const std::uint8_t* there = bytes_ + ids_at + std::size_t{middle} * ObjectId::size;
        if (std::memcmp(there, id.bytes.data(), ObjectId::size) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

std::uint32_t PackIndex::position_of(const ObjectId& id) const {
    const std::uint32_t position = lower_bound(id);
    return position < count_ && id_at(position) == id ? position : count_;
}

std::optional<PackIndex::Place> PackIndex::find(const ObjectId& id) const {
    const std::size_t position = position_of(id);
    if (position == count_) return std::nullopt;
    const std::size_t crcs_at = ids_at + std::size_t{count_} * ObjectId::size;
    const std::size_t offsets_at = crcs_at + std::size_t{count_} * 4;
    const std::uint32_t crc = word_at(crcs_at + position * 4);
    const std::uint32_t near = word_at(offsets_at + position * 4);
    if (near < far_offset) return Place{.offset = near, .crc = crc};
    const std::size_t at = offsets_at + std::size_t{count_} * 4 + std::size_t{near & ~far_offset} * 8;
    if (at + 8 + trailer_size > size_) return std::nullopt;
    return Place{.offset = (std::uint64_t{word_at(at)} << 32U) | word_at(at + 4), .crc = crc};
}

void PackIndex::each_with_prefix(const ObjectId& prefix, std::size_t digits,
                                 const std::function<void(const ObjectId&)>& call) const {
    for (std::uint32_t position = lower_bound(prefix); position < count_; ++position) {
        const ObjectId id = id_at(position);
        const std::size_t whole = digits / 2;
        if (std::memcmp(id.bytes.data(), prefix.bytes.data(), whole) != 0) return;
        if (digits % 2 != 0 && (id.bytes[whole] >> 4U) != (prefix.bytes[whole] >> 4U)) return;
        call(id);
    }
}

ObjectId PackIndex::pack_checksum() const { return ObjectId::from_raw(bytes_ + size_ - trailer_size); }

bool PackIndex::check() const {
    RunningSha1 sha1;
    sha1.update({reinterpret_cast<const char*>(bytes_), size_ - ObjectId::size});
    return sha1.finish() == ObjectId::from_raw(bytes_ + size_ - ObjectId::size);
}

}  // namespace rehearse
