// Connection strings: libpq's two forms taken apart, so that the database can be exchanged and the password
// kept away from command lines.
#pragma once

#include <map>
#include <string>

#include "orchestrator/base/secret.h"

namespace rehearse::postgresql {

class ConnectionString {
  public:
    /// `key` names the option it came from. Fails: invalid_input with libpq's reason.
    ConnectionString(const std::string& text, const std::string& key);

    [[nodiscard]] std::string get(const std::string& parameter) const;
    [[nodiscard]] const std::string& key() const noexcept { return key_; }
    [[nodiscard]] std::string database() const { return get("dbname"); }
    [[nodiscard]] std::string user() const { return get("user"); }
    [[nodiscard]] ConnectionString with_database(const std::string& name) const;
    [[nodiscard]] ConnectionString with(const std::string& parameter, const std::string& value) const;

    /// Every parameter but the password, for libpq calls and command lines.
    [[nodiscard]] const std::map<std::string, std::string>& parameters() const noexcept {
        return parameters_;
    }
    [[nodiscard]] const Secret& password() const noexcept { return password_; }
    /// key=value form without the password: what a command line may show.
    [[nodiscard]] std::string without_password() const;
    /// For messages: "orders on 127.0.0.1:5433 as shop".
    [[nodiscard]] std::string describe() const;

  private:
    std::string key_;
    std::map<std::string, std::string> parameters_;
    Secret password_;
};

}  // namespace rehearse::postgresql
