// Promises of single tries, kept against real sockets and programs.
#include "orchestrator/probes/probe.h"

#include <doctest/doctest.h>
#include <sys/resource.h>

#include "orchestrator/base/failure.h"
#include "orchestrator/probes/kinds.h"
#include "tests/probes/http_server.h"
#include "tests/support/real_time.h"

using namespace rehearse;
using namespace rehearse::test;
using namespace std::chrono_literals;

namespace {

const RealClock real_clock;

ProbeSpec http(const std::string& url) {
    ProbeSpec spec;
    spec.name = "web";
    spec.kind = ProbeKind::http;
    spec.url = url;
    spec.timeout = 2s;
    return spec;
}

ProbeSpec tcp(const std::string& host, std::uint16_t port) {
    ProbeSpec spec;
    spec.name = "port";
    spec.kind = ProbeKind::tcp;
    spec.host = host;
    spec.port = port;
    spec.timeout = 2s;
    return spec;
}

ProbeSpec command(std::vector<std::string> arguments) {
    ProbeSpec spec;
    spec.name = "check";
    spec.kind = ProbeKind::command;
    spec.command = std::move(arguments);
    return spec;
}

ProbeTry try_once(const ProbeSpec& spec, QueryFunction query = {}) {
    return make_probe(spec, real_clock, std::move(query))->run();
}

bool says(const ProbeTry& attempt, std::string_view words) {
    return attempt.detail.find(words) != std::string::npos;
}

}  // namespace

TEST_SUITE("probes") {
    TEST_CASE("an http probe passes on the expected status and says how long it took") {
        HttpServer server(ServerMood::answers);
        const auto before = real_clock.steady();
        const auto attempt = try_once(http(server.url()));
        CHECK(attempt.passed);
        CHECK(says(attempt, "HTTP 200 in "));
        CHECK(attempt.began >= before);
        CHECK(attempt.ended > attempt.began);
        CHECK(real_clock.steady() >= attempt.ended);
        auto teapot = http(server.url());
        teapot.status = 418;
        CHECK(says(try_once(teapot), ", expected 418"));
        CHECK_FALSE(try_once(teapot).passed);
    }

    TEST_CASE("a redirect is an answer of its own, not followed") {
        HttpServer server(ServerMood::answers,
                          "HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n");
        auto spec = http(server.url());
        CHECK(says(try_once(spec), "HTTP 302"));
        spec.status = 302;
        CHECK(try_once(spec).passed);
    }

    TEST_CASE("an http probe looks for what the body must contain, in its first MiB") {
        HttpServer server(ServerMood::answers);
        auto spec = http(server.url());
        spec.contains = "ok";
        CHECK(try_once(spec).passed);
        spec.contains = "shop";
        CHECK_FALSE(try_once(spec).passed);
        CHECK(says(try_once(spec), "expected to contain 'shop'"));

        HttpServer endless(ServerMood::answers, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nfirst" +
                                                    std::string(3U << 20U, 'x') + "last");
        spec = http(endless.url());
        spec.contains = "first";
        CHECK(try_once(spec).passed);
        spec.contains = "last";
        CHECK_FALSE(try_once(spec).passed);
    }

    TEST_CASE("a refused connection, a silent server and a broken answer are failed tries with a reason") {
        HttpServer server(ServerMood::refuses);
        CHECK(says(try_once(http(server.url())), "connection refused"));
        server.turn(ServerMood::hangs);
        auto spec = http(server.url());
        spec.timeout = 50ms;
        const auto silent = try_once(spec);
        CHECK_FALSE(silent.passed);
        CHECK(says(silent, "no answer within 50.0 ms"));
        CHECK(silent.ended - silent.began >= 50ms);
        HttpServer empty(ServerMood::answers, "");
        CHECK_FALSE(try_once(http(empty.url())).passed);
        HttpServer rubbish(ServerMood::answers, "hello\r\n");
        CHECK_FALSE(try_once(http(rubbish.url())).passed);
        HttpServer cut(ServerMood::answers, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf");
        CHECK_FALSE(try_once(http(cut.url())).passed);
    }

    TEST_CASE("a url that is none is refused when the probe is made, and no password shows") {
        CHECK_THROWS_AS(std::ignore = make_probe(http("not a url"), real_clock, {}), Failure);
        HttpServer server(ServerMood::refuses);
        const auto attempt =
            try_once(http("http://me:hunter2@127.0.0.1:" + std::to_string(server.port()) + "/"));
        CHECK_FALSE(attempt.passed);
        CHECK_FALSE(says(attempt, "hunter2"));
        CHECK_THROWS_AS(std::ignore = make_probe(http("file:///etc/hostname"), real_clock, {}), Failure);
        CHECK_FALSE(try_once(http("gopher://127.0.0.1:1/")).passed);
    }

    TEST_CASE("each try makes a connection of its own: one that came back is seen by the same probe") {
        HttpServer server(ServerMood::answers);
        const auto probe = make_probe(http(server.url()), real_clock, {});
        CHECK(probe->run().passed);
        server.turn(ServerMood::refuses);
        CHECK_FALSE(probe->run().passed);
        server.turn(ServerMood::answers);
        CHECK(probe->run().passed);
    }

    TEST_CASE("a tcp probe passes on a connection, by number and by name") {
        HttpServer server(ServerMood::hangs);
        CHECK(try_once(tcp("127.0.0.1", server.port())).passed);
        CHECK(try_once(tcp("localhost", server.port())).passed);
        server.turn(ServerMood::refuses);
        const auto refused = try_once(tcp("127.0.0.1", server.port()));
        CHECK_FALSE(refused.passed);
        CHECK(says(refused, "connection refused"));
        CHECK(says(try_once(tcp("no-such-host.invalid", 80)), "can't resolve the host"));
    }

    TEST_CASE("a probe never takes the port of the server that it waits for") {
        // Linux may give a connection to a free local port that very port: connected to itself, it answers
        // and keeps the server from binding. Its own choice is within the range that stays.
        CHECK(probes::port_range_without(80) == 0);
        for (const std::uint16_t port : std::initializer_list<std::uint16_t>{32768, 40000, 50001, 60999}) {
            const auto range = probes::port_range_without(port);
            if (range == 0) continue;  // another range on this machine
            const auto low = range & 0xFFFFU;
            const auto high = range >> 16U;
            CHECK(low < high);
            CHECK((port < low || port > high));
        }
    }

    TEST_CASE("a sql probe is judged by its tolerance") {
        ProbeSpec spec;
        spec.name = "rows";
        spec.kind = ProbeKind::sql;
        spec.resource = ResourceName("orders");
        spec.query = "select count(*) from orders";
        spec.timeout = 3s;
        std::string answer = "12";
        const QueryFunction query = [&answer](const ResourceName& resource, const std::string& text,
                                              Duration timeout) {
            CHECK(resource == ResourceName("orders"));
            CHECK(text == "select count(*) from orders");
            CHECK(timeout == 3s);
            return answer;
        };
        CHECK(try_once(spec, query).passed);
        spec.at_least = 12;
        spec.at_most = 12;
        CHECK(try_once(spec, query).passed);
        answer = "11";
        CHECK(try_once(spec, query).detail == "value '11', expected at least 12");
        answer = "13";
        CHECK(try_once(spec, query).detail == "value '13', expected at most 12");
        answer = "12.0";
        CHECK(try_once(spec, query).passed);
        for (const char* no_number : {"", "many", "12 rows", "NaN"}) {
            answer = no_number;
            CHECK_FALSE(try_once(spec, query).passed);
        }
        answer = "many";
        CHECK(try_once(spec, query).detail == "value 'many' is not a number, expected at least 12");
        spec.at_least.reset();
        spec.at_most.reset();
        spec.equals = "open";
        CHECK_FALSE(try_once(spec, query).passed);
        answer = "open";
        CHECK(try_once(spec, query).passed);
        spec.contains = "pe";
        CHECK(try_once(spec, query).passed);
        spec.contains = "x";
        CHECK_FALSE(try_once(spec, query).passed);
    }

    TEST_CASE("a query that fails is a failed try with its reason, and one without an answerer is refused") {
        ProbeSpec spec;
        spec.name = "rows";
        spec.kind = ProbeKind::sql;
        const auto attempt = try_once(spec, [](const auto&, const auto&, Duration) -> std::string {
            throw Failure({.kind = FailureKind::transient, .native_code = "57P03", .message = "starting up"});
        });
        CHECK_FALSE(attempt.passed);
        CHECK(attempt.detail == "starting up (57P03)");
        CHECK_THROWS_AS(std::ignore = make_probe(spec, real_clock, {}), Failure);
    }

    TEST_CASE("a command probe is judged by exit code and output") {
        CHECK(try_once(command({"true"})).passed);
        const auto failed = try_once(command({"sh", "-c", "echo broken >&2; exit 2"}));
        CHECK_FALSE(failed.passed);
        CHECK(failed.detail == "exit code 2, expected 0: broken?");
        auto spec = command({"sh", "-c", "echo up; exit 4"});
        spec.exit_code = 4;
        spec.equals = "up";
        CHECK(try_once(spec).passed);
        spec.equals = "down";
        CHECK_FALSE(try_once(spec).passed);
        CHECK(says(try_once(command({"no-such-program"})), "no such program"));
        spec = command({"sleep", "600"});
        spec.timeout = 50ms;
        CHECK(says(try_once(spec), "no answer within"));
    }

    TEST_CASE("a long or binary value is shown short and printable") {
        CHECK(probes::shortened(std::string(200, 'a')).size() == 83);
        CHECK(probes::shortened("a\nb\x01") == "a?b?");
    }
}
