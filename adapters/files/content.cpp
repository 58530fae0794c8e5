// Reads and writes through buffers of at most one blob; holes are found with SEEK_DATA and SEEK_HOLE.
#include "adapters/files/content.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <functional>

#include "adapters/support/chunks.h"
#include "adapters/support/names.h"
#include "orchestrator/base/digest.h"

namespace rehearse::files {

namespace {

constexpr int tries = 4;

struct Range {
    std::uint64_t begin = 0;
    std::uint64_t end = 0;
};

/// Fills `buffer` from `offset` on; gives the bytes read, fewer only at the end of the file.
std::size_t read_at(int file, char* buffer, std::size_t size, std::uint64_t offset, const std::string& path) {
    std::size_t done = 0;
    while (done < size) {
        const ssize_t got = ::pread(file, buffer + done, size - done, static_cast<off_t>(offset + done));
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) throw failure_of(errno, "read", path);
        if (got == 0) break;
        done += static_cast<std::size_t>(got);
    }
    return done;
}

void write_at(int file, std::string_view bytes, std::uint64_t offset, const std::string& path) {
    while (!bytes.empty()) {
        const ssize_t put = ::pwrite(file, bytes.data(), bytes.size(), static_cast<off_t>(offset));
        if (put < 0 && errno == EINTR) continue;
        if (put < 0) throw failure_of(errno, "write", path);
        bytes.remove_prefix(static_cast<std::size_t>(put));
        offset += static_cast<std::uint64_t>(put);
    }
}

std::uint64_t round_up(std::uint64_t value, std::uint64_t unit) { return (value + unit - 1) / unit * unit; }

/// Calls `take` with the part of each hole that is aligned to `unit`; the file's end counts as aligned.
/// `take` says whether to go on.
void for_each_hole(int file, std::uint64_t size, std::uint64_t unit, const std::function<bool(Range)>& take) {
    std::uint64_t at = 0;
    while (at < size) {
        const off_t hole = ::lseek(file, static_cast<off_t>(at), SEEK_HOLE);
        if (hole < 0 || static_cast<std::uint64_t>(hole) >= size) return;
        const off_t data = ::lseek(file, hole, SEEK_DATA);
        const std::uint64_t end = data < 0 ? size : std::min(static_cast<std::uint64_t>(data), size);
        const Range aligned{.begin = round_up(static_cast<std::uint64_t>(hole), unit),
                            .end = end == size ? size : end / unit * unit};
        if (aligned.begin < aligned.end && !take(aligned)) return;
        at = end;
    }
}

bool is_sparse(int file, std::uint64_t size) {
    bool found = false;
    if (size < hole_block) return false;
    for_each_hole(file, size, hole_block, [&](Range) { return !(found = true); });
    return found;
}

std::vector<Range> data_ranges(int file, std::uint64_t size) {
    std::vector<Range> ranges;
    std::uint64_t at = 0;
    for_each_hole(file, size, large_hole, [&](Range hole) {
        if (hole.begin > at) ranges.push_back({.begin = at, .end = hole.begin});
        at = hole.end;
        return true;
    });
    if (at < size) ranges.push_back({.begin = at, .end = size});
    return ranges;
}

void require_unchanged(const Status& before, int file, const std::string& path) {
    if (!is_unchanged(before, status_of(file, path))) {
        throw changed_meanwhile("capture", path, "it changed while it was read");
    }
}

void capture_chunks(int file, const Status& before, TreeWriter& writer, const std::string& name,
                    const std::string& path) {
    auto chunks = writer.directory(name);
    std::string buffer(largest_chunk, '\0');
    for (const Range& range : data_ranges(file, before.size)) {
        std::uint64_t offset = range.begin;  // of the buffer's first byte
        std::size_t filled = 0;
        while (offset < range.end) {
            const std::uint64_t left = range.end - offset - filled;
            const std::size_t wanted = std::min<std::uint64_t>(buffer.size() - filled, left);
            if (read_at(file, buffer.data() + filled, wanted, offset + filled, path) != wanted) {
                throw changed_meanwhile("capture", path, "it became shorter while it was read");
            }
            filled += wanted;
            const std::string_view content(buffer.data(), filled);
            const std::size_t length = first_chunk_length(content);
            require_unchanged(before, file, path);
            chunks->blob(chunk_name(offset, length), content.substr(0, length));
            std::memmove(buffer.data(), buffer.data() + length, filled - length);
            filled -= length;
            offset += length;
        }
    }
    require_unchanged(before, file, path);
    chunks->finish();
}

bool is_zero(std::string_view bytes) {
    return bytes.empty() ||
           (bytes.front() == '\0' && std::memcmp(bytes.data(), bytes.data() + 1, bytes.size() - 1) == 0);
}

void write_sparsely(int file, std::string_view bytes, std::uint64_t offset, const std::string& path) {
    while (!bytes.empty()) {
        std::size_t run = 0;  // bytes that are written together
        std::size_t gap = 0;  // zeros behind them
        while (run < bytes.size()) {
            const std::size_t block =
                std::min<std::uint64_t>(hole_block - (offset + run) % hole_block, bytes.size() - run);
            if (is_zero(bytes.substr(run, block))) {
                gap = block;
                break;
            }
            run += block;
        }
        write_at(file, bytes.substr(0, run), offset, path);
        bytes.remove_prefix(run + gap);
        offset += run + gap;
    }
}

struct Chunk {
    std::string name{};
    ChunkName place{};
    std::string id{};
};

std::vector<Chunk> chunks_of(const TreeReader& chunks, const Entry& entry, const std::string& path) {
    std::vector<Chunk> all;
    std::uint64_t end = 0;
    for (const TreeEntry& each : chunks.entries()) {
        const ChunkName place = parse_chunk_name(each.name);
        if (each.is_directory || place.offset < end || place.offset + place.length > entry.size) {
            throw Failure({.kind = FailureKind::permanent,
                           .operation = "read snapshot",
                           .object = path,
                           .message = "its chunks overlap or reach beyond its end",
                           .remedy = "use another snapshot; 'rehearse snapshots' lists them"});
        }
        end = place.offset + place.length;
        all.push_back({each.name, place, each.id});
    }
    return all;
}

bool is_zero_range(int file, std::uint64_t begin, std::uint64_t end, const std::string& path) {
    std::string buffer(hole_block * 16, '\0');
    while (begin < end) {
        const off_t data = ::lseek(file, static_cast<off_t>(begin), SEEK_DATA);
        if (data < 0 || static_cast<std::uint64_t>(data) >= end) return true;
        begin = std::max(begin, static_cast<std::uint64_t>(data));
        const std::size_t size = std::min<std::uint64_t>(buffer.size(), end - begin);
        if (read_at(file, buffer.data(), size, begin, path) != size) return false;
        if (!is_zero(std::string_view(buffer.data(), size))) return false;
        begin += size;
    }
    return true;
}

}  // namespace

Status capture_content(int file, const Status& before, TreeWriter& writer, const std::string& name,
                       Entry& entry, const std::string& path) {
    if (before.size > largest_blob) {
        entry.is_chunked = true;
        entry.size = before.size;
        entry.is_sparse = is_sparse(file, before.size);
        capture_chunks(file, before, writer, name, path);
        return before;
    }
    Status expected = before;
    for (int attempt = 0; attempt < tries; ++attempt) {
        std::string content(expected.size + 1, '\0');  // one more: to see that it has not grown
        const std::size_t got = read_at(file, content.data(), content.size(), 0, path);
        const bool sparse = is_sparse(file, expected.size);
        const Status after = status_of(file, path);
        if (got == expected.size && is_unchanged(expected, after)) {
            content.resize(got);
            entry.is_sparse = sparse;
            writer.blob(name, content, (after.mode & 0100U) != 0);
            return after;
        }
        expected = after;
        if (after.size > largest_blob) break;
    }
    throw changed_meanwhile("capture", path,
                            "it changed while it was read, " + std::to_string(tries) + " times");
}

bool has_content(int file, const Status& status, const TreeReader& reader, const Entry& entry,
                 const std::string& tree_name, const std::string& blob, const std::string& path) {
    if (entry.is_sparse != is_sparse(file, status.size)) return false;
    if (!entry.is_chunked) {
        if (status.size > largest_blob) return false;
        std::string content(status.size + 1, '\0');
        content.resize(read_at(file, content.data(), content.size(), 0, path));
        return git_blob_id(content).text() == blob;
    }
    if (status.size != entry.size) return false;
    std::uint64_t end = 0;
    if (!blob.empty()) {
        std::string buffer;
        for (const Chunk& chunk : chunks_of(*reader.directory(tree_name), entry, path)) {
            if (!is_zero_range(file, end, chunk.place.offset, path)) return false;
            end = chunk.place.offset + chunk.place.length;
            buffer.resize(chunk.place.length);
            if (read_at(file, buffer.data(), buffer.size(), chunk.place.offset, path) != buffer.size())
                return false;
            if (git_blob_id(buffer).text() != chunk.id) return false;
        }
    }
    return is_zero_range(file, end, entry.size, path);
}

std::uint64_t restore_content(int file, const TreeReader& reader, const Entry& entry,
                              const std::string& tree_name, const std::string& path) {
    if (!entry.is_chunked) {
        const std::string content = reader.blob(tree_name);
        if (!entry.is_sparse) {
            write_at(file, content, 0, path);
            return content.size();
        }
        write_sparsely(file, content, 0, path);
        if (::ftruncate(file, static_cast<off_t>(content.size())) != 0)
            throw failure_of(errno, "write", path);
        return content.size();
    }
    if (reader.has(tree_name)) {
        const auto chunks = reader.directory(tree_name);
        for (const Chunk& chunk : chunks_of(*chunks, entry, path)) {
            const std::string content = chunks->blob(chunk.name);
            if (entry.is_sparse) {
                write_sparsely(file, content, chunk.place.offset, path);
            } else {
                write_at(file, content, chunk.place.offset, path);
            }
        }
    }
    if (::ftruncate(file, static_cast<off_t>(entry.size)) != 0) throw failure_of(errno, "write", path);
    return entry.size;
}

}  // namespace rehearse::files
