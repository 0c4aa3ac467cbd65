package logging

import (
	"bytes"
	"io"
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	oplogging "github.com/op/go-logging"
)

var log = oplogging.MustGetLogger("test")

func TestLineFormat(t *testing.T) {
	local := time.Local
	t.Cleanup(func() { time.Local = local })
	time.Local = time.FixedZone("ART", -3*60*60)

	var out bytes.Buffer
	b := &backend{w: &out}
	at := time.Date(2024, 8, 22, 1, 11, 15, 999, time.UTC)
	for _, rec := range []oplogging.Record{
		{Time: at, Level: oplogging.INFO, Args: []any{"action: a | result: success"}},
		{Time: at, Level: oplogging.CRITICAL, Args: []any{"one", 2}},
		{Time: at.Add(time.Second), Level: oplogging.DEBUG, Args: []any{"d"}},
		{Time: at, Level: oplogging.WARNING, Args: []any{"w"}},
		{Time: at, Level: oplogging.ERROR, Args: []any{"e"}},
		{Time: at, Level: oplogging.NOTICE, Args: []any{"n"}},
	} {
		if err := b.Log(rec.Level, 0, &rec); err != nil {
			t.Fatal(err)
		}
	}
	want := "2024-08-21 22:11:15 INFO     action: a | result: success\n" +
		"2024-08-21 22:11:15 CRITICAL one 2\n" +
		"2024-08-21 22:11:16 DEBUG    d\n" +
		"2024-08-21 22:11:15 WARNING  w\n" +
		"2024-08-21 22:11:15 ERROR    e\n" +
		"2024-08-21 22:11:15 NOTICE   n\n"
	if out.String() != want {
		t.Errorf("got\n%swant\n%s", out.String(), want)
	}
}

func TestSetupLevels(t *testing.T) {
	all := []string{"CRITICAL", "ERROR", "WARNING", "NOTICE", "INFO", "DEBUG"}
	for _, tt := range []struct {
		level string
		lines int // how many of all are written
	}{
		{"CRITICAL", 1}, {"fatal", 1}, {"ERROR", 2}, {"WARNING", 3}, {"warn", 3},
		{"NOTICE", 4}, {"INFO", 5}, {"info", 5}, {"DEBUG", 6}, {"Debug", 6}, {"NOTSET", 6},
	} {
		var out bytes.Buffer
		if err := Setup(&out, tt.level); err != nil {
			t.Fatal(err)
		}
		log.Critical("m")
		log.Error("m")
		log.Warning("m")
		log.Notice("m")
		log.Info("m")
		log.Debugf("%s", "m")
		var got []string
		for line := range strings.Lines(out.String()) {
			got = append(got, regexp.MustCompile(`^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d ([A-Z]+) +m\n$`).ReplaceAllString(line, "$1"))
		}
		if want := strings.Join(all[:tt.lines], " "); strings.Join(got, " ") != want {
			t.Errorf("%s: got %q, want %q", tt.level, got, want)
		}
	}
}

func TestSetupUnknownLevel(t *testing.T) {
	var out bytes.Buffer
	if err := Setup(&out, "INFO"); err != nil {
		t.Fatal(err)
	}
	for _, level := range []string{"", "LOUD", "10", "INFO "} {
		err := Setup(io.Discard, level)
		if err == nil || !strings.Contains(err.Error(), `"`+level+`"`) {
			t.Errorf("Setup(%q) = %v, want an error naming the value", level, err)
		}
		if ValidLevel(level) {
			t.Errorf("ValidLevel(%q) = true", level)
		}
	}
	log.Info("still here")
	if !strings.Contains(out.String(), "still here") {
		t.Error("a refused Setup changed the writer")
	}
}

// countingWriter counts the calls of Write.
type countingWriter struct {
	writes int
	bytes.Buffer
}

func (w *countingWriter) Write(p []byte) (int, error) {
	w.writes++
	return w.Buffer.Write(p)
}

func TestConcurrentLinesStayWhole(t *testing.T) {
	var out countingWriter
	if err := Setup(&out, "INFO"); err != nil {
		t.Fatal(err)
	}
	const writers, each = 8, 200
	message := strings.Repeat("x", 300)
	var wg sync.WaitGroup
	for range writers {
		wg.Go(func() {
			for range each {
				log.Info(message)
			}
		})
	}
	wg.Wait()
	if out.writes != writers*each {
		t.Errorf("%d writes for %d lines", out.writes, writers*each)
	}
	for line := range strings.Lines(out.String()) {
		if !strings.HasSuffix(line, " INFO     "+message+"\n") {
			t.Fatalf("mixed line: %q", line)
		}
	}
}

// TestSetupAgainWhileLogging can only fail under the race detector.
func TestSetupAgainWhileLogging(t *testing.T) {
	if err := Setup(io.Discard, "INFO"); err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		for range 500 {
			log.Info("m")
		}
	})
	for range 50 {
		if err := Setup(io.Discard, "DEBUG"); err != nil {
			t.Error(err)
		}
	}
	wg.Wait()
}

const benchLine = "action: apuesta_recibida | result: success | cantidad: %d | agencia: %d"

func BenchmarkLine(b *testing.B) {
	if err := Setup(io.Discard, "INFO"); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		log.Infof(benchLine, 88, 1)
	}
}

// BenchmarkStockLine logs the same line through go-logging's own backend.
func BenchmarkStockLine(b *testing.B) {
	stock := oplogging.AddModuleLevel(oplogging.NewBackendFormatter(
		oplogging.NewLogBackend(io.Discard, "", 0),
		oplogging.MustStringFormatter(`%{time:2006-01-02 15:04:05} %{level:-8s} %{message}`)))
	stock.SetLevel(oplogging.INFO, "")
	logger := oplogging.MustGetLogger("stock")
	logger.SetBackend(stock)
	if err := Setup(io.Discard, "INFO"); err != nil { // the package-wide level is asked first
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		logger.Infof(benchLine, 88, 1)
	}
}

func BenchmarkDisabledLine(b *testing.B) {
	if err := Setup(os.Stderr, "INFO"); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		log.Debugf(benchLine, 88, 1)
	}
}
