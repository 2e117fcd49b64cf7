package generator

import (
	"net"
	"testing"
	"time"

	"rehearse/generator/source"
	"rehearse/scenario"
)

// opened opens a part of a scenario and gives back its plan as well.
func opened(s *scenario.Scenario, p source.Part) (*source.Opened, source.Plan, error) {
	o, err := source.Open(s, p)
	if err != nil {
		return nil, source.Plan{}, err
	}
	return o, o.Plan, nil
}

// canned is a connection whose other side answers everything with the same.
type canned struct {
	net.Conn
	answer []byte
	rest   []byte
}

func (c *canned) Write(p []byte) (int, error) { c.rest = c.answer; return len(p), nil }

func (c *canned) Read(p []byte) (int, error) {
	n := copy(p, c.rest)
	c.rest = c.rest[n:]
	return n, nil
}

func (c *canned) Close() error                     { return nil }
func (c *canned) SetDeadline(time.Time) error      { return nil }
func (c *canned) SetReadDeadline(time.Time) error  { return nil }
func (c *canned) SetWriteDeadline(time.Time) error { return nil }
func (c *canned) LocalAddr() net.Addr              { return nil }
func (c *canned) RemoteAddr() net.Addr             { return nil }

// parse reads a scenario from text.
func parse(t testing.TB, text string) *scenario.Scenario {
	t.Helper()
	s, err := scenario.Parse("test.yaml", []byte(text), scenario.Options{Dir: "../scenarios"})
	if err != nil {
		t.Fatal(err)
	}
	return s
}
