// Any tree comes back equal and has the id that git itself gives it.
#include <rapidcheck.h>

#include "orchestrator/ports/tree_name.h"
#include "tests/snapshots/store_fixture.h"

using namespace rehearse;
using namespace rehearse::test;

namespace {

rc::Gen<std::string> bytes(std::size_t most) {
    return rc::gen::resize(static_cast<int>(most),
                           rc::gen::container<std::string>(rc::gen::arbitrary<char>()));
}

/// Names from few letters, so that prefixes and neighbours in git's order come up; some of any bytes.
rc::Gen<std::string> name() {
    const auto few =
        rc::gen::nonEmpty(rc::gen::container<std::string>(rc::gen::element('a', 'b', '.', '-', '0')));
    return rc::gen::suchThat(rc::gen::weightedOneOf<std::string>({{4, few}, {1, bytes(12)}}),
                             [](const std::string& text) { return why_not_a_tree_name(text).empty(); });
}

/// Makes names unique within their directory, whatever their kind, by leaving later ones out.
Files tree_from(const std::vector<std::pair<std::vector<std::string>, std::string>>& entries) {
    Files files;
    for (const auto& [parts, content] : entries) {
        std::string path;
        for (const std::string& part : parts) path += (path.empty() ? "" : "/") + part;
        const bool clashes = std::any_of(files.begin(), files.end(), [&](const auto& other) {
            return other.first.starts_with(path + "/") || path.starts_with(other.first + "/");
        });
        if (!clashes) files[path] = content;
    }
    return files;
}

std::string quoted(const std::string& text) {
    std::string out = "'";
    for (const char c : text) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
    return out + "'";
}

}  // namespace

TEST_CASE("any tree reads back equal and has the id that git gives it") {
    StoreFixture fixture;
    std::int64_t second = 0;
    const bool held = rc::check("round trip", [&] {
        const auto path =
            rc::gen::resize(4, rc::gen::nonEmpty(rc::gen::container<std::vector<std::string>>(name())));
        const auto content =
            rc::gen::oneOf(bytes(200), rc::gen::map(rc::gen::inRange<std::size_t>(0, 70'000),
                                                    [](std::size_t n) { return std::string(n, 'r'); }));
        const auto entries = *rc::gen::resize(
            20, rc::gen::container<std::vector<std::pair<std::vector<std::string>, std::string>>>(
                    rc::gen::pair(path, content)));
        const Files files = tree_from(entries);
        const SnapshotId id = take_snapshot(*fixture.store, files, ++second);
        RC_ASSERT(fixture.files(id) == files);
        RC_ASSERT(fixture.store->verify(id).objects >= 4U);

        std::ofstream list(fixture.folder.path() / "list", std::ios::binary);
        std::string script =
            "cd " + quoted(fixture.folder.path()) + " && rm -rf plain && git init -q plain && cd plain";
        std::size_t number = 0;
        std::string index_input;
        for (const auto& [file, text] : files) {
            const fs::path blob = fixture.folder.path() / ("blob" + std::to_string(number++));
            std::ofstream(blob, std::ios::binary) << text;
            const std::string blob_id = trimmed(shell("git hash-object --no-filters " + quoted(blob)).output);
            index_input += "100644 blob " + blob_id + "\t" + file + '\0';
        }
        list << index_input;
        list.close();
        // update-index -z takes any bytes; write-tree --missing-ok needs no blobs
        const CommandResult result =
            shell(script + " && git update-index -z --index-info < ../list && git write-tree --missing-ok");
        RC_LOG() << result.output;
        RC_ASSERT(result.status == 0);
        RC_ASSERT(trimmed(result.output) == fixture.store->open(id, ResourceName("config"))->id().text());
    });
    CHECK(held);
    fixture.check_fsck();
}
