// A pack and its index, as a disk gives them back: the size of the index in two bytes, the index, the pack.
#include <algorithm>
#include <set>

#include "orchestrator/snapshots/codec.h"
#include "orchestrator/snapshots/object_database.h"
#include "tests/fuzz/fuzz.h"
#include "tests/support/temporary_folder.h"

using namespace rehearse;
using namespace rehearse::fuzz;

namespace {

void write(const std::filesystem::path& path, std::string_view bytes) {
    FILE* out = std::fopen(path.c_str(), "w");
    promise(out != nullptr && std::fwrite(bytes.data(), 1, bytes.size(), out) == bytes.size() &&
                std::fclose(out) == 0,
            "the folder in memory takes a file");
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const test::TemporaryFolder repository("/dev/shm");
    static const std::filesystem::path pack = [] {
        std::filesystem::create_directories(repository.path() / "objects/pack");
        return repository.path() / "objects/pack" / ("pack-" + std::string(40, '7'));
    }();
    if (size < 2) return 0;
    const std::string_view rest = text_of(data + 2, size - 2);
    const std::size_t index_size = std::min<std::size_t>(data[0] * 256U + data[1], rest.size());
    write(pack.string() + ".idx", rest.substr(0, index_size));
    write(pack.string() + ".pack", rest.substr(index_size));

    const ObjectDatabase database(repository.path());
    database.refresh();
    std::set<ObjectId> ids;
    for (const int first : {0x00, 0x42, 0x8a, 0xff}) {
        ObjectId prefix;
        prefix.bytes[0] = static_cast<std::uint8_t>(first);
        for (const ObjectId& id : database.with_prefix(prefix, 2)) ids.insert(id);
    }
    if (const auto index = PackIndex::open(pack.string() + ".idx")) {
        for (std::uint32_t at = 0; at < std::min(index->count(), 64U); ++at) ids.insert(index->id_at(at));
    }
    Codec codec;
    for (const ObjectId& id : ids) {
        for (const ObjectType type : {ObjectType::blob, ObjectType::tree, ObjectType::commit}) {
            const auto object = accepted([&] { return database.read(id, type); });
            if (object) promise(codec.id_of(object->type, object->content) == id, "what is read has its id");
        }
        (void)database.is_commit(id);
    }
    return 0;
}
