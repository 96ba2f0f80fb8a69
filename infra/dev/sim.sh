# ./dev sim --seeds N [--start S] [--planted]: sequences of the block store's simulation on every core; with --write-path
# first, seeds of the agent's write path; see docs/verification.md.

build Tests/Simulation/Simulation.csproj
exec "$bin/Simulation/release/Tidegate.Tests.Simulation" sim "$@"
