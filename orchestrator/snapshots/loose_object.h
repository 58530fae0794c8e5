// Loose objects, one file each: read where other git programs left them, written for the one commit that a
// moved branch asks for again.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "orchestrator/snapshots/codec.h"

namespace rehearse {

/// None where there is none, or where it is damaged, which `why` then says; its bytes are not hashed here.
/// Fails: refused (rights), transient (too many open files).
[[nodiscard]] std::optional<Object> read_loose_object(const std::filesystem::path& repository,
                                                      const ObjectId& id, Codec& codec, std::string& why);

/// Durable when it returns. Fails: permanent (disk full), refused (rights).
ObjectId write_loose_object(const std::filesystem::path& repository, ObjectType type,
                            std::string_view content);

}  // namespace rehearse
