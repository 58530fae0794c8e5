// Interlocks on the environment as a whole: its class, enrolment, quarantine, the kill switch, freeze
// windows.
#include "orchestrator/guard/guard.h"

namespace rehearse {

namespace {

bool is_known(EnvironmentClass value) {
    return value == EnvironmentClass::development || value == EnvironmentClass::staging;
}

}  // namespace

InterlockResult check_class(const GuardFacts& facts) {
    InterlockResult result{.saw = "class " + std::string(to_string(facts.plan.environment_class))};
    result.passed = is_known(facts.plan.environment_class);
    if (!result.passed) {
        result.reason = facts.plan.environment.text() + " is of class production";
        result.remedy = "rehearse in a staging environment that was made like it";
    }
    return result;
}

InterlockResult check_supported(const GuardFacts& facts) {
    InterlockResult result{.saw = "kind " + std::string(to_string(facts.plan.kind))};
    if (facts.plan.kind == DrillKind::restore_test) {
        result.reason = "this build can't run drills of kind restore_test yet";
        result.remedy = "use kind disaster or rollback";
    } else if (facts.plan.verify.check_verifier && facts.plan.kind != DrillKind::disaster) {
        result.reason =
            "the verifier is checked by breaking an item that the plan destroys, and this plan destroys none";
        result.remedy = "leave verify.check_verifier and --check-verifier to drills of kind disaster";
    } else if (facts.plan.verify.check_verifier && has_unguarded_commands(facts.plan)) {
        result.reason =
            "the verifier is checked by breaking an item once more, and the playbook's hooks do "
            "not run around that";
        result.remedy = "take hooks, or verify.check_verifier and --check-verifier, out of this playbook";
    } else {
        result.passed = true;
    }
    return result;
}

InterlockResult check_enrolled(const GuardFacts& facts) {
    InterlockResult result{.saw = facts.enrolment ? "enrolled at " + to_rfc3339(facts.enrolment->at)
                                                  : "no enrolment"};
    if (!facts.enrolment) {
        result.reason = facts.plan.environment.text() + " is not enrolled in this workspace";
        result.remedy = "run 'rehearse enroll " + facts.plan.environment.text() + "'";
    } else if (facts.enrolment->read_only) {
        result.reason = facts.plan.environment.text() + " is enrolled read-only";
        result.remedy = "a read-only environment is never destroyed; enroll a staging environment instead";
    } else {
        result.passed = true;
    }
    return result;
}

InterlockResult check_quarantine(const GuardFacts& facts) {
    InterlockResult result{.saw = facts.quarantine ? "quarantined" : "not quarantined"};
    result.passed = !facts.quarantine;
    if (facts.quarantine) {
        result.reason = facts.plan.environment.text() + " is quarantined since " +
                        to_rfc3339(facts.quarantine->since) + ": " + facts.quarantine->reason;
        result.remedy = "look at 'rehearse show " + facts.quarantine->drill.text() +
                        "', mend what is left, then run 'rehearse clear " + facts.plan.environment.text() +
                        " --reason ...'";
    }
    return result;
}

InterlockResult check_unfinished(const GuardFacts& facts) {
    InterlockResult result{.saw = facts.unfinished ? "drill " + facts.unfinished->text() + " is open"
                                                   : "no open drill"};
    result.passed = !facts.unfinished;
    if (facts.unfinished) {
        result.reason = "drill " + facts.unfinished->text() + " was started here and has not ended";
        result.remedy = "if it is not running any more, run 'rehearse resume'";
    }
    return result;
}

InterlockResult check_halt(const GuardFacts& facts) {
    InterlockResult result{.saw = facts.halted ? "the kill switch is on" : "the kill switch is off"};
    result.passed = !facts.halted;
    if (facts.halted) {
        result.reason = "destroying is halted: " + *facts.halted;
        result.remedy = "when it is over, run 'rehearse halt --lift'";
    }
    return result;
}

InterlockResult check_audit(const GuardFacts& facts) {
    InterlockResult result{.saw = facts.audit_problem ? *facts.audit_problem : "the audit log verifies"};
    result.passed = !facts.audit_problem;
    if (facts.audit_problem) {
        result.reason = *facts.audit_problem;
        result.remedy =
            "keep a copy of .rehearse, run 'rehearse audit verify', and bring the ledger back from a backup; "
            "restore, resume and halt still run";
    }
    return result;
}

InterlockResult check_freeze(const GuardFacts& facts) {
    InterlockResult result{.saw = facts.frozen ? *facts.frozen : "no freeze window"};
    result.passed = !facts.frozen;
    if (facts.frozen) {
        result.reason = "a freeze window holds: " + *facts.frozen;
        result.remedy = "run the drill after the window";
    }
    return result;
}

}  // namespace rehearse
