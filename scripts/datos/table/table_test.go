package table

import (
	"math"
	"strings"
	"testing"
)

func TestPrint(t *testing.T) {
	tab := Table{Header: []string{"agencia", "apuestas", "origen"}, Left: map[int]bool{2: true}}
	tab.Add("1", Integer(26936), "sintética")
	tab.Rule()
	tab.Add("total", "78.697", "")
	var out strings.Builder
	if err := tab.Print(&out); err != nil {
		t.Fatal(err)
	}
	want := "" +
		"  agencia  apuestas  origen\n" +
		"  ───────  ────────  ─────────\n" +
		"        1    26.936  sintética\n" +
		"  ───────  ────────  ─────────\n" +
		"    total    78.697\n"
	if out.String() != want {
		t.Errorf("got:\n%s\nwant:\n%s", out.String(), want)
	}
}

func TestInteger(t *testing.T) {
	for n, want := range map[int]string{
		0: "0", 7: "7", 991: "991", 1000: "1.000", 26936: "26.936", 123456: "123.456",
		3934850: "3.934.850", -1: "-1", -999: "-999", -1234: "-1.234",
	} {
		if got := Integer(n); got != want {
			t.Errorf("Integer(%d) = %s, want %s", n, got, want)
		}
	}
}

func TestDecimal(t *testing.T) {
	for _, c := range []struct {
		x        float64
		decimals int
		want     string
	}{
		{0.1523, 2, "0,15"}, {1234.5, 1, "1.234,5"}, {12.6, 0, "13"}, {-0.25, 2, "-0,25"},
		{-3.5, 1, "-3,5"}, {math.NaN(), 1, "NaN"}, {math.Inf(1), 1, "+Inf"},
	} {
		if got := Decimal(c.x, c.decimals); got != c.want {
			t.Errorf("Decimal(%v, %d) = %s, want %s", c.x, c.decimals, got, c.want)
		}
	}
}
