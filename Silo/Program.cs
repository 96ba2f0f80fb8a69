using System.CommandLine;
using Tidegate.Silo.Hosting;

// Signals are the host's: it stops in order, however long that takes.
return await SiloCommands.Create().Parse(args).InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = null });
