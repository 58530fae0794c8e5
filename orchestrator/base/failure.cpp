// Failure: builds the one-line text once, so that what() never allocates.
#include "orchestrator/base/failure.h"

#include <cerrno>
#include <cstring>
#include <utility>

namespace rehearse {

std::string_view to_string(FailureKind kind) {
    switch (kind) {
        case FailureKind::transient:
            return "transient";
        case FailureKind::permanent:
            return "permanent";
        case FailureKind::refused:
            return "refused";
        case FailureKind::cancelled:
            return "cancelled";
        case FailureKind::invalid_input:
            return "invalid_input";
        case FailureKind::unknown_outcome:
            return "unknown_outcome";
    }
    return "permanent";
}

Failure::Failure(FailureFields fields) : fields_(std::move(fields)) {
    text_ = fields_.operation;
    if (!fields_.object.empty()) text_ += (text_.empty() ? "" : " ") + fields_.object;
    if (!text_.empty()) text_ += ": ";
    text_ += fields_.message;
    if (!fields_.native_code.empty()) text_ += " (" + fields_.native_code + ")";
    if (!fields_.remedy.empty()) text_ += "; " + fields_.remedy;
}

Failure failure_from_errno(int error, std::string operation, std::string object, std::string remedy) {
    FailureKind kind = FailureKind::permanent;
    switch (error) {
        case EINTR:
        case EAGAIN:
        case EBUSY:
        case ENFILE:
        case EMFILE:
            kind = FailureKind::transient;
            break;
        case EACCES:
        case EPERM:
        case EROFS:
            kind = FailureKind::refused;
            break;
        default:
            break;
    }
    const char* name = strerrorname_np(error);
    return Failure({.kind = kind,
                    .operation = std::move(operation),
                    .object = std::move(object),
                    .native_code = name != nullptr ? name : std::to_string(error),
                    .message = strerrordesc_np(error) != nullptr ? strerrordesc_np(error) : "unknown error",
                    .remedy = std::move(remedy)});
}

}  // namespace rehearse
