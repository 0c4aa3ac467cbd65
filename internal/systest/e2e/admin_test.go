package e2e

import (
	"io"
	"net/http"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/process/processtest"
)

// withAdmin gives the server of a lottery an admin port, and returns its URL.
func (l *lottery) withAdmin() (url string) {
	address := "127.0.0.1:" + strconv.Itoa(processtest.FreePort(l.t))
	l.env = append(l.env, "SERVER_ADMIN_ADDRESS="+address)
	return "http://" + address
}

// get returns the status and the text of a page.
func get(t testing.TB, url string) (status int, text string) {
	t.Helper()
	response, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(body)
}

// pageLimit is how long a test waits for a page. A central notices after some ten seconds
// that its log does not answer, and NATS servers that come back elect a leader first.
const pageLimit = clusterLimit

// awaitPage waits until a page has a status, and holds a text.
func awaitPage(t testing.TB, url string, status int, text string) {
	t.Helper()
	for limit := time.Now().Add(pageLimit); ; time.Sleep(20 * time.Millisecond) {
		gotStatus, got := get(t, url)
		if gotStatus == status && strings.Contains(got, text) {
			return
		}
		if time.Now().After(limit) {
			t.Fatalf("%s gives %d and\n%s, want %d and %q", url, gotStatus, got, status, text)
		}
	}
}

var storedSample = regexp.MustCompile(`(?m)^lottery_bets_stored_total\{agency="\d+"\} (\d+)$`)

// storedInMetrics sums the stored bets of all agencies.
func storedInMetrics(t *testing.T, metrics string) (sum int) {
	t.Helper()
	for _, sample := range storedSample.FindAllStringSubmatch(metrics, -1) {
		n, err := strconv.Atoi(sample[1])
		if err != nil {
			t.Fatal(err)
		}
		sum += n
	}
	return sum
}

// The metrics and the board show the whole of the official data, also after a
// restart.
func TestOfficialDataCanBeWatched(t *testing.T) {
	data := officialData(t)
	l := newLottery(t, len(data))
	url := l.withAdmin()
	server := l.startServer()
	agencies := make(map[int]*processtest.Process)
	for id, rows := range data {
		agencies[id] = l.startAgency(id, rows, 100)
	}
	for id, p := range agencies {
		checkAgency(t, p, winners(data[id]))
	}
	checkWatched(t, url)
	checkBoard(t, url)
	server.Stop(syscall.SIGTERM)
	server = l.startServer()
	server.Await("action: sorteo_recuperado | result: success")
	checkWatched(t, url)
	server.Stop(syscall.SIGTERM)
}

func checkWatched(t *testing.T, url string) {
	t.Helper()
	_, metrics := get(t, url+"/metrics")
	if got := storedInMetrics(t, metrics); got != 78697 {
		t.Errorf("the metrics show %d bets", got)
	}
	if !strings.Contains(metrics, "\nlottery_winners 10\n") || !strings.Contains(metrics, "\nlottery_draw_held 1\n") {
		t.Errorf("the metrics do not show the draw:\n%s", metrics)
	}
	checkWithPromtool(t, metrics)
	if status, text := get(t, url+"/readyz"); status != http.StatusOK {
		t.Errorf("/readyz gives %d: %s", status, text)
	}
}

func checkWithPromtool(t *testing.T, metrics string) {
	t.Helper()
	program, err := exec.LookPath("promtool")
	if err != nil {
		t.Log("there is no promtool: the format of the metrics is not checked")
		return
	}
	cmd := exec.Command(program, "check", "metrics")
	cmd.Stdin = strings.NewReader(metrics)
	if said, err := cmd.CombinedOutput(); err != nil || len(said) > 0 {
		t.Errorf("promtool: %v\n%s", err, said)
	}
}

// checkBoard looks at the board with a browser.
func checkBoard(t *testing.T, url string) {
	t.Helper()
	browser, err := exec.LookPath("chromium")
	if err != nil {
		t.Log("there is no chromium: the board is not looked at")
		return
	}
	awaitPage(t, url+"/state.json", http.StatusOK, `"state":"drawn"`) // the board shows the same
	cmd := exec.Command(browser, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--user-data-dir="+t.TempDir(),
		"--timeout=10000", "--dump-dom", url+"/")
	page, err := cmd.Output()
	if err != nil {
		t.Fatalf("chromium: %v", err)
	}
	for _, want := range []string{"78.697", "Sorteo realizado", "10 ganadores", "26.936"} {
		if !strings.Contains(string(page), want) {
			t.Errorf("the board does not show %q:\n%s", want, page)
		}
	}
}
