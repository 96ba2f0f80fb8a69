using Tidegate.BlockStore.Folding;

namespace Tidegate.BlockStore.Staging;

/// <summary>
/// What a staged fold brings to life and kills (<c>docs/formats/staging.md</c>, Accounting): what is staged itself is free when it dies, what the main
/// image holds is only listed.
/// </summary>
internal sealed class StagingAccounts(LineageId lineage, long birth) : FoldAccounts(lineage)
{
    protected override bool IsDeferred => true;

    protected override bool IsTemporary(long born) => born == birth;
}
