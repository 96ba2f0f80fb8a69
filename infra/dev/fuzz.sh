# ./dev fuzz [TARGET...] [--seconds N] [--seed S]: mutates the inputs of every decoder, or of some; see docs/verification.md, Decoders.

build Tests/Fuzz/Fuzz.csproj
exec "$bin/Fuzz/release/Tidegate.Tests.Fuzz" fuzz "$@"
