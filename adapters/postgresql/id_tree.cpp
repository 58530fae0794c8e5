// Ids are git's, so that equal content is recognised without reading the snapshot's blobs.
#include "adapters/postgresql/id_tree.h"

#include "orchestrator/base/digest.h"

namespace rehearse::postgresql {

namespace {

class IdWriter final : public TreeWriter {
  public:
    explicit IdWriter(IdNode& node) : node_(node) {}
    BlobId blob(std::string_view name, std::string_view content, bool) override {
        BlobId id = git_blob_id(content);
        node_.blobs[std::string(name)] = id.text();
        return id;
    }
    std::unique_ptr<TreeWriter> directory(std::string_view name) override {
        // A map's elements stay where they are when others come.
        return std::make_unique<IdWriter>(node_.folders[std::string(name)]);
    }
    TreeId finish() override { return {}; }

  private:
    IdNode& node_;
};

void collect(const TreeReader* tree, const IdNode* node, const std::string& prefix,
             std::set<std::string>& out) {
    std::set<std::string> folders;
    std::set<std::string> seen;
    if (tree != nullptr) {
        for (const TreeEntry& entry : tree->entries()) {
            if (entry.is_directory) {
                folders.insert(entry.name);
                continue;
            }
            seen.insert(entry.name);
            const auto live = node == nullptr ? std::map<std::string, std::string>::const_iterator()
                                              : node->blobs.find(entry.name);
            if (node == nullptr || live == node->blobs.end() || live->second != entry.id) {
                out.insert(prefix + entry.name);
            }
        }
    }
    if (node != nullptr) {
        for (const auto& [name, id] : node->blobs) {
            if (!seen.contains(name)) out.insert(prefix + name);
        }
        for (const auto& [name, folder] : node->folders) folders.insert(name);
    }
    for (const std::string& name : folders) {
        const bool stored = tree != nullptr && tree->has(name);
        const auto below = stored ? tree->directory(name) : nullptr;
        const IdNode* live = nullptr;
        if (node != nullptr && node->folders.contains(name)) live = &node->folders.at(name);
        collect(below.get(), live, prefix + name + "/", out);
    }
}

}  // namespace

const IdNode* IdNode::at(const std::string& path) const {
    const std::size_t slash = path.find('/');
    const auto found = folders.find(path.substr(0, slash));
    if (found == folders.end()) return nullptr;
    return slash == std::string::npos ? &found->second : found->second.at(path.substr(slash + 1));
}

std::unique_ptr<TreeWriter> id_writer(IdNode& node) { return std::make_unique<IdWriter>(node); }

std::set<std::string> differing(const TreeReader* tree, const IdNode* node) {
    std::set<std::string> out;
    collect(tree, node, "", out);
    return out;
}

}  // namespace rehearse::postgresql
