// The audit log in the ledger: written with what it tells, and no tampering passes.
#include <random>

#include "orchestrator/base/digest.h"
#include "orchestrator/ledger/audit_log.h"
#include "orchestrator/ledger/database.h"
#include "tests/ledger/support.h"

using namespace rehearse;
using namespace rehearse::test;

namespace {

/// A log of some drills with checkpoints between them; the last entries are not signed yet.
struct Logged {
    Workspace place;
    AuditKey key{Secret(random_hex(32))};
    std::vector<std::string> kept_elsewhere;

    Logged() {
        const auto ledger = place.open();
        AuditLog log(place.file);
        for (int drill = 0; drill < 6; ++drill) {
            const Lease lease =
                ledger->acquire_lease(shop, FakeProcesses::owner(1000), std::chrono::minutes(5));
            const DrillRecord begun = record("d" + std::to_string(drill));
            ledger->begin_drill(lease, begun);
            ledger->append(lease, begun.id, {.events = {note("one"), note("two")}});
            if (drill < 5) {
                log.seal(key, place.clock.wall());
                kept_elsewhere.push_back(log.newest_checkpoint()->note);
            }
            ledger->release_lease(lease);
        }
    }
    [[nodiscard]] std::vector<std::string> problems(AuditReach reach) const {
        return AuditLog(place.file).problems(key.verifier(), reach, kept_elsewhere);
    }
};

struct Editor {
    explicit Editor(const std::filesystem::path& file) : database({.file = file}, *processes) {
        for (const char* trigger :
             {"audit_entries_are_kept", "audit_entries_stay", "audit_tree_is_kept", "audit_tree_grows",
              "audit_checkpoints_are_kept", "audit_checkpoints_stay"})
            database.script(std::string("DROP TRIGGER ") + trigger);
    }
    std::shared_ptr<const ProcessTable> processes = linux_process_table();
    Database database;

    std::uint64_t size() { return std::stoull(database.value("SELECT count(*) FROM audit_entries")); }
    /// What a forger does who knows the code: the tree again, from the entries as they stand now.
    void regrow() {
        CompactRange tree;
        {
            auto row = database.query("SELECT entry FROM audit_entries ORDER BY number");
            while (row.next()) tree.append(leaf_hash(row.text(0)));
        }
        database.query("UPDATE audit_tree SET size = ?, hashes = ?").with(tree.size(), tree.to_text()).run();
    }
    CompactRange tree() {
        CompactRange grown;
        auto row = database.query("SELECT entry FROM audit_entries ORDER BY number");
        while (row.next()) grown.append(leaf_hash(row.text(0)));
        return grown;
    }
};

using Random = std::mt19937;
std::uint64_t below(Random& random, std::uint64_t limit) { return random() % limit; }

void change_byte(Editor& editor, Random& random, const char* table, const char* column, const char* order) {
    const std::string at = std::to_string(
        below(random, std::stoull(editor.database.value(std::string("SELECT count(*) FROM ") + table))));
    const std::string where = std::string(" WHERE ") + order + " = (SELECT " + order + " FROM " + table +
                              " ORDER BY " + order + " LIMIT 1 OFFSET " + at + ")";
    std::string text = editor.database.value(std::string("SELECT ") + column + " FROM " + table + where);
    char& byte = text[below(random, text.size())];
    byte = byte == 'x' ? 'y' : 'x';
    std::string quoted;
    for (const char c : text) quoted += c == '\'' ? std::string("''") : std::string(1, c);
    editor.database.script(std::string("UPDATE ") + table + " SET " + column + " = '" + quoted + "'" + where);
}

/// Twelve ways to tamper; each with the tree as it was, or regrown.
void tamper(Editor& editor, Random& random, std::uint64_t way, const AuditKey& key) {
    const std::uint64_t signed_size =
        std::stoull(editor.database.value("SELECT max(size) FROM audit_checkpoints"));
    const auto number = std::to_string(below(random, signed_size));
    const auto run = [&](const std::string& sql) { editor.database.script(sql); };
    const auto close_gap = [&](const std::string& from) {
        run("CREATE TEMP TABLE t AS SELECT number - 1, entry FROM audit_entries WHERE number > " + from);
        run("DELETE FROM audit_entries WHERE number > " + from);
        run("INSERT INTO audit_entries SELECT * FROM t");
    };
    switch (way) {
        case 0:
            return change_byte(editor, random, "audit_entries", "entry", "number");
        case 1:
            return run("DELETE FROM audit_entries WHERE number = " + number);
        case 2:  // truncated behind the last checkpoint
            run("DELETE FROM audit_entries WHERE number >= " + number);
            return editor.regrow();
        case 3:  // two neighbours change places
            run("CREATE TEMP TABLE t AS SELECT * FROM audit_entries WHERE number IN (" + number + ", " +
                number + " + 1)");
            run("DELETE FROM audit_entries WHERE number IN (" + number + ", " + number + " + 1)");
            run("INSERT INTO audit_entries SELECT 2 * " + number + " + 1 - number, entry FROM t");
            return editor.regrow();
        case 4:  // the whole log rewritten, and every checkpoint dropped
            run("UPDATE audit_entries SET entry = replace(entry, 'd1', 'd9')");
            run("DELETE FROM audit_checkpoints");
            return editor.regrow();
        case 5:
            return change_byte(editor, random, "audit_checkpoints", "note", "size");
        case 6:
            return change_byte(editor, random, "audit_tree", "hashes", "one");
        case 7: {  // a fork, signed by another key
            const AuditKey other{Secret(random_hex(32))};
            run("UPDATE audit_entries SET entry = entry || ' ' WHERE number = " + number);
            run("DELETE FROM audit_checkpoints");
            editor.regrow();
            const CompactRange tree = editor.tree();
            return editor.database
                .query("INSERT INTO audit_checkpoints(size, hashes, note, at_ns) VALUES (?, ?, ?, 0)")
                .with(tree.size(), tree.to_text(), other.sign(tree.size(), tree.root()))
                .run();
        }
        case 8: {  // rewritten and signed by whoever stole our own key: what was sent elsewhere tells
            run("UPDATE audit_entries SET entry = entry || ' ' WHERE number = " + number);
            run("DELETE FROM audit_checkpoints");
            editor.regrow();
            const CompactRange tree = editor.tree();
            return editor.database
                .query("INSERT INTO audit_checkpoints(size, hashes, note, at_ns) VALUES (?, ?, ?, 0)")
                .with(tree.size(), tree.to_text(), key.sign(tree.size(), tree.root()))
                .run();
        }
        case 9:  // an entry appended past the tree
            return run("INSERT INTO audit_entries VALUES (" + std::to_string(editor.size()) + ", '{}')");
        case 10:  // the log of an older day brought back: checkpoints and entries after it are gone
            run("DELETE FROM audit_checkpoints WHERE size > (SELECT min(size) FROM audit_checkpoints)");
            run("DELETE FROM audit_entries WHERE number >= (SELECT max(size) FROM audit_checkpoints)");
            return editor.regrow();
        default:  // one dropped, and the others moved up
            run("DELETE FROM audit_entries WHERE number = " + number);
            close_gap(number);
            return editor.regrow();
    }
}

}  // namespace

TEST_SUITE("audit") {
    TEST_CASE("every verb leaves its entries in its own commit, and a refused one leaves none") {
        const Workspace place;
        const auto ledger = place.open();
        AuditLog log(place.file);
        CHECK(log.size() == 0);
        const Lease lease = ledger->acquire_lease(shop, FakeProcesses::owner(1000), std::chrono::minutes(5));
        CHECK(log.size() == 1);
        ledger->begin_drill(lease, record("d1"));
        CHECK(log.size() == 3);  // the drill, its plan
        ledger->append(lease, DrillId("d1"), {.events = {note("a"), note("b"), note("c")}});
        CHECK(log.size() == 6);
        CHECK_THROWS_AS((void)ledger->append(lease, DrillId("d1"), to_state(DrillState::recovered)), Failure);
        CHECK(log.size() == 6);
        ledger->record_enrolment({.environment = shop, .at = place.clock.wall(), .actor = "ada"});
        ledger->begin_quarantine({.environment = shop, .since = place.clock.wall(), .reason = "test"});
        ledger->clear_quarantine(shop, {.name = "ada"}, "mended", place.clock.wall());
        ledger->record_due({.playbook = PlaybookName("p"), .due = place.clock.wall()});
        log.tell("halted", "ada", place.clock.wall(), "{}");
        CHECK(log.size() == 11);
        std::vector<std::string> kinds;
        log.each(0, log.size(), [&](std::uint64_t, const std::string& entry) {
            kinds.push_back(text_at(parse_json(entry, "entry").as_object(), "kind", "entry"));
            CHECK(canonical_json(parse_json(entry, "entry")) == entry);
        });
        CHECK(kinds == std::vector<std::string>{"lease", "drill", "plan", "note", "note", "note", "enrolment",
                                                "quarantine", "quarantine_cleared", "due_time", "halted"});
        CHECK(ledger->check().empty());
    }

    TEST_CASE("a log verifies, is signed where it grew, and waits to be sent") {
        const Logged logged;
        CHECK(logged.problems(AuditReach::tail).empty());
        CHECK(logged.problems(AuditReach::whole).empty());
        AuditLog log(logged.place.file);
        CHECK(log.unsent().size() == 5);
        log.mark_sent(log.unsent()[0].size, logged.place.clock.wall());
        CHECK(log.unsent().size() == 4);
        log.seal(logged.key, logged.place.clock.wall());
        log.seal(logged.key, logged.place.clock.wall());
        CHECK(log.unsent().size() == 5);
        CHECK(log.newest_checkpoint()->size == log.size());
        CHECK(open_checkpoint(log.newest_checkpoint()->note, logged.key.verifier()).root == log.root());
    }

    TEST_CASE("10,000 tampered logs: every one is caught") {
        const Logged logged;
        Random random(20261126);
        const std::filesystem::path copy = logged.place.folder.path() / "copy.sqlite";
        std::filesystem::copy_file(logged.place.file, copy);
        Editor editor(copy);
        // Nothing of the copy is kept, so it need not be durable.
        editor.database.script("PRAGMA journal_mode=MEMORY; PRAGMA synchronous=OFF; BEGIN");
        for (std::uint64_t round = 0; round < 10'000; ++round) {
            const std::uint64_t way = round % 12;
            CAPTURE(way);
            CAPTURE(round);
            editor.database.script("SAVEPOINT round");
            tamper(editor, random, way, logged.key);
            const auto found = audit_problems(editor.database, logged.key.verifier(), AuditReach::whole,
                                              logged.kept_elsewhere);
            REQUIRE_FALSE(found.empty());
            editor.database.script("ROLLBACK TO round; RELEASE round; DROP TABLE IF EXISTS temp.t");
        }
        CHECK(audit_problems(editor.database, logged.key.verifier(), AuditReach::whole, logged.kept_elsewhere)
                  .empty());
        editor.database.script("ROLLBACK");
    }

    TEST_CASE("a log whose tail was changed is never signed, and its drills stay readable") {
        const Logged logged;
        {
            Editor editor(logged.place.file);
            editor.database.script(
                "UPDATE audit_entries SET entry = '{}' WHERE number = (SELECT max(number) FROM "
                "audit_entries)");
        }
        AuditLog log(logged.place.file);
        CHECK(mentions(failure_of([&] { log.seal(logged.key, logged.place.clock.wall()); }), "were changed"));
        CHECK_FALSE(logged.problems(AuditReach::tail).empty());
        CHECK(logged.place.open(false)->drill(DrillId("d5")));
    }
}
