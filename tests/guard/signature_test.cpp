// SSHSIG and allowed_signers, held against OpenSSH itself in both directions.
#include <doctest/doctest.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>

#include <functional>

#include "orchestrator/base/digest.h"
#include "orchestrator/base/failure.h"
#include "orchestrator/base/handle.h"
#include "orchestrator/guard/ssh_key.h"
#include "orchestrator/guard/ssh_signature.h"
#include "orchestrator/guard/ssh_wire.h"
#include "tests/guard/keys.h"

using namespace rehearse;
using namespace rehearse::test;

namespace {

const std::string text = "what is approved\n";
const WallTime now = parse_rfc3339("2026-11-26T12:00:00Z");

bool we_accept(const std::string& armored, const std::string& message = text,
               std::string_view name_space = approval_namespace) {
    try {
        return is_good(read_ssh_signature(armored), message, name_space);
    } catch (const Failure& failure) {
        CHECK(failure.kind() == FailureKind::invalid_input);
        return false;
    }
}

std::string armored(const std::string& wire) {
    return "-----BEGIN SSH SIGNATURE-----\n" + to_base64(wire) + "\n-----END SSH SIGNATURE-----\n";
}

std::string wire_of(const std::string& signature) {
    const SshSignature read = read_ssh_signature(signature);
    return "SSHSIG" + std::string("\0\0\0\1", 4) + ssh_text(read.key) + ssh_text(read.name_space) +
           ssh_text("") + ssh_text(read.hash) + ssh_text(read.signature);
}

std::string sha256_of(std::string_view bytes) {
    Digest digest(Digest::Algorithm::sha256);
    digest.update(bytes);
    return digest.raw();
}

using Key = Handle<EVP_PKEY, EVP_PKEY_free>;

std::string signed_by(EVP_PKEY* key, const EVP_MD* hash, const std::string& bytes) {
    const Handle<EVP_MD_CTX, EVP_MD_CTX_free> context(EVP_MD_CTX_new());
    REQUIRE(EVP_DigestSignInit(context.get(), nullptr, hash, nullptr, key) == 1);
    std::size_t size = 0;
    const auto* data = reinterpret_cast<const unsigned char*>(bytes.data());
    REQUIRE(EVP_DigestSign(context.get(), nullptr, &size, data, bytes.size()) == 1);
    std::string out(size, '\0');
    REQUIRE(EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(out.data()), &size, data,
                           bytes.size()) == 1);
    out.resize(size);
    return out;
}

std::string positive(const BIGNUM* number) {
    std::string bytes(static_cast<std::size_t>(BN_num_bytes(number)), '\0');
    BN_bn2bin(number, reinterpret_cast<unsigned char*>(bytes.data()));
    if (!bytes.empty() && (static_cast<unsigned char>(bytes[0]) & 0x80U) != 0) bytes.insert(0, 1, '\0');
    return ssh_text(bytes);
}

/// A hardware key that lives in this test: what a security key would send over, made with OpenSSL.
struct HardwareKey {
    std::string type, key;  // `key`: wire form
    Key secret;

    explicit HardwareKey(bool ecdsa) {
        if (ecdsa) {
            type = "sk-ecdsa-sha2-nistp256@openssh.com";
            secret = Key(EVP_EC_gen("P-256"));
            std::string point(65, '\0');
            std::size_t size = 0;
            REQUIRE(EVP_PKEY_get_octet_string_param(secret.get(), "pub",
                                                    reinterpret_cast<unsigned char*>(point.data()),
                                                    point.size(), &size) == 1);
            key = ssh_text(type) + ssh_text("nistp256") + ssh_text(point) + ssh_text("ssh:");
        } else {
            type = "sk-ssh-ed25519@openssh.com";
            secret = Key(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"));
            std::string point(32, '\0');
            std::size_t size = point.size();
            REQUIRE(EVP_PKEY_get_raw_public_key(secret.get(), reinterpret_cast<unsigned char*>(point.data()),
                                                &size) == 1);
            key = ssh_text(type) + ssh_text(point) + ssh_text("ssh:");
        }
    }

    [[nodiscard]] std::string sign(const std::string& message, char flags) const {
        const std::string asked = "SSHSIG" + ssh_text(approval_namespace) + ssh_text("") +
                                  ssh_text("sha256") + ssh_text(sha256_of(message));
        const std::string counter("\0\0\0\7", 4);
        const std::string bytes = sha256_of("ssh:") + flags + counter + sha256_of(asked);
        std::string value;
        if (type.find("ecdsa") == std::string::npos) {
            value = signed_by(secret.get(), nullptr, bytes);
        } else {
            const std::string der = signed_by(secret.get(), EVP_sha256(), bytes);
            const auto* at = reinterpret_cast<const unsigned char*>(der.data());
            const Handle<ECDSA_SIG, ECDSA_SIG_free> pair(
                d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(der.size())));
            value = positive(ECDSA_SIG_get0_r(pair.get())) + positive(ECDSA_SIG_get0_s(pair.get()));
        }
        return armored("SSHSIG" + std::string("\0\0\0\1", 4) + ssh_text(key) + ssh_text(approval_namespace) +
                       ssh_text("") + ssh_text("sha256") +
                       ssh_text(ssh_text(type) + ssh_text(value) + flags + counter));
    }
};

}  // namespace

TEST_SUITE("guard") {
    TEST_CASE("what ssh-keygen signs with any kind of key, we and ssh-keygen accept, for these bytes only") {
        const std::vector<std::pair<std::string, std::vector<std::string>>> kinds{
            {"ed25519", {"-t", "ed25519"}},
            {"p256", {"-t", "ecdsa", "-b", "256"}},
            {"p384", {"-t", "ecdsa", "-b", "384"}},
            {"p521", {"-t", "ecdsa", "-b", "521"}},
            {"rsa2048", {"-t", "rsa", "-b", "2048"}}};
        for (const auto& [name, options] : kinds) {
            keys().make(name, options);
            for (const std::string hash : {"sha256", "sha512"}) {
                CAPTURE(name);
                CAPTURE(hash);
                const std::string signature =
                    keys().sign(name, text, std::string(approval_namespace), {"-O", "hashalg=" + hash});
                CHECK(read_ssh_signature(signature).hash == hash);
                CHECK(we_accept(signature));
                CHECK_FALSE(we_accept(signature, "what is approveD\n"));
                CHECK_FALSE(we_accept(signature, text, "git"));
                CHECK(keys().openssh_accepts("me " + keys().public_key(name), "me", signature, text));
            }
        }
        CHECK_FALSE(we_accept(keys().sign("ed25519", text, "git")));
    }

    TEST_CASE("a hardware key's signature counts where it was touched, for us and for ssh-keygen") {
        for (const bool ecdsa : {false, true}) {
            const HardwareKey key(ecdsa);
            CAPTURE(key.type);
            const std::string touched = key.sign(text, 0x01);
            CHECK(we_accept(touched));
            CHECK_FALSE(we_accept(touched, "other"));
            CHECK(keys().openssh_accepts("me " + key.type + " " + to_base64(key.key), "me", touched, text));
            CHECK_FALSE(we_accept(key.sign(text, 0x00)));
        }
    }

    TEST_CASE("no single changed byte and no cut of a signature is accepted") {
        for (const std::string name : {"ed25519", "p256", "rsa2048"}) {
            keys().make(name, name == "p256"      ? std::vector<std::string>{"-t", "ecdsa", "-b", "256"}
                              : name == "rsa2048" ? std::vector<std::string>{"-t", "rsa", "-b", "2048"}
                                                  : std::vector<std::string>{"-t", "ed25519"});
            CAPTURE(name);
            const std::string wire = wire_of(keys().sign(name, text));
            REQUIRE(we_accept(armored(wire)));
            std::size_t accepted = 0;
            for (std::size_t i = 0; i < wire.size(); ++i) {
                std::string changed = wire;
                changed[i] = static_cast<char>(changed[i] ^ 0x01);
                // Another key or hash name may be read well, and must still not verify.
                accepted += we_accept(armored(changed)) ? 1 : 0;
                accepted += we_accept(armored(wire.substr(0, i))) ? 1 : 0;
            }
            accepted += we_accept(armored(wire + "x")) ? 1 : 0;
            CHECK(accepted == 0);
        }
    }

    TEST_CASE("what is no armored signature is refused") {
        const std::string good = keys().sign("ed25519", text);
        for (const std::string& bad :
             {std::string(), std::string("x"), good.substr(0, good.size() / 2), good + good, "x" + good,
              std::string("-----BEGIN SSH SIGNATURE-----\n-----END SSH SIGNATURE-----\n"),
              std::string("-----BEGIN SSH SIGNATURE-----"), std::string(100'000, 'A')}) {
            CHECK_FALSE(we_accept(bad));
        }
    }

    TEST_CASE("short RSA keys don't count") {
        keys().make("rsa1024", {"-t", "rsa", "-b", "1024"});
        CHECK_FALSE(we_accept(keys().sign("rsa1024", text)));
        CHECK_THROWS_AS((void)read_allowed_signers("me " + keys().public_key("rsa1024"), "signers"), Failure);
    }

    TEST_CASE("allowed_signers means to us what it means to ssh-keygen") {
        const std::string key = keys().public_key("ed25519");
        const std::string signature = keys().sign("ed25519", text);
        const std::vector<std::pair<std::string, bool>> lines{
            {"me@example.org " + key, true},
            {"you@example.org,me@example.org " + key + " with a comment", true},
            {"*@example.org " + key, true},
            {"m?@example.org " + key, true},
            {"*@example.org,!me@example.org " + key, false},
            {"you@example.org " + key, false},
            {"me@example.org namespaces=\"rehearse-approve-v1\" " + key, true},
            {"me@example.org namespaces=\"git,rehearse-*\" " + key, true},
            {"me@example.org namespaces=\"git\" " + key, false},
            {"me@example.org valid-after=\"20260101Z\",valid-before=\"20270101Z\" " + key, true},
            {"me@example.org valid-before=\"202611261159Z\" " + key, false},
            {"me@example.org valid-after=\"20261126120001Z\" " + key, false},
            {"me@example.org NAMESPACES=\"git,rehearse-approve-v1\",valid-after=\"20260101Z\" " + key, true},
            {"# me@example.org " + key, false},
        };
        for (const auto& [line, expected] : lines) {
            CAPTURE(line);
            bool ours = false;
            for (const AllowedSigner& signer : read_allowed_signers("\n" + line + "\n", "signers")) {
                CHECK(signer.line == 2);
                ours = ours || (signer.names("me@example.org") && !signer.problem(approval_namespace, now) &&
                                signer.key == read_ssh_signature(signature).key);
            }
            CHECK(ours == expected);
            CHECK(keys().openssh_accepts("\n" + line + "\n", "me@example.org", signature, text,
                                         {"-Overify-time=20261126120000Z"}) == expected);
        }
    }

    TEST_CASE("what allowed_signers may not hold is refused with its line") {
        const std::string key = keys().public_key("ed25519");
        const std::string good = "me " + key + "\n";
        const std::vector<std::pair<std::string, std::string>> lines{
            {"me cert-authority " + key, "cert-authority"},
            {"me cert-authority,namespaces=\"x\" " + key, "cert-authority"},
            {"me colour=\"red\" " + key, "no option 'colour'"},
            {"me namespaces=rehearse " + key, "in quotes"},
            {"me namespaces=\"a\",namespaces=\"b\" " + key, "stands twice"},
            {"me valid-after=\"tomorrow\" " + key, "YYYYMMDD"},
            {"me valid-after=\"20260231Z\" " + key, "no such time"},
            {"me valid-after=\"20270101Z\",valid-before=\"20260101Z\" " + key, "not before"},
            {"me", "a line has"},
            {"me ssh-ed25519", "a line has"},
            {"me ssh-ed25519 AAAA", "can't be used"},
            {"me ssh-rsa " + key.substr(key.find(' ') + 1), "another kind"},
            {"me ssh-dss AAAAB3NzaC1kc3M=", "don't count"},
        };
        for (const auto& [line, reason] : lines) {
            CAPTURE(line);
            std::string said;
            try {
                (void)read_allowed_signers(good + line + "\n", "signers");
            } catch (const Failure& failure) {
                said = failure.what();
            }
            CHECK(said.find("signers:2: ") != std::string::npos);
            CHECK(said.find(reason) != std::string::npos);
        }
    }
}
