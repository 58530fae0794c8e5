// Checkpoints: signed, read back, and nothing else accepted; the export's files hold the entries again.
#include "orchestrator/audit/checkpoint.h"

#include <doctest/doctest.h>

#include <map>

#include "orchestrator/audit/tiles.h"
#include "orchestrator/base/digest.h"
#include "orchestrator/base/failure.h"

using namespace rehearse;

TEST_SUITE("audit") {
    TEST_CASE("the key of RFC 8032's first vector has the public key that stands there") {
        const AuditKey key(Secret("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"));
        CHECK(key.verifier().ends_with("+AddamAGCsQq31Uv+08lkBzoO4XLz2qYjJa8CGmj3B1Ea"));
        CHECK_THROWS_AS(AuditKey(Secret("9d61")), Failure);
    }

    TEST_CASE("a checkpoint comes back; one with any byte changed, added or cut does not") {
        const AuditKey key{Secret(random_hex(32))};
        const std::string note = key.sign(12, leaf_hash("root"));
        const Checkpoint found = open_checkpoint(note, key.verifier());
        CHECK(found.origin == key.origin());
        CHECK(found.size == 12);
        CHECK(found.root == leaf_hash("root"));
        for (std::size_t at = 0; at < note.size(); ++at) {
            for (const int bit : {1, 32, 127}) {
                std::string changed = note;
                changed[at] = static_cast<char>(changed[at] ^ bit);
                REQUIRE_THROWS_AS((void)open_checkpoint(changed, key.verifier()), Failure);
            }
            REQUIRE_THROWS_AS((void)open_checkpoint(note.substr(0, at), key.verifier()), Failure);
        }
        CHECK_THROWS_AS((void)open_checkpoint(note + "\n", key.verifier()), Failure);
        const AuditKey other{Secret(random_hex(32))};
        CHECK_THROWS_AS((void)open_checkpoint(note, other.verifier()), Failure);
        CHECK_THROWS_AS((void)open_checkpoint(note, "no key"), Failure);
    }

    TEST_CASE("tiles and entry bundles stand where tlog-tiles wants them, and give the entries back") {
        std::map<std::string, std::string> files;
        TileMaker maker([&](const std::string& path, const std::string& content) { files[path] = content; });
        constexpr std::uint64_t size = 256 * 256 + 256 + 3;
        for (std::uint64_t number = 0; number < size; ++number) maker.append(std::to_string(number));
        maker.finish();
        CHECK(files.at("tile/0/000").size() == 256 * 32);
        CHECK(files.at("tile/1/000").size() == 256 * 32);
        CHECK(files.at("tile/0/257.p/3").size() == 3 * 32);
        CHECK(files.at("tile/1/001.p/1").size() == 32);
        CHECK(files.at("tile/2/000.p/1").size() == 32);
        const std::string& bundle = files.at("tile/entries/257.p/3");
        CHECK(entries_of_bundle(bundle, 3, "x") == std::vector<std::string>{"65792", "65793", "65794"});
        CHECK_THROWS_AS((void)entries_of_bundle(bundle.substr(1), 3, "x"), Failure);
        CHECK_THROWS_AS((void)entries_of_bundle(bundle, 4, "x"), Failure);
        CHECK(entry_bundle_path(1234067, 256) == "tile/entries/x001/x234/067");
    }
}
