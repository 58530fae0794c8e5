// Visits a file tree folder by folder on a few threads: without recursion, without paths, and with a bounded
// number of open folders however deep the tree is.
#pragma once

#include <memory>
#include <string>

#include "adapters/files/system.h"

namespace rehearse::files {

/// One folder being worked on. Its methods are called by one thread at a time.
class Visit {
  public:
    Visit(const Visit* above, std::string name, FileDescriptor folder, const std::string& path);
    virtual ~Visit() = default;
    Visit(const Visit&) = delete;
    Visit& operator=(const Visit&) = delete;

    /// Works until a folder below is to be visited; null when none is left.
    virtual std::unique_ptr<Visit> next() = 0;
    /// Called once every visit below has ended.
    virtual void end() = 0;

    [[nodiscard]] int folder() const { return folder_.get(); }
    [[nodiscard]] const Visit* above() const { return above_; }
    [[nodiscard]] const std::string& name() const { return name_; }
    /// How the folder is shown: relative to the root, escaped, ending with '/'; empty for the root. Very long
    /// paths are cut to a digest, so that all paths together stay small.
    [[nodiscard]] const std::string& shown() const { return shown_; }
    /// How something in it is shown.
    [[nodiscard]] std::string shown(const std::string& name) const;
    /// For failures: the root's path and `shown`.
    [[nodiscard]] std::string path() const { return root_path_ + "/" + shown_; }
    [[nodiscard]] std::string path(const std::string& name) const { return root_path_ + "/" + shown(name); }
    /// As it was when it was opened.
    [[nodiscard]] const Status& status() const { return status_; }
    /// Whether another file system begins here: a mount, or a subvolume.
    [[nodiscard]] bool crosses_border() const;

    /// Closes the folder while others far below are visited, and opens it again from the one below.
    void park() { folder_.reset(); }
    void unpark(const Visit& below);

  private:
    const Visit* above_;
    std::string name_;
    FileDescriptor folder_;
    std::string shown_;
    std::string root_path_;
    Status status_;
};

/// Where this user owns the folder but may not write in it: gives the owner all rights, until a restore sets
/// the right ones. Root needs none of it.
void make_writable(const Visit& visit);

/// Visits `root` and everything that it gives, on `threads` threads. A visit may run on another thread than
/// the one that made it, while the one above goes on. Fails: with the first failure; nothing runs any more
/// when it throws.
void walk(std::unique_ptr<Visit> root, unsigned threads);

/// How a folder below another is shown; see Visit::shown().
[[nodiscard]] std::string shown_below(const std::string& above, const std::string& name);

}  // namespace rehearse::files
