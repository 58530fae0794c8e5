#!/usr/bin/env bash
# The staging shop of scripts/shop: that it has what a drill needs, can be started and stopped at any time, survives
# kill -9 and lost ports, and never touches a process or a folder that is not its own.
# shellcheck source=tests/scripts/harness.sh disable=SC2031,SC2317 # shop.env is read in subshells; functions go by name
. "$(dirname "${BASH_SOURCE[0]}")/harness.sh"
pg_bin=/usr/lib/postgresql/15/bin
[[ -x $pg_bin/postgres ]] || skip "postgresql-15"
PATH=$PATH:/usr/sbin
command -v nginx >/dev/null || skip "nginx-light"

shop="$work/the shop" # a space, to see the quoting
start() { "$repo/scripts/shop/start" "$@"; }
stop() { "$repo/scripts/shop/stop" "$@"; }
helpers=()
clean_up() {
    local folder pid
    for folder in "$work"/*; do
        if [[ -d $folder/.shop ]]; then stop "$folder"; fi
    done
    for pid in "${helpers[@]}"; do kill "$pid" 2>/dev/null; done
}
# shellcheck disable=SC1091
load() { . "$1/shop.env"; }
# shellcheck disable=SC1091
value() { (. "$1/shop.env" && printf '%s' "${!2}"); }
sql() { "$pg_bin/psql" -X -At -v ON_ERROR_STOP=1 -d "$1" -c "$2"; }
health() { perl -MIO::Socket::INET -e '
    my $s = IO::Socket::INET->new("127.0.0.1:$ARGV[0]") or exit 1;
    print $s "GET /health HTTP/1.0\r\n\r\n"; my $line = <$s>; exit($line =~ / 200 / ? 0 : 1)' "$1"; }
alive() { [[ -e /proc/$1/exe ]]; } # a zombie that nobody reaps is dead
until_gone() { local tries=100; while alive "$1" && ((tries-- > 0)); do sleep 0.05; done; not alive "$1"; }
# listen_on PORT: takes a port as somebody else would; leaves the pid in $helpers.
listen_on() {
    perl -MIO::Socket::INET -e '
        my $s = IO::Socket::INET->new(Listen => 1, LocalAddr => "127.0.0.1", LocalPort => $ARGV[0], ReuseAddr => 1)
            or die "$!"; open my $f, ">", $ARGV[1]; sleep 600' "$1" "$work/listening.$1" &
    helpers+=($!)
    until [[ -e $work/listening.$1 ]] || ! alive $!; do sleep 0.02; done
}

# --- a new shop
promise "a small shop is made and started" start --rows 2000 --files 80 "$shop"
load "$shop"
promise "its health page answers" health "$SHOP_HTTP_PORT"
promise "the database has as many rows as were asked for" test "$(sql "$SHOP_CONNECTION" "select
    (select count(*) from suppliers) + (select count(*) from products) + (select count(*) from customers) +
    (select count(*) from addresses) + (select count(*) from orders) + (select count(*) from order_lines) +
    (select count(*) from payments) + (select count(*) from shipments)")" -ge 2000
promise "it has eight tables beside the partitions" equal "$(sql "$SHOP_CONNECTION" "select count(*) from pg_class
    where relnamespace = 'public'::regnamespace and relkind in ('r', 'p') and not relispartition")" 8
promise "every table but two hangs on another one" equal "$(sql "$SHOP_CONNECTION" "select count(distinct conrelid)
    from pg_constraint where contype = 'f' and connamespace = 'public'::regnamespace and conparentid = 0")" 6
promise "the tree has as many files as were asked for" test "$(find "$SHOP_CONFIG" -type f | wc -l)" -ge 80
promise "the tree has links, one of them dangling" equal "$(find "$SHOP_CONFIG" -type l | wc -l),$(find "$SHOP_CONFIG" -xtype l | wc -l)" 4,1
promise "the tree has an executable" test -x "$SHOP_CONFIG/hooks/after-order.sh"
promise "the tree has an empty folder" test -n "$(find "$SHOP_CONFIG" -type d -empty)"
promise "the tree has more than three modes" test "$(find "$SHOP_CONFIG" -type f -printf '%m\n' | sort -u | wc -l)" -gt 3
promise "passwords are for the owner alone" equal "$(stat -c %a "$SHOP_PGPASS")" 600
promise "no password stands in the workspace" not grep -rqFf <(cut -d: -f5 "$SHOP_PGPASS") "$SHOP_WORKSPACE" "$shop/shop.env"
promise "the environment file names the real ports" grep -q "127.0.0.1:$SHOP_HTTP_PORT/health" "$SHOP_WORKSPACE/environments/shop-staging.yaml"
promise "the workspace has the playbooks" test -f "$SHOP_WORKSPACE/playbooks/delete-and-recreate.yaml"
promise "no example path or port is left in the playbooks" not grep -rqE '^[^#]*(/srv/shop|port=5433)' "$SHOP_WORKSPACE/playbooks"
promise "the ports are not those of outgoing connections" test "$SHOP_HTTP_PORT" -lt "$(cut -f1 /proc/sys/net/ipv4/ip_local_port_range)"

# --- nginx, as a process adapter finds it
promise "nginx runs in the shop's folder" equal "$(readlink "/proc/$SHOP_NGINX_PID/cwd")" "$shop"
promise "nginx has the command of the environment file" equal "$(tr -d '\0' <"/proc/$SHOP_NGINX_PID/cmdline")" \
    "nginx: master process nginx -p . -c nginx.conf -g daemon off;"
promise "nginx leads a session of its own" equal "$(ps -o sid= -p "$SHOP_NGINX_PID" | tr -d ' ')" "$SHOP_NGINX_PID"

# --- the two credentials
promise "no credential is a superuser's" equal "$(sql "$SHOP_RESTORE_CONNECTION" "select string_agg(concat_ws(' ', rolname,
    rolsuper, rolcreatedb, rolcreaterole, rolreplication, rolbypassrls), ', ' order by rolname) from pg_roles
    where rolname in ('shop', 'shop_restore')")" "shop f f f f f, shop_restore f t f f f"
promise "without the password file nobody gets in" not sql "${SHOP_CONNECTION% passfile=*} passfile=/dev/null" "select 1"
promise "the superuser is not reached over the network" not sql "host=127.0.0.1 port=$SHOP_PG_PORT user=postgres dbname=postgres" "select 1"
promise "shop may not create databases" not sql "$SHOP_CONNECTION" "create database other"
lose_and_bring_back() {
    local scratch="${SHOP_RESTORE_CONNECTION/dbname=postgres/dbname=orders}" before after
    "$pg_bin/pg_dump" -Fc -d "$SHOP_CONNECTION" -f "$work/dump" &&
        before=$("$pg_bin/pg_dump" -a --inserts -d "$SHOP_CONNECTION" --restrict-key=x | sha256sum) &&
        sql "${SHOP_CONNECTION/dbname=orders/dbname=postgres}" "drop database orders" &&
        not sql "$SHOP_CONNECTION" "select 1" &&
        sql "$SHOP_RESTORE_CONNECTION" "create database orders owner shop template template0" &&
        "$pg_bin/pg_restore" --role=shop --exit-on-error -d "$scratch" "$work/dump" &&
        after=$("$pg_bin/pg_dump" -a --inserts -d "$SHOP_CONNECTION" --restrict-key=x | sha256sum) &&
        equal "$after" "$before"
}
promise "shop can drop the database, and shop_restore can bring all of it back" lose_and_bring_back
promise "shop_restore can keep a marker in the maintenance database" sql "$SHOP_RESTORE_CONNECTION" \
    "create schema marker; create table marker.m (i int); drop schema marker cascade"
promise "the cluster's identity can be read" sql "$SHOP_CONNECTION" "select system_identifier from pg_control_system()"

# --- again and again
pids="$SHOP_NGINX_PID $SHOP_PG_PID"
promise "a second start succeeds" start "$shop"
promise "a second start leaves what runs alone" equal "$(value "$shop" SHOP_NGINX_PID) $(value "$shop" SHOP_PG_PID)" "$pids"
promise "another size is refused, not ignored" refuses_saying "add --fresh" start --rows 3000 "$shop"
promise "stop succeeds" stop "$shop"
promise "nginx has gone" not alive "$SHOP_NGINX_PID"
promise "PostgreSQL has gone" not alive "$SHOP_PG_PID"
promise "a second stop succeeds" stop "$shop"
promise "stop succeeds where there never was a shop" stop "$work/nowhere"
before=$(value "$shop" SHOP_HTTP_PORT),$(value "$shop" SHOP_PG_PORT)
promise "it starts again" start "$shop"
promise "it keeps its ports" equal "$(value "$shop" SHOP_HTTP_PORT),$(value "$shop" SHOP_PG_PORT)" "$before"

# --- what kill -9 leaves
load "$shop"
kill -9 "$SHOP_NGINX_PID" "$SHOP_PG_PID"
until_gone "$SHOP_NGINX_PID" && until_gone "$SHOP_PG_PID"
promise "it starts after both servers were killed" start "$shop"
promise "its health page answers again" health "$(value "$shop" SHOP_HTTP_PORT)"
load "$shop"
kill -9 "$SHOP_NGINX_PID" "$SHOP_PG_PID"
promise "it stops what a kill left behind" stop "$shop"
promise "nothing runs in its folder any more" test -z "$(find /proc -maxdepth 2 -name cwd -lname "*/the shop*" 2>/dev/null)"

# --- ports lost to somebody else
listen_on "$SHOP_HTTP_PORT"
listen_on "$SHOP_PG_PORT"
promise "it starts where both ports were taken meanwhile" start "$shop"
promise "it took other ports" not equal "$(value "$shop" SHOP_HTTP_PORT),$(value "$shop" SHOP_PG_PORT)" "$SHOP_HTTP_PORT,$SHOP_PG_PORT"
load "$shop"
promise "the environment file follows" grep -q "port=$SHOP_PG_PORT user=shop dbname=orders" "$SHOP_WORKSPACE/environments/shop-staging.yaml"
promise "the health page answers on the new port" health "$SHOP_HTTP_PORT"

# --- processes of others
stop "$shop"
sleep 600 &
stranger=$!
helpers+=("$stranger")
printf '%s\n' "$stranger" >"$shop/run/nginx.pid"
sed -i "s/^SHOP_\(NGINX\|PG\)_PID=.*/SHOP_\1_PID='$stranger'/" "$shop/shop.env"
printf '%s\n%s\n' "$stranger" "$SHOP_PG_DATA" >"$SHOP_PG_DATA/postmaster.pid"
promise "stop succeeds where the pid files name a stranger" stop "$shop"
promise "the stranger lives" alive "$stranger"
promise "a stale pid file does not stop the next start" start "$shop"
(cd "$shop" && exec sleep 600) &
visitor=$!
helpers+=("$visitor")
promise "stop succeeds while somebody works in the folder" stop "$shop"
promise "the visitor lives" alive "$visitor"

# --- a shop that a drill has left broken
start "$shop" >/dev/null 2>&1
load "$shop"
rm -rf "$SHOP_CONFIG"
promise "without its tree the health page fails" not health "$SHOP_HTTP_PORT"
promise "the start says what is missing" refuses_saying "$SHOP_CONFIG is not as it was made" start "$shop"
sql "${SHOP_CONNECTION/dbname=orders/dbname=postgres}" "drop database orders" >/dev/null
stop "$shop"
promise "the start says that the database is missing, too" refuses_saying "the database orders is not" start "$shop"
promise "nginx can't start without its tree" refuses_saying "nginx does not start" start "$shop"
promise "PostgreSQL runs nevertheless, to be restored into" sql "$SHOP_RESTORE_CONNECTION" "select 1"
promise "--fresh makes it whole" start --fresh "$shop"
promise "and its health page answers" health "$(value "$shop" SHOP_HTTP_PORT)"

# --- starts that were cut short, or came together
start --rows 2000 --files 80 "$work/cut" >/dev/null 2>&1 &
cut=$!
disown "$cut"
until [[ -f $work/cut/postgresql/data/postmaster.pid ]] || ! alive "$cut"; do sleep 0.02; done
kill -9 "$cut"
promise "a start that was killed half-way is finished by the next one" start --rows 2000 --files 80 "$work/cut"
start --rows 500 --files 50 "$work/together" >/dev/null 2>&1 &
first=$!
promise "two starts at once end as one shop" start --rows 500 --files 50 "$work/together"
wait "$first"
promise "and both succeed" equal $? 0
promise "two shops have the same tree" equal \
    "$(cd "$shop/config" && find . -printf '%p %y %m %s %l %T@\n' | sort | sha256sum)" \
    "$(cd "$work/cut/config" && find . -printf '%p %y %m %s %l %T@\n' | sort | sha256sum)"
dump() { "$pg_bin/pg_dump" --inserts --restrict-key=x -d "$(value "$1" SHOP_CONNECTION)" | sha256sum; }
promise "two shops have the same database" equal "$(dump "$shop")" "$(dump "$work/cut")"

# --- folders of others
mkdir "$work/mine" && touch "$work/mine/letter"
promise "a folder with other things in it is refused" refuses_saying "holds other things" start "$work/mine"
promise "even with --fresh, and nothing in it is lost" refuses_saying "holds other things" start --fresh "$work/mine"
promise "the letter is still there" test -f "$work/mine/letter"
promise "an unknown option is refused" refuses_saying "unknown option" start --row 3 "$work/x"
promise "a size that is no number is refused" refuses_saying "wants a number" start --rows many "$work/x"
if [[ $(id -u) == 0 ]]; then
    mkdir -m 700 "$work/closed"
    promise "a folder that the servers' users can't reach is refused with the way out" \
        refuses_saying "chmod a+x '$work/closed'" start "$work/closed/shop"
    long=$work/$(printf 'deep%.0s' {1..30})
    promise "a path too long for a socket gets one elsewhere" start --rows 500 --files 50 "$long"
    socket=$(value "$long" SHOP_PG_SOCKET)
    stop "$long"
    promise "which is gone after the stop" not test -e "$socket"
    mkdir "$work/others" && chown nobody "$work/others"
    as_nobody() { setpriv --reuid=nobody --regid=nogroup --clear-groups -- "$@"; }
    if as_nobody test -r "$repo/scripts/shop/start"; then
        promise "without root it runs as yourself" as_nobody "$repo/scripts/shop/start" --rows 500 --files 50 "$work/others"
        promise "and stops as yourself" as_nobody "$repo/scripts/shop/stop" "$work/others"
    fi
fi
conclude
