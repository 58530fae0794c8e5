// Strong ids: a DrillId is never taken for a SnapshotId. Explicit both ways.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <ostream>
#include <string>
#include <utility>

namespace rehearse {

template <class Tag>
class StrongText {
  public:
    StrongText() = default;
    explicit StrongText(std::string text) : text_(std::move(text)) {}

    [[nodiscard]] const std::string& text() const noexcept { return text_; }
    [[nodiscard]] bool empty() const noexcept { return text_.empty(); }
    auto operator<=>(const StrongText&) const = default;
    friend std::ostream& operator<<(std::ostream& out, const StrongText& id) { return out << id.text_; }

  private:
    std::string text_;
};

using EnvironmentName = StrongText<struct EnvironmentNameTag>;
using ResourceName = StrongText<struct ResourceNameTag>;
using PlaybookName = StrongText<struct PlaybookNameTag>;
using DrillId = StrongText<struct DrillIdTag>;        // sortable by time: 20261123T214500Z-6 hex digits
using SnapshotId = StrongText<struct SnapshotIdTag>;  // git commit id, 40 hex digits
using TreeId = StrongText<struct TreeIdTag>;          // git tree id, 40 hex digits
using BlobId = StrongText<struct BlobIdTag>;          // git blob id, 40 hex digits
using PlanHash = StrongText<struct PlanHashTag>;      // "sha256:" + 64 hex digits

/// Counts the owners that an environment's lease has had; grows by one with each. Shown to every provider
/// call.
using Epoch = std::uint64_t;

}  // namespace rehearse

template <class Tag>
struct std::hash<rehearse::StrongText<Tag>> {
    std::size_t operator()(const rehearse::StrongText<Tag>& id) const noexcept {
        return std::hash<std::string>{}(id.text());
    }
};
