// The one error type that adapters and leaves throw; what to do next follows from its kind.
#pragma once

#include <exception>
#include <string>
#include <string_view>

namespace rehearse {

enum class FailureKind {
    transient,        // may pass by itself: try again
    permanent,        // will not pass by itself: stop, tell a person
    refused,          // an interlock, a permission or a provider said no; nothing was done
    cancelled,        // somebody asked to stop before it was done
    invalid_input,    // the caller's data is wrong: file:line:column where there is one
    unknown_outcome,  // an effect whose outcome was not seen: read back, never resend blindly
};

[[nodiscard]] std::string_view to_string(FailureKind kind);

/// What went wrong, in words a person can act on. Values are plain text; never put a secret into one.
struct FailureFields {
    FailureKind kind = FailureKind::permanent;
    std::string operation{};    // what was being done: "restore", "connect"
    std::string object{};       // what it was done to: "orders", "/srv/config/a.conf"
    std::string native_code{};  // SQLSTATE, errno name, HTTP status; empty when there is none
    std::string message{};      // what happened
    std::string remedy{};       // what to do about it; a command where there is one
};

class Failure : public std::exception {
  public:
    explicit Failure(FailureFields fields);

    [[nodiscard]] const FailureFields& fields() const noexcept { return fields_; }
    [[nodiscard]] FailureKind kind() const noexcept { return fields_.kind; }
    /// "operation object: message (native code); remedy", one line.
    [[nodiscard]] const char* what() const noexcept override { return text_.c_str(); }

  private:
    FailureFields fields_;
    std::string text_;
};

/// A Failure from errno, with the errno's name as native code. Kind is transient for
/// EINTR/EAGAIN/EBUSY/ENFILE/EMFILE, refused for EACCES/EPERM/EROFS, else permanent.
[[nodiscard]] Failure failure_from_errno(int error, std::string operation, std::string object,
                                         std::string remedy = {});

}  // namespace rehearse
