package jsonfuzz

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"os/exec"
	"testing"
)

// Real is a program that a real serde is linked into, .ci/serde.
type Real struct {
	questions io.WriteCloser
	answers   *bufio.Reader
}

// Start runs the program at path until the test ends.
func Start(t testing.TB, path string) *Real {
	t.Helper()
	c := exec.Command(path)
	in, err := c.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		in.Close()
		if err := c.Wait(); err != nil {
			t.Error(err)
		}
	})
	return &Real{in, bufio.NewReader(out)}
}

// Ask returns what serde makes of a body; main.rs lists the kinds of questions.
func (r *Real) Ask(kind byte, body string) (string, error) {
	head := binary.BigEndian.AppendUint32([]byte{kind}, uint32(len(body)))
	if _, err := r.questions.Write(append(head, body...)); err != nil {
		return "", fmt.Errorf("cannot ask: %w", err)
	}
	var size [4]byte
	if _, err := io.ReadFull(r.answers, size[:]); err != nil {
		return "", fmt.Errorf("no answer: %w", err)
	}
	text := make([]byte, binary.BigEndian.Uint32(size[:]))
	_, err := io.ReadFull(r.answers, text)
	return string(text), err
}
