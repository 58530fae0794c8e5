// Freeze windows: spans of wall time in which nothing may be destroyed. Pure.
#pragma once

#include <optional>
#include <span>
#include <string>

#include "orchestrator/model/playbook.h"

namespace rehearse {

/// The window that holds at `now`, in a sentence with when it ends; none where nothing is frozen. Of several
/// the one that ends last. A window begins with the first and ends with the last showing of its local times,
/// so that a clock set back never opens it early; the day of one that crosses midnight is the day it begins
/// on. Fails: invalid_input for a window or a zone that can't be read, naming where it stands: never taken
/// for open.
[[nodiscard]] std::optional<std::string> frozen_by(std::span<const FreezeWindow> windows, WallTime now);

}  // namespace rehearse
