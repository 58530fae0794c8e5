// Decides name by name on the way down; exclude wins over include.
#include "adapters/files/filter.h"

#include <algorithm>

namespace rehearse::files {

bool is_temporary_name(std::string_view name) {
    if (!name.starts_with(temporary_prefix) || name.size() != temporary_prefix.size() + 32) return false;
    name.remove_prefix(temporary_prefix.size());
    return std::all_of(name.begin(), name.end(),
                       [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

void Filter::add(const std::vector<std::string>& include, const std::vector<std::string>& exclude) {
    if (include.empty() && exclude.empty()) return;
    layers_.push_back(
        std::make_shared<const Layer>(Layer{Selector(include, "include"), Selector(exclude, "exclude")}));
}

Filter::State Filter::start() const {
    State state;
    for (const auto& layer : layers_) {
        state.layers.push_back({.included = layer->include.empty(),
                                .include = layer->include.start(),
                                .exclude = layer->exclude.start()});
        state.included = state.included && layer->include.empty();
    }
    return state;
}

Filter::Decision Filter::decide(const State& folder, std::string_view name, std::string_view shown_name,
                                bool is_folder) const {
    Decision decision;
    if (name.starts_with(marker_prefix) || is_temporary_name(name)) {
        decision.verdict = Verdict::left_out;
        return decision;
    }
    for (std::size_t at = 0; at < layers_.size(); ++at) {
        const State::Layer& before = folder.layers[at];
        const Layer& layer = *layers_[at];
        Selector::Step excluded = layer.exclude.step(before.exclude, name, shown_name, is_folder);
        Selector::Step included;
        if (!before.included) included = layer.include.step(before.include, name, shown_name, is_folder);
        State::Layer after{.included = before.included || !included.matched.empty(),
                           .include = std::move(included.state),
                           .exclude = std::move(excluded.state)};
        const bool below = is_folder && !after.include.positions.empty();
        if (!excluded.matched.empty() || (!after.included && !below)) {
            decision.verdict = Verdict::left_out;
            return decision;
        }
        decision.state.included = decision.state.included && after.included;
        decision.state.layers.push_back(std::move(after));
    }
    decision.verdict = decision.state.included ? Verdict::item : Verdict::passage;
    return decision;
}

bool Filter::may_leave_out_in(const State& folder) const {
    if (!folder.included) return true;
    for (std::size_t at = 0; at < layers_.size(); ++at) {
        if (layers_[at]->exclude.could_match_in(folder.layers[at].exclude)) return true;
    }
    return false;
}

}  // namespace rehearse::files
