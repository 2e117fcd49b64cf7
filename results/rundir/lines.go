package rundir

import (
	"bufio"
	"errors"
	"io"
)

// maxLine bounds a line of a run's files, in bytes. The longest that is written
// is a histogram of tens of kilobytes.
const maxLine = 1 << 20

// eachLine calls do with every line, its line feed cut off, until do fails. A
// last line without a line feed was torn off in writing: it is passed over, and
// ErrTorn returned. The line is valid until do returns.
func eachLine(in io.Reader, do func(line []byte) error) error {
	lines := bufio.NewReaderSize(in, maxLine)
	for {
		line, err := lines.ReadSlice('\n')
		switch {
		case errors.Is(err, io.EOF) && len(line) == 0:
			return nil
		case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
			return ErrTorn
		case err != nil:
			return err
		}
		if err := do(line[:len(line)-1]); err != nil {
			return err
		}
	}
}
