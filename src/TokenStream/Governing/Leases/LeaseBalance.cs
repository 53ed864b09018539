using TokenStream.Governing.Evaluation;

namespace TokenStream.Governing.Leases;

/// <summary>What leases are granted from: the amount of the period, and what the ledger has of its spending.</summary>
internal readonly record struct LeaseBalance(Int128 Limit, LedgerCut Cut);
