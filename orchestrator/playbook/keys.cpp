// The tables themselves: one line for each key, in the order in which people write them.
#include "orchestrator/playbook/keys.h"

#include <algorithm>
#include <array>

namespace rehearse {

namespace {

constexpr std::array<std::string_view, 3> classes{"development", "staging", "production"};
constexpr std::array<std::string_view, 2> kinds{"disaster", "rollback"};
constexpr std::array<std::string_view, 1> orders{"dependencies"};
constexpr std::array<std::string_view, 1> fidelities{"exact"};
constexpr std::array<std::string_view, 3> methods{"GET", "HEAD", "POST"};
constexpr std::array<std::string_view, 7> days{"mon", "tue", "wed", "thu", "fri", "sat", "sun"};

constexpr std::array planned{std::string_view("canary"), std::string_view("kind=restore_test")};

constexpr KeySpec command_keys[] = {
    {.name = "command",
     .type = ValueType::command,
     .required = true,
     .help = "The program and its arguments as a list; no shell reads it."},
    {.name = "timeout",
     .type = ValueType::duration,
     .help = "The command is ended after this long, and counts as failed.",
     .default_text = "60s"},
    {.name = "retries",
     .type = ValueType::integer,
     .help = "How often it is tried again after it failed.",
     .default_text = "0",
     .maximum = 100},
    {.name = "directory",
     .type = ValueType::path,
     .help = "Where it runs; left out: the folder of the file that it is written in."},
};

constexpr KeySpec http_keys[] = {
    {.name = "url", .type = ValueType::url, .required = true, .help = "The page to ask for."},
    {.name = "method",
     .type = ValueType::choice,
     .help = "The HTTP method.",
     .default_text = "GET",
     .choices = methods},
};
constexpr KeySpec tcp_keys[] = {
    {.name = "host", .type = ValueType::text, .required = true, .help = "A name or an address."},
    {.name = "port",
     .type = ValueType::integer,
     .required = true,
     .help = "The port that must accept a connection.",
     .minimum = 1,
     .maximum = 65535},
};
constexpr KeySpec sql_keys[] = {
    {.name = "resource",
     .type = ValueType::name,
     .required = true,
     .help = "The resource whose adapter is asked."},
    {.name = "query",
     .type = ValueType::text,
     .required = true,
     .help = "A query that gives one value and changes nothing."},
};
constexpr KeySpec expect_keys[] = {
    {.name = "status",
     .type = ValueType::integer,
     .help = "HTTP: the status; with no expectation at all, 200.",
     .minimum = 100,
     .maximum = 599},
    {.name = "contains",
     .type = ValueType::text,
     .help = "HTTP, SQL, command: the body, value or output holds this text."},
    {.name = "equals",
     .type = ValueType::text,
     .help = "SQL, command: the value, or the output without its last newline, is this text."},
    {.name = "at_least", .type = ValueType::integer, .help = "SQL: the value is this number or more."},
    {.name = "at_most", .type = ValueType::integer, .help = "SQL: the value is this number or less."},
    {.name = "exit_code",
     .type = ValueType::integer,
     .help = "Command: the exit code; with no expectation at all, 0.",
     .maximum = 255},
};
constexpr KeySpec probe_keys[] = {
    {.name = "http",
     .type = ValueType::mapping,
     .help = "Asks a web server. A probe has exactly one of http, tcp, sql and command.",
     .nested = http_keys},
    {.name = "tcp", .type = ValueType::mapping, .help = "Opens a TCP connection.", .nested = tcp_keys},
    {.name = "sql",
     .type = ValueType::mapping,
     .help = "Asks a resource's adapter for one value.",
     .nested = sql_keys},
    {.name = "command",
     .type = ValueType::command,
     .help = "Runs a program in the folder of this file; a list, no shell."},
    {.name = "expect",
     .type = ValueType::mapping,
     .help = "The tolerance: all that is written here must hold.",
     .nested = expect_keys},
    {.name = "interval",
     .type = ValueType::duration,
     .help = "From the start of one try to the start of the next; left out: chosen to measure well."},
    {.name = "timeout",
     .type = ValueType::duration,
     .help = "A try without an answer after this long has failed.",
     .default_text = "5s"},
};
constexpr KeySpec resource_keys[] = {
    {.name = "adapter",
     .type = ValueType::name,
     .required = true,
     .help = "Which adapter serves it; `rehearse adapters` lists them and their keys."},
    {.name = "needs",
     .type = ValueType::name_list,
     .help = "Resources that must be back before this one is restored; it is destroyed before them."},
};
constexpr KeySpec environment_table[] = {
    {.name = "environment",
     .type = ValueType::name,
     .required = true,
     .help = "Its name; also the name of its branch in the snapshot repository."},
    {.name = "class",
     .type = ValueType::choice,
     .required = true,
     .help = "What it is for. Nothing is ever destroyed in production.",
     .choices = classes},
    {.name = "service", .type = ValueType::text, .help = "The service that runs in it, for reports."},
    {.name = "owner", .type = ValueType::text, .help = "Who answers for it, for reports."},
    {.name = "resources",
     .type = ValueType::named_mappings,
     .required = true,
     .help = "The restorable units, by name; each also takes the keys of its adapter.",
     .nested = resource_keys},
    {.name = "probes",
     .type = ValueType::named_mappings,
     .help = "Questions to the running environment, by name; playbooks use them in `steady_state`.",
     .nested = probe_keys},
};

constexpr KeySpec target_keys[] = {
    {.name = "rto",
     .type = ValueType::duration,
     .required = true,
     .help = "Recovery time objective: from the first damage to serving again."},
    {.name = "rpo",
     .type = ValueType::duration,
     .required = true,
     .help = "Recovery point objective: how old the restored data may be when the damage begins."},
};
constexpr KeySpec destroy_step_keys[] = {
    {.name = "resource",
     .type = ValueType::name,
     .required = true,
     .help = "The resource of the environment that is broken."},
    {.name = "items",
     .type = ValueType::text_list,
     .help = "The adapter's patterns of the items to break; left out: the whole resource."},
};
constexpr KeySpec restore_keys[] = {
    {.name = "order",
     .type = ValueType::choice,
     .help = "What a resource needs comes back before it.",
     .default_text = "dependencies",
     .choices = orders},
    {.name = "parallel",
     .type = ValueType::integer,
     .help = "How many resources are restored at once, where `needs` allows it.",
     .default_text = "4",
     .minimum = 1,
     .maximum = 64},
};
constexpr KeySpec verify_steady_state_keys[] = {
    {.name = "consecutive",
     .type = ValueType::integer,
     .help = "How many passing tries in a row of every probe count as serving.",
     .default_text = "3",
     .minimum = 1,
     .maximum = 1000},
    {.name = "within",
     .type = ValueType::duration,
     .help = "After this long without a steady state the drill stops waiting for it.",
     .default_text = "10m"},
};
constexpr KeySpec verify_keys[] = {
    {.name = "fidelity",
     .type = ValueType::choice,
     .help = "The restored state equals the snapshot, item by item.",
     .default_text = "exact",
     .choices = fidelities},
    {.name = "steady_state",
     .type = ValueType::mapping,
     .help = "When the environment counts as serving again.",
     .nested = verify_steady_state_keys},
    {.name = "check_verifier",
     .type = ValueType::boolean,
     .help = "After the proof, break one item of each destroyed resource, see whether the verifier tells, "
             "and put it back.",
     .default_text = "false"},
    {.name = "accept",
     .type = ValueType::text_list,
     .help = "Differences that may remain, as globs of resource/item."},
};
constexpr KeySpec guard_keys[] = {
    {.name = "max_items",
     .type = ValueType::integer,
     .help = "A plan that would break more items than this is refused.",
     .default_text = "1000"},
    {.name = "max_share",
     .type = ValueType::share,
     .help = "A plan that would break a larger share of a resource's items is refused.",
     .default_text = "100%"},
    {.name = "snapshot_max_age",
     .type = ValueType::duration,
     .help = "A snapshot older than this when the destruction is due is refused.",
     .default_text = "10m"},
    {.name = "approvals",
     .type = ValueType::integer,
     .help = "How many people must approve the plan; the policy may want more.",
     .default_text = "0",
     .maximum = 100},
};
constexpr KeySpec freeze_keys[] = {
    {.name = "reason", .type = ValueType::text, .required = true, .help = "Why; shown in the refusal."},
    {.name = "days",
     .type = ValueType::text_list,
     .help = "Days of the week on which the window begins; left out: every day.",
     .choices = days},
    {.name = "from",
     .type = ValueType::text,
     .help = "HH:MM at which it begins; left out together with until: the whole day."},
    {.name = "until",
     .type = ValueType::text,
     .help = "HH:MM at which it ends, up to 24:00; earlier than from: on the next day."},
    {.name = "timezone",
     .type = ValueType::text,
     .help = "IANA time zone of days, from and until.",
     .default_text = "UTC"},
    {.name = "starts",
     .type = ValueType::text,
     .help = "A fixed window instead: RFC 3339, with an offset or Z."},
    {.name = "ends", .type = ValueType::text, .help = "The fixed window's end: RFC 3339."},
};
constexpr KeySpec hook_keys[] = {
    {.name = "before_snapshot",
     .type = ValueType::mapping_list,
     .help = "Before the snapshot is taken; one that fails counts as possible damage.",
     .nested = command_keys},
    {.name = "before_destroy",
     .type = ValueType::mapping_list,
     .help = "After the snapshot is proved, before anything is broken.",
     .nested = command_keys},
    {.name = "after_destroy",
     .type = ValueType::mapping_list,
     .help = "After the destruction.",
     .nested = command_keys},
    {.name = "before_restore",
     .type = ValueType::mapping_list,
     .help = "Before the restore.",
     .nested = command_keys},
    {.name = "after_restore",
     .type = ValueType::mapping_list,
     .help = "After the restore, before the verification.",
     .nested = command_keys},
};
constexpr KeySpec schedule_keys[] = {
    {.name = "cron",
     .type = ValueType::text,
     .required = true,
     .help = "Five fields: minute, hour, day of month, month, day of week."},
    {.name = "timezone",
     .type = ValueType::text,
     .help = "IANA time zone that the fields are read in.",
     .default_text = "UTC"},
};

constexpr KeySpec alarm_key = {.name = "alarm",
                               .type = ValueType::mapping,
                               .help = "The command that is told of every quarantine.",
                               .nested = command_keys};
constexpr KeySpec freeze_key = {.name = "freeze",
                                .type = ValueType::mapping_list,
                                .help = "Windows of time in which nothing may be destroyed.",
                                .nested = freeze_keys};

constexpr KeySpec playbook_table[] = {
    {.name = "playbook", .type = ValueType::name, .required = true, .help = "Its name."},
    {.name = "title", .type = ValueType::text, .help = "One line that says what happens, for reports."},
    {.name = "kind",
     .type = ValueType::choice,
     .required = true,
     .help = "disaster: destroy, then restore. rollback: apply a change, then roll it back.",
     .choices = kinds},
    {.name = "environment",
     .type = ValueType::name,
     .required = true,
     .help = "The environment that it breaks."},
    {.name = "targets",
     .type = ValueType::mapping,
     .required = true,
     .help = "What the recovery is measured against.",
     .nested = target_keys},
    {.name = "steady_state",
     .type = ValueType::name_list,
     .required = true,
     .help = "Names of the environment's probes that all pass when it is healthy."},
    {.name = "destroy",
     .type = ValueType::mapping_list,
     .help = "What a drill of kind disaster breaks; each also takes the destroy keys of its adapter.",
     .nested = destroy_step_keys},
    {.name = "change",
     .type = ValueType::mapping_list,
     .help = "Kind rollback: the commands that apply the release.",
     .nested = command_keys},
    {.name = "rollback",
     .type = ValueType::mapping_list,
     .help = "Kind rollback: the commands that take it back.",
     .nested = command_keys},
    {.name = "restore",
     .type = ValueType::mapping,
     .help = "How the environment comes back.",
     .nested = restore_keys},
    {.name = "verify",
     .type = ValueType::mapping,
     .help = "What must hold afterwards.",
     .nested = verify_keys},
    {.name = "guard",
     .type = ValueType::mapping,
     .help = "Limits beyond which a plan is refused.",
     .nested = guard_keys},
    freeze_key,
    {.name = "hooks",
     .type = ValueType::mapping,
     .help = "Commands around the stages; they are in the plan hash, and nothing guards what they touch.",
     .nested = hook_keys},
    alarm_key,
    {.name = "schedule",
     .type = ValueType::mapping,
     .help = "When `rehearse serve` runs it by itself.",
     .nested = schedule_keys},
};

constexpr KeySpec audit_keys[] = {
    {.name = "checkpoints",
     .type = ValueType::path,
     .required = true,
     .help = "A folder on another machine's disk that keeps a copy of every signed checkpoint."},
};

constexpr KeySpec workspace_table[] = {
    {.name = "workspace", .type = ValueType::name, .required = true, .help = "The workspace's name."},
    alarm_key,
    freeze_key,
    {.name = "audit",
     .type = ValueType::mapping,
     .help = "Where the audit log's checkpoints are kept a second time.",
     .nested = audit_keys},
};

}  // namespace

std::span<const KeySpec> environment_keys() { return environment_table; }
std::span<const KeySpec> playbook_keys() { return playbook_table; }
std::span<const KeySpec> workspace_keys() { return workspace_table; }

const KeySpec* find_key(std::span<const KeySpec> keys, std::string_view name) {
    const auto found =
        std::find_if(keys.begin(), keys.end(), [&](const KeySpec& key) { return key.name == name; });
    return found == keys.end() ? nullptr : &*found;
}

bool is_planned(std::string_view word) {
    return std::find(planned.begin(), planned.end(), word) != planned.end();
}

}  // namespace rehearse
