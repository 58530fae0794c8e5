// The command line, one argument a line: read, never run, since what a command does is done to this machine.
#include <sstream>

#include "orchestrator/cli/cli.h"
#include "orchestrator/report/words.h"
#include "tests/fuzz/fuzz.h"
#include "tests/support/real_time.h"

using namespace rehearse;
using namespace rehearse::fuzz;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::vector<std::string> arguments{"rehearse"};
    for (std::string_view rest = text_of(data, size); !rest.empty() && arguments.size() < 24;) {
        std::string argument(take_line(rest));
        arguments.push_back(argument.substr(0, argument.find('\0')));
    }
    std::vector<const char*> pointers;
    for (const std::string& argument : arguments) pointers.push_back(argument.c_str());

    static const test::RealClock clock;
    static test::RealSleeper sleeper(clock);
    static test::RealWorkers workers(1);
    std::istringstream in;
    std::ostringstream out, log;
    const Host host{.clock = clock,
                    .sleeper = sleeper,
                    .workers = workers,
                    .directory = "/nowhere",
                    .in = in,
                    .out = out,
                    .log = log};
    const auto command =
        accepted([&] { return read_command_line(host, static_cast<int>(pointers.size()), pointers.data()); });
    promise(!command || *command, "what was read can be called");
    promise(out.str().empty() || log.str().empty(), "help or a complaint, never both");
    const std::string said = log.str();
    promise(words::printable(said, true) == said, "a complaint can't move the cursor");
    promise(said.empty() || said.ends_with('\n'), "a complaint is whole lines");
    return 0;
}
