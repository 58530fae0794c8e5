// Which versions took part: recorded with every drill.
#pragma once

#include <string>

#include "orchestrator/base/json.h"

namespace rehearse {

[[nodiscard]] std::string program_version();
/// This program, the libraries it runs with, and the kernel.
[[nodiscard]] json::object versions();

}  // namespace rehearse
