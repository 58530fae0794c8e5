// Several statements in one message are one transaction: where one fails, nothing of its batch is there, and
// the batch is run again one by one to name the culprit.
#include "adapters/postgresql/apply.h"

#include "adapters/postgresql/session.h"

namespace rehearse::postgresql {

namespace {

constexpr std::size_t batch_objects = 40;
constexpr std::size_t batch_bytes = 64U << 10U;

void make_one(Connection& connection, const SchemaObject& object) {
    try {
        with_usual_path(connection, [&] { connection.run(object.text); });
    } catch (const Failure& failure) {
        FailureFields fields = failure.fields();
        fields.operation += ": make " + describe(object);
        if (fields.native_code == "42501") {
            fields.remedy =
                "let the role of this connection do it (membership in the owner's role, or superuser)";
        } else if (fields.native_code == "42704" && fields.message.find("role") != std::string::npos) {
            fields.remedy = "create the role on that server first";
        }
        throw Failure(std::move(fields));
    }
}

}  // namespace

void make_objects(Connection& connection, std::span<const SchemaObject* const> objects, Problems* problems) {
    for (std::size_t first = 0; first < objects.size();) {
        std::string batch;
        std::size_t last = first;
        while (last < objects.size() && last - first < batch_objects &&
               (batch.empty() || batch.size() + objects[last]->text.size() < batch_bytes)) {
            batch += objects[last]->text + "\n;\n";
            ++last;
        }
        if (last - first == 1 || connection.try_run(batch)) {
            for (std::size_t at = first; at < last; ++at) {
                try {
                    make_one(connection, *objects[at]);
                } catch (const Failure& failure) {
                    if (problems == nullptr) throw;
                    // A refresh may fail since another server does not answer; this one does.
                    const bool elsewhere =
                        refreshes(*objects[at]) && PQstatus(connection.get()) == CONNECTION_OK;
                    if (elsewhere) {
                        problems->keep(failure);
                    } else if (!problems->take(failure)) {
                        throw;
                    }
                }
            }
        }
        first = last;
    }
}

std::vector<const SchemaObject*> pick(const Schema& schema,
                                      const std::function<bool(const SchemaObject&)>& wanted) {
    std::vector<const SchemaObject*> picked;
    for (const SchemaObject& object : schema) {
        if (wanted(object)) picked.push_back(&object);
    }
    return picked;
}

}  // namespace rehearse::postgresql
