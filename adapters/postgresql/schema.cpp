// The schema in a snapshot: a file per object, so that a difference names the object.
#include "adapters/postgresql/schema.h"

#include <map>
#include <memory>

#include "adapters/postgresql/sql_text.h"
#include "adapters/postgresql/tree_text.h"

namespace rehearse::postgresql {

namespace {

constexpr std::string_view folder_of_objects = "objects";
constexpr std::string_view order_before = "before-rows";
constexpr std::string_view order_after = "after-rows";

std::string folder_for(const std::string& type) {
    std::string out = type;
    for (char& c : out) c = c == ' ' ? '-' : static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
    return file_name(out);
}

/// A folder under construction; finished from the leaves up.
struct Folder {
    std::map<std::string, Folder> folders{};
    std::map<std::string, const SchemaObject*> files{};

    void put(std::string_view path, const SchemaObject& object) {
        const std::size_t slash = path.find('/');
        if (slash == std::string_view::npos) {
            files[std::string(path)] = &object;
        } else {
            folders[std::string(path.substr(0, slash))].put(path.substr(slash + 1), object);
        }
    }
    void write(TreeWriter& writer) const {
        for (const auto& [name, folder] : folders) {
            const auto below = writer.directory(name);
            folder.write(*below);
            below->finish();
        }
        for (const auto& [name, object] : files) {
            write_text(writer, name, "--\n" + object->header + "\n--\n\n" + object->text + "\n");
        }
    }
};

/// Opens folders on the way to a file once.
class Files {
  public:
    explicit Files(std::unique_ptr<TreeReader> root) { open_[""] = std::move(root); }
    std::string read(const std::string& path) {
        const std::size_t slash = path.rfind('/');
        return read_text(folder(slash == std::string::npos ? "" : path.substr(0, slash)),
                         slash == std::string::npos ? path : path.substr(slash + 1));
    }

  private:
    TreeReader& folder(const std::string& path) {
        auto found = open_.find(path);
        if (found == open_.end()) {
            const std::size_t slash = path.rfind('/');
            TreeReader& parent = folder(slash == std::string::npos ? "" : path.substr(0, slash));
            found = open_
                        .emplace(path,
                                 parent.directory(slash == std::string::npos ? path : path.substr(slash + 1)))
                        .first;
        }
        return *found->second;
    }
    std::map<std::string, std::unique_ptr<TreeReader>> open_;
};

void read_list(const std::string& list, bool after_rows, Files& files, Schema& schema) {
    for (std::size_t at = 0; at < list.size();) {
        const std::size_t end = std::min(list.find('\n', at), list.size());
        if (end > at) schema.push_back(parse_object(files.read(list.substr(at, end - at)), after_rows));
        at = end + 1;
    }
}

}  // namespace

std::string schema_path(const SchemaObject& object) {
    return (object.space.empty() ? "global/" : "in/" + file_name(object.space) + "/") +
           folder_for(object.type) + "/" + file_name(object.name);
}

std::vector<std::string> schema_paths(const Schema& schema) {
    std::vector<std::string> paths;
    std::map<std::string, int> seen;
    for (const SchemaObject& object : schema) {
        std::string path = schema_path(object);
        // Operators, casts and such share a name; their order in a dump tells them apart.
        if (const int count = ++seen[path]; count > 1) path += "~" + std::to_string(count);
        paths.push_back(path + ".sql");
    }
    return paths;
}

void write_schema(TreeWriter& writer, const Schema& schema) {
    const auto paths = schema_paths(schema);
    Folder objects;
    std::string before;
    std::string after;
    for (std::size_t at = 0; at < schema.size(); ++at) {
        objects.put(paths[at], schema[at]);
        (schema[at].after_rows ? after : before) += paths[at] + "\n";
    }
    const auto root = writer.directory("schema");
    const auto below = root->directory(folder_of_objects);
    objects.write(*below);
    below->finish();
    write_text(*root, order_before, before);
    write_text(*root, order_after, after);
    root->finish();
}

Schema read_schema(const TreeReader& tree) {
    const auto root = tree.directory("schema");
    Schema schema;
    if (!root->has(folder_of_objects)) return schema;
    Files files(root->directory(folder_of_objects));
    read_list(read_text(*root, order_before), false, files, schema);
    read_list(read_text(*root, order_after), true, files, schema);
    return schema;
}

std::string describe(const SchemaObject& object) {
    std::string out = object.type;
    for (char& c : out) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
    return out + " " + (object.space.empty() ? "" : object.space + ".") + object.name;
}

}  // namespace rehearse::postgresql
