using System.Text;
using TokenStream.Chdb.Gate;
using Xunit;

namespace TokenStream.Tests.Chdb.Gate;

/// <summary>Every way out of the tables that the engine leaves open, and variants of each.</summary>
public sealed class SqlGateRefusalTests
{
    private static readonly GateOptions Options = new() { IsSettingAllowed = static name => name is "max_threads" };

    [Theory]
    [InlineData("SELECT file('/etc/passwd')")]
    [InlineData("SELECT FILE('/etc/passwd')")]
    [InlineData("SELECT file /* here */ ('/etc/passwd')")]
    [InlineData("SELECT `file`('/etc/passwd')")]
    [InlineData("SELECT \"file\"('/etc/passwd')")]
    [InlineData("SELECT `f\\x69le`('/etc/passwd')")]
    [InlineData("SELECT \"f\\u0069le\"('/etc/passwd')")]
    [InlineData("SELECT arrayMap(file, ['/etc/passwd'])")]
    [InlineData("SELECT * APPLY(file) FROM (SELECT '/etc/passwd')")]
    [InlineData("SELECT * APPLY file FROM (SELECT '/etc/passwd')")]
    [InlineData("SELECT 1 WHERE 'a' IN file('/etc/passwd', 'LineAsString')")]
    [InlineData("WITH file AS f SELECT f('/etc/passwd')")]
    [InlineData("SELECT * FROM (SELECT (SELECT file('/etc/passwd')))")]
    [InlineData("DESCRIBE TABLE file('/etc/passwd')")]
    [InlineData("EXPLAIN SELECT file('/etc/passwd')")]
    [InlineData("SELECT catboostEvaluate('/m', 1)")]
    [InlineData("SELECT * FROM eval('SELECT 1')")]
    [InlineData("SELECT hasColumnInTable('system', 'disks', 'path')")]
    [InlineData("SELECT joinGet('system.disks', 'path', 1)")]
    [InlineData("SELECT getServerSetting('path')")]
    [InlineData("SELECT sleepEachRow(3)")]
    [InlineData("SELECT aiGenerate('x')")]
    [InlineData("SELECT logTrace('x')")]
    public void Functions_that_reach_out_are_refused(string sql) => Refused(sql);

    [Theory]
    [InlineData("SELECT * FROM file('/etc/passwd', 'LineAsString')")]
    [InlineData("SELECT * FROM url('http://127.0.0.1/', 'CSV', 'a String')")]
    [InlineData("SELECT * FROM s3('x')")]
    [InlineData("SELECT * FROM remote('127.0.0.1', system, one)")]
    [InlineData("SELECT * FROM `remote`('127.0.0.1', system, one)")]
    [InlineData("SELECT * FROM merge('system', '.*')")]
    [InlineData("SELECT * FROM cluster('default', view(SELECT 1))")]
    [InlineData("SELECT * FROM executable('x', 'CSV', 'a String')")]
    [InlineData("SELECT * FROM numbers(1), url('x')")]
    [InlineData("SELECT * FROM numbers(1) JOIN mysql('x') USING a")]
    [InlineData("SELECT * FROM (numbers(1) AS a CROSS JOIN sqlite('x', 'y') AS b)")]
    [InlineData("SELECT * FROM viewExplain('EXPLAIN', '', (SELECT 1))")]
    [InlineData("SELECT * FROM loop(numbers(2))")]
    [InlineData("SELECT * FROM python(x)")]
    [InlineData("SELECT * FROM tomorrowsFunction('x')")]
    [InlineData("SELECT 1 FROM numbers(1) LEFT JOIN tomorrowsFunction('x') ON 1")]
    [InlineData("DESCRIBE TABLE s3('x')")]
    [InlineData("DESC url('x')")]
    [InlineData("SELECT * FROM format(LineAsString, 'x')")]
    public void Table_functions_that_reach_out_are_refused(string sql) => Refused(sql);

    [Theory]
    [InlineData("SELECT 1; SELECT 2")]
    [InlineData("SELECT 1; DROP TABLE usage_10s")]
    [InlineData("SELECT 1;;SELECT 2")]
    [InlineData("SELECT 1\\G SELECT 2")]
    [InlineData("SELECT '1' ;\n-- c\nSELECT 2")]
    [InlineData("SELECT $a$ $a$; SELECT $a$ $a$")]
    [InlineData("SELECT /* /* */ ; */ 1; SELECT 2")]
    [InlineData("")]
    [InlineData("   -- nothing\n")]
    [InlineData(";")]
    public void Anything_but_one_statement_is_refused(string sql) => Refused(sql);

    [Theory]
    [InlineData("SET ROLE ALL")]
    [InlineData("SET readonly = 0")]
    [InlineData("set role owner")]
    [InlineData("KILL QUERY WHERE 1")]
    [InlineData("SYSTEM SHUTDOWN")]
    [InlineData("USE system")]
    [InlineData("INSERT INTO usage_10s VALUES (1)")]
    [InlineData("CREATE TABLE x (a Int8) ENGINE = Memory")]
    [InlineData("DROP TABLE usage_10s")]
    [InlineData("ALTER TABLE usage_10s DELETE WHERE 1")]
    [InlineData("OPTIMIZE TABLE usage_10s")]
    [InlineData("TRUNCATE TABLE usage_10s")]
    [InlineData("BACKUP TABLE usage_10s TO Disk('x', 'y')")]
    [InlineData("GRANT ALL ON *.* TO default")]
    [InlineData("EXECUTE AS default SELECT 1")]
    [InlineData("ATTACH TABLE x")]
    [InlineData("FROM usage_10s SELECT *")]
    [InlineData("(SET ROLE ALL)")]
    [InlineData("/* SELECT */ SET ROLE ALL")]
    [InlineData("'SELECT' SET ROLE ALL")]
    [InlineData("`SELECT` 1")]
    [InlineData("SHOW PROCESSLIST")]
    [InlineData("SHOW GRANTS")]
    [InlineData("SHOW CREATE USER default")]
    [InlineData("SHOW ACCESS")]
    [InlineData("SHOW FILESYSTEM CACHES")]
    [InlineData("DESCRIBE FILESYSTEM CACHE 'x'")]
    [InlineData("WITH x AS (SELECT 1) INSERT INTO FUNCTION file('/tmp/x', 'CSV') SELECT * FROM x")]
    [InlineData("WITH x AS (SELECT 1) INSERT INTO usage_10s SELECT * FROM x")]
    [InlineData("EXPLAIN PIPELINE INSERT INTO FUNCTION file('/tmp/x', 'CSV') SELECT 1")]
    [InlineData("EXPLAIN AST CREATE TABLE x (a Int8) ENGINE = Memory")]
    [InlineData("SELECT 1 PARALLEL WITH CREATE TABLE x (a Int8) ENGINE = Memory")]
    public void Statements_that_do_more_than_read_are_refused(string sql) => Refused(sql);

    [Theory]
    [InlineData("SELECT 1 INTO OUTFILE '/tmp/x'")]
    [InlineData("SELECT 1 INTO OUTFILE '/tmp/x' TRUNCATE")]
    [InlineData("SELECT 1 into/**/outfile '/tmp/x' APPEND FORMAT CSV")]
    [InlineData("SELECT 1\nINTO\n--\nOUTFILE '/tmp/x'")]
    [InlineData("SELECT 1 FROM x INFILE '/tmp/x'")]
    [InlineData("SELECT 1 INTO DUMPFILE '/tmp/x'")]
    [InlineData("SELECT 1 INTO\u00a0OUTFILE '/tmp/x'")]
    [InlineData("SELECT 1 INTO\u200bOUTFILE '/tmp/x'")]
    public void Files_are_never_written(string sql) => Refused(sql);

    [Theory]
    [InlineData("SELECT * FROM system.stack_trace")]
    [InlineData("SELECT path FROM system.disks")]
    [InlineData("SELECT path FROM `system`.`disks`")]
    [InlineData("SELECT path FROM \"system\" . disks")]
    [InlineData("SELECT path FROM system /* x */ . /* y */ disks")]
    [InlineData("SELECT value FROM system.server_settings")]
    [InlineData("SELECT query FROM system.processes")]
    [InlineData("SELECT 1 WHERE 'x' IN system.disks")]
    [InlineData("SELECT 1 WHERE 'x' IN (system.disks)")]
    [InlineData("SELECT * FROM numbers(1), system.disks")]
    [InlineData("SELECT * FROM usage_10s JOIN system.disks ON 1")]
    [InlineData("SELECT data_paths FROM system.tables")]
    [InlineData("SELECT `data_paths` FROM system.tables")]
    [InlineData("SELECT t.data_paths FROM system.tables AS t")]
    [InlineData("SELECT * FROM system.tables")]
    [InlineData("SELECT t.* FROM system.tables AS t")]
    [InlineData("SELECT DISTINCT ON (name) * FROM system.tables")]
    [InlineData("SELECT * EXCEPT (name) FROM system.databases")]
    [InlineData("SELECT COLUMNS('path') FROM system.tables")]
    [InlineData("SELECT toJSONString(tuple(*)) FROM system.parts")]
    [InlineData("SELECT path FROM system.parts")]
    [InlineData("SELECT name FROM system.databases WHERE data_path LIKE '/home/%'")]
    [InlineData("SELECT * FROM information_schema.tables")]
    [InlineData("SELECT * FROM INFORMATION_SCHEMA.TABLES")]
    [InlineData("DESCRIBE TABLE system.disks")]
    [InlineData("SHOW CREATE TABLE system.disks")]
    [InlineData("EXISTS TABLE system.disks")]
    [InlineData("SHOW COLUMNS FROM system.disks")]
    [InlineData("SELECT system.* FROM usage_10s AS system")]
    public void System_tables_beyond_the_schema_and_paths_are_refused(string sql) => Refused(sql);

    [Theory]
    [InlineData("SELECT * FROM default.x")]
    [InlineData("SELECT * FROM other.usage_10s")]
    [InlineData("SELECT * FROM numbers(1), other.t")]
    [InlineData("SELECT * FROM a INNER JOIN other.t USING (x)")]
    [InlineData("SELECT * FROM a ARRAY JOIN b JOIN other.t USING (x)")]
    [InlineData("SELECT * FROM (SELECT * FROM other.t)")]
    [InlineData("SELECT (SELECT max(a) FROM `other`.`t`)")]
    [InlineData("WITH x AS (SELECT * FROM other.t) SELECT * FROM x")]
    [InlineData("SELECT extract(year FROM (SELECT max(t) FROM other.t))")]
    [InlineData("SELECT 1 UNION ALL SELECT * FROM other.t")]
    [InlineData("DESCRIBE TABLE other.t")]
    [InlineData("EXISTS other.t")]
    [InlineData("SELECT * FROM a.b.c")]
    public void Other_databases_are_refused(string sql) => Refused(sql);

    [Theory]
    [InlineData("SELECT * FROM '/etc/passwd'")]
    [InlineData("SELECT * FROM `/etc/passwd`")]
    [InlineData("SELECT * FROM \"data.csv\"")]
    [InlineData("SELECT * FROM a, '/etc/passwd'")]
    [InlineData("DESCRIBE TABLE '/etc/passwd'")]
    [InlineData("DESCRIBE `/etc/passwd`")]
    [InlineData("SELECT * FROM $a$/etc/passwd$a$")]
    public void Files_named_as_tables_are_refused(string sql) => Refused(sql);

    [Theory]
    [InlineData("SELECT 1 SETTINGS readonly = 0")]
    [InlineData("SELECT 1 SETTINGS max_threads = 1, readonly = 0")]
    [InlineData("SELECT 1 FORMAT CSV SETTINGS format_schema = '/etc/passwd'")]
    [InlineData("SELECT * FROM (SELECT 1 SETTINGS max_execution_time = 0)")]
    [InlineData("SELECT 1 SETTINGS max_threads")]
    [InlineData("SELECT 1 SETTINGS max_threads = [1]")]
    [InlineData("SELECT 1 settings max_threads = 'a\\'b'")]
    [InlineData("SELECT 1 SETTINGS")]
    public void Settings_that_are_not_allowed_are_refused(string sql) => Refused(sql);

    [Theory]
    [InlineData("SELECT 'a")]
    [InlineData("SELECT 'a\\'")]
    [InlineData("SELECT `a")]
    [InlineData("SELECT /* a")]
    [InlineData("SELECT /* /* */ 1")]
    [InlineData("SELECT $a$ b")]
    [InlineData("SELECT $1")]
    [InlineData("SELECT x'\\'||file('/etc/passwd')||'")]
    [InlineData("SELECT b'\\', file('/etc/passwd'), '")]
    [InlineData("SELECT \u2018a\u2019")]
    [InlineData("SELECT \u201cfile\u201d('/etc/passwd')")]
    [InlineData("SELECT 1 \u2212 1")]
    [InlineData("\ufeffSELECT 1")]
    [InlineData("SELECT 1\0")]
    [InlineData("SELECT 1 #comment")]
    [InlineData("SELECT 0x1Ffile('/etc/passwd')")]
    [InlineData("SELECT 1file('/etc/passwd')")]
    [InlineData("SELECT 1$a$ 'b' $a$")]
    [InlineData("SELECT @@version")]
    [InlineData("SELECT (1")]
    [InlineData("SELECT 1)")]
    public void Texts_that_may_be_read_in_two_ways_are_refused(string sql) => Refused(sql);

    [Fact]
    public void A_parameter_that_stands_for_a_name_is_checked_as_that_name()
    {
        var values = new Dictionary<string, string> { ["f"] = "file", ["t"] = "usage_10s", ["s"] = "system", ["d"] = "disks", ["p"] = "a.b" };
        Assert.False(Check("SELECT arrayMap({f:Identifier}, ['/etc/passwd'])", values).Allowed);
        Assert.False(Check("SELECT * FROM {s:Identifier}.{d:Identifier}", values).Allowed);
        Assert.False(Check("SELECT * FROM {p : Identifier}", values).Allowed);
        Assert.False(Check("SELECT * FROM {unknown:Identifier}", values).Allowed);
        Assert.True(Check("SELECT * FROM {t:Identifier} WHERE a = {x:String}", values).Allowed);
        Assert.True(Check("SELECT * FROM tokenstream.{t:Identifier}", values).Allowed);
    }

    [Fact]
    public void A_statement_above_its_bounds_is_refused()
    {
        Assert.False(SqlGate.Check("SELECT '" + new string('a', Options.MostBytes) + "'", Options).Allowed);
        Assert.True(SqlGate.Check("SELECT " + new string('(', 200) + "1" + new string(')', 200), Options).Allowed);
        Assert.False(SqlGate.Check("SELECT " + new string('(', 201) + "1" + new string(')', 201), Options).Allowed);
    }

    private static GateResult Check(string sql, Dictionary<string, string> parameters) => SqlGate.Check(Encoding.UTF8.GetBytes(sql), Options, parameters);

    private static void Refused(string sql)
    {
        var result = SqlGate.Check(sql, Options);
        Assert.False(result.Allowed, sql);
        Assert.Empty(result.Statement);
        Assert.False(string.IsNullOrWhiteSpace(result.Reason));
    }
}
