using Tidegate.Client.Rest.Models;
using Tidegate.Grains.Interfaces.Errors;
using Xunit;

namespace Tidegate.Tests.Cluster.Silo;

// Keys over the API.
public abstract partial class SiloContract
{
    [Fact]
    public async Task An_accounts_key_is_rotated_by_its_owner_and_says_how_far_it_is()
    {
        using var account = await NewAccountAsync("keys");
        using var other = await NewAccountAsync("no-keys");
        Assert.Null((await account.Client.GetAccountAsync(account.Id)).KeyRotation);
        await AssertCodeAsync(ErrorCodes.NotFound, () => other.Client.RotateAccountKeyAsync(account.Id));
        var begun = await account.Client.RotateAccountKeyAsync(account.Id);
        Assert.NotNull(begun.KeyRotationBegunAt);
        var known = await account.Client.GetAccountAsync(account.Id);
        Assert.Equal((2, "", begun.KeyRotationBegunAt), (known.KeyRotation!.Generation, known.KeyRotation.Problem, known.KeyRotationBegunAt));
        Assert.Equal(begun.KeyRotationBegunAt, (await account.Client.RotateAccountKeyAsync(account.Id)).KeyRotationBegunAt);
        await AssertCodeAsync(ErrorCodes.NotFound, () => account.Client.RotateVolumeKeyAsync("vol-00000000000000000000"));
        await AssertCodeAsync(ErrorCodes.NotFound, () => account.Client.EraseVolumeAsync("vol-00000000000000000000", new EraseVolumeRequest([])));
    }
}
