// Small tables: one worker each, the largest first. A large table whose rows lie in the order of its key is
// read in ranges by all workers at once; each waits for its turn to hand on what it read, so the order stays.
#include "adapters/postgresql/rows.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <mutex>

#include "adapters/postgresql/chunks.h"
#include "adapters/postgresql/parallel.h"
#include "adapters/postgresql/session.h"
#include "adapters/postgresql/sql_text.h"

namespace rehearse::postgresql {

namespace {

constexpr std::uint64_t large_table = 24U << 20U;  // bytes: below, ranges are not worth it
constexpr std::uint64_t range_size = 8U << 20U;    // bytes of a table that one range covers, about
constexpr std::size_t most_ahead = 12U << 20U;     // bytes a worker reads before its turn comes

Failure about_table(const Failure& failure, const Table& table) {
    FailureFields fields = failure.fields();
    fields.object = table.quoted + " of " + fields.object;
    if (fields.native_code == "42501" && fields.message.find("row-level security") != std::string::npos) {
        fields.remedy =
            "its row security hides rows from this role: connect as its owner (without FORCE ROW LEVEL "
            "SECURITY), or give the role BYPASSRLS";
    } else if (fields.native_code == "42501") {
        fields.remedy = "GRANT SELECT ON " + table.quoted + " to the role of 'connection'";
    }
    return Failure(std::move(fields));
}

std::string key_order(const Table& table) {
    if (table.key.empty()) return "ROW(" + table.column_list() + ")::text COLLATE \"C\"";
    std::string out;
    for (const std::string& expression : table.key) out += (out.empty() ? "" : ", ") + expression;
    return out;
}

std::string copy_of(const Table& table, const std::string& where) {
    return "COPY (" + ordered_select(table, where) + ") TO STDOUT";
}

/// Conditions on the first key column that cut the table into ranges, in order; one empty one where the rows
/// do not lie in the key's order, or nothing is gained.
std::vector<std::string> ranges_of(Connection& connection, const Table& table) {
    const std::vector<std::string> whole{""};
    if (table.bytes < large_table || table.key.empty() || connection.server_version() < 140000) return whole;
    const std::string& key = table.key_columns[0];
    if (table.key[0] != key) return whole;  // sorted by another collation than its index has
    const std::uint64_t blocks = table.bytes / 8192;
    const std::uint64_t wanted = std::min<std::uint64_t>(table.bytes / range_size, 200);
    std::string samples;
    for (std::uint64_t at = 1; at < wanted; ++at) {
        const std::uint64_t block = blocks * at / wanted;
        samples += (samples.empty() ? "" : " union all ") + std::string("(select ") + std::to_string(at) +
                   " as place, " + key + " as key from " + table.from() + " where ctid >= '(" +
                   std::to_string(block) + ",0)' and ctid < '(" + std::to_string(block + 1) + ",0)' limit 1)";
    }
    const Result rows = connection.run(
        "select place, key::text as bound, lag(place) over (order by key) < place, "
        "lag(key) over (order by key) = key from (" +
        samples + ") s order by s.key");
    std::size_t in_order = 0;
    std::vector<std::string> bounds;
    for (std::size_t row = 0; row < rows.rows(); ++row) {
        if (row == 0 || rows.flag(row, 2)) ++in_order;
        if (row == 0 || !rows.flag(row, 3)) bounds.push_back(literal(rows.text(row, 1)));
    }
    if (bounds.size() < 2 || in_order * 10 < rows.rows() * 9) return whole;
    std::vector<std::string> ranges{key + " < " + bounds.front()};
    for (std::size_t at = 0; at + 1 < bounds.size(); ++at) {
        ranges.push_back(key + " >= " + bounds[at] + " and " + key + " < " + bounds[at + 1]);
    }
    ranges.push_back(key + " >= " + bounds.back());
    return ranges;
}

/// Lets the ranges of one table through in order.
class Turns {
  public:
    explicit Turns(ChunkWriter& writer) : writer_(writer) {}
    [[nodiscard]] bool is(std::size_t range) const { return turn_.load(std::memory_order_acquire) == range; }
    /// False where another worker failed.
    bool wait_for(std::size_t range) {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return failed_ || is(range); });
        return !failed_;
    }
    void add(std::string_view row) { writer_.add(row); }
    void next() {
        const std::lock_guard lock(mutex_);
        turn_.store(turn_.load() + 1, std::memory_order_release);
        changed_.notify_all();
    }
    void fail() {
        const std::lock_guard lock(mutex_);
        failed_ = true;
        changed_.notify_all();
    }

  private:
    ChunkWriter& writer_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::atomic<std::size_t> turn_ = 0;
    bool failed_ = false;
};

/// Rows read before their turn: their texts one after the other, with where each ends.
class Ahead {
  public:
    void add(std::string_view row) {
        text_ += row;
        ends_.push_back(text_.size());
    }
    [[nodiscard]] std::size_t size() const { return text_.size(); }
    void hand_on(Turns& turns) {
        std::size_t at = 0;
        for (const std::size_t end : ends_) {
            turns.add(std::string_view(text_).substr(at, end - at));
            at = end;
        }
        text_.clear();
        ends_.clear();
    }

  private:
    std::string text_;
    std::vector<std::size_t> ends_;
};

void read_range(Connection& connection, const std::string& sql, std::size_t range, Turns& turns) {
    Ahead ahead;
    bool mine = false;
    bool given_up = false;
    connection.copy_out(sql, [&](std::string_view row) {
        if (!mine && (turns.is(range) || ahead.size() > most_ahead)) {
            given_up = !turns.wait_for(range);
            if (given_up) return false;
            mine = true;
            ahead.hand_on(turns);
        }
        mine ? turns.add(row) : ahead.add(row);
        return true;
    });
    if (given_up || !turns.wait_for(range)) return;
    ahead.hand_on(turns);
    turns.next();
}

class Reader {
  public:
    Reader(const ReadRows& request, const SinkFor& sink_for) : sink_for_(sink_for) {
        for (std::size_t worker = 0; worker < worker_count(); ++worker) {
            auto connection = std::make_unique<Connection>(
                request.where, Connection::Options{.operation = request.operation});
            fix_session(*connection);
            // A parallel plan gathers rows in no order, and takes the cores that hash and write.
            connection->run(
                "set max_parallel_workers_per_gather = 0; begin isolation level repeatable read read only; "
                "set transaction snapshot " +
                literal(request.snapshot));
            connections_.push_back(std::move(connection));
        }
    }

    /// True where it was cut into ranges and read by all workers.
    bool read_together(const Table& table) {
        const auto ranges = ranges_of(*connections_.front(), table);
        if (ranges.size() == 1) return false;
        const auto sink = sink_for_(table);
        ChunkWriter writer(table.copy_target(), [&](const std::string& name, std::string_view content) {
            sink->chunk(name, content);
        });
        Turns turns(writer);
        std::atomic<std::size_t> next = 0;
        run_workers(connections_.size(), [&](std::size_t worker) {
            Connection& connection = *connections_[worker];
            try {
                connection.run(
                    "set local enable_seqscan = off; set local enable_bitmapscan = off; "
                    "set local enable_indexscan = on");
                for (std::size_t range = next++; range < ranges.size(); range = next++) {
                    read_range(connection, copy_of(table, ranges[range]), range, turns);
                }
                connection.run("set local enable_seqscan = on");
            } catch (const Failure& failure) {
                turns.fail();
                throw about_table(failure, table);
            } catch (...) {
                turns.fail();
                throw;
            }
        });
        writer.finish();
        sink->finish(writer.rows(), writer.bytes());
        return true;
    }

    void read_each(std::vector<const Table*> tables) {
        std::stable_sort(tables.begin(), tables.end(), [](const Table* a, const Table* b) {
            return a->bytes + a->wide_bytes > b->bytes + b->wide_bytes;
        });
        std::atomic<std::size_t> next = 0;
        run_workers(connections_.size(), [&](std::size_t worker) {
            connections_[worker]->run(
                "set local enable_indexscan = off; set local enable_bitmapscan = off; "
                "set local enable_indexonlyscan = off");
            try {
                for (std::size_t at = next++; at < tables.size(); at = next++) {
                    read_alone(*connections_[worker], *tables[at]);
                }
            } catch (...) {
                next = tables.size();
                throw;
            }
        });
    }

  private:
    void read_alone(Connection& connection, const Table& table) {
        std::unique_ptr<TableSink> sink;
        ChunkWriter writer(table.copy_target(), [&](const std::string& name, std::string_view content) {
            if (!sink) sink = sink_for_(table);
            sink->chunk(name, content);
        });
        try {
            connection.copy_out(copy_of(table, ""), [&](std::string_view row) {
                writer.add(row);
                return true;
            });
        } catch (const Failure& failure) {
            throw about_table(failure, table);
        }
        writer.finish();
        if (!sink) sink = sink_for_(table);
        sink->finish(writer.rows(), writer.bytes());
    }

    const SinkFor& sink_for_;
    std::vector<std::unique_ptr<Connection>> connections_;
};

}  // namespace

std::string ordered_select(const Table& table, const std::string& where) {
    return "SELECT " + table.column_list() + " FROM " + table.from() +
           (where.empty() ? "" : " WHERE " + where) + " ORDER BY " + key_order(table);
}

void read_rows(const ReadRows& request, const std::vector<Table>& tables, const SinkFor& sink_for) {
    Reader reader(request, sink_for);
    std::vector<const Table*> alone;
    for (const Table& table : tables) {
        if (!reader.read_together(table)) alone.push_back(&table);
    }
    reader.read_each(std::move(alone));
}

}  // namespace rehearse::postgresql
