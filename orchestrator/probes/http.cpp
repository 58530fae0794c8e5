// HTTP probes by libcurl: one kept handle, a new connection for each try.
#include <curl/curl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <utility>

#include "orchestrator/base/failure.h"
#include "orchestrator/base/handle.h"
#include "orchestrator/probes/kinds.h"

namespace rehearse::probes {

namespace {

constexpr std::size_t most_body = 1U << 20U;

using Url = Handle<CURLU, curl_url_cleanup>;

Failure bad_url(const ProbeSpec& spec, const std::string& message) {
    return Failure({.kind = FailureKind::invalid_input,
                    .operation = "probe",
                    .object = spec.name,
                    .message = message,
                    .remedy = "write a url such as http://127.0.0.1:8081/health"});
}

std::string part(const ProbeSpec& spec, CURLU* url, CURLUPart which) {
    char* text = nullptr;
    if (curl_url_get(url, which, &text, CURLU_DEFAULT_PORT) != CURLUE_OK) {
        throw bad_url(spec, "its url lacks a host or port");
    }
    const Handle<char, curl_free> owner(text);
    return text;
}

bool is_loopback(const std::string& host) {
    return host == "localhost" || host == "[::1]" || host.starts_with("127.");
}

class HttpProbe : public Probe {
  public:
    HttpProbe(const ProbeSpec& spec, const Clock& clock)
        : spec_(spec), clock_(clock), curl_(curl_easy_init()) {
        if (!curl_) {
            throw Failure({.kind = FailureKind::transient,
                           .operation = "probe",
                           .object = spec.name,
                           .message = "no HTTP client could be made",
                           .remedy = "free some memory"});
        }
        const Url url(curl_url());
        const auto parsed = curl_url_set(url.get(), CURLUPART_URL, spec.url.c_str(), 0);
        if (parsed != CURLUE_OK) throw bad_url(spec, "its url is malformed");
        const std::string host = part(spec, url.get(), CURLUPART_HOST);
        const auto port = static_cast<std::uint16_t>(std::stoul(part(spec, url.get(), CURLUPART_PORT)));
        if (is_loopback(host)) {
            local_ports_ = port_range_without(port);
            set(CURLOPT_PROXY, "");  // whatever the environment says
        }

        set(CURLOPT_URL, spec.url.c_str());
        set(CURLOPT_PROTOCOLS_STR, "http,https");
        set(CURLOPT_NOSIGNAL, 1L);
        set(CURLOPT_FRESH_CONNECT, 1L);
        set(CURLOPT_FORBID_REUSE, 1L);
        set(CURLOPT_DNS_CACHE_TIMEOUT, 0L);
        set(CURLOPT_SSL_SESSIONID_CACHE, 0L);
        set(CURLOPT_FOLLOWLOCATION, 0L);
        set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
        set(CURLOPT_USERAGENT, "rehearse-probe");
        if (spec.method == "HEAD") {
            set(CURLOPT_NOBODY, 1L);
        } else if (spec.method != "GET") {
            set(CURLOPT_CUSTOMREQUEST, spec.method.c_str());
        }
        const auto timeout = std::max<long>(
            1, static_cast<long>(std::chrono::ceil<std::chrono::milliseconds>(spec.timeout).count()));
        set(CURLOPT_TIMEOUT_MS, timeout);
        set(CURLOPT_CONNECTTIMEOUT_MS, timeout);
        set(CURLOPT_ERRORBUFFER, error_.data());
        set(CURLOPT_WRITEFUNCTION, &HttpProbe::on_body);
        set(CURLOPT_WRITEDATA, static_cast<void*>(this));
        set(CURLOPT_SOCKOPTFUNCTION, &HttpProbe::on_socket);
        set(CURLOPT_SOCKOPTDATA, static_cast<void*>(this));
    }

    ProbeTry run() override {
        body_.clear();
        received_ = 0;
        error_[0] = '\0';
        ProbeTry attempt;
        const Duration cpu = thread_cpu();
        attempt.began = clock_.steady();
        const CURLcode code = curl_easy_perform(curl_.get());
        attempt.ended = clock_.steady();
        judge(code, attempt);
        attempt.cost = thread_cpu() - cpu;
        return attempt;
    }

  private:
    template <class Value>
    void set(CURLoption option, Value value) {
        if (curl_easy_setopt(curl_.get(), option, value) != CURLE_OK) {
            throw bad_url(spec_, "this build of libcurl can't do what it asks");
        }
    }

    static std::size_t on_body(char* data, std::size_t size, std::size_t count, void* self) {
        return static_cast<HttpProbe*>(self)->take(data, size * count);
    }
    std::size_t take(const char* data, std::size_t size) {
        const std::size_t room = std::min(size, most_body - received_);
        received_ += room;
        if (spec_.contains) body_.append(data, room);
        return room == size ? size : 0;  // 0 ends it: what came is enough to judge by
    }
    static int on_socket(void* self, curl_socket_t socket, curlsocktype) {
        keep_off_port(socket, static_cast<HttpProbe*>(self)->local_ports_);
        return CURL_SOCKOPT_OK;
    }

    void judge(CURLcode code, ProbeTry& attempt) const {
        const bool cut = code == CURLE_WRITE_ERROR && received_ == most_body;
        if (code != CURLE_OK && !cut) {
            attempt.detail = words(code);
            return;
        }
        long status = 0;
        curl_easy_getinfo(curl_.get(), CURLINFO_RESPONSE_CODE, &status);
        attempt.detail =
            "HTTP " + std::to_string(status) + " in " + in_milliseconds(attempt.ended - attempt.began);
        if (const int expected = spec_.status.value_or(200); status != expected) {
            attempt.detail += ", expected " + std::to_string(expected);
        } else if (spec_.contains && body_.find(*spec_.contains) == std::string::npos) {
            attempt.detail += ", expected to contain '" + shortened(*spec_.contains) + "'";
        } else {
            attempt.passed = true;
        }
    }

    [[nodiscard]] std::string words(CURLcode code) const {
        long system_error = 0;
        switch (code) {
            case CURLE_OPERATION_TIMEDOUT:
                return "no answer within " + in_milliseconds(spec_.timeout);
            case CURLE_COULDNT_CONNECT:
                curl_easy_getinfo(curl_.get(), CURLINFO_OS_ERRNO, &system_error);
                if (system_error != 0) return words_of(static_cast<int>(system_error));
                break;
            case CURLE_GOT_NOTHING:
                return "the server closed the connection without an answer";
            default:
                break;
        }
        return shortened(error_[0] != '\0' ? error_.data() : curl_easy_strerror(code));
    }

    ProbeSpec spec_;
    const Clock& clock_;
    Handle<CURL, curl_easy_cleanup> curl_;
    std::uint32_t local_ports_ = 0;
    std::string body_;
    std::size_t received_ = 0;
    std::array<char, CURL_ERROR_SIZE> error_{};
};

}  // namespace

std::unique_ptr<Probe> make_http(const ProbeSpec& spec, const Clock& clock) {
    return std::make_unique<HttpProbe>(spec, clock);
}

}  // namespace rehearse::probes
