// The index format at its edges: no objects, every first byte, offsets beyond 2 and 4 GiB.
#include "orchestrator/snapshots/pack_index.h"

#include "orchestrator/snapshots/codec.h"
#include "tests/snapshots/store_fixture.h"

using namespace rehearse;
using namespace rehearse::test;

namespace {

struct IndexFixture {
    TemporaryFolder folder{fast_folder()};
    fs::path path = folder.path() / "pack.idx";
    ObjectId checksum = ObjectId::from_raw("a checksum 20 bytes.");

    PackIndex written(std::vector<PackEntry> entries) {
        std::ofstream out(path, std::ios::binary);
        write_pack_index(entries, checksum, [&](std::string_view bytes) { out << bytes; });
        out.close();
        std::optional<PackIndex> index = PackIndex::open(path);
        REQUIRE(index.has_value());
        return std::move(*index);
    }
};

PackEntry entry(std::uint64_t number, std::uint64_t offset) {
    Codec codec;
    return {.offset = offset,
            .id = codec.id_of(ObjectType::blob, std::to_string(number)),
            .crc = static_cast<std::uint32_t>(number * 77)};
}

}  // namespace

TEST_CASE_FIXTURE(IndexFixture, "an index finds what was put in and nothing else, and git reads it") {
    std::vector<PackEntry> entries;
    for (std::uint64_t i = 0; i < 3000; ++i) entries.push_back(entry(i, 12 + i * 3'000'000));  // to 9 GB
    const PackIndex index = written(entries);
    CHECK(index.count() == 3000);
    CHECK(index.check());
    CHECK(index.pack_checksum() == checksum);
    for (const PackEntry& one : entries) {
        const std::optional<PackIndex::Place> place = index.find(one.id);
        REQUIRE(place.has_value());
        CHECK(place->offset == one.offset);
        CHECK(place->crc == one.crc);
    }
    CHECK_FALSE(index.find(entry(3001, 0).id).has_value());
    CHECK_FALSE(index.has(ObjectId{}));
    ObjectId last;
    last.bytes.fill(0xff);
    CHECK_FALSE(index.has(last));

    std::size_t shown = 0;
    std::istringstream lines(shell("git show-index < '" + path.string() + "'").output);
    for (std::string line; std::getline(lines, line); ++shown) {
        const std::size_t space = line.find(' ');
        const std::optional<ObjectId> id = object_id_from(line.substr(space + 1, 40));
        REQUIRE(id.has_value());
        CHECK(index.find(*id)->offset == std::stoull(line.substr(0, space)));
    }
    CHECK(shown == 3000);
}

TEST_CASE_FIXTURE(IndexFixture, "an empty index is an index") {
    const PackIndex index = written({});
    CHECK(index.count() == 0);
    CHECK(index.check());
    CHECK_FALSE(index.has(ObjectId{}));
}

TEST_CASE_FIXTURE(IndexFixture, "ids are found by the digits they begin with") {
    std::vector<PackEntry> entries;
    for (std::uint64_t i = 0; i < 500; ++i) entries.push_back(entry(i, 12 + i));
    const PackIndex index = written(entries);
    const ObjectId wanted = entries[123].id;
    for (const std::size_t digits : {std::size_t{4}, std::size_t{7}, std::size_t{40}}) {
        std::string prefix = to_hex(wanted).substr(0, digits);
        prefix.resize(40, '0');
        std::vector<ObjectId> found;
        index.each_with_prefix(*object_id_from(prefix), digits,
                               [&](const ObjectId& id) { found.push_back(id); });
        CHECK(std::count(found.begin(), found.end(), wanted) == 1);
        for (const ObjectId& id : found)
            CHECK(to_hex(id).substr(0, digits) == to_hex(wanted).substr(0, digits));
    }
}

TEST_CASE_FIXTURE(IndexFixture, "what is not an index is not taken for one") {
    CHECK_FALSE(PackIndex::open(path).has_value());
    std::ofstream(path) << "too short";
    CHECK_FALSE(PackIndex::open(path).has_value());
    std::ofstream(path) << std::string(5000, 'x');
    CHECK_FALSE(PackIndex::open(path).has_value());
    static_cast<void>(written({entry(1, 12), entry(2, 13)}));
    overwrite_byte(path, 8 + 255 * 4, 0x40);  // a count that the file is too small for
    CHECK_FALSE(PackIndex::open(path).has_value());
}
