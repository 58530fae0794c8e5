// Every adapter of this build, one line each.
#include "adapters/registry.h"

#include "adapters/files/files.h"
#include "adapters/postgresql/postgresql.h"

namespace rehearse {

std::span<const AdapterDescriptor* const> registered_adapters() {
    static const AdapterDescriptor* const all[] = {
        &files_adapter(),
        &postgresql_adapter(),
    };
    return all;
}

}  // namespace rehearse
