// Reads a drill's record and result into a DrillView; see drill_view.h.
#include "orchestrator/report/drill_view.h"

#include <algorithm>
#include <array>
#include <limits>
#include <set>

#include "orchestrator/base/failure.h"
#include "orchestrator/report/reading.h"
#include "orchestrator/report/words.h"

namespace rehearse {

namespace {

constexpr std::array<std::string_view, 7> clock_names{
    "damage_began", "destruction_proven", "detected", "restore_began", "restored", "serving", "verified"};

constexpr std::size_t first_items = 8;  // of each step of the plan

void fill(std::string& into, std::string value) {
    if (!value.empty()) into = std::move(value);
}

Measured measured_from(const json::object& result, std::string_view key) {
    Measured measured;
    const json::object* from = reading::object(result, key);
    if (!from) return measured;
    measured.actual_ms = reading::integer(*from, "actual_ms");
    measured.uncertainty_ms =
        std::max<std::int64_t>(0, reading::integer(*from, "uncertainty_ms").value_or(0));
    measured.target_ms = reading::integer(*from, "target_ms");
    measured.met = reading::flag(*from, "met").value_or(false) && measured.upper_ms() && measured.target_ms &&
                   *measured.upper_ms() <= *measured.target_ms;
    return measured;
}

std::vector<std::string> texts(const json::object& from, std::string_view key) {
    std::vector<std::string> values;
    if (const json::array* array = reading::array(from, key)) {
        for (const json::value& value : *array) values.push_back(reading::text_of(value));
    }
    return values;
}

/// Objects of an array; scalars in it become {"text": ...}.
std::vector<json::object> objects(const json::object& from, std::string_view key) {
    std::vector<json::object> values;
    if (const json::array* array = reading::array(from, key)) {
        for (const json::value& value : *array) {
            if (const json::object* object = value.if_object()) {
                values.push_back(*object);
            } else {
                values.push_back({{"text", reading::text_of(value)}});
            }
        }
    }
    return values;
}

std::string first_of(const json::object& from, std::initializer_list<std::string_view> keys) {
    for (const std::string_view key : keys) {
        if (std::string value = reading::text(from, key); !value.empty()) return value;
    }
    return {};
}

std::vector<DifferenceView> differences_from(const json::object& from, std::string_view key) {
    std::vector<DifferenceView> differences;
    for (const json::object& object : objects(from, key)) {
        std::string detail = first_of(object, {"detail", "reason"});
        if (detail.empty()) {
            const std::string before = reading::text(object, "before");
            const std::string after = reading::text(object, "after");
            if (!before.empty() && !after.empty() && before != after) {
                detail = "blob " + before.substr(0, 12) + " -> " + after.substr(0, 12);
            }
        }
        differences.push_back({.resource = reading::text(object, "resource"),
                               .kind = first_of(object, {"kind", "change"}),
                               .item = first_of(object, {"path", "item", "name", "text"}),
                               .detail = std::move(detail),
                               .accepted = reading::flag(object, "accepted").value_or(false)});
    }
    return differences;
}

std::vector<Span> spans_from(const json::object& result, std::string_view key, std::string_view name) {
    std::vector<Span> spans;
    for (const json::object& object : objects(result, key)) {
        Span span{.name = first_of(object, {name, "text"}),
                  .stage = reading::text(object, "stage"),
                  .resource = reading::text(object, "resource"),
                  .outcome = reading::text(object, "outcome"),
                  .detail = first_of(object, {"detail", "message", "reason"}),
                  .began_ms = reading::integer(object, "began_ms"),
                  .ended_ms = reading::integer(object, "ended_ms")};
        spans.push_back(std::move(span));
    }
    return spans;
}

void read_times(DrillView& view, const json::object& result) {
    const json::object* clocks = reading::object(result, "clocks");
    for (const std::string_view name : clock_names) {
        view.clocks.push_back({std::string(name),
                               clocks ? reading::integer(*clocks, std::string(name) + "_ms") : std::nullopt});
    }
    view.steps = spans_from(result, "steps", "step");
    view.phases = spans_from(result, "phases", "phase");
    view.critical_path = texts(result, "critical_path");
    const std::set<std::string> critical(view.critical_path.begin(), view.critical_path.end());
    for (Span& step : view.steps) step.critical = critical.contains(step.name);

    std::optional<std::int64_t> origin = view.clocks.front().at_ms;
    view.times_from_damage = origin.has_value();
    if (!origin) {
        for (const std::vector<Span>* spans : {&view.steps, &view.phases}) {
            for (const Span& span : *spans) {
                if (span.began_ms) origin = std::min(origin.value_or(*span.began_ms), *span.began_ms);
            }
        }
    }
    const auto shift = [origin](std::optional<std::int64_t>& instant) {
        if (instant && origin) *instant -= *origin;
    };
    for (ClockReading& clock : view.clocks) shift(clock.at_ms);
    for (std::vector<Span>* spans : {&view.steps, &view.phases}) {
        for (Span& span : *spans) {
            shift(span.began_ms);
            shift(span.ended_ms);
        }
    }
}

void read_fidelity(DrillView& view, const json::object& result) {
    if (const json::object* fidelity = reading::object(result, "fidelity")) {
        view.equal = reading::flag(*fidelity, "equal");
        view.tree_before = reading::text(*fidelity, "before");
        view.tree_after = reading::text(*fidelity, "after");
        view.differences = differences_from(*fidelity, "differences");
        view.differences_total = std::max(reading::integer(*fidelity, "differences_total").value_or(0),
                                          static_cast<std::int64_t>(view.differences.size()));
        for (const json::object& object : objects(*fidelity, "normalised")) {
            NormalisedView rule{.resource = reading::text(object, "resource"),
                                .what = first_of(object, {"what", "rule", "name", "text"}),
                                .count = reading::integer(object, "count")};
            for (const ResourceView& resource : view.resources) {  // "orders: object identifiers"
                const std::string prefix = resource.resource + ": ";
                if (!rule.resource.empty() || !rule.what.starts_with(prefix)) continue;
                rule.resource = resource.resource;
                rule.what.erase(0, prefix.size());
            }
            view.normalised.push_back(std::move(rule));
        }
        view.verifier = reading::text(*fidelity, "verifier");
        for (const json::object& object : objects(*fidelity, "perturbed")) {
            view.perturbed.push_back({.resource = reading::text(object, "resource"),
                                      .item = reading::text(object, "item"),
                                      .seen = reading::flag(object, "seen").value_or(false)});
        }
        view.all_accepted = view.equal == false && !view.differences.empty() &&
                            view.differences_total == static_cast<std::int64_t>(view.differences.size()) &&
                            std::all_of(view.differences.begin(), view.differences.end(),
                                        [](const DifferenceView& difference) { return difference.accepted; });
    }
    view.residue_known = reading::array(result, "residue") != nullptr;
    view.residue = differences_from(result, "residue");
    view.residue_total = std::max(reading::integer(result, "residue_total").value_or(0),
                                  static_cast<std::int64_t>(view.residue.size()));
}

void read_lists(DrillView& view, const json::object& result) {
    for (const json::object& object : objects(result, "resources")) {
        view.resources.push_back({.resource = first_of(object, {"resource", "text"}),
                                  .adapter = reading::text(object, "adapter"),
                                  .note = first_of(object, {"reason", "detail"}),
                                  .items_destroyed = reading::integer(object, "items_destroyed"),
                                  .items_restored = reading::integer(object, "items_restored"),
                                  .bytes_restored = reading::integer(object, "bytes_restored"),
                                  .restore_ms = reading::integer(object, "restore_ms"),
                                  .equal = reading::flag(object, "equal")});
    }
    for (const json::object& object : objects(result, "interlocks")) {
        view.interlocks.push_back(view_interlock(object));
    }
    for (const json::object& object : objects(result, "findings")) {
        view.findings.push_back({.text = first_of(object, {"text", "finding", "message"}),
                                 .severity = reading::text(object, "severity")});
    }
    for (const json::object& object : objects(result, "reasons")) {
        view.reasons.push_back(first_of(object, {"text", "reason", "message"}));
    }
}

void read_provenance(DrillView& view, const json::object& result) {
    if (const json::object* actor = reading::object(result, "actor")) {
        fill(view.actor, reading::text(*actor, "name"));
        fill(view.actor_kind, reading::text(*actor, "kind"));
    }
    fill(view.host, reading::text(result, "host"));
    fill(view.plan_hash, reading::text(result, "plan_hash"));
    if (const json::object* snapshot = reading::object(result, "snapshot")) {
        view.snapshot_commit = reading::text(*snapshot, "commit");
        view.snapshot_tree = reading::text(*snapshot, "tree");
        view.snapshot_after = reading::text(*snapshot, "after");
    }
    if (const json::object* release = reading::object(result, "release")) {
        fill(view.release, reading::text(*release, "id"));
        view.release_digest = reading::text(*release, "digest");
    }
    if (const json::object* versions = reading::object(result, "versions")) {
        for (const json::key_value_pair& version : *versions) {
            view.versions.emplace_back(version.key(), reading::text_of(version.value()));
        }
    }
}

void read_result(DrillView& view, const json::object& result) {
    fill(view.id, reading::text(result, "drill"));
    fill(view.environment, reading::text(result, "environment"));
    fill(view.playbook, reading::text(result, "playbook"));
    fill(view.kind, reading::text(result, "kind"));
    fill(view.title, reading::text(result, "title"));
    view.recovery_time = measured_from(result, "recovery_time");
    view.recovery_point = measured_from(result, "recovery_point");
    view.rollback_time = measured_from(result, "rollback_time");
    const json::object* recovery = reading::object(result, "recovery_time");
    if (recovery && reading::text(*recovery, "measured_from") == "rollback_began" &&
        !view.rollback_time.actual_ms && !view.rollback_time.target_ms) {
        view.rollback_time = view.recovery_time;
        view.recovery_is_rollback = true;
    }
    view.clock = reading::text(result, "clock");
    if (const json::object* clocks = reading::object(result, "clocks"); clocks && view.clock.empty()) {
        view.clock = reading::text(*clocks, "clock");
    }
    read_provenance(view, result);
    read_times(view, result);
    read_lists(view, result);
    read_fidelity(view, result);
    if (const json::value* hooks = result.if_contains("hooks")) {
        if (const json::object* stages = hooks->if_object()) {
            view.hooks = view_hooks(*stages);
        } else {
            for (const json::object& object : objects(result, "hooks")) {
                view.hooks.push_back({.stage = reading::text(object, "stage"),
                                      .command = first_of(object, {"command", "text"})});
            }
        }
    }
}

/// What the plan says where the result does not: a refused or unfinished drill still has its scope and
/// targets.
void read_plan(DrillView& view, const json::object& plan) {
    if (view.title.empty()) view.title = reading::text(plan, "title");
    if (const json::object* targets = reading::object(plan, "targets")) {
        if (!view.recovery_time.target_ms)
            view.recovery_time.target_ms = reading::integer(*targets, "rto_ms");
        if (!view.recovery_point.target_ms)
            view.recovery_point.target_ms = reading::integer(*targets, "rpo_ms");
    }
    static const json::array none;
    const json::array* destroy = reading::array(plan, "destroy");
    for (const json::value& value : destroy ? *destroy : none) {
        const json::object* found = value.if_object();
        if (!found) continue;
        const json::object& step = *found;
        ScopeView scope{.resource = reading::text(step, "resource"),
                        .whole = reading::flag(step, "whole").value_or(false)};
        if (const json::array* items = reading::array(step, "items")) {
            scope.items = items->size();
            for (const json::value& item : *items) {
                if (scope.first_items.size() == first_items) break;
                scope.first_items.push_back(reading::text_of(item));
            }
        }
        view.scope.push_back(std::move(scope));
    }
    if (view.hooks.empty()) {
        for (const std::string_view stage : {"change", "rollback"}) {
            if (const json::array* commands = reading::array(plan, stage)) {
                const std::vector<HookView> more = view_hooks({{stage, *commands}});
                view.hooks.insert(view.hooks.end(), more.begin(), more.end());
            }
        }
        if (const json::object* hooks = reading::object(plan, "hooks")) {
            const std::vector<HookView> more = view_hooks(*hooks);
            view.hooks.insert(view.hooks.end(), more.begin(), more.end());
        }
    }
}

}  // namespace

const Measured& DrillView::judged_time() const {
    return kind == "rollback" && (rollback_time.actual_ms || rollback_time.target_ms) ? rollback_time
                                                                                      : recovery_time;
}

bool DrillView::is_trial() const {
    return verdict && *verdict != Verdict::refused && *verdict != Verdict::aborted;
}

bool DrillView::is_hit() const {
    return verdict == Verdict::recovered && judged_time().met && residue_total == 0;
}

std::string DrillView::meaning() const {
    if (!verdict) {
        return "The drill is in state " + words::spaced(state) +
               " and has not ended: nothing is claimed for it. To finish what a crash left open: rehearse "
               "resume";
    }
    if (verdict == Verdict::recovered_different && equal == true) {
        return "The environment is back and proved equal to the snapshot, but not by the rollback alone.";
    }
    if (verdict == Verdict::recovered && all_accepted) {
        return "The environment served again within its targets; its state differs from the snapshot only in "
               "what "
               "the playbook accepts.";
    }
    return std::string(words::verdict_meaning(verdict));
}

std::string DrillView::verifier_sentence() const {
    std::string told, missed;
    for (const PerturbedView& one : perturbed) {
        std::string& list = one.seen ? told : missed;
        list += (list.empty() ? "" : ", ") + one.resource + "/" + one.item;
    }
    if (verifier == "blind")
        return "blind: it did not see that " + missed + " was gone, so its pass proves nothing";
    if (verifier == "checked") return "checked: it saw that " + told + " was gone, which is back";
    return "unproven: it was not seen to fail in this drill" +
           (told.empty() ? std::string() : ", but for " + told);
}

std::string_view DrillView::state_text() const {
    if (verdict == Verdict::refused) return "not touched";
    if (!equal) return "not proved";
    if (*equal) return "proved equal";
    return all_accepted ? "different, accepted" : "different";
}

InterlockView view_interlock(const json::object& object) {
    return {.interlock = first_of(object, {"interlock", "text"}),
            .saw = reading::text(object, "saw"),
            .reason = reading::text(object, "reason"),
            .remedy = reading::text(object, "remedy"),
            .passed = reading::flag(object, "passed").value_or(false)};
}

std::vector<HookView> view_hooks(const json::object& hooks) {
    std::vector<HookView> views;
    for (const json::key_value_pair& stage : hooks) {
        const json::array* commands = stage.value().if_array();
        if (!commands) continue;
        for (const json::value& command : *commands) {
            HookView view{.stage = stage.key(), .command = {}};
            const json::object* object = command.if_object();
            const json::array* arguments = command.if_array();
            for (const std::string_view key : {"arguments", "command"}) {
                if (object && !arguments) arguments = reading::array(*object, key);
            }
            if (arguments) {
                for (const json::value& argument : *arguments) {
                    if (!view.command.empty()) view.command += ' ';
                    view.command += reading::text_of(argument);
                }
            } else {
                view.command = object ? first_of(*object, {"command", "text"}) : reading::text_of(command);
            }
            views.push_back(std::move(view));
        }
    }
    return views;
}

DrillView view_result(const json::object& result) {
    DrillView view;
    if (const std::string verdict = reading::text(result, "verdict"); !verdict.empty()) {
        try {
            view.verdict = verdict_from(verdict);
        } catch (const Failure&) {
            view.verdict = std::nullopt;  // a verdict of a later version: nothing is claimed for it
        }
        view.state = verdict;
    }
    read_result(view, result);
    if (const json::object* clocks = reading::object(result, "clocks")) {
        try {
            view.started_at = parse_rfc3339(reading::text(*clocks, "started_at"));
        } catch (const Failure&) {
            view.started_at = {};
        }
    }
    return view;
}

DrillView view_drill(const DrillRecord& record) {
    DrillView view;
    view.id = record.id.text();
    view.environment = record.environment.text();
    view.playbook = record.playbook.text();
    view.kind = to_string(record.kind);
    view.state = to_string(record.state);
    view.actor = record.actor.name;
    view.actor_kind = to_string(record.actor.kind);
    view.host = record.host;
    view.plan_hash = record.plan_hash.text();
    view.release = record.release;
    read_result(view, record.result);
    // The ledger's columns decide: a document can't turn one drill into another.
    view.id = record.id.text();
    view.environment = record.environment.text();
    view.playbook = record.playbook.text();
    view.kind = to_string(record.kind);
    view.verdict = record.verdict;
    view.state = to_string(record.state);
    view.started_at = record.started_at;
    view.ended_at = record.ended_at;
    if (view.versions.empty()) {
        for (const json::key_value_pair& version : record.versions) {
            view.versions.emplace_back(version.key(), reading::text_of(version.value()));
        }
    }
    if (!record.plan.empty()) {
        try {
            const json::value plan = parse_json(record.plan, "plan of drill " + record.id.text());
            if (plan.is_object()) read_plan(view, plan.get_object());
        } catch (const Failure&) {
            view.findings.push_back(
                {.text = "the recorded plan can't be read: scope and targets are not shown",
                 .severity = "warning"});
        }
    }
    return view;
}

}  // namespace rehearse
