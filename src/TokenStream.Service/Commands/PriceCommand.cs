using System.CommandLine;
using System.Globalization;
using TokenStream.Events;
using TokenStream.Pricing;
using TokenStream.Service.Node;

namespace TokenStream.Service.Commands;

/// <summary><c>tokenstream price</c>: what one use of a model costs, with every step that leads there.</summary>
internal static class PriceCommand
{
    /// <summary>The question cannot be answered as it was put.</summary>
    private const int UsageError = 2;

    private const string Description =
        "Price one request and show every step of the derivation. " +
        "Example: tokenstream price --model gpt-4o --in 1200 --out 300 --cached 1000";

    internal static Command Create()
    {
        var model = new Option<string>("--model") { Description = "The model, as events name it.", Required = true };
        var provider = Text("--provider", "The provider; by default the one that makes the model.");
        var tokensIn = Count("--in", "Input tokens, cached and cache-write ones included.");
        var tokensOut = Count("--out", "Output tokens, reasoning included.");
        var cached = Count("--cached", "Input tokens read from the provider's cache.");
        var write5m = Count("--cache-write-5m", "Input tokens written to the cache for 5 minutes.");
        var write1h = Count("--cache-write-1h", "Input tokens written to the cache for an hour.");
        var reasoning = Count("--reasoning", "Output tokens spent on reasoning.");
        var units =
            new Option<string[]>("--unit") { Description = "Something else that is billed, such as web_searches=2; may be repeated." };
        var tenant = Text("--tenant", "The tenant, whose contract may have another price.");
        var region = Text("--region", "The region.");
        var tier = Text("--tier", "The service tier: batch, flex, priority, ..");
        var at = new Option<string?>("--at") { Description = "When, such as 2026-08-21 or 2026-08-21T06:00:00Z; by default now." };
        var prices = new Option<FileInfo?>("--prices") { Description = "A price book whose entries win over the default book's." };
        var command = new Command("price", Description)
        {
            model, provider, tokensIn, tokensOut, cached, write5m, write1h, reasoning, units, tenant, region, tier, at, prices,
        };
        command.SetAction(parsed =>
        {
            if (!TryBook(parsed.GetValue(prices), out var book) || !TryTime(parsed.GetValue(at), out var timeMs) ||
                !TryUnits(parsed.GetValue(units) ?? [], out var counted) ||
                !TryProvider(book, parsed.GetValue(provider)!, parsed.GetValue(model)!, out var named))
            {
                return UsageError;
            }

            return Answer(book, new PriceQuestion
            {
                Tenant = parsed.GetValue(tenant)!,
                Provider = named,
                Model = parsed.GetValue(model)!,
                Region = parsed.GetValue(region)!,
                ServiceTier = parsed.GetValue(tier)!,
                TimeMs = timeMs,
                TokensIn = parsed.GetValue(tokensIn),
                TokensOut = parsed.GetValue(tokensOut),
                TokensCached = parsed.GetValue(cached),
                TokensCacheWrite5m = parsed.GetValue(write5m),
                TokensCacheWrite1h = parsed.GetValue(write1h),
                TokensReasoning = parsed.GetValue(reasoning),
                Units = counted,
            });
        });
        return command;
    }

    private static int Answer(PriceBook book, PriceQuestion question)
    {
        if (Refusal(question) is { } refusal)
        {
            Console.Error.WriteLine(refusal);
            return UsageError;
        }

        if (PriceDerivation.Derive(book, question) is not { } derivation)
        {
            Console.Error.WriteLine(
                "The cost leaves the range of 64-bit picodollars (9.2 million USD); such an event is refused as cost_out_of_range.");
            return 1;
        }

        Console.Out.Write(PriceDerivationText.Render(derivation));
        return 0;
    }

    /// <summary>What the decoder would refuse in an event is refused here, so that no price is shown that no event can have.</summary>
    private static string? Refusal(PriceQuestion question) => question switch
    {
        { TokensIn: < 0 } or { TokensOut: < 0 } or { TokensCached: < 0 } or { TokensCacheWrite5m: < 0 } or { TokensCacheWrite1h: < 0 } or
            { TokensReasoning: < 0 } => "A count is negative; a request uses zero or more.",
        { TokensReasoning: var reasoning, TokensOut: var output } when reasoning > output =>
            "--reasoning is within --out and cannot exceed it.",
        _ when (Int128)question.TokensCached + question.TokensCacheWrite5m + question.TokensCacheWrite1h > question.TokensIn =>
            "--cached and the cache writes are within --in and together cannot exceed it.",
        _ when question.Units.Count > UsageEvent.MaxUnits => $"At most {UsageEvent.MaxUnits} units are possible.",
        _ => null,
    };

    private static bool TryBook(FileInfo? file, out PriceBook book)
    {
        book = PriceBook.Empty;
        try
        {
            book = PriceFiles.Book(file?.FullName);
            return true;
        }
        catch (NodeStartException failure)
        {
            Console.Error.WriteLine(failure.Message);
            return false;
        }
    }

    private static bool TryProvider(PriceBook book, string named, string model, out string provider)
    {
        provider = named;
        if (named.Length > 0)
        {
            return true;
        }

        var candidates = book.ProvidersOf(model);
        if (candidates.Count == 1)
        {
            provider = candidates[0];
            return true;
        }

        Console.Error.WriteLine(candidates.Count == 0
            ? $"No provider in the price book has a model '{model}'. Name one with --provider, or add a price with --prices."
            : $"Several providers have a model '{model}': {string.Join(", ", candidates)}. Name one with --provider.");
        return false;
    }

    private static bool TryTime(string? text, out long timeMs)
    {
        timeMs = TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds();
        var styles = DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal;
        if (text is null)
        {
            return true;
        }

        if (DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, styles, out var time))
        {
            timeMs = time.ToUnixTimeMilliseconds();
            return true;
        }

        Console.Error.WriteLine($"--at {text} is not a time such as 2026-08-21 or 2026-08-21T06:00:00Z.");
        return false;
    }

    private static bool TryUnits(string[] texts, out List<KeyValuePair<string, long>> units)
    {
        units = [];
        foreach (var text in texts)
        {
            var equals = text.IndexOf('=', StringComparison.Ordinal);
            if (equals <= 0 || !long.TryParse(text.AsSpan(equals + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var count))
            {
                Console.Error.WriteLine($"--unit {text} is not a unit and a count, such as web_searches=2.");
                return false;
            }

            units.Add(KeyValuePair.Create(text[..equals], count));
        }

        return true;
    }

    private static Option<long> Count(string name, string description) => new(name) { Description = description };

    private static Option<string> Text(string name, string description) => new(name)
    {
        Description = description,
        DefaultValueFactory = _ => string.Empty,
    };
}
