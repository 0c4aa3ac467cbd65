package main

import (
	"time"

	oplogging "github.com/op/go-logging"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/client/config"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/logging"
)

var log = oplogging.MustGetLogger("client")

func logConfig(cfg config.Config) {
	log.Infof("action: config | result: success | client_id: %s | server_address: %s | loop_amount: %d | loop_period: %s | log_level: %s | mode: %s | batch_max_amount: %d",
		logging.Value(cfg.ID), logging.Value(cfg.ServerAddress), cfg.LoopAmount,
		logging.Value(cfg.LoopPeriodText), logging.Value(cfg.LogLevel), cfg.Mode, cfg.BatchMaxAmount)
}

func logWinners(documents []string) {
	log.Infof("action: consulta_ganadores | result: success | cant_ganadores: %d", len(documents))
	for _, document := range documents {
		log.Debugf("action: ganador | result: success | dni: %s", logging.Value(document))
	}
}

// logAgencyFailed logs a failure in mode agency. The action is that of the query also
// if the upload failed before the query.
func logAgencyFailed(id string, err error) {
	log.Errorf("action: consulta_ganadores | result: fail | client_id: %s | error: %s", logging.Value(id), logging.Value(err.Error()))
}

func logBetFailed(bet config.Bet, err error) {
	log.Errorf("action: apuesta_enviada | result: fail | dni: %s | numero: %s | error: %s",
		logging.Value(bet.Document), logging.Value(bet.Number), logging.Value(err.Error()))
}

// logReloaded logs that the certificate files were replaced, or why those that
// replace them do not serve.
func logReloaded(expiry time.Time, err error) {
	if err != nil {
		log.Errorf("action: certificado | result: fail | error: %s", logging.Value(err.Error()+" (what was read before stays in use)"))
		return
	}
	log.Infof("action: certificado | result: success | vence: %s", expiry.UTC().Format(time.RFC3339))
}

func logStopped(id string, reason error) {
	log.Infof("action: shutdown | result: success | client_id: %s | reason: %s", logging.Value(id), logging.Value(reason.Error()))
}
