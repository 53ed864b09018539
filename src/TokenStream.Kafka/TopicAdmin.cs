using System.Globalization;
using Confluent.Kafka;
using Confluent.Kafka.Admin;
using Microsoft.Extensions.Logging;

namespace TokenStream.Kafka;

/// <summary>What became of the declared topics.</summary>
/// <param name="Partitions">Each topic's number of partitions.</param>
/// <param name="Warnings">Settings that work with a drawback, each a sentence with the command that mends it.</param>
public sealed record TopicReport(IReadOnlyDictionary<string, int> Partitions, IReadOnlyList<string> Warnings);

/// <summary>Creates the topics that are missing and verifies those that exist. Changes no topic that exists.</summary>
public sealed class TopicAdmin : IDisposable
{
    private readonly KafkaOptions _options;
    private readonly TimeProvider _clock;
    private readonly ILogger _logger;
    private readonly IAdminClient _admin;
    private volatile string? _lastError;

    public TopicAdmin(KafkaOptions options, string clientId, TimeProvider clock, ILogger logger)
    {
        _options = options;
        _clock = clock;
        _logger = logger;
        _admin = new AdminClientBuilder(ClientProperties.Client(options, clientId))
            .SetErrorHandler((_, error) => OnError(error))
            .SetLogHandler((_, line) => KafkaLog.Library(logger, clientId, line.Facility, line.Message))
            .Build();
    }

    /// <summary>
    /// Makes sure that every declared topic is there as declared. Throws <see cref="TopicMismatchException"/> with every mismatch at once,
    /// before anything was created, and <see cref="KafkaUnavailableException"/> where Kafka does not answer.
    /// </summary>
    public async Task<TopicReport> DeclareAsync(IReadOnlyList<TopicDeclaration> declarations)
    {
        try
        {
            var existing = Partitions();
            var warnings = new List<string>();
            await VerifyAsync([.. declarations.Where(topic => existing.ContainsKey(topic.Name))], warnings);
            var late = await CreateAsync([.. declarations.Where(topic => !existing.ContainsKey(topic.Name))]);
            await VerifyAsync(late, warnings);
            var all = await AllPresentAsync(declarations);
            var partitions = declarations.ToDictionary(topic => topic.Name, topic => all[topic.Name]);
            return new TopicReport(partitions, warnings);
        }
        catch (KafkaException failure)
        {
            throw Unavailable(failure);
        }
    }

    /// <summary>Each topic's number of partitions. Throws <see cref="KafkaUnavailableException"/> where Kafka does not answer.</summary>
    public IReadOnlyDictionary<string, int> Partitions()
    {
        try
        {
            var metadata = _admin.GetMetadata(_options.AnswerTimeout);
            return metadata.Topics.Where(topic => topic.Error.Code == ErrorCode.NoError).ToDictionary(topic => topic.Topic, topic => topic.Partitions.Count);
        }
        catch (KafkaException failure)
        {
            throw Unavailable(failure);
        }
    }

    public void Dispose() => _admin.Dispose();

    /// <summary>The command that gives a topic a setting, for people to copy.</summary>
    internal static string MendingCommand(string servers, string topic, TopicSetting setting) =>
        $"kafka-configs.sh --bootstrap-server {servers} --alter --entity-type topics --entity-name {topic} --add-config {setting.Name}={setting.Value}";

    /// <summary>Whether a topic's value is what the setting asks for.</summary>
    internal static bool IsMet(TopicSetting setting, string? actual) => setting.Rule switch
    {
        SettingRule.AtCreation => true,
        SettingRule.AtLeast => Number(actual) is var number && (number == -1 || number >= Number(setting.Value)),
        _ => string.Equals(actual, setting.Value, StringComparison.Ordinal),
    };

    private static long Number(string? text) =>
        long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) ? number : long.MinValue;

    private async Task VerifyAsync(IReadOnlyList<TopicDeclaration> declarations, List<string> warnings)
    {
        if (declarations.Count == 0)
        {
            return;
        }

        var resources = declarations.Select(topic => new ConfigResource { Type = ResourceType.Topic, Name = topic.Name });
        var described = await _admin.DescribeConfigsAsync(resources, new DescribeConfigsOptions { RequestTimeout = _options.AnswerTimeout });
        var mismatches = new List<string>();
        foreach (var topic in declarations)
        {
            var actual = described.Single(result => result.ConfigResource.Name == topic.Name).Entries;
            foreach (var setting in topic.Settings)
            {
                var value = actual.TryGetValue(setting.Name, out var entry) ? entry.Value : null;
                if (IsMet(setting, value))
                {
                    continue;
                }

                var least = setting.Rule == SettingRule.AtLeast ? "at least " : string.Empty;
                var sentence = $"The topic {topic.Name} has {setting.Name}={value ?? "(none)"}, but {least}{setting.Value} is needed. "
                    + $"This mends it: {MendingCommand(_options.BootstrapServers, topic.Name, setting)}";
                (setting.Rule == SettingRule.Preferred ? warnings : mismatches).Add(sentence);
            }
        }

        if (mismatches.Count > 0)
        {
            throw new TopicMismatchException(mismatches);
        }
    }

    /// <summary>Creates topics. Returns those that were there after all: another node was faster, or the broker asked had not heard of them.</summary>
    private async Task<IReadOnlyList<TopicDeclaration>> CreateAsync(IReadOnlyList<TopicDeclaration> declarations)
    {
        if (declarations.Count == 0)
        {
            return [];
        }

        var present = new HashSet<string>();
        try
        {
            await _admin.CreateTopicsAsync(
                declarations.Select(topic => new TopicSpecification
                {
                    Name = topic.Name,
                    NumPartitions = topic.Partitions,
                    // The cluster's own default of replicas.
                    ReplicationFactor = -1,
                    Configs = topic.Settings.ToDictionary(setting => setting.Name, setting => setting.Value),
                }),
                new CreateTopicsOptions { RequestTimeout = _options.AnswerTimeout, OperationTimeout = _options.AnswerTimeout });
        }
        catch (CreateTopicsException failure) when (failure.Results.All(result => !result.Error.IsError || result.Error.Code == ErrorCode.TopicAlreadyExists))
        {
            present.UnionWith(failure.Results.Where(result => result.Error.IsError).Select(result => result.Topic));
        }

        foreach (var topic in declarations.Where(topic => !present.Contains(topic.Name)))
        {
            KafkaLog.TopicCreated(_logger, topic.Name, topic.Partitions);
        }

        return [.. declarations.Where(topic => present.Contains(topic.Name))];
    }

    /// <summary>Waits until the brokers have told each other of every topic: a member that subscribes earlier is told that there is none.</summary>
    private async Task<IReadOnlyDictionary<string, int>> AllPresentAsync(IReadOnlyList<TopicDeclaration> declarations)
    {
        using var patience = new CancellationTokenSource(_options.AnswerTimeout, _clock);
        while (true)
        {
            var existing = Partitions();
            var missing = declarations.Where(topic => !existing.ContainsKey(topic.Name)).Select(topic => topic.Name).ToList();
            if (missing.Count == 0)
            {
                return existing;
            }

            if (patience.IsCancellationRequested)
            {
                throw new KafkaUnavailableException(
                    $"Kafka at {_options.BootstrapServers} does not show {string.Join(", ", missing)} {_options.AnswerTimeout.TotalSeconds:F0} s after their creation.");
            }

            await Task.Delay(TimeSpan.FromMilliseconds(50), _clock);
        }
    }

    /// <summary>That all brokers are down is said after why each one is; the why is worth more.</summary>
    private void OnError(Error error) => _lastError = error.Code == ErrorCode.Local_AllBrokersDown ? _lastError ?? error.Reason : error.Reason;

    private KafkaUnavailableException Unavailable(KafkaException failure)
    {
        var refused = failure is CreateTopicsException create
            ? string.Join("; ", create.Results.Where(result => result.Error.IsError).Select(result => $"topic {result.Topic}: {result.Error.Reason}"))
            : null;
        return refused is not null
            ? new($"Kafka at {_options.BootstrapServers} refused to create topics: {refused}.", failure)
            : new(
                $"Kafka at {_options.BootstrapServers} does not answer: {_lastError ?? failure.Error.Reason}. "
                + "The option --kafka changes the address.",
                failure);
    }
}
