# What scripts/shop/start and scripts/shop/stop share: where things lie in the shop's folder, and how a process is proved
# to be the shop's own before it gets a signal. Sourced, never run.
# shellcheck shell=bash disable=SC2034 # not every variable is used by both

umask 022
unset "${!PG@}" # no PGHOST, PGPASSFILE, PGSERVICE of the caller's
pg_bin=/usr/lib/postgresql/15/bin
nginx_command=(nginx -p . -c nginx.conf -g "daemon off;") # as in the environment file, word for word
PATH=$PATH:/usr/sbin:/sbin                               # where Debian keeps nginx; not everybody's PATH has it

say() { printf 'shop: %s\n' "$1" >&2; }
# fail WHAT REMEDY
fail() {
    printf 'shop: %s\n  what to do: %s\n' "$1" "$2" >&2
    exit 1
}

# Sets the paths of the shop in folder $1 (absolute, links resolved).
set_paths() {
    shop=$1
    own=$shop/.shop # what only these scripts read
    config=$shop/config
    workspace=$shop/workspace
    cluster=$shop/postgresql
    data=$cluster/data
    pgpass=$shop/pgpass
}

# Takes the shop's lock, or gives up: one start or stop at a time.
take_lock() {
    exec 9>>"$own/lock"
    flock -w 300 9 || fail "another start or stop of $shop has been running for 5 minutes" "look for it: fuser $own/lock"
}

# The start time of process $1 in clock ticks since boot; empty where there is none. With the pid it names one process.
start_time() {
    local line
    { read -r line <"/proc/$1/stat"; } 2>/dev/null || return 0
    line=${line##*) } # the name in brackets may hold anything
    # shellcheck disable=SC2086
    set -- $line
    printf '%s' "${20}"
}

# Prints "pid:start-time" of each process that runs in folder $1 from a program named $2: nobody else's process has both.
processes_in() {
    local entry cwd pid exe started
    while IFS= read -r -d '' entry && IFS= read -r -d '' cwd; do
        [[ $cwd == "$1" || $cwd == "$1 (deleted)" ]] || continue
        pid=${entry#/proc/} pid=${pid%/cwd}
        exe=$(readlink "/proc/$pid/exe" 2>/dev/null) || continue
        exe=${exe% (deleted)}
        [[ ${exe##*/} == "$2" ]] || continue
        started=$(start_time "$pid")
        [[ -z $started ]] || printf '%s:%s\n' "$pid" "$started"
    done < <(find /proc -maxdepth 2 -path '/proc/[0-9]*/cwd' -printf '%p\0%l\0' 2>/dev/null)
}

command_line() { { tr '\0' ' ' <"/proc/$1/cmdline"; } 2>/dev/null || true; }

# The shop's nginx processes, whoever started them last (a drill starts it anew): the folder and the argument vector are
# the environment file's, or it is a worker of such a master.
nginx_processes() {
    local found line
    for found in $(processes_in "$shop" nginx); do
        line=$(command_line "${found%:*}")
        case $line in
            "nginx: "* | "${nginx_command[*]} ") printf '%s\n' "$found" ;;
        esac
    done
}
nginx_masters() {
    local found
    for found in $(nginx_processes); do
        case $(command_line "${found%:*}") in "nginx: worker"*) ;; *) printf '%s\n' "$found" ;; esac
    done
}
postgres_processes() { processes_in "$data" postgres; }
postmaster() {
    local pid=none found
    { read -r pid <"$data/postmaster.pid"; } 2>/dev/null || true
    for found in $(postgres_processes); do
        if [[ ${found%:*} == "$pid" ]]; then printf '%s\n' "$found"; fi
    done
}

# signal NAME "pid:start-time"...: only those that still are the processes that were found.
signal() {
    local name=$1 found
    shift
    for found in "$@"; do
        if [[ $(start_time "${found%:*}") == "${found#*:}" ]]; then
            kill -s "$name" "${found%:*}" 2>/dev/null || true
        fi
    done
}

# gone FUNCTION SECONDS: waits until FUNCTION finds no process any more.
gone() {
    local tries=$(($2 * 10))
    while [[ $($1) ]]; do
        ((tries-- > 0)) || return 1
        sleep 0.1
    done
}

stop_nginx() {
    [[ $(nginx_processes) ]] || return 0
    # shellcheck disable=SC2046
    signal TERM $(nginx_masters)
    gone nginx_masters 10 || true
    # Workers outlive a master that was killed, and keep its port.
    # shellcheck disable=SC2046
    gone nginx_processes 2 || signal TERM $(nginx_processes)
    # shellcheck disable=SC2046
    gone nginx_processes 5 || signal KILL $(nginx_processes)
    gone nginx_processes 5 || fail "nginx in $shop does not end: $(nginx_processes | tr '\n' ' ')" "look at these processes"
}
stop_postgres() {
    [[ $(postgres_processes) ]] || return 0
    # shellcheck disable=SC2046
    signal INT $(postmaster) # fast: sessions are ended, the rest is written down
    gone postmaster 60 || true
    # shellcheck disable=SC2046
    gone postgres_processes 5 || signal QUIT $(postgres_processes)
    # shellcheck disable=SC2046
    gone postgres_processes 5 || signal KILL $(postgres_processes)
    gone postgres_processes 5 ||
        fail "PostgreSQL in $data does not end: $(postgres_processes | tr '\n' ' ')" "look at these processes"
}

# Removes the socket's folder where it lies outside of the shop's own. After stop_postgres.
remove_socket() {
    local socket
    [[ -f $own/socket ]] || return 0
    socket=$(<"$own/socket")
    if [[ $socket == /tmp/shop-socket.* ]]; then rm -rf -- "$socket"; fi
}

# The rehearse processes that work in the shop's workspace.
drills() { processes_in "$workspace" rehearse; }
