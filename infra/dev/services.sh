# ./dev services up|down [postgres] [azurite] [kafka] [--state DIR]: the servers that production has and one machine has not, private
# and on loopback: PostgreSQL, Azurite (the Azure Blob service) and a broker that speaks Kafka's protocol. Without names, all three.
# `up` prints the variables that `./dev up` reads, and keeps them in DIR/services.env; what runs already is left as it is.
# PostgreSQL and Azurite come back on their port with their data; the broker keeps messages in memory and takes a new port.

verb=${1:-}
[ "$verb" = up ] || [ "$verb" = down ] || fail "services takes up or down"
shift
services_state="$root/artifacts/services" names=()
while [ $# -gt 0 ]; do
    case "$1" in
        postgres | azurite | kafka) names+=("$1") && shift ;;
        --state) services_state=${2:?--state needs a folder} && shift 2 ;;
        *) fail "services knows postgres, azurite and kafka, not '$1'" ;;
    esac
done
[ "${#names[@]}" -gt 0 ] || names=(postgres azurite kafka)
[ "$verb" = up ] || [ -d "$services_state" ] || fail "nothing was started by ./dev services up in $services_state"
mkdir -p "$services_state"
services_state=$(cd "$services_state" && pwd)

# remembered_port FILE: the port of an earlier start, so that connection strings stay good; a free one the first time.
remembered_port() {
    [ -s "$1" ] || /usr/bin/python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])' >"$1"
    cat "$1"
}

# started HOME PID WHAT SECONDS CONDITION...: waits until CONDITION holds; otherwise shows the log.
started() {
    local home=$1 pid=$2 what=$3 seconds=$4
    shift 4
    echo "$pid" >"$home/pid"
    serving_or_dead() { "$@" || gone "$pid"; }
    wait_for "$seconds" "$what" serving_or_dead "$@" || true
    if ! "$@" || gone "$pid"; then
        tail -n 20 "$home/log" >&2
        kill -TERM "$pid" 2>/dev/null || true
        fail "$what did not start; the end of its log ($home/log) is above"
    fi
}

# The pid file names a process of ours that runs: its command line holds the folder.
runs() { [ -s "$services_state/$1/pid" ] && alive "$(cat "$services_state/$1/pid")" "$services_state/$1/"; }

stop_service() {
    stop_pid "$(cat "$services_state/$1/pid")" "$services_state/$1/" 20
    rm -f "$services_state/$1/pid"
}

pg_bin() {
    local found
    found=$(compgen -G '/usr/lib/postgresql/*/bin' | sort -V | tail -n 1) || fail "PostgreSQL is missing; run ./dev deps"
    echo "$found"
}
# The server refuses to run as root, so it gets the account that its package made.
as_postgres() {
    if [ "$(id -u)" -eq 0 ]; then runuser -u postgres -- "$@"; else "$@"; fi
}
postgres_runs() { [ -d "$services_state/postgres/data" ] && as_postgres "$(pg_bin)/pg_ctl" -D "$services_state/postgres/data" status >/dev/null 2>&1; }
postgres_up() {
    local home="$services_state/postgres" pg port
    pg=$(pg_bin)
    port=$(remembered_port "$home/port")
    if [ ! -d "$home/data" ]; then
        [ "$(id -u)" -ne 0 ] || chown postgres "$home"
        as_postgres test -x "$home" || fail "the account 'postgres' cannot reach $home; open the folders above it (chmod o+x)"
        as_postgres "$pg/initdb" -D "$home/data" -U tidegate -A trust -E UTF8 --locale=C >"$home/initdb.log" 2>&1 ||
            fail "initdb failed; see $home/initdb.log"
    fi
    as_postgres "$pg/pg_ctl" -D "$home/data" -w -l "$home/log" -o "-h 127.0.0.1 -p $port -k $home" start >/dev/null || {
        tail -n 20 "$home/log" >&2
        fail "PostgreSQL did not start; the end of its log ($home/log) is above"
    }
}
postgres_down() { as_postgres "$(pg_bin)/pg_ctl" -D "$services_state/postgres/data" -m fast -w stop >/dev/null; }
postgres_export() { echo "export TIDEGATE_POSTGRES='Host=127.0.0.1;Port=$(cat "$services_state/postgres/port");Username=tidegate;Database=postgres'"; }

azurite_runs() { runs azurite; }
azurite_up() {
    local home="$services_state/azurite" port
    azurite_installed || fail "Azurite is missing; run ./dev deps"
    port=$(remembered_port "$home/port")
    # An account of our own: the well-known one's key opens it to every user of the machine.
    [ -s "$home/key" ] || (umask 077 && head -c 64 /dev/urandom | base64 -w0 >"$home/key")
    : >"$home/log"
    AZURITE_ACCOUNTS="tidegate:$(cat "$home/key")" setsid node "$azurite_main" --blobHost 127.0.0.1 --blobPort "$port" --location "$home/data" \
        --skipApiVersionCheck --disableTelemetry --silent >>"$home/log" 2>&1 </dev/null &
    started "$home" "$!" "Azurite" 30 grep -q 'successfully listens' "$home/log"
}
azurite_down() { stop_service azurite; }
azurite_export() {
    local home="$services_state/azurite" url
    url="http://127.0.0.1:$(cat "$home/port")/tidegate"
    echo "export TIDEGATE_AZURE_BLOBS='DefaultEndpointsProtocol=http;AccountName=tidegate;AccountKey=$(cat "$home/key");BlobEndpoint=$url;'"
}

kafka_runs() { runs kafka; }
kafka_up() {
    local home="$services_state/kafka"
    build Tests/Services/Services.csproj
    : >"$home/log"
    setsid "$bin/Services/release/Tidegate.Tests.Services" kafka --ready-file "$home/ready.json" >>"$home/log" 2>&1 </dev/null &
    started "$home" "$!" "the Kafka broker" 30 ready_of "$home/ready.json" "$!"
}
kafka_down() { stop_service kafka; }
kafka_export() { echo "export TIDEGATE_KAFKA='$(jq -r .bootstrapServers "$services_state/kafka/ready.json")'"; }

write_exports() {
    local name
    (umask 077 && for name in postgres azurite kafka; do ! "${name}_runs" || "${name}_export"; done >"$services_state/services.env.new")
    mv "$services_state/services.env.new" "$services_state/services.env"
}

# Two calls at the same time must not both start a server.
exec 8>"$services_state/lock"
flock -w 60 8 || fail "another ./dev services works in $services_state"

case "$verb" in
    up)
        begun=()
        undo() {
            local code=$?
            [ "$code" -eq 0 ] || for name in "${begun[@]}"; do "${name}_down" || true; done
        }
        trap undo EXIT
        for name in "${names[@]}"; do
            mkdir -p "$services_state/$name"
            if "${name}_runs"; then
                say "dev: $name is up already"
            else
                "${name}_up" 8>&-
                begun+=("$name")
            fi
        done
        write_exports
        for name in "${names[@]}"; do "${name}_export"; done
        ;;
    down)
        for name in "${names[@]}"; do
            "${name}_runs" || { say "dev: $name was not running" && continue; }
            "${name}_down" || fail "$name did not stop; its folder is $services_state/$name"
            say "dev: $name stopped"
        done
        write_exports
        say "dev: data stay in $services_state"
        ;;
esac
