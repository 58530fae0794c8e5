// git's deltas: what they may do, and that damaged ones read nothing outside their base.
#include "orchestrator/snapshots/delta.h"

#include <rapidcheck.h>

#include "tests/snapshots/store_fixture.h"

using namespace rehearse;
using namespace rehearse::test;
using namespace std::string_literals;

TEST_CASE("copies and insertions build the object") {
    std::string out;
    // base of 10 bytes, result of 9: copy 4 from 2, insert "ab", copy 3 from 0
    CHECK(apply_delta("0123456789",
                      "\x0a\x09\x91\x02\x04\x02"
                      "ab"
                      "\x90\x03"s,
                      out));
    CHECK(out == "2345ab012");
    CHECK(apply_delta("", "\x00\x00"s, out));
    CHECK(out.empty());
    // a copy of size 0 means 65536
    const std::string base(70'000, 'x');
    CHECK(apply_delta(base, "\xf0\xa2\x04\x80\x80\x04\x80"s, out));
    CHECK(out.size() == 65'536);
}

TEST_CASE("a delta that is not of its base, reaches outside it or ends early is refused") {
    std::string out;
    for (const std::string& delta :
         {""s, "\x0a"s, "\x0b\x01\x01x"s, "\x0a\x02\x01x"s, "\x0a\x01\x02xy"s, "\x0a\x02\x02x"s,
          "\x0a\x01\x00"s, "\x0a\x04\x91\x08\x04"s, "\x0a\x04\x91\x0b\x04"s, "\x0a\x04\x91"s,
          "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"s}) {
        CHECK_FALSE(apply_delta("0123456789", delta, out));
    }
}

TEST_CASE("any bytes at all are a delta or refused") {
    CHECK(rc::check([](const std::string& base, const std::string& delta) {
        std::string out;
        const std::string begun = std::string(1, static_cast<char>(base.size() % 128)) + delta;
        static_cast<void>(apply_delta(base, begun, out));
    }));
}
