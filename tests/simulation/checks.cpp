// Each invariant, by name.
#include "tests/simulation/checks.h"

#include <algorithm>

#include "orchestrator/base/failure.h"
#include "orchestrator/guard/marker.h"

namespace rehearse::simulation {

namespace {

bool is_intent(const DrillEvent& event, const std::string& stage, const std::string& key) {
    return event.kind == EventKind::step_intent && text_or(event.body, "stage", "") == stage &&
           text_or(event.body, "key", "") == key;
}

bool same(const DrillEvent& a, const DrillEvent& b) {
    return a.kind == b.kind && a.steady == b.steady && a.wall == b.wall && a.boot == b.boot &&
           canonical_json(a.body) == canonical_json(b.body);
}

bool needs(const Plan& plan, const ResourceName& dependent, const ResourceName& need) {
    for (const ResourceName& direct : find_resource(plan, dependent)->needs) {
        if (direct == need || needs(plan, direct, need)) return true;
    }
    return false;
}

bool is_touched(const Acknowledged& drill, const ResourceName& name) {
    if (has_unguarded_commands(drill.plan)) return true;
    return std::any_of(drill.events.begin(), drill.events.end(), [&](const DrillEvent& event) {
        return event.kind == EventKind::step_intent && text_or(event.body, "resource", "") == name.text();
    });
}

std::optional<SnapshotId> snapshot_of(const Acknowledged& drill) {
    for (const DrillEvent& event : drill.events) {
        if (event.kind == EventKind::snapshot && text_or(event.body, "role", "") == "before")
            return SnapshotId(text_or(event.body, "commit", ""));
    }
    return std::nullopt;
}

}  // namespace

DrillState Checks::state() const {
    return order_.empty() ? DrillState::planned : drills_.at(order_.back()).state;
}

void Checks::on_takeover(SteadyTime now) {
    const auto until = lease_until_.find(epoch_);
    require(until == lease_until_.end() || now >= until->second,
            "an orchestrator was ended within its lease");
}

void Checks::on_command(const std::string& id, const std::string& step) {
    const auto drill = drills_.find(DrillId(id));
    const auto named = [&](const DrillEvent& event) {
        return event.kind == EventKind::step_intent && text_or(event.body, "step", "") == step;
    };
    require(drill != drills_.end() &&
                std::any_of(drill->second.events.begin(), drill->second.events.end(), named),
            "the command " + step + " without a durable intent");
    commands_.insert(id + " " + step);
}

void Checks::check_marker(const Resource& resource, Epoch epoch, const std::string& what) {
    const auto read = read_marker_text(resource.marker.value_or(""), Secret(std::string(marker_key)));
    const auto* marker = std::get_if<Marker>(&read);
    require(marker != nullptr && marker->epoch == epoch, what + ", and its marker holds another epoch");
}

void Checks::on_lease(const Lease& lease, SteadyTime until) {
    lease_until_[lease.epoch] = until;
    require(lease.epoch > epoch_, "an epoch was given twice: " + std::to_string(lease.epoch));
    epoch_ = lease.epoch;
}

void Checks::on_begin(const DrillRecord& record, const std::vector<DrillRecord>& open) {
    for (auto& [id, other] : drills_) {
        // A verdict whose commit was never acknowledged counts where the ledger has it.
        const bool in_ledger = std::any_of(open.begin(), open.end(),
                                           [&id = id](const DrillRecord& one) { return one.id == id; });
        require(other.verdict.has_value() || !in_ledger, "a drill began while another was open");
        if (!in_ledger && !other.up_since) other.up_since = up_since_;
        require(!other.quarantined, "a drill began in quarantine");
    }
    Acknowledged drill{.record = record};
    drill.plan = plan_from_json(parse_json(record.plan, "plan").as_object(), "plan");
    drills_.emplace(record.id, std::move(drill));
    order_.push_back(record.id);
    ++counters_.drills;
}

void Checks::on_append(const Lease& lease, const DrillId& id, const JournalBatch& batch, std::uint64_t last) {
    Acknowledged& drill = drills_.at(id);
    require(lease.epoch == epoch_, "a stale orchestrator wrote the journal");
    for (const DrillEvent& event : batch.events) {
        require_new(drill.events, event);
        drill.events.push_back(event);
        if (event.kind == EventKind::note && text_or(event.body, "text", "") == "resumed")
            drill.resumed = true;
    }
    require(last == drill.events.size(),
            "the journal's last is " + std::to_string(last) + ", not " + std::to_string(drill.events.size()));
    if (batch.state) {
        drill.state = *batch.state;
        drill.states.insert(*batch.state);
    }
    if (batch.verdict) {
        drill.verdict = batch.verdict;
        drill.quarantined = batch.quarantine.has_value();
        if (!drill.up_since) drill.up_since = up_since_;
        drill.record.result = batch.result.value_or(json::object{});
        ++counters_.verdicts[static_cast<std::size_t>(*batch.verdict)];
    }
}

void Checks::on_read_back(const DrillId& id, std::vector<DrillEvent> events) {
    Acknowledged& drill = drills_.at(id);
    // Between what was acknowledged there may only be what was committed without an answer.
    std::size_t at = 0;
    for (const DrillEvent& event : drill.events) {
        while (at < events.size() && !same(events[at], event)) ++at;
        require(at++ < events.size(), "an acknowledged event is gone before the next one is written");
    }
    drill.events = std::move(events);
    for (const DrillEvent& event : drill.events) {
        if (event.kind != EventKind::state) continue;
        drill.state = drill_state_from(text_or(event.body, "state", ""));
        drill.states.insert(drill.state);
    }
}

/// Whoever adds an event takes its instant then, once: the same one again was sent again.
void Checks::require_new(const std::vector<DrillEvent>& events, const DrillEvent& event) {
    require(
        std::none_of(events.begin(), events.end(), [&](const DrillEvent& one) { return same(one, event); }),
        "an event is in the journal twice: " + std::string(to_string(event.kind)) + " " +
            canonical_json(event.body));
}

Acknowledged* Checks::drill_of(const std::string& key, const std::string& stage) {
    for (auto& [id, drill] : drills_) {
        for (const DrillEvent& event : drill.events) {
            if (is_intent(event, stage, key)) return &drill;
        }
    }
    return nullptr;
}

void Checks::check_proof(const Acknowledged& drill, const Resource& resource, const std::string& what) {
    const std::optional<SnapshotId> commit = snapshot_of(drill);
    bool read_back = false;
    for (const DrillEvent& event : drill.events) {
        if (event.kind == EventKind::note && text_or(event.body, "text", "") == "snapshot read back") {
            read_back = commit.has_value();
        }
    }
    require(commit.has_value(), what + ": no snapshot in the journal");
    require(read_back, what + ": the snapshot was not read back");
    if (!commit) return;
    const auto found = repository_.commits.find(*commit);
    const bool durable = found != repository_.commits.end() && found->second.durable &&
                         found->second.trees.contains(resource.name);
    require(durable, what + ": its snapshot is not durable");
    const auto ref = repository_.durable_refs.find("refs/drills/" + drill.record.id.text() + "/before");
    require(ref != repository_.durable_refs.end() && ref->second == *commit,
            what + ": no durable ref holds its snapshot");
}

void Checks::on_destroy(const Resource& resource, const DestroyRequest& request) {
    const std::string what = "destroy of " + resource.name.text();
    Acknowledged* drill = drill_of(request.idempotency_key, "destroy");
    const bool perturbs = drill == nullptr;
    if (perturbs) drill = drill_of(request.idempotency_key, "perturb");
    if (drill == nullptr) {
        violate(what + " without a durable intent");
        return;
    }
    ++drill->destroy_calls;
    require(destroyed_keys_.insert(request.idempotency_key).second, what + " was sent twice");
    check_marker(resource, request.epoch, what);
    require(drill->states.contains(DrillState::proven), what + " before the proof");
    require(drill->states.contains(DrillState::armed), what + " before the drill was armed");
    require(drill->state == (perturbs ? DrillState::verifying : DrillState::destroying),
            what + " in state " + std::string(to_string(drill->state)));
    require(!drill->resumed, what + " by a resumed drill");
    require(request.epoch == epoch_,
            what + " with epoch " + std::to_string(request.epoch) + ", current is " + std::to_string(epoch_));
    check_proof(*drill, resource, what);
    const auto step = std::find_if(drill->plan.destroy.begin(), drill->plan.destroy.end(),
                                   [&](const PlanStep& one) { return one.resource == resource.name; });
    if (step == drill->plan.destroy.end()) {
        violate(what + ", which the plan does not name");
        return;
    }
    if (perturbs) {
        check_perturbation(*drill, resource, *step, request);
        return;
    }
    require(request.items == step->items && request.whole == step->whole,
            what + ": other items than the plan's");
    for (const PlanStep& other : drill->plan.destroy) {
        if (!needs(drill->plan, other.resource, resource.name)) continue;
        require(resources_.at(other.resource).destroy_called,
                what + " before its dependent " + other.resource.text());
    }
    resources_.at(resource.name).destroy_called = true;
}

void Checks::check_perturbation(Acknowledged& drill, const Resource& resource, const PlanStep& step,
                                const DestroyRequest& request) {
    const std::string what = "perturbation of " + resource.name.text();
    require(drill.plan.verify.check_verifier, what + ", which nobody asked for");
    require(request.items.size() == 1 &&
                std::find(step.items.begin(), step.items.end(), request.items.front()) != step.items.end(),
            what + ": not one of the plan's items");
    require(!request.whole || (step.whole && step.items.size() == 1), what + " as a whole");
    const bool compared = std::any_of(drill.events.begin(), drill.events.end(), [](const DrillEvent& event) {
        return event.kind == EventKind::note && text_or(event.body, "compared", "") == "after";
    });
    require(compared, what + " before the proof of equality is durable");
    if (!drill.up_since) drill.up_since = up_since_;
    ++counters_.perturbations;
}

void Checks::on_restore(Resource& resource, const RestoreRequest& request) {
    const std::string what = "restore of " + resource.name.text();
    const Acknowledged* drill = drill_of(request.idempotency_key, "restore");
    if (drill == nullptr) drill = drill_of(request.idempotency_key, "put_back");
    if (drill == nullptr) {
        // With a disk that can't be written to, or not be read to write to it, the restore goes on without
        // its intent, and only then.
        require(options_.has(Fault::disk_full) || options_.has(Fault::sync_fails) ||
                    options_.has(Fault::read_fails),
                what + " without a durable intent");
        for (const DrillId& id : order_) {
            if (!drills_.at(id).verdict) drill = &drills_.at(id);
        }
        if (drill == nullptr) return;
    }
    require(may_be_damaged(drill->state), what + " in state " + std::string(to_string(drill->state)));
    require(is_touched(*drill, resource.name), what + ", which was not touched");
    require(request.epoch == epoch_,
            what + " with epoch " + std::to_string(request.epoch) + ", current is " + std::to_string(epoch_));
    check_marker(resource, request.epoch, what);
    for (const ResourceName& need : find_resource(drill->plan, resource.name)->needs) {
        if (!is_touched(*drill, need) || is_whole(*drill, resources_.at(need))) continue;
        require(tried_in_[need] == epoch_, what + " before what it needs: " + need.text());
        require(options_.faults != 0, what + " before " + need.text() + " was whole");
    }
    tried_in_[resource.name] = epoch_;
}

void Checks::on_change(SteadyTime now, bool foreign) {
    const bool up = std::all_of(resources_.begin(), resources_.end(), [](const auto& entry) {
        return entry.second.there && entry.second.items.size() >= 4;
    });
    if (!up && up_ && !foreign) {
        for (const DrillId& id : order_) {
            Acknowledged& drill = drills_.at(id);
            if (drill.state == DrillState::destroying && !drill.first_effect) drill.first_effect = now;
        }
    }
    if (up && !up_) up_since_ = now;
    up_ = up;
    for (auto& [name, resource] : resources_) {
        for (const auto& [id, drill] : drills_) {
            for (const PlanStep& step : drill.plan.destroy) {
                const auto is_there = [&](const std::string& item) { return resource.items.contains(item); };
                if (step.resource == name && resource.destroy_called)
                    resource.gone = resource.gone || !resource.there ||
                                    std::none_of(step.items.begin(), step.items.end(), is_there);
            }
        }
    }
}

void Checks::check_ledger(const Ledger& ledger, bool lasting) {
    try {
        for (const std::string& finding : ledger.check()) violate("the ledger's own check: " + finding);
        for (auto& [id, drill] : drills_) {
            const std::vector<DrillEvent> found = ledger.events(id);
            require(ledger.drill(id).has_value(), "an acknowledged drill is gone: " + id.text());
            // What was committed and never acknowledged may be there, too: between two acknowledged events
            // where a process died in between.
            std::size_t at = 0;
            for (const DrillEvent& event : drill.events) {
                while (at < found.size() && !same(found[at], event)) ++at;
                if (at == found.size()) {
                    violate("an acknowledged event is gone: " + std::string(to_string(event.kind)) + " " +
                            canonical_json(event.body));
                    break;
                }
                ++at;
            }
            // Where the disk never failed, only the last commit can have gone unacknowledged.
            if (!drill.resumed && !options_.has(Fault::sync_fails) && !options_.has(Fault::disk_full)) {
                require(found.size() >= drill.events.size() &&
                            std::equal(drill.events.begin(), drill.events.end(), found.begin(), same),
                        "the acknowledged journal is no prefix of what is there");
            }
            // What nobody acknowledged and a killed process left unsynced may still go in a power cut.
            if (!lasting) continue;
            drill.events = found;
            if (const auto record = ledger.drill(id)) {
                require(!drill.verdict || record->verdict == drill.verdict,
                        "an acknowledged verdict changed");
                if (!drill.verdict && record->verdict) {
                    drill.verdict = record->verdict;
                    drill.record.result = record->result;
                    ++counters_.verdicts[static_cast<std::size_t>(*record->verdict)];
                }
                drill.state = record->state;
            }
        }
        if (!order_.empty()) {
            const Epoch there = ledger.epoch(drills_.at(order_.front()).record.environment);
            require(there >= epoch_, "an acknowledged epoch is gone");
            if (lasting) epoch_ = std::max(epoch_, there);
        }
    } catch (const Failure& failure) {
        violate(std::string("the ledger can't be read any more: ") + failure.what());
    }
}

void Checks::check_end(const Ledger& ledger) {
    check_ledger(ledger, true);
    for (const auto& [id, drill] : drills_) check_verdict(ledger, drill);
}

void Checks::check_verdict(const Ledger& ledger, const Acknowledged& drill) {
    const std::string what = "drill " + drill.record.id.text();
    if (!drill.verdict) {
        violate(what + " never ended: " + std::string(to_string(drill.state)));
        return;
    }
    const Verdict verdict = *drill.verdict;
    if (verdict == Verdict::refused) {
        require(drill.destroy_calls == 0, what + " is refused, and something was destroyed");
    }
    const auto quarantine = ledger.quarantine(drill.record.environment);
    if (quarantine) {
        require(alarms_.contains(quarantine->drill) || failed_alarms_.contains(quarantine->drill),
                what + " is quarantined, and no alarm was raised");
        require(!quarantine->resources.empty(), what + ": a quarantine that names no resource");
        if (drill.plan.destroy.empty()) return;
    } else if (drill.destroy_calls > 0 || has_unguarded_commands(drill.plan)) {
        require(verdict != Verdict::not_recovered, what + " is not recovered, and not quarantined");
        // What a later drill found and captured may have been changed after this one had ended.
        if (!is_superseded(drill)) check_equality(drill);
    }
    if (verdict == Verdict::recovered || verdict == Verdict::recovered_late) check_times(drill);
    // What a hook before the snapshot may have done, nobody can undo.
    bool hook_open = false;
    for (const DrillEvent& event : drill.events) {
        if (text_or(event.body, "stage", "") != "before_snapshot") continue;
        if (event.kind == EventKind::step_intent)
            hook_open = commands_.contains(drill.record.id.text() + " " + text_or(event.body, "step", ""));
        if (event.kind == EventKind::step_outcome) hook_open = text_or(event.body, "outcome", "") != "done";
    }
    require(!hook_open || quarantine, what + ": a hook failed before the snapshot, and nobody is warned");
    if (options_.faults == 0 && options_.crashes.empty()) check_expected(drill);
}

bool Checks::is_superseded(const Acknowledged& drill) const {
    for (auto later = order_.rbegin(); later != order_.rend() && *later != drill.record.id; ++later) {
        if (snapshot_of(drills_.at(*later))) return true;
    }
    return false;
}

/// Without a fault there is one right end for each shape.
void Checks::check_expected(const Acknowledged& drill) {
    Verdict expected = Verdict::recovered;
    if (options_.shape == Shape::half_destroy || options_.shape == Shape::half_destroy_of_four)
        expected = Verdict::aborted;
    if (options_.shape == Shape::failing_hook && options_.failing_stage == 0)
        expected = Verdict::not_recovered;
    if (options_.shape == Shape::failing_hook && options_.failing_stage == 1) expected = Verdict::aborted;
    if (options_.shape == Shape::rollback && options_.seed % 2 == 1) expected = Verdict::recovered_different;
    const bool passes = expected == Verdict::recovered && drill.plan.verify.check_verifier;
    if (passes && drill.record.result.contains("fidelity")) {
        const json::object& fidelity = drill.record.result.at("fidelity").as_object();
        require(text_or(fidelity, "verifier", "") == "checked",
                "an undisturbed verifier is not called checked");
    }
    require(*drill.verdict == expected, "an undisturbed drill ended as " +
                                            std::string(to_string(*drill.verdict)) + ", not " +
                                            std::string(to_string(expected)));
}

bool Checks::is_whole(const Acknowledged& drill, const Resource& resource) const {
    const std::optional<SnapshotId> commit = snapshot_of(drill);
    return commit && resource.there && resource.items == repository_.files(*commit, resource.name);
}

void Checks::check_equality(const Acknowledged& drill) {
    if (!snapshot_of(drill)) return;
    for (const auto& [name, resource] : resources_) {
        require(resource.late == 0, name.text() + ": a destroy is still on its way, and nobody is warned");
        if (resource.foreign_change_at >= resource.capture_began_at &&
            resource.foreign_change_at >= Duration{}) {
            ++counters_.exempt;
            continue;
        }
        require(resource.capture_began_at >= resource.engine_change_at,
                name.text() + ": its proof is older than what was done to it");
        const bool equal = is_whole(drill, resource) && resource.marker.has_value();
        require(equal, name.text() + " is not what it was, and nobody is warned (" +
                           std::string(to_string(*drill.verdict)) + ")");
    }
}

void Checks::check_times(const Acknowledged& drill) {
    if (drill.plan.kind != DrillKind::disaster) return;
    std::optional<SteadyTime> began, earliest, latest, restored;
    std::set<std::string> boots;
    bool perturbed = false;  // what the clocks say from there on is no part of the recovery
    for (const DrillEvent& event : drill.events) {
        boots.insert(event.boot);
        perturbed = perturbed || text_or(event.body, "stage", "") == "perturb";
        if (event.kind != EventKind::clock || perturbed) continue;
        const auto at = [&](const char* key) {
            return SteadyTime{Duration(event.body.at(key).to_number<std::int64_t>())};
        };
        const std::string clock = text_or(event.body, "clock", "");
        if (clock == "damage_began" && !began) began = at("at_ns");
        if (clock == "restored") restored = at("at_ns");
        if (clock == "serving") {
            earliest = at("earliest_ns");
            latest = at("at_ns");
        }
    }
    require(boots.size() == 1, "a recovery time over a reboot");
    for (const PlanStep& step : drill.plan.destroy) {
        require(resources_.at(step.resource).gone,
                "recovered, and " + step.resource.text() + " was never seen destroyed");
    }
    if (!began || !earliest || !latest || !restored) {
        violate("recovered without its clocks");
        return;
    }
    if (drill.first_effect) {
        require(*began <= *drill.first_effect, "the damage began before its clock");
        require(drill.resumed || *drill.first_effect - *began < std::chrono::minutes(5),
                "the clock of the damage was taken long before it");
    }
    const bool liar = options_.has(Fault::probe_lies);
    const SteadyTime up_since = drill.up_since.value_or(up_since_);
    if (!liar && up_since > SteadyTime{}) {
        require(*latest >= up_since, "serving was claimed before it was so");
        require(*earliest <= std::max(up_since, *restored) + std::chrono::milliseconds(1) ||
                    options_.has(Fault::probe_flaps),
                "serving is claimed later than it was so");
    }
    const json::object& time = drill.record.result.at("recovery_time").as_object();
    const double actual = time.at("actual_ms").to_number<double>();
    const double middle =
        std::chrono::duration<double, std::milli>((*earliest - *began) + (*latest - *earliest) / 2).count();
    require(actual > middle - 1.5 && actual < middle + 1.5, "the recovery time is not what its clocks say");
    const bool met = *latest - *began <= drill.plan.targets.rto;
    require(met || *drill.verdict == Verdict::recovered_late, "a missed target is shown as met");
}

}  // namespace rehearse::simulation
