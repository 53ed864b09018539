using TokenStream.Broker.Log;
using Xunit;

namespace TokenStream.Tests.Broker.Log;

public sealed class LogStoreTests
{
    [Fact]
    public async Task Topics_keep_id_settings_and_partitions_over_a_restart()
    {
        await using var fixture = LogFixture.Open();
        TopicConfig config = TopicConfig.Default with { CleanupCompact = true, RetentionMs = 77, LogAppendTime = true, MinCleanableDirtyRatio = 0.25 };
        Topic created = fixture.Store.Create("orders.v1", 3, config).Topic!;
        fixture.Store.Create("other", 1, TopicConfig.Default);
        string cluster = fixture.Store.ClusterId;

        await fixture.ReopenAsync();

        Topic found = fixture.Store.Find("orders.v1")!;
        Assert.Equal((created.Id, 3, config), (found.Id, found.Partitions.Length, found.Config));
        Assert.Same(found, fixture.Store.Find(created.Id));
        Assert.Equal(["orders.v1", "other"], fixture.Store.Topics.Select(t => t.Name).Order(StringComparer.Ordinal));
        Assert.Equal(cluster, fixture.Store.ClusterId);
        Assert.Null(fixture.Store.Find("nothing"));
        Assert.Null(found.Partition(3));
        Assert.Null(found.Partition(-1));
        Assert.Equal(2, found.Partition(2)!.Number);
    }

    [Theory]
    [InlineData("")]
    [InlineData(".")]
    [InlineData("..")]
    [InlineData("a/b")]
    [InlineData("a b")]
    [InlineData("../../etc")]
    [InlineData("größe")]
    public async Task An_illegal_name_is_refused(string name)
    {
        await using var fixture = LogFixture.Open();
        Assert.Equal(LogError.InvalidTopic, fixture.Store.Create(name, 1, TopicConfig.Default).Error);
    }

    [Theory]
    [InlineData(249, LogError.None)]
    [InlineData(250, LogError.InvalidTopic)]
    public async Task A_name_may_have_249_characters(int length, LogError expected)
    {
        await using var fixture = LogFixture.Open();
        Assert.Equal(expected, fixture.Store.Create(new string('n', length), 1, TopicConfig.Default).Error);
    }

    [Fact]
    public async Task What_cannot_be_created_or_changed_is_refused_with_a_reason()
    {
        await using var fixture = LogFixture.Open(data => new LogStoreOptions { DataDirectory = data, MaxTopics = 2, MaxPartitions = 5 });
        LogStore store = fixture.Store;
        Assert.Equal(LogError.InvalidPartitions, store.Create("t", 0, TopicConfig.Default).Error);
        Assert.Equal(LogError.PolicyViolation, store.Create("t", 6, TopicConfig.Default).Error);
        Assert.Equal(LogError.None, store.Create("t", 2, TopicConfig.Default).Error);
        Assert.Equal(LogError.TopicAlreadyExists, store.Create("t", 1, TopicConfig.Default).Error);
        Assert.Equal(LogError.InvalidPartitions, store.AddPartitions("t", 2).Error);
        Assert.Equal(LogError.PolicyViolation, store.AddPartitions("t", 6).Error);
        Assert.Equal(LogError.None, store.Create("u", 1, TopicConfig.Default).Error);
        TopicResult third = store.Create("v", 1, TopicConfig.Default);
        Assert.Equal((LogError.PolicyViolation, true), (third.Error, third.Message!.Contains("the bound is 2", StringComparison.Ordinal)));
        Assert.Equal(LogError.UnknownTopicOrPartition, store.Delete("w").Error);
        Assert.Equal(LogError.UnknownTopicOrPartition, store.AlterConfig("w", TopicConfig.Default).Error);
        Assert.Equal(LogError.UnknownTopicOrPartition, store.AddPartitions("w", 9).Error);
    }

    [Fact]
    public async Task Added_partitions_and_changed_settings_hold_at_once_and_after_a_restart()
    {
        await using var fixture = LogFixture.Open();
        PartitionLog first = fixture.CreatePartition();
        first.Append(Batches.Of(("a", "1")));

        Assert.Equal(3, fixture.Store.AddPartitions("t", 3).Topic!.Partitions.Length);
        fixture.Store.AlterConfig("t", TopicConfig.Default with { MaxMessageBytes = 50 });

        Assert.Same(first, fixture.Partition());
        Assert.Equal(LogError.MessageTooLarge, first.Append(Batches.Of(("a", "1"))).Error);
        await fixture.ReopenAsync();
        Assert.Equal((3, 50), (fixture.Store.Find("t")!.Partitions.Length, fixture.Store.Find("t")!.Config.MaxMessageBytes));
        Assert.Equal(1, fixture.Partition().HighWatermark);
    }

    [Fact]
    public async Task A_deleted_topic_leaves_nothing_and_can_be_made_again()
    {
        await using var fixture = LogFixture.Open();
        PartitionLog old = fixture.CreatePartition();
        Guid id = fixture.Store.Find("t")!.Id;
        old.Append(Batches.Of(("a", "1")));

        Assert.Equal(LogError.None, fixture.Store.Delete("t").Error);

        Assert.Null(fixture.Store.Find("t"));
        Assert.Empty(Directory.GetFileSystemEntries(Path.Combine(fixture.DirectoryPath, "topics")));
        PartitionLog again = fixture.CreatePartition();
        Assert.NotEqual(id, fixture.Store.Find("t")!.Id);
        Assert.Equal(0, again.HighWatermark);
        Assert.NotEqual(LogError.None, old.TryLocate(0, 1, out _));
    }

    [Fact]
    public async Task A_deletion_that_a_kill_interrupted_is_finished_at_the_next_start()
    {
        await using var fixture = LogFixture.Open();
        fixture.CreatePartition();
        string directory = Path.GetFileName(Directory.GetDirectories(Path.Combine(fixture.DirectoryPath, "topics"))[0]);
        string? copied = null;

        await using LogStore copy = fixture.OpenCopy(data =>
        {
            copied = data;
            (Catalogue.Read(data)! with { Topics = [], Removing = [directory] }).Write(data);
        });

        Assert.Empty(copy.Topics);
        Assert.Empty(Directory.GetFileSystemEntries(Path.Combine(copied!, "topics")));
    }

    [Fact]
    public async Task A_creation_that_a_kill_interrupted_leaves_a_directory_that_is_reported_and_harms_nothing()
    {
        await using var fixture = LogFixture.Open();
        fixture.CreatePartition();

        await using LogStore copy = fixture.OpenCopy(data => (Catalogue.Read(data)! with { Topics = [] }).Write(data));

        Assert.Empty(copy.Topics);
        Assert.Contains(fixture.Logger.Lines, l => l.Id == 5011);
        Assert.Equal(LogError.None, copy.Create("t", 1, TopicConfig.Default).Error);
    }

    [Fact]
    public async Task A_half_written_catalogue_is_not_looked_at()
    {
        await using var fixture = LogFixture.Open();
        fixture.CreatePartition();

        await using LogStore copy = fixture.OpenCopy(data => File.WriteAllText(Path.Combine(data, "catalogue.json.tmp"), "{ \"version\": 1, \"top"));

        Assert.NotNull(copy.Find("t"));
    }

    [Theory]
    [InlineData("{ \"version\": 1, \"top")]
    [InlineData("{ \"version\": 2, \"clusterId\": \"x\" }")]
    [InlineData(null)]
    public async Task A_catalogue_that_is_lost_or_not_understood_stops_the_opening_and_changes_nothing(string? content)
    {
        await using var fixture = LogFixture.Open();
        fixture.CreatePartition();
        string? copied = null;

        LogStoreException refused = Assert.Throws<LogStoreException>(() => fixture.OpenCopy(data =>
        {
            copied = data;
            string path = Path.Combine(data, "catalogue.json");
            if (content is null)
            {
                File.Delete(path);
            }
            else
            {
                File.WriteAllText(path, content);
            }
        }));

        Assert.Contains("catalogue.json", refused.Message, StringComparison.Ordinal);
        Assert.Single(Directory.GetDirectories(Path.Combine(copied!, "topics")));
    }

    [Fact]
    public async Task A_directory_in_use_is_refused_with_its_name()
    {
        await using var fixture = LogFixture.Open();

        LogStoreException refused = Assert.Throws<LogStoreException>(() => LogStore.Open(fixture.Options, fixture.Time, fixture.Logger));

        Assert.Contains(fixture.DirectoryPath, refused.Message, StringComparison.Ordinal);
        Assert.Contains("in use by another process", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task After_disposal_appends_are_refused_and_the_directory_is_free()
    {
        await using var fixture = LogFixture.Open();
        PartitionLog log = fixture.CreatePartition();
        await fixture.Store.DisposeAsync();

        Assert.Equal(LogError.StorageError, log.Append(Batches.Of(("a", "1"))).Error);
        Assert.Equal(LogError.StorageError, fixture.Store.Create("u", 1, TopicConfig.Default).Error);
        await fixture.ReopenAsync();
    }
}
