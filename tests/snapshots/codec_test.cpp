// One object at a time: ids as git gives them, streams that any zlib reads, and what does not compress.
#include "orchestrator/snapshots/codec.h"

#include "tests/snapshots/store_fixture.h"

using namespace rehearse;
using namespace rehearse::test;

TEST_CASE("ids are git's") {
    Codec codec;
    CHECK(to_hex(codec.id_of(ObjectType::blob, "")) == "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391");
    CHECK(to_hex(codec.id_of(ObjectType::tree, "")) == "4b825dc642cb6eb9a060e54bf8d69288fbee4904");
    CHECK(to_hex(codec.id_of(ObjectType::blob, "test content\n")) ==
          "d670460b4b4aece5915caf5c68d12f560a9fe3e4");
}

TEST_CASE("what compresses is compressed, what does not is stored, and both come back") {
    Codec codec;
    for (const std::string& content :
         {std::string(), std::string("x"), std::string(4U << 20U, 'a'), random_bytes(100, 1),
          random_bytes(31'000, 2), random_bytes(33'000, 3), random_bytes(4U << 20U, 4),
          std::string(40'000, 'a') + random_bytes(40'000, 5)}) {
        CAPTURE(content.size());
        std::string packed = "before";
        codec.deflate(content, packed);
        CHECK(packed.substr(0, 6) == "before");
        CHECK(packed.size() < content.size() + content.size() / 1000 + 64);
        std::string back;
        REQUIRE(codec.inflate(packed.substr(6) + "after", content.size(), back));
        CHECK(back == content);
        CHECK(codec.consumed() == packed.size() - 6);
        CHECK_FALSE(codec.inflate(packed.substr(6, packed.size() - 7), content.size(), back));
        CHECK_FALSE(codec.inflate(packed.substr(6), content.size() + 1, back));
        if (!content.empty()) CHECK_FALSE(codec.inflate(packed.substr(6), content.size() - 1, back));
    }
    std::string packed;
    codec.deflate(std::string(1U << 20U, 'a'), packed);
    CHECK(packed.size() < 20'000);
}

TEST_CASE("bytes that are not text are shown as escapes") {
    CHECK(printable("plain caf\u00e9 \u4e2d") == "plain caf\u00e9 \u4e2d");
    CHECK(printable(std::string("a\0b\n\x7f", 5)) == "a\\x00b\\x0a\\x7f");
    CHECK(printable("\xff\xc0\xaf\xed\xa0\x80\xf4\x90\x80\x80\xe4\xb8") ==
          "\\xff\\xc0\\xaf\\xed\\xa0\\x80\\xf4\\x90\\x80\\x80\\xe4\\xb8");
}
