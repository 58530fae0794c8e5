// Finds the file that a program's name means, and says where it looked when there is none.
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "orchestrator/base/failure.h"
#include "orchestrator/commands/command.h"
#include "orchestrator/commands/spawn.h"

namespace rehearse {

namespace {

// What execvp uses where PATH is not set.
constexpr std::string_view default_path = "/usr/local/bin:/usr/bin:/bin";

std::string search_path(const std::map<std::string, std::string>& environment) {
    if (const auto own = environment.find("PATH"); own != environment.end()) return own->second;
    const std::string inherited = inherited_variable("PATH");
    if (!inherited.empty()) return inherited;
    return std::string(default_path);
}

enum class Found { program, not_executable, nothing };

Found look_at(const std::filesystem::path& file) {
    struct stat status {};
    if (::stat(file.c_str(), &status) != 0) return Found::nothing;
    if (!S_ISREG(status.st_mode)) return Found::not_executable;
    return ::access(file.c_str(), X_OK) == 0 ? Found::program : Found::not_executable;
}

Failure no_program(const std::string& program, std::string message, std::string remedy) {
    return Failure({.kind = FailureKind::invalid_input,
                    .operation = "run",
                    .object = program,
                    .message = std::move(message),
                    .remedy = std::move(remedy)});
}

}  // namespace

std::filesystem::path find_program(const std::string& program, const std::filesystem::path& directory,
                                   const std::map<std::string, std::string>& environment) {
    if (program.empty()) throw no_program("", "the command names no program", "write the program first");
    if (program.find('\0') != std::string::npos) {
        throw no_program("", "the program's name holds a NUL byte", "write a plain name");
    }
    const std::filesystem::path base = directory.empty() ? std::filesystem::path() : directory;
    if (program.find('/') != std::string::npos) {
        const auto file = base / program;  // an absolute program stands for itself
        switch (look_at(file)) {
            case Found::program:
                return file;
            case Found::not_executable:
                throw no_program(program, "'" + file.string() + "' is not an executable file",
                                 "run 'chmod +x " + file.string() + "' or name its interpreter first");
            case Found::nothing:
                throw no_program(program, "there is no file '" + file.string() + "'", "check the path");
        }
    }
    const std::string path = search_path(environment);
    std::string unusable;
    for (std::size_t at = 0; at <= path.size();) {
        const auto end = std::min(path.find(':', at), path.size());
        const std::string folder = path.substr(at, end - at);
        at = end + 1;
        const auto file = base / (folder.empty() ? "." : folder) / program;
        const Found found = look_at(file);
        if (found == Found::program) return file;
        if (found == Found::not_executable && unusable.empty()) unusable = file.string();
    }
    if (!unusable.empty()) {
        throw no_program(program, "'" + unusable + "' is not an executable file",
                         "run 'chmod +x " + unusable + "'");
    }
    throw no_program(program, "there is no such program in PATH (" + path + ")",
                     "install it, or name it by its full path");
}

}  // namespace rehearse
