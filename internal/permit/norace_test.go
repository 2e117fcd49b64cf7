//go:build !race

package permit

const raced = false
