// Signing and checking markers.
#include "orchestrator/guard/marker.h"

#include "orchestrator/base/digest.h"
#include "orchestrator/base/failure.h"

namespace rehearse {

namespace {
constexpr std::string_view schema = "rehearse.marker/v1";
}

std::string sign_marker(const Marker& marker, const Secret& key) {
    json::object document{{"schema", schema},
                          {"environment", marker.environment.text()},
                          {"resource", marker.resource.text()},
                          {"identity", marker.identity},
                          {"nonce", marker.nonce},
                          {"epoch", marker.epoch},
                          {"written_at", to_rfc3339(marker.written_at)}};
    document["signature"] = "hmac-sha256:" + hmac_sha256_hex(key.reveal(), canonical_json(document));
    return canonical_json(document) + "\n";
}

std::variant<Marker, std::string> read_marker_text(const std::string& text, const Secret& key) {
    try {
        const json::value value = parse_json(text, "marker");
        if (!value.is_object()) return "it is not a JSON object";
        json::object document = value.get_object();
        if (text_or(document, "schema", "") != schema) return "it is not a " + std::string(schema);
        const std::string signature = text_at(document, "signature", "marker");
        document.erase("signature");
        const std::string expected = "hmac-sha256:" + hmac_sha256_hex(key.reveal(), canonical_json(document));
        if (!equal_digests(signature, expected)) {
            return "its signature is not from this workspace's key, or it was edited";
        }
        Marker marker;
        marker.environment = EnvironmentName(text_at(document, "environment", "marker"));
        marker.resource = ResourceName(text_at(document, "resource", "marker"));
        marker.identity = object_at(document, "identity", "marker");
        marker.nonce = text_at(document, "nonce", "marker");
        marker.epoch = number_at<Epoch>(document, "epoch", "marker");
        marker.written_at = parse_rfc3339(text_at(document, "written_at", "marker"));
        document["signature"] = signature;
        if (sign_marker(marker, key) != canonical_json(document) + "\n")
            return "it says something that this version does not understand";
        return marker;
    } catch (const Failure& failure) {
        return failure.fields().message;
    }
}

}  // namespace rehearse
