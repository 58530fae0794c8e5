// One libpq connection: statements, COPY in both directions, and every error as a Failure with its SQLSTATE.
#pragma once

#include <libpq-fe.h>

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/postgresql/connection_string.h"
#include "orchestrator/base/clock.h"
#include "orchestrator/base/failure.h"
#include "orchestrator/base/handle.h"

namespace rehearse::postgresql {

/// The rows of one statement.
class Result {
  public:
    explicit Result(PGresult* result) : result_(result) {}
    [[nodiscard]] std::size_t rows() const { return static_cast<std::size_t>(PQntuples(result_.get())); }
    [[nodiscard]] std::size_t columns() const { return static_cast<std::size_t>(PQnfields(result_.get())); }
    [[nodiscard]] bool null(std::size_t row, std::size_t column) const;
    [[nodiscard]] std::string text(std::size_t row, std::size_t column) const;
    [[nodiscard]] std::uint64_t number(std::size_t row, std::size_t column) const;
    [[nodiscard]] bool flag(std::size_t row, std::size_t column) const { return text(row, column) == "t"; }
    /// Rows that an INSERT, UPDATE, DELETE or COPY touched.
    [[nodiscard]] std::uint64_t affected() const;
    [[nodiscard]] PGresult* get() const { return result_.get(); }

  private:
    Handle<PGresult, PQclear> result_;
};

/// The text of each row's first column.
[[nodiscard]] std::vector<std::string> first_column(const Result& rows);

/// What this program's sessions call themselves.
inline constexpr std::string_view own_application_name = "rehearse";

using Parameters = std::vector<std::optional<std::string>>;

/// Ends an open transaction, waits until that is done, and closes. Left to itself the server keeps the locks
/// until it notices that nobody is there, and who looks meanwhile takes them for somebody's who writes.
void close_connection(PGconn* connection) noexcept;

class Connection {
  public:
    struct Options {
        std::string operation;  // for failures: "capture", "destroy"
        Duration connect_timeout = std::chrono::seconds(10);
    };
    /// Connects (blocking). Fails: transient where the server does not answer or is starting, refused where
    /// it turns the credential away, permanent otherwise.
    Connection(const ConnectionString& where, Options options);

    /// One or more statements without parameters; the last one's rows. Fails by SQLSTATE; unknown_outcome
    /// where the connection broke while a statement that may write was running.
    Result run(const std::string& sql);
    /// One statement with parameters $1...
    Result run(const std::string& sql, const Parameters& parameters);
    /// As run(), but the error comes back instead of being thrown.
    std::optional<Failure> try_run(const std::string& sql);

    /// COPY ... TO STDOUT: `row` gets each row's text with its newline. False from it ends early.
    void copy_out(const std::string& sql, const std::function<bool(std::string_view)>& row);
    /// COPY ... FROM STDIN: begin, any number of pieces (cut anywhere), end.
    void copy_in_begin(const std::string& sql);
    void copy_in(std::string_view piece);
    std::uint64_t copy_in_end();
    /// Ends a COPY in with an error on purpose, so that the server drops it.
    void copy_in_abort() noexcept;

    /// Asks the server to stop what this connection is doing; may be called from another thread.
    void cancel() noexcept;

    [[nodiscard]] int server_version() const;  // 150020
    [[nodiscard]] int process() const;
    [[nodiscard]] const std::string& object() const noexcept { return object_; }
    [[nodiscard]] const std::string& operation() const noexcept { return operation_; }
    [[nodiscard]] PGconn* get() const { return connection_.get(); }

  private:
    [[nodiscard]] Failure failure(const PGresult* result) const;
    Result checked(PGresult* result) const;

    std::string operation_;
    std::string object_;
    Handle<PGconn, close_connection> connection_;
};

/// A Failure with everything but the message and remedy filled in from `where`.
[[nodiscard]] Failure refused(const std::string& operation, const std::string& object, std::string message,
                              std::string remedy);

}  // namespace rehearse::postgresql
