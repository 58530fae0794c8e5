// Cutting a dump into objects: a small lexer of SQL that only has to know where quotes and comments end.
#include <algorithm>
#include <array>
#include <optional>

#include "adapters/postgresql/schema.h"
#include "orchestrator/base/failure.h"

namespace rehearse::postgresql {

namespace {

constexpr std::array after_rows_types{
    std::string_view("INDEX"),        std::string_view("INDEX ATTACH"),
    std::string_view("CONSTRAINT"),   std::string_view("FK CONSTRAINT"),
    std::string_view("STATISTICS"),   std::string_view("CHECK CONSTRAINT"),
    std::string_view("RULE"),         std::string_view("TRIGGER"),
    std::string_view("POLICY"),       std::string_view("EVENT TRIGGER"),
    std::string_view("ROW SECURITY"), std::string_view("PUBLICATION"),
    std::string_view("SUBSCRIPTION"), std::string_view("PUBLICATION TABLE"),
    std::string_view("ACL"),          std::string_view("PUBLICATION TABLES IN SCHEMA"),
    std::string_view("DEFAULT ACL"),  std::string_view("MATERIALIZED VIEW DATA"),
};

bool part_of_a_name(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '$' || (static_cast<unsigned char>(c) & 0x80U) != 0;
}

/// Walks SQL text and stands still only outside of quotes and comments.
class Lexer {
  public:
    explicit Lexer(std::string_view text) : text_(text) {}
    [[nodiscard]] std::size_t at() const { return at_; }
    [[nodiscard]] bool done() const { return at_ >= text_.size(); }
    [[nodiscard]] bool at_line_start() const { return at_ == 0 || text_[at_ - 1] == '\n'; }
    [[nodiscard]] std::string_view rest() const { return text_.substr(at_); }
    void jump(std::size_t to) { at_ = to; }

    void step() {
        const char c = text_[at_];
        if (c == '-' && next(1) == '-') {
            skip_past("\n");
        } else if (c == '/' && next(1) == '*') {
            skip_block_comment();
        } else if (c == '\'') {
            const bool escapes = at_ > 0 && (text_[at_ - 1] == 'E' || text_[at_ - 1] == 'e') &&
                                 (at_ < 2 || !part_of_a_name(text_[at_ - 2]));
            skip_quoted('\'', escapes);
        } else if (c == '"') {
            skip_quoted('"', false);
        } else if (c == '$' && (at_ == 0 || !part_of_a_name(text_[at_ - 1]))) {
            skip_dollar_quoted();
        } else {
            ++at_;
        }
    }

  private:
    [[nodiscard]] char next(std::size_t ahead) const {
        return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
    }
    void skip_past(std::string_view end) {
        const std::size_t found = text_.find(end, at_);
        at_ = found == std::string_view::npos ? text_.size() : found + end.size();
    }
    void skip_block_comment() {
        int depth = 0;
        for (; at_ < text_.size(); ++at_) {
            if (text_[at_] == '/' && next(1) == '*') {
                ++depth;
                ++at_;
            } else if (text_[at_] == '*' && next(1) == '/') {
                ++at_;
                if (--depth == 0) break;
            }
        }
        if (at_ < text_.size()) ++at_;
    }
    void skip_quoted(char quote, bool escapes) {
        for (++at_; at_ < text_.size(); ++at_) {
            if (escapes && text_[at_] == '\\') {
                ++at_;
            } else if (text_[at_] == quote) {
                if (next(1) != quote) break;
                ++at_;
            }
        }
        if (at_ < text_.size()) ++at_;
    }
    void skip_dollar_quoted() {
        std::size_t end = at_ + 1;
        while (end < text_.size() && text_[end] != '$' && part_of_a_name(text_[end])) ++end;
        if (end >= text_.size() || text_[end] != '$') {
            ++at_;
            return;
        }
        const std::string_view tag = text_.substr(at_, end + 1 - at_);
        at_ = end + 1;
        skip_past(tag);
    }

    std::string_view text_;
    std::size_t at_ = 0;
};

std::string trimmed(std::string_view text) {
    const std::size_t first = text.find_first_not_of('\n');
    if (first == std::string_view::npos) return {};
    const std::size_t last = text.find_last_not_of("\n ");
    return std::string(text.substr(first, last + 1 - first));
}

/// Takes "Name: N; Type: T; Schema: S; Owner: O" apart; names may hold any of these words, so from the right.
std::optional<SchemaObject> read_header(std::string_view line) {
    constexpr std::string_view lead = "-- Name: ";
    const std::size_t owner = line.rfind("; Owner: ");
    if (!line.starts_with(lead) || owner == std::string_view::npos) return std::nullopt;
    const std::size_t schema = line.rfind("; Schema: ", owner);
    if (schema == std::string_view::npos) return std::nullopt;
    const std::size_t type = line.rfind("; Type: ", schema);
    if (type == std::string_view::npos) return std::nullopt;
    SchemaObject object{.header = std::string(line)};
    object.name = line.substr(lead.size(), type - lead.size());
    object.type = line.substr(type + 8, schema - type - 8);
    object.space = line.substr(schema + 10, owner - schema - 10);
    if (object.space == "-") object.space.clear();
    return object;
}

/// The value of a `SET name = value;` that pg_dump writes between objects.
std::optional<std::string> setting_on(std::string_view line, std::string_view name) {
    const std::string lead = "SET " + std::string(name) + " = ";
    if (!line.starts_with(lead) || !line.ends_with(";")) return std::nullopt;
    return std::string(line.substr(lead.size(), line.size() - lead.size() - 1));
}

/// Where objects are stored: stands between objects in a dump, and goes into those that it is for.
struct Storage {
    std::string space{};
    std::string method{};

    bool read(std::string_view line) {
        if (auto value = setting_on(line, "default_tablespace")) {
            space = *value;
        } else if (auto access = setting_on(line, "default_table_access_method")) {
            method = *access;
        } else {
            return false;
        }
        return true;
    }
    void put_into(SchemaObject& object) const {
        const bool rows = object.type == "TABLE" || object.type == "MATERIALIZED VIEW";
        if (!rows && object.type != "INDEX" && object.type != "CONSTRAINT") return;
        if (space != "''" && !space.empty()) {
            object.text = "SET default_tablespace = " + space + ";\n\n" + object.text +
                          "\n\nSET default_tablespace = '';";
        }
        if (rows && method != "heap" && !method.empty()) {
            object.text = "SET default_table_access_method = " + method + ";\n\n" + object.text +
                          "\n\nSET default_table_access_method = heap;";
        }
    }
};

std::string_view first_line(std::string_view text) { return text.substr(0, text.find('\n')); }

/// The header in `--`, `-- Name: ...`, `--` at the start of `text`.
std::optional<SchemaObject> header_at(std::string_view text) {
    if (!text.starts_with("--\n-- Name: ")) return std::nullopt;
    return read_header(first_line(text.substr(3)));
}

std::size_t size_of_header(const SchemaObject& object) { return object.header.size() + 7; }

}  // namespace

Schema parse_dump(std::string_view dump) {
    Schema schema;
    Storage storage;
    bool after_rows = false;
    bool in_object = false;
    std::size_t began = 0;
    const auto close = [&](std::size_t end) {
        if (!in_object) return;
        schema.back().text = trimmed(dump.substr(began, end - began));
        storage.put_into(schema.back());
        in_object = false;
    };
    for (Lexer lexer(dump); !lexer.done();) {
        if (!lexer.at_line_start()) {
            lexer.step();
            continue;
        }
        const std::string_view line = first_line(lexer.rest());
        if (auto object = header_at(lexer.rest())) {
            close(lexer.at());
            after_rows = after_rows || std::find(after_rows_types.begin(), after_rows_types.end(),
                                                 object->type) != after_rows_types.end();
            object->after_rows = after_rows;
            began = std::min(dump.size(), lexer.at() + size_of_header(*object));
            schema.push_back(std::move(*object));
            in_object = true;
            lexer.jump(began);
        } else if (line.starts_with("SET default_t")) {
            close(lexer.at());
            storage.read(line);
            lexer.jump(lexer.at() + line.size());
        } else if (line.starts_with("\\unrestrict ") ||
                   lexer.rest().starts_with("--\n-- PostgreSQL database dump complete")) {
            close(lexer.at());
            break;
        } else {
            lexer.step();
        }
    }
    close(dump.size());
    return schema;
}

SchemaObject parse_object(std::string_view file, bool after_rows) {
    auto object = header_at(file);
    if (!object) {
        throw Failure({.kind = FailureKind::permanent,
                       .operation = "read the snapshot's schema",
                       .object = std::string(first_line(file).substr(0, 80)),
                       .message = "a file of the schema does not begin with the object's header",
                       .remedy = "take another snapshot, or check this one with 'git fsck'"});
    }
    object->after_rows = after_rows;
    object->text = trimmed(file.substr(std::min(file.size(), size_of_header(*object))));
    return std::move(*object);
}

}  // namespace rehearse::postgresql
