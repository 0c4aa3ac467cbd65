package betcsv

import (
	"encoding/csv"
	"strings"
	"testing"
)

type row = [dataFields]string

// splitLine takes a line of a data file apart.
func splitLine(line string) (row, error) {
	var f fields
	_, count, err := split(line+"\n", true, &f)
	if err == nil && count != dataFields {
		err = countError(line, count, dataFields)
	}
	return row(f[:dataFields]), err
}

func TestSplitRow(t *testing.T) {
	for _, tt := range []struct {
		name, line string
		want       row
	}{
		{"plain", "Santiago Lionel,Lorca,30904465,1999-03-17,2201", row{"Santiago Lionel", "Lorca", "30904465", "1999-03-17", "2201"}},
		{"empty fields", ",,,,", row{}},
		{"all quoted", `"a","b","c","d","e"`, row{"a", "b", "c", "d", "e"}},
		{"quoted empty", `"","",,"",""`, row{}},
		{"comma inside", `"Pérez, hijo",Lorca,1,2,3`, row{"Pérez, hijo", "Lorca", "1", "2", "3"}},
		{"doubled quotes", `"el ""Pibe""",b,c,d,e`, row{`el "Pibe"`, "b", "c", "d", "e"}},
		{"nothing but quotes", `"""","""""",c,d,e`, row{`"`, `""`, "c", "d", "e"}},
		{"quote beside comma", `""",",",""",c,d,e`, row{`",`, `,"`, "c", "d", "e"}},
		{"last one quoted", `a,b,c,d,"e,"""`, row{"a", "b", "c", "d", `e,"`}},
		{"spaces stay", ` a , b,c ,d, e`, row{" a ", " b", "c ", "d", " e"}},
		{"accents", "Íñigo,Güemes,1,2,3", row{"Íñigo", "Güemes", "1", "2", "3"}},
		{"CJK", "李小龍,ブルース,1,2,3", row{"李小龍", "ブルース", "1", "2", "3"}},
		{"semicolon is text", "a;b,c,d,e,f", row{"a;b", "c", "d", "e", "f"}},
		{"not UTF-8 is for others to refuse", "\xff,b,c,d,e", row{"\xff", "b", "c", "d", "e"}},
	} {
		got, err := splitLine(tt.line)
		if err != nil || got != tt.want {
			t.Errorf("%s: %q, %v", tt.name, got, err)
		}
	}
}

func TestSplitRowRefuses(t *testing.T) {
	for name, line := range map[string]string{
		"one field":              "a",
		"four fields":            "a,b,c,d",
		"six fields":             "a,b,c,d,e,f",
		"a comma too many":       "a,b,c,d,e,",
		"quote inside":           `a"b,c,d,e,f`,
		"quote at the end":       `a",b,c,d,e`,
		"text after a quote":     `"a"b,c,d,e,f`,
		"space after a quote":    `"a" ,b,c,d,e`,
		"space before a quote":   ` "a",b,c,d,e`,
		"never closed":           `"a,b,c,d,e`,
		"never closed, last":     `a,b,c,d,"e`,
		"closed by a double one": `a,b,c,d,"e""`,
		"a lone quote":           `"`,
		"semicolons":             "a;b;c;d;e",
	} {
		if got, err := splitLine(line); err == nil {
			t.Errorf("%s: accepted as %q", name, got)
		}
	}
}

// FuzzSplitRow compares with encoding/csv. What both accept they must read
// alike; and csv accepts all that we do.
func FuzzSplitRow(f *testing.F) {
	for _, line := range []string{"a,b,c,d,e", `"a,""b""",,"",d,e`, `a"b,c,d,e,f`, `"a"b,c,d,e,f`, "á,b,c,d,e\xff", `a,b,c,d,"`, `,,,,`} {
		f.Add(line)
	}
	f.Fuzz(func(t *testing.T, line string) {
		if strings.ContainsAny(line, "\r\n") || line == "" {
			return // a line is what is split
		}
		got, err := splitLine(line)
		reader := csv.NewReader(strings.NewReader(line))
		reader.FieldsPerRecord = 5
		want, csvErr := reader.Read()
		if (err == nil) != (csvErr == nil) {
			t.Fatalf("%q: %v, encoding/csv: %v", line, err, csvErr)
		}
		if err == nil && got != row(want) {
			t.Fatalf("%q: %q, encoding/csv: %q", line, got, want)
		}
	})
}
