using TokenStream.Pricing;
using TokenStream.Yaml;

namespace TokenStream.Budgets;

/// <summary>The content of a budget file.</summary>
/// <param name="UnpricedBound">
/// What tokens without a price count at, by the classes of price books, where the provider has no price for the class that could be taken.
/// </param>
internal sealed record BudgetDocument(IReadOnlyList<Budget> Budgets, RateSet UnpricedBound)
{
    public static BudgetDocument Empty { get; } = new([], RateSet.None);

    /// <summary>What is no error but may be one: models that the price book does not have, and that may therefore be misspelt.</summary>
    public IEnumerable<string> Warnings(PriceBook prices)
    {
        foreach (var budget in Budgets)
        {
            var scope = budget.Scope[Scopes.ScopeDimension.Model];
            var routes = budget.Ladder.Select(step => step.Parameters.Model).OfType<string>();
            var models = scope.Kind == Scopes.ScopeTermKind.Exact ? routes.Prepend(scope.Text) : routes;
            foreach (var model in models.Distinct().Where(model => !prices.NamesModel(model)))
            {
                var listed = prices.Content.Providers.SelectMany(provider => provider.Models).SelectMany(known => known.LiteralNames);
                var meant = NearestName.Of(model, listed) is { } nearest ? $"; it has '{nearest}'" : "";
                yield return $"'{budget.Name}' names the model '{model}', which the price book does not have{meant}";
            }
        }
    }
}

/// <summary>What came of reading a budget file: its content, or every error of its text.</summary>
internal sealed record BudgetLoad(BudgetDocument? Document, IReadOnlyList<TextError> Errors);
