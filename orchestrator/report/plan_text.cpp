// A plan on a terminal: every item that would be destroyed, the way back, what the guard says, what it costs.
#include <algorithm>
#include <map>

#include "orchestrator/report/columns.h"
#include "orchestrator/report/drill_view.h"
#include "orchestrator/report/reading.h"
#include "orchestrator/report/terminal.h"
#include "orchestrator/report/words.h"

namespace rehearse {

namespace {

using terminal::Columns;
using terminal::Style;
using terminal::styled;

const json::object nothing;
const json::array no_elements;

const json::object& object_in(const json::object& from, std::string_view key) {
    const json::object* object = reading::object(from, key);
    return object ? *object : nothing;
}

const json::array& array_in(const json::object& from, std::string_view key) {
    const json::array* array = reading::array(from, key);
    return array ? *array : no_elements;
}

std::vector<std::string> texts_in(const json::object& from, std::string_view key) {
    std::vector<std::string> texts;
    for (const json::value& value : array_in(from, key)) texts.push_back(reading::text_of(value));
    return texts;
}

std::string joined(const std::vector<std::string>& texts) {
    std::string out;
    for (const std::string& text : texts) out += (out.empty() ? "" : ", ") + text;
    return out;
}

std::string title(const std::string& text, bool colour) {
    return "\n" + styled(text, Style::strong, colour) + "\n";
}

struct PlanItem {
    std::string name, detail;
    std::optional<std::int64_t> bytes;
};

std::map<std::string, std::vector<PlanItem>> items_by_resource(const json::object& view) {
    std::map<std::string, std::vector<PlanItem>> items;
    for (const json::value& value : array_in(view, "items")) {
        if (!value.is_object()) continue;
        const json::object& object = value.get_object();
        items[reading::text(object, "resource")].push_back({reading::text(object, "name"),
                                                            reading::text(object, "detail"),
                                                            reading::integer(object, "bytes")});
    }
    return items;
}

std::string adapter_of(const json::object& plan, const json::object& step) {
    if (std::string adapter = reading::text(step, "adapter"); !adapter.empty()) return adapter;
    for (const json::value& value : array_in(plan, "resources")) {
        if (value.is_object() &&
            reading::text(value.get_object(), "resource") == reading::text(step, "resource")) {
            return reading::text(value.get_object(), "adapter");
        }
    }
    return {};
}

std::string head(const json::object& view, const json::object& plan, bool colour) {
    const json::object& targets = object_in(plan, "targets");
    const auto target = [&targets](std::string_view key) {
        const auto milliseconds = reading::integer(targets, key);
        return milliseconds ? words::target(*milliseconds) : std::string("none");
    };
    const std::string named = reading::text(plan, "title");
    std::string out = styled("Plan " + reading::text(plan, "playbook"), Style::strong, colour);
    if (!named.empty()) out += ": " + words::printable(named);
    Columns columns;
    const std::string release = reading::text(plan, "release");
    columns.row({{"environment", Style::quiet},
                 {reading::text(plan, "environment") + " (" + reading::text(plan, "class") + ")"}});
    columns.row({{"kind", Style::quiet}, {words::spaced(reading::text(plan, "kind"))}});
    columns.row({{"targets", Style::quiet}, {"RTO " + target("rto_ms") + ", RPO " + target("rpo_ms")}});
    if (!release.empty()) columns.row({{"release", Style::quiet}, {release}});
    columns.row({{"plan hash", Style::quiet}, {reading::text(view, "hash")}});
    return out + "\n" + columns.text(2, colour);
}

std::string destroys(const json::object& view, const json::object& plan, bool colour, std::size_t most) {
    auto items = items_by_resource(view);
    const std::vector<std::string> unreadable = texts_in(view, "unreadable");
    std::string body;
    std::size_t total = 0;
    std::size_t number = 0;
    for (const json::value& value : array_in(plan, "destroy")) {
        if (!value.is_object()) continue;
        const json::object& step = value.get_object();
        const std::string resource = reading::text(step, "resource");
        // The plan names the items of this step; what else is known of each comes from the view.
        std::vector<std::string> names = texts_in(step, "items");
        std::map<std::string, const PlanItem*> known;
        for (const PlanItem& item : items[resource]) known[item.name] = &item;
        if (names.empty()) {
            for (const PlanItem& item : items[resource]) names.push_back(item.name);
        }
        total += names.size();
        const bool whole = reading::flag(step, "whole").value_or(false);
        const std::string adapter = adapter_of(plan, step);
        std::string what = words::plural(static_cast<std::int64_t>(names.size()), "item", "items");
        if (std::find(unreadable.begin(), unreadable.end(), resource) != unreadable.end()) {
            what = styled("items unknown: it can't be read", Style::bad, colour);
        } else if (const auto all = reading::integer(step, "items_in_resource"); all && !whole) {
            what += " of " + words::count(*all);
        }
        body += "  " + std::to_string(++number) + ". " + styled(resource, Style::strong, colour) +
                (adapter.empty() ? "" : " (" + words::printable(adapter) + ")") + ": " +
                (whole ? styled("the whole resource", Style::bad, colour) + ", " : "") + what + "\n";
        Columns columns;
        const std::size_t shown = most == 0 ? names.size() : std::min(most, names.size());
        for (std::size_t i = 0; i < shown; ++i) {
            const auto found = known.find(names[i]);
            const PlanItem* item = found == known.end() ? nullptr : found->second;
            columns.row({{names[i]},
                         {item && item->bytes && *item->bytes > 0 ? words::bytes(*item->bytes) : "",
                          Style::quiet, true},
                         {item ? item->detail : "", Style::quiet}});
        }
        body += columns.text(5, colour);
        if (shown < names.size()) {
            body += "     … and " + words::count(static_cast<std::int64_t>(names.size() - shown)) +
                    " more (all with --items)\n";
        }
        for (const std::string& pattern : texts_in(step, "unmatched")) {
            body += "     " + styled("selects nothing: " + pattern, Style::bad, colour) + "\n";
        }
    }
    if (number == 0) return title("Destroys nothing", colour);
    return title("Would destroy " + std::string(unreadable.empty() ? "" : "at least ") +
                     words::plural(static_cast<std::int64_t>(total), "item", "items") + " in " +
                     words::plural(static_cast<std::int64_t>(number), "step", "steps") + ", dependents first",
                 colour) +
           body;
}

/// Resources that can be restored side by side, wave by wave: as given, or from what each needs.
std::vector<std::vector<std::string>> waves_of(const json::object& plan) {
    std::vector<std::vector<std::string>> waves;
    for (const json::value& wave : array_in(object_in(plan, "restore"), "order")) {
        std::vector<std::string> names;
        if (const json::array* array = wave.if_array()) {
            for (const json::value& name : *array) names.push_back(reading::text_of(name));
        } else {
            names.push_back(reading::text_of(wave));
        }
        waves.push_back(std::move(names));
    }
    if (!waves.empty()) return waves;
    std::map<std::string, std::size_t> wave_of;  // the plan lists each after what it needs
    for (const json::value& value : array_in(plan, "resources")) {
        if (!value.is_object()) continue;
        std::size_t wave = 0;
        for (const std::string& need : texts_in(value.get_object(), "needs")) {
            if (const auto found = wave_of.find(need); found != wave_of.end()) {
                wave = std::max(wave, found->second + 1);
            }
        }
        const std::string name = reading::text(value.get_object(), "resource");
        wave_of[name] = wave;
        waves.resize(std::max(waves.size(), wave + 1));
        waves[wave].push_back(name);
    }
    return waves;
}

std::string way_back(const json::object& plan, bool colour) {
    const std::vector<std::vector<std::string>> waves = waves_of(plan);
    if (waves.empty()) return {};
    const auto parallel = reading::integer(object_in(plan, "restore"), "parallel");
    std::string out =
        title("Restores what was touched, dependencies first" +
                  (parallel ? ", at most " + words::count(*parallel) + " at a time" : std::string()),
              colour);
    std::size_t number = 0;
    for (const std::vector<std::string>& wave : waves) {
        out += "  " + std::to_string(++number) + ". " + words::printable(joined(wave)) + "\n";
    }
    return out;
}

bool checks_verifier(const json::object& plan) {
    return reading::flag(object_in(plan, "verify"), "check_verifier").value_or(false);
}

std::string verifier_check(const json::object& plan, bool colour) {
    if (!checks_verifier(plan)) return {};
    return title("Checks the verifier after a pass", colour) +
           "  one of the items above is destroyed once more in each of these resources, and put back\n";
}

std::string unguarded(const json::object& plan, bool colour) {
    Columns columns;
    const auto add = [&columns](const json::object& stages) {
        for (const HookView& hook : view_hooks(stages)) {
            columns.row({{words::spaced(hook.stage)}, {hook.command}});
        }
    };
    for (const std::string_view stage : {"change", "rollback"}) add({{stage, array_in(plan, stage)}});
    add(object_in(plan, "hooks"));
    if (columns.empty()) return {};
    return title("Unguarded commands: the guard does not see what they touch", colour) +
           columns.text(2, colour);
}

std::string costs(const json::object& view, bool colour) {
    const json::object& forecast = object_in(view, "forecast");
    Columns columns;
    const auto downtime = reading::integer(forecast, "expected_downtime_ms");
    const auto drills = reading::integer(forecast, "based_on").value_or(0);
    columns.row({{"expected downtime", Style::quiet},
                 {downtime ? words::time(*downtime) + ", from " + words::plural(drills, "drill", "drills")
                           : "unknown: no drill of this playbook has been measured yet"}});
    const auto needed = reading::integer(forecast, "disk_needed_bytes");
    const auto available = reading::integer(forecast, "disk_free_bytes");
    if (needed) {
        columns.row({{"disk needed", Style::quiet},
                     {words::bytes(*needed) + (available ? ", " + words::bytes(*available) + " free" : "")}});
    }
    for (const json::value& value : array_in(view, "sessions")) {
        if (!value.is_object()) continue;
        const std::vector<std::string> sessions = texts_in(value.get_object(), "sessions");
        if (sessions.empty()) continue;
        columns.row(
            {{"sessions cut", Style::quiet},
             {reading::text(value.get_object(), "resource") + ": " + joined(sessions), Style::warning}});
    }
    return "\n" + columns.text(2, colour);
}

std::string guard(const json::object& view, bool colour, bool& refuses) {
    const json::array& interlocks = array_in(view, "interlocks");
    if (interlocks.empty()) return {};
    Columns passed;
    for (const json::value& value : interlocks) {
        if (!value.is_object()) continue;
        const InterlockView interlock = view_interlock(value.get_object());
        if (interlock.passed) {
            passed.row(
                {{"ok", Style::good}, {words::spaced(interlock.interlock)}, {interlock.saw, Style::quiet}});
        }
    }
    const std::string refusals = refusal_text(interlocks, colour);
    refuses = !refusals.empty();
    return title("Guard", colour) + passed.text(2, colour) + (refuses ? "\n" + refusals : "");
}

}  // namespace

std::string plan_text(const json::object& plan_view, bool colour, std::size_t items) {
    const json::object& plan = object_in(plan_view, "plan");
    std::string out = head(plan_view, plan, colour);
    out += destroys(plan_view, plan, colour, items);
    out += way_back(plan, colour);
    out += verifier_check(plan, colour);
    out += unguarded(plan, colour);
    out += costs(plan_view, colour);
    bool refuses = false;
    out += guard(plan_view, colour, refuses);
    for (const std::string& warning : texts_in(plan_view, "warnings")) {
        out += styled("warning", Style::warning, colour) + ": " + words::printable(warning) + "\n";
    }
    out += "\n";
    if (refuses) {
        out += styled("The guard refuses this plan", Style::bad, colour) + ": nothing was touched.\n";
    } else {
        out += "Nothing was touched. To run exactly this plan:\n  rehearse run " +
               words::printable(reading::text(plan, "playbook")) + " --plan-hash " +
               words::printable(reading::text(plan_view, "hash")) +
               (checks_verifier(plan) ? " --check-verifier\n" : "\n");
    }
    return out;
}

}  // namespace rehearse
