using Tidegate.Tests.Services;

// Servers that `./dev services` and the tests start as processes of their own where the machine's packages have none.
switch (args)
{
    case ["kafka", "--ready-file", var readyFile]:
        return await KafkaBroker.ServeAsync(readyFile);
    default:
        await Console.Error.WriteLineAsync("usage: Tidegate.Tests.Services kafka --ready-file FILE");
        return 2;
}
