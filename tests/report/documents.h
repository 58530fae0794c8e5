// Hands a document to one of the Python checkers beside the tests and gives back what it printed.
#pragma once

#include <fstream>
#include <string>
#include <vector>

#include "orchestrator/commands/command.h"
#include "tests/support/temporary_folder.h"

namespace rehearse::test {

struct Checked {
    int status = -1;
    std::string output;
};

inline Checked check_document(const std::string& checker, const std::string& document,
                              const std::vector<std::string>& texts = {}) {
    const TemporaryFolder folder;
    const std::filesystem::path path = folder.path() / "document";
    std::ofstream(path, std::ios::binary) << document;
    CommandRequest request;
    request.arguments = {"/usr/bin/python3", REPORT_TESTS "/" + checker, path.string()};
    for (const std::string& text : texts) {
        request.arguments.emplace_back("--text");
        request.arguments.push_back(text);
    }
    const CommandResult result = run_command(request);
    return {result.exit_code, result.output + result.errors};
}

}  // namespace rehearse::test
