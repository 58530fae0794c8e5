// OpenSSL's own hook for another source of randomness.
#include "tests/simulation/randomness.h"

// RAND_set_rand_method is deprecated in favour of providers, which need a shared library each.
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
#include <openssl/rand.h>

namespace rehearse::simulation {

namespace {

Random* source = nullptr;  // OpenSSL's hook has no argument for it

int bytes(unsigned char* out, int size) {
    for (int at = 0; at < size; ++at) out[at] = static_cast<unsigned char>(source->next());
    return 1;
}
int status() { return 1; }

const RAND_METHOD method{nullptr, bytes, nullptr, nullptr, bytes, status};

}  // namespace

SeededOpenSsl::SeededOpenSsl(Random& random) {
    source = &random;
    RAND_set_rand_method(&method);
}

SeededOpenSsl::~SeededOpenSsl() {
    RAND_set_rand_method(nullptr);
    source = nullptr;
}

}  // namespace rehearse::simulation
