namespace Tidegate.GatewayAgent.Shadow;

/// <summary>The service grants a plain epoch although blocks are dirty that only a branch of before had: it has lost that branch.</summary>
internal sealed class UnknownBranchException(string message) : Exception(message);
