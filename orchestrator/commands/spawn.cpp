// posix_spawn, with everything that a child must not inherit kept from it.
#include "orchestrator/commands/spawn.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <unistd.h>

#include <cerrno>
#include <string_view>

#include "orchestrator/base/failure.h"

namespace rehearse {

namespace {

// The child's environment: the caller's with the request's values in it, or these alone.
class EnvironmentBlock {
  public:
    explicit EnvironmentBlock(const SpawnRequest& request) {
        if (request.environment.empty() && !request.only_this_environment) return;
        for (const auto& [name, value] : request.environment) texts_.push_back(name + "=" + value);
        for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
            if (request.only_this_environment) break;
            const std::string_view text = *entry;
            const std::string name(text.substr(0, text.find('=')));
            if (!request.environment.contains(name)) pointers_.push_back(*entry);
        }
        for (auto& text : texts_) pointers_.push_back(text.data());
        pointers_.push_back(nullptr);
    }
    [[nodiscard]] char** data() { return pointers_.empty() ? environ : pointers_.data(); }

  private:
    std::vector<std::string> texts_;
    std::vector<char*> pointers_;
};

// What the child does between clone and exec.
class SpawnSetup {
  public:
    explicit SpawnSetup(const SpawnRequest& request) {
        ::posix_spawn_file_actions_init(&actions_);
        ::posix_spawnattr_init(&attributes_);
        sigset_t none;
        sigset_t all;
        ::sigemptyset(&none);
        ::sigfillset(&all);
        const int of_its_own = request.new_session      ? POSIX_SPAWN_SETSID
                               : request.keeps_terminal ? 0
                                                        : POSIX_SPAWN_SETPGROUP;
        also(::posix_spawnattr_setflags(
            &attributes_, static_cast<short>(of_its_own | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF)));
        also(::posix_spawnattr_setpgroup(&attributes_, 0));
        also(::posix_spawnattr_setsigmask(&attributes_, &none));
        also(::posix_spawnattr_setsigdefault(&attributes_, &all));
        if (request.input >= 0) {
            also(::posix_spawn_file_actions_adddup2(&actions_, request.input, STDIN_FILENO));
        } else {
            also(::posix_spawn_file_actions_addopen(&actions_, STDIN_FILENO, "/dev/null", O_RDONLY, 0));
        }
        also(::posix_spawn_file_actions_adddup2(&actions_, request.output, STDOUT_FILENO));
        also(::posix_spawn_file_actions_adddup2(&actions_, request.errors, STDERR_FILENO));
        also(::posix_spawn_file_actions_addclosefrom_np(&actions_, 3));
        if (!request.directory.empty()) {
            also(::posix_spawn_file_actions_addchdir_np(&actions_, request.directory.c_str()));
        }
    }
    SpawnSetup(const SpawnSetup&) = delete;
    SpawnSetup& operator=(const SpawnSetup&) = delete;
    ~SpawnSetup() {
        ::posix_spawn_file_actions_destroy(&actions_);
        ::posix_spawnattr_destroy(&attributes_);
    }

    /// 0, or an errno.
    [[nodiscard]] int spawn(pid_t& number, const std::string& file, char** arguments,
                            char** environment) const {
        if (error_ != 0) return error_;
        return ::posix_spawn(&number, file.c_str(), &actions_, &attributes_, arguments, environment);
    }

  private:
    void also(int answer) { error_ = error_ != 0 ? error_ : answer; }

    posix_spawn_file_actions_t actions_;
    posix_spawnattr_t attributes_;
    int error_ = 0;
};

Failure failed_spawn(int error, const SpawnRequest& request) {
    FailureFields fields = failure_from_errno(error, "run", request.arguments[0]).fields();
    if (error == ENOEXEC) {
        fields.kind = FailureKind::invalid_input;
        fields.message = "'" + request.file.string() + "' is neither a program nor a script with a #! line";
        fields.remedy = "name its interpreter first";
    } else if (error == ENOENT || error == ENOTDIR) {
        fields.kind = FailureKind::invalid_input;
        fields.message = "the interpreter of '" + request.file.string() + "' is missing";
        fields.remedy = "look at its first line";
    } else if (error == EACCES || error == EPERM) {
        fields.kind = FailureKind::invalid_input;
        fields.message = "'" + request.file.string() + "' may not be executed here";
        fields.remedy = "check its mode and the file system's noexec option";
    } else if (error == E2BIG) {
        fields.kind = FailureKind::invalid_input;
        fields.message = "arguments and environment are too long";
        fields.remedy = "pass them as a file or on stdin";
    }
    return Failure(std::move(fields));
}

}  // namespace

pid_t spawn_process(const SpawnRequest& request) {
    const SpawnSetup setup(request);
    EnvironmentBlock environment(request);
    std::vector<char*> arguments;
    for (const auto& argument : request.arguments) arguments.push_back(const_cast<char*>(argument.c_str()));
    arguments.push_back(nullptr);
    pid_t number = -1;
    const int error = setup.spawn(number, request.file.string(), arguments.data(), environment.data());
    if (error != 0) throw failed_spawn(error, request);
    return number;
}

std::string inherited_variable(const std::string& name) {
    for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
        const std::string_view text = *entry;
        if (text.size() > name.size() && text[name.size()] == '=' && text.starts_with(name)) {
            return std::string(text.substr(name.size() + 1));
        }
    }
    return {};
}

}  // namespace rehearse
