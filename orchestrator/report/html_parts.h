// Inside this folder: data for the templates, one function per part of the page. All text goes through put(),
// which makes it printable; the templates then escape it.
#pragma once

#include <kainjow/mustache.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "orchestrator/report/figures.h"

namespace rehearse::html {

using Data = kainjow::mustache::data;

[[nodiscard]] Data object();
[[nodiscard]] Data list();
void put(Data& data, const char* key, std::string_view text);
void put_flag(Data& data, const char* key, bool value);
void put_data(Data& data, const char* key, const Data& value);
/// A list, and `has_<key>` beside it.
void put_list(Data& data, const char* key, const Data& values, bool any);
void put_fact(Data& facts, std::string_view term, std::string_view value);

/// Renders a template of page/ that is compiled in.
[[nodiscard]] std::string render(std::string_view file, const Data& data);
/// Letters, digits and - only, for ids and links.
[[nodiscard]] std::string anchor(std::string_view prefix, std::string_view name);

/// "3.412 s ± 0.002 s" or "not measured".
[[nodiscard]] std::string measured_text(const Measured& measured);
/// "target 15 min: met", "target 15 min: missed", "no target".
[[nodiscard]] std::string against_text(const Measured& measured);
/// "met", "missed", "not measured", "no target".
[[nodiscard]] std::string met_text(const Measured& measured);
/// "proved equal", "different", "not proved".
[[nodiscard]] std::string equality_text(std::optional<bool> equal);

/// Where a drill stands on the page: its headings begin at `level`.
struct DrillPlace {
    bool open = false;
    int level = 4;
};
[[nodiscard]] std::string drill_section(const DrillView& drill, DrillPlace place);
[[nodiscard]] std::string environment_section(const EnvironmentFigures& environment, std::size_t index,
                                              std::size_t detailed);
/// What the charts draw, as JSON that is safe inside a script element.
[[nodiscard]] std::string chart_data(const ReportFigures& figures);

struct Page {
    std::string title, heading, subheading, content;
    Data facts = list();
    std::string chart_data;  // empty: no chart on the page, and no script
    std::string version;
    WallTime made_at;
};
/// The whole file, with its Content-Security-Policy by hash.
[[nodiscard]] std::string page(const Page& page);

}  // namespace rehearse::html
