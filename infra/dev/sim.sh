# ./dev sim --seeds N [--start S] [--planted]: sequences of the block store's simulation on every core; see docs/verification.md.

build Tests/Simulation/Simulation.csproj
exec "$bin/Simulation/release/Tidegate.Tests.Simulation" sim "$@"
