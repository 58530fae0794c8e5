// The part of a tree that changes every day: rows, sequences' positions, large objects.
#include <map>
#include <mutex>

#include "adapters/postgresql/capture.h"
#include "adapters/postgresql/rows.h"
#include "adapters/postgresql/sql_text.h"

namespace rehearse::postgresql {

namespace {

/// data/<schema>/: folders of tables are made and finished under one lock, written without it.
class DataFolder {
  public:
    explicit DataFolder(TreeWriter& writer) : writer_(writer) {}
    std::unique_ptr<TreeWriter> table(const Table& table) {
        const std::lock_guard lock(mutex_);
        if (!root_) root_ = writer_.directory("data");
        auto& space = spaces_[table.space];
        if (!space) space = root_->directory(file_name(table.space));
        return space->directory(file_name(table.name));
    }
    void finish_table(const Table& table, TreeWriter& folder, std::uint64_t rows, std::uint64_t bytes) {
        const std::lock_guard lock(mutex_);
        folder.finish();
        count_.bytes += bytes;
        count_.rows[table.quoted] = rows;
    }
    ContentCount finish() {
        for (auto& [name, space] : spaces_) space->finish();
        if (root_) root_->finish();
        return std::move(count_);
    }

  private:
    TreeWriter& writer_;
    std::mutex mutex_;
    std::unique_ptr<TreeWriter> root_;
    std::map<std::string, std::unique_ptr<TreeWriter>> spaces_;
    ContentCount count_;
};

class FolderSink final : public TableSink {
  public:
    FolderSink(DataFolder& data, const Table& table)
        : data_(data), table_(table), folder_(data.table(table)) {}
    void chunk(const std::string& name, std::string_view content) override { folder_->blob(name, content); }
    void finish(std::uint64_t rows, std::uint64_t bytes) override {
        data_.finish_table(table_, *folder_, rows, bytes);
    }

  private:
    DataFolder& data_;
    const Table& table_;  // of the list that is read
    std::unique_ptr<TreeWriter> folder_;
};

void write_sequences(const std::vector<Sequence>& sequences, TreeWriter& writer) {
    if (sequences.empty()) return;
    const auto root = writer.directory("sequences");
    std::unique_ptr<TreeWriter> space;
    for (std::size_t at = 0; at < sequences.size(); ++at) {
        const Sequence& sequence = sequences[at];
        if (at == 0 || sequence.space != sequences[at - 1].space) {
            if (space) space->finish();
            space = root->directory(file_name(sequence.space));
        }
        space->blob(file_name(sequence.name) + ".sql", setval_statement(sequence) + "\n");
    }
    space->finish();
    root->finish();
}

}  // namespace

ContentCount write_content(const ConnectionString& where, const View& view, const std::vector<Table>& tables,
                           TreeWriter& writer, const std::string& operation) {
    DataFolder data(writer);
    read_rows({.where = where, .snapshot = view.snapshot, .operation = operation}, tables,
              [&](const Table& table) { return std::make_unique<FolderSink>(data, table); });
    ContentCount count = data.finish();
    write_sequences(view.sequences, writer);
    count.large_objects = write_large_objects(*view.connection, writer);
    count.bytes += count.large_objects.bytes;
    return count;
}

}  // namespace rehearse::postgresql
