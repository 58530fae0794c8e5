// Single values: durations, instants, numbers, shares, names, and what a probe's answer is held against.
#include "orchestrator/playbook/values.h"

#include "orchestrator/base/clock.h"
#include "orchestrator/playbook/templates.h"
#include "orchestrator/probes/kinds.h"
#include "tests/fuzz/fuzz.h"

using namespace rehearse;
using namespace rehearse::fuzz;

namespace {

void check_times(std::string_view text) {
    if (const auto duration = accepted([&] { return parse_duration(text); })) {
        promise(*duration >= Duration{}, "a duration is not negative");
        promise(!to_text(*duration).empty(), "a duration has words");
        const std::string whole = std::to_string(to_milliseconds(*duration)) + "ms";
        promise(to_milliseconds(parse_duration(whole)) == to_milliseconds(*duration),
                "a duration reads as its milliseconds");
    }
    if (const auto instant = accepted([&] { return parse_rfc3339(text); })) {
        const WallTime shown{std::chrono::floor<std::chrono::milliseconds>(instant->since_epoch)};
        promise(parse_rfc3339(to_rfc3339(*instant)) == shown, "an instant reads as it is shown");
    }
    promise(!check_duration(text) || !check_duration(text)->message.empty(), "a complaint says something");
}

void check_values(std::string_view text) {
    if (!check_share(text)) promise(permille(text) <= 1000, "a share is at most all of it");
    if (!check_name(text)) {
        promise(
            !text.empty() && text.size() <= 63 && text.find_first_of("/ \n\t\\") == std::string_view::npos,
            "a name can be a branch and an entry of a tree");
    }
    for (const MaybeComplaint& complaint :
         {check_duration(text), check_share(text), check_url(text), check_path(text), check_cron(text),
          check_time_of_day(text, "24:00"), check_instant(text), check_boolean(text, false), check_name(text),
          check_integer(text, false, -5, 100'000)}) {
        if (complaint) promise(complaint->message.find('\n') == std::string::npos, "a complaint is one line");
    }
    promise(!check_duration(text) == accepted([&] { return parse_duration(text); }).has_value() ||
                check_duration(text).has_value(),
            "a duration that passes the check can be read");
    promise(check_instant(text).has_value() || accepted([&] { return parse_rfc3339(text); }).has_value(),
            "an instant that passes the check can be read");
    promise(shortened(text).size() <= 2 * 60 + 3, "what is shown of a value is short");
}

void check_answer(std::string_view answer) {
    ProbeSpec spec;
    spec.at_least = -1;
    spec.at_most = 10;
    const std::string problem = probes::difference(spec, answer);
    promise(problem.find('\n') == std::string::npos, "a difference is one line");
    spec = {};
    spec.equals = std::string(answer);
    promise(probes::difference(spec, answer).empty(), "an answer equals itself");
    spec = {};
    spec.contains = std::string(answer.substr(answer.size() / 2));
    promise(probes::difference(spec, answer).empty(), "an answer holds its own end");
    promise(probes::shortened(answer).size() <= 83, "what is shown of an answer is short");
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text = text_of(data, size);
    check_times(text);
    check_values(text);
    check_answer(text);
    return 0;
}
