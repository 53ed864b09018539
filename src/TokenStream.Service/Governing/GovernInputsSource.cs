using TokenStream.Governing;
using TokenStream.Governing.Anomalies;
using TokenStream.Runtime;
using TokenStream.Service.Node;

namespace TokenStream.Service.Governing;

/// <summary>What people have said, as the govern stage takes it: the same object until something changes. For the stage's thread.</summary>
internal sealed class GovernInputsSource(BudgetFollower people, Func<OpenAnomalies> anomalies)
{
    private PublishedBudgets? _budgets;
    private GovernControls? _controls;
    private OpenAnomalies? _anomalies;
    private GovernInputs? _inputs;

    public GovernInputs? Read()
    {
        if (!people.IsRead)
        {
            return null;
        }

        var (budgets, controls, open) = (people.Budgets, people.Controls, anomalies());
        if (!ReferenceEquals(budgets, _budgets) || !ReferenceEquals(controls, _controls) || !ReferenceEquals(open, _anomalies))
        {
            (_budgets, _controls, _anomalies) = (budgets, controls, open);
            _inputs = new GovernInputs(budgets.Set, budgets.Directory, budgets.SinceMs, controls) { Anomalies = open };
        }

        return _inputs;
    }
}
