return await Tidegate.Cli.Commands.CommandLine.RunAsync(args, Console.Out, Console.Error, TimeProvider.System);
