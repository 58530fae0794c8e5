// Reading allowed_signers line by line.
#include "orchestrator/guard/allowed_signers.h"

#include <algorithm>
#include <cctype>
#include <ctime>

#include "orchestrator/base/failure.h"
#include "orchestrator/guard/ssh_key.h"
#include "orchestrator/guard/ssh_wire.h"

namespace rehearse {

namespace {

struct Place {
    const std::string& file;
    int line;
};

[[noreturn]] void wrong(const Place& place, const std::string& message, const std::string& remedy) {
    throw Failure({.kind = FailureKind::invalid_input,
                   .operation = {},
                   .object = place.file + ":" + std::to_string(place.line),
                   .native_code = {},
                   .message = message,
                   .remedy = remedy});
}

/// Takes one field: up to white space, where quotes keep white space together.
std::string_view take_field(std::string_view& rest) {
    const auto is_space = [](char c) { return c == ' ' || c == '\t'; };
    while (!rest.empty() && is_space(rest.front())) rest.remove_prefix(1);
    bool quoted = false;
    std::size_t size = 0;
    for (; size < rest.size() && (quoted || !is_space(rest[size])); ++size) {
        if (rest[size] == '"') quoted = !quoted;
    }
    const std::string_view field = rest.substr(0, size);
    rest.remove_prefix(size);
    return field;
}

/// YYYYMMDD or YYYYMMDDHHMM[SS], with a Z for UTC.
WallTime instant(const Place& place, std::string_view text) {
    const bool utc = text.ends_with('Z') || text.ends_with('z');
    if (utc) text.remove_suffix(1);
    const bool digits = std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
    if (!digits || (text.size() != 8 && text.size() != 12 && text.size() != 14))
        wrong(place, "a time is YYYYMMDD or YYYYMMDDHHMM[SS], with a Z for UTC", "write 20270101Z");
    const auto part = [&](std::size_t from, std::size_t size) {
        return from + size <= text.size() ? std::stoi(std::string(text.substr(from, size))) : 0;
    };
    std::tm time{};
    time.tm_year = part(0, 4) - 1900;
    time.tm_mon = part(4, 2) - 1;
    time.tm_mday = part(6, 2);
    time.tm_hour = part(8, 2);
    time.tm_min = part(10, 2);
    time.tm_sec = part(12, 2);
    time.tm_isdst = -1;
    const std::tm written = time;
    const auto written_at = wall_time_from(std::chrono::seconds(utc ? ::timegm(&time) : ::mktime(&time)));
    // The 31st of February would silently become a day in March.
    if (!written_at || *written_at < WallTime{} || time.tm_mon != written.tm_mon ||
        time.tm_mday != written.tm_mday)
        wrong(place, "there is no such time", "write YYYYMMDDHHMMSSZ");
    return *written_at;
}

std::string lower(std::string_view text) {
    std::string out(text);
    for (char& c : out) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    return out;
}

void read_option(const Place& place, std::string_view option, AllowedSigner& signer) {
    const std::size_t equals = option.find('=');
    const std::string name = lower(option.substr(0, equals));
    if (name == "cert-authority") {
        wrong(place, "certificates don't count as approvals: cert-authority is not supported",
              "list each person's own key");
    }
    std::string_view value = equals == std::string_view::npos ? "" : option.substr(equals + 1);
    const bool quoted = value.size() >= 2 && value.front() == '"' && value.back() == '"';
    if (quoted) value = value.substr(1, value.size() - 2);
    if (!quoted || value.empty() || value.find('"') != std::string_view::npos)
        wrong(place, "the option '" + name + "' wants a value in quotes", "write " + name + "=\"...\"");
    if (name == "namespaces" && !signer.name_spaces) {
        signer.name_spaces = std::string(value);
    } else if (name == "valid-after" && !signer.valid_after) {
        signer.valid_after = instant(place, value);
    } else if (name == "valid-before" && !signer.valid_before) {
        signer.valid_before = instant(place, value);
    } else {
        wrong(place, "there is no option '" + name + "', or it stands twice",
              "the options are namespaces, valid-after, valid-before, each once");
    }
}

void read_options(const Place& place, std::string_view options, AllowedSigner& signer) {
    bool quoted = false;
    std::size_t begin = 0;
    for (std::size_t i = 0; i <= options.size(); ++i) {
        if (i < options.size() && options[i] == '"') quoted = !quoted;
        if (i < options.size() && (quoted || options[i] != ',')) continue;
        read_option(place, options.substr(begin, i - begin), signer);
        begin = i + 1;
    }
    if (signer.valid_after && signer.valid_before && *signer.valid_after >= *signer.valid_before)
        wrong(place, "valid-after is not before valid-before", "swap them");
}

bool is_key_type(std::string_view field) {
    return field.starts_with("ssh-") || field.starts_with("ecdsa-sha2-") || field.starts_with("sk-");
}

AllowedSigner read_line(const Place& place, std::string_view line) {
    AllowedSigner signer{.line = place.line};
    std::string_view principals = take_field(line);
    if (principals.size() >= 2 && principals.front() == '"' && principals.back() == '"')
        principals = principals.substr(1, principals.size() - 2);
    signer.principals = std::string(principals);
    std::string_view type = take_field(line);
    if (!type.empty() && !is_key_type(type)) {
        read_options(place, type, signer);
        type = take_field(line);
    }
    const std::string_view key = take_field(line);
    if (signer.principals.empty() || signer.principals.find('"') != std::string::npos || key.empty()) {
        wrong(place, "a line has principals, options where there are any, the key's kind and the key",
              "see ssh-keygen(1), ALLOWED SIGNERS");
    }
    try {
        signer.key = from_base64(key);
        if (SshReader(signer.key).text() != type) malformed("it is of another kind than the line says");
        require_usable_key(signer.key);
    } catch (const Failure& failure) {
        wrong(place, "this key can't be used: " + failure.fields().message, "mend or remove the line");
    }
    return signer;
}

}  // namespace

bool matches_pattern(std::string_view text, std::string_view pattern) {
    // Greedy with one step back to the last star: linear for the patterns that people write.
    std::size_t at = 0, star = std::string_view::npos, mark = 0, i = 0;
    while (i < text.size()) {
        if (at < pattern.size() && pattern[at] == '*') {
            star = at++;
            mark = i;
        } else if (at < pattern.size() && (pattern[at] == '?' || pattern[at] == text[i])) {
            ++at;
            ++i;
        } else if (star != std::string_view::npos) {
            at = star + 1;
            i = ++mark;
        } else {
            return false;
        }
    }
    while (at < pattern.size() && pattern[at] == '*') ++at;
    return at == pattern.size();
}

bool matches_patterns(std::string_view text, std::string_view patterns) {
    bool matched = false;
    while (!patterns.empty()) {
        const std::size_t comma = std::min(patterns.find(','), patterns.size());
        std::string_view pattern = patterns.substr(0, comma);
        patterns.remove_prefix(std::min(comma + 1, patterns.size()));
        const bool negated = pattern.starts_with('!');
        if (negated) pattern.remove_prefix(1);
        if (!matches_pattern(text, pattern)) continue;
        if (negated) return false;
        matched = true;
    }
    return matched;
}

bool AllowedSigner::names(std::string_view principal) const {
    return matches_patterns(principal, principals);
}

std::optional<std::string> AllowedSigner::problem(std::string_view name_space, WallTime now) const {
    if (name_spaces && !matches_patterns(name_space, *name_spaces))
        return "the key is not allowed for the namespace " + std::string(name_space);
    if (valid_after && now < *valid_after) return "the key is valid only after " + to_rfc3339(*valid_after);
    if (valid_before && now >= *valid_before)
        return "the key was valid only before " + to_rfc3339(*valid_before);
    return std::nullopt;
}

std::vector<AllowedSigner> read_allowed_signers(std::string_view text, const std::string& file) {
    std::vector<AllowedSigner> signers;
    int number = 0;
    while (!text.empty()) {
        const std::size_t size = std::min(text.find('\n'), text.size());
        std::string_view line = text.substr(0, size);
        text.remove_prefix(std::min(size + 1, text.size()));
        ++number;
        if (line.ends_with('\r')) line.remove_suffix(1);
        const std::size_t begin = line.find_first_not_of(" \t");
        if (begin == std::string_view::npos || line[begin] == '#') continue;
        signers.push_back(read_line({file, number}, line.substr(begin)));
    }
    return signers;
}

}  // namespace rehearse
