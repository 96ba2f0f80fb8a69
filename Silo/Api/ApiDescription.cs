using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;
using Tidegate.Client.Rest.Models;
using Tidegate.Grains.Interfaces.Security;

namespace Tidegate.Silo.Api;

/// <summary>The OpenAPI document at <c>/openapi/v1.json</c>, made from the routes themselves.</summary>
internal static class ApiDescription
{
    private const string SchemeName = "apiKey";

    public static void AddApiDescription(this IServiceCollection services) => services.AddOpenApi("v1", options =>
    {
        options.ShouldInclude = description => description.RelativePath?.StartsWith("v1/", StringComparison.Ordinal) == true;
        options.AddDocumentTransformer((document, _, _) =>
        {
            document.Info = new OpenApiInfo
            {
                Title = "Tidegate",
                Version = "v1",
                Description = "Gateways, volumes and snapshots. Errors are problem details (RFC 9457) whose `code` is one of: "
                    + string.Join(", ", ErrorTable.Entries.OrderBy(entry => entry.Key, StringComparer.Ordinal).Select(entry => $"{entry.Key} ({entry.Value.Status})")) + ".",
            };
            document.Components ??= new OpenApiComponents();
            document.Components.SecuritySchemes ??= new Dictionary<string, IOpenApiSecurityScheme>();
            document.Components.SecuritySchemes[SchemeName] = new OpenApiSecurityScheme
            {
                Type = SecuritySchemeType.Http,
                Scheme = "bearer",
                Description = "An API key, `tgk_...`.",
            };
            document.Security = [new OpenApiSecurityRequirement { [new OpenApiSecuritySchemeReference(SchemeName, document)] = [] }];
            return Task.CompletedTask;
        });
        options.AddSchemaTransformer((schema, context, _) =>
        {
            if (context.JsonTypeInfo.Type == typeof(Secret)) (schema.Type, schema.Format) = (JsonSchemaType.String, "password");
            return Task.CompletedTask;
        });
        options.AddOperationTransformer(DescribeProblemsAsync);
        options.AddOperationTransformer((operation, context, _) =>
        {
            if (context.Description.ActionDescriptor.EndpointMetadata.OfType<Idempotency.Accepted>().Any()) DescribeIdempotencyKey(operation);
            return Task.CompletedTask;
        });
    });

    private static void DescribeIdempotencyKey(OpenApiOperation operation)
    {
        operation.Parameters ??= [];
        operation.Parameters.Add(new OpenApiParameter
        {
            Name = Idempotency.Header,
            In = ParameterLocation.Header,
            Description = "A fresh random value for each new request; a repeated request with the same value makes nothing new.",
            Schema = new OpenApiSchema { Type = JsonSchemaType.String, MinLength = 1, MaxLength = Idempotency.MaxLength },
        });
    }

    /// <summary>Every refusal has the body that <see cref="ProblemView"/> says, our own members included.</summary>
    private static async Task DescribeProblemsAsync(OpenApiOperation operation, OpenApiOperationTransformerContext context, CancellationToken cancellationToken)
    {
        var schema = await context.GetOrCreateSchemaAsync(typeof(ProblemView), null, cancellationToken);
        foreach (var (status, response) in operation.Responses ?? [])
        {
            if (status[0] is not ('4' or '5') || response is not OpenApiResponse refusal) continue;
            refusal.Content = new Dictionary<string, OpenApiMediaType> { ["application/problem+json"] = new() { Schema = schema } };
        }
    }
}
