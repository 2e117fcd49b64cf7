//go:build !race

package preflight_test

const raced = false
