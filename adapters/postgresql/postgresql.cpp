// The five verbs: each opens its own connections and leaves none open, but for the view that a restore hands
// to the capture that verifies it.
#include "adapters/postgresql/postgresql.h"

#include <optional>

#include "adapters/postgresql/capture.h"
#include "adapters/postgresql/destroy.h"
#include "adapters/postgresql/drift.h"
#include "adapters/postgresql/identity.h"
#include "adapters/postgresql/marker.h"
#include "adapters/postgresql/observe.h"
#include "adapters/postgresql/query.h"
#include "adapters/postgresql/restore.h"
#include "adapters/postgresql/settings.h"

namespace rehearse {

namespace {

using namespace postgresql;

constexpr std::string_view session_choices[] = {"refuse", "disconnect"};
constexpr std::string_view operation_choices[] = {"drop", "truncate", "delete"};

constexpr KeySpec keys[] = {
    {.name = "connection",
     .type = ValueType::connection,
     .required = true,
     .help = "libpq connection string of the database that is the resource; its role reads everything and "
             "owns what "
             "a drill destroys."},
    {.name = "restore_connection",
     .type = ValueType::connection,
     .required = true,
     .help = "libpq connection string of the cluster's maintenance database (dbname=postgres) for a role "
             "that restores: "
             "it makes databases and is a member of every owner, or superuser. The marker lives there."},
    {.name = "scratch_connection",
     .type = ValueType::connection,
     .help = "Maintenance database of another cluster of the same version, where the schema is tried out "
             "instead; "
             "for clusters that may not be written to. It needs the same roles."},
    {.name = "sessions",
     .type = ValueType::choice,
     .help =
         "Other people's sessions when the database is dropped or replaced: refuse to, or disconnect them.",
     .default_text = "refuse",
     .choices = session_choices},
};

constexpr KeySpec destroy_keys[] = {
    {.name = "operation",
     .type = ValueType::choice,
     .help = "drop the database (or the named tables), truncate named tables, or delete rows from them.",
     .default_text = "drop",
     .choices = operation_choices},
    {.name = "where",
     .type = ValueType::text,
     .help = "SQL condition for operation delete; one condition for every named table."},
};

class PostgresqlAdapter final : public Adapter {
  public:
    PostgresqlAdapter(const ResourceSpec& spec, const AdapterContext& context)
        : settings_(read_settings(spec)), clock_(context.clock) {}

    IdentityReport identify(const Identity* recorded) override {
        return postgresql::identify(settings_, recorded);
    }
    Observation observe(const Selection& selection) override {
        return postgresql::observe(settings_, selection);
    }

    CaptureReport capture(TreeWriter& writer) override {
        auto view = std::exchange(view_, std::nullopt);
        return postgresql::capture(settings_, clock_, writer, std::move(view));
    }
    std::string drift(const json::object& uncompared) override {
        return postgresql::drift(settings_, clock_, uncompared, quiet_);
    }
    void destroy(const DestroyRequest& request) override {
        view_.reset();  // a session of our own would be in the way
        postgresql::destroy(settings_, request);
    }
    RestoreReport restore(const TreeReader& tree, const RestoreRequest& request) override {
        view_.reset();
        Restored restored = postgresql::restore(settings_, clock_, tree, request);
        view_ = std::move(restored.view);
        return restored.report;
    }

    std::optional<std::string> read_marker() override { return postgresql::read_marker(settings_); }
    void write_marker(const std::string& text) override { postgresql::write_marker(settings_, text); }
    std::string query(const std::string& text, Duration timeout) override {
        return query_value(settings_.connection, clock_, text, timeout);
    }

  private:
    Settings settings_;
    const Clock& clock_;
    std::optional<View> view_;
    QuietLook quiet_;
};

std::unique_ptr<Adapter> make(const ResourceSpec& spec, const AdapterContext& context) {
    return std::make_unique<PostgresqlAdapter>(spec, context);
}

}  // namespace

const AdapterDescriptor& postgresql_adapter() {
    static const AdapterDescriptor descriptor{
        .name = "postgresql",
        .summary = "A PostgreSQL database: its schema, rows, sequences, large objects and settings",
        .destroys =
            "The database, or named tables in it (dropped, truncated, or thinned by a condition); views and "
            "foreign keys that hang on dropped tables go and come back with them",
        .item = "table",
        .keys = keys,
        .destroy_keys = destroy_keys,
        .normalises = normalisations,
        .make = make,
        .patterns = "globs of schema.table: public.orders, orders (in public), audit.*, **",
        .answers_queries = true};
    return descriptor;
}

}  // namespace rehearse
