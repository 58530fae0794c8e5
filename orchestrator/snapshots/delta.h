// git's deltas, which this store never writes and packs of other git programs are full of.
#pragma once

#include <string>
#include <string_view>

namespace rehearse {

/// Builds the object that `delta` makes of `base`. False where the delta is damaged or not of this base; no
/// byte outside both is ever read.
[[nodiscard]] bool apply_delta(std::string_view base, std::string_view delta, std::string& out);

}  // namespace rehearse
