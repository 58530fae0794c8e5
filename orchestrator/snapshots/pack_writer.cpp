// Durability runs in one order: pack bytes, index bytes, the two names, the folder. Refs come after, from
// the caller, so that no ref ever names what a power cut can take away.
#include "orchestrator/snapshots/pack_writer.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <limits>
#include <utility>

#include "orchestrator/base/digest.h"
#include "orchestrator/snapshots/leftovers.h"
#include "orchestrator/snapshots/remedy.h"

namespace rehearse {
namespace {

constexpr std::size_t header_size = 12;
constexpr std::size_t buffer_size = 1U << 20U;
constexpr std::size_t write_alone = 256U << 10U;  // objects of this size bypass the buffer

std::string pack_header(std::uint32_t objects) {
    std::string header("PACK\0\0\0\2", 8);
    for (const unsigned shift : {24U, 16U, 8U, 0U}) header += static_cast<char>(objects >> shift);
    return header;
}

/// Type and size of an object in a pack: four bits of size beside the type, then seven a byte.
void put_object_header(ObjectType type, std::size_t size, std::string& out) {
    unsigned byte = (static_cast<unsigned>(type) << 4U) | static_cast<unsigned>(size & 15U);
    size >>= 4U;
    while (size != 0) {
        out += static_cast<char>(byte | 0x80U);
        byte = static_cast<unsigned>(size & 0x7fU);
        size >>= 7U;
    }
    out += static_cast<char>(byte);
}

}  // namespace

std::optional<std::size_t> PackTable::insert(const ObjectId& id) {
    if (entries_.size() * 2 >= slots_.size()) grow();
    const std::size_t mask = slots_.size() - 1;
    for (std::size_t slot = ObjectIdHash{}(id)&mask;; slot = (slot + 1) & mask) {
        if (slots_[slot] == 0) {
            entries_.push_back({.offset = 0, .id = id, .crc = 0});
            slots_[slot] = static_cast<std::uint32_t>(entries_.size());
            return entries_.size() - 1;
        }
        if (entries_[slots_[slot] - 1].id == id) return std::nullopt;
    }
}

void PackTable::grow() {
    slots_.assign(std::max<std::size_t>(1024, slots_.size() * 2), 0);
    const std::size_t mask = slots_.size() - 1;
    for (std::size_t i = 0; i < entries_.size(); ++i) {
        std::size_t slot = ObjectIdHash{}(entries_[i].id) & mask;
        while (slots_[slot] != 0) slot = (slot + 1) & mask;
        slots_[slot] = static_cast<std::uint32_t>(i + 1);
    }
}

PackWriter::PackWriter(std::filesystem::path pack_directory, std::function<bool(const ObjectId&)> in_store,
                       CodecPool& codecs)
    : directory_(std::move(pack_directory)), in_store_(std::move(in_store)), codecs_(codecs) {}

PackWriter::~PackWriter() {
    if (!pack_path_.empty()) ::unlink(pack_path_.c_str());
    if (!index_path_.empty()) ::unlink(index_path_.c_str());
}

void PackWriter::fail(int error, std::string operation, const std::filesystem::path& path) {
    Failure failure = failure_from_errno(error, std::move(operation), path, remedy_for(error, directory_));
    const std::lock_guard lock(mutex_);
    if (!broken_) broken_ = failure;
    throw failure;
}

ObjectId PackWriter::add(ObjectType type, std::string_view content) {
    const CodecPool::Loan codec(codecs_);
    const ObjectId id = codec->id_of(type, content);
    if (in_store_(id)) return id;
    std::size_t position = 0;
    {
        const std::lock_guard lock(mutex_);
        if (broken_) throw Failure(*broken_);
        if (table_.size() == std::numeric_limits<std::uint32_t>::max() - 1) {
            throw Failure({.kind = FailureKind::permanent,
                           .operation = "write snapshot",
                           .object = directory_,
                           .native_code = {},
                           .message = "a pack holds at most 4294967294 objects",
                           .remedy = "split the environment"});
        }
        const std::optional<std::size_t> entry = table_.insert(id);
        if (!entry) return id;
        position = *entry;
    }
    codec->scratch.clear();
    put_object_header(type, content.size(), codec->scratch);
    codec->deflate(content, codec->scratch);
    append(position, codec->scratch);
    return id;
}

void PackWriter::append(std::size_t position, std::string_view packed) {
    const std::uint32_t crc = crc32_of(packed);
    const bool alone = packed.size() >= write_alone;
    std::string full;
    std::uint64_t full_offset = 0;
    std::uint64_t offset = 0;
    {
        const std::lock_guard lock(mutex_);
        if (broken_) throw Failure(*broken_);
        try {
            if (!file_) open_file(lock);
        } catch (const Failure& failure) {
            broken_ = failure;
            throw;
        }
        offset = end_;
        end_ += packed.size();
        table_.at(position).offset = offset;
        table_.at(position).crc = crc;
        if (!alone) buffer_ += packed;
        if (alone || buffer_.size() >= buffer_size) {
            full = std::exchange(buffer_, std::move(spare_));
            full_offset = buffer_offset_;
            buffer_.clear();
            buffer_offset_ = end_;
        }
    }
    if (!full.empty()) {
        write_at(full, full_offset);
        const std::lock_guard lock(mutex_);
        if (full.capacity() > spare_.capacity()) spare_ = std::move(full);
    }
    if (alone) write_at(packed, offset);
}

void PackWriter::open_file(const std::lock_guard<std::mutex>&) {
    // The lock tells cleaners in other processes that the writer lives; it goes when the writer does.
    for (;;) {
        const std::string mark = random_hex(8);
        const std::filesystem::path path = directory_ / leftover_name(LeftoverKind::pack, mark);
        FileDescriptor file(::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
        if (!file) throw failure_from_errno(errno, "write snapshot", path, remedy_for(errno, directory_));
        struct stat status {};
        if (::flock(file.get(), LOCK_EX) != 0 || ::fstat(file.get(), &status) != 0) {
            const int error = errno;
            ::unlink(path.c_str());
            throw failure_from_errno(error, "write snapshot", path, remedy_for(error, directory_));
        }
        if (status.st_nlink == 0) continue;  // a cleaner came between open and lock
        file_ = std::move(file);
        pack_path_ = path;
        index_path_ = directory_ / leftover_name(LeftoverKind::index, mark);
        break;
    }
    buffer_.reserve(buffer_size + write_alone);
    spare_.reserve(buffer_size + write_alone);
    buffer_ = pack_header(0);
    end_ = header_size;
}

void PackWriter::write_at(std::string_view bytes, std::uint64_t offset) {
    const std::uint64_t start = offset;
    const std::size_t whole = bytes.size();
    while (!bytes.empty()) {
        const ssize_t written = ::pwrite(file_.get(), bytes.data(), bytes.size(), static_cast<off_t>(offset));
        if (written < 0) {
            if (errno == EINTR) continue;
            fail(errno, "write snapshot", pack_path_);
        }
        bytes.remove_prefix(static_cast<std::size_t>(written));
        offset += static_cast<std::uint64_t>(written);
    }
    // Begins the writing-back now, so that the fsync at the end finds little to do. Only a hint.
    ::sync_file_range(file_.get(), static_cast<off_t>(start), static_cast<off_t>(whole),
                      SYNC_FILE_RANGE_WRITE);
}

ObjectId PackWriter::seal() {
    write_at(std::exchange(buffer_, {}), buffer_offset_);
    write_at(pack_header(static_cast<std::uint32_t>(table_.size())), 0);
    RunningSha1 sha1;
    std::string piece(buffer_size, '\0');
    for (std::uint64_t at = 0; at < end_;) {
        const std::size_t wanted = static_cast<std::size_t>(std::min<std::uint64_t>(piece.size(), end_ - at));
        const ssize_t got = ::pread(file_.get(), piece.data(), wanted, static_cast<off_t>(at));
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) fail(got < 0 ? errno : EIO, "read snapshot back", pack_path_);
        sha1.update({piece.data(), static_cast<std::size_t>(got)});
        at += static_cast<std::uint64_t>(got);
    }
    const ObjectId checksum = sha1.finish();
    write_at(checksum.raw(), end_);
    if (::fchmod(file_.get(), 0400) != 0 || ::fsync(file_.get()) != 0) {
        fail(errno, "sync snapshot", pack_path_);
    }
    return checksum;
}

void PackWriter::write_index(const ObjectId& pack_checksum) {
    const FileDescriptor file(
        ::open(index_path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0400));
    if (!file) fail(errno, "write snapshot", index_path_);
    write_pack_index(table_.entries(), pack_checksum, [&](std::string_view bytes) {
        while (!bytes.empty()) {
            const ssize_t written = ::write(file.get(), bytes.data(), bytes.size());
            if (written < 0) {
                if (errno == EINTR) continue;
                fail(errno, "write snapshot", index_path_);
            }
            bytes.remove_prefix(static_cast<std::size_t>(written));
        }
    });
    if (::fsync(file.get()) != 0) fail(errno, "sync snapshot", index_path_);
}

void PackWriter::install() {
    {
        const std::lock_guard lock(mutex_);
        if (broken_) throw Failure(*broken_);
    }
    if (table_.size() != 0) {
        const ObjectId checksum = seal();
        write_index(checksum);
        const std::string name = directory_ / ("pack-" + to_hex(checksum));
        if (::rename(pack_path_.c_str(), (name + ".pack").c_str()) != 0) {
            fail(errno, "install snapshot", name + ".pack");
        }
        pack_path_.clear();
        // Should this rename fail, the index stays: clear_leftovers() gives the pack its index later.
        const std::filesystem::path index_path = std::exchange(index_path_, {});
        if (::rename(index_path.c_str(), (name + ".idx").c_str()) != 0) {
            fail(errno, "install snapshot", name + ".idx");
        }
    }
    const FileDescriptor folder(::open(directory_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!folder || ::fsync(folder.get()) != 0) fail(errno, "sync snapshot", directory_);
    file_.reset();
}

}  // namespace rehearse
