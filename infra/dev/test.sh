# ./dev test [SUITE] [--full]: runs the suites one after the other and adds up what they say. --full runs explicit tests as well: the
# measurements and the whole of matrices of which every run has a part.
# Each suite has a budget in seconds on two cores; going over is reported, not failed: machines differ.

# Tests start hundreds of short programs. Without the profile that the runtime collects for later optimising, each start costs a quarter less of a
# processor; nothing here runs for long enough to profit from it.
export DOTNET_TieredPGO=${DOTNET_TieredPGO:-0}

declare -A project_of=([unit]=Unit [fuzz]=Fuzz [simulation]=Simulation [cluster]=Cluster [endtoend]=EndToEnd)
declare -A budget_of=([unit]=120 [fuzz]=60 [simulation]=150 [cluster]=180 [endtoend]=240)
suites=()
explicit=off
while [ $# -gt 0 ]; do
    case "$1" in
        --full) explicit=on ;;
        unit | fuzz | simulation | cluster | endtoend) suites+=("$1") ;;
        *) fail "test knows the suites unit, fuzz, simulation, cluster and endtoend, not '$1'" ;;
    esac
    shift
done
[ "${#suites[@]}" -gt 0 ] || suites=(unit fuzz simulation cluster endtoend)
( source infra/dev/deps.sh --check ) || fail "install what is missing with ./dev deps"

say "dev: building"
dotnet build Orleans.sln -c Release -v q -nologo || fail "the build failed"

results="$root/artifacts/test"
mkdir -p "$results"
: >"$results/failures.log"

# The failed tests of a suite's log: name, message and stack, at most 40 lines of each.
failures_of() {
    awk '/^    [^ ]/ { within = / \[FAIL\]$/; lines = 0 } /^  [^ ]/ { within = 0 } within && lines++ < 40 { print substr($0, 1, 400) }' "$1"
}
passed=0 failed=0 skipped=0 broken=()
for suite in "${suites[@]}"; do
    name=${project_of[$suite]}
    log="$results/$suite.log"
    say "dev: $suite"
    started=$(date +%s)
    code=0
    timeout 3000 "$bin/$name/release/Tidegate.Tests.$name" -noColor -longRunning 60 -explicit "$explicit" >"$log" 2>&1 || code=$?
    took=$(($(date +%s) - started))
    # One that was killed has said nothing.
    summary=$(grep -E 'Total: [0-9]+, Errors: [0-9]+' "$log" | tail -n 1 || true)
    count() { grep -oE "$1: [0-9]+" <<<"$summary" | grep -oE '[0-9]+'; }
    t=$(count Total || echo 0) e=$(count Errors || echo 0) f=$(count Failed || echo 0) s=$(count Skipped || echo 0) n=$(count "Not Run" || echo 0)
    f=$((f + e)) t=$((t - n)) p=$((t - f - s))
    if [ "$code" -ne 0 ] || [ "$t" -eq 0 ]; then
        # What failed, and why; the end of the log when it died before it could say.
        if ! failures_of "$log" | tee -a "$results/failures.log" | grep .; then tail -n 60 "$log"; fi
        broken+=("$suite")
        # A suite that died without a failing test counts as one failure, so that the sum never hides it.
        [ "$f" -gt 0 ] || f=1
    fi
    passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
    note=""
    [ "$took" -le "${budget_of[$suite]}" ] || note=" (over its budget of ${budget_of[$suite]} s)"
    echo "$suite: $p passed, $f failed, $s skipped in $took s$note"
done
if [ "${#broken[@]}" -gt 0 ]; then
    # Once more, where whoever sees only the end of the output finds it.
    grep ' \[FAIL\]$' "$results/failures.log" -A 6 || true
    echo "failing suites: ${broken[*]}; their output is in artifacts/test"
fi
echo "$passed passed, $failed failed, $skipped skipped"
[ "${#broken[@]}" -eq 0 ]
