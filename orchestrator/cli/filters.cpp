// Reading spans of time, summing up drills.
#include "orchestrator/cli/filters.h"

#include "orchestrator/base/failure.h"

namespace rehearse {

std::optional<WallTime> parse_since(const std::string& text, WallTime now) {
    if (text.empty()) return std::nullopt;
    try {
        if (text.size() == 10 && text[4] == '-') return parse_rfc3339(text + "T00:00:00Z");
        if (text.find('T') != std::string::npos) return parse_rfc3339(text);
        return now - parse_duration(text);
    } catch (const Failure&) {
        throw Failure({.kind = FailureKind::invalid_input,
                       .operation = "read --since",
                       .object = text,
                       .native_code = {},
                       .message = "it is neither a date nor an age",
                       .remedy = "write 2026-11-23, 2026-11-23T21:45:00Z, or how long ago: 90d, 12h"});
    }
}

json::object summary_of(const DrillRecord& drill) {
    json::object summary{{"drill", drill.id.text()},
                         {"environment", drill.environment.text()},
                         {"playbook", drill.playbook.text()},
                         {"kind", std::string(to_string(drill.kind))},
                         {"state", std::string(to_string(drill.state))},
                         {"verdict", nullptr},
                         {"release", drill.release},
                         {"actor", drill.actor.name},
                         {"started_at", to_rfc3339(drill.started_at)},
                         {"ended_at", nullptr},
                         {"recovery_time", nullptr},
                         {"recovery_point", nullptr}};
    if (drill.verdict) summary["verdict"] = std::string(to_string(*drill.verdict));
    if (drill.ended_at) summary["ended_at"] = to_rfc3339(*drill.ended_at);
    for (const char* key : {"recovery_time", "recovery_point"}) {
        if (const json::value* value = drill.result.if_contains(key)) summary[key] = *value;
    }
    return summary;
}

}  // namespace rehearse
