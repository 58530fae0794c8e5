// Reading schedules, remembering since when they are watched.
#include "orchestrator/cli/scheduling.h"

#include "orchestrator/base/file.h"

namespace rehearse {

std::vector<ScheduledPlaybook> scheduled_playbooks(const Host& host, Workspace& workspace, bool remember) {
    const std::filesystem::path file = workspace.state() / "schedules.json";
    json::object known;
    if (std::filesystem::exists(file)) known = parse_json_object(read_file(file), file.string());
    json::object now_known;
    std::vector<ScheduledPlaybook> all;
    for (const Playbook& playbook : workspace.files().playbooks) {
        if (!playbook.schedule) continue;
        const std::string text = playbook.schedule->cron + " " + playbook.schedule->timezone;
        ScheduledPlaybook scheduled{
            .playbook = playbook.name,
            .environment = playbook.environment,
            .schedule = parse_cron(playbook.schedule->cron, playbook.schedule->timezone),
            .watched_since = host.clock.wall()};
        const json::value* before = known.if_contains(playbook.name.text());
        if (before != nullptr && before->is_object() &&
            text_or(before->get_object(), "schedule", "") == text) {
            scheduled.watched_since =
                parse_rfc3339(text_at(before->get_object(), "watched_since", file.string()));
        }
        now_known[playbook.name.text()] =
            json::object{{"schedule", text}, {"watched_since", to_rfc3339(scheduled.watched_since)}};
        all.push_back(std::move(scheduled));
    }
    if (remember && now_known != known) write_file_durably(file, pretty_json(now_known), 0600);
    return all;
}

void tell_of_drill(DueTime& due, const DrillRecord& drill) {
    due.drill = drill.id;
    due.fate = *drill.verdict == Verdict::refused ? DueFate::refused : DueFate::ran;
    due.reason = std::string(to_string(*drill.verdict));
}

std::vector<DueTime> settle_due_times(Ledger& ledger, const PlaybookName& playbook,
                                      const std::string& actor) {
    std::vector<DueTime> settled;
    std::optional<WallTime> until;  // the due time after this one that had a drill: rows come newest first
    for (DueTime& due : ledger.due_times(playbook, 0)) {
        const std::optional<WallTime> next = until;
        if (due.fate == DueFate::ran || due.fate == DueFate::refused) until = due.due;
        if (due.fate != DueFate::ran || !due.drill.text().empty() || due.reason != due_begun) continue;
        std::optional<DrillRecord> drill;
        for (DrillRecord& record :
             ledger.drills({.environment = {}, .playbook = playbook, .since = due.due, .limit = 0})) {
            if (record.actor.name == actor && (!next || record.started_at < *next)) drill = std::move(record);
        }
        if (drill && !drill->verdict) continue;
        if (drill) {
            tell_of_drill(due, *drill);
        } else {
            due.fate = DueFate::missed;
            due.reason = "'rehearse serve' ended before its drill began";
        }
        ledger.update_due(due);
        settled.push_back(due);
    }
    return settled;
}

}  // namespace rehearse
