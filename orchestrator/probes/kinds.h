// The four kinds of probe, and what they share: stamps, costs, words. Inside this folder only.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "orchestrator/probes/probe.h"

namespace rehearse::probes {

[[nodiscard]] std::unique_ptr<Probe> make_http(const ProbeSpec& spec, const Clock& clock);
[[nodiscard]] std::unique_ptr<Probe> make_tcp(const ProbeSpec& spec, const Clock& clock);
[[nodiscard]] std::unique_ptr<Probe> make_sql(const ProbeSpec& spec, const Clock& clock, QueryFunction query);
[[nodiscard]] std::unique_ptr<Probe> make_command(const ProbeSpec& spec, const Clock& clock);

/// Judges one value by `equals`, `contains`, `at_least` and `at_most`. Empty: it holds; else what does not.
[[nodiscard]] std::string difference(const ProbeSpec& spec, std::string_view value);
/// At most 80 bytes of it, on one line, control bytes as '?'.
[[nodiscard]] std::string shortened(std::string_view text);
/// "0.4 ms", "1.250 s": short enough for a detail.
[[nodiscard]] std::string in_milliseconds(Duration duration);
/// CPU time that this thread has used.
[[nodiscard]] Duration thread_cpu();
/// errno's words in lower case: "connection refused".
[[nodiscard]] std::string words_of(int error);

/// Keeps a new connection to a port of this machine from getting that very port as its own, which Linux
/// does for ports in the ephemeral range: such a socket is connected to itself, answers like a server, and
/// holds the port against the real one. The kernel's range, made narrower so that `port` is outside; 0:
/// nothing to do.
[[nodiscard]] std::uint32_t port_range_without(std::uint16_t port);
void keep_off_port(int socket, std::uint32_t range);

}  // namespace rehearse::probes
