# ./dev bench [NAME] [--quick]: progress on the way, one JSON object on the last line.

( source infra/dev/deps.sh --check ) || fail "install what is missing with ./dev deps"
say "dev: building"
build_product
build Tests/Benchmarks/Benchmarks.csproj
exec "$bin/Benchmarks/release/Tidegate.Tests.Benchmarks" "$@"
