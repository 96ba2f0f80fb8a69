namespace Tidegate.GatewayAgent.WriteLog;

/// <summary>Marks a task scheduler of a simulation: it decides the order of everything and runs nothing on the stack of who makes it ready.</summary>
internal interface IOrderedScheduler;
