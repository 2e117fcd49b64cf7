package pipeline

import "encoding/binary"

// Murmur2 is the hash by which Kafka's clients choose the partition of a key
// (org.apache.kafka.common.utils.Utils.murmur2; librdkafka rdmurmur2.c).
func Murmur2(key []byte) uint32 {
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
	return h ^ h>>15
}

// Partition is the partition that a key goes to, of a number of them.
func Partition(key []byte, partitions int) int {
	return int(Murmur2(key)&0x7fffffff) % partitions
}
