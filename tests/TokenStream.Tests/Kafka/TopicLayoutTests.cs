using TokenStream.Kafka;
using TokenStream.Runtime;
using Xunit;

namespace TokenStream.Tests.Kafka;

public sealed class TopicLayoutTests
{
    [Theory]
    [InlineData(SettingRule.Exact, "delete", "delete", true)]
    [InlineData(SettingRule.Exact, "delete", "compact,delete", false)]
    [InlineData(SettingRule.Exact, "delete", null, false)]
    [InlineData(SettingRule.Preferred, "LogAppendTime", "CreateTime", false)]
    [InlineData(SettingRule.AtLeast, "100", "100", true)]
    [InlineData(SettingRule.AtLeast, "100", "101", true)]
    [InlineData(SettingRule.AtLeast, "100", "99", false)]
    [InlineData(SettingRule.AtLeast, "100", "-1", true)]
    [InlineData(SettingRule.AtLeast, "100", "-2", false)]
    [InlineData(SettingRule.AtLeast, "100", "many", false)]
    [InlineData(SettingRule.AtLeast, "100", null, false)]
    [InlineData(SettingRule.AtCreation, "100", "1", true)]
    public void A_setting_is_met_by_its_rule(SettingRule rule, string needed, string? actual, bool met) =>
        Assert.Equal(met, TopicAdmin.IsMet(new TopicSetting("name", needed, rule), actual));

    [Fact]
    public void Rollups_outlive_nine_days_and_a_dead_letter_fits_its_topic()
    {
        var layout = new TopicLayout();
        var rollups = layout.Declarations.Single(topic => topic.Name == "tokenstream.rollups");
        Assert.Contains(new TopicSetting("retention.ms", "777600000", SettingRule.AtLeast), rollups.Settings);
        Assert.Contains(new TopicSetting("cleanup.policy", "delete", SettingRule.Exact), rollups.Settings);
        Assert.True(DeadLetter.MaxValueBytes + DeadLetter.MaxKeyBytes < TopicLayout.DeadLetterMaxBytes);
    }

    [Fact]
    public void Topics_that_scopes_are_routed_over_have_as_many_partitions_as_spend()
    {
        var layout = new TopicLayout { SpendPartitions = 3 };
        var partitions = layout.Declarations.ToDictionary(topic => topic.Name, topic => topic.Partitions);
        Assert.All(layout.ByScope, topic => Assert.Equal(3, partitions[topic]));
        Assert.Empty(layout.Unequal(partitions));
        partitions[layout.Acks] = 4;
        Assert.StartsWith("The topic tokenstream.acks has 4 partitions, but tokenstream.spend has 3", Assert.Single(layout.Unequal(partitions)));
    }
}
