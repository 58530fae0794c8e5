// The files that people write: environments, playbooks, rehearse.yaml and policies, with the adapters of this
// build. The first of their own keys that begins a line says which.
#include <algorithm>

#include "adapters/postgresql/settings.h"
#include "adapters/process/settings.h"
#include "adapters/registry.h"
#include "orchestrator/base/digest.h"
#include "orchestrator/model/playbook.h"
#include "orchestrator/playbook/policy.h"
#include "orchestrator/playbook/values.h"
#include "tests/fuzz/fuzz.h"

using namespace rehearse;
using namespace rehearse::fuzz;

namespace {

constexpr const char* path = "/workspace/files/input.yaml";

template <class T>
std::optional<T> checked(Loaded<T> loaded, std::string_view text) {
    promise(loaded.value.has_value() == loaded.problems.empty(), "a value, or what is wrong: one of them");
    if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
    for (const std::vector<Problem>* list : {&loaded.problems, &loaded.warnings}) {
        for (const Problem& problem : *list) {
            promise(problem.mark.file == path, "a problem names its file");
            promise(problem.mark.line == 0 || is_inside(text, problem.mark.line, problem.mark.column),
                    "a problem's place is inside the file");
            promise(!problem.message.empty() && to_string(problem).find('\n') == std::string::npos,
                    "a problem is one line");
        }
    }
    return std::move(loaded.value);
}

void check(const CommandSpec& command) {
    promise(!command.arguments.empty(), "a command has a program");
    const json::object document = to_json(command);
    promise(to_json(command_from_json(document, "command")) == document, "a command survives the plan");
}

void check(const Environment& environment) {
    promise(!check_name(environment.name.text()), "an environment's name is one");
    promise(dependency_order(environment.resources).size() == environment.resources.size(),
            "resources that pass the check have an order");
    for (const ResourceSpec& resource : environment.resources) {
        promise(!check_name(resource.name.text()), "a resource's name is one");
        // Options that pass the table of keys, and that the adapter still refuses, are refused by a Failure.
        if (resource.adapter == "process") (void)accepted([&] { return process::settings_from(resource); });
        if (resource.adapter == "postgresql")
            (void)accepted([&] { return postgresql::read_settings(resource); });
    }
    for (const ProbeSpec& probe : environment.probes) {
        const json::object document = to_json(probe);
        promise(to_json(probe_from_json(document, "probe")) == document, "a probe survives the plan");
    }
}

void check(const Playbook& playbook, std::string_view text) {
    promise(playbook.digest == sha256_hex(text), "the digest is that of the file");
    promise(playbook.targets.rto > Duration{} && playbook.targets.rpo > Duration{}, "targets are set");
    promise(playbook.guard.max_share_permille <= 1000, "a share is at most all of it");
    for (const std::vector<CommandSpec>* commands : {&playbook.change, &playbook.rollback})
        for (const CommandSpec& command : *commands) check(command);
    if (playbook.alarm) check(*playbook.alarm);
}

/// Whether a line begins with the key.
bool has_key(std::string_view text, std::string_view key) {
    return text.starts_with(key) || text.find("\n" + std::string(key)) != std::string_view::npos;
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string text(text_of(data, size));
    if (has_key(text, "playbook:")) {
        if (const auto playbook = checked(parse_playbook(text, path, registered_adapters()), text))
            check(*playbook, text);
    } else if (has_key(text, "workspace:")) {
        if (const auto settings = checked(parse_workspace(text, path), text)) {
            if (settings->alarm) check(*settings->alarm);
        }
    } else if (has_key(text, "policy:")) {
        if (const auto policy = checked(parse_policy(text, path), text)) {
            promise(!policy->members.empty(), "a policy knows somebody");
        }
    } else if (const auto environment = checked(parse_environment(text, path, registered_adapters()), text)) {
        check(*environment);
    }
    return 0;
}
