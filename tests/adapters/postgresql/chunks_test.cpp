// Rows cut into blobs: the same rows, the same blobs.
#include "adapters/postgresql/chunks.h"

#include <doctest/doctest.h>

#include <map>
#include <random>
#include <vector>

#include "orchestrator/base/digest.h"
#include "orchestrator/ports/tree.h"

using namespace rehearse;
using namespace rehearse::postgresql;

namespace {

using Files = std::map<std::string, std::string>;

Files cut(const std::vector<std::string>& rows, const std::string& target = "public.t (a)") {
    Files files;
    ChunkWriter writer(target,
                       [&](const std::string& name, std::string_view content) { files[name] = content; });
    for (const std::string& row : rows) writer.add(row);
    writer.finish();
    return files;
}

std::vector<std::string> random_rows(std::size_t count, std::size_t longest, unsigned seed) {
    std::mt19937 random(seed);
    std::vector<std::string> rows;
    for (std::size_t at = 0; at < count; ++at) {
        std::string row;
        for (std::size_t size = 1 + random() % longest; size > 0; --size)
            row += static_cast<char>('a' + random() % 26);
        rows.push_back(row + "\n");
    }
    return rows;
}

std::string joined(const Files& files) {
    std::string rows;
    for (const auto& [name, content] : files) {
        const std::size_t dash = name.find('-');
        rows += rows_of_chunk(content, dash != std::string::npos && name.substr(dash, 7) != "-00000.").rows;
    }
    return rows;
}

}  // namespace

TEST_SUITE("postgresql: rows in blobs") {
    TEST_CASE("every row is in a blob, in order, and no blob is too large") {
        for (const std::size_t longest : {10UL, 1000UL, 300'000UL}) {
            const auto rows = random_rows(60'000'000 / longest / 4 + 10, longest, 7);
            const Files files = cut(rows);
            std::string all;
            for (const std::string& row : rows) all += row;
            CHECK((joined(files) == all));
            for (const auto& [name, content] : files) {
                CHECK(content.size() <= largest_blob);
                CHECK(content.starts_with("COPY public.t (a) FROM stdin;\n"));
                CHECK(content.ends_with("\n\\.\n"));
            }
        }
    }

    TEST_CASE("a changed row changes one blob, an added one at most two") {
        auto rows = random_rows(100'000, 200, 11);
        std::map<std::string, int> before;
        for (const auto& [name, content] : cut(rows)) ++before[git_blob_id(content).text()];
        REQUIRE(before.size() > 5);
        const auto new_blobs = [&] {
            int count = 0;
            for (const auto& [name, content] : cut(rows))
                count += before.contains(git_blob_id(content).text()) ? 0 : 1;
            return count;
        };
        rows[50'000] = "changed\n";
        CHECK(new_blobs() <= 2);
        rows.insert(rows.begin() + 20'000, "added\n");
        CHECK(new_blobs() <= 4);
    }

    TEST_CASE("a row that is larger than a blob is cut into pieces that make it again") {
        for (const std::size_t size :
             {largest_blob - 40, largest_blob - 34, largest_blob - 33, largest_blob - 32, largest_blob - 31,
              largest_blob - 1, largest_blob, 3 * largest_blob + 5}) {
            CAPTURE(size);
            const std::string large(size, 'x');
            const Files files = cut({"before\n", large + "\n", "after\\\\.\n"});
            CHECK((joined(files) == "before\n" + large + "\nafter\\\\.\n"));
            std::string script;
            for (const auto& [name, content] : files) {
                CHECK(content.size() <= largest_blob);
                script += content;
            }
            // Put together, the files are a script: as many ends of data as COPY statements.
            std::size_t copies = 0;
            std::size_t ends = 0;
            for (std::size_t at = 0; (at = script.find("FROM stdin;\n", at)) != std::string::npos; ++at)
                ++copies;
            for (std::size_t at = 0; (at = script.find("\n\\.\n", at)) != std::string::npos; ++at) ++ends;
            CHECK(copies == ends);
        }
    }

    TEST_CASE("the cuts are part of the format: they stay as they are") {
        const Files files = cut(random_rows(50'000, 150, 3));
        std::string ids;
        for (const auto& [name, content] : files) ids += name + " " + git_blob_id(content).text() + "\n";
        CHECK(files.size() == 7);
        CHECK(sha256_hex(ids) == "a4c2737ac9bd49e59e2966bb2541995e5599a02b250cec290e90c54fac054691");
    }

    TEST_CASE("a blob that is no blob of rows is told apart") {
        CHECK_THROWS(static_cast<void>(rows_of_chunk("DROP TABLE x;\n", false)));
        CHECK_THROWS(static_cast<void>(rows_of_chunk("", false)));
    }
}
