package admin

import (
	"fmt"
	"strconv"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/lottery"
)

// happened tells, in Spanish, what has happened between two observations.
func happened(before, now observation) (texts []string) {
	if before.state == centralRecovering {
		if now.state != centralRecovering && now.state != centralStopping {
			texts = append(texts, ready(now))
		}
	} else {
		uploads, results := ofAgencies(before.Agencies, now.Agencies)
		texts = uploads
		if now.Drawn && !before.Drawn {
			texts = append(texts, fmt.Sprintf("Sorteo: %s entre %s",
				count(now.winners(), "ganador", "ganadores"), count(now.bets(), "apuesta", "apuestas")))
		}
		texts = append(texts, results...)
	}
	switch {
	case now.state == before.state:
	case now.state == centralStopping:
		texts = append(texts, "La central se detiene")
	case now.state == centralFailing && now.log != nil:
		texts = append(texts, "El registro no responde: las agencias buscan otra central")
	case now.state == centralFailing:
		texts = append(texts, "El almacenamiento falla: las agencias reintentan")
	case before.state == centralFailing && now.log != nil:
		texts = append(texts, "El registro volvió a responder")
	case before.state == centralFailing:
		texts = append(texts, "El almacenamiento volvió a funcionar")
	case now.state == centralDrawing:
		texts = append(texts, "Terminaron todas las agencias: se hace el sorteo")
	}
	if text := now.log.happened(before.log); text != "" {
		texts = append(texts, text)
	}
	return texts
}

// ready says what a central has that begins to serve.
func ready(now observation) string {
	switch bets := now.bets(); {
	case now.Drawn:
		return fmt.Sprintf("La central está lista: recuperó %s y el sorteo", count(bets, "apuesta", "apuestas"))
	case bets > 0:
		return fmt.Sprintf("La central está lista: recuperó %s", count(bets, "apuesta", "apuestas"))
	}
	return "La central está lista"
}

// ofAgencies returns what has happened to each agency: before the draw, and after it.
func ofAgencies(before, now []Agency) (uploads, results []string) {
	known := make(map[lottery.AgencyID]Agency, len(before))
	for _, a := range before {
		known[a.ID] = a
	}
	for _, a := range now {
		text := a.happened(known[a.ID])
		if text == "" {
			continue
		}
		text = fmt.Sprintf("Agencia %d: %s", a.ID, text)
		if a.Notified {
			results = append(results, text)
		} else {
			uploads = append(uploads, text)
		}
	}
	return uploads, results
}

// happened returns the most important thing that has happened to an agency, if any.
func (a Agency) happened(before Agency) string {
	switch {
	case a.Notified && !before.Notified && a.Winners == 0:
		return "sabe que no tiene ganadores"
	case a.Notified && !before.Notified:
		return "conoce a " + count(a.Winners, "ganador", "ganadores")
	case a.Finished && !before.Finished:
		return "terminó con " + count(uint64(a.Stored), "apuesta", "apuestas")
	case a.Notified, a.Connected == before.Connected:
		return "" // an agency that knows its winners goes away
	case !a.Connected:
		return "se desconectó"
	case before.Stored > 0:
		return "volvió a conectarse"
	}
	return "se conectó"
}

// count writes a number with its noun.
func count[N int | uint64](n N, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return thousands(strconv.FormatUint(uint64(n), 10)) + " " + many
}

// thousands puts a dot before every third digit from the end.
func thousands(digits string) string {
	if len(digits) <= 3 {
		return digits
	}
	cut := len(digits) - 3
	return thousands(digits[:cut]) + "." + digits[cut:]
}
