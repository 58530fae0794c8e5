// The text of verify_bundle.py, which goes beside every bundle.
#pragma once

namespace rehearse {

extern const char* const audit_verifier;

}  // namespace rehearse
