// TCP probes: a connection that is made, is a pass. Nothing is sent; it is closed at once.
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "orchestrator/base/failure.h"
#include "orchestrator/base/handle.h"
#include "orchestrator/probes/kinds.h"

namespace rehearse::probes {

namespace {

using Addresses = Handle<addrinfo, freeaddrinfo>;

class TcpProbe : public Probe {
  public:
    TcpProbe(const ProbeSpec& spec, const Clock& clock)
        : spec_(spec), clock_(clock), local_ports_(port_range_without(spec.port)) {}

    ProbeTry run() override {
        ProbeTry attempt;
        const Duration cpu = thread_cpu();
        attempt.began = clock_.steady();
        const std::string problem = connect(attempt.began + spec_.timeout);
        attempt.ended = clock_.steady();
        attempt.passed = problem.empty();
        attempt.detail =
            problem.empty() ? "connected in " + in_milliseconds(attempt.ended - attempt.began) : problem;
        attempt.cost = thread_cpu() - cpu;
        return attempt;
    }

  private:
    // Empty: connected. The addresses of a name are tried in turn, within one time limit. Only the resolver
    // keeps its own time (numeric hosts need none).
    [[nodiscard]] std::string connect(SteadyTime deadline) const {
        addrinfo hints{};
        hints.ai_socktype = SOCK_STREAM;
        hints.ai_flags = AI_NUMERICSERV;
        addrinfo* list = nullptr;
        const int error =
            ::getaddrinfo(spec_.host.c_str(), std::to_string(spec_.port).c_str(), &hints, &list);
        if (error != 0) return "can't resolve the host: " + std::string(::gai_strerror(error));
        const Addresses owner(list);
        std::string problem;
        for (const addrinfo* address = list; address != nullptr; address = address->ai_next) {
            problem = connect(*address, deadline);
            if (problem.empty()) return {};
        }
        return problem;
    }

    [[nodiscard]] std::string connect(const addrinfo& address, SteadyTime deadline) const {
        const FileDescriptor socket(
            ::socket(address.ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, address.ai_protocol));
        if (!socket) return words_of(errno);
        keep_off_port(socket.get(), local_ports_);
        if (::connect(socket.get(), address.ai_addr, address.ai_addrlen) != 0) {
            if (errno != EINPROGRESS) return words_of(errno);
            if (const int error = wait_for(socket.get(), deadline); error != 0) {
                return error == ETIMEDOUT ? "no connection within " + in_milliseconds(spec_.timeout)
                                          : words_of(error);
            }
        }
        return is_own_echo(socket.get()) ? "connected to itself: nobody listens" : std::string();
    }

    [[nodiscard]] int wait_for(int socket, SteadyTime deadline) const {
        for (;;) {
            const Duration rest = deadline - clock_.steady();
            if (rest <= Duration{}) return ETIMEDOUT;
            const auto seconds = std::chrono::floor<std::chrono::seconds>(rest);
            const timespec limit{.tv_sec = static_cast<time_t>(seconds.count()),
                                 .tv_nsec = static_cast<long>((rest - seconds).count())};
            pollfd watched{.fd = socket, .events = POLLOUT, .revents = 0};
            const int ready = ::ppoll(&watched, 1, &limit, nullptr);
            if (ready < 0 && errno != EINTR) return errno;
            if (ready <= 0) continue;
            int error = 0;
            socklen_t size = sizeof error;
            if (::getsockopt(socket, SOL_SOCKET, SO_ERROR, &error, &size) != 0) return errno;
            return error;
        }
    }

    // Where both ends are one address: see port_range_without().
    [[nodiscard]] static bool is_own_echo(int socket) {
        sockaddr_storage own{};
        sockaddr_storage peer{};
        socklen_t own_size = sizeof own;
        socklen_t peer_size = sizeof peer;
        return ::getsockname(socket, reinterpret_cast<sockaddr*>(&own), &own_size) == 0 &&
               ::getpeername(socket, reinterpret_cast<sockaddr*>(&peer), &peer_size) == 0 &&
               own_size == peer_size && std::memcmp(&own, &peer, own_size) == 0;
    }

    ProbeSpec spec_;
    const Clock& clock_;
    std::uint32_t local_ports_;
};

}  // namespace

std::unique_ptr<Probe> make_tcp(const ProbeSpec& spec, const Clock& clock) {
    return std::make_unique<TcpProbe>(spec, clock);
}

}  // namespace rehearse::probes
