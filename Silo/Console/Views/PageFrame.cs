using Tidegate.Grains.Interfaces.Accounts;
using Tidegate.Grains.Interfaces.Security;

namespace Tidegate.Silo.Console.Views;

/// <summary>What every page has around its own content.</summary>
/// <param name="Title">The page's title.</param>
/// <param name="Session">Who is signed in; null for nobody.</param>
/// <param name="Section">First part of the address, by which the navigation shows where one is.</param>
/// <param name="FormToken">What forms carry.</param>
/// <param name="RequestId">What names the request that a form of this page makes.</param>
/// <param name="Style">Address of the style.</param>
/// <param name="Script">Address of the script.</param>
/// <param name="Icon">Address of the icon.</param>
public sealed record PageFrame(
    string Title, SessionDescription? Session, string Section, Secret FormToken, string RequestId, string Style, string Script, string Icon)
{
    /// <summary>What was refused; null when nothing was.</summary>
    public PageError? Error { get; init; }

    /// <summary>What was done; empty for nothing.</summary>
    public string Done { get; init; } = "";

    /// <summary>True for who may change an account's things.</summary>
    public bool MayChange { get; init; }

    /// <summary>True for who may take snapshots.</summary>
    public bool MayTake { get; init; }

    /// <summary>True for who comes to own what is made: gateways and volumes.</summary>
    public bool MayOwn { get; init; }
}
