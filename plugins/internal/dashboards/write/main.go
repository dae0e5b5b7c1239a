// Command write writes the dashboards beside the inputs in the folder that its
// argument names.
package main

import (
	"log"
	"os"
	"path/filepath"

	"telegraf-sysprobe/plugins/internal/dashboards"
)

func main() {
	files, err := dashboards.Files(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	for path, text := range files {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			log.Fatal(err)
		}
		if err := os.WriteFile(path, text, 0o644); err != nil {
			log.Fatal(err)
		}
	}
}
