// Real keys for the guard's tests: made, signed with and verified by OpenSSH itself.
#pragma once

#include <doctest/doctest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "orchestrator/base/file.h"
#include "orchestrator/commands/command.h"
#include "orchestrator/guard/approvals.h"
#include "tests/support/temporary_folder.h"

namespace rehearse::test {

class Keys {
  public:
    /// Makes a key of that name, once; `options` as ssh-keygen takes them.
    std::filesystem::path make(const std::string& name,
                               std::vector<std::string> options = {"-t", "ed25519"}) {
        const std::filesystem::path file = folder_.path() / name;
        if (std::filesystem::exists(file)) return file;
        std::vector<std::string> arguments{"ssh-keygen", "-q", "-N", "", "-C", name, "-f", file.string()};
        arguments.insert(arguments.end(), options.begin(), options.end());
        REQUIRE(run_command({.arguments = arguments}).succeeded());
        return file;
    }
    /// What stands in the .pub file, without its comment.
    std::string public_key(const std::string& name) {
        const std::string text = read_file(make(name).string() + ".pub");
        return text.substr(0, text.rfind(' '));
    }
    std::string sign(const std::string& name, const std::string& text,
                     const std::string& name_space = std::string(approval_namespace),
                     const std::vector<std::string>& more = {}) {
        std::vector<std::string> arguments{"ssh-keygen", "-q",       "-Y", "sign",
                                           "-n",         name_space, "-f", make(name).string()};
        arguments.insert(arguments.end(), more.begin(), more.end());
        const CommandResult result = run_command({.arguments = arguments, .input = text});
        REQUIRE(result.succeeded());
        return result.output;
    }
    /// What ssh-keygen says of it.
    bool openssh_accepts(const std::string& signers, const std::string& principal,
                         const std::string& signature, const std::string& text,
                         const std::vector<std::string>& more = {}) {
        write_file_durably(folder_.path() / "allowed_signers", signers);
        write_file_durably(folder_.path() / "signature", signature);
        std::vector<std::string> arguments{"ssh-keygen",
                                           "-Y",
                                           "verify",
                                           "-f",
                                           (folder_.path() / "allowed_signers").string(),
                                           "-I",
                                           principal,
                                           "-n",
                                           std::string(approval_namespace),
                                           "-s",
                                           (folder_.path() / "signature").string()};
        arguments.insert(arguments.end(), more.begin(), more.end());
        return run_command({.arguments = arguments, .input = text}).succeeded();
    }

  private:
    TemporaryFolder folder_;
};

/// Keys that all cases share: making them takes longer than the cases.
inline Keys& keys() {
    static Keys shared;
    return shared;
}

}  // namespace rehearse::test
