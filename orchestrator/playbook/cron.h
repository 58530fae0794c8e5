// The five fields of a schedule, checked where they are written.
#pragma once

#include <string_view>

#include "orchestrator/playbook/values.h"

namespace rehearse {

/// Five fields: numbers, names of months and days, ranges, steps and lists, within their bounds.
[[nodiscard]] MaybeComplaint check_cron(std::string_view text);

}  // namespace rehearse
