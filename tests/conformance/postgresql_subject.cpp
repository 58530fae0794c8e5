// The PostgreSQL adapter's world: a small database with a neighbour, on a server of the suite's own.
#include "adapters/postgresql/postgresql.h"
#include "tests/conformance/subject.h"
#include "tests/support/postgres_server.h"
#include "tests/support/test_clock.h"

namespace rehearse::test {

namespace {

PostgresServer& server() {
    static PostgresServer one;
    return one;
}

class PostgresqlSubject final : public ConformanceSubject {
  public:
    PostgresqlSubject() {
        server().run("postgres", "drop database if exists neighbour with (force)");
        server().run("postgres", "create database neighbour");
        server().run("neighbour", "create table kept (id int primary key); insert into kept values (1)");
    }
    void seed() override {
        server().run("postgres", "drop database if exists conformance with (force)");
        server().run("postgres", "create database conformance");
        server().run(
            "conformance",
            "create table customers (id serial primary key, name text); create table orders (id serial "
            "primary "
            "key, customer int references customers); create view open as select * from orders; insert into "
            "customers (name) select 'n' || i from generate_series(1, 100) i; insert into orders (customer) "
            "select i from generate_series(1, 100) i; create table notes (t text); insert into notes values "
            "('a'), ('a')");
    }
    std::unique_ptr<Adapter> adapter() override { return make("conformance"); }
    std::unique_ptr<Adapter> other() override { return make("neighbour"); }
    void change_one_item() override {
        server().run("conformance", "update customers set name = 'new' where id = 7");
    }
    bool add_one_item() override {
        server().run("conformance", "create table extra (id int primary key); insert into extra values (1)");
        return true;
    }
    std::vector<std::string> some_items() override { return {"public.orders"}; }
    std::string outside() override {
        return server().run("neighbour", "select string_agg(id::text, ',') from kept") + "; " +
               server().run("postgres",
                            "select string_agg(datname, ',' order by datname) from pg_database where datname "
                            "<> 'conformance'");
    }

  private:
    [[nodiscard]] std::unique_ptr<Adapter> make(const std::string& database) const {
        ResourceSpec spec;
        spec.name = ResourceName(database);
        spec.adapter = "postgresql";
        spec.options["connection"] = server().connection(database);
        spec.options["restore_connection"] = server().connection("postgres");
        return postgresql_adapter().make(spec, {.environment = EnvironmentName("conformance"),
                                                .clock = clock_,
                                                .state_directory = folder_.path()});
    }
    TemporaryFolder folder_;
    ManualClock clock_;
};

}  // namespace

std::unique_ptr<ConformanceSubject> make_postgresql_subject() {
    return std::make_unique<PostgresqlSubject>();
}

}  // namespace rehearse::test
