// One consistent instant of the database, held open: a transaction whose snapshot other connections share.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "adapters/postgresql/catalog.h"
#include "adapters/postgresql/connection.h"
#include "orchestrator/base/clock.h"

namespace rehearse::postgresql {

struct View {
    std::unique_ptr<Connection> connection{};  // its transaction stays open as long as the view lives
    std::string snapshot{};
    std::string
        transactions{};  // whose effects it sees: "xmin:xmax:xip,xip", as txid_current_snapshot() says
    WallTime at{};
    std::vector<Sequence> sequences{};  // read here: their positions follow no transaction
};

[[nodiscard]] View open_view(const ConnectionString& where, const Clock& clock, const std::string& operation);
/// A connection that sees what the view sees.
[[nodiscard]] std::unique_ptr<Connection> join_view(const View& view, const ConnectionString& where,
                                                    const std::string& operation);

}  // namespace rehearse::postgresql
