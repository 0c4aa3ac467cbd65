package protocol

import (
	"bytes"
	"encoding/hex"
	"encoding/xml"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"unicode"
)

// tshark runs the command with the dissector on a capture and returns what it
// prints. Root gets a warning from it, and no Lua where Wireshark's init.lua says
// run_user_scripts_when_superuser = false, as it did before Wireshark 3.
func tshark(t *testing.T, capture []byte, args ...string) []byte {
	t.Helper()
	path, err := exec.LookPath("tshark")
	if err != nil {
		t.Skip("no tshark on this machine: the dissector is not tested")
	}
	cmd := exec.CommandContext(t.Context(), path, append(args, "-X", "lua_script:loteria.lua")...)
	home := t.TempDir() // without the user's preferences and plugins
	cmd.Env = append(os.Environ(), "HOME="+home, "XDG_CONFIG_HOME="+home, "WIRESHARK_CONFIG_DIR="+home)
	cmd.Stdin = bytes.NewReader(capture)
	var problems bytes.Buffer
	cmd.Stderr = &problems
	out, err := cmd.Output()
	if err != nil || strings.Contains(strings.ToLower(problems.String()), "lua") {
		t.Fatalf("tshark %q: %v\n%s", args, err, &problems)
	}
	return out
}

// direction is one of the two of a connection, by its ports.
type direction struct{ from, to string }

func (x *connection) direction(central bool) direction {
	agency, port := fmt.Sprint(x.agency), fmt.Sprint(centralPort)
	if central {
		return direction{port, agency}
	}
	return direction{agency, port}
}

// item is one line of what tshark shows, with the lines below it, as it writes
// them in PDML.
type item struct {
	Name     string `xml:"name,attr"`     // what filters call it
	ShowName string `xml:"showname,attr"` // the line
	Show     string `xml:"show,attr"`     // its value
	Value    string `xml:"value,attr"`    // its bytes in hexadecimal
	Items    []item `xml:"field"`
}

// child returns the item of that name that is directly below, or an empty one.
func (i item) child(name string) item {
	for _, child := range i.Items {
		if child.Name == name {
			return child
		}
	}
	return item{}
}

// malformed returns why a frame is malformed, or "".
func (i item) malformed() string {
	return i.child("_ws.expert").child("loteria.malformed").ShowName
}

// lines returns the lines below an item. A text it takes from the bytes, for tshark
// shows it up to the first NUL and escapes line breaks.
func (i item) lines(t *testing.T) (lines []string) {
	t.Helper()
	for _, child := range i.Items {
		line := child.ShowName
		if _, bit, isBit := strings.Cut(line, " = "); isBit { // .... ..1. = drawn: True
			line = strings.ToLower(bit)
		}
		name, _, _ := strings.Cut(line, ": ")
		switch {
		case child.Name == "_ws.expert":
			continue
		case texts[name]:
			line = name + ": " + child.text(t)
		}
		lines = append(append(lines, line), child.lines(t)...)
	}
	return lines
}

// texts are the fields that hold strings.
var texts = map[string]bool{"first name": true, "last name": true, "document": true, "documents": true, "text": true, "echo": true}

// text returns the text of an item, which must be shown as it is if all of it can
// be.
func (i item) text(t *testing.T) string {
	t.Helper()
	text, err := hex.DecodeString(i.Value)
	if err != nil {
		t.Fatalf("%q has the bytes %q", i.ShowName, i.Value)
	}
	if !strings.ContainsFunc(string(text), unicode.IsControl) && i.Show != string(text) {
		t.Errorf("%q is shown as %q", text, i.Show)
	}
	return string(text)
}

// dissect returns the frames, and echoes, that tshark finds in each direction.
func dissect(t *testing.T, c *capture) map[direction][]item {
	t.Helper()
	var document struct {
		Packets []struct {
			Protocols []item `xml:"proto"`
		} `xml:"packet"`
	}
	out := tshark(t, c.file, "-n", "-r", "-", "-Y", "loteria", "-T", "pdml", "-J", "tcp loteria")
	if err := xml.Unmarshal(out, &document); err != nil {
		t.Fatalf("%v in\n%s", err, out)
	}
	dissected := map[direction][]item{}
	for _, packet := range document.Packets {
		var d direction
		for _, p := range packet.Protocols {
			switch p.Name {
			case "tcp":
				d = direction{p.child("tcp.srcport").Show, p.child("tcp.dstport").Show}
			case "loteria":
				dissected[d] = append(dissected[d], p)
			}
		}
	}
	return dissected
}
