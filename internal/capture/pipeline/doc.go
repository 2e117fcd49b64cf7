// Package pipeline is a model of what lies behind a capture endpoint: which
// events it keeps, over which lane and partition they travel, which ids are too
// hot for their partition, and what that does to the order of events and to the
// merging of persons. It speaks no HTTP: the staging endpoint counts with it
// what it takes, and a plan can be held against it before anything is sent.
//
// An event passes the stations in this order, as in the service
// (capture payload/analytics.rs, events/analytics.rs):
//
//	quota       over it, events are taken with a 200 and dropped
//	lane        by name and by the batch's historical_migration
//	global      the limit of a minute for one id, as a node sees it: off by default
//	overflow    the bucket of one id, and the list of forced ones
//	partition   murmur2 of token:distinct_id, or any where the key is dropped
//
// Order is guaranteed to events of one id, on one lane, and only while they keep
// their key. The model therefore also notes, in bounded memory, which events
// came with an earlier time than one before them, which travelled without a key,
// and which merges a real pipeline would refuse, or would see too early.
package pipeline
