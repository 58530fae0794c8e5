// What one scalar may be: names, durations, shares, times of day, zones. Each check gives a complaint in
// words, or none.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace rehearse {

/// Continues a sentence that begins with the key's name: "is 10, without a unit".
struct Complaint {
    std::string message;
    std::string remedy;
};
using MaybeComplaint = std::optional<Complaint>;

/// At most 60 bytes of it, on one line, for messages.
[[nodiscard]] std::string shortened(std::string_view text);

/// Environments become git branches and resources become names in a git tree, so what git refuses is no name.
[[nodiscard]] MaybeComplaint check_name(std::string_view text);
[[nodiscard]] MaybeComplaint check_duration(std::string_view text);
/// `quoted`: written in quotes, which makes it a text.
[[nodiscard]] MaybeComplaint check_integer(std::string_view text, bool quoted, std::int64_t minimum,
                                           std::int64_t maximum);
[[nodiscard]] MaybeComplaint check_boolean(std::string_view text, bool quoted);
[[nodiscard]] MaybeComplaint check_share(std::string_view text);
[[nodiscard]] MaybeComplaint check_url(std::string_view text);
[[nodiscard]] MaybeComplaint check_path(std::string_view text);
/// "HH:MM" from 00:00 to `latest`.
[[nodiscard]] MaybeComplaint check_time_of_day(std::string_view text, std::string_view latest);
/// RFC 3339.
[[nodiscard]] MaybeComplaint check_instant(std::string_view text);
/// A name of the IANA database that this machine has.
[[nodiscard]] MaybeComplaint check_timezone(std::string_view text);
/// The five fields of a schedule.
[[nodiscard]] MaybeComplaint check_cron(std::string_view text);

/// Thousandths of a share that check_share accepts: "12.5%" is 125.
[[nodiscard]] std::uint64_t permille(std::string_view share);

}  // namespace rehearse
