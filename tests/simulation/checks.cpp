// Each invariant, by name.
#include "tests/simulation/checks.h"

#include <algorithm>

#include "orchestrator/base/failure.h"

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

void Checks::on_lease(const Lease& lease) {
    require(lease.epoch > epoch_, "an epoch was given twice: " + std::to_string(lease.epoch));
    epoch_ = lease.epoch;
}

void Checks::on_begin(const DrillRecord& record) {
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
    if (drill == nullptr) {
        violate(what + " without a durable intent");
        return;
    }
    ++drill->destroy_calls;
    require(drill->states.contains(DrillState::proven), what + " before the proof");
    require(drill->states.contains(DrillState::armed), what + " before the drill was armed");
    require(drill->state == DrillState::destroying,
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
    require(request.items == step->items && request.whole == step->whole,
            what + ": other items than the plan's");
    for (const PlanStep& other : drill->plan.destroy) {
        if (!needs(drill->plan, other.resource, resource.name)) continue;
        require(resources_.at(other.resource).destroy_called,
                what + " before its dependent " + other.resource.text());
    }
    resources_.at(resource.name).destroy_called = true;
}

void Checks::on_restore(Resource& resource, const RestoreRequest& request) {
    const std::string what = "restore of " + resource.name.text();
    const Acknowledged* drill = drill_of(request.idempotency_key, "restore");
    if (drill == nullptr) {
        // With a disk that can't be written to the restore goes on without its intent, and only then.
        require(options_.has(Fault::disk_full) || options_.has(Fault::sync_fails),
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
    require(!resource.restoring, what + " while it is being restored");
    for (const ResourceName& need : find_resource(drill->plan, resource.name)->needs) {
        if (!is_touched(*drill, need) || is_whole(*drill, resources_.at(need))) continue;
        require(tried_in_[need] == epoch_, what + " before what it needs: " + need.text());
        require(options_.faults != 0, what + " before " + need.text() + " was whole");
    }
    tried_in_[resource.name] = epoch_;
}

void Checks::on_restored(Resource& resource) { restored_in_[resource.name] = epoch_; }

void Checks::on_change(SteadyTime now, Duration, const std::string& boot) {
    const bool up = std::all_of(resources_.begin(), resources_.end(), [](const auto& entry) {
        return entry.second.there && entry.second.items.size() >= 4;
    });
    if (!up && up_) {
        for (const DrillId& id : order_) {
            Acknowledged& drill = drills_.at(id);
            if (drill.state == DrillState::destroying && !drill.first_effect) drill.first_effect = now;
        }
    }
    if (up && !up_) {
        up_since_ = now;
        up_boot_ = boot;
    }
    up_ = up;
}

void Checks::check_ledger(const Ledger& ledger) {
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
            // From now on what is there is what was recovered.
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
            epoch_ = std::max(epoch_, there);
        }
    } catch (const Failure& failure) {
        violate(std::string("the ledger can't be read any more: ") + failure.what());
    }
}

void Checks::check_end(const Ledger& ledger) {
    check_ledger(ledger);
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
        check_equality(drill);
    }
    if (verdict == Verdict::recovered || verdict == Verdict::recovered_late) check_times(drill);
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
        const bool equal = is_whole(drill, resource) && resource.marker.has_value();
        require(equal, name.text() + " is not what it was, and nobody is warned (" +
                           std::string(to_string(*drill.verdict)) + ")");
    }
}

void Checks::check_times(const Acknowledged& drill) {
    if (drill.plan.kind != DrillKind::disaster) return;
    std::optional<SteadyTime> began, earliest, latest, restored;
    std::set<std::string> boots;
    for (const DrillEvent& event : drill.events) {
        boots.insert(event.boot);
        if (event.kind != EventKind::clock) continue;
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
    if (!liar && up_since_ > SteadyTime{}) {
        require(*latest >= up_since_, "serving was claimed before it was so");
        require(*earliest <= std::max(up_since_, *restored) + std::chrono::milliseconds(1) ||
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
