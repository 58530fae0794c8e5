// What app/ hands to the commands: the machine, its time, its terminal. Nothing in cli/ reaches for these by
// itself.
#pragma once

#include <filesystem>
#include <functional>
#include <iosfwd>
#include <stop_token>
#include <string>

#include "orchestrator/base/clock.h"
#include "orchestrator/base/sleeper.h"
#include "orchestrator/base/task.h"
#include "orchestrator/model/drill.h"
#include "orchestrator/playbook/loader.h"

namespace rehearse {

struct Host {
    const Clock& clock;
    Sleeper& sleeper;
    Workers& workers;
    std::stop_token stop;  // SIGINT, SIGTERM
    AdapterDescriptors adapters;
    Actor actor;
    std::string account;                   // of the machine, whatever the actor calls itself
    std::string name;                      // the machine's host name
    std::filesystem::path directory;       // where the user stands
    std::filesystem::path program;         // this binary
    std::filesystem::path host_directory;  // state that belongs to the host rather than to a workspace
    bool asks = false;                     // stdin and stderr are a terminal: questions can be answered
    bool colour = false;                   // stdout may carry colours
    std::istream& in;
    std::ostream& out;  // results
    std::ostream& log;  // progress, questions, complaints
    std::function<void(const std::function<Task<void>()>&)>
        run;  // runs a coroutine to its end on the one thread
};

}  // namespace rehearse
