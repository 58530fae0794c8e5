#!/usr/bin/env bash
# scripts/demo around a made-up rehearse: it passes signals on, waits for the restore, stops what it started and nothing
# else, ends with the drill's own exit code, and can be run again in whatever state the last run left the shop.
# shellcheck source=tests/scripts/harness.sh disable=SC2317
. "$(dirname "${BASH_SOURCE[0]}")/harness.sh"
[[ -x /usr/lib/postgresql/15/bin/postgres ]] || skip "postgresql-15"
PATH=$PATH:/usr/sbin
command -v nginx >/dev/null || skip "nginx-light"

tree=$work/tree log=$work/log
mkdir "$tree"
cp -r "$repo/scripts" "$repo/playbooks" "$tree/"
mv "$tree/scripts/shop/start" "$tree/scripts/shop/real-start"
fake() { # fake PATH: its body from stdin
    { printf '#!/usr/bin/env bash\n'; cat; } >"$1"
    chmod +x "$1"
}
fake "$tree/scripts/bootstrap" <<<'exit 0'
fake "$tree/scripts/shop/start" <<<'exec "${0%/start}/real-start" --rows 500 --files 50 "$@"'
fake "$tree/scripts/build" <<CODE
mkdir -p build/release
cp "$work/rehearse" build/release/rehearse
CODE
# Its state lies in the workspace, as that of the real one does.
fake "$work/rehearse" <<CODE
echo "\$*" >>"$log"
[[ -f rehearse.yaml ]] || exit 2
case \$1 in
    enroll) mkdir -p .rehearse ;;
    resume) [[ ! -f $work/heals ]] || cp -a "$work/heals.tree" ../config ;;
    run)
        [[ ! -f .rehearse/quarantine ]] || exit 3
        if [[ -f $work/hang ]]; then
            trap 'sleep 1; kill -0 "\$(head -1 ../postgresql/data/postmaster.pid)" && echo "restored, the shop runs" >>"$log"; exit 130' INT TERM
            echo running >>"$log"
            for ((i = 0; i < 600; i++)); do sleep 0.1; done
        fi
        exit "\$(cat "$work/verdict" 2>/dev/null || echo 0)" ;;
    report) touch "\${@: -1}" ;;
esac
CODE
shop=$tree/demo-shop
clean_up() {
    [[ ! -d $shop ]] || "$repo/scripts/shop/stop" "$(realpath "$shop")"
    [[ ! -L $shop ]] || rm -rf "$(realpath "$shop")"
}
demo() {
    : >"$log"
    "$tree/scripts/demo" "$@"
}
ends_with() { # ends_with STATUS ARGUMENT...
    local status=$1 actual=0
    shift
    demo "$@" || actual=$?
    equal "$actual" "$status"
}
shop_runs() { [[ -e /proc/$(head -n 1 "$shop/postgresql/data/postmaster.pid" 2>/dev/null || echo none)/exe ]]; }
logged() { grep -qx -- "$1" "$log" || { cat "$log"; return 1; }; }

promise "a recovered drill: success" ends_with 0
promise "it enrolled, ran and reported, in this order" equal "$(cut -d' ' -f1 "$log" | tr '\n' ' ')" "enroll run report "
promise "it ran the playbook without asking" logged "run playbooks/delete-and-recreate.yaml --yes"
promise "the report is there" test -f "$shop/report.html"
promise "the shop was stopped" not shop_runs
made=$(stat -c %W "$shop/postgresql/data/PG_VERSION")
echo 1 >"$work/verdict"
promise "a drill that was late: its exit code" ends_with 1
promise "it looked for a drill left open first" equal "$(head -n 1 "$log")" "resume"
promise "the shop was stopped nevertheless" not shop_runs
promise "the second run took the same shop" equal "$(stat -c %W "$shop/postgresql/data/PG_VERSION")" "$made"
echo 4 >"$work/verdict"
promise "a drill that did not recover: its exit code" ends_with 4
rm "$work/verdict"

touch "$shop/workspace/.rehearse/quarantine"
promise "a shop in quarantine is made anew" ends_with 0
promise "with an enrolment of its own" equal "$(grep -c '^enroll' "$log")" 2
cp -a "$shop/config" "$work/heals.tree"
touch "$work/heals"
rm -rf "$shop/config"
made=$(stat -c %W "$shop/postgresql/data/PG_VERSION")
promise "a shop whose open drill can be finished goes on" ends_with 0
promise "and is not made anew" equal "$(stat -c %W "$shop/postgresql/data/PG_VERSION")" "$made"
rm "$work/heals"
rm -rf "$shop/config"
promise "a shop that nobody can bring back is made anew" ends_with 0
promise "tree and all" test -f "$shop/config/www/health.txt"

for name in INT TERM; do
    touch "$work/hang"
    : >"$log"
    set -m # or else bash has it ignore SIGINT
    "$tree/scripts/demo" >"$work/out" 2>&1 &
    demo=$!
    set +m
    tries=300
    until grep -qx running "$log" || ((tries-- == 0)); do sleep 0.1; done
    kill -s "$name" "$demo"
    wait "$demo"
    status=$?
    rm "$work/hang"
    promise "SIG$name ends it with a signal's exit code" equal "$status" "$([[ $name == INT ]] && echo 130 || echo 143)"
    promise "SIG$name lets the restore finish, while the shop runs" logged "restored, the shop runs"
    promise "SIG$name stops the shop after it" not shop_runs
    promise "SIG$name: nothing was reported as done" not logged "report.*"
done

promise "--keep: success" ends_with 0 --keep
promise "--keep leaves the shop running" shop_runs
promise "a run on a running shop: success" ends_with 0
promise "and it is left running, since another run started it" shop_runs
"$tree/scripts/shop/stop" "$shop"
rm -rf "$shop"
mkdir "$shop"
touch "$shop/letter"
promise "a demo-shop that is something else is refused" refuses_saying "holds other things" demo
promise "and nothing in it is touched" test -f "$shop/letter"
rm -rf "$shop"
if [[ $(id -u) == 0 ]]; then
    chmod 700 "$tree"
    promise "in a closed tree, as below /root: success" ends_with 0
    promise "the shop lives elsewhere" test -L "$shop"
    promise "and again: success" ends_with 0
    rm -rf "$(realpath "$shop")"
    promise "and again, after that place was cleaned away: success" ends_with 0
fi
promise "an unknown option is refused" refuses_saying "unknown option" demo --hurry
conclude
