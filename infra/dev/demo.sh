# ./dev demo: the product's main job, end to end and unattended. Exits 0 only when the restored image is proven from the
# writer's journal to be what the snapshot promised, and its file system is clean.

( source infra/dev/deps.sh --check 2>/dev/null ) || source infra/dev/deps.sh
PATH="$PATH:/usr/sbin:/sbin"
keep=no
[ "${1:-}" != "--keep" ] || keep=yes
state=$(mktemp -d -t tidegate-demo-XXXXXX)
pids=()
demo_clean_up() {
    local code=$?
    touch "$state/journal.stop"
    for pid in "${pids[@]}"; do stop_pid "$pid" "$state" 10; done
    if [ "$code" -ne 0 ] || [ "$keep" = yes ]; then say "dev: logs and state are kept in $state"; else rm -rf "$state"; fi
    [ "$code" -eq 0 ] || say "dev: THE DEMO FAILED"
}
trap demo_clean_up EXIT

mib=$((1024 * 1024))
fs_bytes=$((192 * mib))     # the ext4 image, at the start of the volume
journal_at=$fs_bytes        # the writer's region, behind it
journal_bytes=$((32 * mib))
step() { say "demo: $*"; }
now() { date +%s%N; }
# What the kernel calls CLOCK_MONOTONIC: the clock of the journal.
monotonic() { /usr/bin/python3 -c 'import time; print(time.monotonic_ns())'; }
since() { awk -v a="$1" -v b="$(now)" 'BEGIN { printf "%.2f", (b - a) / 1e9 }'; }
snapshot_state() { [ "$(tidegate "$state" snapshots describe "$snapshot" --output json | jq -r .state)" = "$1" ]; }

step "building"
build_product
begun=$(now)

step "starting the service and two agents, each its own process"
pids+=("$(start_silo "$state" 0)")
api=$(jq -r .apiUrl "$state/silo-0.json") ca=$(jq -r .caFile "$state/silo-0.json") agents=$(jq -r .agentsUrl "$state/silo-0.json")
tidegate "$state" setup --api "$api" --ca "$ca" --operator-key-file "$(jq -r .operatorKeyFile "$state/silo-0.json")" \
    --account demo --output json >"$state/account.json"
first=$(start_agent "$state" agent-1 "$agents" "$ca")
pids+=("$first")
pids+=("$(start_agent "$state" agent-2 "$agents" "$ca")")

step "activating both"
gateway_1=$(activate "$state" agent-1 site-a)
gateway_2=$(activate "$state" agent-2 site-b)
tidegate "$state" gateways describe "$gateway_1" --live >&2

step "creating a volume"
tidegate "$state" volumes create --gateway "$gateway_1" --name data --size 256MiB --wait --output json >"$state/volume.json"
volume=$(jq -r .volumeId "$state/volume.json")
uri="$(jq -r .nbdUri "$state/agent-1.json" | sed 's#/*$#/#')data"

step "writing an ext4 file system with real files through NBD"
mkdir -p "$state/files"
cp -r "$root/docs" "$root/Grains.Interfaces" "$state/files/"
cp "$bin/Silo/release/"*.dll "$state/files/"
truncate -s "$fs_bytes" "$state/fs.img"
mkfs.ext4 -q -F -d "$state/files" "$state/fs.img"
written_at=$(now)
qemu-img convert -n -f raw -O raw -W "$state/fs.img" "$uri" 2>/dev/null || nbdcopy "$state/fs.img" "$uri"
copy_s=$(since "$written_at")

step "starting a writer that journals every issue and acknowledgement and never pauses"
/usr/bin/python3 "$root/Tests/EndToEnd/Journal/writer.py" "$uri" "$state/journal" "$journal_at" "$journal_bytes" 8 20260101 2>"$state/writer.log" &
writer=$!
wait_for 30 "the writer" test -s "$state/journal" || fail "the writer wrote nothing: $(cat "$state/writer.log")"
wait_for 30 "2,000 writes" bash -c "[ \$(grep -c '^A' '$state/journal') -ge 2000 ]" || fail "the writer is stuck; see $state/writer.log"

step "taking a snapshot while it writes"
before=$(monotonic)
snapshot_at=$(now)
snapshot=$(tidegate "$state" snapshots create "$volume" --description "while writing" --output json | jq -r .snapshotId)
snapshot_s=$(since "$snapshot_at")
after=$(monotonic)
acknowledged=$(grep -c '^A' "$state/journal")
wait_for 30 "writes after the snapshot" bash -c "[ \$(grep -c '^A' '$state/journal') -ge $((acknowledged + 1000)) ]" ||
    fail "the writer stopped at the snapshot"

step "killing the agent with SIGKILL in the middle of writing"
kill -KILL "$first"
wait_for 10 "the end of the agent" gone "$first"
killed_at=$(now)
first=$(start_agent "$state" agent-1 "$agents" "$ca")
pids+=("$first")
wait_for 30 "serving again" nbdinfo --size "$uri" || fail "the agent did not serve again within 30 s; see $state/agent-1.log"
recovery_s=$(since "$killed_at")
acknowledged=$(grep -c '^A' "$state/journal")
wait_for 30 "writes after the restart" bash -c "[ \$(grep -c '^A' '$state/journal') -ge $((acknowledged + 1000)) ]" ||
    fail "the writer could not go on after the restart"

step "checking the live volume against the journal"
touch "$state/journal.stop"
wait "$writer" || fail "the writer failed: $(cat "$state/writer.log")"
/usr/bin/python3 "$root/Tests/EndToEnd/Journal/verify.py" "$uri" "$state/journal" "$journal_at" "$journal_bytes" >"$state/live.json" ||
    fail "the live volume lost a write after SIGKILL: $(cat "$state/live.json")"

step "waiting until the service holds the snapshot"
wait_for 120 "the snapshot" snapshot_state completed || fail "the snapshot is $(tidegate "$state" snapshots describe "$snapshot" --output json | jq -c .)"
completed_s=$(since "$snapshot_at")

step "destroying the first site: agent killed, local store deleted"
kill -KILL "$first"
wait_for 10 "the end of the agent" gone "$first"
rm -rf "$state/agent-1"

step "restoring the snapshot to a new volume on the second agent"
restore_at=$(now)
tidegate "$state" restore "$snapshot" --gateway "$gateway_2" --name restored --wait --output json >"$state/restored.json"
restored_uri="$(jq -r .nbdUri "$state/agent-2.json" | sed 's#/*$#/#')restored"
restore_s=$(since "$restore_at")

step "proving from the journal that the image is a prefix of the write order that holds all it must"
/usr/bin/python3 "$root/Tests/EndToEnd/Journal/verify.py" "$restored_uri" "$state/journal" "$journal_at" "$journal_bytes" "$before" "$after" \
    >"$state/proof.json" || fail "the restored image breaks the promise: $(cat "$state/proof.json")"

step "checking the file system and its files"
nbdcopy "$restored_uri" "$state/restored.img"
truncate -s "$fs_bytes" "$state/restored.img"
e2fsck -f -n "$state/restored.img" >"$state/fsck.log" 2>&1 || fail "fsck found errors: $(cat "$state/fsck.log")"
cmp "$state/fs.img" "$state/restored.img" || fail "the file system's bytes differ from what was written"

journalled=$(awk '$1 == "I" { n += $5 } END { print n * 4096 }' "$state/journal")
stored=$(find "$state/service" -path '*blobs*' -type f -printf '%s\n' | awk '{ n += $1 } END { print n + 0 }')
nonzero=$(du -B1 --apparent-size "$state/fs.img" | cut -f1)
allocated=$(du -B1 "$state/fs.img" | cut -f1)
mb() { awk -v n="$1" 'BEGIN { printf "%.1f MiB", n / 1048576 }'; }
cat <<EOT

  Tidegate demo: passed in $(since "$begun") s
    file system     $(mb "$nonzero") image ($(mb "$allocated") of it data), copied in ${copy_s} s, fsck clean, equal byte for byte
    writer          $(jq -r .writes "$state/proof.json") writes journalled, $(mb "$journalled"), over $(jq -r .connections "$state/proof.json") connections
    snapshot        requested and promised in ${snapshot_s} s; held by the service after ${completed_s} s
    kill -9         serving again after ${recovery_s} s; no acknowledged write lost
    restore         on the second gateway in ${restore_s} s
    proof           $(jq -r .visibleInImage "$state/proof.json") writes visible, $(jq -r .knownOutside "$state/proof.json") known outside: a prefix of the write order,
                    with all acknowledged before the request and none issued after the reply
    stored          $(mb "$stored") for $(mb $((allocated + journalled))) written: upload amplification $(awk -v s="$stored" -v w=$((allocated + journalled)) 'BEGIN { printf "%.2f", s / w }') (compressed)

EOT
