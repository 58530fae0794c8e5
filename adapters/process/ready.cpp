// Readiness over HTTP (libcurl), TCP and a command. Probes are on a higher floor; these ask much less.
#include "adapters/process/ready.h"

#include <curl/curl.h>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "orchestrator/base/failure.h"
#include "orchestrator/base/handle.h"
#include "orchestrator/commands/command.h"

namespace rehearse::process {

namespace {

using Curl = Handle<CURL, curl_easy_cleanup>;
using Addresses = Handle<addrinfo, freeaddrinfo>;

std::string words_of(int error) {
    const char* words = strerrordesc_np(error);
    return words != nullptr ? words : "error " + std::to_string(error);
}

std::size_t drop(char*, std::size_t size, std::size_t count, void*) { return size * count; }

std::string ask_http(const ReadySettings& ready, Duration patience) {
    const Curl curl(curl_easy_init());
    if (!curl) return "no HTTP client could be made";
    std::array<char, CURL_ERROR_SIZE> error{};
    const auto time = static_cast<long>(
        std::max<std::int64_t>(1, std::chrono::duration_cast<std::chrono::milliseconds>(patience).count()));
    curl_easy_setopt(curl.get(), CURLOPT_URL, ready.url.c_str());
    curl_easy_setopt(curl.get(), CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl.get(), CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl.get(), CURLOPT_NOPROXY, "127.0.0.1,::1,localhost");
    curl_easy_setopt(curl.get(), CURLOPT_TIMEOUT_MS, time);
    curl_easy_setopt(curl.get(), CURLOPT_CONNECTTIMEOUT_MS, time);
    curl_easy_setopt(curl.get(), CURLOPT_WRITEFUNCTION, &drop);
    curl_easy_setopt(curl.get(), CURLOPT_ERRORBUFFER, error.data());
    const CURLcode code = curl_easy_perform(curl.get());
    if (code != CURLE_OK) {
        long system_error = 0;
        curl_easy_getinfo(curl.get(), CURLINFO_OS_ERRNO, &system_error);
        if (code == CURLE_COULDNT_CONNECT && system_error != 0)
            return words_of(static_cast<int>(system_error));
        return error[0] != '\0' ? error.data() : curl_easy_strerror(code);
    }
    long status = 0;
    curl_easy_getinfo(curl.get(), CURLINFO_RESPONSE_CODE, &status);
    if (status == ready.status) return {};
    return "HTTP " + std::to_string(status) + ", expected " + std::to_string(ready.status);
}

// Linux may connect a socket to a free local port with itself.
bool is_own_echo(int socket) {
    sockaddr_storage own{};
    sockaddr_storage peer{};
    socklen_t own_size = sizeof own;
    socklen_t peer_size = sizeof peer;
    return ::getsockname(socket, reinterpret_cast<sockaddr*>(&own), &own_size) == 0 &&
           ::getpeername(socket, reinterpret_cast<sockaddr*>(&peer), &peer_size) == 0 &&
           own_size == peer_size && std::memcmp(&own, &peer, own_size) == 0;
}

std::string connect(const addrinfo& address, const Clock& clock, SteadyTime deadline) {
    const FileDescriptor socket(
        ::socket(address.ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, address.ai_protocol));
    if (!socket) return words_of(errno);
    if (::connect(socket.get(), address.ai_addr, address.ai_addrlen) != 0) {
        if (errno != EINPROGRESS) return words_of(errno);
        pollfd watched{.fd = socket.get(), .events = POLLOUT, .revents = 0};
        int ready = 0;
        do {
            const auto rest = std::chrono::ceil<std::chrono::milliseconds>(deadline - clock.steady()).count();
            ready = ::poll(&watched, 1, static_cast<int>(std::clamp<std::int64_t>(rest, 0, 60'000)));
        } while (ready < 0 && errno == EINTR);
        if (ready <= 0) return "no connection in time";
        int error = 0;
        socklen_t size = sizeof error;
        if (::getsockopt(socket.get(), SOL_SOCKET, SO_ERROR, &error, &size) != 0) error = errno;
        if (error != 0) return words_of(error);
    }
    return is_own_echo(socket.get()) ? "nobody listens" : "";
}

std::string ask_tcp(const ReadySettings& ready, const Clock& clock, SteadyTime deadline) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* list = nullptr;
    const int error = ::getaddrinfo(ready.host.c_str(), std::to_string(ready.port).c_str(), &hints, &list);
    if (error != 0) return "can't resolve '" + ready.host + "': " + ::gai_strerror(error);
    const Addresses owner(list);
    std::string problem = "no address";
    for (const addrinfo* address = list; address != nullptr && !problem.empty(); address = address->ai_next) {
        problem = connect(*address, clock, deadline);
    }
    return problem;
}

std::string ask_command(const Settings& settings, Duration patience) {
    CommandRequest request;
    request.arguments = settings.ready.command;
    request.directory = settings.real_directory();
    request.timeout = patience;
    request.output_limit = 4096;
    const CommandResult result = run_command(request);
    return result.succeeded() ? "" : settings.ready.command[0] + ": " + result.describe();
}

}  // namespace

std::string why_not_ready(const Settings& settings, const Clock& clock, Duration patience) {
    const SteadyTime deadline = clock.steady() + patience;
    std::string problem;
    if (!settings.ready.host.empty()) problem = ask_tcp(settings.ready, clock, deadline);
    if (problem.empty() && !settings.ready.url.empty()) {
        problem = ask_http(settings.ready, std::max(deadline - clock.steady(), Duration(1'000'000)));
    }
    if (problem.empty() && !settings.ready.command.empty()) {
        problem = ask_command(settings, std::max(deadline - clock.steady(), Duration(1'000'000)));
    }
    return problem;
}

}  // namespace rehearse::process
