// The other connections block until the server speaks; a probe must not, so this one is driven by poll().
#include "adapters/postgresql/query.h"

#include <libpq-fe.h>
#include <poll.h>

#include <array>

#include "adapters/postgresql/connection.h"

namespace rehearse::postgresql {

namespace {

class Asking {
  public:
    Asking(const ConnectionString& where, const Clock& clock, Duration timeout)
        : where_(where), clock_(clock), deadline_(clock.steady() + timeout) {}

    std::string ask(const std::string& text, Duration timeout) {
        connect(timeout);
        if (PQsendQueryParams(connection_.get(), text.c_str(), 0, nullptr, nullptr, nullptr, nullptr, 0) != 1)
            fail();
        while (PQflush(connection_.get()) == 1) wait(POLLOUT);
        while (PQisBusy(connection_.get()) == 1) {
            wait(POLLIN);
            if (PQconsumeInput(connection_.get()) != 1) fail();
        }
        const Handle<PGresult, PQclear> result(PQgetResult(connection_.get()));
        const ExecStatusType status = PQresultStatus(result.get());
        if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK) fail(result.get());
        if (PQntuples(result.get()) == 0 || PQnfields(result.get()) == 0) return {};
        return PQgetvalue(result.get(), 0, 0);
    }

  private:
    void connect(Duration timeout) {
        // The server ends what nobody waits for any more.
        const auto limit = std::max<std::int64_t>(to_milliseconds(timeout), 1);
        const ConnectionString target =
            where_.with("options", where_.get("options") + " -c statement_timeout=" + std::to_string(limit) +
                                       " -c default_transaction_read_only=on");
        std::vector<const char*> keywords;
        std::vector<const char*> values;
        for (const auto& [keyword, value] : target.parameters()) {
            keywords.push_back(keyword.c_str());
            values.push_back(value.c_str());
        }
        for (const auto& [keyword, value] :
             {std::pair("application_name", own_application_name.data()),
              std::pair("password",
                        target.password().empty() ? nullptr : target.password().reveal().c_str())}) {
            keywords.push_back(keyword);
            values.push_back(value);
        }
        keywords.push_back(nullptr);
        values.push_back(nullptr);
        connection_.reset(PQconnectStartParams(keywords.data(), values.data(), 0));
        if (PQstatus(connection_.get()) == CONNECTION_BAD) fail();
        PQsetnonblocking(connection_.get(), 1);
        for (auto state = PGRES_POLLING_WRITING; state != PGRES_POLLING_OK;
             state = PQconnectPoll(connection_.get())) {
            if (state == PGRES_POLLING_FAILED) fail();
            wait(state == PGRES_POLLING_READING ? POLLIN : POLLOUT);
        }
    }

    void wait(short events) {
        for (;;) {
            const Duration left = deadline_ - clock_.steady();
            if (left <= Duration::zero()) late();
            pollfd descriptor{.fd = PQsocket(connection_.get()), .events = events, .revents = 0};
            const auto milliseconds = std::min<std::int64_t>(to_milliseconds(left) + 1, 60'000);
            if (::poll(&descriptor, 1, static_cast<int>(milliseconds)) > 0) return;
        }
    }

    [[noreturn]] void late() const {
        throw Failure({.kind = FailureKind::transient,
                       .operation = "query",
                       .object = where_.describe(),
                       .message = "no answer in time",
                       .remedy = "check the server, or allow the probe more time"});
    }
    [[noreturn]] void fail(const PGresult* result = nullptr) const {
        const char* state = result == nullptr ? nullptr : PQresultErrorField(result, PG_DIAG_SQLSTATE);
        std::string message =
            result == nullptr ? PQerrorMessage(connection_.get()) : PQresultErrorMessage(result);
        while (!message.empty() && message.back() == '\n') message.pop_back();
        for (char& c : message) {
            if (c == '\n') c = ' ';
        }
        const bool broken = state == nullptr || std::string_view(state).starts_with("57");
        throw Failure({.kind = broken ? FailureKind::transient : FailureKind::permanent,
                       .operation = "query",
                       .object = where_.describe(),
                       .native_code = state == nullptr ? "" : state,
                       .message = message,
                       .remedy = broken ? "" : "check the probe's query"});
    }

    const ConnectionString& where_;
    const Clock& clock_;
    SteadyTime deadline_;
    Handle<PGconn, PQfinish> connection_;
};

}  // namespace

std::string query_value(const ConnectionString& where, const Clock& clock, const std::string& text,
                        Duration timeout) {
    return Asking(where, clock, timeout).ask(text, timeout);
}

}  // namespace rehearse::postgresql
