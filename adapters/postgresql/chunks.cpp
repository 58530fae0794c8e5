// A row ends its blob when its hash falls below a bound that grows with its size: one cut a MiB on average.
#include "adapters/postgresql/chunks.h"

#include <cstring>

#include "adapters/postgresql/tree_text.h"
#include "orchestrator/base/failure.h"
#include "orchestrator/ports/tree.h"

namespace rehearse::postgresql {

namespace {

constexpr std::string_view lead = "COPY ";
constexpr std::string_view trail = " FROM stdin;\n";
constexpr std::string_view end_of_data = "\\.\n";
constexpr std::uint64_t average_bytes = 1U << 20U;

std::uint64_t mixed(std::uint64_t value) {
    value ^= value >> 32U;
    value *= 0xd6e8feb86659fd93U;
    value ^= value >> 32U;
    return value;
}

/// Part of the format: another hash would cut every table anew.
std::uint64_t row_hash(std::string_view row) {
    std::uint64_t state = 0x9e3779b97f4a7c15U ^ row.size();
    while (row.size() >= 8) {
        std::uint64_t word = 0;
        std::memcpy(&word, row.data(), 8);
        state = (state ^ word) * 0xff51afd7ed558ccdU;
        state ^= state >> 29U;
        row.remove_prefix(8);
    }
    std::uint64_t word = 0;
    std::memcpy(&word, row.data(), row.size());
    return mixed(state ^ word);
}

bool ends_a_chunk(std::string_view row) {
    const std::uint64_t bound = UINT64_MAX / average_bytes;
    return row.size() >= average_bytes || row_hash(row) < bound * row.size();
}

}  // namespace

std::string copy_header(const std::string& target) { return std::string(lead) + target + std::string(trail); }

ChunkWriter::ChunkWriter(const std::string& target, Sink sink)
    : header_(copy_header(target)), sink_(std::move(sink)) {}

void ChunkWriter::add(std::string_view row) {
    ++rows_;
    bytes_ += row.size();
    if (header_.size() + row.size() + end_of_data.size() > largest_blob) {
        cut();
        add_oversized(row);
        return;
    }
    if (chunk_.size() + row.size() + end_of_data.size() > largest_blob) cut();
    if (chunk_.empty()) chunk_ = header_;
    chunk_ += row;
    if (ends_a_chunk(row)) cut();
}

void ChunkWriter::cut() {
    if (chunk_.empty()) return;
    chunk_ += end_of_data;
    sink_(numbered(number_++) + ".sql", chunk_);
    chunk_.clear();
}

void ChunkWriter::add_oversized(std::string_view row) {
    // The pieces make one COPY when they are put together: "00007-00000.sql", "00007-00001.sql"...
    const std::string name = numbered(number_++) + "-";
    std::size_t piece = 0;
    std::string text = header_;
    while (!row.empty()) {
        const std::size_t size = std::min(row.size(), largest_blob - text.size());
        text += row.substr(0, size);
        row.remove_prefix(size);
        const bool room = text.size() + end_of_data.size() <= largest_blob;
        if (row.empty() && room) text += end_of_data;
        sink_(name + numbered(piece++) + ".sql", text);
        if (row.empty() && !room) sink_(name + numbered(piece++) + ".sql", end_of_data);
        text.clear();
    }
}

void ChunkWriter::finish() { cut(); }

ChunkRows rows_of_chunk(std::string_view content, bool in_a_row) {
    ChunkRows out;
    if (!in_a_row) {
        const std::size_t end = content.find(trail);
        if (!content.starts_with(lead) || end == std::string_view::npos) {
            throw Failure({.kind = FailureKind::permanent,
                           .operation = "read the snapshot's rows",
                           .object = std::string(content.substr(0, 60)),
                           .message = "a blob of rows does not begin with its COPY statement",
                           .remedy = "check the snapshot with 'git fsck'; take another one"});
        }
        out.begins = true;
        out.target = content.substr(lead.size(), end - lead.size());
        content.remove_prefix(end + trail.size());
    }
    // Inside a row's data a backslash is doubled: this ending is never a row's own.
    if (content == end_of_data || content.ends_with("\n\\.\n")) {
        out.ends = true;
        content.remove_suffix(end_of_data.size());
    }
    out.rows = content;
    return out;
}

}  // namespace rehearse::postgresql
