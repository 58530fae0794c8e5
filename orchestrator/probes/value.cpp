// Probes that ask for a value: SQL through the adapter's query, and a command's output.
#include <utility>

#include "orchestrator/base/failure.h"
#include "orchestrator/commands/command.h"
#include "orchestrator/probes/kinds.h"

namespace rehearse::probes {

namespace {

class SqlProbe : public Probe {
  public:
    SqlProbe(const ProbeSpec& spec, const Clock& clock, QueryFunction query)
        : spec_(spec), clock_(clock), query_(std::move(query)) {
        if (!query_) {
            throw Failure({.kind = FailureKind::invalid_input,
                           .operation = "probe",
                           .object = spec.name,
                           .message = "nothing here answers SQL",
                           .remedy = "name a resource whose adapter does, such as postgresql"});
        }
    }

    ProbeTry run() override {
        ProbeTry attempt;
        std::string value;
        const Duration cpu = thread_cpu();
        attempt.began = clock_.steady();
        try {
            value = query_(spec_.resource, spec_.query, spec_.timeout);
            attempt.passed = true;
        } catch (const Failure& failure) {
            attempt.detail = failure.fields().message;
            if (!failure.fields().native_code.empty()) {
                attempt.detail += " (" + failure.fields().native_code + ")";
            }
        } catch (const std::exception& error) {
            attempt.detail = error.what();
        }
        attempt.ended = clock_.steady();
        if (attempt.passed) {
            const std::string problem = difference(spec_, value);
            attempt.passed = problem.empty();
            attempt.detail = problem.empty() ? "value '" + shortened(value) + "' in " +
                                                   in_milliseconds(attempt.ended - attempt.began)
                                             : problem;
        }
        attempt.cost = thread_cpu() - cpu;
        return attempt;
    }

  private:
    ProbeSpec spec_;
    const Clock& clock_;
    QueryFunction query_;
};

class CommandProbe : public Probe {
  public:
    CommandProbe(const ProbeSpec& spec, const Clock& clock) : spec_(spec), clock_(clock) {}

    ProbeTry run() override {
        CommandRequest request;
        request.arguments = spec_.command;
        request.directory = spec_.directory;
        request.timeout = spec_.timeout;
        ProbeTry attempt;
        const Duration cpu = thread_cpu();
        attempt.began = clock_.steady();
        try {
            const CommandResult result = run_command(request);
            attempt.ended = clock_.steady();
            attempt.cost = result.cpu;
            judge(result, attempt);
        } catch (const std::exception& error) {
            attempt.ended = clock_.steady();
            attempt.detail = error.what();
        }
        attempt.cost += thread_cpu() - cpu;
        return attempt;
    }

  private:
    void judge(const CommandResult& result, ProbeTry& attempt) const {
        const int expected = spec_.exit_code.value_or(0);
        if (result.timed_out || result.stopped || result.exit_code != expected) {
            attempt.detail = result.describe();
            if (result.exit_code >= 0 && !result.timed_out) {
                attempt.detail += ", expected " + std::to_string(expected);
            }
            if (!result.errors.empty()) attempt.detail += ": " + shortened(result.errors);
            return;
        }
        std::string_view output = result.output;
        if (output.ends_with('\n')) output.remove_suffix(1);
        const std::string problem = difference(spec_, output);
        attempt.passed = problem.empty();
        attempt.detail = problem.empty()
                             ? result.describe() + " in " + in_milliseconds(attempt.ended - attempt.began)
                             : problem;
    }

    ProbeSpec spec_;
    const Clock& clock_;
};

}  // namespace

std::unique_ptr<Probe> make_sql(const ProbeSpec& spec, const Clock& clock, QueryFunction query) {
    return std::make_unique<SqlProbe>(spec, clock, std::move(query));
}

std::unique_ptr<Probe> make_command(const ProbeSpec& spec, const Clock& clock) {
    return std::make_unique<CommandProbe>(spec, clock);
}

}  // namespace rehearse::probes
