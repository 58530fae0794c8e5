// Looking at a resource outside a drill, before anything is done to it: whatever goes wrong there refuses.
// One way for enrolling, snapshots on demand and the emergency restore.
#pragma once

#include <string>
#include <utility>

#include "orchestrator/base/failure.h"
#include "orchestrator/base/ids.h"

namespace rehearse {

/// Runs `look`, which reads only. Fails: refused, naming the resource, where it can't be read; invalid_input
/// stays what it is.
template <class Look>
auto look_first(const std::string& operation, const ResourceName& name, Look look) {
    try {
        return look();
    } catch (const Failure& failure) {
        if (failure.kind() == FailureKind::invalid_input) throw;
        FailureFields why = failure.fields();
        const std::string remedy = std::exchange(why.remedy, {});
        throw Failure({.kind = FailureKind::refused,
                       .operation = operation,
                       .object = name.text(),
                       .message = "it can't be read: " + std::string(Failure(why).what()),
                       .remedy = remedy.empty() ? "run 'rehearse doctor'" : remedy});
    }
}

}  // namespace rehearse
