/**
 * {@code kafka://HOST:9092[,HOST:9092]/TOPIC}: a topic as a source of documents, as a sink for
 * vectors, as a dead-letter queue, and as a source of vectors to copy.
 *
 * <p><b>Reading.</b> Each record is a document in JSON, Avro or Protobuf, or a text; a record
 * without a value deletes the document that its key names. The schema of a record is in a registry
 * ({@link io.github.flinksplade.connector.kafka.RegistryDecoder}) or in a file ({@link
 * io.github.flinksplade.connector.kafka.SchemaFileDecoder}); {@link
 * io.github.flinksplade.connector.kafka.AvroDecoder} and {@link
 * io.github.flinksplade.connector.kafka.ProtobufDecoder} convert it to JSON. Records are read with
 * {@code isolation.level=read_committed}. Only a job without state looks up start offsets; later,
 * the positions in its state apply. Nothing is skipped without a report: {@link
 * io.github.flinksplade.connector.kafka.TopicReader} compares positions with the offsets that still
 * exist, and {@link io.github.flinksplade.connector.kafka.TopicSubscriber} detects that a topic was
 * deleted and recreated. Unavailable brokers are waited for.
 *
 * <p><b>Writing.</b> The key of a vector's record is the id, so that all changes of an id are in
 * one partition, in order. The value is JSON, Avro or Protobuf, with or without a schema registry;
 * a delete is a tombstone; headers contain the provenance. Records are written exactly once by
 * default, in transactions that are committed with the checkpoints. A record that is too large for
 * the topic is rejected before it is sent.
 *
 * <p><b>Libraries.</b> Reading and writing use Flink's Kafka connector, whose source and sink
 * implement offsets in checkpoints and transactions in two phases; this package adds the checks
 * above. Start-up checks and copies use Kafka's own clients.
 *
 * <p>Confluent's registry client and serializers are not used. They are not on Maven Central, so a
 * build would need another repository. The client, whose license is Apache 2.0, depends on Kafka's
 * clients, which would have to be excluded in favor of those of Flink's connector, and on Guava,
 * SnakeYAML and Swagger's annotations; the module for Protobuf declares the Confluent Community
 * License, too. What is needed of them is small: requests for schemas ({@link
 * io.github.flinksplade.connector.kafka.SchemaRegistryClient}, over the HTTP client that all
 * connectors share) and a prefix of 5 or more bytes ({@link
 * io.github.flinksplade.connector.kafka.ConfluentWireFormat}). As in Confluent's module, {@code
 * .proto} files are parsed by Wire, and compiled to Protobuf's own descriptors ({@link
 * io.github.flinksplade.connector.kafka.ProtoFiles}).
 *
 * <p>Values are written with the encoders of Avro and Protobuf, without generic records, which
 * would box every number, and without generated classes, which would require the Protobuf compiler
 * in the build.
 */
package io.github.flinksplade.connector.kafka;
