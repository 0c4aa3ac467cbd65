package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/scripts/datos/table"
)

// report writes the results as Markdown.
func report(w io.Writer, results []result, opts options, origin string) error {
	var b strings.Builder
	fmt.Fprintf(&b, "Máquina: %s. Datos: %s.\n", machine(), origin)
	fmt.Fprintf(&b, "Repeticiones: %d, intercaladas. Cada valor es la mediana, y entre paréntesis el mínimo y el máximo.\n\n", opts.repetitions)
	b.WriteString("El piso son los mismos bytes en tramas de 8.000, de cinco procesos a uno que las agrega a un archivo sin " +
		"mirarlas y sin fsync, medido justo antes de cada corrida. El tiempo va del arranque de las agencias a la salida de la última.\n\n")
	mainTable(&b, lotteries(results))
	syncTable(&b, results)
	scaleTable(&b, results)
	crowdLine(&b, results)
	drawLine(&b, results)
	_, err := io.WriteString(w, b.String())
	return err
}

func mainTable(b *strings.Builder, results []result) {
	b.WriteString("| escenario | apuestas | tiempo (s) | apuestas/s | piso (s) | respecto del piso | meta | memoria: servidor / cliente |\n")
	b.WriteString("|---|--:|--:|--:|--:|--:|--:|--:|\n")
	for _, r := range results {
		fmt.Fprintf(b, "| %s | %s | %s | %s | %s | %s | %s | %s / %s MiB |\n", r.title, table.Integer(r.bets),
			written(r.elapsed, 3), table.Integer(int(r.rate)), written(r.floor, 3), written(r.share, 2),
			goal(r), table.Decimal(r.server, 0), table.Decimal(r.client, 0))
	}
	b.WriteString("\n")
}

func goal(r result) string {
	switch {
	case r.goal == 0:
		return ""
	case r.share.median >= r.goal:
		return "≥ " + table.Decimal(r.goal, 2) + " ✓"
	}
	return "≥ " + table.Decimal(r.goal, 2) + " ✗"
}

func syncTable(b *strings.Builder, results []result) {
	title := "Contra un piso que además hace un solo fsync, al final:\n\n" +
		"| escenario | piso con fsync (s) | respecto de ese piso |\n|---|--:|--:|\n"
	for _, r := range results {
		if r.floorSync.median == 0 {
			continue
		}
		fmt.Fprintf(b, "%s| %s | %s | %s |\n", title, r.title, written(r.floorSync, 3), written(r.shareSync, 2))
		title = ""
	}
	if title == "" {
		b.WriteString("\n")
	}
}

func scaleTable(b *strings.Builder, results []result) {
	base, ok := find(results, reference)
	if !ok {
		return
	}
	fmt.Fprintf(b, "Cómo crece el costo con los datos (apuestas/s desde la primera conexión, sin fsync; meta: ±20 %% de %s), y el del piso:\n\n", reference)
	fmt.Fprintf(b, "| datos | apuestas/s | respecto de %s | el piso, respecto de %[1]s |\n|---|--:|--:|--:|\n", reference)
	for _, r := range results {
		if r.scale {
			fmt.Fprintf(b, "| %s | %s | %s | %s |\n", r.name, written(r.connected, 0),
				table.Decimal(r.connected.median/base.connected.median, 2), table.Decimal(r.floorRate()/base.floorRate(), 2))
		}
	}
	b.WriteString("\n")
}

func crowdLine(b *strings.Builder, results []result) {
	crowd, measured := find(results, crowdName)
	five, ok := find(results, crowdReference)
	if !measured || !ok {
		return
	}
	fmt.Fprintf(b, "Con %s agencias: %s veces las apuestas/s que con cinco (%s); meta: al menos 0,50.",
		table.Integer(crowd.agencies), table.Decimal(crowd.rate/five.rate, 2), crowdReference)
	if empty, ok := find(results, emptyCrowd); ok {
		fmt.Fprintf(b, " Tantas agencias sin apuestas tardan %s s; el resto del tiempo lleva %s veces las apuestas/s de cinco.",
			written(empty.elapsed, 3), table.Decimal(float64(crowd.bets)/(crowd.elapsed.median-empty.elapsed.median)/five.rate, 2))
	}
	b.WriteString("\n")
}

func drawLine(b *strings.Builder, results []result) {
	r, ok := find(results, drawName)
	if !ok {
		return
	}
	fmt.Fprintf(b, "\nEl arranque sobre un archivo de %s apuestas, con su sorteo, lleva %s s y %s MiB; leer ese archivo con encoding/csv, %s s y %s MiB: %s veces esa velocidad (meta: al menos %s).\n",
		table.Integer(r.bets), written(r.elapsed, 2), table.Decimal(r.server, 0),
		written(r.floor, 2), table.Decimal(r.client, 0), written(r.share, 2), table.Decimal(r.goal, 2))
}

// lotteries leaves out what has no bets to compare with the floor's.
func lotteries(results []result) []result {
	return slices.DeleteFunc(slices.Clone(results), func(r result) bool { return r.name == drawName || r.name == emptyCrowd })
}

// written is the median, and the extremes where there are several values.
func written(s spread, decimals int) string {
	text := table.Decimal(s.median, decimals)
	if s.least == s.most {
		return text
	}
	return fmt.Sprintf("%s (%s–%s)", text, table.Decimal(s.least, decimals), table.Decimal(s.most, decimals))
}
