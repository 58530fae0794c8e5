// The story of a drill, in every ending it can have.
#include <doctest/doctest.h>

#include <algorithm>
#include <future>
#include <mutex>

#include "tests/drill/stage.h"

using namespace rehearse;
using namespace rehearse::test;

TEST_SUITE("drill") {
    TEST_CASE("what is destroyed comes back, is proved equal, and is timed") {
        Stage stage;
        const DrillOutcome outcome = stage.drill();
        INFO(text(outcome));
        CHECK(outcome.record.verdict == Verdict::recovered);
        CHECK(stage.whole());
        const json::object& result = outcome.record.result;
        CHECK(result.at("schema") == "rehearse.drill/v1");
        CHECK(result.at("fidelity").at("equal") == true);
        CHECK(result.at("fidelity").at("before") == result.at("fidelity").at("after"));
        CHECK(result.at("recovery_time").at("met") == true);
        CHECK(result.at("recovery_point").at("met") == true);
        CHECK(result.at("resources").as_array().size() == 3);
        CHECK(stage.ledger->unfinished().empty());
        CHECK_FALSE(stage.ledger->quarantine(stage.environment.name));
        CHECK(stage.ledger->check().empty());
    }

    TEST_CASE("a drill that was left open after the plan was made is seen under the lease") {
        Stage stage;
        const PlanView view = stage.plan();
        REQUIRE(all_passed(view.interlocks));
        // Another orchestrator begins one and dies.
        const auto lease =
            stage.ledger->acquire_lease(stage.environment.name, this_process(), std::chrono::minutes(1));
        stage.ledger->begin_drill(lease,
                                  {.id = DrillId("2026-1123T214500Z-abcdef"),
                                   .environment = stage.environment.name,
                                   .plan_hash = view.hash,
                                   .plan = canonical_json(to_json(view.plan))},
                                  "");
        stage.ledger->release_lease(lease);
        const DrillOutcome outcome = stage.drill(view);
        INFO(text(outcome));
        CHECK(stage.history.of("capture").empty());  // before anything is begun, not only before the damage
        CHECK(outcome.record.verdict == Verdict::refused);
        CHECK(mentions(outcome,
                       "unfinished: drill 2026-1123T214500Z-abcdef was started here and has not ended"));
        CHECK(stage.history.of("destroy").empty());
        CHECK(stage.ledger->unfinished().size() == 1);
    }

    TEST_CASE("the document tells each phase's begin and end, in the order of the drill") {
        Stage stage;
        // The restore begins when the outage was seen: there is a detection to tell of.
        std::promise<void> seen;
        const std::shared_future<void> outage = seen.get_future().share();
        stage.on_failed_probe = [&, told = std::make_shared<std::once_flag>()] {
            std::call_once(*told, [&] { seen.set_value(); });
        };
        stage.resource("frontend").on_restore = [&] { outage.wait_for(std::chrono::minutes(1)); };
        const json::object result = stage.drill().record.result;
        INFO(pretty_json(result));
        std::vector<std::string> names;
        std::map<std::string, std::pair<std::int64_t, std::int64_t>> phases;
        for (const json::value& phase : result.at("phases").as_array()) {
            names.emplace_back(phase.at("phase").as_string());
            phases[names.back()] = {phase.at("began_ms").to_number<std::int64_t>(),
                                    phase.at("ended_ms").to_number<std::int64_t>()};
            CHECK(phases[names.back()].first <= phases[names.back()].second);
        }
        CHECK(names == std::vector<std::string>{"snapshot", "destruction", "detection", "restore", "serving",
                                                "verification"});
        const auto clock = [&](const char* name) {
            return result.at("clocks").at(name).to_number<std::int64_t>();
        };
        CHECK(phases["detection"] == std::pair{clock("damage_began_ms"), clock("detected_ms")});
        CHECK(phases["restore"] == std::pair{clock("restore_began_ms"), clock("restored_ms")});
        CHECK(phases["serving"] == std::pair{clock("restored_ms"), clock("serving_ms")});
        CHECK(phases["verification"].first >= clock("restored_ms"));
        CHECK(phases["verification"].second == clock("verified_ms"));
        CHECK(phases["snapshot"].second <= clock("damage_began_ms"));
    }

    TEST_CASE("a phase that was not measured is left out") {
        Stage stage;
        stage.resource("orders").on_restore = [] {
            throw Failure({.kind = FailureKind::permanent, .message = "disk is gone"});
        };
        const json::object result = stage.drill().record.result;
        for (const json::value& phase : result.at("phases").as_array()) {
            CHECK(phase.at("phase") != "verification");
            CHECK(phase.at("phase") != "serving");
        }
    }

    TEST_CASE("dependents are destroyed first, dependencies restored first") {
        Stage stage;
        (void)stage.drill();
        const auto destroyed = stage.history.of("destroy");
        REQUIRE(destroyed.size() == 3);
        CHECK(destroyed[0] == "frontend");
        const auto restored = stage.history.of("restore");
        REQUIRE(restored.size() == 3);
        CHECK(restored[2] == "frontend");
    }

    TEST_CASE("an intent is in the ledger before each effect") {
        Stage stage;
        bool seen = false;
        stage.resource("frontend").on_destroy = [&] {
            for (const DrillRecord& open : stage.ledger->unfinished()) {
                for (const DrillEvent& event : stage.ledger->events(open.id)) {
                    if (event.kind != EventKind::step_intent) continue;
                    seen = seen || text_or(event.body, "resource", "") == "frontend";
                }
            }
        };
        (void)stage.drill();
        CHECK(seen);
    }

    TEST_CASE("only what was touched is restored") {
        Stage stage;
        stage.playbook.destroy = {{.resource = ResourceName("orders"), .items = {"a"}}};
        const DrillOutcome outcome = stage.drill();
        CHECK(outcome.record.verdict == Verdict::recovered);
        CHECK(stage.history.of("restore") == std::vector<std::string>{"orders"});
        CHECK(stage.whole());
    }

    TEST_CASE("a destroy that half fails is restored like a whole one, and the drill is aborted") {
        Stage stage;
        stage.resource("orders").after_half_destroy = [] {
            throw Failure({.kind = FailureKind::permanent, .message = "permission lost"});
        };
        const DrillOutcome outcome = stage.drill();
        CHECK(outcome.record.verdict == Verdict::aborted);
        CHECK(mentions(outcome, "permission lost"));
        CHECK(stage.whole());
        CHECK_FALSE(stage.ledger->quarantine(stage.environment.name));
    }

    TEST_CASE("a destroy that claims to be done and is not is no recovery") {
        Stage stage;
        stage.resource("config").on_destroy = [&] { stage.resource("config").items["late"] = "x"; };
        stage.resource("orders").after_half_destroy = [&] {};
        // An adapter that destroys nothing: the item is back before absence is proved.
        stage.playbook.destroy = {{.resource = ResourceName("config"), .items = {"a"}}};
        stage.resource("config").after_half_destroy = [&] { stage.resource("config").items["a"] = "1"; };
        const DrillOutcome outcome = stage.drill();
        CHECK(outcome.record.verdict == Verdict::aborted);
        CHECK(mentions(outcome, "still there"));
    }

    TEST_CASE(
        "a restore that fails quarantines, with an alarm that names each resource and the next command") {
        Stage stage;
        stage.resource("orders").on_restore = [] {
            throw Failure({.kind = FailureKind::permanent, .message = "disk is gone"});
        };
        const DrillOutcome outcome = stage.drill();
        CHECK(outcome.record.verdict == Verdict::not_recovered);
        const auto quarantine = stage.ledger->quarantine(stage.environment.name);
        REQUIRE(quarantine);
        REQUIRE(stage.alarm.raised.size() == 1);
        for (const char* words :
             {"config", "orders: NOT restored", "frontend", "rehearse restore shop-staging"}) {
            CHECK_MESSAGE(stage.alarm.raised[0].text.find(words) != std::string::npos, words);
        }
        SUBCASE("the others are restored all the same") {
            CHECK(stage.resource("config").there);
            CHECK(stage.resource("frontend").there);
        }
        SUBCASE("and the next drill is refused") {
            stage.resource("orders").on_restore = [] {};
            stage.resource("orders").there = true;
            const DrillOutcome next = stage.drill();
            CHECK(next.record.verdict == Verdict::refused);
            CHECK(mentions(next, "quarantined"));
        }
    }

    TEST_CASE("a transient failure of a restore is tried again") {
        Stage stage;
        int tries = 0;
        stage.resource("orders").on_restore = [&] {
            if (++tries < 3) throw Failure({.kind = FailureKind::transient, .message = "connection reset"});
        };
        CHECK(stage.drill().record.verdict == Verdict::recovered);
        CHECK(tries == 3);
    }

    TEST_CASE("what comes back different is named, and quarantines") {
        Stage stage;
        stage.resource("config").after_restore = [&] { stage.resource("config").items["b"] = "changed"; };
        SUBCASE("unless the playbook accepts it") {
            stage.playbook.verify.accept = {"config/b"};
            CHECK(stage.drill().record.verdict == Verdict::recovered);
            CHECK_FALSE(stage.ledger->quarantine(stage.environment.name));
        }
        SUBCASE("by default") {
            const DrillOutcome outcome = stage.drill();
            CHECK(outcome.record.verdict == Verdict::recovered_different);
            const json::array& differences =
                outcome.record.result.at("fidelity").at("differences").as_array();
            REQUIRE(differences.size() == 1);
            CHECK(differences[0].at("path") == "b");
            CHECK(differences[0].at("resource") == "config");
            CHECK(stage.ledger->quarantine(stage.environment.name));
            CHECK(stage.alarm.raised.size() == 1);
        }
    }

    TEST_CASE("a verifying capture that fails is inconclusive and quarantines") {
        Stage stage;
        int captures = 0;
        stage.resource("orders").on_capture = [&] {
            if (++captures > 1) throw Failure({.kind = FailureKind::permanent, .message = "cannot read"});
        };
        const DrillOutcome outcome = stage.drill();
        CHECK(outcome.record.verdict == Verdict::inconclusive);
        CHECK(stage.ledger->quarantine(stage.environment.name));
    }

    TEST_CASE("a target that was missed is late, not met") {
        Stage stage;
        stage.playbook.targets.rto = std::chrono::nanoseconds(1);
        const DrillOutcome outcome = stage.drill();
        CHECK(outcome.record.verdict == Verdict::recovered_late);
        CHECK(outcome.record.result.at("recovery_time").at("met") == false);
    }

    TEST_CASE("probes that never pass again leave the time unknown") {
        Stage stage;
        stage.playbook.verify.within = std::chrono::milliseconds(200);
        stage.playbook.destroy = {{.resource = ResourceName("frontend")}};
        // The probe asks the frontend, which is restored equal but does not answer.
        class Mute : public FakeAdapter {
          public:
            using FakeAdapter::FakeAdapter;
            bool broke = false;
            void destroy(const DestroyRequest& request) override {
                FakeAdapter::destroy(request);
                broke = true;
            }
            std::string query(const std::string& asked, Duration timeout) override {
                if (broke) throw Failure({.kind = FailureKind::transient, .message = "mute"});
                return FakeAdapter::query(asked, timeout);
            }
        };
        stage.adapters[ResourceName("frontend")] =
            std::make_unique<Mute>(stage.resource("frontend"), stage.clock);
        const DrillOutcome outcome = stage.drill();
        CHECK(outcome.record.verdict == Verdict::inconclusive);
        CHECK(outcome.record.result.at("recovery_time").at("actual_ms").is_null());
        CHECK_FALSE(stage.ledger->quarantine(stage.environment.name));
    }

    TEST_CASE("a refused plan touches nothing and is on record") {
        Stage stage;
        stage.playbook.guard.max_items = 1;
        const DrillOutcome outcome = stage.drill();
        CHECK(outcome.record.verdict == Verdict::refused);
        CHECK(stage.history.of("destroy").empty());
        CHECK(stage.history.of("capture").empty());
        REQUIRE(stage.ledger->drills({}).size() == 1);
        CHECK(mentions(outcome, "blast_radius"));
    }

    TEST_CASE("a pass says whether the verifier was ever seen to fail") {
        Stage stage;
        SUBCASE("not asked for: unproven") {
            const DrillOutcome outcome = stage.drill();
            CHECK(outcome.record.verdict == Verdict::recovered);
            CHECK(outcome.record.result.at("fidelity").at("verifier") == "unproven");
        }
        SUBCASE("asked for: one item of each resource is broken, seen, and put back") {
            stage.playbook.verify.check_verifier = true;
            const DrillOutcome outcome = stage.drill();
            const json::object& result = outcome.record.result;
            INFO(text(outcome));
            CHECK(outcome.record.verdict == Verdict::recovered);
            CHECK(result.at("fidelity").at("verifier") == "checked");
            CHECK(result.at("fidelity").at("equal") == true);
            CHECK(result.at("fidelity").at("perturbed").as_array().size() == 3);
            CHECK(result.at("fidelity").at("perturbed").at(0).at("item") == "b");
            CHECK(stage.whole());
            CHECK(stage.history.of("destroy").size() == 6);
            CHECK(stage.history.of("restore").size() == 6);
            // The clocks were read before.
            for (const json::value& step : result.at("steps").as_array()) {
                if (step.at("stage") != "perturb") continue;
                CHECK(step.at("began_ms").to_number<std::int64_t>() >=
                      result.at("clocks").at("verified_ms").to_number<std::int64_t>());
                CHECK(step.at("began_ms").to_number<std::int64_t>() >=
                      result.at("clocks").at("serving_ms").to_number<std::int64_t>());
            }
        }
    }

    TEST_CASE("a verifier that misses what was broken proves nothing: inconclusive, and quarantined") {
        Stage stage;
        stage.playbook.verify.check_verifier = true;
        int destroyed = 0;
        // The second destroy, the one that checks the verifier, is undone behind the verifier's back.
        stage.resource("config").after_half_destroy = [&] {
            if (++destroyed == 2) stage.resource("config").items["b"] = "2";
        };
        const DrillOutcome outcome = stage.drill();
        INFO(text(outcome));
        CHECK(outcome.record.verdict == Verdict::inconclusive);
        CHECK(outcome.record.result.at("fidelity").at("verifier") == "blind");
        CHECK(stage.ledger->quarantine(stage.environment.name));
        CHECK(stage.whole());
    }

    TEST_CASE("the verifier is not checked while destroying is halted") {
        Stage stage;
        stage.playbook.verify.check_verifier = true;
        stage.resource("frontend").after_restore = [&] { stage.halted = "by an operator"; };
        const DrillOutcome outcome = stage.drill();
        CHECK(outcome.record.result.at("fidelity").at("verifier") == "unproven");
        CHECK(mentions(outcome, "by an operator"));
        CHECK(stage.history.of("destroy").size() == 3);
        CHECK(stage.whole());
    }

    TEST_CASE("a drill that ends while the verifier is checked is put back by resume, its clocks untouched") {
        Stage stage;
        stage.playbook.verify.check_verifier = true;
        int destroyed = 0;
        const auto release = [&] {
            stage.ledger->release_lease({.environment = stage.environment.name,
                                         .epoch = stage.ledger->epoch(stage.environment.name),
                                         .owner = this_process()});
        };
        stage.resource("config").after_half_destroy = [&] {
            if (++destroyed != 2) return;
            // What a kill looks like from here: another one has taken over.
            release();
            (void)stage.ledger->acquire_lease(stage.environment.name, this_process(),
                                              std::chrono::minutes(1));
        };
        CHECK_THROWS(stage.drill());
        CHECK_FALSE(stage.whole());
        release();
        stage.open();
        const DrillOutcome outcome = stage.resume();
        INFO(text(outcome));
        CHECK(outcome.record.verdict == Verdict::recovered);
        CHECK(outcome.record.result.at("fidelity").at("verifier") == "unproven");
        CHECK(outcome.record.result.at("fidelity").at("equal") == true);
        CHECK(destroyed == 2);
        CHECK(stage.whole());
    }

    TEST_CASE("a resource that can't be read is a refusal, on record, and names what to do") {
        Stage stage;
        const auto unreachable = [] {
            throw Failure({.kind = FailureKind::transient,
                           .operation = "connect",
                           .message = "no route",
                           .remedy = "start the server"});
        };
        SUBCASE("while planning") { stage.resource("orders").on_look = unreachable; }
        SUBCASE("right before the damage") {
            // Planning and the guard's first phase are over once the snapshot is captured.
            stage.resource("orders").on_capture = [&] { stage.resource("orders").on_look = unreachable; };
        }
        const DrillOutcome outcome = stage.drill();
        INFO(text(outcome));
        CHECK(outcome.record.verdict == Verdict::refused);
        CHECK(mentions(outcome, "reachable"));
        CHECK(mentions(outcome, "orders: connect: no route"));
        CHECK(mentions(outcome, "start the server"));
        CHECK(stage.whole());
        CHECK(stage.history.of("destroy").empty());
        CHECK(stage.ledger->drill(outcome.record.id));
    }

    TEST_CASE("options that an adapter can't read are invalid input, not a refusal") {
        Stage stage;
        stage.resource("orders").on_look = [] {
            throw Failure({.kind = FailureKind::invalid_input, .message = "no such option"});
        };
        CHECK_THROWS_AS((void)stage.plan(), Failure);
    }

    TEST_CASE("enrolling a resource that can't be read is refused, and names it") {
        Stage stage;
        stage.resource("orders").on_look = [] {
            throw Failure({.kind = FailureKind::transient, .message = "no route"});
        };
        std::optional<FailureFields> why;
        try {
            stage.run([&]() -> Task<void> {
                const EnrolRequest request{.environment = stage.environment};
                (void)co_await enroll(*stage.world, request);
            });
        } catch (const Failure& failure) {
            why = failure.fields();
        }
        REQUIRE(why);
        CHECK(why->kind == FailureKind::refused);
        CHECK(why->object == "orders");
        CHECK(why->message.find("no route") != std::string::npos);
        CHECK_FALSE(why->remedy.empty());
    }

    TEST_CASE("a steady state that does not hold refuses before anything is broken") {
        Stage stage;
        const PlanView view = stage.plan();
        stage.environment.probes[0].resource = ResourceName("frontend");
        stage.resource("frontend").there = false;
        const DrillOutcome outcome = stage.drill(view);
        CHECK(outcome.record.verdict != Verdict::recovered);
        CHECK(stage.history.of("destroy").empty());
    }

    TEST_CASE("a resource that is another one at the last moment is not destroyed") {
        Stage stage;
        const PlanView view = stage.plan();
        stage.resource("orders").system = "system-2";
        const DrillOutcome outcome = stage.drill(view);
        CHECK(outcome.record.verdict == Verdict::aborted);
        CHECK(stage.history.of("destroy").empty());
        CHECK(stage.resource("orders").items.size() == 2);
    }

    TEST_CASE("the kill switch stops destroying, and what is broken comes back") {
        Stage stage;
        stage.resource("frontend").after_half_destroy = [&] {
            stage.halted = "by a test";
            // Until the watcher has seen it, this destroy goes on: wait for it as a slow provider would.
            const SteadyTime give_up = stage.clock.steady() + std::chrono::seconds(5);
            while (stage.clock.steady() < give_up &&
                   stage.clock.steady() + std::chrono::milliseconds(4800) < give_up) {
            }
        };
        const DrillOutcome outcome = stage.drill();
        CHECK(outcome.record.verdict == Verdict::aborted);
        CHECK(stage.history.of("destroy") == std::vector<std::string>{"frontend"});
        CHECK(stage.whole());
    }

    TEST_CASE("one drill at a time in an environment") {
        Stage stage;
        const PlanView view = stage.plan();
        const Lease held =
            stage.ledger->acquire_lease(stage.environment.name, this_process(), std::chrono::minutes(1));
        const DrillOutcome outcome = stage.drill(view);
        CHECK(outcome.record.verdict == Verdict::refused);
        CHECK(mentions(outcome, "lease"));
        stage.ledger->release_lease(held);
    }

    TEST_CASE("an orchestrator that lost its lease changes nothing more") {
        Stage stage;
        stage.resource("frontend").after_half_destroy = [&] {
            // Another one has taken over: the marker and the ledger hold its epoch.
            Lease stolen{.environment = stage.environment.name,
                         .epoch = stage.ledger->epoch(stage.environment.name)};
            stolen.owner = this_process();
            stage.ledger->release_lease(stolen);
            (void)stage.ledger->acquire_lease(stage.environment.name, this_process(),
                                              std::chrono::minutes(1));
        };
        CHECK_THROWS_AS((void)stage.drill(), Failure);
        CHECK(stage.history.of("destroy") == std::vector<std::string>{"frontend"});
        CHECK(stage.history.of("restore").empty());
        REQUIRE(stage.alarm.raised.size() == 1);
        CHECK(stage.alarm.raised[0].text.find("rehearse resume") != std::string::npos);
    }

    TEST_CASE("a plan survives its document") {
        Stage stage;
        stage.playbook.hooks.after_restore = {{.arguments = {"warm"}, .retries = 2}};
        const PlanView view = stage.plan();
        const json::object document = to_json(view.plan);
        const Plan again = plan_from_json(document, "test");
        CHECK(canonical_json(to_json(again)) == canonical_json(document));
        CHECK(plan_hash(again) == view.hash);
    }
}
