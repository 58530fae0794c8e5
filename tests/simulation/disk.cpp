// Sectors, names, and what is left of them.
#include "tests/simulation/disk.h"

#include <algorithm>

namespace rehearse::simulation {

std::string_view to_string(Loss loss) {
    switch (loss) {
        case Loss::none:
            return "none";
        case Loss::all:
            return "all";
        case Loss::partial:
            return "partial";
    }
    return "unknown";
}

std::shared_ptr<Inode> Disk::open(const std::string& name, bool make) {
    const auto found = current_.find(name);
    if (found != current_.end()) return found->second;
    if (!make) return nullptr;
    return current_[name] = std::make_shared<Inode>();
}

void Disk::remove(const std::string& name) { current_.erase(name); }

bool Disk::write(Inode& file, std::size_t offset, std::string_view bytes) {
    const std::size_t end = offset + bytes.size();
    if (end > file.current.size()) {
        const std::size_t more = end - file.current.size();
        if (more > room) return false;
        if (room != SIZE_MAX) room -= more;
        file.current.resize(end);
        file.size_dirty = true;
    }
    std::copy(bytes.begin(), bytes.end(), file.current.begin() + static_cast<std::ptrdiff_t>(offset));
    for (std::size_t at = offset / sector; at * sector < end; ++at) file.dirty.insert(at);
    return true;
}

void Disk::truncate(Inode& file, std::size_t size) {
    file.current.resize(size);
    file.size_dirty = true;
}

void Disk::sync(Inode& file, bool fails) {
    if (!fails) {
        file.durable.resize(file.current.size());
        for (const std::size_t at : file.dirty) {
            const std::size_t from = at * sector;
            if (from >= file.current.size()) continue;
            const std::size_t size = std::min(sector, file.current.size() - from);
            file.durable.replace(from, size, file.current, from, size);
        }
    }
    file.dirty.clear();
    file.size_dirty = file.size_dirty && fails;
}

Disk Disk::copy() const {
    Disk other;
    for (const auto& [name, file] : current_) other.current_[name] = std::make_shared<Inode>(*file);
    return other;
}

void Disk::crash(Loss loss, Random& random) {
    if (loss == Loss::none) return;
    std::map<std::string, std::shared_ptr<Inode>> left = durable_;
    if (loss == Loss::partial) {
        std::set<std::string> names;
        for (const auto& [name, file] : current_) names.insert(name);
        for (const auto& [name, file] : durable_) names.insert(name);
        for (const std::string& name : names) {
            const auto now = current_.find(name);
            const auto before = durable_.find(name);
            const bool same =
                now != current_.end() && before != durable_.end() && now->second == before->second;
            if (same || random.once_in(2)) continue;
            left.erase(name);
            if (now != current_.end()) left[name] = now->second;
        }
    }
    for (auto& [name, file] : left) {
        std::string survived = file->durable;
        if (loss == Loss::partial) {
            if (file->size_dirty && random.once_in(2)) survived.resize(file->current.size());
            for (const std::size_t at : file->dirty) {
                const std::size_t from = at * sector;
                if (random.once_in(2) || from >= file->current.size()) continue;
                std::size_t size = std::min(sector, file->current.size() - from);
                if (random.once_in(8)) size = random.below(size + 1);
                if (survived.size() < from + size) survived.resize(from + size);
                survived.replace(from, size, file->current, from, size);
            }
        }
        file->current = survived;
        file->durable = survived;
        file->dirty.clear();
        file->size_dirty = false;
    }
    current_ = left;
    durable_ = std::move(left);
}

}  // namespace rehearse::simulation
