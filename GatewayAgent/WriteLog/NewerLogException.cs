namespace Tidegate.GatewayAgent.WriteLog;

/// <summary>The log was written by a newer agent, in a format that this one does not know. Nothing was changed.</summary>
internal sealed class NewerLogException(uint version, uint known)
    : IOException($"The write log has format {version}; this agent knows formats up to {known}. Install the agent that wrote it, or a newer one; nothing was changed.");
