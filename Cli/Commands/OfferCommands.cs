using System.CommandLine;
using Tidegate.Cli.Errors;
using Tidegate.Cli.Output;
using Tidegate.Client.Rest.Models;

namespace Tidegate.Cli.Commands;

/// <summary><c>tidegate offers</c>: create, list, describe, accept, revoke.</summary>
internal static class OfferCommands
{
    public static Command Create(GlobalOptions globals) => new("offers", "Offers of snapshots to other accounts: create, list, describe, accept, revoke.")
    {
        CreateOffer(globals), List(globals), Describe(globals), Accept(globals), Revoke(globals),
    };

    private static Command CreateOffer(GlobalOptions globals)
    {
        var snapshot = new Argument<string>("SNAPSHOT") { Description = "Id of a completed snapshot" };
        var to = new Option<string>("--to") { Description = "Id of the only account that may accept it", HelpName = "ACCOUNT", Required = true };
        var valid = SpanOption.Create("--valid", "How long it may be accepted, a minute to 90 days; a week without it");
        var idempotencyKey = new Option<string?>("--idempotency-key") { Description = "Makes repeated commands with the same key one offer", HelpName = "KEY" };
        var command = new Command("create", "Offer a snapshot to another account, which may then copy it: under keys of its own, and whatever becomes of yours.") { snapshot, to, valid, idempotencyKey };
        command.SetAction(async (parsed, cancellation) =>
        {
            using var session = globals.Open(parsed);
            var request = new OfferSnapshotRequest(parsed.GetValue(to)!, SpanOption.Seconds(parsed.GetValue(valid)));
            Print(session.Printer, await session.Client.OfferSnapshotAsync(parsed.GetValue(snapshot)!, request, parsed.GetValue(idempotencyKey), cancellation));
            return ExitCode.Success;
        });
        return command;
    }

    private static Command List(GlobalOptions globals)
    {
        var received = new Option<bool>("--received") { Description = "Those made to this account, instead of its own" };
        var command = new Command("list", "List the offers that the account has made, or those made to it.") { received };
        command.SetAction(async (parsed, cancellation) =>
        {
            using var session = globals.Open(parsed);
            var isReceived = parsed.GetValue(received);
            IReadOnlyList<SnapshotOfferView> offers = await session.Client.ListOffersAsync(isReceived, cancellationToken: cancellation).ToListAsync(cancellation);
            session.Printer.Many(
                offers, CliJson.Default.IReadOnlyListSnapshotOfferView,
                isReceived ? "Nobody offers this account a snapshot." : "No offers. Make one: tidegate offers create SNAPSHOT --to ACCOUNT",
                ["Offer", isReceived ? "From" : "To", "State", "Size", "Point", "Expires", isReceived ? "Copy" : "Snapshot", "Description"],
                offer => [
                    offer.OfferId, isReceived ? offer.AccountId : offer.ToAccountId, Printer.Word(offer.State), ByteSize.Format(offer.SizeBytes),
                    Printer.Time(offer.PointAt), Printer.Time(offer.ExpiresAt), isReceived ? offer.CopyId : offer.SnapshotId, offer.Description]);
            return ExitCode.Success;
        });
        return command;
    }

    private static Command Describe(GlobalOptions globals)
    {
        var offer = OfferArgument();
        var command = new Command("describe", "Show an offer.") { offer };
        command.SetAction(async (parsed, cancellation) =>
        {
            using var session = globals.Open(parsed);
            Print(session.Printer, await session.Client.GetOfferAsync(parsed.GetValue(offer)!, cancellation));
            return ExitCode.Success;
        });
        return command;
    }

    private static Command Accept(GlobalOptions globals)
    {
        var offer = OfferArgument();
        var description = new Option<string>("--description") { Description = "Your words for the new snapshot", HelpName = "TEXT", DefaultValueFactory = static _ => "" };
        var command = new Command("accept", "Accept an offer and begin to copy the snapshot. Accepted again it shows the copy that there is.") { offer, description };
        var wait = new WaitOptions(command, "the copy is complete");
        command.SetAction(async (parsed, cancellation) =>
        {
            using var session = globals.Open(parsed);
            var copy = await session.Client.AcceptOfferAsync(parsed.GetValue(offer)!, new AcceptOfferRequest(parsed.GetValue(description)!), cancellation);
            if (wait.Read(parsed) is { } limit) copy = await session.Waiting.CopyCompletedAsync(copy.CopyId, limit, cancellation);
            CopyCommands.Print(session.Printer, copy);
            return ExitCode.Success;
        });
        return command;
    }

    private static Command Revoke(GlobalOptions globals)
    {
        var offer = OfferArgument();
        var yes = new Option<bool>("--yes", "-y") { Description = "Do not ask" };
        var command = new Command("revoke", "Take an offer back, and with it a copy that is being made. A complete copy stays; its offer leaves the list.") { offer, yes };
        command.SetAction(async (parsed, cancellation) =>
        {
            using var session = globals.Open(parsed);
            var id = parsed.GetValue(offer)!;
            if (!parsed.GetValue(yes) && !session.Printer.Confirm($"Revoke offer {id}?"))
            {
                session.Printer.Note("Nothing was changed.");
                return ExitCode.Interrupted;
            }

            await session.Client.RevokeOfferAsync(id, cancellation);
            session.Printer.One(new DoneView(id, "revoked"), CliJson.Default.DoneView, ("Revoked", id));
            return ExitCode.Success;
        });
        return command;
    }

    private static Argument<string> OfferArgument() => new("OFFER") { Description = "Id of an offer" };

    private static void Print(Printer printer, SnapshotOfferView offer) => printer.One(
        offer, CliJson.Default.SnapshotOfferView,
        ("Offer", offer.OfferId), ("State", Printer.Word(offer.State)), ("From", offer.AccountId), ("To", offer.ToAccountId), ("Snapshot", offer.SnapshotId),
        ("Description", offer.Description), ("Size", ByteSize.Format(offer.SizeBytes)), ("Point", Printer.Time(offer.PointAt)),
        ("Made", Printer.Time(offer.CreatedAt)), ("Expires", Printer.Time(offer.ExpiresAt)), ("Copy", offer.CopyId), ("Failed because", offer.FailureReason));
}
