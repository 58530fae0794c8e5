// A PostgreSQL server of a test's own: a fresh cluster in a fresh folder on a free loopback port, stopped
// with it.
#pragma once

#include <libpq-fe.h>
#include <netinet/in.h>
#include <pwd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "orchestrator/base/handle.h"
#include "orchestrator/commands/command.h"
#include "tests/support/temporary_folder.h"

namespace rehearse::test {

/// Superuser `postgres`, everyone trusted but role `locked` (password "sesame").
class PostgresServer {
  public:
    struct Options {
        int port = 0;  // 0: a free one
        std::vector<std::string> settings{};
    };

    /// Empty where a server can be started here; else what is missing.
    [[nodiscard]] static std::string missing() {
        if (!std::filesystem::exists(programs() / "initdb")) return "needs postgresql-15";
        if (::geteuid() == 0 && ::getpwnam("postgres") == nullptr) return "needs the user postgres";
        return {};
    }

    explicit PostgresServer(Options options) : port_(options.port == 0 ? free_port() : options.port) {
        std::filesystem::permissions(folder_.path(), std::filesystem::perms(0755));
        if (const passwd* user = ::geteuid() == 0 ? ::getpwnam("postgres") : nullptr; user != nullptr) {
            if (::chown(folder_.path().c_str(), user->pw_uid, user->pw_gid) != 0) fail("chown", "");
        }
        as_postgres({(programs() / "initdb").string(), "-D", data().string(), "-A", "trust", "-U", "postgres",
                     "-E", "UTF8", "--locale=C.UTF-8", "--no-sync", "--no-instructions"});
        write_settings(options.settings);
        start();
    }
    PostgresServer() : PostgresServer(Options{}) {}
    PostgresServer(const PostgresServer&) = delete;
    PostgresServer& operator=(const PostgresServer&) = delete;
    ~PostgresServer() { stop(); }

    void start() {
        as_postgres({(programs() / "pg_ctl").string(), "-D", data().string(), "-w", "-s", "-l",
                     (folder_.path() / "log").string(), "start"});
        running_ = true;
    }
    void stop() {
        if (!running_) return;
        running_ = false;
        try {
            as_postgres({(programs() / "pg_ctl").string(), "-D", data().string(), "-w", "-s", "-m",
                         "immediate", "stop"});
        } catch (const std::exception&) {  // it is gone already
        }
    }

    [[nodiscard]] int port() const { return port_; }
    [[nodiscard]] std::filesystem::path data() const { return folder_.path() / "data"; }
    [[nodiscard]] std::filesystem::path log() const { return folder_.path() / "log"; }
    [[nodiscard]] std::string connection(const std::string& database,
                                         const std::string& user = "postgres") const {
        return "host=127.0.0.1 port=" + std::to_string(port_) + " user=" + user + " dbname=" + database;
    }

    /// Runs statements as the superuser (or `user`); the first column of the last one's first row, if any.
    std::string run(const std::string& database, const std::string& sql,
                    const std::string& user = "postgres") const {
        const Handle<PGconn, PQfinish> session(
            PQconnectdb((connection(database, user) + " client_encoding=UTF8").c_str()));
        PQsetNoticeProcessor(
            session.get(), [](void*, const char*) {}, nullptr);
        const Handle<PGresult, PQclear> result(PQexec(session.get(), sql.c_str()));
        const ExecStatusType status = PQresultStatus(result.get());
        if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK && status != PGRES_EMPTY_QUERY) {
            throw std::runtime_error(sql.substr(0, 200) + ": " + PQerrorMessage(session.get()));
        }
        return PQntuples(result.get()) > 0 && PQnfields(result.get()) > 0 ? PQgetvalue(result.get(), 0, 0)
                                                                          : "";
    }

    [[nodiscard]] static std::filesystem::path programs() { return "/usr/lib/postgresql/15/bin"; }

    [[nodiscard]] static int free_port() {
        const FileDescriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        if (::bind(socket.get(), reinterpret_cast<sockaddr*>(&address), size) != 0 ||
            ::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&address), &size) != 0) {
            fail("bind", "");
        }
        return ntohs(address.sin_port);
    }

  private:
    [[noreturn]] static void fail(const std::string& what, const std::string& why) {
        throw std::runtime_error("PostgreSQL for a test: " + what + " " + why);
    }
    /// The server refuses root; setpriv becomes the program, so that nothing stands between.
    static void as_postgres(std::vector<std::string> arguments) {
        if (::geteuid() == 0) {
            const std::vector<std::string> before{"setpriv", "--reuid",  "postgres",
                                                  "--regid", "postgres", "--clear-groups"};
            arguments.insert(arguments.begin(), before.begin(), before.end());
        }
        const CommandResult result = run_command({.arguments = arguments, .directory = "/"});
        if (!result.succeeded())
            fail(arguments.back(), result.describe() + ": " + result.errors + result.output);
    }
    void write_settings(const std::vector<std::string>& more) const {
        std::ofstream settings(data() / "postgresql.auto.conf", std::ios::app);
        settings
            << "port = " << port_ << "\nlisten_addresses = '127.0.0.1'\nunix_socket_directories = '"
            << folder_.path().string() << "'\nfsync = off\nmax_connections = 60\nshared_buffers = 64MB\n"
            << "password_encryption = 'scram-sha-256'\nlc_messages = 'C'\nmax_prepared_transactions = 5\n";
        for (const std::string& line : more) settings << line << "\n";
        std::ofstream access(data() / "pg_hba.conf", std::ios::trunc);
        access << "host all locked 127.0.0.1/32 scram-sha-256\nhost all all 127.0.0.1/32 trust\n"
               << "local all all trust\nhost replication all 127.0.0.1/32 trust\n";
    }

    TemporaryFolder folder_;
    int port_;
    bool running_ = false;
};

}  // namespace rehearse::test
