// The adapter port: five verbs on one kind of resource, plus its marker and an optional query for probes.
// Verbs block; they run on worker threads. Every failure is a Failure. No probes, retries, rate limits or
// logging in here.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "orchestrator/base/clock.h"
#include "orchestrator/base/ids.h"
#include "orchestrator/base/json.h"
#include "orchestrator/model/environment.h"
#include "orchestrator/model/keys.h"
#include "orchestrator/ports/tree.h"

namespace rehearse {

/// What a live resource proves itself to be: canonical JSON with only what stays the same across destroy and
/// restore (system identifier and database name; real path and file system). Never a host name alone, never a
/// secret.
using Identity = json::object;

enum class IdentityMatch { same, absent, other };
[[nodiscard]] std::string_view to_string(IdentityMatch value);

struct IdentityReport {
    IdentityMatch match = IdentityMatch::other;
    Identity live{};            // what is there, or would be: where absent, what the place itself proves
    std::string explanation{};  // other: what differs; absent: what was looked for, and where
};

/// What a destroy step asks for, as the playbook says it. No patterns: the whole resource.
struct Selection {
    std::vector<std::string> patterns{};
    json::object options{};  // checked against AdapterDescriptor::destroy_keys
};

/// The unit that the blast radius counts: a file, a table, a process.
struct Item {
    std::string name{};  // unique in the resource, stable, printable (bytes escaped)
    std::uint64_t bytes = 0;
    std::string detail{};  // "12000 rows", "symlink"; may be empty
};

struct Observation {
    std::vector<Item> items{};            // those selected, sorted by name
    std::uint64_t items_in_resource = 0;  // all of them, selected or not
    std::uint64_t bytes_in_resource = 0;
    std::vector<std::string> unmatched{};  // patterns that select nothing
    std::vector<std::string> sessions{};   // other people's sessions that a destroy would cut, described
    std::vector<std::string>
        obstacles;  // reasons why destroy or restore could not work (a missing role, rights): each refuses
    std::vector<std::string> warnings{};         // shown in the plan
    std::vector<std::filesystem::path> paths{};  // local paths that a destroy would remove or change (roots)
    std::vector<std::filesystem::path>
        way_back;  // local paths that the way back needs (marker, programs): never inside a target
    std::filesystem::path
        restore_disk;  // a path on the local disk that a restore writes to; empty: not local
};

struct CaptureReport {
    WallTime consistent_at{};  // the instant whose state was captured (for RPA)
    std::uint64_t items = 0;
    std::uint64_t bytes = 0;                // of content, before compression
    std::vector<std::string> normalised{};  // what is left out or rewritten, by name, for the report
    bool scratch_restore = false;  // this adapter can restore into a scratch place: then it must have worked
    bool restorability_proved = false;  // restored once into a scratch place with the restore credential
    std::string restorability{};        // how it was proved, or why not
    json::object uncompared{};  // facts that are kept in the manifest but are not part of tree equality
};

struct DestroyRequest {
    std::vector<std::string> items{};  // exact names from observe; with `whole` all of them
    bool whole = false;                // the resource itself (the database, the process), not only its items
    json::object options{};
    Identity expected{};  // checked right before the effect: anything else is Failure{refused}
    std::string idempotency_key{};
    Epoch epoch = 0;
    std::stop_token stop{};  // kill switch: end early between items with Failure{cancelled}
};

struct RestoreRequest {
    Identity expected{};        // same or absent is accepted; other is Failure{refused}
    json::object uncompared{};  // CaptureReport::uncompared of the snapshot
    std::string idempotency_key{};
    Epoch epoch = 0;
};

struct RestoreReport {
    std::uint64_t items_restored = 0;  // those that were missing or differed
    std::uint64_t bytes_restored = 0;
    std::uint64_t items_removed = 0;       // extra ones that the snapshot does not have
    std::vector<std::string> discarded{};  // content that was there, is not in the snapshot, and is gone now:
                                           // names, the first few, then how many more
};

class Adapter {
  public:
    virtual ~Adapter() = default;

    /// Compares the live identity with `recorded`; without one, `same` with what is there, or `absent`.
    [[nodiscard]] virtual IdentityReport identify(const Identity* recorded) = 0;
    /// Lists the items present that `selection` means, cheaply; enough to prove absence after a destroy.
    [[nodiscard]] virtual Observation observe(const Selection& selection) = 0;
    /// Writes the canonical state below `writer` (the resource's own directory; the caller finishes it). The
    /// same state gives the same tree id. Streams: memory is bounded.
    virtual CaptureReport capture(TreeWriter& writer) = 0;
    /// What changed since the capture that reported `uncompared`, in words; empty: nothing, or this adapter
    /// can't tell. Cheap, reads only. The default can't tell.
    [[nodiscard]] virtual std::string drift(const json::object& uncompared);
    /// Breaks exactly the named items, on condition of the expected identity. Safe to call again.
    virtual void destroy(const DestroyRequest& request) = 0;
    /// Makes the resource equal `tree`, touching only what differs; returns when it is ready for use (a
    /// process answers) and on disk. Safe to call again on any half-done state.
    virtual RestoreReport restore(const TreeReader& tree, const RestoreRequest& request) = 0;

    /// The marker's text beside the resource, or none. The text is opaque to adapters.
    [[nodiscard]] virtual std::optional<std::string> read_marker() = 0;
    virtual void write_marker(const std::string& text) = 0;

    /// One value for a SQL probe. The default refuses: this adapter has no query.
    [[nodiscard]] virtual std::string query(const std::string& text, Duration timeout);
};

/// What the wiring hands to each adapter; all of it outlives the adapter.
struct AdapterContext {
    EnvironmentName environment{};
    const Clock& clock;
    std::filesystem::path
        state_directory;  // workspace/.rehearse/adapters/<environment>/<resource>, mode 0700, made on demand
    std::filesystem::path
        host_directory{};  // per user and host: /var/lib/rehearse or ~/.local/state/rehearse
};

struct AdapterDescriptor {
    std::string_view name;
    std::string_view summary;
    std::string_view destroys;                     // what a destroy can reach, in one sentence
    std::string_view item;                         // what an item is: "file", "table", "process"
    std::span<const KeySpec> keys;                 // options in an environment file
    std::span<const KeySpec> destroy_keys;         // options of a destroy step beside resource and items
    std::span<const std::string_view> normalises;  // all that capture may ever normalise
    std::unique_ptr<Adapter> (*make)(const ResourceSpec&, const AdapterContext&);
    std::string_view patterns = {};  // what `items` of a destroy step may hold: "globs of paths"; empty: none
    bool answers_queries = false;    // SQL probes may ask it
};

}  // namespace rehearse
