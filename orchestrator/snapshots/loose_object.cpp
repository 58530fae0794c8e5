// A loose object is one zlib stream of "<type> <size>\0" and the content, at objects/<2 digits>/<38 digits>.
#include "orchestrator/snapshots/loose_object.h"

#include <cerrno>
#include <charconv>

#include "orchestrator/base/failure.h"
#include "orchestrator/base/file.h"
#include "orchestrator/snapshots/remedy.h"

namespace rehearse {
namespace {

namespace fs = std::filesystem;
constexpr std::size_t largest_file = 1U << 30U;

fs::path path_of(const fs::path& repository, const ObjectId& id) {
    const std::string hex = to_hex(id);
    return repository / "objects" / hex.substr(0, 2) / hex.substr(2);
}

std::optional<Object> parse(std::string_view bytes) {
    const std::size_t end = bytes.find('\0');
    if (end == std::string_view::npos) return std::nullopt;
    for (const ObjectType type : {ObjectType::commit, ObjectType::tree, ObjectType::blob, ObjectType::tag}) {
        const std::string_view word = to_string(type);
        if (!bytes.starts_with(word) || bytes[word.size()] != ' ') continue;
        std::size_t size = 0;
        const char* digits_end = bytes.data() + end;
        const auto [stop, error] = std::from_chars(bytes.data() + word.size() + 1, digits_end, size);
        if (error != std::errc() || stop != digits_end || size != bytes.size() - end - 1) return std::nullopt;
        return Object{.type = type, .content = std::string(bytes.substr(end + 1))};
    }
    return std::nullopt;
}

}  // namespace

std::optional<Object> read_loose_object(const fs::path& repository, const ObjectId& id, Codec& codec,
                                        std::string& why) {
    const fs::path path = path_of(repository, id);
    std::error_code error;
    if (fs::symlink_status(path, error).type() == fs::file_type::not_found) return std::nullopt;
    std::string packed;
    try {
        packed = read_file(path, largest_file);
    } catch (const Failure& failure) {
        if (failure.kind() == FailureKind::refused || failure.kind() == FailureKind::transient) throw;
        why = failure.what();
        return std::nullopt;
    }
    std::string bytes;
    std::optional<Object> object;
    if (codec.inflate_whole(packed, bytes)) object = parse(bytes);
    if (!object) why = "its file " + path.string() + " is damaged";
    return object;
}

ObjectId write_loose_object(const fs::path& repository, ObjectType type, std::string_view content) {
    Codec codec;
    const ObjectId id = codec.id_of(type, content);
    std::string bytes = std::string(to_string(type)) + " " + std::to_string(content.size());
    bytes += '\0';
    bytes += content;
    std::string packed;
    codec.deflate(bytes, packed);
    const fs::path path = path_of(repository, id);
    make_directory_durably(path.parent_path());
    write_file_durably(path, packed, 0400);
    return id;
}

}  // namespace rehearse
