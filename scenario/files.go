package scenario

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"rehearse/scenario/strict"
)

// readFiles reads patterns and finds the files that they stand for, and those that lie
// beside them.
func readFiles(v strict.Value) (patterns, paths, others []string) {
	for _, item := range v.NonEmpty("") {
		pattern := item.Line(1, 4096)
		if pattern == "" {
			continue
		}
		place := pattern
		if pattern != "-" {
			place = item.Document().Resolve(pattern)
		}
		found, beside, err := FindFiles(place)
		switch {
		case err != nil:
			item.Fail("cannot read the pattern "+item.Quoted(),
				"* stands for any letters, ? for one, [a-z] for one of these")
		case len(found) == 0:
			item.Fail("no file is "+item.Quoted(), "paths are relative to the scenario file")
		}
		patterns, paths, others = append(patterns, pattern), append(paths, found...), append(others, beside...)
	}
	return patterns, once(paths), once(others)
}

// once leaves out the paths that came before: what two patterns match is one file.
func once(paths []string) []string {
	seen := make(map[string]bool, len(paths))
	return slices.DeleteFunc(paths, func(path string) bool {
		path = filepath.Clean(path)
		again := seen[path]
		seen[path] = true
		return again
	})
}

// FindFiles returns the files that a pattern stands for, sorted: those that it
// matches as in a shell, and all files in and below the directories that it matches.
// Files that IsBeside tells of are listed apart, unless they are named without a
// pattern; what is hidden below a directory is passed over. A single dash is itself.
func FindFiles(pattern string) (files, beside []string, err error) {
	if pattern == "-" {
		return []string{pattern}, nil, nil
	}
	matches, err := filepath.Glob(pattern)
	if err != nil {
		return nil, nil, err
	}
	for _, match := range matches {
		if match != pattern && IsBeside(filepath.Base(match)) {
			beside = append(beside, match)
			continue
		}
		if info, err := os.Stat(match); err != nil || !info.IsDir() {
			files = append(files, match)
			continue
		}
		below, others, err := filesBelow(match)
		if err != nil {
			return nil, nil, err
		}
		files, beside = append(files, below...), append(beside, others...)
	}
	return files, beside, nil
}

// filesBelow lists the files of a directory tree, those beside the data apart.
func filesBelow(root string) (files, beside []string, err error) {
	err = filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		hidden := path != root && strings.HasPrefix(entry.Name(), ".")
		switch {
		case err != nil:
			return err
		case hidden && entry.IsDir():
			return fs.SkipDir
		case !isFile(path, entry) || hidden:
		case IsBeside(entry.Name()):
			beside = append(beside, path)
		default:
			files = append(files, path)
		}
		return nil
	})
	return files, beside, err
}

// isFile reports whether an entry of a directory is a file, or leads to one.
func isFile(path string, entry fs.DirEntry) bool {
	if entry.Type()&fs.ModeSymlink == 0 {
		return entry.Type().IsRegular()
	}
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

// IsBeside reports whether a file below a directory, or a member of an archive, is by
// its name one of those that programs leave beside data: hidden files, marks and
// checksums of Hadoop and Spark, editors' backups, what file managers write, and the
// lists of files that exports bring along.
func IsBeside(path string) bool {
	segments := strings.Split(filepath.ToSlash(path), "/")
	for _, s := range segments {
		if s == "__MACOSX" || len(s) > 1 && s[0] == '.' && s != ".." {
			return true
		}
	}
	name := strings.ToLower(segments[len(segments)-1])
	switch {
	case strings.HasPrefix(name, "_") && !strings.Contains(name, "."): // _SUCCESS, _committed_…
		return true
	case strings.HasSuffix(name, "~"), strings.HasPrefix(name, "#") && strings.HasSuffix(name, "#"):
		return true
	case name == "thumbs.db", name == "desktop.ini", name == "manifest.json", strings.HasSuffix(name, "_manifest.json"):
		return true
	}
	switch filepath.Ext(name) {
	case ".crc", ".md5", ".sha1", ".sha256", ".sha512", ".sig", ".asc", ".bak", ".orig", ".swp", ".swo", ".tmp",
		".part":
		return true
	}
	return false
}

// FileSum identifies what a file held.
type FileSum struct {
	Path   string `yaml:"path"` // absolute; - is standard input
	Bytes  int64  `yaml:"bytes"`
	SHA256 string `yaml:"sha256"`
}

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

// sumWhole sums up a file under its absolute name.
func sumWhole(path string) (FileSum, error) {
	name, err := filepath.Abs(path)
	if err != nil {
		return FileSum{}, err
	}
	return SumFile(name, path, -1)
}
