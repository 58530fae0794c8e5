// A small HTTP server on a thread and a free port of 127.0.0.1, that can be down, hang, or come back.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "orchestrator/base/handle.h"

namespace rehearse::test {

enum class ServerMood {
    refuses,  // no listening socket
    hangs,    // connections are taken by the kernel, nobody answers
    answers,
};

/// Connections are answered one after the other, each with `response`, and closed.
class HttpServer {
  public:
    explicit HttpServer(ServerMood mood, std::string response = ok())
        : response_(std::move(response)), wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
        // A port of our own: held by a socket that never listens, so that nobody else gets it.
        holder_ = bound(0);
        sockaddr_in address{};
        socklen_t size = sizeof address;
        ::getsockname(holder_.get(), reinterpret_cast<sockaddr*>(&address), &size);
        port_ = ntohs(address.sin_port);
        turn(mood);
        thread_ = std::thread([this] { serve(); });
    }
    ~HttpServer() {
        stopping_ = true;
        ::eventfd_write(wake_.get(), 1);
        thread_.join();
    }
    HttpServer(const HttpServer&) = delete;
    HttpServer& operator=(const HttpServer&) = delete;

    [[nodiscard]] std::uint16_t port() const { return port_; }
    [[nodiscard]] std::string url(const std::string& path = "/") const {
        return "http://127.0.0.1:" + std::to_string(port_) + path;
    }
    /// Effective when it returns. Not from several threads at once.
    void turn(ServerMood mood) {
        if (mood == ServerMood::refuses) {
            answering_ = false;
            // Closing alone would leave it listening for as long as the thread's poll() holds it.
            if (listener_) ::shutdown(listener_.get(), SHUT_RDWR);
            listener_.reset();
            return;
        }
        if (!listener_) {
            listener_ = bound(port_);
            if (::listen(listener_.get(), 512) != 0) throw std::runtime_error("listen");
        }
        listening_ = listener_.get();
        answering_ = mood == ServerMood::answers;
        ::eventfd_write(wake_.get(), 1);
    }
    static std::string ok() {
        return "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: close\r\n\r\nok\n";
    }

  private:
    static FileDescriptor bound(std::uint16_t port) {
        FileDescriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
        const int yes = 1;
        ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
        ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEPORT, &yes, sizeof yes);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(port);
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        if (::bind(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
            throw std::runtime_error("bind");
        }
        return socket;
    }
    void serve() {
        while (!stopping_) {
            pollfd watched[2] = {{.fd = wake_.get(), .events = POLLIN, .revents = 0},
                                 {.fd = answering_ ? listening_.load() : -1, .events = POLLIN, .revents = 0}};
            ::poll(watched, 2, -1);
            eventfd_t value = 0;
            ::eventfd_read(wake_.get(), &value);
            if ((watched[1].revents & POLLIN) == 0 || !answering_) continue;
            const FileDescriptor client(::accept4(listening_, nullptr, nullptr, SOCK_CLOEXEC));
            if (client) answer(client.get());
        }
    }
    void answer(int client) const {
        char buffer[4096];
        std::string request;
        while (request.find("\r\n\r\n") == std::string::npos) {
            pollfd watched{.fd = client, .events = POLLIN, .revents = 0};
            if (::poll(&watched, 1, 1000) <= 0) return;
            const ssize_t got = ::recv(client, buffer, sizeof buffer, 0);
            if (got <= 0) return;
            request.append(buffer, static_cast<std::size_t>(got));
        }
        for (std::size_t at = 0; at < response_.size();) {
            const ssize_t sent = ::send(client, response_.data() + at, response_.size() - at, MSG_NOSIGNAL);
            if (sent <= 0) return;
            at += static_cast<std::size_t>(sent);
        }
    }

    std::string response_;
    FileDescriptor wake_;
    FileDescriptor holder_;
    FileDescriptor listener_;
    std::uint16_t port_ = 0;
    std::atomic<int> listening_ = -1;
    std::atomic<bool> answering_ = false;
    std::atomic<bool> stopping_ = false;
    std::thread thread_;
};

}  // namespace rehearse::test
