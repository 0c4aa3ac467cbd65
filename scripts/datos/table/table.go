// Package table prints what the scripts report: aligned columns, and numbers
// as they are written in Argentina (1.234,5).
package table

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Table is a table under construction. Columns are aligned to the right except
// those whose index is in Left.
type Table struct {
	Header []string
	Left   map[int]bool // columns of text
	rows   [][]string
}

// Add appends a row; it has as many cells as the header.
func (t *Table) Add(cells ...string) { t.rows = append(t.rows, cells) }

// Rule appends a horizontal line.
func (t *Table) Rule() { t.rows = append(t.rows, nil) }

// Print writes the table, indented by two spaces, its header underlined.
func (t *Table) Print(w io.Writer) error {
	var b strings.Builder
	widths := t.widths()
	t.line(&b, widths, t.Header)
	rule(&b, widths)
	for _, row := range t.rows {
		if row == nil {
			rule(&b, widths)
			continue
		}
		t.line(&b, widths, row)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (t *Table) widths() []int {
	widths := make([]int, len(t.Header))
	for _, row := range append([][]string{t.Header}, t.rows...) {
		for i, cell := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	return widths
}

func (t *Table) line(b *strings.Builder, widths []int, row []string) {
	var line strings.Builder
	for i, cell := range row {
		width := widths[i]
		if t.Left[i] {
			width = -width
		}
		fmt.Fprintf(&line, "  %*s", width, cell)
	}
	b.WriteString(strings.TrimRight(line.String(), " ") + "\n")
}

func rule(b *strings.Builder, widths []int) {
	for _, width := range widths {
		b.WriteString("  " + strings.Repeat("─", width))
	}
	b.WriteByte('\n')
}

// Integer formats with a point between thousands: 78.697.
func Integer(n int) string { return grouped(strconv.Itoa(n)) }

// Decimal formats with a decimal comma: 0,15.
func Decimal(x float64, decimals int) string {
	whole, fraction, found := strings.Cut(strconv.FormatFloat(x, 'f', decimals, 64), ".")
	if !found {
		return grouped(whole)
	}
	return grouped(whole) + "," + fraction
}

// grouped puts a point between the thousands of an integer.
func grouped(number string) string {
	digits := strings.TrimLeft(number, "+-")
	sign := number[:len(number)-len(digits)]
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "." + digits[i:]
	}
	return sign + digits
}
