# ./dev up: a silo (or several) and an agent on the embedded defaults, activated, with one volume served.

detach=no state="" silos=1 volume_size=1GiB state_store=sqlite blobs=directory
while [ $# -gt 0 ]; do
    case "$1" in
        --detach) detach=yes && shift ;;
        --state) state=${2:?--state needs a folder} && shift 2 ;;
        --silos) silos=${2:?--silos needs a number} && shift 2 ;;
        --volume-size) volume_size=${2:?--volume-size needs a size} && shift 2 ;;
        --state-store) state_store=${2:?--state-store needs sqlite or postgres} && shift 2 ;;
        --blobs) blobs=${2:?--blobs needs directory or azure} && shift 2 ;;
        --streams) [ "${2:-}" = memory ] || fail "--streams knows only 'memory' in this version" && shift 2 ;;
        *) fail "up does not know '$1'; see ./dev help" ;;
    esac
done
case "$state_store" in
    sqlite) ;;
    postgres)
        [ -n "${TIDEGATE_POSTGRES:-}" ] || fail "set TIDEGATE_POSTGRES to a connection string; ./dev services up prints one"
        ;;
    *) fail "--state-store is sqlite or postgres, not '$state_store'" ;;
esac
case "$blobs" in
    directory) ;;
    azure) [ -n "${TIDEGATE_AZURE_BLOBS:-}" ] || fail "set TIDEGATE_AZURE_BLOBS to a connection string; ./dev services up azurite prints one" ;;
    *) fail "--blobs is directory or azure, not '$blobs'" ;;
esac
( source infra/dev/deps.sh --check 2>/dev/null ) || source infra/dev/deps.sh
if [ -z "$state" ]; then
    [ "$detach" = no ] || fail "--detach needs --state DIR"
    state=$(mktemp -d -t tidegate-XXXXXX)
fi
mkdir -p "$state"
state=$(cd "$state" && pwd)
# Kept, so that a restarted silo finds its database and its blobs again; they hold secrets.
if [ "$state_store" = postgres ]; then
    (umask 077 && printf 'export Tidegate__State__Provider=postgres Tidegate__State__ConnectionString=%q\n' "$TIDEGATE_POSTGRES" >"$state/service-state.env")
fi
if [ "$blobs" = azure ]; then
    allow_http=false
    [[ "$TIDEGATE_AZURE_BLOBS" != *=http[:\;]* ]] || allow_http=true
    (umask 077 && printf 'export Tidegate__Blobs__Provider=azure Tidegate__Blobs__AllowHttp=%s Tidegate__Blobs__ConnectionString=%q\n' \
        "$allow_http" "$TIDEGATE_AZURE_BLOBS" >"$state/service-blobs.env")
fi
[ ! -f "$state/tidegate.json" ] || ! alive "$(jq -r '.agentPid // 0' "$state/tidegate.json")" "$state" ||
    fail "$state is running already; stop it with ./dev down --state $state"

say "dev: building"
build_product

silo_pids=()
agent_pid=""
clean_up() {
    [ -z "$agent_pid" ] || stop_pid "$agent_pid" "$state" 20
    for pid in "${silo_pids[@]}"; do stop_pid "$pid" "$state" 20; done
}
trap 'clean_up' EXIT

say "dev: starting the service"
for ((n = 0; n < silos; n++)); do silo_pids+=("$(start_silo "$state" "$n")"); done
api=$(jq -r .apiUrl "$state/silo-0.json")
ca=$(jq -r .caFile "$state/silo-0.json")
agents=$(jq -r .agentsUrl "$state/silo-0.json")
if [ ! -d "$state/profile" ]; then
    tidegate "$state" setup --api "$api" --ca "$ca" --operator-key-file "$(jq -r .operatorKeyFile "$state/silo-0.json")" \
        --account developer --output json >"$state/account.json"
fi

if [ ! -f "$state/console.json" ]; then
    tidegate "$state" users create developer --role accountAdmin --generate --output json >"$state/console.json.new"
    chmod 600 "$state/console.json.new"
    mv "$state/console.json.new" "$state/console.json"
fi

say "dev: starting the agent and activating it"
agent_pid=$(start_agent "$state" agent "$agents" "$ca")
gateway=$(activate "$state" agent gateway-1)

if [ ! -f "$state/volume.json" ]; then
    say "dev: creating the volume"
    tidegate "$state" volumes create --gateway "$gateway" --name volume-1 --size "$volume_size" --wait --output json >"$state/volume.json.new"
    mv "$state/volume.json.new" "$state/volume.json"
fi

jq -n --slurpfile account "$state/account.json" --slurpfile volume "$state/volume.json" --slurpfile agent "$state/agent.json" \
    --slurpfile silo "$state/silo-0.json" --arg gateway "$gateway" --arg agentPid "$agent_pid" \
    --arg links "$(cat "$state"/silo-*.json | jq -r .linkEndpoint | xargs)" --arg pids "${silo_pids[*]}" '
    {
        apiUrl: $silo[0].apiUrl, consoleUrl: $silo[0].consoleUrl, apiKey: $account[0].apiKey, caFile: $silo[0].caFile,
        ebsUrl: null, accessKeyId: null, secretAccessKey: null, region: null,
        accountId: $account[0].accountId, gatewayId: $gateway, volumeId: $volume[0].volumeId,
        nbdUri: (($agent[0].nbdUri | sub("/?$"; "/")) + $volume[0].name), agentUrl: $agent[0].localUrl,
        linkEndpoints: ($links | split(" ")), siloPids: ($pids | split(" ") | map(tonumber)), agentPid: ($agentPid | tonumber)
    }' >"$state/tidegate.json.new"
chmod 600 "$state/tidegate.json.new"
mv "$state/tidegate.json.new" "$state/tidegate.json"

cat <<EOT

  API      $(jq -r .apiUrl "$state/tidegate.json")   (CA: $ca)
  Console  $(jq -r .consoleUrl "$state/tidegate.json")   sign in as $(jq -r .name "$state/console.json"), password $(jq -r .password "$state/console.json")
  Agent    $(jq -r .agentUrl "$state/tidegate.json")
  Volume   $(jq -r .nbdUri "$state/tidegate.json")
  Gateway  $gateway
  State    $state

  try:  nbdinfo $(jq -r .nbdUri "$state/tidegate.json")
        $cli_exe --profile-dir $state/profile gateways describe $gateway --live

EOT
if [ "$detach" = yes ]; then
    trap - EXIT
else
    say "dev: running; interrupt (Ctrl-C) to stop"
    trap 'exit 0' INT TERM
    while alive "$agent_pid" "$state" && alive "${silo_pids[0]}" "$state"; do sleep 1; done
    fail "a process ended by itself; its log is in $state"
fi
