// The Merkle tree against the transparency log's reference vectors, and its proofs for every size up to 200.
#include <doctest/doctest.h>

#include "orchestrator/audit/merkle.h"

using namespace rehearse;

namespace {

using namespace std::string_view_literals;

/// The eight entries of the reference vectors of RFC 6962's authors.
constexpr std::string_view leaves[] = {""sv,
                                       "\x00"sv,
                                       "\x10"sv,
                                       "\x20\x21"sv,
                                       "\x30\x31"sv,
                                       "\x40\x41\x42\x43"sv,
                                       "\x50\x51\x52\x53\x54\x55\x56\x57"sv,
                                       "\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f"sv};
constexpr const char* roots[] = {"6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
                                 "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
                                 "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
                                 "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
                                 "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
                                 "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
                                 "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
                                 "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"};

MerkleTree reference() {
    MerkleTree tree;
    for (const auto leaf : leaves) tree.append(leaf_hash(leaf));
    return tree;
}

std::vector<std::string> hex_of(const std::vector<TreeHash>& proof) {
    std::vector<std::string> texts;
    for (const TreeHash& hash : proof) texts.push_back(to_hex(hash));
    return texts;
}

}  // namespace

TEST_SUITE("audit") {
    TEST_CASE("the roots of the reference vectors, by both kinds of tree") {
        const MerkleTree tree = reference();
        CompactRange range;
        CHECK(to_hex(range.root()) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
        CHECK(to_hex(tree.root(0)) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
        for (std::size_t size = 1; size <= 8; ++size) {
            range.append(leaf_hash(leaves[size - 1]));
            CHECK(to_hex(range.root()) == roots[size - 1]);
            CHECK(to_hex(tree.root(size)) == roots[size - 1]);
        }
    }

    TEST_CASE("the inclusion proofs of the reference vectors") {
        const MerkleTree tree = reference();
        CHECK(tree.inclusion(0, 1).empty());
        CHECK(hex_of(tree.inclusion(0, 8)) ==
              std::vector<std::string>{"96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
                                       "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                                       "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4"});
        CHECK(hex_of(tree.inclusion(5, 8)) ==
              std::vector<std::string>{"bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
                                       "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
                                       "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"});
        CHECK(hex_of(tree.inclusion(2, 3)) == std::vector<std::string>{roots[1]});
        CHECK(hex_of(tree.inclusion(1, 5)) ==
              std::vector<std::string>{"6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
                                       "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                                       "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b"});
    }

    TEST_CASE("the consistency proofs of the reference vectors") {
        const MerkleTree tree = reference();
        CHECK(tree.consistency(1, 1).empty());
        CHECK(hex_of(tree.consistency(1, 8)) ==
              std::vector<std::string>{"96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
                                       "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                                       "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4"});
        CHECK(hex_of(tree.consistency(6, 8)) ==
              std::vector<std::string>{"0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
                                       "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
                                       "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"});
        CHECK(hex_of(tree.consistency(2, 5)) ==
              std::vector<std::string>{"5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                                       "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b"});
    }

    TEST_CASE("every proof of every size up to 200 proves, and proves nothing else") {
        MerkleTree tree;
        CompactRange range;
        for (std::uint64_t size = 1; size <= 200; ++size) {
            const std::string entry = "entry " + std::to_string(size - 1);
            tree.append(leaf_hash(entry));
            range.append(leaf_hash(entry));
            range = CompactRange(size, range.to_text());
            const TreeHash root = tree.root(size);
            REQUIRE(root == range.root());
            for (std::uint64_t number = 0; number < size; ++number) {
                const TreeHash leaf = leaf_hash("entry " + std::to_string(number));
                auto proof = tree.inclusion(number, size);
                REQUIRE(proves_inclusion(proof, leaf, number, size, root));
                REQUIRE_FALSE(proves_inclusion(proof, leaf_hash("another"), number, size, root));
                if (size > 1) REQUIRE_FALSE(proves_inclusion(proof, leaf, (number + 1) % size, size, root));
                proof.push_back(root);
                REQUIRE_FALSE(proves_inclusion(proof, leaf, number, size, root));

                const TreeHash old_root = tree.root(number + 1);
                auto grown = tree.consistency(number + 1, size);
                REQUIRE(proves_consistency(grown, number + 1, old_root, size, root));
                REQUIRE_FALSE(proves_consistency(grown, number + 1, leaf_hash("another"), size, root));
                REQUIRE_FALSE(proves_consistency(grown, number + 1, old_root, size, leaf_hash("another")));
                grown.push_back(root);
                REQUIRE_FALSE(proves_consistency(grown, number + 1, old_root, size, root));
            }
        }
    }
}
