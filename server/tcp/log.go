package tcp

import (
	oplogging "github.com/op/go-logging"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/logging"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/lottery"
)

var log = oplogging.MustGetLogger("server")

// One function writes each kind of line. Machines read them: an action, a
// result, then pairs of key and value; logging.Value escapes what a peer or an
// error says.

func logAccepting() { log.Info("action: accept_connections | result: in_progress") }

func logAccepted(ip string) {
	log.Infof("action: accept_connections | result: success | ip: %s", ip)
}

func logAcceptFailed(err error) {
	log.Errorf("action: accept_connections | result: fail | error: %s", logging.Value(err.Error()))
}

func logRejected(ip string, err error) {
	if err != nil {
		log.Warningf("action: reject_connection | result: fail | ip: %s | error: %s", ip, logging.Value(err.Error()))
		return
	}
	log.Warningf("action: reject_connection | result: success | ip: %s | reason: too many connections", ip)
}

func logHandshake(ip string, agency lottery.AgencyID) {
	log.Debugf("action: tls | result: success | ip: %s | agencia: %d", ip, agency)
}

func logHandshakeFailed(ip string, err error) {
	log.Errorf("action: tls | result: fail | ip: %s | error: %s", ip, logging.Value(err.Error()))
}

func logEcho(ip, message string) {
	log.Infof("action: receive_message | result: success | ip: %s | msg: %s", ip, logging.Value(message))
}

func logEchoFailed(ip string, err error) {
	log.Errorf("action: receive_message | result: fail | ip: %s | error: %s", ip, logging.Value(err.Error()))
}

func logGreeted(ip string, agency lottery.AgencyID, stored lottery.Offset) {
	log.Debugf("action: saludo | result: success | ip: %s | agencia: %d | almacenadas: %d", ip, agency, stored)
}

func logSessionFailed(ip string, agency lottery.AgencyID, err error) {
	log.Errorf("action: sesion | result: fail | ip: %s | agencia: %d | error: %s", ip, agency, logging.Value(err.Error()))
}

func logBatchStored(agency lottery.AgencyID, bets int) {
	log.Infof("action: apuesta_recibida | result: success | cantidad: %d | agencia: %d", bets, agency)
}

func logBatchRepeated(agency lottery.AgencyID, bets int) {
	log.Debugf("action: lote_repetido | result: success | cantidad: %d | agencia: %d", bets, agency)
}

func logBatchFailed(agency lottery.AgencyID, bets int, err error) {
	log.Errorf("action: apuesta_recibida | result: fail | cantidad: %d | agencia: %d | error: %s", bets, agency, logging.Value(err.Error()))
}

func logBetStored(document string, number int64) {
	log.Infof("action: apuesta_almacenada | result: success | dni: %s | numero: %d", logging.Value(document), number)
}

func logBetFailed(document string, number int64, err error) {
	log.Errorf("action: apuesta_almacenada | result: fail | dni: %s | numero: %d | error: %s", logging.Value(document), number, logging.Value(err.Error()))
}

func logFinished(agency lottery.AgencyID, total lottery.Offset, missing int) {
	log.Infof("action: agencia_finalizada | result: success | agencia: %d | apuestas: %d | faltan: %d", agency, total, missing)
}

func logWinnersSent(agency lottery.AgencyID, winners int) {
	log.Infof("action: ganadores_enviados | result: success | agencia: %d | cant_ganadores: %d", agency, winners)
}
