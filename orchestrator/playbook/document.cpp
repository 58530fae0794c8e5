// From yaml-cpp's events to nodes. The handler stops the parser (by an exception) before it recurses too
// deep, and looks at the source itself where yaml-cpp 0.7 is too lenient: a quote that is never closed.
#include "orchestrator/playbook/document.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <sstream>
#include <unordered_map>
#include <utility>

#include "orchestrator/playbook/values.h"

namespace rehearse {

namespace {

/// The problem is noted; the parser must not go on.
struct Stop {};

std::string quote_it(const std::string& what) {
    return "put a text that begins with '" + what + "' in quotes";
}

class Builder : public YAML::EventHandler {
  public:
    Builder(const SourceText& text, Problems& problems) : text_(text), problems_(problems) {}

    void OnDocumentStart(const YAML::Mark& mark) override {
        if (++documents_ < 2) return;
        problems_.add(place(mark), "a second document begins here, and a file holds one",
                      "move it to a file of its own, or remove the line with '---'");
        throw Stop{};
    }
    void OnDocumentEnd() override {}

    void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
        refuse_anchor(mark, anchor);
        Node node;
        node.at = place(mark);
        add(std::move(node));
    }
    void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
        problems_.add(place(mark), "'*' begins an alias here, and aliases are refused",
                      "write the value itself; put a pattern in quotes, like \"*.conf\"");
        throw Stop{};
    }
    void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  const std::string& value) override {
        refuse_anchor(mark, anchor);
        refuse_tag(mark, tag);
        Node node;
        node.kind = Node::Kind::scalar;
        node.at = place(mark);
        node.text = value;
        node.quoted = tag == "!";
        if (node.quoted) check_closed(text_.offset(mark.line, mark.column));
        last_scalar_line_ = node.at.line;
        add(std::move(node));
    }
    void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                         YAML::EmitterStyle::value) override {
        open(Node::Kind::list, mark, tag, anchor);
    }
    void OnSequenceEnd() override { close(); }
    void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                    YAML::EmitterStyle::value) override {
        open(Node::Kind::mapping, mark, tag, anchor);
    }
    void OnMapEnd() override { close(); }

    void explain(const YAML::ParserException& error);
    [[nodiscard]] std::optional<Node> take() { return std::move(root_); }

  private:
    [[nodiscard]] Position place(const YAML::Mark& mark) const {
        return mark.line < 0 ? text_.end() : text_.position(mark.line, mark.column);
    }

    void refuse_anchor(const YAML::Mark& mark, YAML::anchor_t anchor) {
        if (anchor == 0) return;
        problems_.add(place(mark), "'&' begins an anchor here, and anchors are refused",
                      "write the value out wherever it is needed; " + quote_it("&"));
    }
    void refuse_tag(const YAML::Mark& mark, const std::string& tag) {
        if (tag.empty() || tag == "?" || tag == "!") return;
        problems_.add(place(mark), "'!' begins a tag here, and tags are refused",
                      "remove the tag; " + quote_it("!"));
    }

    /// yaml-cpp takes the end of the file for the end of a quoted text: half a file would pass.
    void check_closed(std::size_t begin) {
        const std::string& bytes = text_.bytes();
        const char quote = begin < bytes.size() ? bytes[begin] : '\0';
        if (quote != '"' && quote != '\'') return;
        for (std::size_t at = begin + 1; at < bytes.size(); ++at) {
            if (quote == '"' && bytes[at] == '\\') {
                ++at;
            } else if (bytes[at] == quote) {
                if (quote == '"' || at + 1 >= bytes.size() || bytes[at + 1] != quote) return;
                ++at;
            }
        }
        problems_.add(text_.position(begin), "the text that begins here is never closed",
                      std::string("add the missing ") + quote);
        throw Stop{};
    }

    void open(Node::Kind kind, const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor) {
        refuse_anchor(mark, anchor);
        refuse_tag(mark, tag);
        if (open_.size() >= static_cast<std::size_t>(deepest_nesting)) {
            problems_.add(place(mark),
                          "this is nested deeper than " + std::to_string(deepest_nesting) + " levels",
                          "nothing in these files needs so many; check the brackets and the indentation");
            throw Stop{};
        }
        Node node;
        node.kind = kind;
        node.at = place(mark);
        open_.push_back(std::move(node));
    }

    void close() {
        Node node = std::move(open_.back());
        open_.pop_back();
        if (node.kind == Node::Kind::mapping) pair_up(node);
        add(std::move(node));
    }

    void add(Node node) {
        if (open_.empty()) {
            root_ = std::move(node);
        } else {
            open_.back().items.push_back(std::move(node));
        }
    }

    /// A mapping's events come as key, value, key, value.
    void pair_up(Node& node) {
        std::vector<Node> all = std::exchange(node.items, {});
        std::unordered_map<std::string, int> lines;
        for (std::size_t at = 0; at + 1 < all.size(); at += 2) {
            Node& key = all[at];
            Node& value = all[at + 1];
            if (key.kind != Node::Kind::scalar) {
                problems_.add(key.at, "this key is not a text", "write keys as plain words");
                continue;
            }
            if (key.text == "<<" && !key.quoted) {
                problems_.add(key.at, "'<<' merges mappings, and merging is refused",
                              "write the keys out where they are needed");
                continue;
            }
            const auto [first, added] = lines.emplace(key.text, key.at.line);
            if (!added) {
                problems_.add(key.at,
                              "the key '" + shortened(key.text) +
                                  "' stands here a second time; the first is in line " +
                                  std::to_string(first->second),
                              "keep one of them");
                continue;
            }
            if (value.kind == Node::Kind::nothing) value.at = key.at;
            node.keys.push_back(std::move(key));
            node.items.push_back(std::move(value));
        }
    }

    const SourceText& text_;
    Problems& problems_;
    std::vector<Node> open_;
    std::optional<Node> root_;
    int documents_ = 0;
    int last_scalar_line_ = 0;
};

/// yaml-cpp's words name its own parts; these name what a person typed.
void Builder::explain(const YAML::ParserException& error) {
    const std::string& message = error.msg;
    const std::size_t offset =
        error.mark.line < 0 ? text_.bytes().size() : text_.offset(error.mark.line, error.mark.column);
    const Position at = text_.position(offset);
    const std::string letter =
        offset < text_.bytes().size() ? text_.bytes().substr(offset, 1) : std::string();
    const auto is = [&](const char* known) { return message == known; };
    const auto begins = [&](const char* known) { return message.starts_with(known); };

    if (is(YAML::ErrorMsg::UNKNOWN_ANCHOR) || is(YAML::ErrorMsg::ALIAS_NOT_FOUND) ||
        is(YAML::ErrorMsg::CHAR_IN_ALIAS) || is(YAML::ErrorMsg::ALIAS_CONTENT)) {
        problems_.add(at, "'*' begins an alias here, and aliases are refused",
                      "write the value itself; put a pattern in quotes, like \"*.conf\"");
    } else if (message.find("anchor") != std::string::npos) {
        problems_.add(at, "'&' begins an anchor here, and anchors are refused", quote_it("&"));
    } else if (is(YAML::ErrorMsg::END_OF_SEQ_FLOW) || is(YAML::ErrorMsg::END_OF_MAP_FLOW)) {
        const bool list = is(YAML::ErrorMsg::END_OF_SEQ_FLOW);
        const std::string close = list ? "']'" : "'}'";
        const Position began = open_.empty() ? at : open_.back().at;
        const bool at_end =
            at <= began || text_.bytes().find_first_not_of(" \r\n", offset) == std::string::npos;
        if (at_end) {
            problems_.add(began,
                          list ? "the list that begins here is never closed"
                               : "the mapping that begins here is never closed",
                          "add the missing " + close);
        } else {
            problems_.add(at,
                          "a ',' or " + close + " is missing before this place; the " +
                              (list ? "list" : "mapping") + " began in line " + std::to_string(began.line),
                          "add it, and put texts with special characters in quotes");
        }
    } else if (is(YAML::ErrorMsg::END_OF_MAP) || is(YAML::ErrorMsg::END_OF_SEQ)) {
        if (at.line == last_scalar_line_ || (!open_.empty() && open_.back().at.line == at.line)) {
            problems_.add(at, "there is more text after the end of the value",
                          "put the whole value in quotes");
        } else {
            problems_.add(at, "this line does not fit the lines above it",
                          "indent it like the key or '-' that it belongs beside");
        }
    } else if (is(YAML::ErrorMsg::MAP_VALUE)) {
        problems_.add(at, "a ':' is not expected here",
                      "put a value that holds ': ' in quotes, and check the indentation");
    } else if (is(YAML::ErrorMsg::MAP_KEY)) {
        problems_.add(at, "a '?' is not expected here", quote_it("?"));
    } else if (is(YAML::ErrorMsg::BLOCK_ENTRY)) {
        problems_.add(at, "a '-' is not expected here",
                      "begin the list on a line of its own, indented under its key; " + quote_it("-"));
    } else if (is(YAML::ErrorMsg::FLOW_END)) {
        problems_.add(at, "this '" + letter + "' closes nothing", "remove it, or add what opens it");
    } else if (is(YAML::ErrorMsg::UNKNOWN_TOKEN)) {
        problems_.add(at, "a text cannot begin with '" + letter + "'", quote_it(letter));
    } else if (begins(YAML::ErrorMsg::INVALID_ESCAPE) || begins(YAML::ErrorMsg::INVALID_UNICODE) ||
               is(YAML::ErrorMsg::INVALID_HEX)) {
        const std::size_t backslash = text_.bytes().rfind('\\', offset);
        problems_.add(text_.position(std::min(backslash, offset)),
                      "this is no escape that a text in double quotes knows",
                      "write \"\\\\\" for a backslash, or use single quotes");
    } else if (is(YAML::ErrorMsg::EOF_IN_SCALAR)) {
        problems_.add(at, "the file ends inside a text in quotes", "add the missing quote");
    } else if (message.find("tag") != std::string::npos) {
        problems_.add(at, "'!' begins a tag here, and tags are refused", quote_it("!"));
    } else {
        problems_.add(at, "this is not valid YAML: " + message, "check the indentation and the quotes");
    }
}

}  // namespace

const Node* key_of(const Node& node, std::string_view key) {
    const auto found = std::find_if(node.keys.begin(), node.keys.end(),
                                    [&](const Node& entry) { return entry.text == key; });
    return found == node.keys.end() ? nullptr : &*found;
}

const Node* child(const Node& node, std::string_view key) {
    const Node* found = key_of(node, key);
    return found == nullptr ? nullptr : &node.items[static_cast<std::size_t>(found - node.keys.data())];
}

std::string scalar_at(const Node& node, std::string_view key) {
    const Node* found = child(node, key);
    return found != nullptr && found->kind == Node::Kind::scalar ? found->text : std::string();
}

std::optional<Node> parse_document(const SourceText& text, Problems& problems) {
    Builder builder(text, problems);
    try {
        std::istringstream stream(text.bytes());
        YAML::Parser parser(stream);
        while (parser.HandleNextDocument(builder)) {
        }
    } catch (const YAML::ParserException& error) {
        builder.explain(error);
        return std::nullopt;
    } catch (const Stop&) {
        return std::nullopt;
    }
    std::optional<Node> root = builder.take();
    if (!root || root->kind == Node::Kind::nothing) {
        problems.add({1, 1}, "the file is empty",
                     "write what it should say; 'rehearse init' shows an example");
        return std::nullopt;
    }
    return root;
}

}  // namespace rehearse
