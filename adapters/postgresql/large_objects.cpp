// lo_get() needs no more than the right to read an object; pg_largeobject itself is the superuser's.
#include "adapters/postgresql/large_objects.h"

#include <cstdio>
#include <memory>

#include "adapters/postgresql/sql_text.h"
#include "adapters/postgresql/tree_text.h"
#include "orchestrator/base/digest.h"

namespace rehearse::postgresql {

namespace {

constexpr std::uint64_t first_piece = 64U << 10U;  // read of every object at once, with many others
constexpr std::uint64_t piece = 1U << 20U;         // of what is longer; twice as long in hex
constexpr std::size_t batch = 64;

struct Described {
    std::string number{};
    std::string statements{};
    std::string rights{};  // come last: an owner may have none to write
    std::string first{};   // hex with \x
};

std::string rights(const std::string& number, const std::string& owner, const std::string& grants) {
    // grants: grantee, privilege, grantable; \x01 between fields, \x02 after each
    std::string out = "REVOKE ALL ON LARGE OBJECT " + number + " FROM " + identifier(owner) + ";\n";
    for (std::size_t at = 0; at < grants.size();) {
        const std::size_t end = grants.find('\x02', at);
        const std::size_t first = grants.find('\x01', at);
        const std::size_t second = grants.find('\x01', first + 1);
        const std::string grantee = grants.substr(at, first - at);
        out += "GRANT " + grants.substr(first + 1, second - first - 1) + " ON LARGE OBJECT " + number +
               " TO " + (grantee.empty() ? "PUBLIC" : identifier(grantee)) +
               (grants.substr(second + 1, end - second - 1) == "t" ? " WITH GRANT OPTION" : "") + ";\n";
        at = end + 1;
    }
    return out;
}

std::string put(const std::string& number, std::uint64_t offset, const std::string& hex) {
    return "SELECT pg_catalog.lo_put(" + number + ", " + std::to_string(offset) + ", '" + hex + "');\n";
}

std::string file_of(const std::string& number) { return std::string(10 - number.size(), '0') + number; }
std::string folder_of(const std::string& number) { return numbered(std::stoul(number) / 1000); }

std::vector<Described> read_batch(Connection& connection, const std::string& after) {
    const Result rows = connection.run(
        "select m.oid, pg_get_userbyid(m.lomowner), obj_description(m.oid, 'pg_largeobject'), m.lomacl is "
        "null, "
        "coalesce((select string_agg(concat(case when a.grantee = 0 then '' else pg_get_userbyid(a.grantee) "
        "end, "
        "E'\\x01', a.privilege_type, E'\\x01', a.is_grantable::text::\"char\", E'\\x02'), '' order by "
        "a.grantee <> m.lomowner, pg_get_userbyid(a.grantee) collate \"C\", a.privilege_type) from "
        "aclexplode(m.lomacl) a), ''), lo_get(m.oid, 0, " +
        std::to_string(first_piece) + ") from pg_largeobject_metadata m where m.oid > " + after +
        "::oid order by m.oid limit " + std::to_string(batch));
    std::vector<Described> out;
    for (std::size_t row = 0; row < rows.rows(); ++row) {
        Described object{.number = rows.text(row, 0), .first = rows.text(row, 5)};
        object.statements = "SELECT pg_catalog.lo_create(" + object.number + ");\nALTER LARGE OBJECT " +
                            object.number + " OWNER TO " + identifier(rows.text(row, 1)) + ";\n";
        if (!rows.null(row, 2)) {
            object.statements +=
                "COMMENT ON LARGE OBJECT " + object.number + " IS " + literal(rows.text(row, 2)) + ";\n";
        }
        if (object.first.size() > 2) object.statements += put(object.number, 0, object.first);
        if (!rows.flag(row, 3)) object.rights = rights(object.number, rows.text(row, 1), rows.text(row, 4));
        out.push_back(std::move(object));
    }
    return out;
}

}  // namespace

std::string large_object_of_file(const std::string& name) {
    std::string number = name.substr(0, name.find_first_of("_."));
    number.erase(0, std::min(number.find_first_not_of('0'), number.size()));
    return number.empty() ? "0" : number;
}

LargeObjectCount write_large_objects(Connection& connection, TreeWriter& writer) {
    LargeObjectCount count;
    Digest digest(Digest::Algorithm::sha256);
    std::unique_ptr<TreeWriter> root;
    std::unique_ptr<TreeWriter> folder;
    std::string open_folder;
    std::string last = "0";
    for (auto objects = read_batch(connection, last); !objects.empty();
         objects = read_batch(connection, last)) {
        if (!root) root = writer.directory("large-objects");
        for (const Described& object : objects) {
            if (folder_of(object.number) != open_folder) {
                if (folder) folder->finish();
                open_folder = folder_of(object.number);
                folder = root->directory(open_folder);
            }
            std::uint64_t offset = (object.first.size() - 2) / 2;
            const bool more_pieces = offset == first_piece;
            const auto write = [&](const std::string& name, const std::string& content) {
                digest.update(folder->blob(file_of(object.number) + name, content).text());
            };
            write(".sql", object.statements + (more_pieces ? "" : object.rights));
            std::size_t number = 0;
            for (bool more = more_pieces; more;) {
                const std::string hex = connection
                                            .run("select lo_get(" + object.number + ", " +
                                                 std::to_string(offset) + ", " + std::to_string(piece) + ")")
                                            .text(0, 0);
                const std::uint64_t size = (hex.size() - 2) / 2;
                if (size > 0) {
                    write("_" + numbered(number++) + ".sql", put(object.number, offset, hex));
                }
                offset += size;
                more = size == piece;
            }
            if (more_pieces && !object.rights.empty()) write("_rights.sql", object.rights);
            count.bytes += offset;
            ++count.objects;
            last = object.number;
        }
    }
    if (folder) folder->finish();
    if (root) root->finish();
    if (count.objects > 0) count.digest = digest.hex();
    return count;
}

}  // namespace rehearse::postgresql
