using System.CommandLine;
using System.Globalization;
using TokenStream.Incidents;

const string RatesFile = "Real rates (client,window_start_s,rate_rps,iat_cv, windows of ten minutes, .csv or .csv.gz), else synthetic ones.";

var seeds = new Option<string>("--seeds")
{
    Description = "Seeds, FROM-TO; each is a fleet with one incident of each kind.", DefaultValueFactory = _ => "1-20",
};
var tenants = new Option<int>("--tenants")
{
    Description = "Tenants of a fleet; those beyond the kinds have no incident.", DefaultValueFactory = _ => 24,
};
var history = new Option<int>("--history-days")
{
    Description = "Days before the one on which something happens.", DefaultValueFactory = _ => 8,
};
var rates = new Option<FileInfo?>("--rates") { Description = RatesFile };
var threads = new Option<int>("--threads") { Description = "Seeds at a time.", DefaultValueFactory = _ => 1 };
var lines = new Option<FileInfo?>("--out") { Description = "A line of JSON for each incident and false alarm." };
var root = new RootCommand("Incidents in a simulated fleet's traffic, through pricing, sums and detection: what was found of them.")
{
    seeds, tenants, history, rates, threads, lines,
};
root.SetAction(parsed =>
{
    var bounds = Array.ConvertAll(parsed.GetValue(seeds)!.Split('-'), text => int.Parse(text, CultureInfo.InvariantCulture));
    IRateCurves curves = parsed.GetValue(rates) is { } file ? TraceRates.Load(file.FullName) : new SyntheticRates();
    var report = new IncidentReport();
    var gate = new Lock();
    var runs = new SortedDictionary<int, IncidentRun>();
    var options = new ParallelOptions { MaxDegreeOfParallelism = parsed.GetValue(threads) };
    Parallel.For(bounds[0], bounds[^1] + 1, options, seed =>
    {
        var fleet = Fleet.Build(seed, parsed.GetValue(tenants), parsed.GetValue(history), curves, IncidentKinds.All);
        var run = IncidentRun.Of(fleet, seed);
        lock (gate)
        {
            runs.Add(seed, run);
            Console.Error.WriteLine($"seed {seed}: {run.Requests} requests, {run.Series} series, {run.AllSaid.Count} anomalies told");
        }
    });
    foreach (var (seed, run) in runs)
    {
        report.Add(seed, run);
    }

    Console.Write(report.ToMarkdown());
    if (parsed.GetValue(lines) is { } to)
    {
        File.WriteAllLines(to.FullName, report.ToJsonLines());
    }
});
return await root.Parse(args).InvokeAsync();
