// Blobs that both sides have are left alone. The rows of the others go into two temporary tables; what is in
// one of them only, counted by its text, is deleted or inserted.
#include "adapters/postgresql/repair_rows.h"

#include <map>

#include "adapters/postgresql/chunks.h"
#include "adapters/postgresql/session.h"
#include "orchestrator/base/digest.h"

namespace rehearse::postgresql {

namespace {

/// How often each blob is to be found.
std::map<std::string, int> counted(const StoredTable* stored) {
    std::map<std::string, int> ids;
    if (stored != nullptr) {
        for (const TreeEntry& chunk : stored->chunks) ++ids[chunk.id];
    }
    return ids;
}

bool of_one_row(const std::string& chunk) { return chunk.find('-') != std::string::npos; }

/// Sends the live chunks that the snapshot lacks into the COPY that is open on `writer`, and crosses out the
/// rest.
class DifferingChunks final : public TableSink {
  public:
    DifferingChunks(Connection& writer, std::map<std::string, int>& wanted)
        : writer_(writer), wanted_(wanted) {}
    void chunk(const std::string& name, std::string_view content) override {
        // Pieces of one large row mean nothing alone: such rows are always compared.
        if (!of_one_row(name)) {
            const auto found = wanted_.find(git_blob_id(content).text());
            if (found != wanted_.end() && found->second > 0) {
                --found->second;
                return;
            }
        }
        const bool begins = !of_one_row(name) || name.find("-00000.") != std::string::npos;
        writer_.copy_in(rows_of_chunk(content, !begins).rows);
    }
    void finish(std::uint64_t, std::uint64_t) override {}

  private:
    Connection& writer_;
    std::map<std::string, int>& wanted_;
};

std::string row_text(const Table& table, const std::string& alias) {
    std::string columns;
    for (const std::string& column : table.columns)
        columns += (columns.empty() ? "" : ", ") + alias + "." + column;
    return "ROW(" + columns + ")::text COLLATE \"C\"";
}

/// The chunks whose ids are left in `wanted`, each as often as it is left, and all pieces of large rows.
std::uint64_t send_left(Connection& writer, const StoredTable& stored, std::map<std::string, int> wanted) {
    std::size_t at = 0;
    return send_chunks(writer, stored, [&] {
        for (; at < stored.chunks.size(); ++at) {
            if (of_one_row(stored.chunks[at].name)) break;
            if (int& left = wanted[stored.chunks[at].id]; left > 0) {
                --left;
                break;
            }
        }
        return at < stored.chunks.size() ? at++ : stored.chunks.size();
    });
}

/// A table for the rows of `table`, without its constraints.
void make_temporary(Connection& writer, const std::string& name, const Table& table) {
    writer.run("create temporary table " + name + " as select " + table.column_list() + " from " +
               table.from() + " with no data");
}

std::string temporary_target(const std::string& name, const Table& table) {
    return "pg_temp." + name + (table.columns.empty() ? "" : " (" + table.column_list() + ")");
}

std::uint64_t fill(Connection& writer, const RowRepair& repair) {
    writer.copy_in_begin("COPY " + repair.stored->target + " FROM STDIN");
    std::size_t chunk = 0;
    const std::uint64_t bytes = send_chunks(writer, *repair.stored, [&] { return chunk++; });
    writer.copy_in_end();
    return bytes;
}

constexpr const char* drop_temporaries =
    "drop table pg_temp.rehearse_have, pg_temp.rehearse_want, pg_temp.rehearse_delta";

/// False where the table may not lose single rows: it is published and has nothing to tell its rows apart by.
bool delete_surplus(Connection& writer, const Table& table) {
    const std::string sql = "delete from " + table.from() +
                            " where (tableoid, ctid) in (select tableoid, ctid from (select t.tableoid, "
                            "t.ctid, d.n, row_number() over (partition by d.txt) as place from " +
                            table.from() +
                            " t join pg_temp.rehearse_delta d on d.txt = " + row_text(table, "t") +
                            " where d.n < 0) x where place <= -n)";
    writer.run("savepoint surplus");
    const auto problem = writer.try_run(sql);
    if (problem && problem->fields().native_code != "55000") throw Failure(*problem);
    writer.run(problem ? "rollback to savepoint surplus" : "release savepoint surplus");
    return !problem;
}

std::uint64_t replace_differing(Connection& writer, const ReadRows& source, const RowRepair& repair) {
    const Table& table = *repair.table;
    make_temporary(writer, "rehearse_have", table);
    make_temporary(writer, "rehearse_want", table);
    auto wanted = counted(repair.stored);
    writer.copy_in_begin("COPY " + temporary_target("rehearse_have", table) + " FROM STDIN");
    try {
        read_rows(source, {table},
                  [&](const Table&) { return std::make_unique<DifferingChunks>(writer, wanted); });
    } catch (...) {
        writer.copy_in_abort();
        throw;
    }
    writer.copy_in_end();
    std::uint64_t bytes = 0;
    if (repair.stored != nullptr) {
        writer.copy_in_begin("COPY " + temporary_target("rehearse_want", table) + " FROM STDIN");
        bytes = send_left(writer, *repair.stored, wanted);
        writer.copy_in_end();
    }
    writer.run("create temporary table rehearse_delta as select txt, sum(n) as n from (select " +
               row_text(table, "w") + " as txt, 1 as n from pg_temp.rehearse_want w union all select " +
               row_text(table, "h") + ", -1 from pg_temp.rehearse_have h) x group by txt having sum(n) <> 0");
    if (!delete_surplus(writer, table)) {
        writer.run("truncate only " + table.quoted);
        if (repair.stored != nullptr) bytes = fill(writer, repair);
        writer.run(drop_temporaries);
        return bytes;
    }
    const std::string list = table.columns.empty() ? "" : "(" + table.column_list() + ") ";
    writer.run(
        "insert into " + table.quoted + " " + list + "overriding system value select " + table.column_list() +
        " from (select w.*, d.n as rehearse_n, row_number() over (partition by d.txt) as rehearse_place from "
        "pg_temp.rehearse_want w join pg_temp.rehearse_delta d on d.txt = " +
        row_text(table, "w") + " where d.n > 0) x where rehearse_place <= rehearse_n");
    writer.run(drop_temporaries);
    return bytes;
}

}  // namespace

RepairedRows repair_rows(Connection& writer, const ReadRows& source, const std::vector<RowRepair>& repairs) {
    RepairedRows out;
    writer.run("begin; " + usual_path_here);
    for (const RowRepair& repair : repairs) {
        if (repair.empty && repair.stored != nullptr) {
            out.bytes += fill(writer, repair);
        } else {
            out.bytes += replace_differing(writer, source, repair);
        }
    }
    writer.run("commit");
    return out;
}

}  // namespace rehearse::postgresql
