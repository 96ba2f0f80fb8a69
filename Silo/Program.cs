using System.CommandLine;
using Tidegate.Cli.Commands;
using Tidegate.Silo.Blobs;
using Tidegate.Silo.Hosting;

if (args is ["store", ..]) return await CommandLine.RunStoreAsync(args, Console.Out, Console.Error, TimeProvider.System, BucketByName.Open);
// Signals are the host's: it stops in order, however long that takes.
return await SiloCommands.Create().Parse(args).InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = null });
