# ./dev check: formatting, a build with warnings as errors (analyzers and banned symbols among them), and layering.

say "dev: restoring"
dotnet restore Orleans.sln -v q -nologo || fail "the restore failed; if a lock file is out of date, run 'dotnet restore --force-evaluate' and commit it"
say "dev: checking the formatting"
dotnet format whitespace Orleans.sln --no-restore --verify-no-changes || fail "run 'dotnet format whitespace Orleans.sln' and commit what it changes"
say "dev: building with warnings as errors"
dotnet build Orleans.sln -c Release --no-restore -v q -nologo || fail "the build has warnings or errors; they are above"
say "dev: checking the layering"
layering=$("$bin/Unit/release/Tidegate.Tests.Unit" -noColor -namespace 'Tidegate.Tests.Unit.Layering*') || {
    echo "$layering"
    fail "a dependency points the wrong way; ARCHITECTURE.md has the layers"
}
say "dev: all checks passed"
