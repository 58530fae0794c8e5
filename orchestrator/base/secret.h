// A value that prints as *** wherever it goes.
#pragma once

#include <ostream>
#include <string>
#include <utility>

namespace rehearse {

class Secret {
  public:
    Secret() = default;
    explicit Secret(std::string value) : value_(std::move(value)) {}

    /// The value itself, for the call that needs it. Never store the result.
    [[nodiscard]] const std::string& reveal() const noexcept { return value_; }
    [[nodiscard]] bool empty() const noexcept { return value_.empty(); }
    friend std::ostream& operator<<(std::ostream& out, const Secret&) { return out << "***"; }

  private:
    std::string value_;
};

/// A libpq connection string or URI with its password replaced by ***; anything else comes back as it is.
[[nodiscard]] std::string without_password(const std::string& connection);

}  // namespace rehearse
