package timeline

import (
	"bytes"
	_ "embed"
	"html/template"
	"io"
	"time"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/lottery"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/protocol"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/scripts/datos/table"
)

var (
	//go:embed page.html
	pageText string
	//go:embed page.css
	style template.CSS
	//go:embed model.js
	model template.JS
	//go:embed draw.js
	drawing template.JS
	//go:embed links.js
	linking template.JS
	//go:embed move.js
	moving template.JS

	page = template.Must(template.New("page").Funcs(template.FuncMap{
		"integer": func(n int64) string { return table.Integer(int(n)) },
		"ms":      func(t Time) string { return table.Decimal(float64(t)/1e6, 2) },
	}).Parse(pageText))
)

// view is what the page's template shows.
type view struct {
	Timeline *Timeline
	Totals   Totals
	Date     string
	Mark     template.HTML
	Style    template.CSS
	Scripts  []template.JS
}

// render writes the page of a timeline: one file that needs no other.
func render(w io.Writer, t *Timeline) error {
	var text bytes.Buffer
	err := page.Execute(&text, view{t, t.totals(), time.Now().Format("2006-01-02 15:04"), mark, style, []template.JS{model, drawing, linking, moving}})
	if err != nil {
		return err
	}
	_, err = w.Write(text.Bytes())
	return err
}

// Totals are what the lanes hold, for who reads the page as text.
type Totals struct {
	Agencies                               []*AgencyTotals
	Batches, Bets, Received, Sent, Acks    int64
	Commits, Records, Written              int64 // of bets.csv, of the journal; bytes of both
	BatchesPerCommit, CommitTime, DiskTime string
	Winners                                int64
}

// AgencyTotals are the totals of one agency's lane.
type AgencyTotals struct {
	Agency                              lottery.AgencyID
	Batches, Bets, Bytes, Acks, Winners int64
	Greeted, Finished, Told, Waited     Time
}

func (t *Timeline) totals() (all Totals) {
	for id := range t.Agencies {
		all.Agencies = append(all.Agencies, &AgencyTotals{Agency: lottery.AgencyID(id + 1)})
	}
	for i := range t.Frames {
		f := &t.Frames[i]
		if f.Sent {
			all.Sent++
		} else {
			all.Received++
		}
		if f.Agency >= 1 && int(f.Agency) <= t.Agencies {
			all.Agencies[f.Agency-1].add(f)
		}
	}
	for _, a := range all.Agencies {
		all.Batches += a.Batches
		all.Bets += a.Bets
		all.Acks += a.Acks
		all.Winners += a.Winners
	}
	all.addCommits(t.Commits)
	return all
}

func (a *AgencyTotals) add(f *Frame) {
	if !f.Sent {
		a.Bytes += int64(f.Bytes)
	}
	switch f.Type {
	case protocol.TypeHello.String():
		a.Greeted = f.At
	case protocol.TypeBatch.String():
		a.Batches++
		a.Bets += int64(f.Count)
	case protocol.TypeAck.String():
		a.Acks++
	case protocol.TypeFinished.String():
		a.Finished = f.At
	case protocol.TypeWinners.String():
		a.Told, a.Waited = f.At, f.At-a.Finished
		a.Winners += int64(f.Count)
	}
}

func (all *Totals) addCommits(commits []Commit) {
	var took, batches Time
	for _, c := range commits {
		all.Written += c.Bytes
		if c.Record != "" {
			all.Records++
			continue
		}
		all.Commits++
		took += c.Durable - c.Start
		batches += Time(c.Batches)
	}
	if n := Time(all.Commits); n > 0 {
		all.BatchesPerCommit = table.Decimal(float64(batches)/float64(n), 1)
		all.CommitTime = table.Decimal(float64(took)/float64(n)/1e6, 2)
		all.DiskTime = table.Decimal(float64(took)/1e6, 1)
	}
}
