// A drill's result as reports read it, by whichever version it was written: nothing in it may break a page, a
// terminal or a file of JUnit.
#include "orchestrator/report/drill_view.h"
#include "orchestrator/report/report.h"
#include "orchestrator/report/terminal.h"
#include "orchestrator/report/words.h"
#include "tests/fuzz/fuzz.h"

using namespace rehearse;
using namespace rehearse::fuzz;

namespace {

/// Whatever a result holds, no control character of it reaches a document but line ends and tabs.
void check_text(const std::string& text, const char* words) {
    promise(words::is_utf8(text), words);
    for (const char c : text)
        promise(static_cast<unsigned char>(c) >= 0x20 || c == '\n' || c == '\t' || c == '\r', words);
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text = text_of(data, size);
    check_text(words::printable(text), "what is made printable is text");
    const auto value = accepted([&] { return parse_json(text, "input"); });
    if (!value || !value->is_object()) return 0;
    DrillRecord record{.id = DrillId("20261123T214500Z-abcdef"),
                       .environment = EnvironmentName("shop-staging"),
                       .playbook = PlaybookName("delete-and-recreate"),
                       .state = DrillState::recovered,
                       .verdict = Verdict::recovered,
                       .ended_at = WallTime{},
                       .result = value->get_object()};
    const DrillView view = view_drill(record);
    promise(!view.recovery_time.met || (view.recovery_time.actual_ms && view.recovery_time.target_ms),
            "nothing is met that was not measured");
    const ReportInput input{.drills = {record}};
    check_text(junit_report(input), "JUnit is text");
    // A page carries a megabyte of charts: too slow to make two of them every time.
    if (size % 8 == 0) check_text(html_report(input), "a report is text");
    if (size % 8 == 4) check_text(drill_html(record, {}, "1"), "a drill's page is text");
    (void)parse_json(pretty_json(json_report(input)), "report");
    check_text(drill_text(record, false), "a terminal gets text");
    check_text(history_text({record}, false), "a terminal gets text");
    return 0;
}
