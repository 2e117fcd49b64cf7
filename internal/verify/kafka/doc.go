// Package kafka reads what arrived from a Kafka topic: messages of the capture service, or
// of the pipeline behind it. It only reads, without a consumer group, and leaves nothing at
// the broker.
//
// Reading order:
//
//	topic.go    [Topic]: which messages of a topic may be of a run
//	reader.go   reading them, partition by partition
//	lag.go      how far a consumer group is behind
//	config.go   how the brokers are reached, from the environment
package kafka
