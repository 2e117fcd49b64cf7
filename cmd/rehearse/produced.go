package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"sync"

	"rehearse/staging"
)

// producer writes the messages that the endpoint would have sent to Kafka, one JSON
// object a line.
type producer struct {
	mu    sync.Mutex
	file  *os.File
	out   *bufio.Writer
	lines int64
	err   error // the first that went wrong; nothing is written after it
}

// newProducer makes the file, which must not be there yet.
func newProducer(path string) (*producer, error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("cannot write messages: %w", err)
	}
	return &producer{file: file, out: bufio.NewWriter(file)}, nil
}

// produce writes one message down. It may be called from many goroutines.
func (p *producer) produce(m *staging.Message) {
	text, err := json.Marshal(m)
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.err != nil {
		return
	}
	if p.err = err; err == nil {
		_, p.err = p.out.Write(append(text, '\n'))
	}
	if p.err == nil {
		p.lines++
	}
}

// close ends the file, and returns what went wrong.
func (p *producer) close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := errors.Join(p.err, p.out.Flush(), p.file.Close()); err != nil {
		return fmt.Errorf("cannot write messages: %w", err)
	}
	return nil
}
