package main

import (
	"bufio"
	"fmt"
	"os"
	"runtime"
	"strings"
)

// machine says in one line what the measurements were made on.
func machine() string {
	parts := []string{processors()}
	if kernel, err := os.ReadFile("/proc/sys/kernel/osrelease"); err == nil {
		version, _, _ := strings.Cut(strings.TrimSpace(string(kernel)), "-")
		parts = append(parts, "Linux "+version)
	} else {
		parts = append(parts, runtime.GOOS)
	}
	return strings.Join(append(parts, runtime.Version()), ", ")
}

func processors() string {
	n := fmt.Sprintf("%d núcleos", runtime.NumCPU())
	file, err := os.Open("/proc/cpuinfo")
	if err != nil {
		return n + " " + runtime.GOARCH
	}
	defer file.Close()
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		if key, model, found := strings.Cut(lines.Text(), ":"); found && strings.TrimSpace(key) == "model name" {
			return n + " " + strings.TrimSpace(model)
		}
	}
	return n + " " + runtime.GOARCH
}
