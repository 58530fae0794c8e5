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

}  // namespace rehearse
