// One SQLite connection: statements kept prepared, transactions that begin with the write lock, every error a
// Failure. Not thread-safe: the ledger guards it with one mutex.
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "orchestrator/base/clock.h"
#include "orchestrator/base/failure.h"
#include "orchestrator/base/handle.h"
#include "orchestrator/base/json.h"
#include "orchestrator/ledger/process_table.h"

namespace rehearse {

class Database;

/// One use of a prepared statement. It is reset when this goes out of scope: a SELECT left open would keep
/// every other process from committing.
class Query {
  public:
    Query(Database& database, sqlite3_stmt* statement) : database_(database), statement_(statement) {}
    Query(const Query&) = delete;
    Query& operator=(const Query&) = delete;
    ~Query();

    /// Binds the next parameters in order; the values are copied.
    template <class... Values>
    Query& with(const Values&... values) {
        (bind(values), ...);
        return *this;
    }
    /// True: a row is there to be read. Fails: see Database::fail.
    bool next();
    /// Runs a statement that gives no rows.
    void run();

    [[nodiscard]] std::int64_t integer(int column) const;
    [[nodiscard]] std::string text(int column) const;
    [[nodiscard]] bool is_null(int column) const;
    /// A column that holds a JSON object. Fails: permanent where it holds anything else: the ledger is
    /// damaged.
    [[nodiscard]] json::object object(int column) const;
    /// The whole row by its columns' names: whole numbers, texts and nulls.
    [[nodiscard]] json::object row() const;

  private:
    void bind(std::int64_t value);
    void bind(std::uint64_t value) { bind(static_cast<std::int64_t>(value)); }
    void bind(bool value) { bind(static_cast<std::int64_t>(value)); }
    void bind(Duration value) { bind(std::int64_t{value.count()}); }
    void bind(std::string_view value);
    void bind(const std::string& value) { bind(std::string_view(value)); }
    template <class Value>
    void bind(const std::optional<Value>& value) {
        if (value) {
            bind(*value);
        } else {
            ++bound_;  // an unbound parameter is NULL
        }
    }
    void check(int code);

    Database& database_;
    sqlite3_stmt* statement_;
    int bound_ = 0;
};

struct DatabaseOptions {
    std::filesystem::path file;
    int flags = SQLITE_OPEN_READWRITE;
    std::string vfs{};                           // empty: SQLite's default
    std::chrono::milliseconds patience{10'000};  // with another process's lock
    bool past_locks = false;  // reads the file as it lies there, heeding neither locks nor a hot journal
};

class Database {
  public:
    /// Fails: refused (no permission), permanent (missing, not a database, damaged), transient (locked).
    Database(const DatabaseOptions& options, const ProcessTable& processes);

    /// `sql` must be a literal: the prepared statement is kept under it.
    [[nodiscard]] Query query(std::string_view sql);
    /// Several statements at once, unprepared.
    void script(const std::string& sql);
    /// The first column of the first row of a PRAGMA or SELECT.
    [[nodiscard]] std::string value(const std::string& sql);
    /// Rows that the last statement changed.
    [[nodiscard]] std::int64_t changed() const;
    [[nodiscard]] bool read_only() const;
    [[nodiscard]] const std::filesystem::path& file() const { return file_; }
    [[nodiscard]] const std::string& vfs() const { return vfs_; }
    [[nodiscard]] const ProcessTable& processes() const { return processes_; }
    [[nodiscard]] sqlite3* handle() const { return connection_.get(); }

    /// What a damaged row is reported as: permanent, with the way back.
    [[nodiscard]] Failure damaged(const std::string& message) const;
    /// Throws what SQLite's code means for a person: transient for a lock (naming who holds it), refused for
    /// permissions, unknown_outcome for an I/O error while committing, else permanent.
    [[noreturn]] void fail(int code, const std::string& operation, bool committing = false) const;

  private:
    std::filesystem::path file_;
    std::string vfs_;
    const ProcessTable& processes_;
    Handle<sqlite3, sqlite3_close> connection_;
    // After the connection: statements are finalised before it closes.
    std::map<std::string_view, Handle<sqlite3_stmt, sqlite3_finalize>> statements_;
};

/// Takes the write lock at once, so that what is read inside is still true when it is committed. Rolls back
/// unless committed.
class Transaction {
  public:
    explicit Transaction(Database& database);
    Transaction(const Transaction&) = delete;
    Transaction& operator=(const Transaction&) = delete;
    ~Transaction();
    /// Durable when it returns.
    void commit();

  private:
    Database& database_;
    bool open_ = true;
};

}  // namespace rehearse
