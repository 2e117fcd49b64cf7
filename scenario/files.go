package scenario

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// readFiles reads patterns and finds the files that they stand for.
func readFiles(v value) (patterns, paths []string) {
	items := v.list()
	if items != nil && len(items) == 0 {
		v.fail("must not be empty", "")
	}
	for _, item := range items {
		pattern := item.line(1, 4096)
		if pattern == "" {
			continue
		}
		place := pattern
		if pattern != "-" {
			place = item.d.resolve(pattern)
		}
		found, err := FindFiles(place)
		switch {
		case err != nil:
			item.fail("cannot read the pattern "+item.quoted(), "* stands for any letters, ? for one, [a-z] for one of these")
		case len(found) == 0:
			item.fail("no file is "+item.quoted(), "paths are relative to the scenario file")
		}
		patterns, paths = append(patterns, pattern), append(paths, found...)
	}
	return patterns, once(paths)
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
// matches as in a shell, and all files in and below the directories that it
// matches, except hidden ones. A single dash is itself.
func FindFiles(pattern string) ([]string, error) {
	if pattern == "-" {
		return []string{pattern}, nil
	}
	matches, err := filepath.Glob(pattern)
	if err != nil {
		return nil, err
	}
	var files []string
	for _, match := range matches {
		if info, err := os.Stat(match); err != nil || !info.IsDir() {
			files = append(files, match)
			continue
		}
		below, err := filesBelow(match)
		if err != nil {
			return nil, err
		}
		files = append(files, below...)
	}
	return files, nil
}

// filesBelow lists the files of a directory tree.
func filesBelow(root string) (files []string, err error) {
	err = filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		hidden := path != root && strings.HasPrefix(entry.Name(), ".")
		switch {
		case err != nil:
			return err
		case hidden && entry.IsDir():
			return fs.SkipDir
		case entry.Type().IsRegular() && !hidden:
			files = append(files, path)
		}
		return nil
	})
	return files, err
}
