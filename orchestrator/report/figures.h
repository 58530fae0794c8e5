// The figures of a report: what each environment's drills add up to. Every format prints these, so they
// agree.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "orchestrator/report/attainment.h"
#include "orchestrator/report/drill_view.h"
#include "orchestrator/report/report.h"

namespace rehearse {

/// The order in which verdicts are shown; "unfinished" comes last.
inline constexpr Verdict verdict_order[] = {
    Verdict::recovered,     Verdict::recovered_late, Verdict::recovered_different,
    Verdict::not_recovered, Verdict::inconclusive,   Verdict::aborted,
    Verdict::refused};

struct DueCounts {
    std::size_t ran = 0, refused = 0, skipped = 0, missed = 0;
};

/// Drills alike: one playbook of one kind, in one environment.
struct PlaybookFigures {
    std::string playbook{}, kind{}, title{};
    std::size_t drills = 0, trials = 0, hits = 0;
    std::optional<std::int64_t> target_ms{};  // none: they had several, or none
    std::optional<double> lower_bound{};      // of the share that meets the target
    std::vector<attainment::TimeBound> time_bounds{};
    const DrillView* latest = nullptr;         // the newest trial
    std::optional<std::int64_t> median_ms{};   // of the trials, failures as infinite
    std::optional<std::int64_t> slowest_ms{};  // of the measured times, the upper end
    std::size_t measured = 0;
    std::size_t points_measured = 0, points_met = 0;
    std::optional<std::int64_t> worst_point_ms{}, point_target_ms{};
};

struct Coverage {
    ResourceSummary resource;
    const DrillView* last_proved = nullptr;  // the newest drill that broke it and proved it equal
};

struct EnvironmentFigures {
    EnvironmentSummary summary;
    std::vector<const DrillView*> drills;  // newest first
    std::map<Verdict, std::size_t> verdicts;
    std::size_t unfinished = 0;
    std::vector<PlaybookFigures> playbooks;
    std::vector<Coverage> coverage;
    DueCounts due;
    std::vector<const DueTime*> due_not_run;  // newest first
    const Quarantine* quarantine = nullptr;
    [[nodiscard]] std::size_t count(Verdict verdict) const;
};

/// Refers to the input it was made from, and to its own `views`: keep both, and don't copy it.
struct ReportFigures {
    std::vector<DrillView> views;
    std::vector<EnvironmentFigures> environments;
    ReportFigures() = default;
    ReportFigures(ReportFigures&&) = default;
    ReportFigures(const ReportFigures&) = delete;
};

[[nodiscard]] ReportFigures add_up(const ReportInput& input);

/// "12 of 12 within 15 min: 95 % confident that at least 77.9 % of such recoveries do; no claim about the
/// 95th percentile (needs 59)."
[[nodiscard]] std::string attainment_sentence(const PlaybookFigures& figures);
/// "80th percentile: within 4.210 s", or why there is no bound.
[[nodiscard]] std::string time_bound_sentence(const attainment::TimeBound& bound);
/// What is taken for granted, in sentences that stand on every report.
[[nodiscard]] const std::vector<std::string>& assumptions();

}  // namespace rehearse
