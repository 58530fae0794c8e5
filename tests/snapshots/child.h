// Children of a test: run to their end, run in a mount namespace of their own, or traced and killed at one
// system call.
#pragma once

#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <sched.h>
#include <signal.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "tests/snapshots/store_fixture.h"

namespace rehearse::test {

/// Forks a child that runs `action` and ends without running this process's own clean-up.
inline pid_t start_child(const std::function<void()>& action) {
    // check: allow fork: the child is this very program, killed at points inside it
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child != 0) return child;
    try {
        action();
    } catch (const std::exception& error) {
        ::dprintf(STDERR_FILENO, "child: %s\n", error.what());
        ::_exit(1);
    }
    ::_exit(0);
}

inline int wait_for(pid_t child) {
    int status = 0;
    while (::waitpid(child, &status, 0) < 0) REQUIRE(errno == EINTR);
    return status;
}

/// What `action` returns, when run in a child that has `folder` as a file system of its own of `pages` pages
/// of 4 KiB. "skipped: ..." where this user may not mount.
inline std::string on_small_disk(const fs::path& folder, std::size_t pages,
                                 const std::function<std::string()>& action) {
    std::array<int, 2> ends{};
    REQUIRE(::pipe(ends.data()) == 0);
    const pid_t child = start_child([&] {
        const auto say = [&](const std::string& text) {
            if (::write(ends[1], text.data(), text.size()) < 0) ::_exit(2);
        };
        if ((::unshare(CLONE_NEWNS) != 0 && ::unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) ||
            ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
            ::mount("tmpfs", folder.c_str(), "tmpfs", 0,
                    ("mode=700,size=" + std::to_string(pages * 4) + "k").c_str()) != 0) {
            return say("skipped: needs the right to mount");
        }
        say(action());
    });
    ::close(ends[1]);
    std::string text;
    char buffer[1024];
    for (ssize_t got = 0; (got = ::read(ends[0], buffer, sizeof buffer)) > 0;) {
        text.append(buffer, static_cast<std::size_t>(got));
    }
    ::close(ends[0]);
    if (const int status = wait_for(child); status != 0)
        text += " (child ended with " + std::to_string(status) + ")";
    return text;
}

/// A system call that leaves something behind: its name and the path or descriptor it is about.
struct Effect {
    std::string call;
    std::string path;
};

struct TracedRun {
    bool possible = true;   // false where this user may not trace
    bool finished = false;  // the child came to its end
    std::vector<Effect> effects;
};

namespace detail {

inline std::string text_at(pid_t child, std::uint64_t address) {
    std::string text;
    for (;;) {
        errno = 0;
        const long word = ::ptrace(PTRACE_PEEKDATA, child, reinterpret_cast<void*>(address), nullptr);
        if (errno != 0) return text;
        for (unsigned i = 0; i < sizeof word; ++i) {
            const char c = reinterpret_cast<const char*>(&word)[i];
            if (c == '\0') return text;
            text += c;
        }
        address += sizeof word;
    }
}

inline std::string path_of(pid_t child, std::uint64_t descriptor) {
    std::error_code ignored;
    return fs::read_symlink("/proc/" + std::to_string(child) + "/fd/" + std::to_string(descriptor), ignored);
}

inline bool is_effect(pid_t child, const __ptrace_syscall_info& info, Effect& effect) {
    const auto& a = info.entry.args;
    switch (info.entry.nr) {
        case SYS_fsync:
        case SYS_fdatasync:
            effect = {"fsync", path_of(child, a[0])};
            return true;
        case SYS_write:
        case SYS_pwrite64:
        case SYS_ftruncate:
        case SYS_fchmod:
            effect = {"write", path_of(child, a[0])};
            return true;
        case SYS_open:
            effect = {"create", text_at(child, a[0])};
            return (a[1] & O_CREAT) != 0;
        case SYS_openat:
            effect = {"create", text_at(child, a[1])};
            return (a[2] & O_CREAT) != 0;
        case SYS_link:  // libgit2 renames so where nothing is in the way
        case SYS_rename:
            effect = {"rename", text_at(child, a[1])};
            return true;
        case SYS_renameat:
        case SYS_renameat2:
            effect = {"rename", text_at(child, a[3])};
            return true;
        case SYS_unlink:
        case SYS_rmdir:
            effect = {"unlink", text_at(child, a[0])};
            return true;
        case SYS_unlinkat:
            effect = {"unlink", text_at(child, a[1])};
            return true;
        case SYS_mkdir:
            effect = {"mkdir", text_at(child, a[0])};
            return true;
        case SYS_flock:
            effect = {"lock", path_of(child, a[0])};
            return true;
        default:
            return false;
    }
}

}  // namespace detail

/// Runs `action` in a traced child and kills it with SIGKILL just before its effect number `kill_at` (0 is
/// the first). `action` must not start threads.
inline TracedRun run_traced(const std::function<void()>& action, std::size_t kill_at) {
    TracedRun run;
    const pid_t child = start_child([&] {
        if (::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) != 0) ::_exit(77);
        ::raise(SIGSTOP);
        action();
    });
    int status = 0;
    bool set_up = false;
    for (;;) {
        if (::waitpid(child, &status, 0) < 0) {
            REQUIRE(errno == EINTR);
            continue;
        }
        if (WIFEXITED(status)) {
            run.possible = WEXITSTATUS(status) != 77;
            run.finished = WEXITSTATUS(status) == 0;
            return run;
        }
        if (WIFSIGNALED(status)) return run;
        int deliver = 0;
        if (!set_up) {
            ::ptrace(PTRACE_SETOPTIONS, child, nullptr, PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL);
            set_up = true;
        } else if (WSTOPSIG(status) == (SIGTRAP | 0x80)) {
            __ptrace_syscall_info info{};
            ::ptrace(PTRACE_GET_SYSCALL_INFO, child, sizeof info, &info);
            Effect effect;
            if (info.op == PTRACE_SYSCALL_INFO_ENTRY && detail::is_effect(child, info, effect)) {
                if (run.effects.size() == kill_at) ::kill(child, SIGKILL);
                run.effects.push_back(effect);
            }
        } else {
            deliver = WSTOPSIG(status);
        }
        ::ptrace(PTRACE_SYSCALL, child, nullptr, deliver);
    }
}

}  // namespace rehearse::test
