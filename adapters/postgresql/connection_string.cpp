// Parsing by libpq itself, so that URIs and key=value strings mean what they mean elsewhere.
#include "adapters/postgresql/connection_string.h"

#include <libpq-fe.h>

#include "orchestrator/base/failure.h"
#include "orchestrator/base/handle.h"

namespace rehearse::postgresql {

namespace {

std::string quoted_value(const std::string& value) {
    std::string out = "'";
    for (const char c : value) {
        if (c == '\'' || c == '\\') out += '\\';
        out += c;
    }
    return out + "'";
}

}  // namespace

ConnectionString::ConnectionString(const std::string& text, const std::string& key) : key_(key) {
    char* problem = nullptr;
    const Handle<PQconninfoOption, PQconninfoFree> options(PQconninfoParse(text.c_str(), &problem));
    const Handle<char, PQfreemem> message(problem);
    if (!options) {
        // libpq's message may repeat a part of the string, and with it a password.
        std::string reason = problem != nullptr ? problem : "out of memory";
        while (!reason.empty() && reason.back() == '\n') reason.pop_back();
        if (text.find("password") != std::string::npos || text.find('@') != std::string::npos) {
            reason = "libpq cannot read it (not shown: it may hold a password)";
        }
        throw Failure({.kind = FailureKind::invalid_input,
                       .operation = "read option",
                       .object = key,
                       .message = reason,
                       .remedy = "write it as \"host=127.0.0.1 port=5432 user=shop dbname=orders\""});
    }
    for (const PQconninfoOption* option = options.get(); option->keyword != nullptr; ++option) {
        if (option->val == nullptr) continue;
        const std::string keyword = option->keyword;
        if (keyword == "password") {
            password_ = Secret(option->val);
        } else if (keyword == "sslpassword") {
            throw Failure({.kind = FailureKind::invalid_input,
                           .operation = "read option",
                           .object = key,
                           .message = "sslpassword cannot be handed to pg_dump without showing it",
                           .remedy = "use a client key without a passphrase, readable by this user only"});
        } else {
            parameters_[keyword] = option->val;
        }
    }
}

std::string ConnectionString::get(const std::string& parameter) const {
    const auto found = parameters_.find(parameter);
    return found == parameters_.end() ? std::string() : found->second;
}

ConnectionString ConnectionString::with(const std::string& parameter, const std::string& value) const {
    ConnectionString copy = *this;
    copy.parameters_[parameter] = value;
    return copy;
}

ConnectionString ConnectionString::with_database(const std::string& name) const {
    return with("dbname", name);
}

std::string ConnectionString::without_password() const {
    std::string out;
    for (const auto& [keyword, value] : parameters_) {
        out += (out.empty() ? "" : " ") + keyword + "=" + quoted_value(value);
    }
    return out;
}

std::string ConnectionString::describe() const {
    const std::string host = get("host").empty() ? get("hostaddr") : get("host");
    std::string out = database().empty() ? "server" : database();
    if (!host.empty()) out += " on " + host;
    if (!get("port").empty()) out += (host.empty() ? " on port " : ":") + get("port");
    if (!user().empty()) out += " as " + user();
    return out;
}

}  // namespace rehearse::postgresql
