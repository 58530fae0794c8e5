// Every adapter of this build, one line each.
#include "adapters/registry.h"

#include "adapters/files/files.h"
#include "adapters/postgresql/postgresql.h"
#include "adapters/process/process.h"

namespace rehearse {

std::span<const AdapterDescriptor* const> registered_adapters() {
    static const AdapterDescriptor* const all[] = {
        &files_adapter(),
        &postgresql_adapter(),
        &process_adapter(),
    };
    return all;
}

}  // namespace rehearse
