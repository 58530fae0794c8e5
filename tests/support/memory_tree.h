// Git trees in memory: a TreeWriter and a TreeReader with real git ids, so that adapters can be tested
// without a store. Refuses what git refuses (bad names, names given twice, blobs that are too large).
#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "orchestrator/base/digest.h"
#include "orchestrator/base/failure.h"
#include "orchestrator/ports/tree.h"
#include "orchestrator/ports/tree_name.h"

namespace rehearse::test {

/// An object database in memory. It outlives the writers and readers that it makes; safe from several
/// threads.
class MemoryTrees {
  public:
    MemoryTrees() = default;
    MemoryTrees(const MemoryTrees&) = delete;
    MemoryTrees& operator=(const MemoryTrees&) = delete;

    /// A writer for a new root tree. finish() gives its id; open() reads it back.
    [[nodiscard]] std::unique_ptr<TreeWriter> writer() {
        return std::make_unique<Writer>(*this, nullptr, "");
    }

    /// Fails: permanent where there is no such tree.
    [[nodiscard]] std::unique_ptr<TreeReader> open(const TreeId& id) const {
        return std::make_unique<Reader>(*this, id);
    }

    /// Every file below a tree with its content, by path ("a/b"): what a test prints or compares.
    [[nodiscard]] std::map<std::string, std::string> files(const TreeId& id) const {
        std::map<std::string, std::string> all;
        std::vector<std::pair<std::string, std::string>> open_trees{{"", id.text()}};
        while (!open_trees.empty()) {
            auto [prefix, tree] = std::move(open_trees.back());
            open_trees.pop_back();
            for (const TreeEntry& entry : tree_at(tree)) {
                if (entry.is_directory) {
                    open_trees.emplace_back(prefix + entry.name + "/", entry.id);
                } else {
                    all[prefix + entry.name] = blob_at(entry.id);
                }
            }
        }
        return all;
    }

    /// Spoils a stored blob, as a bad disk would: the next read of it fails. False where there is none.
    bool flip_byte(const BlobId& id) {
        std::lock_guard lock(mutex_);
        auto found = blobs_.find(id.text());
        if (found == blobs_.end() || found->second.empty()) return false;
        found->second[0] = static_cast<char>(found->second[0] ^ 1);
        return true;
    }

    /// Called before each blob is stored, with its name and content: to count, to throw, to change the world.
    std::function<void(std::string_view name, std::string_view content)> before_blob;

  private:
    [[nodiscard]] static Failure failure(FailureKind kind, const std::string& object, std::string message) {
        return Failure({.kind = kind,
                        .operation = "memory tree",
                        .object = object,
                        .native_code = {},
                        .message = std::move(message),
                        .remedy = {}});
    }

    [[nodiscard]] static std::string raw_from_hex(const std::string& hex) {
        std::string raw;
        for (std::size_t at = 0; at + 1 < hex.size(); at += 2) {
            raw.push_back(static_cast<char>(std::stoi(hex.substr(at, 2), nullptr, 16)));
        }
        return raw;
    }

    [[nodiscard]] std::vector<TreeEntry> tree_at(const std::string& id) const {
        std::lock_guard lock(mutex_);
        const auto found = trees_.find(id);
        if (found == trees_.end()) throw failure(FailureKind::permanent, id, "no such tree");
        return found->second;
    }
    [[nodiscard]] std::string blob_at(const std::string& id) const {
        std::string content;
        {
            std::lock_guard lock(mutex_);
            const auto found = blobs_.find(id);
            if (found == blobs_.end()) throw failure(FailureKind::permanent, id, "no such blob");
            content = found->second;
        }
        if (git_blob_id(content).text() != id) {
            throw failure(FailureKind::permanent, id, "the blob's bytes don't match its id");
        }
        return content;
    }

    class Writer final : public TreeWriter {
      public:
        Writer(MemoryTrees& trees, Writer* parent, std::string name)
            : trees_(trees), parent_(parent), name_(std::move(name)) {}

        BlobId blob(std::string_view name, std::string_view content, bool executable) override {
            claim(name);
            if (content.size() > largest_blob) {
                throw failure(FailureKind::invalid_input, std::string(name), "the blob is too large");
            }
            if (trees_.before_blob) trees_.before_blob(name, content);
            BlobId id = git_blob_id(content);
            {
                std::lock_guard lock(trees_.mutex_);
                trees_.blobs_.emplace(id.text(), content);
            }
            add({std::string(name), false, executable, id.text()});
            return id;
        }
        std::unique_ptr<TreeWriter> directory(std::string_view name) override {
            claim(name);
            {
                std::lock_guard lock(mutex_);
                ++unfinished_;
            }
            return std::make_unique<Writer>(trees_, this, std::string(name));
        }
        TreeId finish() override {
            if (finished_) throw failure(FailureKind::invalid_input, name_, "finished twice");
            if (unfinished_ != 0) {
                throw failure(FailureKind::invalid_input, name_, "a directory below is not finished");
            }
            finished_ = true;
            std::sort(entries_.begin(), entries_.end(), [](const TreeEntry& a, const TreeEntry& b) {
                return a.name + (a.is_directory ? "/" : "") < b.name + (b.is_directory ? "/" : "");
            });
            std::string bytes;
            for (const TreeEntry& entry : entries_) {
                bytes += entry.is_directory ? "40000" : entry.executable ? "100755" : "100644";
                bytes += " " + entry.name + '\0' + raw_from_hex(entry.id);
            }
            Digest digest(Digest::Algorithm::sha1);
            digest.update("tree " + std::to_string(bytes.size()) + '\0');
            digest.update(bytes);
            TreeId id(digest.hex());
            {
                std::lock_guard lock(trees_.mutex_);
                trees_.trees_[id.text()] = entries_;
            }
            if (parent_ != nullptr) {
                if (!entries_.empty()) parent_->add({name_, true, false, id.text()});
                std::lock_guard lock(parent_->mutex_);
                --parent_->unfinished_;
            }
            return id;
        }

      private:
        void claim(std::string_view name) {
            if (const std::string_view why = why_not_a_tree_name(name); !why.empty()) {
                throw failure(FailureKind::invalid_input, std::string(name),
                              "not a name for a snapshot: " + std::string(why));
            }
            std::lock_guard lock(mutex_);
            if (!names_.emplace(name).second) {
                throw failure(FailureKind::invalid_input, std::string(name), "the name was written before");
            }
        }
        void add(TreeEntry entry) {
            std::lock_guard lock(mutex_);
            entries_.push_back(std::move(entry));
        }

        MemoryTrees& trees_;
        Writer* parent_;
        std::string name_;
        std::mutex mutex_;
        std::vector<TreeEntry> entries_;
        std::set<std::string> names_;
        int unfinished_ = 0;
        bool finished_ = false;
    };

    class Reader final : public TreeReader {
      public:
        Reader(const MemoryTrees& trees, TreeId id)
            : trees_(trees), id_(std::move(id)), entries_(trees.tree_at(id_.text())) {}

        TreeId id() const override { return id_; }
        std::vector<TreeEntry> entries() const override { return entries_; }
        bool has(std::string_view name) const override { return find(name) != nullptr; }
        std::string blob(std::string_view name) const override {
            const TreeEntry* entry = find(name);
            if (entry == nullptr || entry->is_directory) {
                throw failure(FailureKind::permanent, std::string(name), "no such blob in the tree");
            }
            return trees_.blob_at(entry->id);
        }
        std::unique_ptr<TreeReader> directory(std::string_view name) const override {
            const TreeEntry* entry = find(name);
            if (entry == nullptr || !entry->is_directory) {
                throw failure(FailureKind::permanent, std::string(name), "no such directory in the tree");
            }
            return std::make_unique<Reader>(trees_, TreeId(entry->id));
        }

      private:
        [[nodiscard]] const TreeEntry* find(std::string_view name) const {
            const auto found = index_.find(name);
            return found == index_.end() ? nullptr : &entries_[found->second];
        }
        [[nodiscard]] static std::map<std::string, std::size_t, std::less<>> index(
            const std::vector<TreeEntry>& entries) {
            std::map<std::string, std::size_t, std::less<>> all;
            for (std::size_t at = 0; at < entries.size(); ++at) all[entries[at].name] = at;
            return all;
        }

        const MemoryTrees& trees_;
        TreeId id_;
        std::vector<TreeEntry> entries_;
        std::map<std::string, std::size_t, std::less<>> index_ = index(entries_);
    };

    mutable std::mutex mutex_;
    std::map<std::string, std::string> blobs_;
    std::map<std::string, std::vector<TreeEntry>> trees_;
};

}  // namespace rehearse::test
