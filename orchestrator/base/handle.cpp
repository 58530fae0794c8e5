// FileDescriptor: the only place that calls close() for an owned descriptor.
#include "orchestrator/base/handle.h"

#include <unistd.h>

namespace rehearse {

FileDescriptor& FileDescriptor::operator=(FileDescriptor&& other) noexcept {
    if (this != &other) {
        reset();
        number_ = other.release();
    }
    return *this;
}

FileDescriptor::~FileDescriptor() { reset(); }

void FileDescriptor::reset() noexcept {
    if (number_ >= 0) ::close(number_);
    number_ = -1;
}

}  // namespace rehearse
