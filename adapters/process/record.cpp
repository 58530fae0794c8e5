// The record is one small JSON file, written durably.
#include "adapters/process/record.h"

#include "orchestrator/base/failure.h"
#include "orchestrator/base/file.h"
#include "orchestrator/base/json.h"

namespace rehearse::process {

namespace {

std::filesystem::path place(const std::filesystem::path& state_directory) {
    return state_directory / "started.json";
}

}  // namespace

std::optional<Record> read_record(const std::filesystem::path& state_directory) {
    const auto path = place(state_directory);
    std::error_code error;
    if (!std::filesystem::exists(path, error)) return std::nullopt;
    try {
        const json::value value = parse_json(read_file(path, 64U << 10U), path.string());
        const json::object* object = value.if_object();
        if (object == nullptr) return std::nullopt;
        const Record record{.pid = number_at<pid_t>(*object, "pid", path.string()),
                            .started = number_at<std::uint64_t>(*object, "started", path.string()),
                            .boot = text_at(*object, "boot", path.string()),
                            .digest = text_at(*object, "process", path.string())};
        // To kill(2) these are groups, or everybody.
        return record.pid > 0 ? std::optional(record) : std::nullopt;
    } catch (const Failure&) {
        return std::nullopt;
    }
}

void write_record(const std::filesystem::path& state_directory, const Record& record) {
    make_directory_durably(state_directory);
    write_file_durably(place(state_directory), canonical_json(json::object{{"boot", record.boot},
                                                                           {"pid", record.pid},
                                                                           {"process", record.digest},
                                                                           {"started", record.started}}));
}

void remove_record(const std::filesystem::path& state_directory) {
    remove_file_durably(place(state_directory));
}

}  // namespace rehearse::process
