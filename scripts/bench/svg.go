package main

import (
	"fmt"
	"html"
	"math"
	"slices"
	"strings"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/scripts/datos/table"
)

// The drawing's measures, in pixels.
const (
	svgWidth  = 760
	margin    = 16
	barsLeft  = 290 // where the bars begin
	barsWidth = 280 // of the whole scale; the numbers stand to the right of it
	rowHeight = 34
	barHeight = 18
	topHeight = 74
)

// style serves light and dark pages alike.
const style = `
  svg { font: 13px system-ui, -apple-system, "Segoe UI", sans-serif; }
  .title { font-size: 16px; font-weight: 600; }
  text { fill: #1f2328; } .faint { fill: #59636e; font-size: 12px; }
  .grid { stroke: #d1d9e0; } .bar { fill: #2a78d6; }
  .goal { stroke: #1f2328; stroke-width: 2; }
  @media (prefers-color-scheme: dark) {
    text { fill: #f0f6fc; } .faint { fill: #9198a1; }
    .grid { stroke: #3d444d; } .bar { fill: #3987e5; }
    .goal { stroke: #f0f6fc; }
  }
`

// drawing is a bar chart of each scenario's share of the floor, as SVG.
func drawing(results []result) []byte {
	most := 0.1
	for _, r := range results {
		most = max(most, r.share.median, r.goal)
	}
	scale := newScale(most)
	height := topHeight + rowHeight*len(results) + 66
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" role="img" aria-label="Apuestas por segundo respecto del piso">`+"\n",
		svgWidth, height, svgWidth, height)
	fmt.Fprintf(&b, "<style>%s</style>\n", style)
	text(&b, margin, 28, "title", "start", "Apuestas por segundo, respecto del piso")
	text(&b, margin, 48, "faint", "start", "Piso = 1: los mismos bytes por loopback a un archivo, sin interpretarlos ni fsync")
	bottom := topHeight + rowHeight*len(results)
	scale.grid(&b, bottom)
	for i, r := range results {
		scale.row(&b, topHeight+i*rowHeight, r)
	}
	text(&b, margin, bottom+42, "faint", "start", machine())
	if slices.ContainsFunc(results, func(r result) bool { return r.goal > 0 }) {
		fmt.Fprintf(&b, `<line class="goal" x1="%d" y1="%d" x2="%d" y2="%d"/>`+"\n", svgWidth-62, bottom+30, svgWidth-62, bottom+46)
		text(&b, svgWidth-52, bottom+42, "faint", "start", "meta")
	}
	b.WriteString("</svg>\n")
	return []byte(b.String())
}

// scale turns shares into positions.
type scale struct{ step, most float64 }

// newScale ends at a round number that holds the largest value.
func newScale(largest float64) scale {
	step := 0.1
	if largest > 0.6 {
		step = 0.2
	}
	return scale{step: step, most: step * math.Ceil(largest/step-1e-9)}
}

func (s scale) x(share float64) float64 { return barsLeft + barsWidth*share/s.most }

func (s scale) grid(b *strings.Builder, bottom int) {
	for i := 0; float64(i)*s.step <= s.most+1e-9; i++ {
		x := s.x(float64(i) * s.step)
		fmt.Fprintf(b, `<line class="grid" x1="%.1f" y1="%d" x2="%.1f" y2="%d"/>`+"\n", x, topHeight-6, x, bottom)
		text(b, x, float64(bottom+16), "faint", "middle", table.Decimal(float64(i)*s.step, 1))
	}
}

func (s scale) row(b *strings.Builder, top int, r result) {
	bar := top + (rowHeight-barHeight)/2 - 3
	middle := float64(bar) + barHeight/2 + 4.5
	end := s.x(r.share.median)
	text(b, barsLeft-12, middle, "", "end", r.title)
	fmt.Fprintf(b, `<rect class="bar" x="%d" y="%d" width="%.1f" height="%d" rx="3"/>`+"\n", barsLeft, bar, end-barsLeft, barHeight)
	if r.goal > 0 {
		x := s.x(r.goal)
		fmt.Fprintf(b, `<line class="goal" x1="%.1f" y1="%d" x2="%.1f" y2="%d"/>`+"\n", x, bar-3, x, bar+barHeight+3)
	}
	text(b, svgWidth-margin, middle, "", "end", fmt.Sprintf("%s · %s millones/s", table.Decimal(r.share.median, 2), table.Decimal(r.rate/1e6, 2)))
}

func text[N int | float64](b *strings.Builder, x, y N, class, anchor, content string) {
	fmt.Fprintf(b, `<text class="%s" x="%.1f" y="%.1f" text-anchor="%s">%s</text>`+"\n", class, float64(x), float64(y), anchor, html.EscapeString(content))
}
