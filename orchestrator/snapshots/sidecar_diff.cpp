// Both sides are sorted by name, so one pass merges them; only lines that differ are parsed.
#include "orchestrator/snapshots/sidecar_diff.h"

#include <optional>

#include "orchestrator/base/failure.h"
#include "orchestrator/base/json.h"

namespace rehearse {
namespace {

class Lines {
  public:
    Lines(const ObjectDatabase& database, const SidecarBlobs& blobs) : database_(database), blobs_(blobs) {
        next();
    }
    [[nodiscard]] bool ended() const { return !line_; }
    [[nodiscard]] std::string_view line() const { return *line_; }

    void next() {
        name_.clear();
        while (rest_.empty() && part_ < blobs_.size()) {
            text_ = database_.read(blobs_[part_++], ObjectType::blob).content;
            rest_ = text_;
        }
        if (rest_.empty()) {
            line_.reset();
            return;
        }
        const std::size_t end = std::min(rest_.find('\n'), rest_.size());
        line_ = rest_.substr(0, end);
        rest_.remove_prefix(std::min(end + 1, rest_.size()));
    }

    /// Fails: invalid_input where the line is no object with a name.
    [[nodiscard]] const std::string& name() {
        if (name_.empty()) {
            value_ = parse_json(*line_, "sidecar");
            if (!value_.is_object()) value_ = json::object();
            name_ = text_at(value_.get_object(), "name", "sidecar");
        }
        return name_;
    }
    [[nodiscard]] const json::object& object() const { return value_.get_object(); }

  private:
    const ObjectDatabase& database_;
    const SidecarBlobs& blobs_;
    std::size_t part_ = 0;
    std::string text_;
    std::string_view rest_;
    std::optional<std::string_view> line_;
    std::string name_;
    json::value value_;
};

bool is_another_thing(const json::object& before, const json::object& after) {
    for (const char* key : {"type", "target"}) {
        const json::value* a = before.if_contains(key);
        const json::value* b = after.if_contains(key);
        if ((a == nullptr) != (b == nullptr) || (a != nullptr && *a != *b)) return true;
    }
    return false;
}

}  // namespace

bool compare_sidecars(const ObjectDatabase& database, const SidecarBlobs& before_blobs,
                      const SidecarBlobs& after_blobs,
                      const std::function<void(const SidecarChange&)>& call) {
    using Sides = SidecarChange::Sides;
    Lines before(database, before_blobs);
    Lines after(database, after_blobs);
    try {
        while (!before.ended() || !after.ended()) {
            if (!before.ended() && !after.ended() && before.line() == after.line()) {
                before.next();
                after.next();
            } else if (after.ended() || (!before.ended() && before.name() < after.name())) {
                call({.name = before.name(), .sides = Sides::before_only, .another_thing = false});
                before.next();
            } else if (before.ended() || after.name() < before.name()) {
                call({.name = after.name(), .sides = Sides::after_only, .another_thing = false});
                after.next();
            } else {
                call({.name = before.name(),
                      .sides = Sides::both,
                      .another_thing = is_another_thing(before.object(), after.object())});
                before.next();
                after.next();
            }
        }
    } catch (const Failure& failure) {
        if (failure.kind() != FailureKind::invalid_input) throw;
        return false;
    }
    return true;
}

}  // namespace rehearse
