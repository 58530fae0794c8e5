// pg_dump knows every kind of object; what it does not write (extensions' versions) is added here.
#include "adapters/postgresql/dump.h"

#include <unistd.h>

#include <cstdlib>
#include <map>

#include "adapters/postgresql/session.h"
#include "adapters/postgresql/sql_text.h"
#include "orchestrator/commands/command.h"

namespace rehearse::postgresql {

namespace {

std::string version_of(const std::filesystem::path& program) {
    CommandResult result;
    try {
        result =
            run_command({.arguments = {program.string(), "--version"}, .timeout = std::chrono::seconds(10)});
    } catch (const Failure&) {
        return {};  // not in PATH
    }
    // "pg_dump (PostgreSQL) 15.20 (Debian 15.20-0+deb12u1)"
    const std::size_t at = result.output.find(") ");
    if (!result.succeeded() || at == std::string::npos) return {};
    return result.output.substr(at + 2, result.output.find_first_of(" \n", at + 2) - at - 2);
}

/// The option came with these minor versions of 2025.
bool knows_restrict_key(const std::string& version) {
    static constexpr std::array<std::pair<int, int>, 5> since{
        {{13, 22}, {14, 19}, {15, 14}, {16, 10}, {17, 6}}};
    const int major = std::atoi(version.c_str());
    const std::size_t dot = version.find('.');
    const int minor = dot == std::string::npos ? 0 : std::atoi(version.c_str() + dot + 1);
    for (const auto& [known, first] : since) {
        if (major == known) return minor >= first;
    }
    return major > since.back().first;
}

std::string last_lines(const std::string& text) {
    std::string out = text.size() > 1500 ? "..." + text.substr(text.size() - 1500) : text;
    while (!out.empty() && out.back() == '\n') out.pop_back();
    for (char& c : out) {
        if (c == '\n') c = ' ';
    }
    return out;
}

/// pg_dump leaves an extension's version to the next server; a snapshot must not.
void pin_extensions(Connection& connection, Schema& schema) {
    std::map<std::string, std::string> versions;
    const Result rows = connection.run("select extname, extversion from pg_catalog.pg_extension");
    for (std::size_t row = 0; row < rows.rows(); ++row) versions[rows.text(row, 0)] = rows.text(row, 1);
    for (SchemaObject& object : schema) {
        const auto version = versions.find(object.name);
        if (object.type != "EXTENSION" || version == versions.end()) continue;
        const std::size_t end = object.text.find(';');
        if (end != std::string::npos) object.text.insert(end, " VERSION " + literal(version->second));
    }
}

}  // namespace

DumpProgram find_dump_program(int server_version) {
    const int major = server_version / 10000;
    const std::string number = std::to_string(major);
    std::vector<std::filesystem::path> places{"/usr/lib/postgresql/" + number + "/bin",
                                              "/usr/pgsql-" + number + "/bin", "/usr/local/pgsql/bin"};
    places.emplace_back();  // wherever PATH finds it
    std::string seen;
    for (const auto& place : places) {
        const auto program = place / "pg_dump";
        if (program.is_absolute() && ::access(program.c_str(), X_OK) != 0) continue;
        const std::string version = version_of(program);
        if (std::atoi(version.c_str()) == major) return {program, version};
        if (!version.empty()) seen += (seen.empty() ? "; found " : ", ") + program.string() + " " + version;
    }
    throw Failure(
        {.kind = FailureKind::invalid_input,
         .operation = "find",
         .object = "pg_dump " + number,
         .message = "the server is PostgreSQL " + number + ", and there is no pg_dump of that version" + seen,
         .remedy = "apt install postgresql-client-" + number});
}

Schema dump_schema(Connection& connection, const ConnectionString& where, const std::string& snapshot) {
    const DumpProgram program = find_dump_program(connection.server_version());
    // The connection's own options win over PGOPTIONS, so the settings join them.
    const ConnectionString target = where.with(
        "options", where.get("options") + (where.get("options").empty() ? "" : " ") + dump_options());
    CommandRequest request{.arguments = {program.path.string(), "--section=pre-data", "--section=post-data",
                                         "--no-blobs", "--no-password", "--no-subscriptions"}};
    if (knows_restrict_key(program.version)) request.arguments.emplace_back("--restrict-key=rehearse");
    if (!snapshot.empty()) request.arguments.push_back("--snapshot=" + snapshot);
    request.arguments.push_back("--dbname=" + target.without_password());
    request.environment["LC_ALL"] = "C";
    if (!where.password().empty()) request.environment["PGPASSWORD"] = where.password().reveal();
    std::string text;
    request.on_output = [&text](std::string_view piece) { text += piece; };
    const CommandResult result = run_command(request);
    if (!result.succeeded()) {
        throw Failure({.kind = result.errors.find("permission denied") != std::string::npos
                                   ? FailureKind::refused
                                   : FailureKind::permanent,
                       .operation = connection.operation() + ": pg_dump",
                       .object = where.describe(),
                       .native_code = result.describe(),
                       .message = last_lines(result.errors),
                       .remedy = "run the same with " + program.path.string() +
                                 " --schema-only as this user to see more; it needs to read every object"});
    }
    Schema schema = parse_dump(text);
    pin_extensions(connection, schema);
    return schema;
}

}  // namespace rehearse::postgresql
