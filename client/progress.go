package main

import (
	"context"
	"io"
	"os"
	"sync/atomic"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"
	"golang.org/x/term"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/client/agency"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/client/config"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/logging"
)

// progressBar shows on a terminal how much of the data file was read. If stderr is no
// terminal, it is nil; the methods of nil do nothing.
type progressBar struct {
	container *mpb.Progress
	bar       *mpb.Bar
	waiting   atomic.Bool // for the draw
	endLog    func()      // writes the last lines of the log above the bar
	restore   func()      // sets the log's output back to the one before
}

// newProgressBar starts to show a bar. If stdout is a terminal too, the lines of the
// log appear above the bar until end is called. After that they go to output again.
func newProgressBar(ctx context.Context, cfg config.Config, stdout, stderr *os.File, output io.Writer) *progressBar {
	if !term.IsTerminal(int(stderr.Fd())) {
		return nil
	}
	container := mpb.New(mpb.WithOutput(stderr), mpb.WithWidth(40))
	p := &progressBar{container: container, endLog: func() {}, restore: func() {}}
	p.bar = container.AddBar(0,
		mpb.PrependDecorators(decor.Name("agencia "+cfg.ID+" ")),
		mpb.AppendDecorators(decor.Percentage(decor.WCSyncSpace), decor.Name("  "), decor.CountersKibiByte("% .0f / % .0f"), decor.Any(p.status)),
	)
	if term.IsTerminal(int(stdout.Fd())) {
		above := logging.Start(ctx, container)
		_ = logging.Setup(above, cfg.LogLevel) // cannot fail: run has used this level already
		p.endLog = above.Close
		p.restore = func() { _ = logging.Setup(output, cfg.LogLevel) }
	}
	return p
}

func (p *progressBar) update(progress agency.Progress) {
	if p == nil {
		return
	}
	p.waiting.Store(progress.Waiting)
	p.bar.SetTotal(progress.Size, false)
	p.bar.SetCurrent(progress.Sent)
}

// stopTimeout is how long end waits for the terminal after the context has ended.
const stopTimeout = 200 * time.Millisecond

// end stops the bar. It waits for a terminal that shows nothing, as after Ctrl-S, until
// stopTimeout after the end of the context.
func (p *progressBar) end(ctx context.Context) {
	if p == nil {
		return
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		p.endLog()
		p.waiting.Store(false)
		p.bar.Abort(false)
		p.container.Wait()
	}()
	select {
	case <-ended:
	case <-ctx.Done():
		select {
		case <-ended:
		case <-time.After(stopTimeout):
		}
	}
	p.restore()
}

// status returns the text after the bar.
func (p *progressBar) status(decor.Statistics) string {
	if p.waiting.Load() {
		return "  espera el sorteo"
	}
	return ""
}
