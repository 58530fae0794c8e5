// Template data, rendering and the page around the content; see html_parts.h.
#include "orchestrator/report/html_parts.h"

#include <cctype>
#include <stdexcept>

#include "orchestrator/base/digest.h"
#include "orchestrator/report/page_files.h"
#include "orchestrator/report/words.h"

namespace rehearse::html {

namespace {

std::string base64(std::string_view bytes) {
    static constexpr char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string out;
    for (std::size_t at = 0; at < bytes.size(); at += 3) {
        std::uint32_t group = 0;
        for (std::size_t k = 0; k < 3; ++k) {
            group = (group << 8U) | (at + k < bytes.size() ? static_cast<unsigned char>(bytes[at + k]) : 0U);
        }
        for (std::size_t k = 0; k < 4; ++k) {
            out += at + k <= bytes.size() ? digits[(group >> (18 - 6 * k)) & 63U] : '=';
        }
    }
    return out;
}

std::string policy_hash(std::string_view content) {
    Digest digest(Digest::Algorithm::sha256);
    digest.update(content);
    return "'sha256-" + base64(digest.raw()) + "'";
}

}  // namespace

Data object() { return Data(Data::type::object); }
Data list() { return Data(Data::type::list); }

// An empty text is false, so that a section about it is left out; as a variable it prints nothing either way.
void put(Data& data, const char* key, std::string_view text) {
    data.set(key, text.empty() ? Data(false) : Data(words::printable(text)));
}
void put_flag(Data& data, const char* key, bool value) { data.set(key, Data(value)); }
void put_data(Data& data, const char* key, const Data& value) { data.set(key, value); }
void put_list(Data& data, const char* key, const Data& values, bool any) {
    data.set(key, values);
    data.set(std::string("has_") + key, Data(any));
}

void put_fact(Data& facts, std::string_view term, std::string_view value) {
    if (value.empty()) return;
    Data fact = object();
    put(fact, "term", term);
    put(fact, "value", value);
    facts << fact;
}

std::string render(std::string_view file, const Data& data) {
    kainjow::mustache::mustache compiled{std::string(page_file(file))};
    if (!compiled.is_valid()) throw std::logic_error(std::string(file) + ": " + compiled.error_message());
    return compiled.render(data);
}

std::string anchor(std::string_view prefix, std::string_view name) {
    static constexpr char hex[] = "0123456789abcdef";
    std::string text(prefix);
    text += '-';
    for (const char c : name) {
        if (std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-') {
            text += c;
        } else {
            text += '_';
            text += hex[(static_cast<unsigned char>(c) >> 4U) & 15U];
            text += hex[static_cast<unsigned char>(c) & 15U];
        }
    }
    return text;
}

std::string measured_text(const Measured& measured) {
    if (!measured.actual_ms) return "not measured";
    return measured.uncertainty_ms > 0
               ? words::time_with_uncertainty(*measured.actual_ms, measured.uncertainty_ms)
               : words::time(*measured.actual_ms);
}

std::string met_text(const Measured& measured) {
    if (!measured.actual_ms) return "not measured";
    if (!measured.target_ms) return "no target";
    return measured.met ? "met" : "missed";
}

std::string against_text(const Measured& measured) {
    if (!measured.target_ms) return "no target";
    const std::string target = "target " + words::target(*measured.target_ms);
    if (!measured.actual_ms) return target;
    return target + (measured.met ? ": met" : ": missed");
}

std::string equality_text(std::optional<bool> equal) {
    if (!equal) return "not proved";
    return *equal ? "proved equal" : "different";
}

std::string page(const Page& page) {
    const std::string_view style = page_file("page/report.css");
    const std::string_view script = page_file("page/report.js");
    const std::string_view echarts = page_file("vendor/echarts/echarts.min.js");
    const bool scripted = !page.chart_data.empty();
    std::string policy = "default-src 'none'; style-src " + policy_hash(style) + "; script-src ";
    policy += scripted ? policy_hash(echarts) + " " + policy_hash(script) : "'none'";
    policy += "; base-uri 'none'; form-action 'none'";

    Data data = object();
    data.set("policy", Data(policy));
    put(data, "version", page.version);
    put(data, "page_title", page.title);
    data.set("style", Data(std::string(style)));
    put(data, "heading", page.heading);
    put(data, "subheading", page.subheading);
    put_data(data, "facts", page.facts);
    data.set("content", Data(page.content));
    put(data, "made_at", words::wall(page.made_at));
    put_flag(data, "scripted", scripted);
    data.set("chart_data", Data(page.chart_data));
    data.set("echarts", Data(scripted ? std::string(echarts) : std::string()));
    data.set("script", Data(std::string(script)));
    return render("page/page.mustache", data);
}

}  // namespace rehearse::html
