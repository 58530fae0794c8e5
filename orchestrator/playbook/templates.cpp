// The texts themselves. A small web page stands for the service, so that the first drill needs no server.
#include "orchestrator/playbook/templates.h"

#include <algorithm>

#include "orchestrator/playbook/policy.h"
#include "orchestrator/playbook/schema.h"
#include "orchestrator/playbook/values.h"

namespace rehearse {

namespace {

constexpr std::string_view settings =
    R"(# yaml-language-server: $schema=playbooks/schema/workspace.schema.json
# Settings of the whole workspace. Every key is explained in playbooks/README.md of Rehearse.

workspace: NAME

# Told of every quarantine: an environment that could not be proved restored. What happened is on its standard
# input. A playbook may have an alarm of its own instead. Commands are lists; no shell reads them.
alarm: { command: [logger, -t, rehearse], timeout: "10s" }

# A folder on another machine's disk that keeps a copy of every signed checkpoint of the audit log.
# audit: { checkpoints: /mnt/elsewhere/rehearse }

# Windows of time in which nothing may be destroyed, whichever the playbook.
# freeze:
#   - { reason: Nobody is at work, days: [fri], from: "17:00", until: "23:59", timezone: Europe/Berlin }
#   - { reason: Year-end closing, starts: "2026-12-20T00:00:00Z", ends: "2027-01-04T00:00:00Z" }
)";

constexpr std::string_view environment =
    R"(# yaml-language-server: $schema=../playbooks/schema/environment.schema.json
# An environment: resources that live and die together, and the probes that ask whether it works.
# Relative paths begin at this file's folder.

environment: example
class: staging                  # development, staging or production; nothing is ever destroyed in production
service: example page           # these two are shown in reports
owner: you@example.org

resources:
  site:
    adapter: files              # a tree of files; 'rehearse adapters' lists the adapters and their keys
    root: ../example/site

  # A PostgreSQL database. The role that restores makes databases, the one that destroys owns this one.
  # Passwords belong into a passfile of mode 0600, not in here.
  # orders:
  #   adapter: postgresql
  #   connection: "host=127.0.0.1 port=5432 user=shop dbname=orders passfile=/etc/shop/passfile"
  #   restore_connection: "host=127.0.0.1 port=5432 user=shop_restore dbname=postgres passfile=/etc/shop/passfile"

  # A process that needs both: it is stopped before them and started after them.
  # web:
  #   adapter: process
  #   directory: ../example
  #   command: [nginx, -p, ".", -c, nginx.conf, -g, "daemon off;"]
  #   ready: { http: { url: "http://127.0.0.1:8081/health" }, within: "10s" }
  #   needs: [site, orders]

probes:
  # The recovery time ends when all probes of a playbook's steady_state pass again, several times in a row.
  page: { command: [grep, -q, "It works", ../example/site/index.html], timeout: "2s" }
  # storefront: { http: { url: "http://127.0.0.1:8081/health" }, expect: { status: 200 } }
  # port: { tcp: { host: 127.0.0.1, port: 8081 } }
  # has_orders: { sql: { resource: orders, query: "select count(*) from orders" }, expect: { at_least: 1 } }
)";

constexpr std::string_view disaster = R"(# yaml-language-server: $schema=schema/playbook.schema.json
# A disaster drill: snapshot, destroy, restore, prove that everything is back, and measure how long it took.
#   rehearse plan delete-and-recreate       shows every item that would be destroyed; touches nothing
#   rehearse run delete-and-recreate        runs it

playbook: delete-and-recreate
title: An automation deletes the whole environment
kind: disaster
environment: example

# What you promise: serving again within 15 minutes (rto), with data at most 5 minutes old (rpo).
targets: { rto: "15m", rpo: "5m" }

# Probes of the environment that must pass before anything is broken, and again afterwards.
steady_state: [page]

# What is broken. Patterns are the adapter's; without 'items' the whole resource goes.
destroy:
  - { resource: site, items: ["**"] }

restore: { order: dependencies, parallel: 4 }    # what is needed comes back first; at most 4 resources at once
verify:
  fidelity: exact                                # the restored state equals the snapshot, item by item
  steady_state: { consecutive: 3, within: "10m" }  # serving: 3 passes in a row of every probe
  # accept: ["site/*.log"]                       # differences that may remain

# Beyond these limits the plan is refused.
guard:
  max_items: 1000
  max_share: "100%"              # of the items of each resource
  snapshot_max_age: "10m"
  approvals: 0

# Commands around the stages. They are part of the plan, and nothing guards what they touch.
# hooks:
#   before_snapshot: [ { command: [systemctl, stop, writer], timeout: "30s", retries: 1 } ]
#   after_restore:   [ { command: [systemctl, start, writer] } ]

# Run by 'rehearse serve': every Tuesday at 03:00 in Berlin.
# schedule: { cron: "0 3 * * 2", timezone: Europe/Berlin }
)";

constexpr std::string_view release = R"(# yaml-language-server: $schema=schema/playbook.schema.json
# A rollback drill: apply a risky release, roll it back, and see what the rollback left behind. Whatever that is
# is listed, item by item, and then restored from the snapshot.
#   rehearse run risky-release --release v2

playbook: risky-release
title: Version 2 goes out and is rolled back
kind: rollback
environment: example

targets: { rto: "5m", rpo: "5m" }      # rto: the time from the change until the rollback serves again
steady_state: [page]

# The release. Commands run in this file's folder unless they say another 'directory'.
change:
  - { command: [cp, -p, site/index.html, releases/previous.html], directory: ../example }
  - { command: [cp, releases/v2.html, site/index.html], directory: ../example, timeout: "30s" }
  - { command: [cp, releases/v2.css, site/style.css], directory: ../example }

# The way back, as it is written today. It forgets style.css: the drill will find it.
rollback:
  - { command: [cp, -p, releases/previous.html, site/index.html], directory: ../example }

guard: { max_items: 1000, snapshot_max_age: "10m" }
)";

constexpr std::string_view page = R"(<!doctype html>
<title>Example</title>
<p>It works.</p>
)";
constexpr std::string_view next_page = R"(<!doctype html>
<title>Example, version 2</title>
<link rel="stylesheet" href="style.css">
<p>It works, and looks better.</p>
)";
constexpr std::string_view style = R"(p { font-family: sans-serif; }
)";
/// Folders may be called anything; names of workspaces may not.
std::string as_name(const std::string& text) {
    std::string name;
    for (const char letter : text) {
        const bool allowed = (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') ||
                             (letter >= '0' && letter <= '9') || letter == '-' || letter == '_' ||
                             letter == '.';
        name += allowed ? letter : '-';
    }
    name = name.substr(0, 63);
    return check_name(name) ? "workspace" : name;
}

std::string with_name(std::string_view text, const std::string& name) {
    std::string out(text);
    return out.replace(out.find("NAME"), 4, name);
}

}  // namespace

std::vector<WorkspaceTemplate> workspace_templates(AdapterDescriptors adapters, const std::string& name) {
    return {{"rehearse.yaml", with_name(settings, as_name(name))},
            {"environments/example.yaml", std::string(environment)},
            {"playbooks/delete-and-recreate.yaml", std::string(disaster)},
            {"playbooks/risky-release.yaml", std::string(release)},
            {"playbooks/schema/environment.schema.json", environment_schema(adapters)},
            {"playbooks/schema/playbook.schema.json", playbook_schema(adapters)},
            {"playbooks/schema/workspace.schema.json", workspace_schema()},
            {"playbooks/schema/policy.schema.json", policy_schema()},
            {"example/site/index.html", std::string(page)},
            {"example/releases/v2.html", std::string(next_page)},
            {"example/releases/v2.css", std::string(style)}};
}

}  // namespace rehearse
