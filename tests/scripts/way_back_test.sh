#!/usr/bin/env bash
# Runs playbooks/the-way-back.md, command by command, on a real snapshot: what it promises for the day when the program is gone.
# REHEARSE names the binary, which takes the snapshot and has no part in the way back.
# shellcheck source=tests/scripts/harness.sh disable=SC2031,SC2317 # functions go by name
. "$(dirname "${BASH_SOURCE[0]}")/harness.sh"
[[ -x ${REHEARSE:-} ]] || skip "the binary, in REHEARSE"
pg_bin=/usr/lib/postgresql/15/bin
[[ -x $pg_bin/postgres ]] || skip "postgresql-15"
PATH=$PATH:/usr/sbin
for tool in nginx git python3; do command -v $tool >/dev/null || skip $tool; done
page=$repo/playbooks/the-way-back.md
shop=$work/shop
clean_up() { "$repo/scripts/shop/stop" "$shop" >/dev/null 2>&1; }

"$repo/scripts/shop/start" --rows 2000 --files 80 "$shop" >"$work/start.log" 2>&1 || { cat "$work/start.log"; exit 1; }
# shellcheck disable=SC1091
. "$shop/shop.env"
sql() { "$pg_bin/psql" -X -At -q -v ON_ERROR_STOP=1 -d "$SHOP_CONNECTION" "$@"; }

# --- what is awkward to bring back
odd=$SHOP_CONFIG/odd
mkdir -p "$odd/.git/objects" "$odd/nothing in it" "$odd/$(printf 'é%.0s' {1..120})"
echo "ref: refs/heads/main" >"$odd/.git/HEAD"
echo "* text eol=crlf filter=lfs" >"$odd/.gitattributes"
printf 'a\r\nb\n' >"$odd/line-ends"
echo mine >"$odd/.rehearse-meta.jsonl"
echo long >"$odd/$(printf '\001%.0s' {1..200})"
head -c 6000000 /dev/urandom >"$odd/large"
truncate -s 9M "$odd/holes" && printf x | dd of="$odd/holes" bs=1 seek=7000000 conv=notrunc status=none
ln "$odd/large" "$odd/large-too"
ln -s "/no where" "$odd/to nowhere"
mkfifo -m 0620 "$odd/pipe"
chmod 4751 "$odd/line-ends"
setfattr -n user.note -v 'with "quotes" and %' "$odd/line-ends" 2>/dev/null
setfacl -m u:65534:r,d:u:65534:rx "$odd/nothing in it" 2>/dev/null
touch -d '1969-07-20T20:17:40.000000005Z' "$odd/line-ends"
sql >/dev/null <<'SQL'
create table no_key (a int, b text);
insert into no_key values (1, 'x'), (1, 'x'), (null, E'tab\there \\. and \\N');
create table "Quoted; name" (id int primary key, data text);
insert into "Quoted; name" select 1, repeat(md5('x'), 160000);
select lo_from_bytea(4711, decode(repeat('00ff', 100000), 'hex'));
SQL

fingerprint() { # fingerprint FOLDER: all that the page promises to bring back
    (cd "$1" && find . -printf '%p %y %m %U %G %l %n %T@\n' | sort && find . -type f -print0 | sort -z | xargs -0 sha256sum --zero &&
        getfattr -R -h -d -m - . && getfacl -R -n .) 2>/dev/null | sha256sum
}
tree=$(fingerprint "$SHOP_CONFIG")
# The first restore may word the schema anew (playbooks/the-way-back.md gives back its fixpoint): rows are compared as they are.
rows() { "$pg_bin/pg_dump" -a -d "$SHOP_CONNECTION" --restrict-key=x -b | grep -v '^--' | LC_ALL=C sort | sha256sum; }
objects() { "$pg_bin/pg_dump" -s -d "$SHOP_CONNECTION" | sed -n 's/^-- Name: \(.*\)/\1/p' | LC_ALL=C sort; }
database=$(rows)
names=$(objects)

# --- a workspace with the two resources that hold data
workspace=$work/workspace
mkdir -p "$workspace/environments" "$workspace/playbooks"
echo "workspace: way-back" >"$workspace/rehearse.yaml"
cat >"$workspace/environments/shop-staging.yaml" <<YAML
environment: shop-staging
class: staging
resources:
  config: { adapter: files, root: "$SHOP_CONFIG" }
  orders:
    adapter: postgresql
    connection: "$SHOP_CONNECTION"
    restore_connection: "$SHOP_RESTORE_CONNECTION"
YAML
cd "$workspace" || exit 1
export REHEARSE_HOST_DIRECTORY=$work/host
promise "a snapshot is taken" "$REHEARSE" snapshot shop-staging

# --- the program is gone, and so is the environment
mv "$SHOP_CONFIG" "$work/config.gone"
sql -c 'drop table payments cascade' -c 'truncate no_key' 2>/dev/null

# block LANGUAGE: the page's code in that language, whole.
block() { awk -v fence="\`\`\`$1" '$0 == fence { inside = 1; next } /^```/ { inside = 0 } inside' "$page"; }
block python >files-back.py
block bash >database-back.sh
block sh >commands.sh
promise "the page has commands" test "$(wc -l <commands.sh)" -gt 10
export ENVIRONMENT=shop-staging BACK=$work/back CONFIG=$SHOP_CONFIG CLUSTER=$SHOP_RESTORE_CONNECTION \
    DATABASE="${SHOP_RESTORE_CONNECTION/dbname=postgres/dbname=orders}"
without_us() { env -u REHEARSE bash -euo pipefail commands.sh; }
promise "every command of the page succeeds" without_us
promise "the tree is back, with all its metadata" equal "$(fingerprint "$SHOP_CONFIG")" "$tree"
promise "every row, sequence and large object is back" equal "$(rows)" "$database"
promise "every object of the schema is back" equal "$(objects)" "$names"
promise "what had the database's name is kept" "$pg_bin/psql" -X -d "${SHOP_CONNECTION/dbname=orders/dbname=orders_broken}" -c 'select 1'
promise "the snapshot is closed to others" equal "$(stat -c %a "$BACK")" 700
promise "the page has no longer lines than a printed page" test "$(awk 'length > 140' "$page" | wc -l)" = 0
conclude
