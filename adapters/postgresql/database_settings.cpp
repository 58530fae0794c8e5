// Reading a database's own properties and writing the statements that bring them back.
#include "adapters/postgresql/database_settings.h"

#include <algorithm>
#include <set>

#include "adapters/postgresql/sql_text.h"

namespace rehearse::postgresql {

namespace {

/// The locale's columns grew with the versions.
std::string locale_columns(int version) {
    const std::string provider =
        version >= 150000
            ? "case d.datlocprovider when 'i' then 'icu' when 'b' then 'builtin' else 'libc' end"
            : "'libc'";
    const std::string locale = version >= 170000   ? "d.datlocale"
                               : version >= 150000 ? "d.daticulocale"
                                                   : "null";
    const std::string rules = version >= 160000 ? "d.daticurules" : "null";
    return provider + ", coalesce(" + locale + ", ''), coalesce(" + rules + ", '')";
}

/// Settings whose value is a list of names, stored with the quotes already in.
bool is_list(const std::string& name) {
    static const std::set<std::string> lists{"search_path",
                                             "temp_tablespaces",
                                             "local_preload_libraries",
                                             "session_preload_libraries",
                                             "shared_preload_libraries",
                                             "unix_socket_directories"};
    return lists.contains(name);
}

std::string setting_value(const DatabaseSetting& setting) {
    if (!is_list(setting.name)) return literal(setting.value);
    std::string out;
    std::string element;
    bool quoted = false;
    const auto flush = [&] {
        out += (out.empty() ? "" : ", ") + literal(element);
        element.clear();
    };
    for (std::size_t at = 0; at < setting.value.size(); ++at) {
        const char c = setting.value[at];
        if (c == '"') {
            if (quoted && at + 1 < setting.value.size() && setting.value[at + 1] == '"') {
                element += '"';
                ++at;
            } else {
                quoted = !quoted;
            }
        } else if (c == ',' && !quoted) {
            flush();
        } else if (quoted || c != ' ') {
            element += c;
        }
    }
    flush();
    return out;
}

std::string grantee(const DatabaseGrant& grant) {
    return grant.grantee.empty() ? "PUBLIC" : identifier(grant.grantee);
}

/// Grants in an order in which each grantor already holds what it passes on.
std::vector<DatabaseGrant> in_order(std::vector<DatabaseGrant> grants, const std::string& owner) {
    std::vector<DatabaseGrant> ordered;
    std::set<std::pair<std::string, std::string>> may;  // role, privilege
    bool moved = true;
    while (moved) {
        moved = false;
        for (auto grant = grants.begin(); grant != grants.end();) {
            if (grant->grantor != owner && !may.contains({grant->grantor, grant->privilege})) {
                ++grant;
                continue;
            }
            if (grant->grantable) may.insert({grant->grantee, grant->privilege});
            ordered.push_back(*grant);
            grant = grants.erase(grant);
            moved = true;
        }
    }
    ordered.insert(ordered.end(), grants.begin(), grants.end());
    return ordered;
}

void add_grants(std::vector<std::string>& out, const DatabaseSettings& wanted, const DatabaseSettings& now,
                const std::string& name) {
    std::set<std::string> holders{"", wanted.owner};
    for (const auto& grant : now.grants) holders.insert(grant.grantee);
    for (const std::string& holder : holders) {
        out.push_back("REVOKE ALL ON DATABASE " + name + " FROM " +
                      (holder.empty() ? "PUBLIC" : identifier(holder)) + " CASCADE");
    }
    for (const DatabaseGrant& grant : in_order(wanted.grants, wanted.owner)) {
        const std::string statement = "GRANT " + grant.privilege + " ON DATABASE " + name + " TO " +
                                      grantee(grant) + (grant.grantable ? " WITH GRANT OPTION" : "");
        if (grant.grantor == wanted.owner) {
            out.push_back(statement);
        } else {
            out.push_back("SET LOCAL ROLE " + identifier(grant.grantor));
            out.push_back(statement);
            out.emplace_back("RESET ROLE");
        }
    }
}

}  // namespace

std::optional<DatabaseSettings> read_database(Connection& connection, const std::string& name) {
    const Result encoding = connection.run("show client_encoding");
    connection.run("set client_encoding = 'UTF8'");
    const Result row = connection.run(
        "select d.oid, pg_get_userbyid(d.datdba), pg_encoding_to_char(d.encoding), d.datcollate, "
        "d.datctype, " +
            locale_columns(connection.server_version()) +
            ", t.spcname, coalesce(shobj_description(d.oid, 'pg_database'), ''), d.datconnlimit, "
            "d.datallowconn, "
            "d.datistemplate from pg_catalog.pg_database d join pg_catalog.pg_tablespace t on t.oid = "
            "d.dattablespace where d.datname = $1",
        {name});
    if (row.rows() == 0) {
        connection.run("set client_encoding = " + literal(encoding.text(0, 0)));
        return std::nullopt;
    }
    DatabaseSettings out{.name = name,
                         .owner = row.text(0, 1),
                         .encoding = row.text(0, 2),
                         .collate = row.text(0, 3),
                         .ctype = row.text(0, 4),
                         .provider = row.text(0, 5),
                         .locale = row.text(0, 6),
                         .icu_rules = row.text(0, 7),
                         .table_space = row.text(0, 8),
                         .comment = row.text(0, 9),
                         .connection_limit = std::stoll(row.text(0, 10)),
                         .allow_connections = row.flag(0, 11),
                         .is_template = row.flag(0, 12)};
    const Result grants = connection.run(
        "select pg_get_userbyid(a.grantor), case when a.grantee = 0 then '' else pg_get_userbyid(a.grantee) "
        "end, "
        "a.privilege_type, a.is_grantable from pg_catalog.pg_database d, aclexplode(coalesce(d.datacl, "
        "acldefault('d', d.datdba))) a where d.datname = $1",
        {name});
    for (std::size_t at = 0; at < grants.rows(); ++at) {
        out.grants.push_back(
            {grants.text(at, 0), grants.text(at, 1), grants.text(at, 2), grants.flag(at, 3)});
    }
    const Result settings = connection.run(
        "select coalesce(r.rolname, ''), split_part(c, '=', 1), substr(c, strpos(c, '=') + 1) from "
        "pg_catalog.pg_db_role_setting s left join pg_catalog.pg_roles r on r.oid = s.setrole, "
        "unnest(s.setconfig) "
        "c where s.setdatabase = $1::oid",
        {row.text(0, 0)});
    for (std::size_t at = 0; at < settings.rows(); ++at) {
        out.settings.push_back({settings.text(at, 0), settings.text(at, 1), settings.text(at, 2)});
    }
    std::sort(out.grants.begin(), out.grants.end());
    std::sort(out.settings.begin(), out.settings.end());
    connection.run("set client_encoding = " + literal(encoding.text(0, 0)));
    return out;
}

json::object to_json(const DatabaseSettings& settings) {
    json::array grants;
    for (const auto& grant : settings.grants) {
        grants.push_back(json::object{{"grantor", grant.grantor},
                                      {"grantee", grant.grantee},
                                      {"privilege", grant.privilege},
                                      {"grantable", grant.grantable}});
    }
    json::array values;
    for (const auto& setting : settings.settings) {
        values.push_back(
            json::object{{"role", setting.role}, {"name", setting.name}, {"value", setting.value}});
    }
    return {{"name", settings.name},
            {"owner", settings.owner},
            {"encoding", settings.encoding},
            {"provider", settings.provider},
            {"collate", settings.collate},
            {"ctype", settings.ctype},
            {"locale", settings.locale},
            {"icu_rules", settings.icu_rules},
            {"table_space", settings.table_space},
            {"comment", settings.comment},
            {"connection_limit", settings.connection_limit},
            {"allow_connections", settings.allow_connections},
            {"is_template", settings.is_template},
            {"grants", std::move(grants)},
            {"settings", std::move(values)}};
}

DatabaseSettings database_from_json(const json::object& object, const std::string& origin) {
    DatabaseSettings out{.name = text_at(object, "name", origin),
                         .owner = text_at(object, "owner", origin),
                         .encoding = text_at(object, "encoding", origin),
                         .collate = text_at(object, "collate", origin),
                         .ctype = text_at(object, "ctype", origin),
                         .provider = text_at(object, "provider", origin),
                         .locale = text_at(object, "locale", origin),
                         .icu_rules = text_at(object, "icu_rules", origin),
                         .table_space = text_at(object, "table_space", origin),
                         .comment = text_at(object, "comment", origin),
                         .connection_limit = integer_at(object, "connection_limit", origin),
                         .allow_connections = flag_at(object, "allow_connections", origin),
                         .is_template = flag_at(object, "is_template", origin)};
    for (const json::object& grant : objects_at(object, "grants", origin)) {
        out.grants.push_back({text_at(grant, "grantor", origin), text_at(grant, "grantee", origin),
                              text_at(grant, "privilege", origin), flag_at(grant, "grantable", origin)});
    }
    for (const json::object& setting : objects_at(object, "settings", origin)) {
        out.settings.push_back({text_at(setting, "role", origin), text_at(setting, "name", origin),
                                text_at(setting, "value", origin)});
    }
    return out;
}

std::string create_statement(const DatabaseSettings& settings, const std::string& name) {
    // The owner from the start: in its new database the schema public belongs to nobody else.
    std::string out = "CREATE DATABASE " + identifier(name) + " WITH" +
                      (settings.owner.empty() ? "" : " OWNER = " + identifier(settings.owner)) +
                      " TEMPLATE = template0 ENCODING = " + literal(settings.encoding) +
                      " LC_COLLATE = " + literal(settings.collate) + " LC_CTYPE = " + literal(settings.ctype);
    if (settings.provider == "icu") {
        out += " LOCALE_PROVIDER = icu ICU_LOCALE = " + literal(settings.locale);
        if (!settings.icu_rules.empty()) out += " ICU_RULES = " + literal(settings.icu_rules);
    } else if (settings.provider == "builtin") {
        out += " LOCALE_PROVIDER = builtin BUILTIN_LOCALE = " + literal(settings.locale);
    }
    if (settings.table_space != "pg_default") out += " TABLESPACE = " + identifier(settings.table_space);
    return out;
}

std::vector<std::string> property_statements(const DatabaseSettings& wanted, const DatabaseSettings& now,
                                             const std::string& name_of_database) {
    const std::string name = identifier(name_of_database);
    const std::string alter = "ALTER DATABASE " + name + " ";
    std::vector<std::string> out;
    if (wanted.comment != now.comment) {
        out.push_back("COMMENT ON DATABASE " + name + " IS " +
                      (wanted.comment.empty() ? "NULL" : literal(wanted.comment)));
    }
    for (const DatabaseSetting& setting : now.settings) {
        if (std::find(wanted.settings.begin(), wanted.settings.end(), setting) != wanted.settings.end())
            continue;
        out.push_back((setting.role.empty()
                           ? alter
                           : "ALTER ROLE " + identifier(setting.role) + " IN DATABASE " + name + " ") +
                      "RESET " + identifier(setting.name));
    }
    for (const DatabaseSetting& setting : wanted.settings) {
        if (std::find(now.settings.begin(), now.settings.end(), setting) != now.settings.end()) continue;
        out.push_back((setting.role.empty()
                           ? alter
                           : "ALTER ROLE " + identifier(setting.role) + " IN DATABASE " + name + " ") +
                      "SET " + identifier(setting.name) + " TO " + setting_value(setting));
    }
    if (wanted.is_template != now.is_template) {
        out.push_back(alter + "IS_TEMPLATE " + (wanted.is_template ? "true" : "false"));
    }
    if (wanted.owner != now.owner) out.push_back(alter + "OWNER TO " + identifier(wanted.owner));
    if (wanted.grants != now.grants) add_grants(out, wanted, now, name);
    if (wanted.connection_limit != now.connection_limit) {
        out.push_back(alter + "CONNECTION LIMIT " + std::to_string(wanted.connection_limit));
    }
    if (wanted.allow_connections != now.allow_connections) {
        out.push_back(alter + "ALLOW_CONNECTIONS " + (wanted.allow_connections ? "true" : "false"));
    }
    return out;
}

std::string usual_search_path(const DatabaseSettings& settings) {
    for (const DatabaseSetting& setting : settings.settings) {
        if (setting.role.empty() && setting.name == "search_path") return setting.value;
    }
    return "\"$user\", public";
}

std::vector<std::string> roles_of(const DatabaseSettings& settings) {
    std::set<std::string> roles{settings.owner};
    for (const auto& grant : settings.grants) roles.insert({grant.grantor, grant.grantee});
    for (const auto& setting : settings.settings) roles.insert(setting.role);
    roles.erase("");
    return {roles.begin(), roles.end()};
}

}  // namespace rehearse::postgresql
