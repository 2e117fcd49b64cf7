package pipeline

import "encoding/binary"

// AppendKey appends the key of an event's message in Kafka: its token and its
// distinct_id, or the address that stands in for that (capture event.rs,
// CapturedEvent::key).
func AppendKey[T string | []byte](dst []byte, token, id T) []byte {
	return append(append(append(dst, token...), ':'), id...)
}

// KeyHash is what places the message of a key.
type KeyHash uint32

// HashKey hashes a key by murmur2, as Kafka's clients do
// (org.apache.kafka.common.utils.Utils.murmur2; librdkafka rdmurmur2.c).
func HashKey(key []byte) KeyHash {
	const m, seed = 0x5bd1e995, 0x9747b28c
	h := seed ^ uint32(len(key))
	for ; len(key) >= 4; key = key[4:] {
		k := binary.LittleEndian.Uint32(key) * m
		k = (k ^ k>>24) * m
		h = h*m ^ k
	}
	switch len(key) {
	case 3:
		h ^= uint32(key[2]) << 16
		fallthrough
	case 2:
		h ^= uint32(key[1]) << 8
		fallthrough
	case 1:
		h = (h ^ uint32(key[0])) * m
	}
	h = (h ^ h>>13) * m
	return KeyHash(h ^ h>>15)
}

// Partition is where messages of the key go, of so many partitions.
func (h KeyHash) Partition(partitions int) int { return int(h&0x7fffffff) % partitions }

// Partition is the partition that a key goes to, of so many.
func Partition(key []byte, partitions int) int { return HashKey(key).Partition(partitions) }
