// Versions as they are at run time, not as they were compiled against.
#include "orchestrator/cli/version.h"

#include <curl/curl.h>
#include <git2.h>
#include <libpq-fe.h>
#include <openssl/crypto.h>
#include <sqlite3.h>
#include <sys/utsname.h>

namespace rehearse {

std::string program_version() { return REHEARSE_VERSION; }

json::object versions() {
    int major = 0, minor = 0, revision = 0;
    git_libgit2_version(&major, &minor, &revision);
    const int pq = PQlibVersion();
    struct utsname kernel {};
    ::uname(&kernel);
    return {{"rehearse", program_version()},
            {"libgit2", std::to_string(major) + "." + std::to_string(minor) + "." + std::to_string(revision)},
            {"sqlite", sqlite3_libversion()},
            {"libpq", std::to_string(pq / 10000) + "." + std::to_string(pq % 10000)},
            {"libcurl", curl_version_info(CURLVERSION_NOW)->version},
            {"openssl", OpenSSL_version(OPENSSL_VERSION_STRING)},
            {"kernel", std::string(kernel.sysname) + " " + kernel.release}};
}

}  // namespace rehearse
