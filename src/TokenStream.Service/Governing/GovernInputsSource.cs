using TokenStream.Governing;
using TokenStream.Runtime;
using TokenStream.Service.Node;

namespace TokenStream.Service.Governing;

/// <summary>What people have said, as the govern stage takes it: the same object until something changes. For the stage's thread.</summary>
internal sealed class GovernInputsSource(BudgetFollower people)
{
    private PublishedBudgets? _budgets;
    private GovernControls? _controls;
    private GovernInputs? _inputs;

    public GovernInputs? Read()
    {
        if (!people.IsRead)
        {
            return null;
        }

        var (budgets, controls) = (people.Budgets, people.Controls);
        if (!ReferenceEquals(budgets, _budgets) || !ReferenceEquals(controls, _controls))
        {
            (_budgets, _controls) = (budgets, controls);
            _inputs = new GovernInputs(budgets.Set, budgets.Directory, budgets.SinceMs, controls);
        }

        return _inputs;
    }
}
