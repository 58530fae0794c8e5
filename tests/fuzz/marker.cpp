// What is read back from beside a resource: the marker, and the record of a process that was started.
#include "orchestrator/guard/marker.h"

#include <unistd.h>

#include "adapters/process/record.h"
#include "orchestrator/base/digest.h"
#include "tests/fuzz/fuzz.h"
#include "tests/support/temporary_folder.h"

using namespace rehearse;
using namespace rehearse::fuzz;

namespace {

/// The text as it is, and as if somebody with the key had signed it: what stands behind the signature is
/// parsed, too.
void check_marker(std::string_view text) {
    const Secret key("0123456789abcdef");
    promise(std::holds_alternative<std::string>(read_marker_text(std::string(text), Secret("another key"))),
            "nothing is believed without the key");
    const auto value = accepted([&] { return parse_json(text, "input"); });
    if (!value || !value->is_object()) return;
    json::object document = value->get_object();
    document.erase("signature");
    const auto canonical = accepted([&] { return canonical_json(document); });
    if (!canonical) return;
    document["signature"] = "hmac-sha256:" + hmac_sha256_hex(key.reveal(), *canonical);
    const auto read = read_marker_text(canonical_json(document), key);
    if (const auto* marker = std::get_if<Marker>(&read)) {
        promise(sign_marker(*marker, key) == canonical_json(document) + "\n",
                "a marker that is believed says all that its text says");
    }
}

void check_record(std::string_view text) {
    static const test::TemporaryFolder folder("/dev/shm");
    static const std::filesystem::path file = folder.path() / "started.json";
    if (FILE* out = std::fopen(file.c_str(), "w"); out != nullptr) {
        std::fwrite(text.data(), 1, text.size(), out);
        std::fclose(out);
    }
    const auto record = process::read_record(folder.path());
    if (!record) return;
    promise(record->pid > 0, "a record names one process");
    const json::object document = parse_json(text, "input").as_object();
    promise(document.at("pid") == record->pid && document.at("started") == record->started,
            "a record says what its file says");
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    check_marker(text_of(data, size));
    check_record(text_of(data, size));
    return 0;
}
