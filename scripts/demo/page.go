package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/scripts/demo/timeline"
)

// withPage runs the demo and, if it is asked for, leaves its time line as a page.
func withPage(ctx context.Context, opts options, stdout *os.File) (err error) {
	if opts.page == "" {
		return demo(ctx, opts, stdout)
	}
	page, err := timeline.NewPage(opts.page)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, page.Close()) }()
	dir, err := os.MkdirTemp("", "loteria-cronologia-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	opts.data = filepath.Join(dir, "recording.json")
	if err := demo(ctx, opts, stdout); err != nil {
		return err
	}
	recorded, err := timeline.Load(opts.data)
	if err != nil {
		return err
	}
	if err := page.Write(recorded); err != nil {
		return fmt.Errorf("escribir la cronología %s: %w", opts.page, err)
	}
	fmt.Fprintf(stdout, "  Cronología  %s: se abre con un navegador, no necesita red\n", opts.page)
	return nil
}
