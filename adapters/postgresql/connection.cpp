// The only file that calls libpq for statements. Kinds follow from the SQLSTATE's class.
#include "adapters/postgresql/connection.h"

#include <array>
#include <charconv>
#include <cstring>

namespace rehearse::postgresql {

namespace {

std::string trimmed(const char* text) {
    std::string out = text == nullptr ? "" : text;
    while (!out.empty() && (out.back() == '\n' || out.back() == ' ')) out.pop_back();
    for (char& c : out) {
        if (c == '\n' || c == '\t') c = ' ';
    }
    return out;
}

struct Meaning {
    std::string_view prefix;  // of the SQLSTATE
    FailureKind kind;
    std::string_view remedy;
};

constexpr std::array meanings{
    Meaning{"08", FailureKind::transient, "check that the server runs and can be reached"},
    Meaning{"28", FailureKind::refused, "check user, password and pg_hba.conf"},
    Meaning{"40", FailureKind::transient, "try again"},
    Meaning{"42501", FailureKind::refused, "grant this role what it lacks, or use another role"},
    Meaning{"42704", FailureKind::permanent, "create what is missing on the server first"},
    Meaning{"53100", FailureKind::permanent, "free disk space on the database server, then try again"},
    Meaning{"53200", FailureKind::transient,
            "the server is out of memory or locks: raise max_locks_per_transaction or free memory"},
    Meaning{"53300", FailureKind::transient, "raise max_connections or close other sessions"},
    Meaning{"55006", FailureKind::transient, "close the sessions that use it, or set 'sessions: disconnect'"},
    Meaning{"55P03", FailureKind::transient, "another session holds a lock: try again"},
    Meaning{"57014", FailureKind::transient, "the statement took longer than allowed"},
    Meaning{"57P", FailureKind::transient, "the server is stopping or starting: try again"},
    Meaning{"58", FailureKind::permanent, "look into the server's log"},
    Meaning{"XX", FailureKind::permanent, "look into the server's log"},
};

std::string connect_timeout_seconds(Duration timeout) {
    const auto seconds = std::chrono::ceil<std::chrono::seconds>(timeout).count();
    return std::to_string(seconds < 2 ? 2 : seconds);  // libpq takes 1 as 2
}

/// Whether the server is there at all tells an unreachable one from a refusal, whatever its messages'
/// language.
FailureKind why_no_connection(const std::vector<const char*>& keywords,
                              const std::vector<const char*>& values) {
    switch (PQpingParams(keywords.data(), values.data(), 0)) {
        case PQPING_OK:
            return FailureKind::refused;
        case PQPING_REJECT:
        case PQPING_NO_RESPONSE:
            return FailureKind::transient;
        case PQPING_NO_ATTEMPT:
            return FailureKind::invalid_input;
    }
    return FailureKind::transient;
}

void ignore_notices(void*, const PGresult*) {}

}  // namespace

std::vector<std::string> first_column(const Result& rows) {
    std::vector<std::string> out;
    for (std::size_t row = 0; row < rows.rows(); ++row) out.push_back(rows.text(row, 0));
    return out;
}

bool Result::null(std::size_t row, std::size_t column) const {
    return PQgetisnull(result_.get(), static_cast<int>(row), static_cast<int>(column)) == 1;
}

std::string Result::text(std::size_t row, std::size_t column) const {
    return {PQgetvalue(result_.get(), static_cast<int>(row), static_cast<int>(column)),
            static_cast<std::size_t>(
                PQgetlength(result_.get(), static_cast<int>(row), static_cast<int>(column)))};
}

std::uint64_t Result::number(std::size_t row, std::size_t column) const {
    const std::string value = text(row, column);
    std::uint64_t number = 0;
    std::from_chars(value.data(), value.data() + value.size(), number);
    return number;
}

std::uint64_t Result::affected() const {
    std::uint64_t number = 0;
    const char* text = PQcmdTuples(result_.get());
    std::from_chars(text, text + std::strlen(text), number);
    return number;
}

Connection::Connection(const ConnectionString& where, Options options)
    : operation_(std::move(options.operation)), object_(where.describe()) {
    std::vector<const char*> keywords;
    std::vector<const char*> values;
    const std::string timeout = connect_timeout_seconds(options.connect_timeout);
    for (const auto& [keyword, value] : where.parameters()) {
        keywords.push_back(keyword.c_str());
        values.push_back(value.c_str());
    }
    if (where.get("connect_timeout").empty()) {
        keywords.push_back("connect_timeout");
        values.push_back(timeout.c_str());
    }
    keywords.push_back("application_name");  // the later of two wins
    values.push_back(own_application_name.data());
    if (!where.password().empty()) {
        keywords.push_back("password");
        values.push_back(where.password().reveal().c_str());
    }
    keywords.push_back(nullptr);
    values.push_back(nullptr);
    connection_.reset(PQconnectdbParams(keywords.data(), values.data(), 0));
    if (PQstatus(connection_.get()) != CONNECTION_OK) {
        const FailureKind kind = why_no_connection(keywords, values);
        throw Failure(
            {.kind = kind,
             .operation = operation_ + ": connect to",
             .object = object_,
             .message = trimmed(PQerrorMessage(connection_.get())),
             .remedy = kind == FailureKind::refused
                           ? "check user, password, database and pg_hba.conf for '" + where.key() + "'"
                           : "check that the server runs and that '" + where.key() + "' is right"});
    }
    PQsetNoticeReceiver(connection_.get(), ignore_notices, nullptr);
}

Failure Connection::failure(const PGresult* result) const {
    const char* state = result == nullptr ? nullptr : PQresultErrorField(result, PG_DIAG_SQLSTATE);
    FailureFields fields{.operation = operation_, .object = object_};
    fields.native_code = state == nullptr ? "" : state;
    fields.message =
        trimmed(result == nullptr ? nullptr : PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY));
    if (fields.message.empty()) fields.message = trimmed(PQerrorMessage(connection_.get()));
    if (result != nullptr) {
        const std::string detail = trimmed(PQresultErrorField(result, PG_DIAG_MESSAGE_DETAIL));
        if (!detail.empty()) fields.message += ": " + detail;
        const std::string context = trimmed(PQresultErrorField(result, PG_DIAG_CONTEXT));
        if (!context.empty()) fields.message += " [" + context.substr(0, 300) + "]";
    }
    for (const Meaning& meaning : meanings) {
        if (!fields.native_code.starts_with(meaning.prefix)) continue;
        fields.kind = meaning.kind;
        fields.remedy = meaning.remedy;
        break;
    }
    if (fields.native_code.empty()) {
        // No SQLSTATE: the connection itself is gone, with the statement under way.
        fields.kind = FailureKind::unknown_outcome;
        fields.remedy = "the connection broke: check the server, then look at what is there";
    }
    return Failure(std::move(fields));
}

Result Connection::checked(PGresult* raw) const {
    Result result(raw);
    switch (PQresultStatus(raw)) {
        case PGRES_COMMAND_OK:
        case PGRES_TUPLES_OK:
        case PGRES_SINGLE_TUPLE:
        case PGRES_EMPTY_QUERY:
            return result;
        default:
            throw failure(raw);
    }
}

void close_connection(PGconn* connection) noexcept {
    const PGTransactionStatusType status = PQtransactionStatus(connection);
    if (status == PQTRANS_INTRANS || status == PQTRANS_INERROR) PQclear(PQexec(connection, "rollback"));
    PQfinish(connection);
}

Result Connection::run(const std::string& sql) { return checked(PQexec(connection_.get(), sql.c_str())); }

Result Connection::run(const std::string& sql, const Parameters& parameters) {
    std::vector<const char*> values;
    values.reserve(parameters.size());
    for (const auto& value : parameters) values.push_back(value ? value->c_str() : nullptr);
    return checked(PQexecParams(connection_.get(), sql.c_str(), static_cast<int>(values.size()), nullptr,
                                values.data(), nullptr, nullptr, 0));
}

std::optional<Failure> Connection::try_run(const std::string& sql) {
    try {
        run(sql);
        return std::nullopt;
    } catch (const Failure& failure) {
        return failure;
    }
}

void Connection::copy_out(const std::string& sql, const std::function<bool(std::string_view)>& row) {
    {
        const Handle<PGresult, PQclear> begun(PQexec(connection_.get(), sql.c_str()));
        if (PQresultStatus(begun.get()) != PGRES_COPY_OUT) throw failure(begun.get());
    }
    bool wanted = true;
    for (;;) {
        char* line = nullptr;
        const int size = PQgetCopyData(connection_.get(), &line, 0);
        if (size <= 0) break;  // -1: the end; -2: an error, which the next result tells
        const Handle<char, PQfreemem> owned(line);
        if (!wanted) continue;
        try {
            wanted = row({line, static_cast<std::size_t>(size)});
        } catch (...) {
            cancel();
            wanted = false;
            while (PQgetCopyData(connection_.get(), &line, 0) > 0) PQfreemem(line);
            while (PGresult* rest = PQgetResult(connection_.get())) PQclear(rest);
            throw;
        }
        if (!wanted) cancel();
    }
    std::optional<Failure> problem;
    while (PGresult* raw = PQgetResult(connection_.get())) {
        const Handle<PGresult, PQclear> result(raw);
        if (PQresultStatus(raw) != PGRES_COMMAND_OK && !problem) problem = failure(raw);
        if (PQstatus(connection_.get()) == CONNECTION_BAD) break;
    }
    if (PQstatus(connection_.get()) == CONNECTION_BAD && !problem) problem = failure(nullptr);
    if (problem && wanted) throw Failure(*problem);
}

void Connection::copy_in_begin(const std::string& sql) {
    const Handle<PGresult, PQclear> begun(PQexec(connection_.get(), sql.c_str()));
    if (PQresultStatus(begun.get()) != PGRES_COPY_IN) throw failure(begun.get());
}

void Connection::copy_in(std::string_view piece) {
    // libpq keeps what the socket does not take; pieces of 64 KiB keep that small.
    constexpr std::size_t step = 64U << 10U;
    for (std::size_t at = 0; at < piece.size(); at += step) {
        const std::string_view part = piece.substr(at, step);
        if (PQputCopyData(connection_.get(), part.data(), static_cast<int>(part.size())) != 1) {
            throw failure(nullptr);
        }
    }
}

std::uint64_t Connection::copy_in_end() {
    if (PQputCopyEnd(connection_.get(), nullptr) != 1) throw failure(nullptr);
    std::optional<Failure> problem;
    std::uint64_t rows = 0;
    while (PGresult* raw = PQgetResult(connection_.get())) {
        const Result result(raw);
        if (PQresultStatus(raw) != PGRES_COMMAND_OK) {
            if (!problem) problem = failure(raw);
        } else {
            rows = result.affected();
        }
        if (PQstatus(connection_.get()) == CONNECTION_BAD) break;
    }
    if (PQstatus(connection_.get()) == CONNECTION_BAD && !problem) problem = failure(nullptr);
    if (problem) throw Failure(*problem);
    return rows;
}

void Connection::copy_in_abort() noexcept {
    if (PQputCopyEnd(connection_.get(), "given up") != 1) return;
    while (PGresult* raw = PQgetResult(connection_.get())) {
        PQclear(raw);
        if (PQstatus(connection_.get()) == CONNECTION_BAD) break;
    }
}

void Connection::cancel() noexcept {
    const Handle<PGcancel, PQfreeCancel> handle(PQgetCancel(connection_.get()));
    std::array<char, 256> message{};
    if (handle) PQcancel(handle.get(), message.data(), static_cast<int>(message.size()));
}

int Connection::server_version() const { return PQserverVersion(connection_.get()); }

int Connection::process() const { return PQbackendPID(connection_.get()); }

Failure refused(const std::string& operation, const std::string& object, std::string message,
                std::string remedy) {
    return Failure({.kind = FailureKind::refused,
                    .operation = operation,
                    .object = object,
                    .message = std::move(message),
                    .remedy = std::move(remedy)});
}

}  // namespace rehearse::postgresql
