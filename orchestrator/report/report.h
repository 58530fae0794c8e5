// Recovery-time reports: pure functions from drills' records to one document each (HTML, JSON, JUnit).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "orchestrator/base/clock.h"
#include "orchestrator/base/json.h"
#include "orchestrator/model/drill.h"
#include "orchestrator/ports/ledger.h"

namespace rehearse {

struct ResourceSummary {
    std::string name;
    std::string adapter;
};

/// What a report says of an environment beside its drills.
struct EnvironmentSummary {
    std::string name;
    std::string class_;  // development, staging, production
    std::string service;
    std::string owner;
    std::vector<ResourceSummary> resources;
    std::vector<std::string> probes;
    std::vector<std::string> playbooks;  // those that name it: ties due times without a drill to it
};

struct ReportFilters {
    std::optional<WallTime> since;
    std::string environment;  // empty: all
    std::string playbook;     // empty: all
};

struct ReportInput {
    std::vector<DrillRecord> drills;  // newest first, filtered
    std::vector<Quarantine> quarantines;
    std::vector<DueTime> due_times;
    std::vector<EnvironmentSummary> environments;
    WallTime made_at;
    std::string workspace;
    std::string version;
    std::string checkpoint{};  // the audit log's newest signed note; empty: it was never signed
    ReportFilters filters;
    /// Drills shown in full in HTML, newest first in each environment; every drill stands in the tables and
    /// in the figures.
    std::size_t detailed_drills = 25;
};

/// One file that opens offline: style, script and data inside, readable with JavaScript off.
[[nodiscard]] std::string html_report(const ReportInput& input);
/// Schema rehearse.report/v1. Times in milliseconds; what was not measured is null, never 0.
[[nodiscard]] json::object json_report(const ReportInput& input);
/// A test suite for each environment, a test case for each drill.
[[nodiscard]] std::string junit_report(const ReportInput& input);

/// One drill as a page of its own.
[[nodiscard]] std::string drill_html(const DrillRecord& drill, WallTime made_at, const std::string& version);

}  // namespace rehearse
