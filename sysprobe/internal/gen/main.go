// Command gen writes what package sysprobe generates from its own source: the
// text methods of its enums, and the table of what each system supports, in Go
// and in README.md. It takes the top level of the repository as its argument.
package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: gen TOP-LEVEL-DIRECTORY")
		os.Exit(2)
	}
	if err := run(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "gen:", err)
		os.Exit(1)
	}
}

// run writes the files below root that differ from what they should be. It
// returns an error where the source cannot be read or is not what a generator
// expects, and where a file cannot be written.
func run(root string) error {
	files, err := generate(root)
	if err != nil {
		return err
	}
	for name, want := range files {
		path := filepath.Join(root, filepath.FromSlash(name))
		if have, err := os.ReadFile(path); err == nil && bytes.Equal(have, want) {
			continue
		}
		if err := os.WriteFile(path, want, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// generate returns the generated files of the repository at root, by name.
func generate(root string) (map[string][]byte, error) {
	enums, err := enumMethods(root)
	if err != nil {
		return nil, err
	}
	m, err := readMatrix(root)
	if err != nil {
		return nil, err
	}
	table, err := m.source()
	if err != nil {
		return nil, err
	}
	readme, err := m.readme(root)
	if err != nil {
		return nil, err
	}
	return map[string][]byte{
		"sysprobe/enums_string.go":   enums,
		"sysprobe/support_matrix.go": table,
		"README.md":                  readme,
	}, nil
}
