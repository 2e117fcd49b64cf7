// Package bundle writes a run directory as text that survives the log of a
// container, and makes the directory again from such a log:
//
//	-----BEGIN REHEARSE RUN-----
//	Bytes: 48213
//	Run: 3f9c…
//	SHA256: 9a0e…
//	Shard: 3/8
//
//	KLUv/WQ…
//	-----END REHEARSE RUN-----
//
// It is PEM (RFC 7468) around a tar archive compressed with Zstandard (RFC 8878),
// so that a person can see where it begins and ends, and openssl, base64, zstd
// and tar can take it apart. What stands before and after it is passed over. A
// log that was rotated or cut has no end mark or another checksum: that is an
// error with its reason, never a run with less in it.
package bundle

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/klauspost/compress/zstd"

	"rehearse/results/rundir"
)

// blockType is the label of the PEM block.
const blockType = "REHEARSE RUN"

// The headers of the block.
const (
	headerRun   = "Run"
	headerShard = "Shard"
	headerSum   = "SHA256"
	headerBytes = "Bytes"
)

// Bound is how large a bundle may be as text, in bytes. The kubelet rotates the
// log of a container at 10 MiB (containerLogMaxSize) and kubectl logs returns
// the newest file alone; what a shard prints beside its bundle has room as well.
const Bound = 8 << 20

// MaxUnpacked is how much a bundle may unpack to, in bytes. A run directory has
// 64 MiB of rejected requests at most, and its other files stay small.
const MaxUnpacked = 256 << 20

// ErrTooLarge says that a run directory does not fit into a bundle.
var ErrTooLarge = errors.New("the run directory is too large for a log: write it to a volume, or upload it")

// ErrNone says that a log has no bundle.
var ErrNone = errors.New("no bundle in it: the run is not over, was killed, or had another place for its directory")

// A Label says which run, and which part of it, a bundle holds.
type Label struct {
	Run   string // the run's id
	Shard string // i/N, or empty for a whole run
}

// Write writes the files of a run directory as one bundle. Links, pipes and
// directories in it are an error. The error is ErrTooLarge, and nothing is
// written, if the text would be larger than Bound.
func Write(w io.Writer, dir string, label Label) error {
	packed, err := pack(dir)
	if err != nil {
		return err
	}
	if base64Size := len(packed) / 48 * 65; base64Size > Bound {
		return fmt.Errorf("%d bytes compressed: %w", len(packed), ErrTooLarge)
	}
	sum := sha256.Sum256(packed)
	return pem.Encode(w, &pem.Block{Type: blockType, Bytes: packed, Headers: map[string]string{
		headerRun: label.Run, headerShard: label.Shard,
		headerSum: hex.EncodeToString(sum[:]), headerBytes: strconv.Itoa(len(packed)),
	}})
}

// pack is the directory as a compressed archive, its files sorted by name.
func pack(dir string) ([]byte, error) {
	files, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var packed bytes.Buffer
	compressor, err := zstd.NewWriter(&packed, zstd.WithEncoderConcurrency(1))
	if err != nil {
		return nil, err
	}
	archive := tar.NewWriter(compressor)
	for _, f := range files {
		if f.Name() == rundir.LockFile {
			continue // belongs to the machine that ran
		}
		if err := packFile(archive, dir, f.Name()); err != nil {
			return nil, err
		}
	}
	if err := errors.Join(archive.Close(), compressor.Close()); err != nil {
		return nil, err
	}
	return packed.Bytes(), nil
}

// packFile adds a file as it is now: one that grows meanwhile is cut there.
func packFile(archive *tar.Writer, dir, name string) error {
	f, err := rundir.OpenFile(dir, name)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	head := &tar.Header{Name: name, Mode: 0o600, Size: info.Size(), ModTime: info.ModTime(), Format: tar.FormatPAX}
	if err := archive.WriteHeader(head); err != nil {
		return err
	}
	_, err = io.CopyN(archive, f, info.Size())
	return err
}

// Read finds the last bundle of a log, checks that it is whole and that of want,
// and makes the run directory dir of it. dir must not exist. Fields of want that
// are empty may be anything. The error is ErrNone if the log has no bundle.
func Read(log []byte, want Label, dir string) error {
	block, err := find(log)
	if err != nil {
		return err
	}
	got := Label{block.Headers[headerRun], block.Headers[headerShard]}
	if (want.Run != "" && got.Run != want.Run) || (want.Shard != "" && got.Shard != want.Shard) {
		return fmt.Errorf("the bundle is of run %q, shard %q; wanted was run %q, shard %q",
			got.Run, got.Shard, want.Run, want.Shard)
	}
	if err := os.Mkdir(dir, 0o700); err != nil {
		return err
	}
	if err := unpack(block.Bytes, dir, MaxUnpacked); err != nil {
		return errors.Join(err, os.RemoveAll(dir))
	}
	return nil
}

// find is the last block of a log whose bytes are those that were written.
func find(log []byte) (*pem.Block, error) {
	log, begun := blocks(log)
	var last *pem.Block
	for {
		block, rest := pem.Decode(log)
		if block == nil {
			break
		}
		if block.Type == blockType {
			last = block
		}
		log = rest
	}
	switch {
	case last == nil && begun == 0:
		return nil, ErrNone
	case last == nil:
		return nil, errors.New("the bundle has a beginning and no end: the log was cut or rotated")
	}
	if sum := sha256.Sum256(last.Bytes); hex.EncodeToString(sum[:]) != last.Headers[headerSum] {
		return nil, fmt.Errorf("the bundle is damaged: %d bytes of %s, and another SHA-256",
			len(last.Bytes), last.Headers[headerBytes])
	}
	return last, nil
}

// blocks is what of a log can belong to bundles, and how many of them begin there. What
// a process writes to its two outputs comes in any order, line by line, so that
// other lines may stand within a bundle.
func blocks(log []byte) (text []byte, begun int) {
	const base64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/="
	const outside, head, body = 0, 1, 2
	at := outside
	for line := range bytes.Lines(log) {
		name, _, named := strings.Cut(string(line[:min(len(line), 80)]), ": ")
		plain := bytes.TrimRight(line, "\r\n")
		switch {
		case string(plain) == "-----BEGIN "+blockType+"-----":
			at, begun = head, begun+1
		case at == outside:
			continue
		case string(plain) == "-----END "+blockType+"-----":
			at = outside
		case at == head && len(plain) == 0:
			at = body
		case at == head && !(named && slices.Contains([]string{headerRun, headerShard, headerSum, headerBytes}, name)),
			at == body && (len(plain) > 64 || len(bytes.Trim(plain, base64)) > 0):
			continue
		}
		text = append(text, line...)
	}
	return text, begun
}

// unpack makes the files of an archive in a directory. The archive comes from
// elsewhere: its names are those of plain files, its size is bounded by limit.
func unpack(packed []byte, dir string, limit int64) error {
	decompressor, err := zstd.NewReader(bytes.NewReader(packed), zstd.WithDecoderConcurrency(1),
		zstd.WithDecoderMaxMemory(MaxUnpacked))
	if err != nil {
		return err
	}
	defer decompressor.Close()
	bounded := &io.LimitedReader{R: decompressor, N: limit}
	archive := tar.NewReader(bounded)
	for {
		head, err := archive.Next()
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return broken(err, bounded, limit)
		case head.Typeflag != tar.TypeReg || !plain(head.Name):
			return fmt.Errorf("the bundle has %q in it, which is no file of a run directory", head.Name)
		}
		if err := unpackFile(archive, dir, head.Name); err != nil {
			return broken(err, bounded, limit)
		}
	}
}

// broken is an error of unpacking, or that there was too much to unpack.
func broken(err error, bounded *io.LimitedReader, limit int64) error {
	if bounded.N <= 0 {
		return fmt.Errorf("the bundle unpacks to more than %d bytes", limit)
	}
	return fmt.Errorf("the bundle cannot be unpacked: %w", err)
}

// plain tells whether a name can be that of a file of a run directory.
func plain(name string) bool {
	return filepath.IsLocal(name) && name[0] != '.' &&
		strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789-_.") == ""
}

// unpackFile writes one file.
func unpackFile(from io.Reader, dir, name string) error {
	f, err := rundir.CreateFile(dir, name)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("the bundle has %q twice", name)
	}
	if err != nil {
		return err
	}
	_, err = io.Copy(f, from)
	return errors.Join(err, f.Close())
}
