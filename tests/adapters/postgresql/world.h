// A server shared by the tests of this folder, and a database of each test's own with an adapter on it.
#pragma once

#include <doctest/doctest.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "adapters/postgresql/postgresql.h"
#include "orchestrator/base/failure.h"
#include "tests/support/memory_tree.h"
#include "tests/support/postgres_server.h"
#include "tests/support/test_clock.h"

namespace rehearse::test {

/// One server for the whole program: a cluster takes longer to make than most tests to run.
inline PostgresServer& shared_server() {
    static PostgresServer server(PostgresServer::Options{.port = 0, .settings = {"wal_level = logical"}});
    return server;
}

/// A database called `name`, made anew and dropped at the end, as an enrolled resource.
class World {
  public:
    explicit World(std::string name, const std::string& sql = "", const std::string& create_options = "")
        : database(std::move(name)) {
        server.run("postgres", "drop database if exists " + database + " with (force)");
        server.run("postgres", "create database " + database + " " + create_options);
        if (!sql.empty()) server.run(database, sql);
        connection = server.connection(database);
        restore_connection = server.connection("postgres");
    }
    World(const World&) = delete;
    World& operator=(const World&) = delete;
    ~World() {
        try {
            server.run("postgres", "drop database if exists " + database + " with (force)");
        } catch (const std::exception&) {  // a test may have stopped the server
        }
    }

    [[nodiscard]] std::unique_ptr<Adapter> adapter() const {
        ResourceSpec spec;
        spec.name = ResourceName(database);
        spec.adapter = "postgresql";
        spec.options["connection"] = connection;
        spec.options["restore_connection"] = restore_connection;
        if (!scratch_connection.empty()) spec.options["scratch_connection"] = scratch_connection;
        if (disconnect) spec.options["sessions"] = "disconnect";
        return postgresql_adapter().make(
            spec, {.environment = EnvironmentName("test"), .clock = clock, .state_directory = folder.path()});
    }
    void run(const std::string& sql) const { server.run(database, sql); }
    [[nodiscard]] std::string value(const std::string& sql) const { return server.run(database, sql); }
    [[nodiscard]] Identity identity() const { return adapter()->identify(nullptr).live; }

    TreeId capture() {
        const auto own = adapter();
        return capture(*own);
    }
    TreeId capture(Adapter& with) {
        const auto writer = trees.writer();
        report = with.capture(*writer);
        return writer->finish();
    }
    RestoreReport restore(const TreeId& tree, const CaptureReport& of) {
        const auto own = adapter();
        return restore(tree, of, *own);
    }
    RestoreReport restore(const TreeId& tree, const CaptureReport& of, Adapter& with) {
        return with.restore(*trees.open(tree), {.expected = identity(), .uncompared = of.uncompared});
    }
    void drop() const { adapter()->destroy({.whole = true, .expected = identity()}); }
    void destroy(const std::string& operation, std::vector<std::string> items,
                 const std::string& where = "") const {
        DestroyRequest request{
            .items = std::move(items), .options = {{"operation", operation}}, .expected = identity()};
        if (!where.empty()) request.options["where"] = where;
        adapter()->destroy(request);
    }
    [[nodiscard]] Observation observe(const std::string& operation = "",
                                      std::vector<std::string> patterns = {},
                                      const std::string& where = "") const {
        Selection selection{.patterns = std::move(patterns)};
        if (!operation.empty()) selection.options["operation"] = operation;
        if (!where.empty()) selection.options["where"] = where;
        return adapter()->observe(selection);
    }
    /// Files that differ between two trees, for messages.
    [[nodiscard]] std::string difference(const TreeId& a, const TreeId& b) const {
        const auto before = trees.files(a);
        const auto after = trees.files(b);
        std::string out;
        for (const auto& [path, content] : before) {
            const auto same = after.find(path);
            if (same == after.end()) {
                out += "missing " + path + "\n";
            } else if (same->second != content) {
                out += "changed " + path + "\n--- before\n" + content.substr(0, 500) + "\n--- after\n" +
                       same->second.substr(0, 500) + "\n";
            }
        }
        for (const auto& [path, content] : after) {
            if (!before.contains(path)) out += "extra " + path + "\n";
        }
        return out.substr(0, 6000);
    }

    PostgresServer& server = shared_server();
    std::string database;
    std::string connection, restore_connection, scratch_connection;
    bool disconnect = false;
    TemporaryFolder folder;
    KernelClock clock{"test"};
    MemoryTrees trees;
    CaptureReport report{};
};

/// What `act` fails with.
inline FailureFields failure_of(const std::function<void()>& act) {
    try {
        act();
    } catch (const Failure& failure) {
        return failure.fields();
    }
    FAIL("it did not fail");
    return {};
}

inline bool contains(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}
inline bool any_contains(const std::vector<std::string>& texts, const std::string& part) {
    for (const std::string& text : texts) {
        if (contains(text, part)) return true;
    }
    return false;
}

constexpr const char* small_shop =
    "create table customers (id serial primary key, name text); create table orders (id serial primary key, "
    "customer int "
    "references customers); create index on orders (customer); insert into customers (name) select 'n' || i "
    "from "
    "generate_series(1, 200) i; insert into orders (customer) select 1 + i % 200 from generate_series(1, "
    "500) i";

}  // namespace rehearse::test
