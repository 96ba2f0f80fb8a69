# ./dev agent restart --state DIR, ./dev silo restart N --state DIR: starts it again, on the ports it had.

what=$1
[ "${2:-}" = restart ] || fail "$what takes 'restart'; see ./dev help"
shift 2
n=0
if [ "$what" = silo ]; then
    n=${1:?which silo? ./dev silo restart N --state DIR}
    shift
fi
[ "${1:-}" = "--state" ] && [ -n "${2:-}" ] || fail "$what restart needs --state DIR"
state=$(cd "$2" && pwd)
file="$state/tidegate.json"
[ -f "$file" ] || fail "$file is missing: nothing was started there by ./dev up --detach"
if [ "$what" = agent ]; then
    stop_pid "$(jq -r .agentPid "$file")" "$state" 30
    pid=$(start_agent "$state" agent "$(jq -r .agentsUrl "$state/silo-0.json")" "$(jq -r .caFile "$state/silo-0.json")")
    jq --argjson pid "$pid" '.agentPid = $pid' "$file" >"$file.new"
else
    stop_pid "$(jq -r ".siloPids[$n]" "$file")" "$state" 30
    pid=$(start_silo "$state" "$n")
    jq --argjson pid "$pid" --argjson n "$n" '.siloPids[$n] = $pid' "$file" >"$file.new"
fi
chmod 600 "$file.new"
mv "$file.new" "$file"
say "dev: $what runs as process $pid"
