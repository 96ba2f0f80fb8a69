# What every command of ./dev shares: where binaries are, how processes are started, waited for and stopped.
# Sourced by ./dev; the working directory is the project's root.

bin="$root/artifacts/bin"
silo_exe="$bin/Silo/release/Tidegate.Silo"
agent_exe="$bin/GatewayAgent/release/Tidegate.GatewayAgent"
cli_exe="$bin/Cli/release/Tidegate.Cli"

# Azurite, the Azure Blob service in one process: in a folder of the project's own under the user's cache, shared by work trees.
# Newer versions want Node.js 22, which Debian 12 has not.
azurite_version=3.35.0
azurite_home="${XDG_CACHE_HOME:-$HOME/.cache}/tidegate/azurite"
azurite_main="$azurite_home/node_modules/azurite/dist/src/blob/main.js"
azurite_installed() { [ -f "$azurite_main" ] && grep -qF "\"version\": \"$azurite_version\"" "$azurite_home/node_modules/azurite/package.json"; }

say() { printf '%s\n' "$*" >&2; }
fail() {
    printf 'dev: %s\n' "$*" >&2
    exit 1
}

# build PROJECT...: quiet unless it fails.
build() {
    local project log
    log=$(mktemp)
    for project in "$@"; do
        dotnet build "$project" -c Release -v q -nologo >"$log" 2>&1 || {
            cat "$log" >&2
            rm -f "$log"
            fail "the build of $project failed; the compiler's messages are above"
        }
    done
    rm -f "$log"
}

build_product() { build Silo/Silo.csproj GatewayAgent/GatewayAgent.csproj Cli/Cli.csproj; }

# alive PID NEEDLE: true when the process runs and its command line holds NEEDLE, so that a reused id is never killed.
alive() {
    local pid=$1 needle=$2
    [ -r "/proc/$pid/cmdline" ] && tr '\0' ' ' <"/proc/$pid/cmdline" 2>/dev/null | grep -qF -- "$needle"
}

# wait_for SECONDS WHAT COMMAND...: polls COMMAND until it succeeds.
wait_for() {
    local deadline=$(($(date +%s) + $1)) what=$2
    shift 2
    until "$@" >/dev/null 2>&1; do
        [ "$(date +%s)" -lt "$deadline" ] || return 1
        sleep 0.1
    done
}

# ready_of FILE PID: the ready file exists and was written by this process.
ready_of() { [ -s "$1" ] && [ "$(jq -r .pid "$1" 2>/dev/null)" = "$2" ]; }

# start_silo STATE N: starts silo N over STATE/service; prints its process id.
start_silo() {
    local state=$1 n=$2 ready="$1/silo-$2.json" log="$1/silo-$2.log"
    rm -f "$ready"
    local fixed=()
    # A restarted silo comes back where its agents know it.
    [ -f "$state/silo-$n.args" ] && mapfile -t fixed <"$state/silo-$n.args"
    local settings
    for settings in "$state"/service-*.env; do
        # shellcheck source=/dev/null
        [ ! -f "$settings" ] || source "$settings"
    done
    setsid "$silo_exe" run --state "$state/service" --ready-file "$ready" "${fixed[@]}" >>"$log" 2>&1 </dev/null &
    local pid=$!
    disown "$pid"
    wait_for 90 "silo $n" ready_or_dead "$ready" "$pid" || true
    ready_of "$ready" "$pid" || {
        tail -n 30 "$log" >&2
        fail "silo $n did not become ready; the end of its log ($log) is above"
    }
    if [ ! -f "$state/silo-$n.args" ]; then
        {
            printf -- '--api\n%s\n' "$(jq -r .apiUrl "$ready" | sed 's#https://##; s#/$##; s#localhost#127.0.0.1#')"
            printf -- '--agents\n%s\n' "$(jq -r .agentsUrl "$ready" | sed 's#https://##; s#/$##; s#localhost#127.0.0.1#')"
            printf -- '--console\n%s\n' "$(jq -r .consoleUrl "$ready" | sed 's#https://##; s#/$##; s#localhost#127.0.0.1#')"
            printf -- '--link\n%s\n' "$(jq -r .linkEndpoint "$ready")"
        } >"$state/silo-$n.args"
    fi
    echo "$pid"
}

ready_or_dead() { ready_of "$1" "$2" || ! kill -0 "$2" 2>/dev/null; }

# start_agent STATE NAME SERVICE_URL CA [ARGS...]: starts an agent over STATE/NAME; prints its process id.
start_agent() {
    local state=$1 name=$2 service=$3 ca=$4
    shift 4
    local ready="$state/$name.json" log="$state/$name.log"
    rm -f "$ready"
    local fixed=(--nbd 127.0.0.1:0 --local 127.0.0.1:0)
    [ -f "$state/$name.args" ] && mapfile -t fixed <"$state/$name.args"
    setsid "$agent_exe" run --state "$state/$name" --service "$service" --ca "$ca" --ready-file "$ready" \
        "${fixed[@]}" "$@" >>"$log" 2>&1 </dev/null &
    local pid=$!
    disown "$pid"
    wait_for 60 "$name" ready_or_dead "$ready" "$pid" || true
    ready_of "$ready" "$pid" || {
        tail -n 30 "$log" >&2
        fail "$name did not become ready; the end of its log ($log) is above"
    }
    if [ ! -f "$state/$name.args" ]; then
        {
            printf -- '--nbd\n%s\n' "$(jq -r .nbdUri "$ready" | sed 's#nbd://##; s#/$##')"
            printf -- '--local\n%s\n' "$(jq -r .localUrl "$ready" | sed 's#http://##; s#/$##')"
        } >"$state/$name.args"
    fi
    echo "$pid"
}

# activate STATE NAME GATEWAY_NAME: claims the key that the agent shows; prints the gateway's id.
activate() {
    local state=$1 name=$2 gateway=$3 ready="$1/$2.json" key
    wait_for 30 "an activation key" jq -e '.activationKey // .gatewayId' "$ready" || fail "$name shows no activation key; see $state/$name.log"
    if [ "$(jq -r '.gatewayId // empty' "$ready")" = "" ]; then
        key=$(jq -r .activationKey "$ready")
        tidegate "$state" gateways activate "$key" --name "$gateway" --time-zone UTC --output json >"$state/$name.claim.json"
    fi
    wait_for 60 "the activation" jq -e .gatewayId "$ready" || fail "$name was claimed and did not finish its activation; see $state/$name.log"
    jq -r .gatewayId "$ready"
}

# tidegate STATE ARGS...: the customer's command line with the profile that `up` made.
tidegate() {
    local state=$1
    shift
    "$cli_exe" --profile-dir "$state/profile" "$@"
}

# stop_pid PID NEEDLE SECONDS: SIGTERM, then SIGKILL when it does not end in time.
stop_pid() {
    local pid=$1 needle=$2 seconds=$3
    alive "$pid" "$needle" || return 0
    kill -TERM "$pid" 2>/dev/null || return 0
    wait_for "$seconds" "process $pid" gone "$pid" && return 0
    say "dev: process $pid did not end within $seconds s of SIGTERM; killing it"
    kill -KILL "$pid" 2>/dev/null || true
}
gone() { [ ! -d "/proc/$1" ] || grep -q '^State:.Z' "/proc/$1/status" 2>/dev/null; }
