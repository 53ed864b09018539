using TokenStream.Broker.Protocol;

namespace TokenStream.Tests.Broker.Protocol;

/// <summary>The body of a plain, valid request of each kind in each version, after the schemas of the Kafka protocol.</summary>
internal static class GoodRequest
{
    public static void Write(ApiKey key, short v, WireWriter to)
    {
        switch (key)
        {
            case ApiKey.Produce: RawClient.Produce("t", 0, RawClient.Batch("a"), version: v)(to); break;
            case ApiKey.Fetch: Fetch(v, to); break;
            case ApiKey.ListOffsets: ListOffsets(v, to); break;
            case ApiKey.Metadata: Metadata(v, to); break;
            case ApiKey.OffsetCommit: OffsetCommit(v, to); break;
            case ApiKey.OffsetFetch: OffsetFetch(v, to); break;
            case ApiKey.FindCoordinator: FindCoordinator(v, to); break;
            case ApiKey.JoinGroup: JoinGroup(v, to); break;
            case ApiKey.SyncGroup: Member(to, v >= 3); Assignments(to); break;
            case ApiKey.Heartbeat: Member(to, v >= 3); to.Tags(); break;
            case ApiKey.LeaveGroup: LeaveGroup(v, to); break;
            case ApiKey.DescribeGroups: Names(to, "g"); Flag(to, v >= 3); to.Tags(); break;
            case ApiKey.ListGroups: Names(to, v >= 4 ? ["Stable"] : null); to.Tags(); break;
            case ApiKey.DeleteGroups: Names(to, "g"); to.Tags(); break;
            case ApiKey.ApiVersions: ApiVersions(v, to); break;
            case ApiKey.CreateTopics: CreateTopics(to); break;
            case ApiKey.DeleteTopics: DeleteTopics(v, to); break;
            case ApiKey.DeleteRecords: DeleteRecords(to); break;
            case ApiKey.InitProducerId: InitProducerId(v, to); break;
            case ApiKey.DescribeConfigs: DescribeConfigs(v, to); break;
            case ApiKey.CreatePartitions: CreatePartitions(to); break;
            case ApiKey.IncrementalAlterConfigs: AlterConfigs(to); break;
            case ApiKey.DescribeCluster: to.Bool(false); to.Tags(); break;
            default: throw new ArgumentOutOfRangeException(nameof(key));
        }
    }

    private static void Fetch(short v, WireWriter to)
    {
        to.Int32(-1);
        to.Int32(1);
        to.Int32(1);
        to.Int32(1 << 20);
        to.Int8(1);
        if (v >= 7)
        {
            to.Int32(0);
            to.Int32(0);
        }

        to.ArrayLength(1);
        to.String("t");
        to.ArrayLength(1);
        to.Int32(0);
        if (v >= 9)
        {
            to.Int32(-1);
        }

        to.Int64(0);
        if (v >= 12)
        {
            to.Int32(-1);
        }

        if (v >= 5)
        {
            to.Int64(0);
        }

        to.Int32(1 << 20);
        to.Tags();
        to.Tags();
        if (v >= 7)
        {
            to.ArrayLength(0);
        }

        if (v >= 11)
        {
            to.String("");
        }

        to.Tags();
    }

    private static void ListOffsets(short v, WireWriter to)
    {
        to.Int32(-1);
        if (v >= 2)
        {
            to.Int8(0);
        }

        to.ArrayLength(1);
        to.String("t");
        to.ArrayLength(1);
        to.Int32(0);
        if (v >= 4)
        {
            to.Int32(0);
        }

        to.Int64(-1);
        to.Tags();
        to.Tags();
        to.Tags();
    }

    private static void Metadata(short v, WireWriter to)
    {
        to.ArrayLength(1);
        to.String("t");
        to.Tags();
        Flag(to, v >= 4, true);
        Flag(to, v >= 8);
        Flag(to, v >= 8);
        to.Tags();
    }

    private static void OffsetCommit(short v, WireWriter to)
    {
        to.String("g");
        to.Int32(-1);
        to.String("");
        if (v >= 7)
        {
            to.String(null);
        }

        if (v <= 4)
        {
            to.Int64(-1);
        }

        to.ArrayLength(1);
        to.String("t");
        to.ArrayLength(1);
        to.Int32(0);
        to.Int64(3);
        if (v >= 6)
        {
            to.Int32(-1);
        }

        to.String("metadata");
        to.Tags();
        to.Tags();
        to.Tags();
    }

    private static void OffsetFetch(short v, WireWriter to)
    {
        if (v >= 8)
        {
            to.ArrayLength(1);
        }

        to.String("g");
        to.ArrayLength(1);
        to.String("t");
        to.Int32Array([0]);
        to.Tags();
        if (v >= 8)
        {
            to.Tags();
        }

        Flag(to, v >= 7);
        to.Tags();
    }

    private static void FindCoordinator(short v, WireWriter to)
    {
        if (v < 4)
        {
            to.String("g");
        }

        if (v >= 1)
        {
            to.Int8(0);
        }

        if (v >= 4)
        {
            Names(to, "g");
        }

        to.Tags();
    }

    private static void JoinGroup(short v, WireWriter to)
    {
        to.String("never");
        to.Int32(6_000);
        to.Int32(0);
        to.String("unknown");
        if (v >= 5)
        {
            to.String(null);
        }

        to.String("consumer");
        to.ArrayLength(1);
        to.String("range");
        to.Bytes([1, 2]);
        to.Tags();
        to.Tags();
    }

    private static void Member(WireWriter to, bool hasInstance)
    {
        to.String("g");
        to.Int32(1);
        to.String("unknown");
        if (hasInstance)
        {
            to.String(null);
        }
    }

    private static void Assignments(WireWriter to)
    {
        to.ArrayLength(1);
        to.String("unknown");
        to.Bytes([1]);
        to.Tags();
        to.Tags();
    }

    private static void LeaveGroup(short v, WireWriter to)
    {
        to.String("g");
        if (v >= 3)
        {
            to.ArrayLength(1);
        }

        to.String("unknown");
        if (v >= 3)
        {
            to.String(null);
            to.Tags();
        }

        to.Tags();
    }

    private static void ApiVersions(short v, WireWriter to)
    {
        if (v >= 3)
        {
            to.String("raw");
            to.String("1");
            to.Tags();
        }
    }

    private static void CreateTopics(WireWriter to)
    {
        to.ArrayLength(1);
        to.String("t");
        to.Int32(1);
        to.Int16(1);
        to.ArrayLength(0);
        to.ArrayLength(1);
        to.String("retention.ms");
        to.String("1000");
        to.Tags();
        to.Tags();
        to.Int32(1_000);
        to.Bool(false);
        to.Tags();
    }

    private static void DeleteTopics(short v, WireWriter to)
    {
        to.ArrayLength(1);
        to.String("gone");
        if (v >= 6)
        {
            to.Uuid(Guid.Empty);
            to.Tags();
        }

        to.Int32(1_000);
        to.Tags();
    }

    private static void DeleteRecords(WireWriter to)
    {
        to.ArrayLength(1);
        to.String("t");
        to.ArrayLength(1);
        to.Int32(0);
        to.Int64(0);
        to.Tags();
        to.Tags();
        to.Int32(1_000);
        to.Tags();
    }

    private static void InitProducerId(short v, WireWriter to)
    {
        to.String(null);
        to.Int32(1_000);
        if (v >= 3)
        {
            to.Int64(-1);
            to.Int16(-1);
        }

        to.Tags();
    }

    private static void DescribeConfigs(short v, WireWriter to)
    {
        to.ArrayLength(1);
        to.Int8(2);
        to.String("t");
        to.ArrayLength(-1);
        to.Tags();
        to.Bool(false);
        Flag(to, v >= 3);
        to.Tags();
    }

    private static void CreatePartitions(WireWriter to)
    {
        to.ArrayLength(1);
        to.String("t");
        to.Int32(6);
        to.ArrayLength(-1);
        to.Tags();
        to.Int32(1_000);
        to.Bool(true);
        to.Tags();
    }

    private static void AlterConfigs(WireWriter to)
    {
        to.ArrayLength(1);
        to.Int8(2);
        to.String("t");
        to.ArrayLength(1);
        to.String("retention.ms");
        to.Int8(0);
        to.String("2000");
        to.Tags();
        to.Tags();
        to.Bool(false);
        to.Tags();
    }

    private static void Names(WireWriter to, params string[]? names)
    {
        if (names is null)
        {
            return;
        }

        to.ArrayLength(names.Length);
        foreach (string name in names)
        {
            to.String(name);
        }
    }

    private static void Flag(WireWriter to, bool present, bool value = false)
    {
        if (present)
        {
            to.Bool(value);
        }
    }
}
