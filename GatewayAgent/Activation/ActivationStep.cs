namespace Tidegate.GatewayAgent.Activation;

/// <summary>The next action and how long to wait before it.</summary>
internal readonly record struct ActivationStep(ActivationAction Action, TimeSpan Delay);
