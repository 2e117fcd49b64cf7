package scenario

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// SumFile reads the first bytes of a file, as many as size says, and returns their
// checksum; size less than 0: all of it. name is what the file is called.
func SumFile(name, path string, size int64) (FileSum, error) {
	file, err := os.Open(path)
	if err != nil {
		return FileSum{}, err
	}
	defer file.Close()
	in := io.Reader(file)
	if size >= 0 {
		in = io.LimitReader(file, size)
	}
	sum := sha256.New()
	n, err := io.Copy(sum, in)
	if err == nil && n < size {
		err = fmt.Errorf("%s became shorter while it was read", name)
	}
	return FileSum{Path: name, Bytes: n, SHA256: hex.EncodeToString(sum.Sum(nil))}, err
}

// note notes a file that was read to load the scenario.
func (t *tree) note(path string) error {
	name, err := filepath.Abs(path)
	if err != nil {
		return err
	}
	sum, err := SumFile(name, path, -1)
	if err == nil {
		t.files = append(t.files, sum)
	}
	return err
}

// Changed returns an error that names the first file which is not what it was; now
// are the files as they are, in their order.
func (r *Resolved) Changed(now []FileSum) error {
	for i, was := range r.Files {
		switch {
		case i >= len(now):
			return fmt.Errorf("%s is missing: the run read it", was.Path)
		case now[i].Path != was.Path:
			return fmt.Errorf("%s is read where the run read %s", now[i].Path, was.Path)
		case now[i] != was:
			return fmt.Errorf("%s is not what the run read: it has %d bytes with SHA-256 %s now, and had %d with %s", was.Path, now[i].Bytes, now[i].SHA256, was.Bytes, was.SHA256)
		}
	}
	if len(now) > len(r.Files) {
		return fmt.Errorf("%s is read, and the run did not read it", now[len(r.Files)].Path)
	}
	return nil
}
