package protocol

import (
	"fmt"
	"maps"
	"regexp"
	"strings"
	"testing"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/lottery"
)

// documentField is a field in one of PROTOCOL.md's tables.
type documentField struct{ kind, name string }

var fieldRow = regexp.MustCompile("(?m)^\\|.* `(u?int\\d+|string|bet)`(?: × count)? \\| ([a-z ]+) \\|")

// documentFields returns those below a heading of PROTOCOL.md.
func documentFields(t *testing.T, heading string) (fields []documentField) {
	t.Helper()
	_, text, found := strings.Cut(readFile(t, document), "\n"+heading+"\n")
	if !found {
		t.Fatalf("no heading %q", heading)
	}
	text, _, _ = strings.Cut(text, "\n#")
	for _, row := range fieldRow.FindAllStringSubmatch(text, -1) {
		fields = append(fields, documentField{row[1], row[2]})
	}
	return fields
}

const (
	frameHeading  = "## 3. Frame"
	recordHeading = "## 4. The bet record"
)

func messageHeading(kind Type) string { return "### " + kind.String() }

// shownLines are the lines that the dissector must show of a message, with the
// names of PROTOCOL.md.
type shownLines struct {
	*testing.T
	lines []string
}

// expectedLines returns those of a frame.
func expectedLines(t *testing.T, frame []byte, m Message) []string {
	t.Helper()
	s := shownLines{T: t}
	s.fields(frameHeading, be.Uint32(frame), m.Type())
	s.fields(messageHeading(m.Type()), values(m)...)
	return s.lines
}

// values returns the values of a message's fields in the order of its table.
func values(message Message) []any {
	switch m := message.(type) {
	case *Hello:
		return []any{m.Version, m.Agency}
	case *Batch:
		return []any{m.Offset, len(m.Bets), m.Bets}
	case *Single:
		return []any{m.Offset, m.Bet}
	case *Finished:
		return []any{m.Total}
	case *Welcome:
		return []any{m.Stored, fmt.Sprintf("0x%08x", m.Sum), m}
	case *Ack:
		return []any{m.Stored}
	case *Winners:
		more := 0
		if m.More {
			more = 1
		}
		return []any{more, len(m.Documents), m.Documents}
	case *Error:
		return []any{m.Status, m.Offset, m.Count, m.Text}
	default: // QUERY and REGISTERED
		return nil
	}
}

func (s *shownLines) fields(heading string, values ...any) {
	s.Helper()
	fields := documentFields(s.T, heading)
	if len(fields) != len(values) {
		s.Fatalf("%s: %d fields have %d values", heading, len(fields), len(values))
	}
	for i, f := range fields {
		s.field(f.name, values[i])
	}
}

func (s *shownLines) add(format string, args ...any) {
	s.lines = append(s.lines, fmt.Sprintf(format, args...))
}

func (s *shownLines) field(name string, value any) {
	s.Helper()
	switch v := value.(type) {
	case []lottery.Bet:
		s.add("%s", name)
		for _, bet := range v {
			s.field("bet", bet)
		}
	case lottery.Bet:
		s.add("%s", name)
		s.fields(recordHeading, v.FirstName, v.LastName, v.Document, v.Birthdate.Year, v.Birthdate.Month, v.Birthdate.Day, v.Number)
	case []string:
		for _, text := range v {
			s.field(name, text)
		}
	case *Welcome: // its flags
		payload, _ := v.Append(nil)
		s.add("%s: 0x%02x", name, payload[len(payload)-1])
		s.add("finished: %t", v.Finished)
		s.add("drawn: %t", v.Drawn)
	case Type:
		s.add("%s: %v (0x%02x)", name, v, uint8(v))
	case Status:
		s.status(name, v)
	default:
		s.add("%s: %v", name, v)
	}
}

func (s *shownLines) status(name string, status Status) {
	known, then := statusNames[status], "retry"
	if known == "" {
		known = "Unknown"
	}
	if status.Final() {
		then = "final"
	}
	s.add("%s: %s (0x%02x)", name, known, uint8(status))
	s.add("then: %s", then)
}

// Fields, messages and statuses have the names, and fields the types, of
// PROTOCOL.md, and the dissector knows no more of them.
func TestDissectorNames(t *testing.T) {
	wantFields := map[string]string{ // by name; these are what is no field of the tables
		"payload": "FT_BYTES", "finished": "FT_BOOLEAN", "drawn": "FT_BOOLEAN",
		"then": "FT_STRING", "echo": "FT_STRING", "malformed": "FT_NONE",
	}
	headings := []string{frameHeading, recordHeading}
	wantValues := map[string]string{}
	for kind, name := range typeNames {
		headings = append(headings, messageHeading(kind))
		wantValues[fmt.Sprintf("loteria.type %#x", uint8(kind))] = name
	}
	for status, name := range statusNames {
		wantValues[fmt.Sprintf("loteria.status %#x", uint8(status))] = name
	}
	for _, heading := range headings {
		for _, f := range documentFields(t, heading) {
			wantFields[f.name] = "FT_" + strings.ToUpper(f.kind)
			if f.kind == "bet" {
				wantFields[f.name] = "FT_NONE"
			}
		}
	}
	fields, values := map[string]string{}, map[string]string{}
	for line := range strings.Lines(string(tshark(t, nil, "-G", "fields"))) {
		// F, name, filter name, type, …
		if column := strings.Split(line, "\t"); column[0] == "F" && strings.HasPrefix(column[2], "loteria.") {
			fields[column[1]] = column[3]
			if filter := "loteria." + strings.ReplaceAll(column[1], " ", "_"); column[2] != filter {
				t.Errorf("filters call %s %s, want %s", column[1], column[2], filter)
			}
		}
	}
	for line := range strings.Lines(string(tshark(t, nil, "-G", "values"))) {
		// V, filter name, value, name
		if column := strings.Split(strings.TrimSpace(line), "\t"); column[0] == "V" && strings.HasPrefix(column[1], "loteria.") {
			values[column[1]+" "+column[2]] = column[3]
		}
	}
	if !maps.Equal(fields, wantFields) {
		t.Errorf("fields: got\n%v, want\n%v", fields, wantFields)
	}
	if !maps.Equal(values, wantValues) {
		t.Errorf("values: got\n%v, want\n%v", values, wantValues)
	}
}
