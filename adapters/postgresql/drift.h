// Whether somebody wrote into a database since it was captured: what the snapshot keeps for that, and the
// look at it.
#pragma once

#include <string>
#include <vector>

#include "adapters/postgresql/capture.h"
#include "adapters/postgresql/database_settings.h"
#include "adapters/postgresql/settings.h"
#include "adapters/postgresql/view.h"

namespace rehearse::postgresql {

/// A capture as a later look knows it again: part of CaptureReport::uncompared, under "fingerprint".
struct Captured {
    const View& view;
    const std::vector<Table>& tables;
    const ContentCount& content;
    const Schema& live;
    const DatabaseSettings& database;
};
[[nodiscard]] json::object fingerprint_of(const Captured& captured);

/// The look that found nothing last: until a transaction of the cluster ends, the next one finds nothing
/// either.
struct QuietLook {
    std::string captured{};      // which fingerprint it was about
    std::string transactions{};  // View::transactions
};

/// What changed since the capture that reported `uncompared`, or who is about to change it; empty: nothing.
/// Reads only. A look that reads every row costs about a third of the capture. Decision 0011.
[[nodiscard]] std::string drift(const Settings& settings, const Clock& clock, const json::object& uncompared,
                                QuietLook& quiet);

}  // namespace rehearse::postgresql
