package protocol

import (
	"bytes"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/lottery"
)

// PROTOCOL.md is tested: what it shows decodes to what it says, and the other
// way round.

const (
	document        = "PROTOCOL.md"
	exchangeHeading = "## 15. An upload interrupted and resumed"
)

func TestDocumentExamples(t *testing.T) {
	shown := map[Type]bool{}
	for _, e := range documentExamples(t, readFile(t, document)) {
		checkExample(t, e)
		shown[e.message.Type()] = true
	}
	for kind := range messages {
		if !shown[kind] {
			t.Errorf("%v has no example", kind)
		}
	}
}

// section cuts a section, with its subsections, out of the document.
func section(t *testing.T, title string) string {
	t.Helper()
	_, text, found := strings.Cut(readFile(t, document), "\n"+title+"\n")
	if !found {
		t.Fatalf("no section %q", title)
	}
	text, _, _ = strings.Cut(text, "\n## ")
	return text
}

// TestDocumentExchange plays the central in the worked exchange: what it says
// there must follow from what it has got.
func TestDocumentExchange(t *testing.T) {
	var stored []lottery.Bet
	var ends []lottery.Offset
	var winners []string
	for _, e := range documentExamples(t, section(t, exchangeHeading)) {
		total := lottery.Offset(len(stored))
		switch m := e.message.(type) {
		case *Batch:
			if e.cut || m.Offset > total {
				if !e.cut {
					t.Errorf("%s: a gap after %d bets", e.where, total)
				}
				continue
			}
			for i, bet := range m.Bets {
				if m.Offset+lottery.Offset(i) < total {
					continue
				}
				stored = append(stored, bet)
				if bet.Number == 7574 {
					winners = append(winners, bet.Document)
				}
			}
			ends = append(ends, m.Offset+lottery.Offset(len(m.Bets)))
		case *Welcome:
			if want := (&Welcome{Stored: total, Sum: sumOf(t, stored)}); *m != *want {
				t.Errorf("%s: got %+v, want %+v", e.where, m, want)
			}
		case *Ack:
			if m.Stored > total || !slices.Contains(ends, m.Stored) {
				t.Errorf("%s: batches end at %d", e.where, ends)
			}
		case *Finished:
			if m.Total != total {
				t.Errorf("%s: %d are stored", e.where, total)
			}
		case *Winners:
			if m.More || !reflect.DeepEqual(m.Documents, winners) {
				t.Errorf("%s: want %q", e.where, winners)
			}
		}
	}
	if len(stored) != 4 || len(winners) != 2 {
		t.Errorf("%d bets stored and %d winners, want 4 and 2", len(stored), len(winners))
	}
	var checksums strings.Builder
	for n := range len(stored) + 1 {
		fmt.Fprintf(&checksums, "%d bets: %08x\n", n, sumOf(t, stored[:n]))
	}
	if block := "```checksum\n" + checksums.String() + "```"; !strings.Contains(section(t, "## 8. Checksum"), block) {
		t.Errorf("the checksums should be\n%s", block)
	}
}

// sumOf is the checksum of bets, taken one by one.
func sumOf(t *testing.T, bets []lottery.Bet) (sum uint32) {
	t.Helper()
	for i := range bets {
		record, err := AppendRecord(nil, &bets[i])
		if err != nil {
			t.Fatal(err)
		}
		sum = Checksum(sum, record)
	}
	return sum
}

// tableRows finds the rows of a section whose first cell is a code.
func tableRows(t *testing.T, title string) map[uint8][]string {
	t.Helper()
	rows := map[uint8][]string{}
	row := regexp.MustCompile(`(?m)^\| 0x([0-9a-f]{2}) \| (.*) \|$`)
	for _, m := range row.FindAllStringSubmatch(section(t, title), -1) {
		var code uint8
		if _, err := fmt.Sscanf(m[1], "%x", &code); err != nil {
			t.Fatal(err)
		}
		rows[code] = strings.Split(m[2], " | ")
	}
	return rows
}

func TestDocumentTypes(t *testing.T) {
	rows := tableRows(t, "## 3. Frame")
	for kind := range messages {
		want := fmt.Sprintf("[%v](#%s)", kind, strings.ToLower(kind.String()))
		if row := rows[uint8(kind)]; row == nil || row[0] != want {
			t.Errorf("type %#02x: got %q, want %s", uint8(kind), row, want)
		}
	}
	if len(rows) != len(messages) || len(typeNames) != len(messages) {
		t.Errorf("%d types in the document, %d named, %d known", len(rows), len(typeNames), len(messages))
	}
}

func TestDocumentStatuses(t *testing.T) {
	rows := tableRows(t, "## 7. Statuses")
	for status, name := range statusNames {
		then := "retry"
		if status.Final() {
			then = "final"
		}
		if row := rows[uint8(status)]; row == nil || row[0] != name || row[1] != then {
			t.Errorf("status %#02x: got %q, want %s, %s", uint8(status), row, name, then)
		}
	}
	if len(rows) != len(statusNames) {
		t.Errorf("%d statuses in the document, %d known", len(rows), len(statusNames))
	}
}

func TestDocumentLimits(t *testing.T) {
	limits := section(t, "## 11. Limits")
	longest := strings.Repeat("x", MaxString)
	frame, err := AppendWinners(nil, slices.Repeat([]string{longest}, 100))
	if err != nil {
		t.Fatal(err)
	}
	var first Winners // of several frames
	if _, payload, err := NewReader(bytes.NewReader(frame)).Next(); err != nil || first.Decode(payload) != nil {
		t.Fatal(err)
	}
	for _, row := range []string{
		fmt.Sprintf("frame, with its length field | %s bytes", thousands(MaxFrame)),
		fmt.Sprintf("payload | %s bytes", thousands(maxPayload)),
		fmt.Sprintf("string | %d bytes", MaxString),
		fmt.Sprintf("bet record | %d to %d bytes", minRecord, minRecord+3*MaxString),
		fmt.Sprintf("bets in a batch | 1 to %d (what a frame can hold; %s could be counted)", MaxRecords/minRecord, thousands(MaxBatch)),
		fmt.Sprintf("documents in one WINNERS | %d of the longest; any number over several frames", len(first.Documents)),
	} {
		if !strings.Contains(limits, "\n| "+row+" |\n") {
			t.Errorf("no row %q", row)
		}
	}
}

// thousands writes a number from 1,000 to 999,999 as the document does.
func thousands(n int) string { return fmt.Sprintf("%d,%03d", n/1000, n%1000) }

func TestNames(t *testing.T) {
	for got, want := range map[string]string{
		TypeHello.String():      "HELLO",
		Type(0x7f).String():     "type 0x7f",
		StatusMismatch.String(): "data mismatch",
		Status(0x3f).String():   "status 0x3f",
		(&Error{Status: StatusBusy, Text: "no room"}).Error(): "server busy: no room",
	} {
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	for status, final := range map[Status]bool{0x00: false, StatusBusy: false, 0x3f: false, StatusInvalidBet: true, 0xff: true} {
		if status.Final() != final {
			t.Errorf("%v final: %v, want %v", status, status.Final(), final)
		}
	}
}
