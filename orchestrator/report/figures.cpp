// Adds drills up; see figures.h. Nothing is left out: a failure is an infinity, a refusal and a missed due
// time are counted.
#include "orchestrator/report/figures.h"

#include <algorithm>
#include <set>

#include "orchestrator/report/words.h"

namespace rehearse {

namespace {

EnvironmentFigures& environment_of(ReportFigures& figures, const std::string& name) {
    for (EnvironmentFigures& environment : figures.environments) {
        if (environment.summary.name == name) return environment;
    }
    EnvironmentFigures environment;
    environment.summary.name = name;
    return figures.environments.emplace_back(std::move(environment));
}

PlaybookFigures& playbook_of(EnvironmentFigures& environment, const DrillView& view) {
    for (PlaybookFigures& playbook : environment.playbooks) {
        if (playbook.playbook == view.playbook && playbook.kind == view.kind) return playbook;
    }
    return environment.playbooks.emplace_back(
        PlaybookFigures{.playbook = view.playbook, .kind = view.kind, .title = view.title});
}

void add_up_playbook(PlaybookFigures& figures, const std::vector<const DrillView*>& drills) {
    std::set<std::optional<std::int64_t>> targets, point_targets;
    std::vector<std::int64_t> midpoints, uppers;
    std::size_t failures = 0;
    for (const DrillView* drill : drills) {
        if (drill->playbook != figures.playbook || drill->kind != figures.kind) continue;
        ++figures.drills;
        if (figures.title.empty()) figures.title = drill->title;
        const Measured& time = drill->judged_time();
        if (drill->is_trial()) {
            if (!figures.latest) figures.latest = drill;
            ++figures.trials;
            if (drill->is_hit()) ++figures.hits;
            targets.insert(time.target_ms);
            const bool came_back =
                (drill->verdict == Verdict::recovered || drill->verdict == Verdict::recovered_late) &&
                drill->residue_total == 0;
            if (came_back && time.upper_ms()) {
                uppers.push_back(*time.upper_ms());
                midpoints.push_back(*time.actual_ms);
            } else {
                ++failures;
            }
        }
        if (drill->is_trial() && time.actual_ms) {
            ++figures.measured;
            figures.slowest_ms = std::max(figures.slowest_ms.value_or(0), *time.upper_ms());
        }
        if (drill->is_trial() && drill->recovery_point.actual_ms) {
            ++figures.points_measured;
            if (drill->recovery_point.met) ++figures.points_met;
            figures.worst_point_ms =
                std::max(figures.worst_point_ms.value_or(0), *drill->recovery_point.actual_ms);
            point_targets.insert(drill->recovery_point.target_ms);
        }
    }
    if (targets.size() == 1) figures.target_ms = *targets.begin();
    if (point_targets.size() == 1) figures.point_target_ms = *point_targets.begin();
    figures.median_ms = attainment::median(midpoints, failures);
    figures.lower_bound = attainment::lower_bound(figures.hits, figures.trials);
    for (const double q : {0.5, 0.8, 0.95}) {
        figures.time_bounds.push_back(attainment::time_bound(uppers, failures, q));
    }
}

void add_up_coverage(EnvironmentFigures& environment) {
    for (const ResourceSummary& resource : environment.summary.resources) {
        environment.coverage.push_back({resource, nullptr});
    }
    for (const DrillView* drill : environment.drills) {
        for (const ResourceView& resource : drill->resources) {
            auto found = std::find_if(
                environment.coverage.begin(), environment.coverage.end(),
                [&resource](const Coverage& known) { return known.resource.name == resource.resource; });
            if (found == environment.coverage.end()) {
                // Named by a drill but no longer part of the environment; without a description, by drills
                // only.
                if (!environment.summary.resources.empty()) continue;
                environment.coverage.push_back({{resource.resource, resource.adapter}, nullptr});
                found = environment.coverage.end() - 1;
            }
            const bool broken =
                resource.items_destroyed.value_or(0) > 0 || resource.items_restored.value_or(0) > 0;
            if (!found->last_proved && broken && resource.equal == true) found->last_proved = drill;
        }
    }
}

void add_due(EnvironmentFigures& environment, const DueTime& due) {
    switch (due.fate) {
        case DueFate::ran:
            ++environment.due.ran;
            return;
        case DueFate::refused:
            ++environment.due.refused;
            break;
        case DueFate::skipped:
            ++environment.due.skipped;
            break;
        case DueFate::missed:
            ++environment.due.missed;
            break;
    }
    environment.due_not_run.push_back(&due);
}

/// A due time names its playbook only: the environment is the one whose playbook, or whose drill, it is.
std::string environment_of_due(const ReportInput& input, const DueTime& due) {
    for (const EnvironmentSummary& summary : input.environments) {
        if (std::find(summary.playbooks.begin(), summary.playbooks.end(), due.playbook.text()) !=
            summary.playbooks.end()) {
            return summary.name;
        }
    }
    for (const DrillRecord& drill : input.drills) {
        if (drill.playbook == due.playbook) return drill.environment.text();
    }
    return {};
}

}  // namespace

std::size_t EnvironmentFigures::count(Verdict verdict) const {
    const auto found = verdicts.find(verdict);
    return found == verdicts.end() ? 0 : found->second;
}

ReportFigures add_up(const ReportInput& input) {
    ReportFigures figures;
    figures.views.reserve(input.drills.size());
    for (const DrillRecord& record : input.drills) figures.views.push_back(view_drill(record));
    std::stable_sort(figures.views.begin(), figures.views.end(),
                     [](const DrillView& a, const DrillView& b) { return a.started_at > b.started_at; });

    for (const EnvironmentSummary& summary : input.environments) {
        environment_of(figures, summary.name).summary = summary;
    }
    for (const DrillView& view : figures.views) {
        EnvironmentFigures& environment = environment_of(figures, view.environment);
        environment.drills.push_back(&view);
        view.verdict ? ++environment.verdicts[*view.verdict] : ++environment.unfinished;
        static_cast<void>(playbook_of(environment, view));
    }
    for (const Quarantine& quarantine : input.quarantines) {
        environment_of(figures, quarantine.environment.text()).quarantine = &quarantine;
    }
    for (const DueTime& due : input.due_times) {
        // A due time that can't be tied to an environment is shown all the same.
        const std::string name = environment_of_due(input, due);
        add_due(environment_of(figures, name.empty() ? "(no environment known)" : name), due);
    }
    for (EnvironmentFigures& environment : figures.environments) {
        for (PlaybookFigures& playbook : environment.playbooks) add_up_playbook(playbook, environment.drills);
        add_up_coverage(environment);
        std::stable_sort(environment.due_not_run.begin(), environment.due_not_run.end(),
                         [](const DueTime* a, const DueTime* b) { return a->due > b->due; });
    }
    return figures;
}

std::string attainment_sentence(const PlaybookFigures& figures) {
    if (figures.trials == 0) return "No drill has put this to the test in the period: nothing is claimed.";
    const bool rollback = figures.kind == "rollback";
    std::string text = words::count(static_cast<std::int64_t>(figures.hits)) + " of " +
                       words::count(static_cast<std::int64_t>(figures.trials)) + " ";
    text += figures.target_ms ? "within " + words::target(*figures.target_ms) : "within their targets";
    const std::string what = rollback ? "such rollbacks" : "such recoveries";
    if (figures.hits == 0) {
        text += ": nothing can be claimed for " + what;
    } else {
        text +=
            ": 95 % confident that at least " + words::share(*figures.lower_bound) + " of " + what + " do";
    }
    const attainment::TimeBound& tail = figures.time_bounds.back();
    if (tail.within_ms) {
        text += "; 95 % confident that 95 % of them take at most " + words::time(*tail.within_ms);
    } else if (tail.failed) {
        text += "; no bound for the 95th percentile: a failed drill stands there";
    } else {
        text += "; no claim about the 95th percentile (needs " + std::to_string(tail.needs) +
                (tail.failures == 0 ? ")" : " with as many failures)");
    }
    return text + ".";
}

std::string time_bound_sentence(const attainment::TimeBound& bound) {
    if (bound.within_ms) return "within " + words::time(*bound.within_ms);
    if (bound.failed) return "no bound: a failed drill stands there";
    return "no bound yet, needs " + std::to_string(bound.needs) +
           (bound.failures == 0 ? "" : " with as many failures");
}

const std::vector<std::string>& assumptions() {
    static const std::vector<std::string> sentences{
        "Drills of one playbook in one environment are taken as independent of each other and alike; the "
        "bounds "
        "hold only as far as that does.",
        "A trial is a drill that put recovery to the test: recovered, recovered late, recovered different, "
        "not "
        "recovered or inconclusive. It counts as within its target only if it ended recovered, its state was "
        "proved equal, nothing was left over, and the upper end of the measured interval meets the target "
        "that "
        "its plan froze.",
        "An inconclusive drill counts against the target, as nothing shows that it was met. Refused and "
        "aborted "
        "drills and missed due times are no trials; they are counted and listed.",
        "In medians and time bounds, a recovery that failed, came back different or has no measured time "
        "counts as "
        "infinitely "
        "long.",
        "A drill shows what happened to this environment at that time. Lying disks, providers that can't be "
        "read "
        "back, and damage of other kinds than the playbook's are not covered.",
    };
    return sentences;
}

}  // namespace rehearse
