// Small files on disk, durably: write beside, fsync, rename, fsync the folder.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace rehearse {

/// The whole file. Fails: permanent/refused with the path; `limit` bytes at most, more is invalid_input.
[[nodiscard]] std::string read_file(const std::filesystem::path& path, std::size_t limit = 64U << 20U);
/// Replaces `path` atomically; when this returns, content and name are on the disk (fsync of file and
/// folder). New files get `mode`. Fails: permanent/refused with the path.
void write_file_durably(const std::filesystem::path& path, std::string_view content, unsigned mode = 0600);
/// Removes it if it is there, and fsyncs the folder. True when it was there.
bool remove_file_durably(const std::filesystem::path& path);
/// Makes a folder (and its parents) with `mode`, fsynced; leaves one that exists as it is.
void make_directory_durably(const std::filesystem::path& path, unsigned mode = 0700);

}  // namespace rehearse
