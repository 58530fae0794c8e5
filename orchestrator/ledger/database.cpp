// SQLite's calls and codes; nothing else in the ledger sees them.
#include "orchestrator/ledger/database.h"

#include <cctype>
#include <cerrno>
#include <cstdio>
#include <utility>

namespace rehearse {

namespace {

constexpr const char* after_damage =
    "keep the file, run 'rehearse doctor', and bring the ledger back from a copy";

/// What keeps others out, in words: the processes that hold a lock on the file.
std::string holders_of(const std::filesystem::path& file, const ProcessTable& processes) {
    std::string text;
    for (const LockHolder& holder : processes.lock_holders(file)) {
        text += text.empty() ? " by process " : ", process ";
        text += std::to_string(holder.owner.process);
        if (holder.life == OwnerLife::stopped) text += " (stopped)";
    }
    return text;
}

std::string uri_past_locks(const std::filesystem::path& file) {
    std::string uri = "file:";
    for (const char byte : std::filesystem::absolute(file).string()) {
        if (std::isalnum(static_cast<unsigned char>(byte)) != 0 || byte == '/') {
            uri += byte;
        } else {
            char escaped[8];
            std::snprintf(escaped, sizeof escaped, "%%%02X",
                          static_cast<unsigned>(static_cast<unsigned char>(byte)));
            uri += escaped;
        }
    }
    return uri + "?immutable=1";
}

}  // namespace

Query::~Query() {
    sqlite3_reset(statement_);
    sqlite3_clear_bindings(statement_);
}

void Query::check(int code) {
    if (code != SQLITE_OK) database_.fail(code, "use ledger");
}

void Query::bind(std::int64_t value) { check(sqlite3_bind_int64(statement_, ++bound_, value)); }

void Query::bind(std::string_view value) {
    check(
        sqlite3_bind_text64(statement_, ++bound_, value.data(), value.size(), SQLITE_TRANSIENT, SQLITE_UTF8));
}

bool Query::next() {
    const int code = sqlite3_step(statement_);
    if (code == SQLITE_ROW) return true;
    if (code == SQLITE_DONE) return false;
    database_.fail(code, sqlite3_stmt_readonly(statement_) != 0 ? "read ledger" : "write ledger");
}

void Query::run() {
    while (next()) {
    }
}

std::int64_t Query::integer(int column) const { return sqlite3_column_int64(statement_, column); }

std::string Query::text(int column) const {
    const auto* bytes = static_cast<const char*>(sqlite3_column_blob(statement_, column));
    const int size = sqlite3_column_bytes(statement_, column);
    return bytes == nullptr ? std::string() : std::string(bytes, static_cast<std::size_t>(size));
}

bool Query::is_null(int column) const { return sqlite3_column_type(statement_, column) == SQLITE_NULL; }

json::object Query::object(int column) const {
    try {
        json::value value = parse_json(text(column), database_.file().string());
        if (value.is_object()) return std::move(value.get_object());
    } catch (const Failure&) {
        // Said below: what was to be parsed is our own writing, so the ledger is damaged.
    }
    throw database_.damaged("a column that holds JSON can't be read any more");
}

json::object Query::row() const {
    json::object row;
    for (int column = 0; column < sqlite3_column_count(statement_); ++column) {
        json::value& value = row[sqlite3_column_name(statement_, column)];
        if (is_null(column)) continue;
        if (sqlite3_column_type(statement_, column) == SQLITE_INTEGER) {
            value = integer(column);
        } else {
            value = text(column);
        }
    }
    return row;
}

Database::Database(const DatabaseOptions& options, const ProcessTable& processes)
    : file_(options.file), vfs_(options.vfs), processes_(processes) {
    sqlite3* connection = nullptr;
    const std::string name = options.past_locks ? uri_past_locks(file_) : file_.string();
    const int code = sqlite3_open_v2(name.c_str(), &connection,
                                     options.flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE |
                                         (options.past_locks ? SQLITE_OPEN_URI : 0),
                                     options.vfs.empty() ? nullptr : options.vfs.c_str());
    connection_.reset(connection);
    if (code != SQLITE_OK) fail(code, "open ledger");
    sqlite3_busy_timeout(connection, static_cast<int>(options.patience.count()));
    sqlite3_db_config(connection, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
    sqlite3_db_config(connection, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
    script(
        "PRAGMA synchronous=EXTRA; PRAGMA fullfsync=ON; PRAGMA checkpoint_fullfsync=ON;"
        "PRAGMA foreign_keys=ON; PRAGMA recursive_triggers=ON; PRAGMA cell_size_check=ON;"
        "PRAGMA temp_store=MEMORY");
}

Query Database::query(std::string_view sql) {
    auto& statement = statements_[sql];
    if (!statement) {
        sqlite3_stmt* made = nullptr;
        const int code = sqlite3_prepare_v3(connection_.get(), sql.data(), static_cast<int>(sql.size()),
                                            SQLITE_PREPARE_PERSISTENT, &made, nullptr);
        if (code != SQLITE_OK) fail(code, "read ledger");
        statement.reset(made);
    }
    return {*this, statement.get()};
}

void Database::script(const std::string& sql) {
    const int code = sqlite3_exec(connection_.get(), sql.c_str(), nullptr, nullptr, nullptr);
    if (code != SQLITE_OK) fail(code, "use ledger");
}

std::string Database::value(const std::string& sql) {
    sqlite3_stmt* made = nullptr;
    const int code = sqlite3_prepare_v2(connection_.get(), sql.c_str(), -1, &made, nullptr);
    const Handle<sqlite3_stmt, sqlite3_finalize> statement(made);
    if (code != SQLITE_OK) fail(code, "read ledger");
    Query query(*this, made);
    return query.next() ? query.text(0) : std::string();
}

std::int64_t Database::changed() const { return sqlite3_changes64(connection_.get()); }

bool Database::read_only() const { return sqlite3_db_readonly(connection_.get(), "main") == 1; }

Failure Database::damaged(const std::string& message) const {
    return Failure({.kind = FailureKind::permanent,
                    .operation = "read ledger",
                    .object = file_.string(),
                    .native_code = {},
                    .message = message,
                    .remedy = after_damage});
}

void Database::fail(int code, const std::string& operation, bool committing) const {
    FailureFields fields{.kind = FailureKind::permanent,
                         .operation = operation,
                         .object = file_.string(),
                         .native_code = "SQLITE_" + std::to_string(code),
                         .message = sqlite3_errstr(code),
                         .remedy = "run 'rehearse doctor'"};
    const int system_error = connection_ ? sqlite3_system_errno(connection_.get()) : 0;
    if (connection_ && (sqlite3_extended_errcode(connection_.get()) & 0xff) == (code & 0xff)) {
        fields.message = sqlite3_errmsg(connection_.get());
    }
    const bool full = system_error == ENOSPC || system_error == EDQUOT;
    const int cause = code & 0xff;
    switch (full && (cause == SQLITE_CANTOPEN || cause == SQLITE_IOERR) ? SQLITE_FULL : cause) {
        case SQLITE_BUSY:
        case SQLITE_LOCKED:
            fields.kind = FailureKind::transient;
            fields.native_code = "SQLITE_BUSY";
            fields.message = "the ledger is locked" + holders_of(file_, processes_);
            fields.remedy =
                "try again; a stopped process goes on with 'kill -CONT PID', and 'rehearse resume' ends it "
                "once its lease "
                "has expired";
            break;
        case SQLITE_FULL:
            fields.native_code = "SQLITE_FULL";
            if (committing && cause == SQLITE_IOERR) fields.kind = FailureKind::unknown_outcome;
            fields.message = "the disk is full";
            fields.remedy = "free space for " + file_.parent_path().string() + ", then run 'rehearse resume'";
            break;
        case SQLITE_READONLY:
        case SQLITE_PERM:
        case SQLITE_AUTH:
            fields.kind = FailureKind::refused;
            fields.native_code = "SQLITE_READONLY";
            fields.message = "the ledger or its folder can't be written to";
            fields.remedy = "make " + file_.parent_path().string() +
                            " writable for the user that runs rehearse, then run 'rehearse doctor'";
            break;
        case SQLITE_CANTOPEN:
            fields.native_code = "SQLITE_CANTOPEN";
            fields.message = "the file or its journal can't be opened";
            if (system_error != 0 && system_error != ENOENT) {
                const Failure system = failure_from_errno(system_error, operation, file_.string());
                fields.kind =
                    system.kind() == FailureKind::transient ? FailureKind::permanent : system.kind();
                fields.native_code += " " + system.fields().native_code;
                fields.message += ": " + system.fields().message;
            }
            fields.remedy = "check that " + file_.parent_path().string() +
                            " is there and writable, then run 'rehearse doctor'";
            break;
        case SQLITE_CORRUPT:
            fields.native_code = "SQLITE_CORRUPT";
            fields.message = "the ledger is damaged";
            fields.remedy = after_damage;
            break;
        case SQLITE_NOTADB:
            fields.native_code = "SQLITE_NOTADB";
            fields.message = "this is not a ledger: it is no SQLite database";
            fields.remedy = after_damage;
            break;
        case SQLITE_IOERR:
            fields.native_code = "SQLITE_IOERR";
            if (committing) fields.kind = FailureKind::unknown_outcome;
            if (system_error != 0) {
                const Failure system = failure_from_errno(system_error, operation, file_.string());
                fields.native_code += " " + system.fields().native_code;
                fields.message += ": " + system.fields().message;
            }
            fields.remedy = "check the disk, then run 'rehearse doctor'";
            break;
        default:
            break;
    }
    throw Failure(std::move(fields));
}

Transaction::Transaction(Database& database) : database_(database) {
    // On a file that can't be written to, SQLite would begin and fail only at the first change.
    if (database.read_only()) database.fail(SQLITE_READONLY, "write ledger");
    database.query("BEGIN IMMEDIATE").run();
}

Transaction::~Transaction() {
    // SQLite has rolled back by itself after some errors; a failing rollback leaves the journal to the next
    // opener.
    if (open_ && sqlite3_get_autocommit(database_.handle()) == 0) {
        sqlite3_exec(database_.handle(), "ROLLBACK", nullptr, nullptr, nullptr);
    }
}

void Transaction::commit() {
    sqlite3_stmt* made = nullptr;
    int code = sqlite3_prepare_v2(database_.handle(), "COMMIT", -1, &made, nullptr);
    const Handle<sqlite3_stmt, sqlite3_finalize> statement(made);
    if (code == SQLITE_OK) code = sqlite3_step(made);
    if (code != SQLITE_DONE) database_.fail(code, "write ledger", true);
    open_ = false;
}

}  // namespace rehearse
