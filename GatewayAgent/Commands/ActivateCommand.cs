using System.CommandLine;
using Tidegate.Client.Proxies;
using Tidegate.Client.Rest;
using Tidegate.GatewayAgent.Activation;
using Tidegate.GatewayAgent.Identity;

namespace Tidegate.GatewayAgent.Commands;

/// <summary><c>tidegate-agent activate</c>: activates and ends, for installations that want the identity before the first run.</summary>
internal static class ActivateCommand
{
    public static Command Create()
    {
        var settings = new SettingOptions();
        var command = new Command("activate", "Activate this gateway and end: shows the key until somebody claims it. An activated one says so.");
        settings.AddTo(command);
        command.SetAction((parsed, cancellation) => AgentCommandLine.GuardAsync(async () =>
        {
            var options = settings.Read(parsed);
            var time = TimeProvider.System;
            using var loggers = AgentLogging.CreateFactory();
            using var stateLock = StateLock.Take(options.StateDirectory);
            StateFormat.CheckAndNote(options.StateDirectory);
            using var service = new HttpActivationService(options.Service, new Dialler(options.Proxy, Dialler.HttpLimit, time).AttachTo(PinnedTrust.CreateHandler(options.CaFile)), time);
            var runner = new ActivationRunner(
                IdentityStore.Open(options.IdentityDirectory), service, MachineMetadata.Collect, new ActivationTerminal(AgentCommandLine.Terminal()), time,
                loggers.CreateLogger<ActivationRunner>());
            using var credential = await runner.RunAsync(cancellation);
            Console.WriteLine($"Activated: gateway {credential.Customer.GatewayId} ({credential.Customer.Name}) of account {credential.Customer.AccountId}.");
            return ExitCode.Success;
        }));
        return command;
    }
}
