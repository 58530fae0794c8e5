// Hiding passwords in libpq's two forms of connection string.
#include "orchestrator/base/secret.h"

#include <cctype>
#include <string_view>

namespace rehearse {

namespace {

/// The value that starts at `at` in key=value form: quoted with ' and backslashes, or up to white space.
std::size_t end_of_value(std::string_view text, std::size_t at) {
    if (at < text.size() && text[at] == '\'') {
        for (++at; at < text.size(); ++at) {
            if (text[at] == '\\') {
                ++at;
            } else if (text[at] == '\'') {
                return at + 1;
            }
        }
        return text.size();
    }
    while (at < text.size() && std::isspace(static_cast<unsigned char>(text[at])) == 0) {
        at += text[at] == '\\' ? 2 : 1;
    }
    return at < text.size() ? at : text.size();
}

std::string hide_in_uri(std::string text) {
    const std::size_t authority = text.find("://") + 3;
    const std::size_t end = text.find_first_of("/?", authority);
    // The last @ of the authority ends the user part: a password may hold a raw @.
    const std::size_t at = text.rfind('@', end == std::string::npos ? std::string::npos : end);
    if (at != std::string::npos && at > authority) {
        const std::size_t colon = text.find(':', authority);
        if (colon != std::string::npos && colon < at) text.replace(colon + 1, at - colon - 1, "***");
    }
    for (std::size_t found = text.find("password="); found != std::string::npos;
         found = text.find("password=", found + 9)) {
        const std::size_t stop = text.find('&', found);
        text.replace(found + 9, stop == std::string::npos ? std::string::npos : stop - found - 9, "***");
    }
    return text;
}

}  // namespace

std::string without_password(const std::string& connection) {
    if (connection.starts_with("postgres://") || connection.starts_with("postgresql://")) {
        return hide_in_uri(connection);
    }
    std::string out;
    std::size_t at = 0;
    while (at < connection.size()) {
        const std::size_t equals = connection.find('=', at);
        if (equals == std::string::npos) return out + connection.substr(at);
        std::string key = connection.substr(at, equals - at);
        std::size_t value = equals + 1;
        while (value < connection.size() && std::isspace(static_cast<unsigned char>(connection[value])) != 0)
            ++value;
        const std::size_t stop = end_of_value(connection, value);
        out += key + "=";
        std::erase_if(key, [](unsigned char c) { return std::isspace(c) != 0; });
        const bool hidden = key == "password" || key == "sslpassword";
        out += hidden ? "***" : connection.substr(value, stop - value);
        at = stop;
        while (at < connection.size() && std::isspace(static_cast<unsigned char>(connection[at])) != 0) {
            out += connection[at++];
        }
    }
    return out;
}

}  // namespace rehearse
