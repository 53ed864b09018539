# The one list of Debian packages, by need. Sourced by ./tokenstream.
# shellcheck shell=bash disable=SC2034

# The program itself: what librdkafka links to, and a shell's way to ask the endpoints.
PACKAGES_RUN=(libssl3 zlib1g libzstd1 ca-certificates)

# Building librdkafka, only where the package feed has no librdkafka.redist.
PACKAGES_NATIVE=(gcc g++ make python3 pkg-config libssl-dev zlib1g-dev libzstd-dev)

# Clients and servers of other makers that the tests drive. None of their services is started.
PACKAGES_TEST=(curl git kcat lua5.1 lua-cjson lz4 zstd python3 python3-venv python3-confluent-kafka python3-kafka prometheus prometheus-alertmanager clickhouse-server clickhouse-client)

# Apache Kafka itself, only where TOKENSTREAM_KAFKA_HOME names one.
PACKAGES_KAFKA=(openjdk-17-jre-headless)
