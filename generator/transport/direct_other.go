//go:build !linux

package transport

import "errors"

// dialogue is nothing here.
type dialogue struct{}

// canDirect tells that no exchange can be direct.
func (*socket) canDirect() bool { return false }

// speak is not called.
func (*socket) speak([]byte, func(fd uintptr) bool) (int, error) { return 0, errors.ErrUnsupported }

// wait is not called.
func (*socket) wait() (int, error) { return 0, errors.ErrUnsupported }

// control is not called.
func (*socket) control(func(fd uintptr)) error { return errors.ErrUnsupported }

// writeNow is not called.
func writeNow(int, []byte, []byte) (int, error) { return 0, errors.ErrUnsupported }
