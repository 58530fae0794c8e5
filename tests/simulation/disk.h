// A disk in memory that keeps what was synced and may lose the rest: contents by sector, names apart.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "tests/simulation/random.h"

namespace rehearse::simulation {

/// What a crash does to what was not synced.
enum class Loss {
    none,     // kill -9: the kernel has it all
    all,      // power: nothing that was not synced is there
    partial,  // power: each sector and each name may or may not be there, one sector half
};
[[nodiscard]] std::string_view to_string(Loss loss);

/// One file's content: as programs see it, and as the platter has it.
struct Inode {
    std::string current{}, durable{};
    std::set<std::size_t> dirty{};  // sectors that were written and not synced
    bool size_dirty = false;
};

class Disk {
  public:
    static constexpr std::size_t sector = 512;

    /// The file of that name, made where it is missing and `make`. None: not there.
    std::shared_ptr<Inode> open(const std::string& name, bool make);
    [[nodiscard]] bool exists(const std::string& name) const { return current_.contains(name); }
    void remove(const std::string& name);
    /// False: no room. Nothing is written then.
    bool write(Inode& file, std::size_t offset, std::string_view bytes);
    void truncate(Inode& file, std::size_t size);
    /// The content is durable; the name is not. A failing sync loses what was dirty and says so once, as
    /// Linux does.
    void sync(Inode& file, bool fails);
    void sync_folder() { durable_ = current_; }
    /// What is there after a crash.
    void crash(Loss loss, Random& random);

    /// Another disk with the same content, to look at.
    [[nodiscard]] Disk copy() const;

    std::size_t room = SIZE_MAX;  // bytes that may still be added

  private:
    std::map<std::string, std::shared_ptr<Inode>> current_, durable_;
};

}  // namespace rehearse::simulation
