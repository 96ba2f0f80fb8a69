# ./dev down --state DIR: stops what `up --detach` started there: the agent first, so that it drains into the service.

[ "${1:-}" = "--state" ] && [ -n "${2:-}" ] || fail "down needs --state DIR"
[ -f "$2/tidegate.json" ] || fail "$2/tidegate.json is missing: nothing was started there by ./dev up --detach"
state=$(cd "$2" && pwd)
stop_pid "$(jq -r .agentPid "$state/tidegate.json")" "$state" 30
for pid in $(jq -r '.siloPids[]' "$state/tidegate.json"); do stop_pid "$pid" "$state" 30; done
say "dev: stopped; its state stays in $state"
