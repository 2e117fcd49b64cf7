//go:build !race

package traffic

const raced = false
