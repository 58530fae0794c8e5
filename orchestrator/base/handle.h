// One handle for every C library's object: frees it once, with the function named in the type.
#pragma once

#include <memory>

namespace rehearse {

template <auto Free>
struct HandleFree {
    template <class T>
    void operator()(T* pointer) const noexcept {
        Free(pointer);
    }
};

/// `using Connection = Handle<PGconn, PQfinish>;`
template <class T, auto Free>
using Handle = std::unique_ptr<T, HandleFree<Free>>;

/// A file descriptor that closes itself; -1 is none.
class FileDescriptor {
  public:
    FileDescriptor() = default;
    explicit FileDescriptor(int number) noexcept : number_(number) {}
    FileDescriptor(FileDescriptor&& other) noexcept : number_(other.release()) {}
    FileDescriptor& operator=(FileDescriptor&& other) noexcept;
    FileDescriptor(const FileDescriptor&) = delete;
    FileDescriptor& operator=(const FileDescriptor&) = delete;
    ~FileDescriptor();

    [[nodiscard]] int get() const noexcept { return number_; }
    [[nodiscard]] explicit operator bool() const noexcept { return number_ >= 0; }
    int release() noexcept {
        const int number = number_;
        number_ = -1;
        return number;
    }
    void reset() noexcept;

  private:
    int number_ = -1;
};

}  // namespace rehearse
