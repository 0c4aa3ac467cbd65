package admin

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/lottery"
)

func readStatic(t *testing.T, name string) string {
	t.Helper()
	content, err := static.ReadFile("static/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

// TestStaticNamesNothingForeign: the policy would stop what these patterns find, and
// the page would be broken.
func TestStaticNamesNothingForeign(t *testing.T) {
	forbidden := regexp.MustCompile(`(?i)https?://|@import|\sstyle=|\son[a-z]+=|<style|javascript:|innerHTML|insertAdjacentHTML|document\.write`)
	files, err := fs.ReadDir(static, "static")
	if err != nil || len(files) != 3 {
		t.Fatalf("%d embedded files, %v, want 3", len(files), err)
	}
	for _, file := range files {
		if found := forbidden.FindAllString(readStatic(t, file.Name()), -1); found != nil {
			t.Errorf("%s holds %q", file.Name(), found)
		}
	}
}

func TestStaticFilesFitTogether(t *testing.T) {
	page, script := readStatic(t, "index.html"), readStatic(t, "board.js")
	ids := regexp.MustCompile(`\$\("([a-z-]+)"\)`).FindAllStringSubmatch(script, -1)
	if len(ids) < 20 {
		t.Fatalf("board.js asks for %d elements only", len(ids))
	}
	for _, id := range ids {
		if strings.Count(page, `id="`+id[1]+`"`) != 1 {
			t.Errorf("index.html has not exactly one element %q", id[1])
		}
	}
	if strings.Count(page, firstState+"</script>") != 1 {
		t.Errorf("index.html has no place for the first state")
	}
	for _, state := range []string{centralRecovering, centralFailing, centralUploading, centralDrawing, centralDrawn, centralStopping} {
		if !strings.Contains(script, `case "`+state+`"`) {
			t.Errorf("board.js does not know the central's state %q", state)
		}
	}
	for _, state := range []string{agencyAbsent, agencyUploading, agencyFinished, agencyWaiting, agencyNotified} {
		if !strings.Contains(script, "\n  "+state+": ") || !strings.Contains(page, `id="count-`+state+`"`) {
			t.Errorf("the board does not know the agency's state %q", state)
		}
	}
}

// officialLottery is the state after the official data.
func officialLottery() Lottery {
	official := Lottery{Drawn: true}
	for i, stored := range []lottery.Offset{26936, 25518, 16014, 9238, 991} {
		winners := []int{2, 3, 3, 2, 0}[i]
		official.Agencies = append(official.Agencies, Agency{
			ID: lottery.AgencyID(i + 1), Stored: stored, Finished: true, Notified: true, Winners: winners,
		})
	}
	return official
}

func TestBoardInChromium(t *testing.T) {
	r := serve(t, Options{Expected: 5})
	r.Watch(&fakeSource{lottery: officialLottery()})
	r.view(t).until(func(shown snapshot) bool { return shown.State == centralDrawn })
	page := openInChromium(t, r)
	for _, want := range []string{`id="bets">78.697<`, ">Sorteo realizado<", ">10 ganadores<", ">26.936<", ">En vivo<", `aria-labelledby="log-title" hidden`} {
		if !strings.Contains(page, want) {
			t.Errorf("the page holds no %s", want)
		}
	}
}

// The board of a replicated central shows its log, and plainly that the quorum is lost.
func TestBoardWithoutAQuorumInChromium(t *testing.T) {
	r := serve(t, Options{Expected: 5})
	r.WatchLog(func() Log { return Log{Last: 1300, Folded: 1234, Void: 1, Leader: "nats2", Answered: time.Now()} })
	r.Watch(&fakeSource{lottery: officialLottery(), storage: errors.New("no quorum")})
	r.view(t).until(func(shown snapshot) bool { return shown.State == centralFailing })
	page := openInChromium(t, r)
	for _, want := range []string{">El registro no responde<", ">Registro replicado<", `id="log-lost" class="advice">Sin quórum desde `,
		`id="log-folded">1.234<`, `id="log-lag">—<`, `id="log-leader">—<`, `id="log-void">1 entrada<`} {
		if !strings.Contains(page, want) {
			t.Errorf("the page holds no %s", want)
		}
	}
}

// openInChromium returns the page of the board as the browser shows it. The browser must
// not complain. Without one the test is skipped.
func openInChromium(t *testing.T, r *running) string {
	t.Helper()
	chromium, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("needs chromium")
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	browser := exec.CommandContext(ctx, chromium, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
		"--user-data-dir="+t.TempDir(), "--enable-logging=stderr", "--dump-dom", "http://"+r.address+"/")
	var log bytes.Buffer
	browser.Stderr = &log
	browser.WaitDelay = time.Second // the browser's own children may hold its output
	page, err := browser.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, log.String())
	}
	for line := range strings.Lines(log.String()) {
		if strings.Contains(line, "CONSOLE") {
			t.Errorf("the browser complains: %s", line)
		}
	}
	return string(page)
}
