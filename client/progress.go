package main

import (
	"os"
	"sync/atomic"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"
	"golang.org/x/term"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/client/agency"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/client/config"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/logging"
)

// progressBar shows on a terminal how much of the data file was sent. Without
// a terminal on stderr it is nil and shows nothing.
type progressBar struct {
	container *mpb.Progress
	bar       *mpb.Bar
	waiting   atomic.Bool // for the draw
	restore   func()      // sends the log back to where it was
}

// newProgressBar starts to show progress. If the log goes to the terminal too,
// its lines appear above the bar, until end is called.
func newProgressBar(cfg config.Config, stdout, stderr *os.File) *progressBar {
	if !term.IsTerminal(int(stderr.Fd())) {
		return nil
	}
	container := mpb.New(mpb.WithOutput(stderr), mpb.WithWidth(40))
	p := &progressBar{container: container, restore: func() {}}
	p.bar = container.AddBar(0,
		mpb.PrependDecorators(decor.Name("agencia "+cfg.ID+" ")),
		mpb.AppendDecorators(decor.Percentage(decor.WCSyncSpace), decor.Name("  "), decor.CountersKibiByte("% .0f / % .0f"), decor.Any(p.status)),
	)
	if term.IsTerminal(int(stdout.Fd())) && logging.Setup(container, cfg.LogLevel) == nil {
		p.restore = func() { _ = logging.Setup(stdout, cfg.LogLevel) } // was accepted before
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

// end leaves the bar as it is: what was not sent is not shown as sent.
func (p *progressBar) end() {
	if p == nil {
		return
	}
	p.bar.Abort(false)
	p.container.Wait()
	p.restore()
}

// status says what the agency does besides sending.
func (p *progressBar) status(decor.Statistics) string {
	if p.waiting.Load() {
		return "  espera el sorteo"
	}
	return ""
}
