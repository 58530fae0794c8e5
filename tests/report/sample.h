// Drills as the engine records them, of every verdict, with names as hostile as names can be.
#pragma once

#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "orchestrator/base/digest.h"
#include "orchestrator/report/report.h"

namespace rehearse::test {

inline const std::string hostile_name =
    "</script><script>alert('x')</script>\"&<b>\x1b[31m\xff \u202egnp.conf";

inline WallTime at(const std::string& text) { return parse_rfc3339(text); }

/// The plan that the drills of `delete-and-recreate` ran.
inline json::object sample_plan(const std::string& kind = "disaster") {
    json::array items;
    for (int i = 0; i < 514; ++i) items.emplace_back("nginx/site-" + std::to_string(1000 + i) + ".conf");
    return {
        {"schema", "rehearse.plan/v1"},
        {"playbook", "delete-and-recreate"},
        {"title", "An automation deletes the whole environment"},
        {"environment", "shop-staging"},
        {"class", "staging"},
        {"kind", kind},
        {"targets", {{"rto_ms", 900000}, {"rpo_ms", 300000}}},
        {"destroy",
         {{{"step", "destroy-1-frontend"},
           {"resource", "frontend"},
           {"whole", true},
           {"items", {"frontend"}}},
          {{"step", "destroy-2-orders"}, {"resource", "orders"}, {"whole", true}, {"items", json::array{}}},
          {{"step", "destroy-3-config"}, {"resource", "config"}, {"whole", false}, {"items", items}}}},
        {"hooks",
         {{"before_destroy",
           {{{"command", {"./announce", "--channel", "ops"}}, {"timeout_ms", 60000}, {"retries", 0}}}}}},
    };
}

inline json::object sample_step(const std::string& step, const std::string& stage,
                                const std::string& resource, std::int64_t began, std::int64_t ended) {
    return {{"step", step},      {"stage", stage},    {"resource", resource},
            {"began_ms", began}, {"ended_ms", ended}, {"outcome", "done"}};
}

/// The result document of a drill that went well; times scale with `scale_ms`.
inline json::object sample_result(std::int64_t scale_ms) {
    const auto part = [scale_ms](int percent) { return scale_ms * percent / 100; };
    return {
        {"schema", "rehearse.drill/v1"},
        {"kind", "disaster"},
        {"title", "An automation deletes the whole environment"},
        {"plan_hash", "sha256:4c0b6e4fd7b1c9b98a8a4d6a7a4e7f31b0e6a4c2be8a5dbb6ad0ba0c9b1d2e3f"},
        {"snapshot",
         {{"commit", "8f14e45fceea167a5a36dedd4bea2543f1e9d0aa"},
          {"tree", "c9f0f895fb98ab9159f51fd0297e236d0a1b2c3d"}}},
        {"clock", "CLOCK_BOOTTIME"},
        {"clocks",
         {{"damage_began_ms", 0},
          {"destruction_proven_ms", part(16)},
          {"detected_ms", part(2)},
          {"restore_began_ms", part(17)},
          {"restored_ms", part(93)},
          {"serving_ms", scale_ms},
          {"verified_ms", part(128)},
          {"started_at", "2026-11-23T21:45:00Z"}}},
        {"phases",
         json::array{
             json::object{{"phase", "destruction"}, {"began_ms", 0}, {"ended_ms", part(16)}},
             json::object{{"phase", "detection"}, {"began_ms", 0}, {"ended_ms", part(2)}},
             json::object{{"phase", "restore"}, {"began_ms", part(17)}, {"ended_ms", part(93)}},
             json::object{{"phase", "serving"}, {"began_ms", part(93)}, {"ended_ms", scale_ms}},
             json::object{{"phase", "verification"}, {"began_ms", part(94)}, {"ended_ms", part(128)}}}},
        {"release", {{"id", "shop-2026.11.3"}, {"digest", "sha256:77aa"}}},
        {"actor", {{"name", "rosa"}, {"kind", "person"}}},
        {"host", "ops-1"},
        {"versions",
         {{"rehearse", "0.1.0"},
          {"postgresql", "15.18"},
          {"libgit2", "1.5.1"},
          {"kernel", "6.1.0-41-amd64"}}},
        {"recovery_time",
         {{"actual_ms", scale_ms},
          {"uncertainty_ms", 2},
          {"target_ms", 900000},
          {"met", scale_ms + 2 <= 900000}}},
        {"recovery_point", {{"actual_ms", part(40)}, {"target_ms", 300000}, {"met", true}}},
        {"fidelity",
         {{"equal", true},
          {"before", "c9f0f895fb98ab9159f51fd0297e236d0a1b2c3d"},
          {"after", "c9f0f895fb98ab9159f51fd0297e236d0a1b2c3d"},
          {"normalised",
           {{{"resource", "orders"}, {"what", "object identifiers (OIDs)"}, {"count", 412}},
            {{"resource", "orders"}, {"what", "schema at its fixpoint: dumped again from a scratch restore"}},
            "change times of directories"}},
          {"differences", json::array{}}}},
        {"resources",
         {{{"resource", "config"},
           {"adapter", "files"},
           {"items_destroyed", 514},
           {"items_restored", 514},
           {"bytes_restored", 2154311},
           {"restore_ms", part(9)},
           {"equal", true}},
          {{"resource", "orders"},
           {"adapter", "postgresql"},
           {"items_destroyed", 8},
           {"items_restored", 8},
           {"bytes_restored", 48113664},
           {"restore_ms", part(64)},
           {"equal", true}},
          {{"resource", "frontend"},
           {"adapter", "process"},
           {"items_destroyed", 1},
           {"items_restored", 1},
           {"bytes_restored", 0},
           {"restore_ms", part(6)},
           {"equal", true}}}},
        {"steps",
         {sample_step("snapshot-orders", "snapshot", "orders", -part(40), -part(12)),
          sample_step("snapshot-config", "snapshot", "config", -part(40), -part(33)),
          sample_step("prove-snapshot", "prove", "", -part(12), -part(3)),
          sample_step("destroy-1-frontend", "destroy", "frontend", 0, part(3)),
          sample_step("destroy-2-orders", "destroy", "orders", part(3), part(10)),
          sample_step("destroy-3-config", "destroy", "config", part(10), part(15)),
          sample_step("restore-config", "restore", "config", part(17), part(26)),
          sample_step("restore-orders", "restore", "orders", part(17), part(87)),
          sample_step("restore-frontend", "restore", "frontend", part(87), part(93)),
          sample_step("verify-orders", "verify", "orders", scale_ms, part(126)),
          sample_step("verify-config", "verify", "config", scale_ms, part(109))}},
        {"critical_path",
         {"destroy-1-frontend", "destroy-2-orders", "destroy-3-config", "restore-orders",
          "restore-frontend"}},
        {"interlocks",
         {{{"interlock", "environment_class"}, {"passed", true}, {"saw", "class staging"}},
          {{"interlock", "marker"}, {"passed", true}, {"saw", "signed marker of shop-staging, epoch 12"}},
          {{"interlock", "live_identity"},
           {"passed", true},
           {"saw", "3 of 3 resources are those of the snapshot"}},
          {{"interlock", "blast_radius"}, {"passed", true}, {"saw", "523 items of at most 10,000"}},
          {{"interlock", "snapshot_age"},
           {"passed", true},
           {"saw", "4 s of at most 10 min, 1,061 objects read back"}},
          {{"interlock", "free_disk"}, {"passed", true}, {"saw", "96 MiB needed, 41 GiB free"}},
          {{"interlock", "steady_state"}, {"passed", true}, {"saw", "storefront and has_orders pass"}}}},
        {"findings", {{{"text", "the outage was seen 2 % into it"}, {"severity", "note"}}}},
        {"hooks", {{"before_destroy", {{{"command", {"./announce", "--channel", "ops"}}}}}}},
    };
}

inline DrillRecord sample_drill(const std::string& id, const std::string& started, Verdict verdict,
                                json::object result) {
    DrillRecord record;
    record.id = DrillId(id);
    record.environment = EnvironmentName("shop-staging");
    record.playbook = PlaybookName("delete-and-recreate");
    record.kind = DrillKind::disaster;
    record.state = drill_state_from(to_string(verdict));
    record.verdict = verdict;
    record.plan = canonical_json(sample_plan());
    record.plan_hash = PlanHash("sha256:" + sha256_hex(record.plan));
    record.release = "shop-2026.11.3";
    record.actor = {"rosa", ActorKind::person};
    record.host = "ops-1";
    record.versions = {{"rehearse", "0.1.0"}};
    record.started_at = at(started);
    record.ended_at = record.started_at + std::chrono::minutes(2);
    result["drill"] = id;
    result["environment"] = "shop-staging";
    result["playbook"] = "delete-and-recreate";
    result["verdict"] = to_string(verdict);
    record.result = std::move(result);
    return record;
}

inline json::object without_clocks(json::object result) {
    for (const char* key : {"clocks", "clock", "phases", "recovery_time", "recovery_point", "fidelity",
                            "steps", "critical_path", "resources", "snapshot"}) {
        result.erase(key);
    }
    return result;
}

inline DrillRecord refused_drill(const std::string& id, const std::string& started) {
    json::object result = without_clocks(sample_result(1000));
    result["reasons"] = json::array{"freeze_window: deployments are frozen until 2026-11-10T06:00:00Z"};
    result["interlocks"].as_array().emplace_back(
        json::object{{"interlock", "freeze_window"},
                     {"passed", false},
                     {"saw", "2026-11-10T03:00:00Z, inside 'release weekend'"},
                     {"reason", "deployments are frozen until 2026-11-10T06:00:00Z"},
                     {"remedy", "run it after that, or change freeze: in rehearse.yaml"}});
    return sample_drill(id, started, Verdict::refused, std::move(result));
}

inline DrillRecord different_drill(const std::string& id, const std::string& started) {
    json::object result = sample_result(5120);
    result["reasons"] = json::array{"1 of 523 items is not as it was in the snapshot"};
    json::object& fidelity = result["fidelity"].as_object();
    fidelity["equal"] = false;
    fidelity["after"] = "45c48cce2e2d7fbdea1afc51c7c6ad26aaaaaaaa";
    fidelity["differences"] = json::array{json::object{{"resource", "config"},
                                                       {"kind", "changed"},
                                                       {"path", hostile_name},
                                                       {"detail", "1 byte differs"}},
                                          json::object{{"resource", "config"},
                                                       {"kind", "metadata"},
                                                       {"path", "nginx/site-1002.conf"},
                                                       {"detail", "mode 0644 -> 0600"}}};
    result["resources"].as_array()[0].as_object()["equal"] = false;
    return sample_drill(id, started, Verdict::recovered_different, std::move(result));
}

inline DrillRecord not_recovered_drill(const std::string& id, const std::string& started) {
    json::object result = sample_result(5120);
    result["reasons"] =
        json::array{"restore-orders failed: could not extend file: No space left on device (53100)"};
    json::object& clocks = result["clocks"].as_object();
    for (const char* key : {"restored_ms", "serving_ms", "verified_ms"}) clocks[key] = nullptr;
    result["phases"].as_array().resize(2);
    result["recovery_time"] = json::object{{"target_ms", 900000}, {"met", false}};
    result.erase("fidelity");
    result["critical_path"] = json::array{};
    for (const std::size_t resource : {1U, 2U})
        result["resources"].as_array()[resource].as_object().erase("equal");
    json::object& step = result["steps"].as_array()[7].as_object();
    step["outcome"] = "failed";
    step["detail"] = "No space left on device (53100)";
    return sample_drill(id, started, Verdict::not_recovered, std::move(result));
}

inline DrillRecord rollback_drill(const std::string& id, const std::string& started, bool residue) {
    json::object result = sample_result(2840);
    result["kind"] = "rollback";
    result["title"] = "Release of the shop, and its way back";
    result["rollback_time"] =
        json::object{{"actual_ms", 1830}, {"uncertainty_ms", 3}, {"target_ms", 120000}, {"met", true}};
    result["residue"] = json::array{};
    if (residue) {
        result["residue"] = json::array{
            json::object{{"resource", "orders"},
                         {"kind", "extra"},
                         {"path", "schema/public/column/orders.discount_code"}},
            json::object{{"resource", "config"}, {"kind", "extra"}, {"path", "nginx/feature-discount.conf"}}};
    }
    DrillRecord record = sample_drill(id, started, Verdict::recovered, std::move(result));
    record.kind = DrillKind::rollback;
    record.playbook = PlaybookName("release-and-rollback");
    record.plan = canonical_json(sample_plan("rollback"));
    return record;
}

/// Two environments, every verdict, a quarantine, due times of every fate.
inline ReportInput sample_input() {
    ReportInput input;
    const auto add = [&input](DrillRecord record) { input.drills.push_back(std::move(record)); };
    const std::int64_t times[] = {4120, 3985, 4410, 4012, 4990, 4233, 3876, 4105, 4087, 5210, 4302, 4018};
    for (int week = 0; week < 12; ++week) {
        const WallTime started = at("2026-09-01T03:00:00Z") + std::chrono::hours(24 * 7 * week);
        add(sample_drill("20260901T03000" + std::to_string(week % 10) + "Z-a1b2c" + std::to_string(week),
                         to_rfc3339(started), Verdict::recovered, sample_result(times[week])));
    }
    json::object late = sample_result(912440);
    late["reasons"] = json::array{"recovery took 15 min 12.4 s, the target is 15 min"};
    add(sample_drill("20261020T141500Z-0fab33", "2026-10-20T14:15:00Z", Verdict::recovered_late, late));
    add(different_drill("20261028T090000Z-77d012", "2026-10-28T09:00:00Z"));
    add(refused_drill("20261110T030000Z-5e5e01", "2026-11-10T03:00:00Z"));
    json::object lost = sample_result(4100);
    lost["reasons"] = json::array{"the host rebooted while the environment was down: the clock was lost"};
    lost["recovery_time"] = json::object{{"actual_ms", nullptr}, {"target_ms", 900000}, {"met", false}};
    add(sample_drill("20261112T111500Z-c10c4d", "2026-11-12T11:15:00Z", Verdict::inconclusive, lost));
    json::object aborted = without_clocks(sample_result(1000));
    aborted["reasons"] = json::array{"rehearse halt by rosa: a customer demo began"};
    add(sample_drill("20261114T160000Z-ab0123", "2026-11-14T16:00:00Z", Verdict::aborted, aborted));
    add(rollback_drill("20261118T100000Z-9a9a9a", "2026-11-18T10:00:00Z", true));
    add(rollback_drill("20261120T100000Z-9b9b9b", "2026-11-20T10:00:00Z", false));
    DrillRecord broken = not_recovered_drill("20261121T020000Z-dead01", "2026-11-21T02:00:00Z");
    broken.environment = EnvironmentName("billing-staging");
    broken.result["environment"] = "billing-staging";
    add(std::move(broken));

    input.quarantines.push_back(
        {EnvironmentName("billing-staging"),
         DrillId("20261121T020000Z-dead01"),
         at("2026-11-21T02:03:00Z"),
         "restore of orders failed: the disk is full",
         {{"orders", "half restored; free 2 GiB, then: rehearse restore billing-staging"},
          {"config", "restored, proved equal"}}});
    input.due_times = {{PlaybookName("delete-and-recreate"),
                        at("2026-11-10T03:00:00Z"),
                        DueFate::refused,
                        "freeze window",
                        {}},
                       {PlaybookName("delete-and-recreate"),
                        at("2026-11-16T03:00:00Z"),
                        DueFate::missed,
                        "rehearse serve was not running",
                        {}},
                       {PlaybookName("delete-and-recreate"), at("2026-11-17T03:00:00Z"), DueFate::ran, "",
                        DrillId("20260901T030001Z-a1b2c11")}};
    input.environments = {
        {"shop-staging",
         "staging",
         "shop",
         "team-shop@example.org",
         {{"config", "files"}, {"orders", "postgresql"}, {"frontend", "process"}, {"uploads", "files"}},
         {"storefront", "has_orders"},
         {"delete-and-recreate", "release-and-rollback"}},
        {"billing-staging",
         "staging",
         "billing",
         "team-billing@example.org",
         {{"config", "files"}, {"orders", "postgresql"}, {"frontend", "process"}},
         {"storefront"},
         {}}};
    input.made_at = at("2026-11-23T22:00:00Z");
    input.workspace = "Example Shop";
    input.version = "0.1.0";
    input.checkpoint =
        "rehearse/drills\n42\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n— rehearse/drills AAAAAQ==\n";
    input.filters.since = at("2026-09-01T00:00:00Z");
    return input;
}

}  // namespace rehearse::test
