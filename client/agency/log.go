package agency

import (
	oplogging "github.com/op/go-logging"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/logging"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/lottery"
)

var log = oplogging.MustGetLogger("client")

// Each kind of log line has one function. logging.Value escapes the text of a peer
// or of an error.

func logRetrying(id lottery.AgencyID, err error) {
	log.Infof("action: connect | result: in_progress | client_id: %d | reason: %s", id, logging.Value(err.Error()))
}

func logResuming(id lottery.AgencyID, stored lottery.Offset) {
	log.Infof("action: reanudar | result: success | client_id: %d | almacenadas: %d", id, stored)
}

func logBatchSent(id lottery.AgencyID, bets int, end lottery.Offset) {
	if !log.IsEnabledFor(oplogging.DEBUG) {
		return // saves an allocation for each batch
	}
	log.Debugf("action: lote_enviado | result: success | client_id: %d | cantidad: %d | enviadas: %d", id, bets, end)
}

func logFinished(id lottery.AgencyID, total lottery.Offset) {
	log.Infof("action: notificacion_enviada | result: success | client_id: %d | apuestas: %d", id, total)
}

func logBetSent(document string, number int64) {
	log.Infof("action: apuesta_enviada | result: success | dni: %s | numero: %d", logging.Value(document), number)
}

func logClosed(what, key, value string, id lottery.AgencyID, err error) {
	if err != nil {
		log.Errorf("action: close_%s | result: fail | client_id: %d | %s: %s | error: %s", what, id, key, logging.Value(value), logging.Value(err.Error()))
		return
	}
	log.Infof("action: close_%s | result: success | client_id: %d | %s: %s", what, id, key, logging.Value(value))
}
