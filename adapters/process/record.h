// What is remembered of a process that this adapter started: with pid, start and boot it names one process
// for good.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

namespace rehearse::process {

struct Record {
    pid_t pid = 0;
    std::uint64_t started = 0;  // clock ticks since boot
    std::string boot{};
    std::string digest{};  // Settings::digest(): of which process it is the record
};

/// None where there is none, or where it can't be read: it only helps to find the process.
[[nodiscard]] std::optional<Record> read_record(const std::filesystem::path& state_directory);
void write_record(const std::filesystem::path& state_directory, const Record& record);
void remove_record(const std::filesystem::path& state_directory);

}  // namespace rehearse::process
