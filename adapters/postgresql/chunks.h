// Rows cut into blobs: the cuts follow the rows themselves, so that a changed row changes one blob and the
// same rows always give the same blobs, however they were read.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace rehearse::postgresql {

/// Takes rows as COPY writes them (each with its newline), gives files that psql can run: the COPY statement,
/// rows, and the end of data.
class ChunkWriter {
  public:
    using Sink = std::function<void(const std::string& name, std::string_view content)>;
    /// `target` is the table with its columns, as COPY wants it.
    ChunkWriter(const std::string& target, Sink sink);

    void add(std::string_view row);
    /// Hands out what is left. Call it once, after the last row.
    void finish();
    [[nodiscard]] std::uint64_t rows() const noexcept { return rows_; }
    [[nodiscard]] std::uint64_t bytes() const noexcept { return bytes_; }

  private:
    void cut();
    void add_oversized(std::string_view row);

    std::string header_;
    Sink sink_;
    std::string chunk_;
    std::size_t number_ = 0;
    std::uint64_t rows_ = 0;
    std::uint64_t bytes_ = 0;
};

/// "COPY public.orders (id, name) FROM stdin;\n"
[[nodiscard]] std::string copy_header(const std::string& target);

/// The rows of one blob. `begins` and `ends`: whether the COPY statement and the end of data are in it (they
/// are not in every piece of a row that is larger than a blob).
struct ChunkRows {
    std::string_view rows;
    std::string_view target;  // of the COPY statement, where it begins
    bool begins = false;
    bool ends = false;
};
/// Fails: permanent where `content` is no such blob.
[[nodiscard]] ChunkRows rows_of_chunk(std::string_view content, bool in_a_row);

}  // namespace rehearse::postgresql
