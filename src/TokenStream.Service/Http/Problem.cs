using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;

namespace TokenStream.Service.Http;

/// <summary>What was wrong with a request, as RFC 9457 has it.</summary>
internal static class Problem
{
    /// <param name="code">Names the kind for programs; it becomes a part of <c>type</c>.</param>
    /// <param name="detail">A sentence for people, with the remedy.</param>
    /// <param name="errors">Where there are several: each.</param>
    public static IResult Of(int status, string code, string title, string detail, IReadOnlyList<string>? errors = null)
    {
        var problem =
            new JsonObject { ["type"] = $"urn:tokenstream:problem:{code}", ["title"] = title, ["status"] = status, ["detail"] = detail };
        if (errors is not null)
        {
            problem["errors"] = new JsonArray([.. errors.Select(error => JsonValue.Create(error))]);
        }

        return Results.Text(problem.ToJsonString() + "\n", "application/problem+json", statusCode: status);
    }

    public static IResult Invalid(IReadOnlyList<string> errors) =>
        Of(StatusCodes.Status400BadRequest, "invalid", "The request cannot be done", string.Join("; ", errors), errors);

    public static IResult Forbidden(string detail) => Of(StatusCodes.Status403Forbidden, "forbidden", "Not allowed", detail);

    public static IResult NotFound(string detail) => Of(StatusCodes.Status404NotFound, "not_found", "Not found", detail);
}
