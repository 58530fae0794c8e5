// make_probe, and what the kinds of probe share.
#include "orchestrator/probes/probe.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <time.h>

#include <cctype>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <optional>
#include <utility>

#include "orchestrator/base/failure.h"
#include "orchestrator/base/file.h"
#include "orchestrator/probes/kinds.h"

namespace rehearse {

std::unique_ptr<Probe> make_probe(const ProbeSpec& spec, const Clock& clock, QueryFunction query) {
    switch (spec.kind) {
        case ProbeKind::http:
            return probes::make_http(spec, clock);
        case ProbeKind::tcp:
            return probes::make_tcp(spec, clock);
        case ProbeKind::sql:
            return probes::make_sql(spec, clock, std::move(query));
        case ProbeKind::command:
            return probes::make_command(spec, clock);
    }
    throw Failure({.kind = FailureKind::invalid_input,
                   .operation = "probe",
                   .object = spec.name,
                   .message = "its kind is unknown",
                   .remedy = "use http, tcp, sql or command"});
}

namespace probes {

namespace {

// A number as SQL writes it. Whole numbers exactly; others as long double (64 bits of mantissa).
std::optional<long double> number_from(std::string_view value_text) {
    while (!value_text.empty() && value_text.back() == ' ') value_text.remove_suffix(1);
    while (!value_text.empty() && value_text.front() == ' ') value_text.remove_prefix(1);
    // A copy, since it ends in a NUL: behind a text that begins like "nan", libstdc++ 12 looks for one.
    const std::string text(value_text);
    long double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (text.empty() || error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return value;
}

}  // namespace

std::string difference(const ProbeSpec& spec, std::string_view value) {
    const std::string shown = "value '" + shortened(value) + "'";
    if (spec.equals && value != *spec.equals) return shown + ", expected '" + shortened(*spec.equals) + "'";
    if (spec.contains && value.find(*spec.contains) == std::string_view::npos) {
        return shown + ", expected to contain '" + shortened(*spec.contains) + "'";
    }
    if (!spec.at_least && !spec.at_most) return {};
    const auto number = number_from(value);
    // A NaN is on neither side of anything: it fails both.
    if (spec.at_least && !(number && *number >= static_cast<long double>(*spec.at_least))) {
        return shown + (number ? "" : " is not a number") + ", expected at least " +
               std::to_string(*spec.at_least);
    }
    if (spec.at_most && !(number && *number <= static_cast<long double>(*spec.at_most))) {
        return shown + (number ? "" : " is not a number") + ", expected at most " +
               std::to_string(*spec.at_most);
    }
    return {};
}

std::string shortened(std::string_view text) {
    constexpr std::size_t most = 80;
    std::string out;
    for (const char c : text.substr(0, most))
        out += std::iscntrl(static_cast<unsigned char>(c)) != 0 ? '?' : c;
    if (text.size() > most) {
        while (!out.empty() && (static_cast<unsigned char>(out.back()) & 0xC0U) == 0x80U) out.pop_back();
        if (!out.empty() && static_cast<unsigned char>(out.back()) >= 0xC0U) out.pop_back();
        out += "...";
    }
    return out;
}

std::string in_milliseconds(Duration duration) {
    using namespace std::chrono_literals;
    char text[48];
    const auto nanoseconds = static_cast<double>(duration.count());
    if (duration < 1s) {
        std::snprintf(text, sizeof text, "%.1f ms", nanoseconds / 1e6);
    } else {
        std::snprintf(text, sizeof text, "%.3f s", nanoseconds / 1e9);
    }
    return text;
}

Duration thread_cpu() {
    timespec time{};
    // check: allow clock: CPU used, not an instant; no decision on time rests on it
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

std::string words_of(int error) {
    const char* known = strerrordesc_np(error);
    std::string words = known != nullptr ? known : "error " + std::to_string(error);
    words[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(words[0])));
    return words;
}

std::uint32_t port_range_without(std::uint16_t port) {
    std::string text;
    try {
        text = read_file("/proc/sys/net/ipv4/ip_local_port_range", 64);
    } catch (const Failure&) {
        return 0;
    }
    unsigned low = 0;
    unsigned high = 0;
    if (std::sscanf(text.c_str(), "%u %u", &low, &high) != 2 || port < low || port > high) return 0;
    // The larger side; a side of one port or none is no range.
    if (port - low > high - port) return port - 1U > low ? ((port - 1U) << 16U | low) : 0;
    return port + 1U < high ? (high << 16U | (port + 1U)) : 0;
}

void keep_off_port(int socket, std::uint32_t range) {
#ifdef IP_LOCAL_PORT_RANGE
    constexpr int option = IP_LOCAL_PORT_RANGE;
#else
    constexpr int option =
        51;  // Linux 6.3; an older kernel says no, and self-connections are then only noticed
#endif
    if (range != 0) ::setsockopt(socket, IPPROTO_IP, option, &range, sizeof range);
}

}  // namespace probes

}  // namespace rehearse
