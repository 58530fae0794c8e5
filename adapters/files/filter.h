// Which names below the root belong to the resource: include, exclude, and the names that are never items.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/files/selector.h"

namespace rehearse::files {

/// Names that begin like this are markers: never items, wherever they stand.
inline constexpr std::string_view marker_prefix = ".rehearse-marker.";
/// Names of files that a restore has not put in place yet: this and 32 hex digits. Never items; a restore
/// removes those that a killed one left behind.
inline constexpr std::string_view temporary_prefix = ".rehearse-temp.";
[[nodiscard]] bool is_temporary_name(std::string_view name);

/// include and exclude of one resource. More than one filter can be laid over each other: what any leaves out
/// is left out.
class Filter {
  public:
    /// Where a walk stands. One per folder.
    struct State {
        bool included = true;  // the folder itself belongs to the resource
        struct Layer {
            bool included = true;
            Selector::State include{};
            Selector::State exclude{};
        };
        std::vector<Layer> layers{};
    };
    enum class Verdict {
        item,      // belongs to the resource
        passage,   // a folder that does not, but something below it may
        left_out,  // never touched
    };
    struct Decision {
        Verdict verdict = Verdict::item;
        State state{};  // for what is below
    };

    /// Fails: invalid_input as Selector does.
    void add(const std::vector<std::string>& include, const std::vector<std::string>& exclude);

    [[nodiscard]] State start() const;
    [[nodiscard]] Decision decide(const State& folder, std::string_view name, std::string_view shown_name,
                                  bool is_folder) const;
    /// Whether something directly in this folder could be left out: then the folder's own mtime says nothing.
    [[nodiscard]] bool may_leave_out_in(const State& folder) const;

  private:
    struct Layer {
        Selector include;
        Selector exclude;
    };
    std::vector<std::shared_ptr<const Layer>> layers_;
};

}  // namespace rehearse::files
