// A helper process of the ledger's tests: started, talked to by lines, and ended by its pid.
#pragma once

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <stdexcept>
#include <string>
#include <vector>

#include "orchestrator/base/handle.h"

extern char** environ;

namespace rehearse::test {

class Child {
  public:
    /// Starts the ledger_process with these arguments, its stdout connected to us.
    explicit Child(std::vector<std::string> arguments) {
        arguments.insert(arguments.begin(), LEDGER_PROCESS);
        int ends[2];
        if (::pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error("pipe");
        output_ = FileDescriptor(ends[0]);
        const FileDescriptor theirs(ends[1]);
        posix_spawn_file_actions_t actions;
        ::posix_spawn_file_actions_init(&actions);
        ::posix_spawn_file_actions_adddup2(&actions, theirs.get(), 1);
        std::vector<char*> texts;
        for (auto& argument : arguments) texts.push_back(argument.data());
        texts.push_back(nullptr);
        const int error = ::posix_spawn(&process_, texts[0], &actions, nullptr, texts.data(), environ);
        ::posix_spawn_file_actions_destroy(&actions);
        if (error != 0) throw std::runtime_error("cannot start " + arguments[0]);
    }
    Child(const Child&) = delete;
    Child& operator=(const Child&) = delete;
    ~Child() {
        if (process_ > 0) {
            kill(SIGKILL);
            wait();
        }
    }

    [[nodiscard]] pid_t process() const { return process_; }
    void kill(int signal) const { ::kill(process_, signal); }
    /// The next line without its end; empty at the end of the output.
    std::string line() {
        for (;;) {
            const auto end = pending_.find('\n');
            if (end != std::string::npos) {
                std::string found = pending_.substr(0, end);
                pending_.erase(0, end + 1);
                return found;
            }
            char buffer[4096];
            const ssize_t count = ::read(output_.get(), buffer, sizeof buffer);
            if (count <= 0) return {};
            pending_.append(buffer, static_cast<std::size_t>(count));
        }
    }
    /// Waits until it is stopped by a signal.
    void wait_until_stopped() const {
        int status = 0;
        ::waitpid(process_, &status, WUNTRACED);
        if (!WIFSTOPPED(status)) throw std::runtime_error("the helper process did not stop");
    }
    /// Waits for its end; its wait status.
    int wait() {
        int status = 0;
        ::waitpid(process_, &status, 0);
        process_ = 0;
        return status;
    }
    /// Waits for its end: was it SIGKILL?
    bool was_killed() {
        const int status = wait();
        return WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
    }

  private:
    pid_t process_ = 0;
    FileDescriptor output_;
    std::string pending_;
};

}  // namespace rehearse::test
