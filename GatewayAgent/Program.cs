return await Tidegate.GatewayAgent.Commands.AgentCommandLine.RunAsync(args);
