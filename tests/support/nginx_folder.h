// A folder that nginx serves from, on a free port, without touching anything else on the machine.
#pragma once

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "tests/support/free_port.h"

namespace rehearse::test {

struct NginxFolder {
    explicit NginxFolder(std::filesystem::path folder, int workers = 2)
        : path(std::move(folder)), port(free_port()) {
        std::filesystem::create_directories(path);
        std::ofstream(path / "nginx.conf")
            << (::geteuid() == 0 ? "user root;\n" : "") << "worker_processes " << workers
            << ";\npid nginx.pid;\nerror_log error.log;\nevents { worker_connections 64; }\n"
               "http {\n  access_log off;\n"
               "  client_body_temp_path t1; proxy_temp_path t2; fastcgi_temp_path t3;\n"
               "  uwsgi_temp_path t4; scgi_temp_path t5;\n"
               "  server { listen 127.0.0.1:"
            << port << "; location / { return 200 \"ok\\n\"; } }\n}\n";
    }
    [[nodiscard]] static std::vector<std::string> command() {
        return {"nginx", "-p", ".", "-c", "nginx.conf", "-e", "error.log", "-g", "daemon off;"};
    }
    [[nodiscard]] std::string url() const { return "http://127.0.0.1:" + std::to_string(port) + "/"; }
    [[nodiscard]] static bool is_installed() {
        for (const char* file : {"/usr/sbin/nginx", "/usr/local/sbin/nginx", "/usr/bin/nginx"}) {
            if (::access(file, X_OK) == 0) return true;
        }
        return false;
    }

    std::filesystem::path path;
    std::uint16_t port;
};

}  // namespace rehearse::test
